"""`/console/bulk`: one act on many cases: what will happen, doing it, what came of it, and taking it back."""

import secrets
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from aiohttp import web
from multidict import MultiDict
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.audit import Action
from gateway.desk import OUTCOMES, bulk
from gateway.desk.bulk import Act, Bulk, Wish
from gateway.errors import Conflict, Invalid, NotFound
from gateway.gateway import GATEWAY, Gateway
from gateway.principal import Principal, Right
from gateway.store import bulk_acts, queue, team
from gateway.store.audit import Entry
from gateway.web import audit, auth, refusals, shown
from gateway.web.console import filter_form
from gateway.web.console.beside import beside
from gateway.web.console.wanted import wanted
from gateway.web.pages import render, see

_KEY_BYTES: Final = 16
_LONGEST_KEY: Final = 64
Form = dict[str, str]


async def confirm(request: web.Request) -> web.StreamResponse:
    """What will happen to how many cases, and what the act needs to know. Nothing happens yet."""
    principal = await _worker(request)
    form = await request.post()
    act, back = _act(str(form.get("act", ""))), _back(str(form.get("query", "")))
    async with request.app[GATEWAY].store.read() as conn:
        if form.get("all"):
            numbers = await _all(conn, request.app[GATEWAY], principal, back)
        else:
            numbers = [str(each) for each in form.getall("case", [])]
    if not numbers:
        raise see("/console?" + urlencode([*parse_qsl(back), ("done", "tick")]))
    return await _confirm_page(request, principal, Form(act=act, numbers=" ".join(numbers), query=back))


async def _all(conn: AsyncConnection, gateway: Gateway, principal: Principal, back: str) -> list[str]:
    """The cases of the whole list, not only of its page. Invalid when it is not quite what was asked for."""
    asked = await wanted(conn, gateway, principal, MultiDict(parse_qsl(back)))
    if not asked.is_exact:
        raise Invalid("query", "part of the filter could not be read: look at the list again")
    return await bulk_acts.numbers(conn, principal, asked.view.filter, most=bulk.MOST + 1)


async def _confirm_page(
    request: web.Request, principal: Principal, form: Form, *, refusal: Invalid | Conflict | None = None
) -> web.Response:
    gateway, language = request.app[GATEWAY], auth.language_of(request)
    catalog, numbers, act = gateway.current().catalog, form["numbers"].split(), _act(form["act"])
    async with gateway.store.read() as conn:
        values = {
            **await beside(conn, gateway, principal),
            "offered": await filter_form.options(conn, catalog, principal, {}, language=language),
            "people": await _people(conn, gateway, principal, numbers) if act is Act.ASSIGN else [],
        }
    return render(
        request, "console/bulk.html", status=refusal.status if refusal else 200,
        trouble=refusals.sentence(refusal, language) if refusal else None,
        act=act, numbers=numbers, most=values.pop("most"), most_at_once=bulk.MOST, form=form, outcomes=OUTCOMES,
        undoable=act in bulk.UNDOABLE, key=form.get("key") or secrets.token_urlsafe(_KEY_BYTES), **values,
    )  # fmt: skip


async def _people(
    conn: AsyncConnection, gateway: Gateway, principal: Principal, numbers: Sequence[str]
) -> list[tuple[int, str]]:
    """Who may be given the cases: of those of several agencies nobody answers for all; without the right, oneself."""
    if not principal.may(Right.SUPERVISE):
        return [(principal.id, principal.name)]
    agencies = {row.agency for row in (await bulk_acts.standing(conn, principal, numbers[: bulk.MOST])).values()}
    if len(agencies) != 1:
        return []
    [agency] = agencies
    is_triage = agency == gateway.current().catalog.gateway.triage
    return [(row.id, row.name) for row in await team.members(conn, agency, is_triage=is_triage)]


async def do(request: web.Request) -> web.StreamResponse:
    """Do it. What is missing is asked for on the same page; a form that is sent twice is one act."""
    principal = await _worker(request)
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    form |= {"numbers": form.get("numbers", ""), "query": _back(form.get("query", ""))}
    wish, numbers = _wish(form), form["numbers"].split()
    try:
        bulk.check(wish, numbers, request.app[GATEWAY].current().catalog, principal)
        act_id = await _bulk(request, principal).do(wish, numbers, key=_key(form))
    except (Conflict, Invalid) as refusal:
        if not numbers:
            raise
        return await _confirm_page(request, principal, form, refusal=refusal)
    raise _result(act_id, form["query"])


