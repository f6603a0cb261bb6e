"""`/console/canned`: answers that are given often, of an agency and of everybody."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import canned
from gateway.audit import Action
from gateway.errors import Conflict, Invalid, Refusal
from gateway.gateway import GATEWAY
from gateway.principal import Principal, Right
from gateway.store import audit as audit_store
from gateway.store import canned as rows
from gateway.web import audit, auth, refusals, shown
from gateway.web.console.beside import beside, chosen_agency
from gateway.web.pages import render, see

_FIELDS = ("agency", "language", "shortcut", "title", "text")


async def show(request: web.Request) -> web.StreamResponse:
    """The list, and the forms of those who may edit it."""
    return await _page(request)


async def _page(
    request: web.Request, *, refusal: Refusal | None = None, typed: Mapping[str, str] | None = None, at: int = 0
) -> web.Response:
    """The page; with a refusal, its status and what was typed into the form of the answer `at`, 0 for a new one."""
    principal = await auth.principal(request)
    principal.need(Right.READ_CASES)
    gateway, reader = request.app[GATEWAY], auth.language_of(request)
    catalog = gateway.current().catalog
    agency = chosen_agency(request, principal, (typed or {}).get("agency"))
    asked = request.query.get("language", "")
    language = asked if asked in catalog.gateway.languages else None
    may_edit = principal.may(Right.EDIT_TEXTS)
    async with gateway.store.read() as conn:
        found = await rows.listed(conn, principal, agency=agency, language=language, every=may_edit)
        frame = await beside(conn, gateway, principal, agency=agency)
    now = gateway.clock()
    return render(
        request,
        "console/canned.html",
        status=refusal.status if refusal else 200,
        trouble=refusals.sentence(refusal, reader) if refusal else None,
        faulty=refusal.field if isinstance(refusal, Invalid) else None,
        typed=defaultdict(str, typed or {}),
        at=at,
        rows=[
            (row, *canned.example(catalog, row.agency, row.text, now=now), canned.may_edit(principal, row.agency))
            for row in sorted(found, key=lambda row: not row.active)
        ],
        may_edit=may_edit,
        placeholders=canned.PLACEHOLDERS,
        longest=canned.LONGEST,
        wanted_language=language,
        spoken=catalog.gateway.languages,
        here_agency=agency,
        done=request.query.get("done"),
        **frame,
    )


async def add(request: web.Request) -> web.StreamResponse:
    """A new answer."""
    principal = await _editor(request)
    form = await _form(request)
    gateway = request.app[GATEWAY]
    # Whoever belongs to an agency words that agency's answers.
    given = form | {"agency": principal.agency or form.get("agency", "")}
    try:
        wording = canned.checked(principal, gateway.current().catalog, given)
        noted = _noted(request, wording.shortcut, wording.agency, f"{wording.language} added")

        async def work(conn: AsyncConnection) -> None:
            await rows.add(conn, wording, by=principal.id, now=gateway.clock())
            await audit_store.write(conn, [noted])

        await gateway.store.transact(work)
    except (Conflict, Invalid) as refusal:
        return await _page(request, refusal=refusal, typed=form)
    raise _back(principal, wording.agency, "added")


async def change(request: web.Request) -> web.StreamResponse:
    """Another wording, shortcut or title; the agency and the language stay."""
    principal = await _editor(request)
    form = await _form(request)
    gateway, answer_id = request.app[GATEWAY], _id(request)
    try:

        async def work(conn: AsyncConnection) -> Any:
            row = await rows.get(conn, principal, answer_id)
            given = form | {"agency": row.agency or "", "language": row.language}
            wording = canned.checked(principal, gateway.current().catalog, given)
            await rows.change(conn, answer_id, wording, by=principal.id, now=gateway.clock())
            noted = _noted(request, wording.shortcut, wording.agency, f"{wording.language} changed")
            await audit_store.write(conn, [noted])
            return row

        row = await gateway.store.transact(work)
    except (Conflict, Invalid) as refusal:
        return await _page(request, refusal=refusal, typed=form, at=answer_id)
    raise _back(principal, row.agency, "changed")


async def use(request: web.Request) -> web.StreamResponse:
    """Take an answer out of use, or back into it."""
    principal = await _editor(request)
    form = await _form(request)
    gateway, answer_id, active = request.app[GATEWAY], _id(request), form.get("active") == "1"

    async def work(conn: AsyncConnection) -> Any:
        row = await rows.get(conn, principal, answer_id)
        canned.editable(principal, gateway.current().catalog, row.agency)
        await rows.set_active(conn, row, active=active, by=principal.id, now=gateway.clock())
        noted = _noted(request, row.shortcut, row.agency, f"{row.language} {'in use' if active else 'out of use'}")
        await audit_store.write(conn, [noted])
        return row

    try:
        row = await gateway.store.transact(work)
    except Conflict as refusal:
        return await _page(request, refusal=refusal, typed=form, at=answer_id)
    raise _back(principal, row.agency, "in_use" if active else "out_of_use")


async def _editor(request: web.Request) -> Principal:
    principal = await auth.principal(request)
    principal.need(Right.EDIT_TEXTS)
    return principal


async def _form(request: web.Request) -> dict[str, str]:
    return {key: value for key, value in (await request.post()).items() if isinstance(value, str)}


def _id(request: web.Request) -> int:
    return shown.row_id(request.match_info["id"]) or 0


def _noted(request: web.Request, shortcut: str, agency: str | None, detail: str) -> audit_store.Entry:
    return audit.done(request, Action.TEXTS_CHANGED, f"canned:{shortcut}", agency=agency, detail=detail)


def _back(principal: Principal, agency: str | None, done: str) -> web.HTTPSeeOther:
    narrowed = f"&agency={agency}" if principal.agency is None and agency else ""
    return see(f"/console/canned?done={done}{narrowed}")
