"""What the forms of a case's page do. Each act ends with a redirect; a refusal gives the page and the words back."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from aiohttp import web

from gateway.desk import Desk
from gateway.errors import Conflict, Invalid, NotFound
from gateway.gateway import GATEWAY
from gateway.principal import Principal, Right
from gateway.web import auth, shown
from gateway.web.console.case_page import Typed, case_page
from gateway.web.pages import Handler, see

Form = dict[str, str]
# What an act does with the desk; the key below `done.` of the line that tells it comes back.
Act = Callable[[Desk, Principal, str, Form], Awaitable[str]]


def act(name: str, work: Act) -> Handler:
    """The handler of one form."""

    async def handle(request: web.Request) -> web.StreamResponse:
        principal = await auth.principal(request)
        principal.need(Right.WORK_CASES)
        number = request.match_info["number"]
        form = {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
        try:
            done = await work(request.app[GATEWAY].desk, principal, number, form)
        except (Conflict, Invalid) as refusal:
            # NotFound and Forbidden are no answer to what was typed: they get their own page.
            return await case_page(request, refusal=refusal, typed=Typed(form=name, fields=form))
        raise see(f"/console/cases/{number}?done={done}")

    return handle


def _message_id(form: Form) -> int:
    found = shown.row_id(form.get("message", ""))
    if found is None:
        raise NotFound("there is no message of the citizen's of that id in this case")
    return found


async def _take(desk: Desk, principal: Principal, number: str, form: Form) -> str:
    await desk.take(principal, number, reason=form.get("reason") or None)
    return "taken"


async def _release(desk: Desk, principal: Principal, number: str, form: Form) -> str:
    await desk.release(principal, number)
    return "released"


async def _close(desk: Desk, principal: Principal, number: str, form: Form) -> str:
    await desk.close(principal, number, outcome=form.get("outcome", ""), reason=form.get("reason", ""))
    return "closed"


async def _reopen(desk: Desk, principal: Principal, number: str, form: Form) -> str:
    await desk.reopen(principal, number, reason=form.get("reason", ""))
    return "reopened"


async def _classify(desk: Desk, principal: Principal, number: str, form: Form) -> str:
    await desk.classify(principal, number, term_class=form.get("class", ""), reason=form.get("reason", ""))
    return "classified"


async def _completion(desk: Desk, principal: Principal, number: str, form: Form) -> str:
    await desk.ask_completion(principal, number, lines(form.get("text", "")))
    return "completion_asked"


async def _incomplete(desk: Desk, principal: Principal, number: str, form: Form) -> str:
    await desk.incomplete(principal, number, lines(form.get("text", "")))
    return "completion_asked"


async def _prolong(desk: Desk, principal: Principal, number: str, form: Form) -> str:
    await desk.prolong_completion(principal, number, reason=form.get("reason", ""))
    return "prolonged"


async def _resume(desk: Desk, principal: Principal, number: str, form: Form) -> str:
    await desk.resume(principal, number, reason=form.get("reason", ""))
    return "resumed"


async def _extend(desk: Desk, principal: Principal, number: str, form: Form) -> str:
    try:
        until = date.fromisoformat(form.get("until", ""))
    except ValueError:
        raise Invalid("until", "until must be a date") from None
    await desk.extend(principal, number, until=until, reason=form.get("reason", ""))
    return "extended"


async def _split(desk: Desk, principal: Principal, number: str, form: Form) -> str:
    await desk.split(principal, number, _message_id(form))
    return "split"


async def _move(desk: Desk, principal: Principal, number: str, form: Form) -> str:
    await desk.move(principal, number, _message_id(form), to=form.get("to", "").strip())
    return "moved"


async def _again(desk: Desk, principal: Principal, number: str, form: Form) -> str:
    await desk.send_again(principal, number, _message_id(form))
    return "sent_again"


async def transfer(request: web.Request) -> web.StreamResponse:
    """Hand the case over. Who belongs to one agency sees it no more, so they go back to the queue."""
    principal = await auth.principal(request)

    async def work(desk: Desk, principal: Principal, number: str, form: Form) -> str:
        await desk.transfer(principal, number, agency=form.get("agency", ""), reason=form.get("reason", ""))
        if principal.agency is not None:
            raise see("/console?done=transferred")
        return "transferred"

    principal.need(Right.WORK_CASES)
    return await act("transfer", work)(request)


def lines(text: str) -> str:
    """What was typed: a form's line ends are CRLF, and on the air each CR would cost a character."""
    return text.replace("\r\n", "\n")


ACTS: dict[str, Any] = {
    "take": _take,
    "release": _release,
    "close": _close,
    "reopen": _reopen,
    "classify": _classify,
    "completion": _completion,
    "incomplete": _incomplete,
    "prolong": _prolong,
    "resume": _resume,
    "extend": _extend,
    "split": _split,
    "move": _move,
    "again": _again,
}
