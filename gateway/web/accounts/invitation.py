"""`/invitation/{token}`: whoever was invited sets a name and a password, once."""

from typing import Any, Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.accounts import passwords
from gateway.audit import Action, entry
from gateway.errors import Invalid, NotFound
from gateway.gateway import GATEWAY
from gateway.principal import Principal, Role
from gateway.store import accounts
from gateway.store import audit as audit_store
from gateway.web import auth, client, refusals
from gateway.web.pages import render, see

_LONGEST_NAME: Final = 100


async def show(request: web.Request) -> web.StreamResponse:
    """The form."""
    row = await _invited(request)
    # An account that was never opened has its login for a name.
    return _page(request, row, name="" if row.name == row.login else row.name)


async def _invited(request: web.Request) -> Any:
    gateway = request.app[GATEWAY]
    async with gateway.store.read() as conn:
        row = await accounts.invitation(conn, auth.hashed(request.match_info["token"]), now=gateway.clock())
    if row is None:
        raise NotFound("the invitation was used, or is too old")
    return row


def _page(request: web.Request, row: Any, *, name: str, refusal: Invalid | None = None) -> web.Response:
    faults = {refusal.field: refusals.sentence(refusal, auth.language_of(request))} if refusal else {}
    return render(
        request,
        "accounts/invitation.html",
        status=refusal.status if refusal else 200,
        login=row.login,
        name=name,
        faults=faults,
        shortest=passwords.SHORTEST,
        longest_name=_LONGEST_NAME,
    )


async def accept(request: web.Request) -> web.StreamResponse:
    """Set name and password; then the login page, where both are tried at once."""
    row, form = await _invited(request), await request.post()
    name, password = " ".join(str(form.get("name", "")).split()), str(form.get("password", ""))
    try:
        if not name or len(name) > _LONGEST_NAME:
            raise Invalid("name", "write the name that colleagues read")
        passwords.check(password, login=row.login, name=name)
        if password != str(form.get("again", "")):
            raise Invalid("again", "the two passwords differ")
    except Invalid as refusal:
        return _page(request, row, name=name, refusal=refusal)
    kept, gateway = await passwords.hashed(password), request.app[GATEWAY]
    now = gateway.clock()
    member = Principal(id=row.id, name=name, role=Role(row.role), agency=row.agency)
    noted = entry(
        Action.STAFF_JOINED, at=now, by=member, who=row.login, remote=client.remote_of(request),
        object=f"staff:{row.login}",
    )  # fmt: skip

    async def work(conn: AsyncConnection) -> None:
        token = auth.hashed(request.match_info["token"])
        await accounts.accept(conn, token, name=name, password_hash=kept, now=now)
        await audit_store.write(conn, [noted])

    await gateway.store.transact(work)
    raise see("/login?joined=1")
