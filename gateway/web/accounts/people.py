"""`/staff`: who works here. Administrators look after everybody, heads after the staff of their agency."""

import re
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.audit import Action
from gateway.errors import Conflict, Invalid, NotFound, Refusal
from gateway.gateway import GATEWAY
from gateway.principal import LOGIN, Principal, Right, Role, check_agency
from gateway.store import accounts, logins, second_factors, staff
from gateway.store import audit as audit_store
from gateway.store.accounts import Invited
from gateway.web import audit, auth, refusals, shown
from gateway.web.pages import render, see

# An invitation waits over a weekend with a holiday.
INVITATION: Final = timedelta(hours=72)
# The roles a head looks after and may give.
_OF_A_HEAD: Final = (Role.MANAGER, Role.HEAD)
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")

Change = Callable[[AsyncConnection, Any], Awaitable[None]]


async def _keeper(request: web.Request) -> Principal:
    principal = await auth.principal(request)
    principal.need(Right.MANAGE_STAFF)
    return principal


def _roles(principal: Principal) -> tuple[Role, ...]:
    return tuple(Role) if principal.agency is None else _OF_A_HEAD


async def listed(request: web.Request) -> web.StreamResponse:
    """Everybody the principal looks after, and the form to invite somebody."""
    await _keeper(request)
    return await _list(request)


async def _list(
    request: web.Request, *, refusal: Refusal | None = None, typed: dict[str, str] | None = None
) -> web.Response:
    principal = await _keeper(request)
    gateway = request.app[GATEWAY]
    async with gateway.store.read() as conn:
        rows = await accounts.listed(conn, agency=principal.agency, roles=_roles(principal))
    blank = {"login": "", "role": Role.MANAGER.value, "agency": principal.agency or "", "email": ""}
    return render(
        request,
        "accounts/staff.html",
        status=refusal.status if refusal else 200,
        rows=rows,
        typed=blank | (typed or {}),
        faults=_faults(request, refusal),
        done=request.query.get("done"),
        **_choices(request, principal),
    )


def _choices(request: web.Request, principal: Principal) -> dict[str, Any]:
    known = request.app[GATEWAY].current().catalog.agencies
    return {
        "roles": _roles(principal),
        "agencies": sorted(((a.key, a.short) for a in known.values()), key=lambda pair: pair[1].lower()),
        "agency_names": {a.key: a.short for a in known.values()},
        "now": request.app[GATEWAY].clock(),
    }


def _faults(request: web.Request, refusal: Refusal | None) -> dict[str, str]:
    if refusal is None:
        return {}
    field = refusal.field if isinstance(refusal, Invalid) else "form"
    return {field: refusals.sentence(refusal, auth.language_of(request))}


async def show(request: web.Request) -> web.StreamResponse:
    """One account."""
    return await _one(request)


async def _one(request: web.Request, *, refusal: Refusal | None = None) -> web.Response:
    principal = await _keeper(request)
    async with request.app[GATEWAY].store.read() as conn:
        row = await _found(conn, principal, request)
    return render(
        request,
        "accounts/member.html",
        status=refusal.status if refusal else 200,
        row=row,
        is_me=row.id == principal.id,
        faults=_faults(request, refusal),
        done=request.query.get("done"),
        **_choices(request, principal),
    )


async def _found(conn: AsyncConnection, principal: Principal, request: web.Request) -> Any:
    """The account of the path. NotFound when there is none, or it is not the principal's to look after."""
    row = await accounts.find(conn, shown.row_id(request.match_info["id"]) or 0)
    if principal.agency is not None and (row.agency != principal.agency or row.role not in _OF_A_HEAD):
        raise NotFound("there is no such member of staff")
    return row


async def invite(request: web.Request) -> web.StreamResponse:
    """A new account, and the link that opens it: shown to the inviter, this once."""
    principal = await _keeper(request)
    form = await request.post()
    typed = {name: str(form.get(name, "")).strip() for name in ("login", "role", "agency", "email")}
    try:
        newcomer = _newcomer(request, principal, typed)
        return await _invited(request, principal, newcomer=newcomer)
    except (Invalid, Conflict) as refusal:
        return await _list(request, refusal=refusal, typed=typed)


def _newcomer(request: web.Request, principal: Principal, typed: dict[str, str]) -> Invited:
    login = typed["login"].lower()
    if not LOGIN.fullmatch(login):
        raise Invalid("login", "a login is 2 to 40 of a-z 0-9 . _ - and begins with a letter")
    role, agency = _place(request, principal, typed["role"], typed["agency"])
    return Invited(login=login, role=role, agency=agency, email=_email(typed["email"]))


