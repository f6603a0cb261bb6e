"""The clocks as people and programs see them: over the API, on the case's page, on the citizen's page, by STATUS."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.errors import Conflict, Invalid
from gateway.principal import Role
from gateway.timekeeping import standing
from gateway.timekeeping.clocks import keep
from gateway.web.console.terms_panel import span, verbs
from routing.case import CaseState
from tests.support.clocks import MovableClock
from tests.support.running import ADMINISTRATOR, PHONE, Running, running
from tests.web.test_api import Client, client, stopped
from tests.web.visitor import employ, visitor

ASKED = "SENA necesito que me ayuden con un instructor"
# The clock begins on Monday 6 July 2026 at 10:00; 13 and 20 July are holidays.


class Case:
    """A running gateway whose clock is moved, and one case of the SENA's."""

    def __init__(self, started: Running, clock: MovableClock, number: str) -> None:
        self.started, self.clock, self.number = started, clock, number
        self.desk = started.gateway.desk
        self.program: Client | None = None

    async def kept(self) -> Any:
        """The case as lists have it, after the timekeeper has looked."""
        gateway = self.started.gateway
        [row] = [row for row in await self.started.cases() if row.number == self.number]
        await gateway.store.transact(lambda conn: keep(conn, gateway.current().catalog, [row.id], now=self.clock()))
        [row] = [row for row in await self.started.cases() if row.number == self.number]
        return row

    async def api(self) -> Client:
        if self.program is None:
            self.program = await client(self.started, Role.ADMINISTRATOR, name="clocks")
        return self.program

    async def clocks(self) -> dict[str, Any]:
        status, found = await (await self.api()).get(f"/cases/{self.number}/clocks")
        assert status == 200, found
        told: dict[str, Any] = found
        return told


@pytest.fixture
async def case(database: str, tmp_path: Path) -> AsyncIterator[Case]:
    clock = MovableClock()
    async with running(database, tmp_path, now=clock) as started:
        await employ(started, "luz", agency="sena")
        await employ(started, "ana", role="administrator")
        await started.text(ASKED)
        [row] = await started.cases()
        yield Case(started, clock, row.number)


async def test_a_running_clock_is_told_with_its_law_and_every_day(case: Case) -> None:
    found = await case.clocks()
    [legal] = found["legal"]
    assert (legal["agency"], legal["class"], legal["began"], legal["standing"]) == (
        "sena", "general", "received", "on_time"
    )  # fmt: skip
    assert (legal["effective"], legal["due"], legal["n"], legal["unit"], legal["left"]) == (
        "2026-07-06", "2026-07-30T04:59:59Z", 15, "business_days", 16 - 1
    )  # fmt: skip
    assert legal["pauses"] == []
    assert (legal["days"][0]["code"], legal["days"][-1]["number"], legal["days"][-1]["date"]) == (
        "receipt", 15, "2026-07-29"
    )  # fmt: skip
    assert found["citizen"] == legal
    assert [step["step"] for step in found["next"]] == ["half", "most", "last-days", "breach", "coordinator"]
    assert found["touched_at"] is None


async def test_pause_extension_and_transfer_are_told_and_lists_agree(case: Case) -> None:
    case.clock.move(days=3)
    await stopped(case.started, case.number)
    found = await case.clocks()
    assert found["legal"][0]["standing"] == found["citizen"]["standing"] == "suspended"
    assert (found["legal"][0]["left"], found["legal"][0]["pauses"][0]["ended"]) == (12, None)
    await _agrees(case, "suspended")
    case.clock.move(days=1)
    await case.desk.resume(ADMINISTRATOR, case.number, reason="Llegó por otro medio")
    await case.desk.extend(ADMINISTRATOR, case.number, until=date(2026, 8, 14), reason="Falta un concepto")
    await _agrees(case, "on_time")
    await case.desk.transfer(ADMINISTRATOR, case.number, agency="dian", reason="Es de impuestos")
    found = await case.clocks()
    assert [(c["agency"], c["standing"], c["extended"]) for c in found["legal"]] == [
        ("sena", "transferred", True), ("dian", "on_time", False),
    ]  # fmt: skip
    assert (found["citizen"]["extended"], found["legal"][0]["transfer_due_at"]) == (True, "2026-07-15T04:59:59Z")
    await _agrees(case, "on_time")
    await case.desk.reply(ADMINISTRATOR, case.number, "Ya quedó.")
    assert (await case.clocks())["citizen"]["standing"] == "answered_on_time"
    await _agrees(case, "answered_on_time")


