"""How often the suggested agencies are the right ones, on labelled questions, beside what the rules alone would say.

python -m benchmarks.suggestions questions.csv [--train 0.8] [--seeds 3] [--config config]

The file has a header with the columns text and agency. Of each agency's questions a share is learnt (as answered cases
of a gateway), the others are asked. Agencies that the configuration does not know are added to it without phrases. The
rules always name one agency; where none claims a text that is the triage desk, and counts as wrong unless labelled so.
"""

import argparse
import asyncio
import csv
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import Address, InboundMessage
from gateway.catalog.file import load
from gateway.clock import new_id, now
from gateway.search.reader import catch_up
from gateway.search.suggestions import likeliest
from gateway.store import schema as t
from gateway.store.bulk import insert_rows
from gateway.store.engine import Store, open_store
from gateway.store.migrate import migrate
from gateway.store.schema import micros
from routing.case_number import format_number
from routing.catalog import Catalog
from routing.rules import RuleSet

_BLOCK = 2_000


@dataclass(frozen=True, slots=True)
class Labelled:
    """A question and the agency that it belongs to."""

    text: str
    agency: str


@dataclass(slots=True)
class Score:
    """How many of the asked questions had the right agency first, among the first three, and by the rules alone."""

    asked: int = 0
    first: int = 0
    among_three: int = 0
    by_rules: int = 0
    milliseconds: float = 0.0

    def share(self, count: float) -> float:
        return count / max(1, self.asked)


def read(path: Path) -> list[Labelled]:
    """The questions of a file. ValueError without the two columns."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if not {"text", "agency"} <= set(rows.fieldnames or ()):
            raise ValueError(f"{path} needs a header with the columns text and agency")
        return [Labelled(row["text"], row["agency"].strip()) for row in rows if row["text"].strip()]


def split(labelled: Sequence[Labelled], share: float, seed: int) -> tuple[list[Labelled], list[Labelled]]:
    """What is learnt and what is asked; each agency's questions are parted alike."""
    chance = random.Random(seed)
    learnt: list[Labelled] = []
    asked: list[Labelled] = []
    for agency in sorted({one.agency for one in labelled}):
        its = [one for one in labelled if one.agency == agency]
        chance.shuffle(its)
        cut = round(len(its) * share)
        learnt += its[:cut]
        asked += its[cut:]
    chance.shuffle(learnt)
    return learnt, asked


def knowing(catalog: Catalog, labelled: Sequence[Labelled]) -> Catalog:
    """The catalog with every agency that the labels name."""
    pattern = next(iter(catalog.agencies.values()))
    bare = {
        key: pattern.model_copy(update={"key": key, "name": {}, "short": key, "topics": (), "keywords": ()})
        for key in {one.agency for one in labelled} - set(catalog.agencies)
    }
    return catalog.model_copy(update={"agencies": {**catalog.agencies, **bare}})


async def learn(store: Store, learnt: Sequence[Labelled]) -> None:
    """Write the questions as answered cases, and read them into the index."""
    at = micros(now())

    async def person(conn: AsyncConnection) -> None:
        await insert_rows(conn, t.contact, [{"id": 1, "name": None, "language": "es", "created_at": at}])

    await store.transact(person)
    for start in range(0, len(learnt), _BLOCK):
        cases, messages = [], []
        for place, one in enumerate(learnt[start : start + _BLOCK], start):
            case_id = new_id()
            cases.append(_case(case_id, place, one, at))
            messages.append({
                "id": new_id(), "case_id": case_id, "contact_id": 1, "urn": "tel:+57", "channel": "sms",
                "direction": "in", "kind": "question", "text": one.text, "status": "received", "at": at,
            })  # fmt: skip

        async def work(conn: AsyncConnection, cases: Any = cases, messages: Any = messages) -> None:
            await insert_rows(conn, t.cases, cases)
            await insert_rows(conn, t.message, messages)

        await store.transact(work)
    await catch_up(store)


def _case(case_id: int, place: int, one: Labelled, at: int) -> dict[str, Any]:
    return {
        "id": case_id, "number": format_number(2026, place + 1), "contact_id": 1, "reply_channel": "sms",
        "channel": "sms", "agency": one.agency, "term_class": "general", "language": "es", "state": "answered",
        "received_at": at, "due_at": at, "effective": "", "citizen_due_at": at, "active_at": at, "answered_at": at,
        "last_line": "x", "last_by": "citizen",
    }  # fmt: skip


async def ask(store: Store, asked: Sequence[Labelled], catalog: Catalog, rules: RuleSet) -> Score:
    """Ask each question."""
    score = Score()
    times = []
    for one in asked:
        begun = time.perf_counter()
        async with store.read() as conn:
            found = [likely.agency for likely in await likeliest(conn, one.text, catalog=catalog)]
        times.append((time.perf_counter() - begun) * 1000)
        message = InboundMessage(channel="sms", provider_id="1", sender=Address("tel", "+573005550001"), text=one.text)
        score.asked += 1
        score.first += found[:1] == [one.agency]
        score.among_three += one.agency in found
        score.by_rules += rules.route(message, language="es").agency == one.agency
    score.milliseconds = statistics.median(times) if times else 0.0
    return score


async def measure(labelled: Sequence[Labelled], *, share: float, seed: int, config: Path) -> Score:
    """One split, in a database of its own."""
    learnt, asked = split(labelled, share, seed)
    catalog = load(config)
    with tempfile.TemporaryDirectory() as folder:
        store = await open_store(f"sqlite:///{Path(folder) / 'v.db'}", serving=True)
        try:
            await migrate(store)
            await learn(store, learnt)
            return await ask(store, asked, knowing(catalog, labelled), RuleSet.of(catalog))
        finally:
            await store.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--train", type=float, default=0.8)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--config", type=Path, default=Path(__file__).parent.parent / "config")
    chosen = parser.parse_args()
    labelled = read(chosen.file)
    print("| asked | first suggestion right | among three | rules alone | median ms |\n|---|---|---|---|---|")
    for seed in range(chosen.seeds):
        found = asyncio.run(measure(labelled, share=chosen.train, seed=seed, config=chosen.config))
        print(
            f"| {found.asked} | {found.share(found.first):.3f} | {found.share(found.among_three):.3f}"
            f" | {found.share(found.by_rules):.3f} | {found.milliseconds:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