def _place(request: web.Request, principal: Principal, role: str, agency: str) -> tuple[Role, str | None]:
    """A role and its agency that the principal may give. Invalid."""
    if role not in _roles(principal):
        raise Invalid("role", "choose one of the roles")
    wanted = principal.agency or agency or None
    if wanted is not None and wanted not in request.app[GATEWAY].current().catalog.agencies:
        raise Invalid("agency", f"there is no agency {wanted}")
    check_agency(Role(role), wanted)
    return Role(role), wanted


def _email(text: str) -> str | None:
    email = text.strip().lower()
    if email and not _EMAIL.fullmatch(email):
        raise Invalid("email", "that is no e-mail address")
    return email or None


async def invite_again(request: web.Request) -> web.StreamResponse:
    """A new link for an account, in place of the old one; by it a forgotten password is set anew."""
    principal = await _keeper(request)
    async with request.app[GATEWAY].store.read() as conn:
        row = await _found(conn, principal, request)
    if row.id == principal.id:
        raise Conflict("your own account is looked after by somebody else")
    if row.has_password and not row.active:
        raise Conflict("the account is disabled; enable it first")
    return await _invited(request, principal, row=row)


async def _invited(
    request: web.Request, principal: Principal, *, newcomer: Invited | None = None, row: Any = None
) -> web.Response:
    gateway = request.app[GATEWAY]
    token, now = secrets.token_urlsafe(32), gateway.clock()
    about = newcomer or row
    noted = audit.done(
        request, Action.STAFF_INVITED, f"staff:{about.login}", agency=about.agency, detail=str(about.role)
    )

    async def work(conn: AsyncConnection) -> None:
        staff_id = await accounts.add_invited(conn, newcomer, now=now) if newcomer else row.id
        await accounts.invite(
            conn, staff_id, token_hash=auth.hashed(token), by=principal.id, now=now, expires_at=now + INVITATION
        )
        await audit_store.write(conn, [noted])

    await gateway.store.transact(work)
    link = f"{gateway.settings.console_url}/invitation/{token}"
    return render(request, "accounts/invited.html", link=link, login=about.login, until=now + INVITATION)


async def _change(request: web.Request, action: Action, change: Change, *, detail: str = "") -> web.HTTPSeeOther:
    """Change one account, noted in the same transaction. Conflict for one's own."""
    principal = await _keeper(request)

    async def work(conn: AsyncConnection) -> int:
        row = await _found(conn, principal, request)
        if row.id == principal.id:
            raise Conflict("your own account is looked after by somebody else")
        await change(conn, row)
        noted = audit.done(request, action, f"staff:{row.login}", agency=row.agency, detail=detail)
        await audit_store.write(conn, [noted])
        return int(row.id)

    staff_id = await request.app[GATEWAY].store.transact(work)
    return see(f"/staff/{staff_id}?done={action}")


async def disable(request: web.Request) -> web.StreamResponse:
    """Log somebody out everywhere, and let them in no more; a link they had opens nothing."""
    now = request.app[GATEWAY].clock()

    async def change(conn: AsyncConnection, row: Any) -> None:
        await staff.set_active(conn, row.login, active=False, now=now)
        await accounts.withdraw(conn, row.id)

    raise await _change(request, Action.STAFF_DISABLED, change)


async def enable(request: web.Request) -> web.StreamResponse:
    """Let somebody in again."""
    now = request.app[GATEWAY].clock()

    async def change(conn: AsyncConnection, row: Any) -> None:
        await staff.set_active(conn, row.login, active=True, now=now)

    raise await _change(request, Action.STAFF_ENABLED, change)


async def change_role(request: web.Request) -> web.StreamResponse:
    """Another role, perhaps at another agency; the member's sessions end."""
    principal = await _keeper(request)
    form = await request.post()
    try:
        role, agency = _place(request, principal, str(form.get("role", "")), str(form.get("agency", "")))
    except Invalid as refusal:
        return await _one(request, refusal=refusal)

    async def change(conn: AsyncConnection, row: Any) -> None:
        await accounts.set_role(conn, row.id, role=role, agency=agency)

    raise await _change(request, Action.STAFF_ROLE_CHANGED, change, detail=" ".join(filter(None, (role, agency))))


async def change_email(request: web.Request) -> web.StreamResponse:
    """The address by which single sign-on knows somebody; what it knew before is forgotten."""
    await _keeper(request)
    form = await request.post()
    try:
        email = _email(str(form.get("email", "")))

        async def change(conn: AsyncConnection, row: Any) -> None:
            await accounts.set_email(conn, row.id, email)

        raise await _change(request, Action.STAFF_EMAIL_CHANGED, change)
    except Invalid as refusal:
        return await _one(request, refusal=refusal)


async def reset_factor(request: web.Request) -> web.StreamResponse:
    """Take somebody's second factor away, because it is lost; their sessions end."""

    async def change(conn: AsyncConnection, row: Any) -> None:
        await second_factors.remove(conn, row.id)
        await logins.end_sessions(conn, row.id)

    raise await _change(request, Action.SECOND_FACTOR_REMOVED, change)