async def _agrees(case: Case, standing: str) -> None:
    """The list, the case and its derived clocks say the same."""
    await case.kept()
    api = await case.api()
    _, listed = await api.get("/cases")
    _, one = await api.get(f"/cases/{case.number}")
    present = (await case.clocks())["legal"][-1]
    assert listed["items"][0]["standing"] == one["standing"] == present["standing"] == standing
    assert (one["due_at"], one["effective"]) == (present["due"], present["effective"])
    assert (one["suspended_at"] is not None) == (standing == "suspended")


@pytest.mark.parametrize(
    ("term_class", "days", "standing"),
    [("general", 22, "due_soon"), ("general", 24, "overdue"), ("information", 24, "deemed_granted")],
)
async def test_lists_stand_where_the_days_put_them(case: Case, term_class: str, days: int, standing: str) -> None:
    if term_class != "general":
        await case.desk.classify(ADMINISTRATOR, case.number, term_class=term_class, reason="Pide un documento")
    case.clock.move(days=days)
    await _agrees(case, standing)
    if standing != "due_soon":
        await case.desk.reply(ADMINISTRATOR, case.number, "Tarde, pero aquí está.")
        await _agrees(case, "answered_late")


async def test_what_the_page_offers_the_desk_does_and_what_it_withholds_the_desk_refuses(case: Case) -> None:
    acts: dict[str, Callable[[], Awaitable[Any]]] = {
        "classify": lambda: case.desk.classify(ADMINISTRATOR, case.number, term_class="consultation", reason="prueba"),
        "completion": lambda: case.desk.ask_completion(ADMINISTRATOR, case.number, "¿De qué centro?"),
        "incomplete": lambda: case.desk.incomplete(ADMINISTRATOR, case.number, "Falta la cédula"),
        "prolong": lambda: case.desk.prolong_completion(ADMINISTRATOR, case.number, reason="Lo pidió"),
        "resume": lambda: case.desk.resume(ADMINISTRATOR, case.number, reason="Ya no hace falta"),
    }
    met: set[tuple[str, bool]] = set()
    for move in (0, 3, 1, 1, 30, 1):
        case.clock.move(days=move)
        offered = await _offered(case)
        for name, work in acts.items():
            # A part may be told of while another request is open; the page offers it after an answer only.
            if not offered.get(name) and name != "incomplete":
                with pytest.raises((Conflict, Invalid)):
                    await work()
            met.add((name, offered.get(name, False)))
        chosen = next((n for n in ("prolong", "resume", "incomplete", "completion") if offered.get(n)), None)
        if chosen == "completion":
            await stopped(case.started, case.number)
        elif chosen:
            await acts[chosen]()
    assert {name for name, may in met if may} >= {"classify", "completion", "prolong", "resume"}


async def _offered(case: Case) -> dict[str, bool]:
    row = await case.kept()
    gateway = case.started.gateway
    catalog = gateway.current().catalog
    async with gateway.store.read() as conn:
        found = (await standing.derived(conn, catalog, [row.id], now=case.clock()))[row.id]
    assert CaseState(row.state).is_open
    return {verb.name: verb.why is None for verb in verbs(catalog, ADMINISTRATOR, row, found, case.clock())}


