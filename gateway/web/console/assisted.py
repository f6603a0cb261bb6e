"""`/console/new`: what somebody says on the telephone, at the counter, on the radio or in a letter, written down."""

import re
import secrets
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.desk.transcribing import LONGEST, WAYS, Spoken, answering
from gateway.errors import Conflict, Invalid, NotFound, Refusal
from gateway.gateway import GATEWAY
from gateway.principal import Principal, Right
from gateway.store import transcribed
from gateway.web import auth, refusals
from gateway.web.console.acts import lines
from gateway.web.console.beside import beside
from gateway.web.pages import render, see
from routing import case_number
from routing.catalog import Catalog
from routing.words import fold

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_CODE: Final = re.compile(r"\d{5}|\d{2}")


async def show(request: web.Request) -> web.StreamResponse:
    """The form; `?way=` chooses how it came in."""
    return await _page(request, typed={"way": request.query.get("way", "")})


async def _page(request: web.Request, *, typed: Mapping[str, str], refusal: Refusal | None = None) -> web.Response:
    """The form with what was typed. Its key is a new one each time: a form that is sent twice opens one case."""
    principal = await _writer(request)
    gateway, language = request.app[GATEWAY], auth.language_of(request)
    catalog, now = gateway.current().catalog, gateway.clock()
    async with gateway.store.read() as conn:
        frame = await beside(conn, gateway, principal)
    local = now.astimezone(ZoneInfo(catalog.gateway.timezone))
    return render(
        request,
        "console/assisted.html",
        status=refusal.status if refusal else 200,
        trouble=refusals.sentence(refusal, language) if refusal else None,
        faulty=refusal.field if isinstance(refusal, Invalid) else None,
        typed=defaultdict(str, typed),
        key=secrets.token_urlsafe(18),
        ways=WAYS,
        answering=answering(catalog),
        spoken=catalog.gateway.languages,
        territories=sorted(((name, code) for code, name in catalog.territories.items()), key=lambda t: fold(t[0])),
        latest=local.strftime("%Y-%m-%dT%H:%M"),
        longest=LONGEST,
        **frame,
    )


async def write_down(request: web.Request) -> web.StreamResponse:
    """Open the case, and go to the page that is read out."""
    principal = await _writer(request)
    gateway = request.app[GATEWAY]
    form = {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
    key = form.get("key", "")
    try:
        spoken = _spoken(form, gateway.current().catalog)
        number = await gateway.desk.transcribe(principal, spoken, key=key if _KEY.fullmatch(key) else None)
    except (Conflict, Invalid) as refusal:
        return await _page(request, typed=form, refusal=refusal)
    raise see(f"/console/new/{number}")


def _spoken(form: Mapping[str, str], catalog: Catalog) -> Spoken:
    given = {name: value.strip() or None for name, value in form.items()}
    return Spoken(
        way=form.get("way", ""),
        text=lines(form.get("text", "")),
        name=given.get("name"),
        answer_channel=given.get("answer_channel"),
        answer_to=given.get("answer_to") if given.get("answer_channel") else None,
        agency=given.get("agency"),
        territory=territory(catalog, given.get("territory")),
        language=given.get("language"),
        received_at=_instant(given.get("received_at"), catalog),
    )


def _instant(typed: str | None, catalog: Catalog) -> datetime | None:
    """A local date and time as a browser sends it."""
    if typed is None:
        return None
    try:
        found = datetime.fromisoformat(typed)
    except ValueError:
        raise Invalid("received_at", "received_at must be a date and a time") from None
    return found.replace(tzinfo=ZoneInfo(catalog.gateway.timezone))


def territory(catalog: Catalog, typed: str | None) -> str | None:
    """The code of a territory that was typed as a code, a name or both. Invalid when no one territory is meant."""
    if typed is None:
        return None
    if (code := _CODE.search(typed)) is not None:
        return code.group()
    named = [code for code, name in catalog.territories.items() if fold(name) == fold(typed)]
    if len(named) != 1:
        raise Invalid("territory", "there is no territory of that name, or several: choose one of the list")
    return named[0]


async def opened(request: web.Request) -> web.StreamResponse:
    """The number and the last day, to be read out. For whoever wrote it down, also when another agency has the case."""
    principal = await _writer(request)
    gateway, number = request.app[GATEWAY], request.match_info["number"]
    async with gateway.store.read() as conn:
        case = await transcribed.by_number(conn, principal, number)
        frame = await beside(conn, gateway, principal)
    if case is None:
        raise NotFound(f"there is no case {number} that you may see")
    known = gateway.current().catalog.agencies.get(case.agency)
    return render(
        request,
        "console/assisted_opened.html",
        case=case,
        said=case_number.spoken(number),
        agency_name=known.name.get(auth.language_of(request), known.short) if known else case.agency,
        visible=principal.agency in (None, case.agency),
        **frame,
    )


async def _writer(request: web.Request) -> Principal:
    principal = await auth.principal(request)
    principal.need(Right.TRANSCRIBE)
    return principal
