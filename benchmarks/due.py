"""Legal clocks: a due date under 5 µs over a year of petitions, and the clocks of a case derived from its log.

python -m benchmarks.due [--petitions 200000] [--runs 5]
"""

import argparse
import gc
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.catalog.file import load
from routing.case import EventKind
from routing.catalog import Catalog
from routing.clocks import Event, clocks
from routing.steps import first, pending
from routing.terms import due

CONFIG = Path(__file__).parents[1] / "config"
_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
# Most petitions name no class, and most of the others ask for information.
_SHARES = {"general": 60, "information": 15, "documents": 8, "complaint": 6, "claim": 4, "consultation": 4,
           "health-priority": 2, "data-query": 1}  # fmt: skip
_LOGS = 2_000


def petitions(catalog: Catalog, count: int) -> list[tuple[str, str, datetime]]:
    """So many petitions of a year as they come: agency, class, instant. Most go to the big agencies, mostly by day."""
    chance = random.Random(7)
    agencies = sorted(catalog.agencies)
    chosen = chance.choices(agencies, [1 / (place + 1) for place in range(len(agencies))], k=count)
    classes = chance.choices(list(_SHARES), list(_SHARES.values()), k=count)
    return list(zip(chosen, classes, sorted(_instant(chance) for _ in range(count)), strict=True))


def _instant(chance: random.Random) -> datetime:
    # Two in three within office hours in Bogotá, the rest at any time.
    hour = chance.uniform(13, 22) if chance.random() < 0.67 else chance.uniform(0, 24)
    return _YEAR + timedelta(days=chance.randrange(365), hours=hour)


def log_of(agency: str, other: str, term_class: str, at: datetime) -> list[Event]:
    """What happens to a case that has everything: asked to complete, extended, passed on, answered."""
    day = timedelta(days=1)
    staff, system = "staff:7", "system"
    return [
        Event(EventKind.RECEIVED, at, "citizen", {}),
        Event(EventKind.ROUTED, at, system, {"agency": agency, "term_class": term_class}),
        Event(EventKind.ASSIGNED, at, system, {"staff": "7"}),
        Event(EventKind.NOTED, at + day, staff, {"message": "1"}),
        Event(EventKind.TRANSFERRED, at + 2 * day, staff, {"from": agency, "to": other}),
        Event(EventKind.TAKEN, at + 3 * day, staff, {"staff": "7"}),
        Event(EventKind.COMPLETION_REQUESTED, at + 4 * day, staff, {}),
        Event(EventKind.SUSPENDED, at + 4 * day, system, {}),
        Event(EventKind.COMPLETED, at + 9 * day, "citizen", {"message": "2"}),
        Event(EventKind.WARNED, at + 12 * day, system, {"clock": 1}, once="1.0:half"),
        Event(EventKind.EXTENDED, at + 13 * day, staff, {"n": 25}),
        Event(EventKind.REPLIED, at + 20 * day, staff, {"final": True}),
    ]


def timed(work: Callable[[], int]) -> float:
    """Microseconds of processor time for each of what one run did: nothing here waits."""
    gc.collect()
    begun = time.process_time()
    done = work()
    return (time.process_time() - begun) * 1e6 / done


def measure(count: int, runs: int) -> list[tuple[str, list[float]]]:
    """Microseconds of every run, for each thing measured. Each run has a catalog that nothing is known of yet."""
    sample = petitions(load(CONFIG), count)
    cases = sample[:: max(1, count // _LOGS)]
    agencies = sorted({agency for agency, _, _ in sample})
    logs = [log_of(agency, agencies[0], term_class, at) for agency, term_class, at in cases]
    taken: dict[str, list[float]] = {}
    for _ in range(runs):
        catalog = load(CONFIG)

        def dates(catalog: Catalog = catalog) -> int:
            for agency, term_class, at in sample:
                due(catalog, agency=agency, term_class=term_class, received_at=at)
            return len(sample)

        def steps(catalog: Catalog = catalog) -> int:
            for agency, term_class, at in sample:
                first(catalog, agency, term_class, due(catalog, agency=agency, term_class=term_class, received_at=at))
            return len(sample)

        def folds(catalog: Catalog = catalog) -> int:
            for log in logs:
                clocks(log, catalog, log[-1].at)
            return len(logs)

        def folds_and_steps(catalog: Catalog = catalog) -> int:
            for log in logs:
                pending(clocks(log[:-1], catalog, log[-1].at), catalog)
            return len(logs)

        for name, work in (
            ("a due date, from a fresh catalog", dates),
            ("a due date again", dates),
            ("a due date and its first step", steps),
            (f"the clocks of a log of {len(logs[0])} entries", folds),
            ("the same before its answer, and its next steps", folds_and_steps),
        ):
            taken.setdefault(name, []).append(timed(work))
    return list(taken.items())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--petitions", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    print(f"{chosen.petitions:,} petitions of a year, medians of {chosen.runs} runs\n")
    print("| what | each, µs | slowest run |\n|---|---|---|")
    for name, taken in measure(chosen.petitions, chosen.runs):
        print(f"| {name} | {statistics.median(taken):.2f} | {max(taken):.2f} |", flush=True)


if __name__ == "__main__":
    main()
