"""`/s/{token}`: where a request stands and what was answered, for whoever holds its link."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

from channels.web import FieldError
from gateway import words
from gateway.gateway import GATEWAY, Gateway
from gateway.store import attachments, follow_up
from gateway.store.follow_up import Followed
from gateway.web.public import form, receiving, terms
from gateway.web.public.render import HEADERS, language_of, page
from gateway.web.shown import row_id
from routing.catalog import Catalog

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{22,64}")
# The page itself says what an acknowledgement would.
SHOWN: Final = frozenset({"question", "thanks", "command", "caption", "answer", "completion", "notice"})
# What the agency itself said.
BY_AGENCY: Final = frozenset({"answer", "completion"})
_PRIVATE: Final = {**HEADERS, "X-Robots-Tag": "noindex, nofollow"}


async def show(request: web.Request) -> web.StreamResponse:
    """The page. 404 for a token nobody was given."""
    gateway, token = request.app[GATEWAY], request.match_info["token"]
    followed = await of_token(gateway, token)
    return await _page(gateway, request, token, followed)


async def add(request: web.Request) -> web.StreamResponse:
    """Another message from the same person; which case it belongs to is decided as on every channel."""
    gateway, token = request.app[GATEWAY], request.match_info["token"]
    followed = await of_token(gateway, token)
    posted = await form.read_posted(request, _latest(followed, "language"))
    # Routing facts are the first message's; here a person only goes on talking.
    said: dict[str, str] = {
        name: posted.fields[name] for name in ("text", "language", "form_key") if name in posted.fields
    }
    posted.fields = said
    try:
        await receiving.take(gateway, posted, key=form.form_key(posted, "text"), token=token)
    except FieldError as error:
        return await _page(gateway, request, token, followed, error=error, text=posted.fields.get("text", ""))
    raise web.HTTPSeeOther(form.location(gateway, token, posted.fields["language"]), headers=HEADERS)


async def download(request: web.Request) -> web.StreamResponse:
    """One of the person's own files, as a download. 404 unless it came with this token's messages."""
    gateway, token = request.app[GATEWAY], request.match_info["token"]
    file_id = row_id(request.match_info["id"])
    if file_id is None:
        raise web.HTTPNotFound
    async with gateway.store.read() as conn:
        row = await attachments.get(conn, file_id)
    if row is None or row.urn != receiving.urn_of(token) or row.state != "stored":
        raise web.HTTPNotFound
    headers = {
        **_PRIVATE,
        # The bytes are a stranger's: never shown on our own pages, whatever they claim to be.
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": _disposition(row.filename),
        "Content-Type": "application/octet-stream",
    }
    return web.FileResponse(gateway.files.path(row.stored_as), headers=headers)


def _disposition(filename: str | None) -> str:
    name = quote((filename or "archivo").encode("utf-8", "replace"), safe="")
    return f"attachment; filename*=UTF-8''{name}"


async def of_token(gateway: Gateway, token: str) -> list[Followed]:
    """What the token opens. HTTPNotFound when it opens nothing."""
    receiving.channel_name(gateway.current().catalog)
    if not _TOKEN.fullmatch(token):
        raise web.HTTPNotFound
    async with gateway.store.read() as conn:
        followed = await follow_up.of_address(conn, receiving.urn_of(token))
    if not followed:
        raise web.HTTPNotFound
    return followed


def _latest(followed: list[Followed], column: str) -> str | None:
    """What the latest case says in a column, if there is a case."""
    return next((getattr(each.case, column) for each in followed if each.case), None)


async def _page(
    gateway: Gateway,
    request: web.Request,
    token: str,
    followed: list[Followed],
    *,
    error: FieldError | None = None,
    text: str = "",
) -> web.Response:
    catalog = gateway.current().catalog
    language = language_of(request, gateway, _latest(followed, "language"))
    case_ids = [each.case.id for each in followed if each.case]
    async with gateway.store.read() as conn:
        told = await terms.of_cases(conn, catalog, case_ids, language=language, now=gateway.clock())
    response = page(
        gateway,
        "public_follow_up.html",
        language=language,
        status=422 if error else 200,
        path=f"/s/{token}",
        token=token,
        link=f"{gateway.settings.public_url}/s/{token}",
        cases=[_case(each, told, catalog, language) for each in followed],
        key=form.new_form_key(),
        limits=catalog.gateway.files,
        error=error,
        text=text,
    )
    response.headers["X-Robots-Tag"] = _PRIVATE["X-Robots-Tag"]
    return response


def _case(followed: Followed, told: Mapping[int, Any], catalog: Catalog, language: str) -> dict[str, Any]:
    case = followed.case
    messages = [_message(m, followed, catalog) for m in followed.messages if m.kind in SHOWN]
    if case is None:
        return {"number": None, "messages": messages, "terms": None}
    agency = words.short_name(catalog, case.agency)
    due = words.day(case.due_at, catalog)
    term = told.get(case.id)
    calm = term is None or (term["standing"] in ("on_time", "due_soon") and not term["moves"])
    unanswered = case.answered_at is None and case.state == "open" and calm
    return {
        "number": case.number,
        "state": case.state,
        "agency": agency,
        "agency_name": catalog.agencies[case.agency].name[language] if case.agency in catalog.agencies else agency,
        "received": words.day(case.received_at, catalog),
        "terms": term,
        "thanks": catalog.say("web_thanks", language, of=case.agency, number=case.number, agency=agency, due=due)
        if unanswered
        else None,
        "messages": messages,
    }


def _message(row: Any, followed: Followed, catalog: Catalog) -> dict[str, Any]:
    return {
        "mine": row.direction == "in",
        "answer": row.kind in BY_AGENCY,
        "text": row.text,
        "day": words.day(row.at, catalog),
        "at": row.at.isoformat(),
        "files": [
            {"id": each.id, "name": each.filename or "archivo", "size": _size(each.size)}
            for each in followed.files.get(row.id, ())
            if each.state == "stored"
        ],
    }


def _size(size: int | None) -> str:
    kilobytes = max(1, (size or 0) // 1024)
    return f"{kilobytes} kB" if kilobytes < 1024 else f"{kilobytes / 1024:.1f} MB"
