"""Full-text search on SQLite: under 200 ms at five million messages, whatever is asked and whoever asks.

python -m benchmarks.search [--messages 100000] [--rounds 15] [--keep folder]
"""

import argparse
import asyncio
import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.catalog.file import load
from gateway.clock import id_at, now
from gateway.principal import Principal, Role
from gateway.search import query as search_query
from gateway.search import suggestions
from gateway.search.reader import rebuild
from gateway.store import queue, search
from gateway.store import schema as t
from gateway.store.bulk import insert_rows
from gateway.store.engine import Store, open_store
from gateway.store.migrate import migrate
from gateway.store.queue import Filter
from gateway.store.schema import micros
from routing.case_number import format_number
from routing.catalog import Catalog

_CONFIG: Final = Path(__file__).parent.parent / "config"
_BLOCK: Final = 5_000
_VOCABULARY: Final = 60_000
_AGENCIES: Final = 40
_DAYS: Final = 730
_NAMES: Final = ("María", "José", "Luis", "Ana", "Carlos", "Luz", "Jorge", "Marta", "Andrés", "Rosa", "Óscar", "Yenny")
_SURNAMES: Final = ("García", "Rodríguez", "Martínez", "López", "Quispe", "Pérez", "Gómez", "Ñáñez", "Amaya", "Tique")
_TIMEZONE: Final = "America/Bogota"


Block = dict[str, list[dict[str, Any]]]


