"""API tokens: what a program shows instead of logging in. Only a token's SHA-256 is kept."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id
from gateway.errors import Conflict, NotFound
from gateway.principal import Principal, Role, boundary_of, check_agency
from gateway.store import schema as t

# 256 bits: a token cannot be guessed, so a fast hash of it can be kept.
_BYTES = 32
# Shows people, and programs that look for leaked secrets, what it is.
_PREFIX = "vt_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token as it is listed: everything but the secret. `agency` is None for those of the whole network."""

    id: int
    name: str
    role: str
    agency: str | None
    active: bool
    created_at: datetime


async def create(conn: AsyncConnection, *, name: str, role: Role, agency: str | None, now: datetime) -> str:
    """A new token; this is the only time that it can be read. Invalid, or Conflict when the name is taken."""
    check_agency(role, agency)
    if (await conn.execute(select(t.api_token.c.id).where(t.api_token.c.name == name))).first():
        raise Conflict(f"a token named {name} exists, perhaps revoked; choose another name")
    token = _PREFIX + secrets.token_urlsafe(_BYTES)
    await conn.execute(
        insert(t.api_token).values(
            id=new_id(), name=name, token_hash=_hash(token), role=role, agency=agency, active=True, created_at=now
        )
    )
    return token


async def principal_of(conn: AsyncConnection, token: str) -> Principal | None:
    """Who shows this token; None when nobody does, or no longer."""
    table = t.api_token
    row = (await conn.execute(select(table).where(table.c.token_hash == _hash(token), table.c.active))).one_or_none()
    if row is None:
        return None
    role = Role(row.role)
    return Principal(id=row.id, name=row.name, role=role, agency=boundary_of(role, row.agency), is_token=True)


async def listed(conn: AsyncConnection) -> list[Token]:
    """All tokens, revoked ones too, by name."""
    names = ("id", "name", "role", "agency", "active", "created_at")
    rows = await conn.execute(select(t.api_token).order_by(t.api_token.c.name))
    return [Token(**{name: getattr(row, name) for name in names}) for row in rows]


async def revoke(conn: AsyncConnection, name: str) -> None:
    """End a token at once. NotFound when no token has that name."""
    result = await conn.execute(update(t.api_token).where(t.api_token.c.name == name).values(active=False))
    if result.rowcount == 0:
        raise NotFound(f"there is no token named {name}")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
