"""`/account/second-factor`: set one's second factor up, get new recovery codes, take it away again."""

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.accounts import second_factor
from gateway.audit import Action
from gateway.errors import Conflict, Invalid
from gateway.gateway import GATEWAY
from gateway.store import audit as audit_store
from gateway.store import logins, second_factors
from gateway.web import audit, auth, entry, refusals
from gateway.web.accounts import qr
from gateway.web.pages import render, see


async def show(request: web.Request) -> web.StreamResponse:
    """How it stands, and what can be done."""
    return await _page(request)


async def _page(
    request: web.Request, *, refusal: Invalid | None = None, secret: str | None = None, codes: list[str] | None = None
) -> web.Response:
    """`secret` while it waits to be confirmed, `codes` when they were just made: each is shown this once."""
    visit = await auth.visit(request)
    gateway = request.app[GATEWAY]
    link = second_factor.link(secret, visit.login) if secret else None
    async with gateway.store.read() as conn:
        factor = await second_factors.get(conn, visit.principal.id)
        left = await second_factors.recovery_left(conn, visit.principal.id)
    return render(
        request,
        "accounts/second_factor.html",
        status=refusal.status if refusal else 200,
        confirmed_at=factor.confirmed_at if factor else None,
        recovery_left=left,
        required=visit.principal.role in gateway.settings.accounts.second_factor,
        key=second_factor.grouped(secret) if secret else None,
        link=link,
        qr=qr.picture(link) if link else None,
        codes=codes,
        trouble=refusals.sentence(refusal, auth.language_of(request)) if refusal else None,
    )


async def begin(request: web.Request) -> web.StreamResponse:
    """A new secret, shown on the page that comes back."""
    visit = await auth.visit(request)
    gateway = request.app[GATEWAY]
    secret = second_factor.new_secret()
    sealed = gateway.secret_box.seal(secret)
    if not await gateway.store.transact(lambda conn: second_factors.begin(conn, visit.principal.id, sealed)):
        raise Conflict("a second factor is set up already; take it away first")
    return await _page(request, secret=secret)


async def confirm(request: web.Request) -> web.StreamResponse:
    """The first code shows that the authenticator holds the secret; recovery codes come back, this once."""
    visit = await auth.visit(request)
    gateway, form = request.app[GATEWAY], await request.post()
    staff_id, now = visit.principal.id, gateway.clock()
    async with gateway.store.read() as conn:
        factor = await second_factors.get(conn, staff_id)
    secret = gateway.secret_box.unseal(factor.secret) if factor and factor.confirmed_at is None else None
    if secret is None:
        raise see("/account/second-factor")
    step = second_factor.step_of(secret, str(form.get("code", "")), now=now)
    if step is None:
        return await _page(request, secret=secret, refusal=Invalid("code", "that code is not the authenticator's"))
    codes = second_factor.new_recovery_codes()
    noted = audit.done(request, Action.SECOND_FACTOR_SET, f"staff:{visit.login}")

    async def work(conn: AsyncConnection) -> None:
        if not await second_factors.confirm(conn, staff_id, step=step, now=now):
            raise Conflict("a second factor is set up already; take it away first")
        await second_factors.replace_recovery(conn, staff_id, [second_factor.recovery_hash(code) for code in codes])
        # Whoever got in elsewhere got in without it.
        await logins.end_sessions(conn, staff_id, but=visit.session_id)
        await audit_store.write(conn, [noted])

    await gateway.store.transact(work)
    return await _page(request, codes=codes)


async def new_codes(request: web.Request) -> web.StreamResponse:
    """New recovery codes in place of the old ones, for whoever shows a code."""
    visit = await auth.visit(request)
    refusal = await _unless_shown(request, visit)
    if refusal:
        return await _page(request, refusal=refusal)
    codes = second_factor.new_recovery_codes()
    noted = audit.done(request, Action.RECOVERY_CODES_MADE, f"staff:{visit.login}")

    async def work(conn: AsyncConnection) -> None:
        hashes = [second_factor.recovery_hash(code) for code in codes]
        await second_factors.replace_recovery(conn, visit.principal.id, hashes)
        await audit_store.write(conn, [noted])

    await request.app[GATEWAY].store.transact(work)
    return await _page(request, codes=codes)


async def remove(request: web.Request) -> web.StreamResponse:
    """Do without, for whoever shows a code; not where the role must have one."""
    visit = await auth.visit(request)
    gateway = request.app[GATEWAY]
    if visit.principal.role in gateway.settings.accounts.second_factor:
        raise Conflict("your role must have a second factor")
    refusal = await _unless_shown(request, visit)
    if refusal:
        return await _page(request, refusal=refusal)
    noted = audit.done(request, Action.SECOND_FACTOR_REMOVED, f"staff:{visit.login}")

    async def work(conn: AsyncConnection) -> None:
        await second_factors.remove(conn, visit.principal.id)
        await audit_store.write(conn, [noted])

    await gateway.store.transact(work)
    raise see("/account?done=factor_removed")


async def _unless_shown(request: web.Request, visit: auth.Visit) -> Invalid | None:
    form = await request.post()
    try:
        await entry.check_code(request, visit.principal.id, str(form.get("code", "")))
    except entry.Throttled:
        return Invalid("code", "there were too many attempts; wait fifteen minutes")
    except entry.WrongLogin:
        return Invalid("code", "that code is not the authenticator's")
    return None
