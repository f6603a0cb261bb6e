"""One act on many cases: what was asked for, case by case, once, and back again where that is honest."""

import asyncio
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from gateway.clock import new_id
from gateway.principal import Principal, Role
from gateway.store import audit as audit_store
from gateway.store import bulk_acts
from gateway.store import schema as t
from gateway.store.bulk_acts import Begun
from tests.support.running import ADMINISTRATOR, Running
from tests.web.test_api import client
from tests.web.visitor import Page, Visitor, employ, visitor


async def asked(ventanilla: Running, n: int) -> list[str]:
    """So many new cases of SENA's, the first due first."""
    before = {case.number for case in await ventanilla.cases()}
    for place in range(n):
        await ventanilla.text("¿Cuándo abren las inscripciones del SENA?", sender=f"+57300555{place:04d}")
    return sorted({case.number for case in await ventanilla.cases()} - before)


async def states(ventanilla: Running, what: str) -> dict[str, Any]:
    return {case.number: getattr(case, what) for case in await ventanilla.cases()}


def field(page: Page, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.html)
    assert found, name
    return unescape(found.group(1))


async def confirmed(browser: Visitor, act: str, numbers: list[str] | None = None, query: str = "view=open") -> Page:
    """The page that says what will happen; without numbers to all that is in the list."""
    fields = [("csrf", browser.token), ("act", act), ("query", query)]
    fields += [("case", number) for number in numbers] if numbers is not None else [("all", "1")]
    async with browser.http.post(f"{browser.base}/console/bulk", data=fields) as answer:
        return await browser._read(answer)


async def done(browser: Visitor, page: Page, **fields: str) -> Page:
    """Press the button of that page."""
    hidden = {name: field(page, name) for name in ("act", "key", "query", "numbers")}
    return await browser.post("/console/bulk/do", **hidden, **fields)


async def test_a_head_gives_all_that_match_to_a_colleague_and_takes_it_back(ventanilla: Running) -> None:
    numbers = await asked(ventanilla, 4)
    await employ(ventanilla, "jefa", role="head", agency="sena")
    ana = await employ(ventanilla, "ana", agency="sena")
    luz = await employ(ventanilla, "luz", agency="sena")
    await ventanilla.gateway.desk.take(_principal(luz, Role.MANAGER), numbers[0])
    async with visitor(ventanilla, "jefa") as browser:
        page = await confirmed(browser, "assign")
        assert "Asignar casos: 4" in page.text
        page = await done(browser, page, staff=str(ana.id), reason="Reparto de la semana")
        assert "Hecho en todos los casos: 4." in page.text
        assert set((await states(ventanilla, "assignee_id")).values()) == {ana.id}
        await ventanilla.gateway.desk.take(_principal(luz, Role.MANAGER), numbers[3], reason="Es de mi tema")
        page = await browser.post(f"{page.path.partition('?')[0]}/undo", key=field(page, "key"), reason="Se deshizo")
        assert "Hecho en 3; no se pudo en 1." in page.text
        assert "El caso cambió desde entonces." in page.text
    held = await states(ventanilla, "assignee_id")
    assert held == {numbers[0]: luz.id, numbers[1]: None, numbers[2]: None, numbers[3]: luz.id}
    _, events = await ventanilla.story(numbers[1])
    assert [e.kind for e in events if e.kind in ("assigned", "unassigned")] == ["assigned", "unassigned"]


def _principal(member: Any, role: Role) -> Principal:
    return Principal(id=member.id, name=member.name, role=role, agency=member.agency)


async def test_a_form_that_is_sent_twice_is_one_act(ventanilla: Running) -> None:
    numbers = await asked(ventanilla, 3)
    await employ(ventanilla, "luz", agency="sena")
    async with visitor(ventanilla, "luz") as browser:
        page = await confirmed(browser, "close", numbers)
        assert "se les avisa a los ciudadanos" in page.text
        first, second = await asyncio.gather(
            *(done(browser, page, outcome="not_needed", reason="Ya se resolvió") for _ in range(2))
        )
        assert first.path == second.path
    assert set((await states(ventanilla, "state")).values()) == {"closed"}
    for number in numbers:
        _, events = await ventanilla.story(number)
        assert [event.kind for event in events].count("closed") == 1


async def test_cases_that_refuse_are_listed_with_their_reason_and_the_others_go_on(ventanilla: Running) -> None:
    numbers = await asked(ventanilla, 3)
    await employ(ventanilla, "ana", agency="dian")
    await employ(ventanilla, "luz", agency="sena")
    await ventanilla.gateway.desk.close(ADMINISTRATOR, numbers[1], outcome="spam", reason="No era")
    async with visitor(ventanilla, "luz") as browser:
        page = await confirmed(browser, "transfer", [*numbers, "20990000011"])
        page = await done(browser, page, agency="dian", reason="Es un impuesto")
        assert "Hecho en 2; no se pudo en 2." in page.text
        assert "20990000011" in page.text
        assert "Deshacer" not in page.text
        assert "La otra entidad puede devolver cada caso." in page.text
    assert await states(ventanilla, "agency") == {numbers[0]: "dian", numbers[1]: "sena", numbers[2]: "dian"}


