"""Who may note that somebody is away, and what it changes for them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import Conflict, Forbidden, Invalid, NotFound
from gateway.principal import Role
from gateway.staffing import absences
from gateway.store import schema as t
from tests.support.office import Office, office


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(database, tmp_path) as opened:
        await opened.employ("luz")
        await opened.employ("ana")
        await opened.employ("jefa", role=Role.HEAD)
        await opened.employ("jefe.dian", role=Role.HEAD, agency="dian")
        await opened.employ("admin", role=Role.ADMINISTRATOR, agency=None)
        await opened.employ("auditora", role=Role.AUDITOR, agency=None)
        yield opened


async def noted(desk: Office, by: str, login: str = "luz", **more: Any) -> Any:
    now = desk.clock()
    given: dict[str, Any] = {"from_at": now, "until_at": now + timedelta(days=3), "reason": "vacaciones", **more}
    return await desk.running.gateway.store.transact(
        lambda conn: absences.note(conn, desk.people[by], login, now=now, **given)
    )


@pytest.mark.parametrize("by", ["luz", "jefa", "admin"])
async def test_oneself_the_head_and_administrators_may(desk: Office, by: str) -> None:
    absence = await noted(desk, by)

    assert (absence.staff_id, absence.reason) == (desk.people["luz"].id, "vacaciones")


@pytest.mark.parametrize(
    ("by", "refusal"), [("ana", Forbidden), ("jefe.dian", NotFound), ("auditora", Forbidden)]
)  # fmt: skip
async def test_nobody_else_may(desk: Office, by: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        await noted(desk, by)


async def test_somebody_of_the_network_is_beyond_a_head(desk: Office) -> None:
    with pytest.raises(NotFound):
        await noted(desk, "jefa", "admin")


async def test_a_reason_and_an_end_after_the_beginning_are_needed(desk: Office) -> None:
    with pytest.raises(Invalid, match="3 to 200"):
        await noted(desk, "luz", reason="  ")
    with pytest.raises(Invalid, match="ends after it begins"):
        await noted(desk, "luz", until_at=desk.clock())


async def test_who_is_away_takes_nothing_until_they_are_back(desk: Office) -> None:
    number = await desk.ask()
    absence = await noted(desk, "luz")
    acts, luz = desk.running.gateway.desk, desk.people["luz"]

    with pytest.raises(Conflict, match="say first that you are back"):
        await acts.take_next(luz)
    await desk.running.gateway.store.transact(
        lambda conn: absences.end(conn, luz, "luz", absence.id, now=desk.clock())
    )  # fmt: skip

    assert await acts.take_next(luz) == number


async def test_an_end_keeps_what_was_and_strikes_out_what_was_only_planned(desk: Office) -> None:
    running = await noted(desk, "luz")
    planned = await noted(desk, "luz", from_at=desk.clock() + timedelta(days=9), until_at=None)
    store = desk.running.gateway.store
    desk.clock.move(hours=1)

    for each in (running, planned):
        end = partial(absences.end, principal=desk.people["jefa"], login="luz", absence_id=each.id, now=desk.clock())
        await store.transact(end)

    async with store.read() as conn:
        rows = list(await conn.execute(t.absence.select()))
    assert [(row.id, row.until_at) for row in rows] == [(running.id, desk.clock())]
