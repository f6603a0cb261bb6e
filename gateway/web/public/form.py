"""`GET /` and `POST /`: the form by which anybody writes to any agency, without JavaScript and without an account."""

import math
import re
import secrets
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from channels.web import FieldError
from gateway.gateway import GATEWAY, Gateway
from gateway.web.public import incoming as reading
from gateway.web.public import receiving
from gateway.web.public.limits import LIMITS, client_address
from gateway.web.public.render import HEADERS, language_of, page
from routing.catalog import Agency, Catalog
from routing.words import fold

# What makes two posts of one form the same message. Somebody who goes back and writes something else sends another.
_SAID: Final = ("text", "agency", "topic", "name")
_FORM_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")


async def show(request: web.Request) -> web.StreamResponse:
    """The empty form; `?agency=sena` has the agency chosen, for a link on its own pages."""
    gateway = request.app[GATEWAY]
    receiving.channel_name(gateway.current().catalog)
    fields = {name: request.query.get(name, "") for name in ("agency", "topic")}
    return _form(gateway, fields, language=language_of(request, gateway))


async def take(request: web.Request) -> web.StreamResponse:
    """A filled-in form: a case, and its follow-up page; or the form again with what must be corrected."""
    gateway = request.app[GATEWAY]
    receiving.channel_name(gateway.current().catalog)
    posted = await read_posted(request)
    language = posted.fields["language"]
    if posted.fields.get("step") == "topics":
        posted.discard(gateway.files)
        return _form(gateway, posted.fields, language=language)
    try:
        taken = await receiving.take(gateway, posted, key=form_key(posted, *_SAID), token=receiving.new_token())
    except FieldError as error:
        return _form(gateway, posted.fields, language=language, error=error)
    raise web.HTTPSeeOther(location(gateway, taken.token, language), headers=HEADERS)


async def read_posted(request: web.Request, default: str | None = None) -> reading.Incoming:
    """The posted fields and files, with `language` set. HTTPTooManyRequests when the sender floods."""
    wait = request.app[LIMITS].form.wait(client_address(request))
    if wait:
        raise web.HTTPTooManyRequests(headers={"Retry-After": str(math.ceil(wait))})
    gateway = request.app[GATEWAY]
    catalog = gateway.current().catalog
    shown = language_of(request, gateway, default)
    posted = await reading.read(request, files=gateway.files, limits=catalog.gateway.files, language=shown)
    posted.fields["language"] = catalog.language(posted.fields.get("language") or shown)
    return posted


def location(gateway: Gateway, token: str, language: str) -> str:
    """The follow-up page, in the language the person reads."""
    default = gateway.current().catalog.default_language
    return f"/s/{token}" + ("" if language == default else f"?lang={language}")


def new_form_key() -> str:
    """A key for one showing of a form."""
    return secrets.token_urlsafe(16)


def form_key(posted: reading.Incoming, *said: str) -> str:
    """What a double click shares with its first click, and a second message with nothing."""
    given = posted.fields.get("form_key", "")
    shown = given if _FORM_KEY.fullmatch(given) else new_form_key()
    return f"form:{shown}:{posted.digest(*said)}"


def _form(
    gateway: Gateway, fields: Mapping[str, str], *, language: str, error: FieldError | None = None
) -> web.Response:
    catalog = gateway.current().catalog
    chosen = receiving.known_facts(dict(fields), catalog)
    agency = catalog.agencies.get(chosen["agency"])
    return page(
        gateway,
        "public_form.html",
        language=language,
        status=422 if error else 200,
        title=catalog.say("web_title", language),
        intro=catalog.say("web_intro", language),
        agencies=_agencies(catalog, language),
        topics=_topics(agency, language),
        fields={name: chosen.get(name, "") for name in ("agency", "topic", "text", "name")},
        key=new_form_key(),
        limits=catalog.gateway.files,
        error=error,
    )


def _agencies(catalog: Catalog, language: str) -> list[tuple[str, str]]:
    """Key and label of each agency, by the name citizens know, the triage desk left out."""
    named = [
        (agency.key, _label(agency, language))
        for agency in catalog.agencies.values()
        if agency.key != catalog.gateway.triage
    ]
    return sorted(named, key=lambda pair: fold(pair[1]))


def _label(agency: Agency, language: str) -> str:
    name = agency.name[language]
    return name if name == agency.short else f"{agency.short} · {name}"


def _topics(agency: Agency | None, language: str) -> list[tuple[str, str]]:
    if agency is None:
        return []
    return [(f"{agency.key}.{topic.key}", topic.label[language]) for topic in agency.topics]
