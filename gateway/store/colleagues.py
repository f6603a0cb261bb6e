"""Who else may read a case: those of its agency, and those who serve the whole network."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.principal import OF_ONE_AGENCY
from gateway.store import schema as t
from routing.words import fold

_S = t.staff.c


def _may_read(case: Any) -> ColumnElement[bool]:
    everywhere = and_(_S.agency.is_(None), _S.role.not_in(sorted(OF_ONE_AGENCY)))
    return and_(_S.active, or_(_S.agency == case.agency, everywhere))


async def called(conn: AsyncConnection, case: Any, logins: Collection[str]) -> dict[str, int]:
    """The ids of those with these logins who may read the case, by login. The caller has found it."""
    query = select(_S.login, _S.id).where(_may_read(case), _S.login.in_(list(logins)))
    return {row.login: row.id for row in await conn.execute(query)}


async def matching(conn: AsyncConnection, case: Any, prefix: str, *, but: int, limit: int = 20) -> list[Any]:
    """Whom somebody may mean who has typed `@` and these letters; those of the case's agency first.

    A login or a part of the name begins so. `but` is whoever types. Rows of id, login, name, role and agency.
    """
    sought = fold(prefix)
    query = select(_S.id, _S.login, _S.name, _S.role, _S.agency).where(_may_read(case), _S.id != but)
    rows = await conn.execute(query.order_by(_S.agency.is_(None), _S.login))
    return [row for row in rows if row.login.startswith(sought) or f" {sought}" in f" {fold(row.name)}"][:limit]
