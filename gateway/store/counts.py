"""What a clock counts as, as one number, its code: a bit for each count, and how long it took until a person acted.

Few codes of a million differ. To join them in one text and to tell how often each occurs is quicker than to have the
engine count fifteen things, and it need not sort by what groups the counts.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from gateway.store.schema import micros
from routing.timeliness import QUARTER_MINUTES

if TYPE_CHECKING:
    from gateway.store.timeliness import Asked

_SECOND: Final = 1_000_000

COUNTS: Final = (
    "n", "answered", "on_time", "late", "decided", "ripe", "extended", "suspended", "sent_on", "misrouted", "arrived",
    "closed", "grantable", "granted", "texted",
)  # fmt: skip
# Bits of a code: the counts, and above them the quarters of a business hour to the first act of a person, -1 for none.
_BITS: Final = {name: 1 << place for place, name in enumerate(COUNTS)}
_ALL: Final = 1 << len(COUNTS)
# Nearly every clock that has ended is ordinary, and counts as these; whether it counts as those must be looked at.
_ORDINARY: Final = (
    "c.answered_at IS NOT NULL AND c.ended_by = 'answered' AND c.began = 'received' AND NOT c.extended AND NOT c.paused"
    " AND c.deemed_granted_at IS NULL"
)
_ORDINARY_COUNTS: Final = ("n", "answered", "decided", "closed")
_OPEN_COUNTS: Final = ("on_time", "late", "ripe", "grantable", "texted")


def spread(texts: Iterable[str]) -> Iterator[tuple[str, tuple[int, ...], int | None, int]]:
    """Codes of texts: key or an empty text, the places in `COUNTS`, quarters, and how often it occurs."""
    occurring: Counter[str] = Counter()
    for text in texts:
        occurring.update(text.split("\n"))
    for code, n in occurring.items():
        number, _, key = code.partition(" ")
        quarters, marks = divmod(int(number), _ALL)
        yield key, _places(marks), quarters if quarters >= 0 else None, n


@lru_cache(maxsize=_ALL)
def _places(marks: int) -> tuple[int, ...]:
    return tuple(place for place in range(len(COUNTS)) if marks >> place & 1)


def condition(name: str, asked: "Asked", *, running: bool) -> tuple[str, tuple[str, ...]]:
    """What a clock `c` must be to count as one of `COUNTS`, and the values of its marks.

    `running`: clocks that have not ended, which may be past due though nobody has noted it yet.
    """
    now = micros(asked.now)
    overdue = f"(c.suspended_at IS NULL AND c.due_at + {_SECOND} <= {now})" if running else "1 = 0"
    late = f"(c.late_at IS NOT NULL OR {overdue})"
    classes, channels = among("c.term_class", asked.granted), among("c.channel", asked.texting)
    found: dict[str, tuple[str, tuple[str, ...]]] = {
        "n": ("1 = 1", ()),
        "answered": ("c.answered_at IS NOT NULL", ()),
        # What was answered while the citizen owed something was never late, whatever its old deadline says.
        "on_time": (
            f"c.answered_at IS NOT NULL AND (c.late_at IS NULL OR c.answered_at < c.due_at + {_SECOND})", ()
        ),
        "late": (late, ()),
        "decided": (f"c.answered_at IS NOT NULL OR {late}", ()),
        "ripe": (f"{late} OR (c.answered_at IS NOT NULL AND c.due_at + {_SECOND} <= {now})", ()),
        "extended": ("c.extended", ()),
        "suspended": ("c.paused", ()),
        "sent_on": ("c.ended_by = 'transferred'", ()),
        "misrouted": ("c.ended_by = 'transferred' AND c.late_at IS NULL", ()),
        "arrived": ("c.latest AND c.began = 'transferred'", ()),
        "closed": ("c.ended_by <> 'transferred'", ()),
        "grantable": (classes, asked.granted),
        "granted": (
            f"{classes} AND (c.deemed_granted_at IS NOT NULL OR (c.late_at IS NULL AND {overdue}))", asked.granted
        ),
        "texted": (channels, asked.texting),
    }  # fmt: skip
    return found[name]


def of_ended(asked: "Asked") -> tuple[str, list[str]]:
    """The code of a clock `c` that has ended, and the values of its marks."""
    known = sum(_BITS[name] for name in _ORDINARY_COUNTS)
    some, values = _marks(asked, _OPEN_COUNTS, running=False)
    every, more = _marks(asked, COUNTS, running=False)
    return _code(f"CASE WHEN {_ORDINARY} THEN {known} + {some} ELSE {every} END"), [*values, *more]


def of_running(asked: "Asked") -> tuple[str, list[str]]:
    """The code of a clock `c` that has not ended, and the values of its marks."""
    marks, values = _marks(asked, COUNTS, running=True)
    return _code(marks), values


def _code(marks: str) -> str:
    return f"coalesce(c.touch_minutes / {QUARTER_MINUTES}, -1) * {_ALL} + {marks}"


def _marks(asked: "Asked", names: Sequence[str], *, running: bool) -> tuple[str, list[str]]:
    """The sum of the bits of those counts that hold for a clock `c`, and the values of its marks."""
    conditions = [(_BITS[name], condition(name, asked, running=running)) for name in names]
    sums = " + ".join(f"CASE WHEN {sql} THEN {bit} ELSE 0 END" for bit, (sql, _) in conditions)
    return sums, [value for _, (_, values) in conditions for value in values]


def among(column: str, values: Sequence[str]) -> str:
    """The condition that a column is one of the values."""
    return f"{column} IN ({', '.join('?' * len(values))})" if values else "1 = 0"
