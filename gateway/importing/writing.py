"""Cases of the past taken in: numbered, written with their story, and their clocks derived, a batch a transaction."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id
from gateway.importing.past import Survey, pasts
from gateway.importing.row import Fault, Past
from gateway.store import cases as case_store
from gateway.store import imports as rows
from gateway.store.engine import Store
from gateway.store.schema import micros
from gateway.timekeeping import clocks
from routing import case_number
from routing.case import CITIZEN, SYSTEM, CaseState
from routing.catalog import Catalog
from routing.terms import due

# Cases a transaction: enough to share a commit, few enough that a server beside it waits no second.
_BATCH: Final = 500


@dataclass(slots=True)
class Done:
    """How many cases were imported, and how many had been before."""

    imported: int = 0
    already: int = 0


async def clashes(store: Store, path: Path, catalog: Catalog, surveyed: Survey, *, now: datetime) -> list[Fault]:
    """Numbers of the file that other cases have already."""
    if not surveyed.highest:
        return []
    found: list[Fault] = []
    async with store.read() as conn:
        for batch in _batches(past for past in pasts(path, catalog, now=now) if past.number is not None):
            known = await rows.claimed(conn, [past.key for past in batch])
            taken = await rows.numbers(conn, [past.number for past in batch if past.number and past.key not in known])
            found += [
                Fault(str(path), past.line, f"number {past.number} is another case's already")
                for past in batch
                if past.number in taken and past.key not in known
            ]
    return found


async def take_in(
    store: Store, path: Path, catalog: Catalog, surveyed: Survey, *, now: datetime, progress: Callable[[Done], None]
) -> Done:
    """Import a file without faults. What was imported before, by its external id or its line, is left as it is."""
    done, whole = Done(), f"file:{surveyed.digest}"
    async with store.read() as conn:
        if await rows.claimed(conn, [whole]):
            return Done(already=surveyed.rows)
    await store.transact(lambda conn: _pass_numbers(conn, surveyed))
    for batch in _batches(pasts(path, catalog, now=now)):
        imported = await store.transact(lambda conn, batch=batch: _write(conn, catalog, batch, now=now))  # type: ignore[misc]
        done.imported += imported
        done.already += len(batch) - imported
        progress(done)
    await store.transact(lambda conn: rows.claim(conn, {whole: new_id()}))
    return done


async def _pass_numbers(conn: AsyncConnection, surveyed: Survey) -> None:
    for year, consecutive in surveyed.highest.items():
        await rows.pass_numbers(conn, year, consecutive)


def _batches(found: Iterable[Past]) -> Iterator[list[Past]]:
    pending = iter(found)
    while batch := list(islice(pending, _BATCH)):
        yield batch


async def _write(conn: AsyncConnection, catalog: Catalog, batch: Sequence[Past], *, now: datetime) -> int:
    """Write those that are new, and keep their clocks; how many there were comes back."""
    ids = {past.key: new_id() for past in batch}
    fresh = await rows.claim(conn, ids)
    new = [past for past in batch if past.key in fresh]
    if not new:
        return 0
    numbers = await _numbers(conn, new)
    cases = [_case(catalog, past, ids[past.key], numbers[past.key]) for past in new]
    contacts = [_contact(catalog, past, case["contact_id"]) for past, case in zip(new, cases, strict=True)]
    await rows.write(conn, contacts=contacts, cases=cases, events=[e for p in new for e in _events(p, ids[p.key])])
    await clocks.keep(conn, catalog, [case["id"] for case in cases], now=now)
    return len(new)


async def _numbers(conn: AsyncConnection, new: Sequence[Past]) -> dict[str, str]:
    """The number of each case: the given one, or the next of its year."""
    found = {past.key: past.number for past in new if past.number is not None}
    unnumbered: dict[int, list[Past]] = {}
    for past in new:
        if past.number is None:
            unnumbered.setdefault(past.year, []).append(past)
    for year in sorted(unnumbered):
        first = await case_store.take_numbers(conn, year, len(unnumbered[year]))
        for ahead, past in enumerate(unnumbered[year]):
            found[past.key] = case_number.format_number(year, first + ahead)
    return found


def _contact(catalog: Catalog, past: Past, contact_id: int) -> dict[str, Any]:
    """Whoever it was, a person of their own: nothing in the file says that two cases are of one."""
    return {
        "id": contact_id, "name": None, "language": catalog.default_language, "created_at": micros(past.received)
    }  # fmt: skip


def _case(catalog: Catalog, past: Past, case_id: int, number: str) -> dict[str, Any]:
    # Its clocks are kept below; until then it has those of a case that has just come in.
    clock = due(catalog, agency=past.agency, term_class=past.term_class, received_at=past.received)
    due_at, received = micros(clock.due_at), micros(past.received)
    answered = None if past.answered is None else micros(past.answered)
    return {
        "id": case_id, "number": number, "contact_id": new_id(), "reply_urn": None, "reply_channel": past.channel,
        "channel": past.channel, "agency": past.agency, "topic": None, "term_class": past.term_class,
        "territory": past.territory, "language": catalog.default_language, "state": past.state.value,
        "received_at": received, "due_at": due_at, "effective": clock.effective.isoformat(), "citizen_due_at": due_at,
        "asked_at": micros(past.asked) if past.state is CaseState.WAITING and past.asked else None,
        "waiting_since": received if past.state is CaseState.OPEN else None,
        "active_at": micros(past.events[-1].at), "answered_at": answered, "ended_at": answered,
        "last_line": "", "last_by": CITIZEN if answered is None else SYSTEM, "failed_delivery": False,
    }  # fmt: skip


def _events(past: Past, case_id: int) -> Iterator[dict[str, Any]]:
    for event in past.events:
        yield {
            "id": new_id(), "case_id": case_id, "kind": str(event.kind), "at": micros(event.at), "actor": event.actor,
            "data": event.data,
        }  # fmt: skip
