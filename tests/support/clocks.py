"""A clock that stands until it is moved."""

from datetime import UTC, datetime, timedelta


class MovableClock:
    """Stands for the system's clock. It begins on a working day's morning in Bogotá."""

    def __init__(self) -> None:
        self.at = datetime(2026, 7, 6, 15, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        """On by so many days, hours, minutes or seconds."""
        self.at += timedelta(**by)
