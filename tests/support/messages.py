"""Messages and known cases for tests, with everything that does not matter filled in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from channels.message import Address, InboundMessage
from routing.case import CaseState, KnownCase
from routing.case_number import format_number

NOW = datetime(2026, 7, 3, 15, 0, tzinfo=UTC)


def said(text: str, **fields: Any) -> InboundMessage:
    """An SMS that says `text`; any field of the message can be given."""
    given = {"channel": "sms", "provider_id": "SM1", "sender": Address("tel", "+573005550001"), **fields}
    return InboundMessage(text=text, **given)


def known_case(
    consecutive: int, *, agency: str = "sena", hours: float = 1, ended_days: float | None = None
) -> KnownCase:
    """A case last active so many hours ago, or one that ended so many days ago."""
    ended_at = None if ended_days is None else NOW - timedelta(days=ended_days)
    return KnownCase(
        id=consecutive,
        number=format_number(2026, consecutive),
        agency=agency,
        state=CaseState.OPEN if ended_at is None else CaseState.ANSWERED,
        received_at=NOW - timedelta(days=30),
        active_at=ended_at or NOW - timedelta(hours=hours),
        ended_at=ended_at,
    )
