"""Every indicator once more, from the event logs and the messages alone, one case at a time and without SQL."""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from routing.catalog import Catalog
from routing.clocks import Began, Clock, Clocks

SECOND = timedelta(seconds=1)
Told = tuple[float | None, int | None, int]


@dataclass(frozen=True)
class Stay:
    """A clock of a case, with all the others and what was said."""

    case: Any
    clocks: Clocks
    no: int
    messages: Sequence[Any]

    @property
    def clock(self) -> Clock:
        return self.clocks.legal[self.no]

    @property
    def is_last(self) -> bool:
        return self.no == max(no for no, clock in enumerate(self.clocks.legal) if clock.began is not Began.REOPENED)

    @property
    def following(self) -> Clock | None:
        return self.clocks.legal[self.no + 1] if self.no + 1 < len(self.clocks.legal) else None


@dataclass(frozen=True)
class Recounted:
    """Cases as they are at `now`. `zone` is the deployment's."""

    catalog: Catalog
    now: datetime
    stays: Sequence[Stay]

    def of_cases(self, stays: Iterable[Stay], backlog: Iterable[Stay]) -> dict[str, Told]:
        """The figures of clocks where each case counts once."""
        last = [stay for stay in stays if stay.clock.began is not Began.REOPENED and stay.is_last]
        sent = [clock for stay in last for clock in stay.clocks.legal if clock.ended_by == "transferred"]
        wrong = [
            stay for stay in last
            if any(clock.ended_by == "transferred" and clock.late_at is None for clock in stay.clocks.legal)
        ]  # fmt: skip
        moved = [stay for stay in last if stay.clock.began is Began.TRANSFERRED]
        chain = len(last) + len(sent)
        return self._figures(last, backlog, moved=len(moved), wrong=len(wrong), sent=sent) | {
            "chain_length": (chain / len(last) if last else None, chain, len(last))
        }

    def of_stays(self, stays: Iterable[Stay], backlog: Iterable[Stay]) -> dict[str, Told]:
        """The figures of clocks where each stay counts."""
        every = [stay for stay in stays if stay.clock.began is not Began.REOPENED]
        sent = [stay.clock for stay in every if stay.clock.ended_by == "transferred"]
        wrong = [clock for clock in sent if clock.late_at is None]
        found = self._figures(every, backlog, moved=len(sent), wrong=len(wrong), sent=sent)
        share, hits, n = found["on_time"]
        return found | {"score": (_wilson_low(share, n) if share is not None and n >= 10 else None, hits, n)}

    def _figures(
        self, stays: Sequence[Stay], backlog: Iterable[Stay], *, moved: int, wrong: int, sent: Sequence[Clock]
    ) -> dict[str, Told]:
        answered = [stay for stay in stays if stay.clock.answered_at is not None]
        late = [stay for stay in stays if stay.clock.late_at is not None]
        decided = [stay for stay in stays if stay in answered or stay in late]
        ripe = [stay for stay in stays if stay in late or (stay in answered and stay.clock.due_at + SECOND <= self.now)]
        on_time = [stay for stay in answered if stay.clock.late_at is None or _in_time(stay.clock)]
        closed = [stay for stay in stays if stay.clock.ended_at and stay.clock.ended_by != "transferred"]
        grantable = [stay for stay in stays if self.catalog.terms[stay.clock.term_class].granted_after is not None]
        granted = [stay for stay in grantable if stay.clock.deemed_granted_at is not None]
        days = [_business_days(stay) for stay in answered]
        waited = [_calendar_days(stay) for stay in answered]
        touches = [minutes // 15 for stay in stays if (minutes := _touch(stay)) is not None]
        ages = [
            clock.count.workdays.between(clock.effective, self._day(clock, self.now))
            for clock in (stay.clock for stay in backlog)
        ]
        n, scored = len(stays), [clock for clock in sent if clock.transfer_due_at is not None]
        in_time = [c for c in scored if c.ended_at and c.transfer_due_at and c.ended_at < c.transfer_due_at + SECOND]
        return {
            "received": (n, n, n),
            "answered": _share(len(answered), n),
            "on_time": _share(len(on_time), len(decided)),
            "ever_late": _share(len(late), len(ripe)),
            "days_median": _told(statistics.median, days),
            "days_p90": _told(_p90, days),
            "citizen_days_median": _told(statistics.median, waited),
            "citizen_days_p90": _told(_p90, waited),
            "touch_median": _told(lambda values: statistics.median(values) / 4, touches),
            "backlog": (len(ages), len(ages), len(ages)),
            **{
                name: (found := sum(first <= age <= last for age in ages), found, len(ages))
                for name, first, last in (
                    ("backlog_0_5", 0, 5), ("backlog_6_10", 6, 10), ("backlog_11_15", 11, 15),
                    ("backlog_16_30", 16, 30), ("backlog_over_30", 31, 9999),
                )
            },
            "backlog_oldest": (max(ages, default=None), None, len(ages)),
            "extended": _share(sum(stay.clock.extensions > 0 for stay in stays), n),
            "suspended": _share(sum(bool(stay.clock.pauses) for stay in stays), n),
            "transferred": _share(moved, n),
            "misrouted": _share(wrong, n),
            "transfers_in_time": _share(len(in_time), len(scored)),
            "deemed_granted": _share(len(granted), len(grantable)),
            "closed_wordless": _share(sum(_wordless(stay) for stay in closed), len(closed)),
            "reopened_soon": _share(sum(self._soon(stay) for stay in closed), len(closed)),
            "by_text": _share(sum(stay.case.channel in ("sms", "ussd") for stay in stays), n),
        }  # fmt: skip

    def _soon(self, stay: Stay) -> bool:
        following, ended = stay.following, stay.clock.ended_at
        if following is None or following.began is not Began.REOPENED or ended is None:
            return False
        first, again = self._day(stay.clock, ended), self._day(stay.clock, following.started_at)
        return stay.clock.count.workdays.between(first, again) <= 10

    def _day(self, _clock: Clock, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.catalog.gateway.timezone)).date()