def _wish(form: Form) -> Wish:
    return Wish(
        act=_act(form.get("act", "")), staff=shown.row_id(form.get("staff", "")), agency=form.get("agency", ""),
        term_class=form.get("class", ""), outcome=form.get("outcome", ""), reason=form.get("reason", "").strip(),
    )  # fmt: skip


async def show(request: web.Request) -> web.StreamResponse:
    """What came of an act: how many were done, which were refused and why, and whether it can be taken back."""
    principal = await _worker(request)
    gateway, back = request.app[GATEWAY], _back(request.query.get("back", ""))
    async with gateway.store.read() as conn:
        row = await bulk_acts.find(conn, principal, _id(request))
        frame = await beside(conn, gateway, principal)
        names = await queue.names_of(conn, [int(row.details["staff"])]) if row.details.get("staff") else {}
        undone = await bulk_acts.undone_by(conn, row.id)
    refused = [each for each in row.results if each["refused"]]
    stalled = row.ended_at is None and row.seen_at < gateway.clock() - bulk_acts.LEASE
    catalog = gateway.current().catalog
    agency, term = catalog.agencies.get(row.details.get("agency", "")), catalog.terms.get(row.details.get("class", ""))
    return render(
        request, "console/bulk_done.html", row=row, back=back, n=len(row.results) - len(refused), all=len(row.numbers),
        refused=_by_reason(refused, auth.language_of(request)), refusals=len(refused), undone=undone, stalled=stalled,
        to=next(iter(names.values()), "") or (agency.short if agency else ""),
        term=term.name.get(auth.language_of(request), "") if term else "",
        undoable=bulk.is_undoable(row) and undone is None, key=secrets.token_urlsafe(_KEY_BYTES), **frame,
    )  # fmt: skip


def _by_reason(refused: Sequence[Any], language: str) -> list[tuple[str, list[str]]]:
    """Each reason once, with the cases it holds for."""
    said = sorted((refusals.sentence(Conflict(each["refused"]), language), each["number"]) for each in refused)
    return [(reason, [number for _, number in pairs]) for reason, pairs in groupby(said, key=lambda pair: pair[0])]


async def undo(request: web.Request) -> web.StreamResponse:
    """Take an act back, as far as nothing has happened since."""
    principal = await _worker(request)
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    act_id = await _bulk(request, principal).undo(_id(request), key=_key(form), reason=form.get("reason", ""))
    raise _result(act_id, _back(form.get("query", "")))


async def go_on(request: web.Request) -> web.StreamResponse:
    """Go through what is left of an act that was interrupted."""
    principal = await _worker(request)
    act_id = _id(request)
    found = _bulk(request, principal)
    await found.find(act_id)
    await found.go_on(act_id)
    raise _result(act_id, _back(str((await request.post()).get("query", ""))))


async def _worker(request: web.Request) -> Principal:
    principal = await auth.principal(request)
    principal.need(Right.WORK_CASES)
    return principal


def _bulk(request: web.Request, principal: Principal) -> Bulk:
    gateway = request.app[GATEWAY]

    def noting(act_id: int, detail: str) -> Entry:
        return audit.done(request, Action.CASES_CHANGED, f"bulk:{act_id}", detail=detail)

    return Bulk(store=gateway.store, desk=gateway.desk, principal=principal, clock=gateway.clock, noting=noting)


def _act(said: str) -> Act:
    if said not in list(Act):
        raise Invalid("act", "choose what is to be done with the cases")
    return Act(said)


def _key(form: Form) -> str:
    key = form.get("key", "")
    if not 8 <= len(key) <= _LONGEST_KEY:
        raise Invalid("key", "the form is not one of this session's: load the page again")
    return key


def _id(request: web.Request) -> int:
    found = shown.row_id(request.match_info["id"])
    if found is None:
        raise NotFound("there is no such act of yours")
    return found


def _back(query: str) -> str:
    """The query of an address of the queue, and nothing else that could lead elsewhere."""
    return urlencode([pair for pair in parse_qsl(query[:2000]) if pair[0] not in ("done", "after")])


def _result(act_id: int, back: str) -> web.HTTPSeeOther:
    return see(f"/console/bulk/{act_id}" + (f"?{urlencode({'back': back})}" if back else ""))