async def test_an_extension_may_end_on_the_days_the_form_gives_and_on_no_later_one(case: Case) -> None:
    row, gateway = await case.kept(), case.started.gateway
    async with gateway.store.read() as conn:
        told = await standing.derived(conn, gateway.current().catalog, [row.id], now=case.clock())
    days = span(told[row.id].clocks.present)
    assert (days.first, days.last) == (date(2026, 7, 30), date(2026, 8, 21))
    with pytest.raises(Conflict, match="until 2026-08-21 at the latest"):
        await case.desk.extend(ADMINISTRATOR, case.number, until=date(2026, 8, 24), reason="Falta un concepto")
    await case.desk.extend(ADMINISTRATOR, case.number, until=days.last, reason="Falta un concepto")


async def test_the_case_page_shows_both_clocks_and_does_the_six_acts(case: Case) -> None:
    at = f"/console/cases/{case.number}"
    async with visitor(case.started, "ana") as browser:
        page = await browser.get(at)
        for words in ("Plazo de SENA", "Plazo para el ciudadano", "A tiempo", "15 días hábiles", "Cada día explicado",
                      "día del recibo", "Ley 1755/2015"):  # fmt: skip
            assert words in page.text
        assert 'min="2026-07-30" max="2026-08-21" value="2026-08-21"' in page.html
        wrong = await browser.post(f"{at}/extend", until="2026-08-24", reason="Falta un concepto")
        assert (wrong.status, "a más tardar el vie 21 ago 2026" in wrong.text) == (409, True)
        assert 'value="2026-08-24"' in wrong.html
        nothing = await browser.post(f"{at}/extend", until="", reason="Falta un concepto")
        assert (nothing.status, "Escriba la nueva fecha." in nothing.text) == (422, True)
        done = await browser.post(f"{at}/extend", until="2026-08-05", reason="Falta un concepto")
        assert done.path.endswith("?done=extended")
        assert "amplió el plazo hasta el mié 5 ago 2026:" in done.text
        assert "Ampliar el plazo ahora no: Ya se amplió una vez (art. 14)." in " ".join(done.text.split())
        classed = await browser.post(f"{at}/classify", **{"class": "complaint", "reason": "Es una queja"})
        assert "cambió la clase de Petición general a Queja:" in classed.text
        asked = await browser.post(f"{at}/completion", text="¿De qué centro?")
        assert asked.path.endswith("?done=completion_asked")
        assert "Se pidió completar" in asked.text
        resumed = await browser.post(f"{at}/resume", reason="Ya no hace falta")
        assert "reanudó el plazo:" in resumed.text
        await stopped(case.started, case.number)
        paused = await browser.get(at)
        assert "En pausa hasta que la persona complete" in paused.text
        prolonged = await browser.post(f"{at}/prolong", reason="Lo pidió")
        assert "con un segundo mes" in prolonged.text
        await case.started.text("Del centro de Leticia")
        partial = await browser.post(f"{at}/incomplete", text="Falta su cédula")
        assert "el plazo sigue detenido" in partial.text


async def test_the_timekeepers_own_events_are_told_without_codes(case: Case) -> None:
    case.clock.move(days=24)
    await case.kept()
    for language, words in (("es", "Se venció sin respuesta: el plazo era hasta el mié 29 jul 2026, 23:59"),
                            ("en", "It went overdue: the term was until Wed 29 Jul 2026, 23:59")):  # fmt: skip
        async with visitor(case.started, "ana", language=language) as browser:
            page = await browser.get(f"/console/cases/{case.number}")
            assert words in page.text
            assert "{" not in page.text


