"""Faults on demand: each is armed for the next request it fits, and used up by it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """What goes wrong next."""

    # Of Twilio, when the gateway sends
    THROTTLED = "throttled"  # 429 with Retry-After; `seconds`
    SERVER_ERROR = "server_error"  # a bare 500
    TIMEOUT = "timeout"  # the text is accepted and delivered, and the request never answered, nor reported on
    ANSWER_LOST = "answer_lost"  # accepted, the connection breaks before the answer, the receipts come
    OPTED_OUT = "opted_out"  # 400 with code 21610
    UNDELIVERED = "undelivered"  # accepted, then a receipt with 30005
    DELAYED = "delayed"  # delivered, and reported, `seconds` later
    REVERSED = "reversed"  # "delivered" is reported before "sent"
    # Of Twilio, when the phone writes
    DUPLICATE = "duplicate"  # the same webhook request twice
    # Of Telegram
    BLOCKED = "blocked"  # 403: the person blocked the bot
    TELEGRAM_THROTTLED = "telegram_throttled"  # 429 with retry_after; `seconds`
    # Of USSD
    REPEATED = "repeated"  # the same request twice


SENDING: Final = (
    Fault.THROTTLED,
    Fault.SERVER_ERROR,
    Fault.TIMEOUT,
    Fault.ANSWER_LOST,
    Fault.OPTED_OUT,
    Fault.UNDELIVERED,
    Fault.DELAYED,
    Fault.REVERSED,
)
WRITING: Final = (Fault.DUPLICATE,)
CHATTING: Final = (Fault.BLOCKED, Fault.TELEGRAM_THROTTLED)
DIALLING: Final = (Fault.REPEATED,)
# Seconds, where none are given.
SECONDS: Final = {Fault.THROTTLED: 5.0, Fault.TELEGRAM_THROTTLED: 5.0, Fault.DELAYED: 20.0}
# Nobody waits longer for a demonstration.
MOST_SECONDS: Final = 300.0
_MOST_ARMED: Final = 50


@dataclass(frozen=True, slots=True)
class Armed:
    """A fault that waits for its request."""

    fault: Fault
    seconds: float = 0.0


class Faults:
    """Those that wait, in the order they were armed."""

    def __init__(self) -> None:
        self._armed: list[Armed] = []

    def arm(self, fault: Fault, seconds: float | None = None) -> None:
        """Let it happen to the next request it fits. ValueError when too many wait, or for senseless seconds."""
        if len(self._armed) >= _MOST_ARMED:
            raise ValueError("enough faults wait already")
        wait = SECONDS.get(fault, 0.0) if seconds is None else seconds
        if not 0 <= wait <= MOST_SECONDS:
            raise ValueError(f"seconds must lie between 0 and {MOST_SECONDS:g}")
        self._armed.append(Armed(fault, wait))

    def take(self, among: tuple[Fault, ...]) -> Armed | None:
        """The first that fits this kind of request; it is used up."""
        found = next((each for each in self._armed if each.fault in among), None)
        if found:
            self._armed.remove(found)
        return found

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._armed.clear()

    def waiting(self) -> list[Armed]:
        """What waits."""
        return list(self._armed)
