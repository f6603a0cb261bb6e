"""What the queue is narrowed to, as a form says it, as an address carries it and as a saved view keeps it.

All three are the same: a few named texts. What cannot be read is left out and named, so that whoever looks knows that
the list is wider than it says. A key that is well formed and means nothing any more, such as that of an agency that is
gone, stays: it finds nothing, rather than everything.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from gateway.principal import Principal
from gateway.store.queue import Filter
from routing.case import CaseState

_KEY: Final = r"[a-z][a-z0-9_-]{0,39}"
_STATE: Final = "|".join(CaseState)
_DAY: Final = r"(?:19|20)\d{2}-\d{2}-\d{2}"
# Each field of the form, and what it may hold; also the order in which a filter is told.
FIELDS: Final[Mapping[str, str]] = {
    "state": rf"(?:{_STATE})(?:,(?:{_STATE}))*",
    "agency": _KEY,
    "channel": _KEY,
    "topic": _KEY,
    "class": _KEY,
    "territory": r"\d{2}(?:\d{3})?",
    "assignee": r"me|nobody|\d{1,18}",
    "due": "overdue|today|week",
    "due_before": _DAY,
    "received_from": _DAY,
    "received_to": _DAY,
}
_DAYS: Final = ("due_before", "received_from", "received_to")
# The built-in views as the form says them, so that narrowing goes on from what is on the screen.
OF_VIEWS: Final[Mapping[str, Mapping[str, str]]] = {
    "mine": {"state": "open,waiting", "assignee": "me"},
    "unassigned": {"state": "open", "assignee": "nobody"},
    "open": {"state": "open,waiting"},
    "overdue": {"state": "open", "due": "overdue"},
    "today": {"state": "open", "due": "today"},
    "waiting": {"state": "waiting"},
    "failed": {},
    "ended": {"state": "answered,closed"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What was understood, and the names of the fields that were not."""

    fields: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    @property
    def states(self) -> tuple[str, ...]:
        """The states asked for; none: all."""
        return tuple(self.fields["state"].split(",")) if "state" in self.fields else ()

    @property
    def query(self) -> str:
        """As an address carries it."""
        return urlencode(self.fields)


def read(said: Any) -> Narrowing:
    """The narrowing that a form, an address or a document says. Whatever it holds, there is no error."""
    if not isinstance(said, Mapping):
        return Narrowing(ignored=tuple(FIELDS))
    fields, ignored = {}, []
    for name, pattern in FIELDS.items():
        value = said.get(name)
        value = value.strip() if isinstance(value, str) else value
        if value in (None, ""):
            continue
        if isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) and _is_day(name, value):
            fields[name] = value
        else:
            ignored.append(name)
    return Narrowing(fields=fields, ignored=tuple(ignored))


def of_query(query: Any) -> Narrowing:
    """The narrowing of an address: the states may be ticked one by one, and are separated by commas otherwise."""
    states = ",".join(each for each in query.getall("state", []) if each)
    return read({**query, "state": states})


def _is_day(name: str, value: str) -> bool:
    if name not in _DAYS:
        return True
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def filter_of(fields: Mapping[str, str], principal: Principal, *, now: datetime, timezone: str) -> Filter:
    """The filter for the store. `me` is whoever asks; days begin and end in that time zone."""
    zone = ZoneInfo(timezone)
    days = {name: _midnight(date.fromisoformat(fields[name]), zone) for name in _DAYS if name in fields}
    tomorrow = _midnight(now.astimezone(zone).date() + timedelta(days=1), zone)
    due, who = fields.get("due"), fields.get("assignee")
    ends = {"today": tomorrow, "week": tomorrow + timedelta(days=7)}
    before = [at for at in (ends.get(due or ""), days.get("due_before")) if at is not None]
    return Filter(
        agency=fields.get("agency"),
        state=tuple(fields["state"].split(",")) if "state" in fields else (),
        channel=fields.get("channel"),
        topic=fields.get("topic"),
        term_class=fields.get("class"),
        territory=fields.get("territory"),
        assignee_id=_somebody(who, principal),
        unassigned=who == "nobody",
        overdue_at=now if due == "overdue" else None,
        due_from=now if due in ends else None,
        due_before=min(before) if before else None,
        received_from=days.get("received_from"),
        received_to=days["received_to"] + timedelta(days=1) if "received_to" in days else None,
    )


def _somebody(who: str | None, principal: Principal) -> int | None:
    if who in (None, "nobody"):
        return None
    return principal.id if who == "me" else int(who or 0)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
