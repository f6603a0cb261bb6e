"""What the team's page counts off an index is what one would count case by case."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from gateway.principal import Principal, Role
from gateway.staffing.days_left import BUCKETS
from gateway.staffing.team import team
from gateway.store import schema as t
from gateway.store.bulk import insert_rows
from gateway.store.engine import Store, open_store
from gateway.store.schema import micros
from gateway.timekeeping import standing
from routing.catalog import Catalog, Unit
from routing.clocks import Standing
from routing.terms import counted
from tests.support.running import sample_deployment

HEAD = Principal(id=1, name="jefa", role=Role.HEAD, agency="sena")
# A Friday afternoon in Bogotá, before a weekend with a holiday on the Monday; an evening; and a Sunday.
INSTANTS = [
    datetime(2026, 8, 14, 20, 30, tzinfo=UTC), datetime(2026, 3, 18, 3, 59, 59, tzinfo=UTC),
    datetime(2026, 11, 22, 15, tzinfo=UTC),
]  # fmt: skip


def cases(catalog: Catalog, now: datetime) -> list[dict[str, Any]]:
    """Cases of several classes that came in the last ninety days or in the last hours; some wait, some stand still."""
    chance, count, rows = Random(7), counted(catalog, "sena"), []
    for id in range(1, 3000):
        received = now - timedelta(seconds=chance.choice([chance.randrange(90 * 86400), chance.randrange(86400)]))
        term_class = chance.choice(["general", "documents", "consultation", "congress", "health-simple", "lost"])
        due = count.term("general" if term_class == "lost" else term_class, received)
        this_second = now + timedelta(microseconds=chance.randrange(-2_000_000, 2_000_000))
        due_at = chance.choice([due.due_at, due.due_at, due.due_at, this_second])
        stands_still = term_class != "lost" and chance.random() < 0.3
        # Around the first second past due, and never in the future.
        stopped = min(now, due_at + timedelta(seconds=chance.randrange(-1, 3))) if stands_still else None
        rows.append({
            "id": id, "number": f"{id:011d}", "contact_id": 1, "reply_channel": "sms", "channel": "sms",
            "agency": chance.choice(["sena", "sena", "sena", "dian"]), "term_class": term_class, "language": "es",
            "state": chance.choice(["open", "open", "open", "waiting", "answered"]),
            "assignee_id": chance.choice([None, 2, 3, 77]), "received_at": micros(received),
            "due_at": micros(due_at), "effective": due.effective.isoformat(),
            "suspended_at": None if stopped is None else micros(stopped), "citizen_due_at": micros(due_at),
            "active_at": micros(received), "last_line": "x", "last_by": "citizen",
        })  # fmt: skip
    return rows


async def filled(store: Store, rows: list[dict[str, Any]], now: datetime) -> None:
    async def work(conn: Any) -> None:
        at = micros(now)
        await insert_rows(conn, t.contact, [{"id": 1, "name": None, "language": "es", "created_at": at}])
        people = [
            {
                "id": id, "login": f"p{id}", "name": f"P {id}", "role": "manager", "agency": "sena", "active": True,
                "on_duty": True, "created_at": at,
            }
            for id in (2, 3)
        ]  # fmt: skip
        await insert_rows(conn, t.staff, people)
        await insert_rows(conn, t.cases, rows)

    await store.transact(work)


def by_hand(catalog: Catalog, rows: list[Any], now: datetime) -> tuple[Counter[tuple[int, str]], list[int]]:
    """How many of each kind everybody has, and how many lie in each bucket, judged one by one."""
    count, loads, left = counted(catalog, "sena"), Counter[tuple[int, str]](), [0] * len(BUCKETS)
    today = now.astimezone(count.zone).date()
    for row in rows:
        whose, stands = row.assignee_id or 0, standing.of_row(catalog, row, None, now)
        loads[whose, row.state] += 1
        if row.state == "open":
            loads[whose, "soon"] += stands is Standing.DUE_SOON
            loads[whose, "overdue"] += stands in (Standing.OVERDUE, Standing.DEEMED_GRANTED)
        if row.suspended_at is None:
            last = row.due_at.astimezone(count.zone).date()
            days = count.between(today, last, Unit.BUSINESS_DAYS)
            if now > row.due_at:
                days = -max(1, count.between(last, today, Unit.BUSINESS_DAYS))
            [place] = [
                place for place, (first, end) in enumerate(BUCKETS)
                if (first is None or first <= days) and (end is None or days <= end)
            ]  # fmt: skip
            left[place] += 1
    return loads, left


@pytest.mark.parametrize("now", INSTANTS, ids=str)
async def test_the_team_is_counted_as_one_would_case_by_case(database: str, now: datetime) -> None:
    catalog, store = sample_deployment().catalog, await open_store(database, serving=True)
    try:
        await filled(store, cases(catalog, now), now)
        async with store.read() as conn:
            owed = select(t.cases).where(t.cases.c.agency == "sena", t.cases.c.state.in_(("open", "waiting")))
            loads, left = by_hand(catalog, list(await conn.execute(owed)), now)
        found = await team(store, catalog, HEAD, "sena", now=now)
    finally:
        await store.close()

    assert found.days_left == left
    assert min(left[:4]) > 0
    told = {
        (load.id, kind): getattr(load, kind)
        for load in (*found.loads, found.nobody)
        for kind in ("open", "soon", "overdue", "waiting")
    }
    assert told == {key: loads[key] for key in told}
    assert {load.id for load in found.loads} == {2, 3, 77}
    assert min(found.whole.soon, found.whole.overdue, found.nobody.soon) > 0