class Citizens:
    """Texts, people and agencies as unequal as in life: few words make most of the text, few agencies most cases."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        syllables = [
            c + v for c in ("b", "c", "d", "f", "g", "l", "m", "n", "p", "r", "s", "t", "ch", "tr") for v in "aeiou"
        ]
        made = ("".join(parts) for length in (2, 3, 4) for parts in itertools.product(syllables, repeat=length))
        self.words = [
            word + "ción" if place % 7 == 3 else word for place, word in enumerate(itertools.islice(made, _VOCABULARY))
        ]
        self.chance.shuffle(self.words)
        self._words = list(itertools.accumulate(1 / (rank + 8) for rank in range(_VOCABULARY)))
        self._agencies = list(itertools.accumulate(1 / (rank + 1) ** 1.3 for rank in range(_AGENCIES)))

    def text(self) -> str:
        return " ".join(self.chance.choices(self.words, cum_weights=self._words, k=self.chance.randint(5, 18)))

    def agency(self) -> str:
        return f"a{self.chance.choices(range(_AGENCIES), cum_weights=self._agencies)[0]}"

    def name(self) -> str:
        return f"{self.chance.choice(_NAMES)} {self.chance.choice(_SURNAMES)} {self.chance.choice(_SURNAMES)}"


def rows(citizens: Citizens, messages: int, until: datetime) -> Iterator[Block]:
    """Contacts, addresses, cases, messages and answering events, two messages a case, over two years."""
    step = timedelta(days=_DAYS) / max(1, messages)
    begun = until - timedelta(days=_DAYS)
    for start in range(0, messages // 2, _BLOCK):
        block: Block = {n: [] for n in ("contact", "address", "cases", "message", "case_event")}
        for place in range(start, min(start + _BLOCK, messages // 2)):
            _case(block, citizens, place, begun + 2 * place * step, step, is_open=place > messages // 2 * 0.97)
        yield block


def _case(block: Block, citizens: Citizens, place: int, at: datetime, step: timedelta, *, is_open: bool) -> None:
    ids = [id_at(at) + place % 4096, id_at(at + step) + place % 4096 + 4096]
    said, urn, agency = micros(at), f"tel:+573{place:09d}", citizens.agency()
    block["contact"].append({"id": ids[0], "name": citizens.name(), "language": "es", "created_at": said})
    block["address"].append(
        {"urn": urn, "contact_id": ids[0], "channel": "sms", "answerable": True, "created_at": said}
    )
    block["cases"].append({
        "id": ids[0], "number": format_number(2024, place + 1), "contact_id": ids[0], "reply_channel": "sms",
        "reply_urn": urn, "channel": "sms", "agency": agency, "term_class": "general", "language": "es",
        "state": "open" if is_open else "closed", "received_at": said, "due_at": said, "effective": "",
        "citizen_due_at": said, "active_at": said, "answered_at": None if is_open else said, "last_line": "x",
        "last_by": "citizen",
    })  # fmt: skip
    for message_id, direction, kind in zip(ids, ("in", "out"), ("question", "answer"), strict=True):
        block["message"].append({
            "id": message_id, "case_id": ids[0], "contact_id": ids[0], "urn": urn, "channel": "sms",
            "direction": direction, "kind": kind, "text": citizens.text(), "status": "received", "at": said,
        })  # fmt: skip
    data = {"messages": [str(ids[1])], "final": True}
    block["case_event"].append(
        {"id": ids[1], "case_id": ids[0], "kind": "replied", "at": said, "actor": "staff:1", "data": data}
    )


async def fill(store: Store, citizens: Citizens, messages: int) -> None:
    """Write the rows, a block a commit."""
    for block in rows(citizens, messages, now()):

        async def work(conn: AsyncConnection, block: Block = block) -> None:
            for name, made in block.items():
                await insert_rows(conn, t.metadata.tables[name], made)

        await store.transact(work)


Search = Callable[[AsyncConnection], Awaitable[object]]


def searches(citizens: Citizens, messages: int, catalog: Catalog) -> Iterator[tuple[str, Callable[[], Search]]]:
    """What is asked, each time with other words."""
    whole = Principal(id=1, name="x", role=Role.ADMINISTRATOR, agency=None)
    large, small = (Principal(id=1, name="x", role=Role.MANAGER, agency=f"a{n}") for n in (0, _AGENCIES - 1))
    chance, words = citizens.chance, citizens.words

    def asking(principal: Principal, text: Callable[[], str], **wanted: Any) -> Callable[[], Search]:
        def made() -> Search:
            query = search_query.read(text(), timezone=_TIMEZONE)
            return lambda conn: search.find(conn, principal, query, Filter(**wanted), below=2**63 - 1)

        return made

    def frequent() -> str:
        return words[chance.randrange(5)]

    def usual() -> str:
        return words[chance.randrange(100, 2000)]

    yield "a frequent word, everywhere", asking(whole, frequent)
    yield "a frequent word, largest agency", asking(large, frequent)
    yield "a frequent word, smallest agency", asking(small, frequent)
    yield "two frequent words, smallest agency", asking(small, lambda: f"{words[chance.randrange(5)]} {words[5]}")
    yield "a frequent word in open cases, smallest agency", asking(small, frequent, state=("open",))
    yield "two usual words, everywhere", asking(whole, lambda: f"{usual()} {usual()}")
    yield "a rare word, everywhere", asking(whole, lambda: words[chance.randrange(50_000, _VOCABULARY)])
    yield (
        "a phrase of frequent words, everywhere",
        asking(whole, lambda: f'"{frequent()} {words[chance.randrange(9)]}"'),
    )
    yield "a beginning of four letters, everywhere", asking(whole, lambda: usual()[:4] + "*")
    yield "a frequent word a year ago", asking(whole, lambda: f"{frequent()} from:{_ago(380)} to:{_ago(360)}")
    yield "a name", asking(large, citizens.name)
    yield "a telephone's last four digits", asking(large, lambda: f"{chance.randrange(10_000):04d}")
    yield "a case number", asking(whole, lambda: format_number(2024, chance.randrange(1, messages // 2)))
    yield (
        "similar answered cases",
        lambda: lambda conn: _similar(conn, whole, format_number(2024, chance.randrange(1, messages // 2))),
    )
    yield "likeliest agencies", lambda: lambda conn: suggestions.likeliest(conn, citizens.text(), catalog=catalog)


def _ago(days: int) -> str:
    return f"{now() - timedelta(days=days):%Y-%m-%d}"


async def _similar(conn: AsyncConnection, principal: Principal, number: str) -> object:
    return await suggestions.similar(conn, principal, await queue.find(conn, principal, number))


async def measure(store: Store, made: Callable[[], Search], rounds: int) -> list[tuple[float, float]]:
    """Milliseconds of each round, and those of them in which a processor worked for it."""
    found = []
    for _ in range(rounds):
        ask = made()
        async with store.read() as conn:
            begun, worked = time.perf_counter(), time.process_time()
            await ask(conn)
            found.append(((time.perf_counter() - begun) * 1000, (time.process_time() - worked) * 1000))
    return found


async def run(messages: int, rounds: int, folder: Path) -> None:
    """Fill, read and ask; print the table."""
    citizens = Citizens(7)
    path = folder / f"search-{messages}.db"
    is_there = path.exists()
    store = await open_store(f"sqlite:///{path}", serving=True)
    try:
        if not is_there:
            await migrate(store)
            await fill(store, citizens, messages)
            before, begun = path.stat().st_size, time.perf_counter()
            await rebuild(store)
            taken, size = time.perf_counter() - begun, path.stat().st_size - before
            print(f"index: {messages / taken:,.0f} messages/s, {size / messages:.0f} bytes a message\n", flush=True)
        print(f"| {messages:,} messages | median ms | worst ms | median of processor, ms |\n|---|---|---|---|")
        for name, made in searches(citizens, messages, load(_CONFIG)):
            times, worked = zip(*await measure(store, made, rounds), strict=True)
            figures = statistics.median(times), max(times), statistics.median(worked)
            print(f"| {name} | {' | '.join(f'{figure:.0f}' for figure in figures)} |", flush=True)
    finally:
        await store.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--keep", type=Path, help="a folder in which the database stays for the next time")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(chosen.messages, chosen.rounds, chosen.keep or Path(folder)))


if __name__ == "__main__":
    main()