def of_messages(messages: Sequence[Any], *, of_all: int) -> dict[str, Told]:
    """The figures of messages and people. `of_all` is how many messages all groups have."""
    came = [m for m in messages if m.direction == "in"]
    went = [m for m in messages if m.direction == "out"]
    wrote = {m.contact_id for m in came}
    reached = wrote | {m.contact_id for m in went if m.status in ("delivered", "read")}
    answers: dict[tuple[int, datetime], int] = {}
    for m in went:
        if m.kind == "answer":
            answers[m.case_id, m.at] = answers.get((m.case_id, m.at), 0) + len(m.text)
    both = len(came) + len(went)
    return {
        "short_answers": _share(sum(size < 40 for size in answers.values()), len(answers)),
        "reach": (len(reached), len(reached), len(reached)),
        "interaction": _share(len(wrote), len(reached)),
        "messages_in": (len(came), len(came), of_all),
        "messages_out": (len(went), len(went), of_all),
        "messages_share": _share(both, of_all),
    }


def _share(part: int, n: int) -> Told:
    return (part / n if n else None), part, n


def _told(of: Callable[[Sequence[int]], float], values: Sequence[int]) -> Told:
    return (of(values) if values else None), None, len(values)


def _p90(values: Sequence[int]) -> float:
    return sorted(values)[math.ceil(len(values) * 9 / 10) - 1]


def _in_time(clock: Clock) -> bool:
    return clock.answered_at is not None and clock.answered_at < clock.due_at + SECOND


def _business_days(stay: Stay) -> int:
    clock = stay.clock
    assert clock.answered_at is not None
    return clock.count.workdays.between(clock.effective, clock.answered_at.astimezone(clock.count.zone).date())


def _calendar_days(stay: Stay) -> int:
    zone, answered = stay.clock.count.zone, stay.clock.answered_at
    assert answered is not None
    return (answered.astimezone(zone).date() - stay.clocks.citizen.started_at.astimezone(zone).date()).days


def _touch(stay: Stay) -> int | None:
    touch = stay.clocks.touches[stay.no]
    return None if touch is None else stay.clock.count.workdays.minutes(stay.clock.started_at, touch)


def _wordless(stay: Stay) -> bool:
    if stay.clock.answered_at is not None:
        return False
    return not any(m.kind in ("answer", "completion") and m.at >= stay.clock.started_at for m in stay.messages)


def _wilson_low(share: float, n: int) -> float:
    """Written another way than the one under test: the smaller root of (p - x)² = z² x (1 - x) / n."""
    z2 = statistics.NormalDist().inv_cdf(0.975) ** 2
    a, b, c = 1 + z2 / n, -(2 * share + z2 / n), share * share
    return (-b - math.sqrt(b * b - 4 * a * c)) / (2 * a)