async def test_what_is_missing_is_asked_for_and_nothing_is_done(ventanilla: Running) -> None:
    numbers = await asked(ventanilla, 1)
    await employ(ventanilla, "luz", agency="sena")
    async with visitor(ventanilla, "luz") as browser:
        page = await confirmed(browser, "classify", numbers)
        page = await done(browser, page, **{"class": "complaint"}, reason="")
        assert page.status == 422
        assert field(page, "numbers") == numbers[0]
        assert 'value="complaint" selected' in page.html
        page = await confirmed(browser, "release", [])
        assert "Marque primero los casos en la lista." in page.text
    assert await states(ventanilla, "term_class") == {numbers[0]: "information"}


async def test_what_is_ones_own_is_given_back_and_taken_again_by_undoing(ventanilla: Running) -> None:
    mine, others = await asked(ventanilla, 2)
    luz = await employ(ventanilla, "luz", agency="sena")
    jorge = await employ(ventanilla, "jorge", agency="sena")
    await ventanilla.gateway.desk.take(_principal(luz, Role.MANAGER), mine)
    await ventanilla.gateway.desk.take(_principal(jorge, Role.MANAGER), others)
    async with visitor(ventanilla, "luz") as browser:
        page = await done(browser, await confirmed(browser, "release", [mine, others]))
        assert "Hecho en 1; no se pudo en 1." in page.text
        assert await states(ventanilla, "assignee_id") == {mine: None, others: jorge.id}
        again = {"key": field(page, "key"), "reason": "Se deshizo"}
        path = page.path.partition("?")[0]
        page = await browser.post(f"{path}/undo", **again)
        assert "Hecho en todos los casos: 1." in page.text
        assert (await browser.post(f"{path}/undo", key="another-key", reason="Otra vez")).status == 409
    assert await states(ventanilla, "assignee_id") == {mine: luz.id, others: jorge.id}


async def test_an_act_that_was_interrupted_goes_on_where_it_was(ventanilla: Running) -> None:
    numbers = await asked(ventanilla, 3)
    luz = await employ(ventanilla, "luz", agency="sena")
    me, gateway = _principal(luz, Role.MANAGER), ventanilla.gateway
    begun = Begun(key="interrupted", act="close", details={"outcome": "spam", "reason": "Es spam"}, numbers=numbers)
    long_ago = gateway.clock() - bulk_acts.LEASE - timedelta(seconds=1)
    act_id, fresh = await gateway.store.transact(lambda conn: bulk_acts.begin(conn, me, begun, now=long_ago))
    assert fresh
    first: list[dict[str, Any]] = [{"number": numbers[0], "before": {}, "refused": None}]
    await gateway.store.transact(lambda conn: bulk_acts.progress(conn, act_id, first, now=long_ago, ended=False))
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.get(f"/console/bulk/{act_id}")
        assert "Se interrumpió en 1 de 3." in page.text
        page = await browser.post(f"/console/bulk/{act_id}/go")
        assert "Hecho en todos los casos: 3." in page.text
    assert await states(ventanilla, "state") == {numbers[0]: "open", numbers[1]: "closed", numbers[2]: "closed"}


async def test_what_an_interrupted_act_had_done_and_not_noted_counts_as_done_and_can_be_undone(
    ventanilla: Running,
) -> None:
    numbers = await asked(ventanilla, 3)
    luz = await employ(ventanilla, "luz", agency="sena")
    me, gateway = _principal(luz, Role.MANAGER), ventanilla.gateway
    details = {"class": "consultation", "reason": "Pide un documento"}
    begun = Begun(key="interrupted", act="classify", details=details, numbers=numbers)
    was = await states(ventanilla, "term_class")
    long_ago = gateway.clock() - bulk_acts.LEASE - timedelta(seconds=1)
    act_id, _ = await gateway.store.transact(lambda conn: bulk_acts.begin(conn, me, begun, now=long_ago))
    await gateway.desk.classify(me, numbers[0], term_class="consultation", reason="Pide un documento")
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.get(f"/console/bulk/{act_id}")
        page = await browser.post(f"/console/bulk/{act_id}/go")
        assert "Hecho en todos los casos: 3." in page.text
        assert set((await states(ventanilla, "term_class")).values()) == {"consultation"}
        page = await browser.post(f"/console/bulk/{act_id}/undo", key=field(page, "key"), reason="Fue un error")
        assert "Hecho en todos los casos: 3." in page.text
    assert await states(ventanilla, "term_class") == was


