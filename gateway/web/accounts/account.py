"""`/account`: one's own password, where notices reach one, and one's sessions."""

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.accounts import passwords
from gateway.audit import Action
from gateway.errors import Conflict, Invalid, NotFound
from gateway.gateway import GATEWAY
from gateway.store import accounts, logins, second_factors, staff
from gateway.store import audit as audit_store
from gateway.web import audit, auth, client, entry, refusals, shown
from gateway.web.accounts import notices
from gateway.web.pages import render, see


async def show(request: web.Request) -> web.StreamResponse:
    """The page."""
    return await _page(request)


async def _page(
    request: web.Request, *, refusal: Invalid | None = None, typed: dict[str, str] | None = None
) -> web.Response:
    """With a refusal: its sentence at its field, and what was typed, but never a password."""
    visit = await auth.visit(request)
    gateway = request.app[GATEWAY]
    staff_id = visit.principal.id
    async with gateway.store.read() as conn:
        own = await accounts.own(conn, staff_id)
        held = await logins.sessions(conn, staff_id, now=gateway.clock())
        left = await second_factors.recovery_left(conn, staff_id)
    faults = {refusal.field: refusals.sentence(refusal, auth.language_of(request))} if refusal else {}
    urn = own.notices_urn or ""
    return render(
        request,
        "accounts/account.html",
        status=refusal.status if refusal else 200,
        own=own,
        visit=visit,
        sessions=held,
        browser_of=client.browser_of,
        recovery_left=left,
        notice_channels=notices.channels(gateway.current().catalog),
        notice_address=(typed or {}).get("address", urn.partition(":")[2]),
        notice_channel=(typed or {}).get("channel", own.notices_channel or ""),
        shortest=passwords.SHORTEST,
        faults=faults,
        done=request.query.get("done"),
    )


async def change_password(request: web.Request) -> web.StreamResponse:
    """Another password, for whoever knows the present one; every other session ends."""
    visit = await auth.visit(request)
    gateway, form = request.app[GATEWAY], await request.post()
    fresh = str(form.get("password", ""))
    try:
        await _same_person(request, visit.login, str(form.get("current", "")))
        passwords.check(fresh, login=visit.login, name=visit.principal.name)
        if fresh != str(form.get("again", "")):
            raise Invalid("again", "the two passwords differ")
    except Invalid as refusal:
        return await _page(request, refusal=refusal)
    kept = await passwords.hashed(fresh)
    noted = audit.done(request, Action.PASSWORD_CHANGED, f"staff:{visit.login}")

    async def work(conn: AsyncConnection) -> str:
        await staff.set_password(conn, visit.principal.id, kept)
        await audit_store.write(conn, [noted])
        return await entry.renew(conn, request, visit.principal.id, method=visit.method)

    token = await gateway.store.transact(work)
    answer = see("/account?done=password")
    auth.give_cookie(request, answer, token)
    raise answer


async def _same_person(request: web.Request, login: str, password: str) -> None:
    """Invalid unless the password is the member's: a session left open must not be enough to change it."""
    try:
        await entry.check_password(request, login=login, password=password)
    except entry.Throttled:
        raise Invalid("current", "there were too many attempts; wait fifteen minutes") from None
    except entry.WrongLogin:
        raise Invalid("current", "that is not the present password") from None


async def change_notices(request: web.Request) -> web.StreamResponse:
    """Where warnings reach this member besides the console; an empty address: nowhere else."""
    visit = await auth.visit(request)
    gateway, form = request.app[GATEWAY], await request.post()
    typed = {name: str(form.get(name, "")) for name in ("address", "channel")}
    try:
        place = notices.place(gateway.current().catalog, **typed) if typed["address"].strip() else None
    except Invalid as refusal:
        return await _page(request, refusal=refusal, typed=typed)
    noted = audit.done(request, Action.NOTICES_CHANGED, f"staff:{visit.login}", detail=place.channel if place else "")

    async def work(conn: AsyncConnection) -> None:
        await accounts.set_notices(
            conn, visit.principal.id, urn=place.urn if place else None, channel=place.channel if place else None
        )
        await audit_store.write(conn, [noted])

    await gateway.store.transact(work)
    raise see("/account?done=notices")


async def change_shortcuts(request: web.Request) -> web.StreamResponse:
    """Whether single letters do something on the console's pages, for this member at every desk."""
    visit = await auth.visit(request)
    wanted = bool((await request.post()).get("on"))
    await request.app[GATEWAY].store.transact(
        lambda conn: accounts.set_shortcuts(conn, visit.principal.id, wanted=wanted)
    )
    raise see("/account?done=shortcuts")


async def end_one(request: web.Request) -> web.StreamResponse:
    """End one of one's sessions."""
    visit = await auth.visit(request)
    session_id = shown.row_id(request.match_info["id"]) or 0
    if session_id == visit.session_id:
        raise Conflict("to end this very session, log out")
    noted = audit.done(request, Action.SESSION_ENDED, f"staff:{visit.login}", detail="one")

    async def work(conn: AsyncConnection) -> None:
        if not await logins.end_session(conn, visit.principal.id, session_id):
            raise NotFound("there is no such session of yours")
        await audit_store.write(conn, [noted])

    await request.app[GATEWAY].store.transact(work)
    raise see("/account?done=session")


async def end_others(request: web.Request) -> web.StreamResponse:
    """End every session of one's own but this."""
    visit = await auth.visit(request)
    noted = audit.done(request, Action.SESSION_ENDED, f"staff:{visit.login}", detail="others")

    async def work(conn: AsyncConnection) -> None:
        await logins.end_sessions(conn, visit.principal.id, but=visit.session_id)
        await audit_store.write(conn, [noted])

    await request.app[GATEWAY].store.transact(work)
    raise see("/account?done=sessions")
