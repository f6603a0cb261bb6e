"""Made-up histories of cases, written as logs and messages; the gateway derives from them what it keeps."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.clock import new_id
from gateway.store import schema as t
from gateway.store.bulk import insert_rows
from gateway.store.engine import Store
from gateway.store.schema import micros
from gateway.timekeeping.clocks import keep
from routing.catalog import Catalog

AGENCIES = ("sena", "dian", "alcaldia-leticia", "icbf")
CLASSES = ("general", "information", "consultation")
CHANNELS = ("sms", "ussd", "telegram", "web")
TERRITORIES = ("91001", "91540", "27001", None)
FIRST = datetime(2026, 1, 5, 8, tzinfo=UTC)
NOW = datetime(2026, 4, 16, 20, 30, tzinfo=UTC)
_AT_MOST_DAYS = 100


@dataclass
class History:
    """One case: its rows, and the instant its story has come to."""

    case: dict[str, Any]
    at: datetime
    events: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)

    def event(self, kind: str, actor: str = "system", **data: Any) -> None:
        self.events.append(
            {
                "id": new_id(), "case_id": self.case["id"], "kind": kind, "at": micros(self.at), "actor": actor,
                "data": data,
            }
        )  # fmt: skip

    def message(self, direction: str, kind: str, text: str, *, status: str = "delivered") -> str:
        row = {
            "id": new_id(), "case_id": self.case["id"], "contact_id": self.case["contact_id"], "urn": "tel:+57",
            "channel": self.case["channel"], "direction": direction, "kind": kind, "text": text, "status": status,
            "at": micros(self.at),
        }  # fmt: skip
        self.messages.append(row)
        return str(row["id"])

    def later(self, chance: random.Random, days: float) -> bool:
        """Some time goes by; False when it would be past now."""
        self.at += timedelta(seconds=chance.uniform(0.01, days) * 86_400)
        return self.at < NOW


def histories(number: int, *, seed: int) -> list[History]:
    """So many cases, the same for the same seed."""
    chance = random.Random(seed)
    return [_history(chance, place) for place in range(number)]


def _history(chance: random.Random, place: int) -> History:
    at = FIRST + timedelta(seconds=chance.uniform(0, _AT_MOST_DAYS) * 86_400)
    case_id, agency = new_id(), chance.choice(AGENCIES)
    case = {
        "id": case_id, "number": f"2026{place:07d}", "contact_id": 1 + chance.randrange(40), "reply_channel": "sms",
        "channel": chance.choice(CHANNELS), "agency": agency, "term_class": chance.choice(CLASSES),
        "territory": chance.choice(TERRITORIES), "language": "es", "state": "open", "received_at": micros(at),
        "due_at": micros(at), "effective": "", "citizen_due_at": micros(at), "active_at": micros(at),
        "last_line": "…", "last_by": "citizen",
    }  # fmt: skip
    history = History(case, at)
    history.event("received", "citizen", message="1")
    history.message("in", "question", "¿Cuándo abren las inscripciones?", status="received")
    history.message("out", "acknowledgement", "Recibimos su mensaje.", status=chance.choice(("delivered", "failed")))
    history.event("routed", agency=agency, topic=None, term_class=case["term_class"])
    _live(history, chance)
    return history


def _live(history: History, chance: random.Random) -> None:
    """What happens until it is answered, closed, or now."""
    while history.later(chance, 9):
        fate = chance.random()
        if fate < 0.2:
            history.event("taken", "staff:7", staff="7")
        elif fate < 0.35:
            _transfer(history, chance)
        elif fate < 0.45 and not any(event["kind"] == "extended" for event in history.events):
            history.event("extended", "staff:7", n=30, unit="business_days", reason="falta un documento")
        elif fate < 0.55:
            _ask(history, chance)
        elif fate < 0.6:
            history.event("classified", "staff:7", **{"class": chance.choice(CLASSES), "from": "general", "reason": ""})
        elif fate < 0.9:
            return _answer(history, chance)
        else:
            return _close(history, chance)
    return None


def _transfer(history: History, chance: random.Random) -> None:
    case = history.case
    to = chance.choice([key for key in AGENCIES if key != case["agency"]])
    history.event("transferred", "staff:7", **{"from": case["agency"], "to": to, "reason": "no es de aquí"})
    case["agency"] = to


def _ask(history: History, chance: random.Random) -> None:
    message = history.message("out", "completion", "Falta su cédula.")
    history.event("completion_requested", "staff:7", messages=[message], missing="cédula")
    history.event("suspended", messages=[message])
    if chance.random() < 0.7 and history.later(chance, 20):
        message = history.message("in", "question", "Aquí está.", status="received")
        history.event("completed", "citizen", message=message)


def _answer(history: History, chance: random.Random) -> None:
    text = "Sí." if chance.random() < 0.3 else "Abren el 15 de enero; lleve su documento y dos fotos."
    parts = [history.message("out", "answer", text) for _ in range(chance.choice((1, 1, 2)))]
    history.event("replied", "staff:7", messages=parts, final=True)
    history.case["state"] = "answered"
    if chance.random() < 0.3 and history.later(chance, 25):
        history.event("reopened", "citizen", rule="reopened")
        history.case["state"] = "open"
        if chance.random() < 0.5 and history.later(chance, 10):
            history.event("replied", "staff:7", messages=[history.message("out", "answer", "Ya está.")], final=True)
            history.case["state"] = "answered"
        elif chance.random() < 0.5 and history.later(chance, 10):
            _transfer(history, chance)


def _close(history: History, chance: random.Random) -> None:
    if chance.random() < 0.4:
        history.message("out", "answer", "¿De qué municipio escribe usted, por favor?")
        history.event("replied", "staff:7", messages=[], final=False)
    history.event("closed", "staff:7", outcome=chance.choice(("spam", "withdrawn", "denied")), reason="…")
    history.case["state"] = "closed"


async def write(store: Store, catalog: Catalog, made: Sequence[History], *, now: datetime = NOW) -> None:
    """Store them, and let the gateway derive their clocks as it does after every act."""
    people = [
        {"id": contact_id, "name": None, "language": "es", "created_at": micros(FIRST)}
        for contact_id in sorted({history.case["contact_id"] for history in made})
    ]

    async def work(conn: AsyncConnection) -> None:
        await insert_rows(conn, t.contact, people)
        await insert_rows(conn, t.cases, [history.case for history in made])
        await insert_rows(conn, t.case_event, [event for history in made for event in history.events])
        await insert_rows(conn, t.message, [message for history in made for message in history.messages])
        await keep(conn, catalog, [history.case["id"] for history in made], now=now)

    await store.transact(work)
