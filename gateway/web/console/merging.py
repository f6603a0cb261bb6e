"""`/console/cases/{number}/merge`: which cases ask the same, and which of them is to stand for the others."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.desk import Desk
from gateway.errors import Conflict, Invalid, NotFound, Refusal
from gateway.gateway import GATEWAY, Gateway
from gateway.principal import Principal, Right
from gateway.search import suggestions
from gateway.store import duplicates, queue
from gateway.web import auth, refusals
from gateway.web.console.acts import Form, act
from gateway.web.console.beside import beside
from gateway.web.pages import render, see
from routing.case import CaseState

# Of the same person, and of other people: who has more to merge knows a number to type.
_THEIRS: Final = 10
_SIMILAR: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A case that may ask the same: its row, what was asked, and whether the same person asks it."""

    case: Any
    question: str
    same_person: bool


async def show(request: web.Request) -> web.StreamResponse:
    """The candidates, and the form."""
    return await _page(request)


async def _page(
    request: web.Request,
    *,
    refusal: Refusal | None = None,
    picked: Collection[str] = (),
    typed: str = "",
    why: str = "",
) -> web.Response:
    """The page; with a refusal, its status and what was ticked and typed."""
    principal = await auth.principal(request)
    principal.need(Right.WORK_CASES)
    gateway = request.app[GATEWAY]
    async with gateway.store.read() as conn:
        case = await queue.find(conn, principal, request.match_info["number"])
        leader, led = await duplicates.beside(conn, principal, case)
        found = await candidates(conn, principal, case) if _may_merge(case) else []
        frame = await beside(conn, gateway, principal)
    return render(
        request,
        "console/merge.html",
        status=refusal.status if refusal else 200,
        trouble=refusals.sentence(refusal, auth.language_of(request)) if refusal else None,
        case=case,
        leader=leader,
        led=led,
        may_merge=_may_merge(case),
        candidates=found,
        picked=picked,
        typed=typed,
        why=why,
        **frame,
    )


def _may_merge(case: Any) -> bool:
    return CaseState(case.state).is_open and case.duplicate_of is None


async def candidates(conn: AsyncConnection, principal: Principal, case: Any) -> list[Candidate]:
    """The person's own first, then those that ask most nearly the same. `case` was found with the principal."""
    theirs = await duplicates.of_person(conn, principal, case, limit=_THEIRS)
    asked = {found.case_id: found.text for found in await suggestions.same(conn, principal, case, limit=_SIMILAR)}
    ids = list(dict.fromkeys([*theirs, *asked]))
    rows = {row.id: row for row in await duplicates.open_among(conn, principal, case, ids)}
    return [
        Candidate(
            case=rows[case_id], question=asked.get(case_id) or rows[case_id].last_line, same_person=case_id in theirs
        )
        for case_id in ids
        if case_id in rows
    ]


async def merge(request: web.Request) -> web.StreamResponse:
    """What the form says: this case stands for the chosen ones, or the chosen one for this."""
    principal = await auth.principal(request)
    principal.need(Right.WORK_CASES)
    gateway, number, form = request.app[GATEWAY], request.match_info["number"], await request.post()
    await _exists(gateway, principal, number)
    picked = [value for value in form.getall("case", []) if isinstance(value, str)]
    typed, reason = str(form.get("number", "")), str(form.get("reason", ""))
    digits = "".join(mark for mark in typed if mark.isdigit())
    chosen = list(dict.fromkeys([*picked, *([digits] if digits else [])]))
    try:
        done = await _do(gateway.desk, principal, number, chosen, which=str(form.get("which", "")), reason=reason)
    except (Conflict, Invalid, NotFound) as refusal:
        return await _page(request, refusal=refusal, picked=picked, typed=typed, why=reason)
    raise see(f"/console/cases/{number}?done={done}")


async def _exists(gateway: Gateway, principal: Principal, number: str) -> None:
    """NotFound for a case that is not theirs; a number that was typed wrongly is told on the page."""
    async with gateway.store.read() as conn:
        await queue.find(conn, principal, number)


async def _do(desk: Desk, principal: Principal, number: str, chosen: Sequence[str], *, which: str, reason: str) -> str:
    if not chosen:
        raise Invalid("case", "tick the cases that are meant")
    if which == "gather":
        await desk.gather(principal, number, chosen, reason=reason)
        return "gathered"
    if len(chosen) > 1:
        raise Invalid("case", "choose one case to stand for this one")
    await desk.merge(principal, number, into=chosen[0], reason=reason)
    return "merged"


async def separate(request: web.Request) -> web.StreamResponse:
    """Let a duplicate stand for itself again."""
    return await act("separate", _separate)(request)


async def _separate(desk: Desk, principal: Principal, number: str, form: Form) -> str:
    await desk.separate(principal, number, reason=form.get("reason", ""))
    return "separated"