@pytest.mark.parametrize("language", ["es", "en"])
async def test_the_citizens_page_tells_pause_extension_and_every_day_and_nothing_of_the_inside(
    case: Case, language: str
) -> None:
    token = await _asked_on_the_web(case)
    [row] = [row for row in await case.started.cases() if row.number != case.number]
    desk, number = case.desk, row.number
    page = await _citizens_page(case, token, language)
    assert ("Quedan 15 días hábiles" if language == "es" else "15 business days left") in page
    assert "29/07/2026" in page
    assert ("día del recibo" if language == "es" else "day of receipt") in page
    await desk.note(ADMINISTRATOR, number, "nota secreta")
    await desk.classify(ADMINISTRATOR, number, term_class="complaint", reason="motivo secreto")
    await desk.extend(ADMINISTRATOR, number, until=date(2026, 8, 5), reason="Falta un concepto técnico")
    page = await _citizens_page(case, token, language)
    assert "05/08/2026" in page
    assert "Falta un concepto técnico" in page
    await stopped(case.started, number)
    page = await _citizens_page(case, token, language)
    assert (
        "El plazo está en pausa desde el 06/07/2026" if language == "es" else "stood still since 06/07/2026"
    ) in page
    await desk.transfer(ADMINISTRATOR, number, agency="dian", reason="Es de impuestos")
    page = await _citizens_page(case, token, language)
    assert ("su caso pasó a DIAN" if language == "es" else "your case went to DIAN") in page
    assert "secret" not in page
    assert "staff:" not in page


@pytest.mark.parametrize(
    ("term_class", "sentence"),
    [
        ("general", "El plazo terminó el 29/07/2026 y todavía le deben la respuesta."),
        ("documents", "desde el 23/07/2026 la ley entiende concedido lo que pidió."),
        ("information", "Las copias se las deben entregar a más tardar el 27/07/2026."),
    ],
)
async def test_the_citizens_page_says_what_was_not_answered_in_time_and_what_is_granted(
    case: Case, term_class: str, sentence: str
) -> None:
    token = await _asked_on_the_web(case)
    [row] = [row for row in await case.started.cases() if row.number != case.number]
    if term_class != "general":
        await case.desk.classify(ADMINISTRATOR, row.number, term_class=term_class, reason="Pide copias")
    case.clock.move(days=24)
    page = await _citizens_page(case, token, "es")
    assert sentence in page
    assert "Gracias. Su solicitud" not in page


async def _asked_on_the_web(case: Case) -> str:
    http, base = case.started.http, case.started.public
    async with http.post(f"{base}/api/public/messages", json={"text": ASKED}) as answer:
        told = await answer.json()
    return str(told["follow_up"]).rpartition("/")[2].partition("?")[0]


async def _citizens_page(case: Case, token: str, language: str) -> str:
    async with case.started.http.get(f"{case.started.public}/s/{token}?lang={language}") as answer:
        return await answer.text()


async def test_status_tells_the_last_day_that_holds_now(case: Case) -> None:
    await case.desk.extend(ADMINISTRATOR, case.number, until=date(2026, 8, 5), reason="Falta un concepto")
    assert "Plazo: 05/08/2026" in await _status(case)
    await stopped(case.started, case.number)
    until = (await case.clocks())["legal"][0]["pauses"][0]["until"]
    assert f"espera un dato suyo. Plazo: {date.fromisoformat(until):%d/%m/%Y}" in await _status(case)
    await case.started.text("Del centro de Leticia")
    case.clock.move(days=1)
    await case.desk.transfer(ADMINISTRATOR, case.number, agency="dian", reason="Es de impuestos")
    due = (await case.kept()).due_at
    assert (await _status(case)).endswith(f"Plazo: {due.astimezone(_zone(case)):%d/%m/%Y}")


def _zone(case: Case) -> Any:
    return ZoneInfo(case.started.gateway.current().catalog.gateway.timezone)


async def _status(case: Case) -> str:
    before = len([heard for heard in case.started.twilio.heard if heard.form.get("To") == PHONE])
    await case.started.text("ESTADO")

    async def told() -> list[str]:
        bodies = [heard.form["Body"] for heard in case.started.twilio.heard if heard.form.get("To") == PHONE]
        return [body for body in bodies[before:] if body.startswith("Sus casos:")]

    return (await case.started.eventually(told))[-1]
