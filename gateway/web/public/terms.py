"""What the citizen is told of the clocks of their case: dates, pauses, more time, every day; nothing of the inside."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from babel.dates import format_date
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import words
from gateway.timekeeping import standing
from gateway.timekeeping.standing import Told
from gateway.web.public.words import word
from routing.case import EventKind
from routing.catalog import Catalog, Unit
from routing.clocks import Clock
from routing.terms import Day

# How dates are read; a deployment's third language reads the international form.
_LOCALES: Final = {"es": "es_CO", "en": "en_GB"}


async def of_cases(
    conn: AsyncConnection, catalog: Catalog, case_ids: Sequence[int], *, language: str, now: datetime
) -> dict[int, dict[str, Any]]:
    """What is told of each case; one whose clocks cannot be derived is missing."""
    derived = await standing.derived(conn, catalog, case_ids, now=now)
    return {case_id: _told(catalog, found, language, now) for case_id, found in derived.items()}


def _told(catalog: Catalog, found: Told, language: str, now: datetime) -> dict[str, Any]:
    """The facts that the template shows, dates already in words."""
    present, citizen = found.clocks.present, found.clocks.citizen
    open_now = present.ended_at is None
    return {
        "standing": standing.of_clock(catalog, present, now),
        "due": words.day(present.due_at, catalog) if open_now and present.suspended_at is None else None,
        "first_due": _first_due(catalog, present, citizen),
        "left": _left(present, language, now),
        "asked": open_now and found.clocks.asked_at is not None,
        "pause": _pause(present, catalog, language, now),
        "extension": _extension(found, catalog),
        "moves": _moves(found, catalog),
        "granted": _granted(catalog, present),
        "law": present.term.source,
        "term": word(f"term_{present.term.unit}", language, n=present.n),
        "days": [_day(day, present, language) for day in present.explain(now)],
    }


def _first_due(catalog: Catalog, present: Clock, citizen: Clock) -> str | None:
    """The end of the citizen's own clock, where a transfer or a reopening gave the agency another one."""
    if present.ended_at is not None or citizen.ended_at is not None or citizen.due_at == present.due_at:
        return None
    return None if citizen.suspended_at is not None else words.day(citizen.due_at, catalog)


def _left(clock: Clock, language: str, now: datetime) -> str | None:
    if not clock.runs or now > clock.due_at:
        return None
    left = clock.left(now)
    if clock.term.unit is Unit.HOURS:
        return word("left_hours", language, n=int(left))
    days = int(left)
    return word(f"left_{clock.term.unit}{'_one' if days == 1 else ''}", language, n=days) if days else None


def _pause(clock: Clock, catalog: Catalog, language: str, now: datetime) -> dict[str, Any] | None:
    if clock.suspended_at is None:
        return None
    pause = clock.pauses[-1]
    over = now.astimezone(clock.count.zone).date() > pause.until
    return {
        "since": words.day(pause.since, catalog),
        "until": _written(pause.until, language),
        "over": over,
        "prolonged": pause.prolonged,
    }


def _extension(found: Told, catalog: Catalog) -> dict[str, str] | None:
    """The present agency's extension, with the reason that was sent to the citizen."""
    present = found.clocks.present
    if not present.extensions:
        return None
    said = [e.data for e in found.events if e.kind == EventKind.EXTENDED and e.at >= present.started_at]
    return {"until": words.day(present.due_at, catalog), "reason": str(said[-1].get("reason", "")) if said else ""}


def _moves(found: Told, catalog: Catalog) -> list[dict[str, str]]:
    """Where the case went, with the reasons that were sent to the citizen."""
    return [
        {
            "day": words.day(event.at, catalog),
            "to": words.short_name(catalog, event.data["to"]),
            "reason": str(event.data.get("reason", "")),
        }
        for event in found.events
        if event.kind == EventKind.TRANSFERRED
    ]


def _granted(catalog: Catalog, clock: Clock) -> dict[str, str] | None:
    if clock.deemed_granted_at is None:
        return None
    after = catalog.terms[clock.term_class].granted_after or 0
    last = clock.count.end(clock.due_at.astimezone(clock.count.zone).date(), after, Unit.BUSINESS_DAYS)
    return {"since": words.day(clock.deemed_granted_at, catalog), "copies": words.day(last, catalog)}


def _day(day: Day, clock: Clock, language: str) -> dict[str, Any]:
    more = clock.extensions and day.number is not None and day.number > clock.term.n
    code = "day_extension" if more else f"day_{day.code}"
    return {
        "number": day.number,
        "date": _written(day.date, language, "EEE d MMM"),
        "iso": day.date.isoformat(),
        "why": word(code, language, name=day.reason),
    }


def _written(day: date, language: str, pattern: str = "EEE d MMM y") -> str:
    return format_date(day, pattern, locale=_LOCALES.get(language, "en_GB"))