async def test_each_act_is_in_the_audit_log_without_its_reason(ventanilla: Running) -> None:
    numbers = await asked(ventanilla, 2)
    luz = await employ(ventanilla, "luz", agency="sena")
    async with visitor(ventanilla, "luz") as browser:
        page = await confirmed(browser, "assign", numbers)
        await done(browser, page, staff=str(luz.id), reason="Doña María llamó")
    async with ventanilla.gateway.store.read() as conn:
        rows, _ = await audit_store.listed(conn, ADMINISTRATOR, audit_store.Wanted(action="cases_changed"))
    assert [(row.who, row.agency, row.detail) for row in rows] == [
        ("luz", "sena", "assign: 2 done, 0 refused"),
        ("luz", "sena", f"assign: 2 asked, staff:{luz.id}"),
    ]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_acts_of_others_are_nobody_elses_to_see_or_undo(ventanilla: Running) -> None:
    numbers = await asked(ventanilla, 1)
    luz = await employ(ventanilla, "luz", agency="sena")
    await employ(ventanilla, "jefa", role="head", agency="sena")
    async with visitor(ventanilla, "luz") as browser:
        page = await done(browser, await confirmed(browser, "assign", numbers), staff=str(luz.id), reason="Lo tomo yo")
        path = page.path.partition("?")[0]
    async with visitor(ventanilla, "jefa") as other:
        await other.get("/console")
        assert (await other.get(path)).status == 404
        assert (await other.post(f"{path}/undo", key="a-key-of-hers", reason="No es mío")).status == 404


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_list_beyond_the_limit_must_be_narrowed_first(ventanilla: Running) -> None:
    [number] = await asked(ventanilla, 1)
    async with ventanilla.gateway.store.read() as conn:
        one = dict((await conn.execute(select(t.cases).where(t.cases.c.number == number))).one()._mapping)
    many = [{**one, "id": new_id(), "number": f"2098{n:07d}"} for n in range(1000)]
    await ventanilla.gateway.store.transact(lambda conn: conn.execute(t.cases.insert(), many))
    await employ(ventanilla, "luz", agency="sena")
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.get("/console?view=open")
        assert "La lista tiene más de 1000 casos." in page.text
        assert 'name="all"' not in page.html
        page = await confirmed(browser, "close")
        assert 'name="outcome"' not in page.html
        page = await browser.get("/console?view=filter&state=open&received_to=2020-01-01")
        assert "Ningún caso cumple estas condiciones." in page.text


async def test_a_program_does_the_same_by_a_filter_once_a_key(ventanilla: Running) -> None:
    numbers = await asked(ventanilla, 3)
    await employ(ventanilla, "ana", agency="sena")
    head = await client(ventanilla, Role.HEAD, "sena")
    wish = {"act": "assign", "staff": "ana", "reason": "Reparto", "filter": {"unassigned": True}, "key": "monday-1"}

    status, first = await head.post("/cases/bulk", **wish)
    _, again = await head.post("/cases/bulk", **(wish | {"filter": {"channel": "sms"}}))

    assert (status, first["ended"], sorted(first["done"]), first["refused"]) == (200, True, numbers, [])
    assert again == first
    _, refused = await head.post("/cases/bulk", act="assign", staff="ana", reason="Reparto", numbers=numbers[:1])
    assert refused["refused"] == [{"number": numbers[0], "detail": "they have this case already"}]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"act": "release", "reason": "una prueba"}, "numbers"),
        ({"act": "release", "numbers": ["20990000011"], "filter": {}, "reason": "una prueba"}, "numbers"),
        ({"act": "release", "filter": {"received_to": "2020-01-01T00:00:00Z"}, "reason": "una prueba"}, "case"),
        ({"act": "close", "numbers": ["20990000011"], "outcome": "lost", "reason": "una prueba"}, "outcome"),
        ({"act": "transfer", "numbers": ["20990000011"], "agency": "nadie", "reason": "una prueba"}, "agency"),
        ({"act": "classify", "numbers": ["20990000011"], "class": "nada", "reason": "una prueba"}, "class"),
        ({"act": "assign", "numbers": ["20990000011"], "reason": "una prueba"}, "staff"),
        ({"act": "assign", "numbers": ["20990000011"], "staff": "nadie", "reason": "una prueba"}, "staff"),
        ({"act": "close", "numbers": ["20990000011"], "outcome": "spam"}, "reason"),
        ({"act": "sing", "numbers": ["20990000011"]}, "act"),
    ],
)
async def test_what_would_be_refused_for_every_case_is_refused_at_once(
    ventanilla: Running, body: dict[str, Any], field: str
) -> None:
    head = await client(ventanilla, Role.HEAD, "sena")
    status, problem = await head.post("/cases/bulk", **body)
    assert (status, problem["field"]) == (422, field)
