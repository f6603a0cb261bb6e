"""What the composer's forms do: answer, note, keep a draft, take an answer back."""

from datetime import timedelta
from typing import Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.desk import Desk
from gateway.errors import Conflict, Invalid
from gateway.gateway import GATEWAY, Gateway
from gateway.principal import Principal, Right
from gateway.store import drafts, queue
from gateway.web import auth, locale, shown
from gateway.web.console.acts import Form, act, lines
from gateway.web.console.composer import answer_text
from gateway.web.pages import HEADERS, see

# More than any channel carries; in characters.
_LONGEST: Final = 20_000


async def reply(request: web.Request) -> web.StreamResponse:
    """Answer. It leaves after the deployment's `undo_seconds`; "next" goes on with the case that is due first."""
    gateway = request.app[GATEWAY]
    seconds = gateway.current().catalog.gateway.undo_seconds

    async def work(desk: Desk, principal: Principal, number: str, form: Form) -> str:
        then = form.get("then", "answered")
        goes_on = then == "next"
        await desk.reply(
            principal, number, lines(form.get("text", "")), then="answered" if goes_on else then,
            undo_for=timedelta(seconds=seconds),
        )  # fmt: skip
        to = await _next(gateway, principal, number) if goes_on else f"/console/cases/{number}?done=replied_{then}"
        raise see(f"{to}&undo={number}" if seconds else to)

    return await act("reply", work)(request)


async def _next(gateway: Gateway, principal: Principal, number: str) -> str:
    """The case that is due first of the agency whose case was answered; else the queue, with the reason."""
    async with gateway.store.read() as conn:
        agency = principal.agency or (await queue.find(conn, principal, number)).agency
    try:
        following = await gateway.desk.take_next(principal, agency=agency)
    except Conflict:  # they are noted as away
        return "/console?view=mine&done=away"
    return f"/console/cases/{following}?done=next" if following else "/console?view=mine&done=nothing"


async def note(request: web.Request) -> web.StreamResponse:
    """Write an internal note."""

    async def work(desk: Desk, principal: Principal, number: str, form: Form) -> str:
        await desk.note(principal, number, lines(form.get("text", "")))
        return "noted"

    return await act("note", work)(request)


async def undo(request: web.Request) -> web.StreamResponse:
    """Take the answer just given back; its text is in the composer again."""

    async def work(desk: Desk, principal: Principal, number: str, form: Form) -> str:
        await desk.undo(principal, number)
        return "undone"

    return await act("undo", work)(request)


async def draft(request: web.Request) -> web.StreamResponse:
    """Keep what is typed, with a canned answer at its end when one was chosen. A script is told when it was."""
    gateway = request.app[GATEWAY]
    form = {key: value for key, value in (await request.post()).items() if isinstance(value, str)}

    async def work(_desk: Desk, principal: Principal, number: str, form: Form) -> str:
        await _keep(gateway, principal, number, form)
        raise see(f"/console/cases/{number}?done=draft_saved#composer")

    if "script" not in form:
        return await act("note" if form.get("kind") == drafts.NOTE else "reply", work)(request)
    principal = await auth.principal(request)
    principal.need(Right.WORK_CASES)
    await _keep(gateway, principal, request.match_info["number"], form)
    language, now = auth.language_of(request), gateway.clock()
    at = shown.Times(language, gateway.current().catalog.gateway.timezone, now).brief(now)
    said = locale.say(language, "composer.saved", at=at) if form.get("text", "").strip() else ""
    return web.json_response({"said": said}, headers=HEADERS)


async def _keep(gateway: Gateway, principal: Principal, number: str, form: Form) -> None:
    kind, text = form.get("kind", ""), lines(form.get("text", ""))
    canned_id = shown.row_id(form.get("canned", "")) if "put_in" in form else None
    if kind not in drafts.KINDS:
        raise Invalid("kind", "kind must be answer or note")
    if len(text) > _LONGEST:
        raise Invalid("text", f"a text has at most {_LONGEST} characters")

    async def work(conn: AsyncConnection) -> None:
        case = await queue.find(conn, principal, number, lock=True)
        whole = text
        if canned_id is not None and kind == drafts.ANSWER:
            added = await answer_text(conn, gateway, principal, case, canned_id)
            whole = f"{text.rstrip()}\n{added}" if text.strip() else added
        await drafts.save(conn, case.id, principal.id, kind, whole, now=gateway.clock())

    await gateway.store.transact(work)
