"""The supervisor's page: who carries what, giving cases, duty and absences, without scripts."""

import csv
import io

import pytest

from gateway.audit import Action
from gateway.principal import Role
from gateway.web.console.team_page import COLUMNS
from tests.support.running import ADMINISTRATOR, Running
from tests.web.test_api import asked, client
from tests.web.test_audit import log_of
from tests.web.visitor import employ, visitor

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


async def test_a_head_gives_ticked_cases_and_offers_them_again(ventanilla: Running) -> None:
    luz = await employ(ventanilla, "luz", agency="sena")
    await employ(ventanilla, "jefa", role="head", agency="sena")
    numbers = [await asked(ventanilla, f"+5730055520{n:02}") for n in range(3)]
    async with visitor(ventanilla, "jefa") as browser:
        page = await browser.get("/console/team")
        assert all(number in page.text for number in numbers)
        done = await browser.post(
            "/console/team/assign", case=numbers[0], to=str(luz.id), reason="reparto", do="assign"
        )
        assert "Casos asignados: 1." in done.text
        assert (await ventanilla.cases(assignee_id=luz.id))[0].number == numbers[0]
        told = await browser.get(f"/console/cases/{numbers[0]}")
        assert "Nombre de jefa lo asignó a Nombre de luz: reparto" in " ".join(told.text.split())
        one = await browser.get(f"/console/team?member={luz.id}")
        assert f"Marcar el caso {numbers[0]}" in one.html
        assert f"Marcar el caso {numbers[1]}" not in one.html
        again = await browser.post(
            "/console/team/assign", case=numbers[0], member=str(luz.id), reason="se va", do="offer"
        )
        assert "Casos ofrecidos de nuevo: 1." in again.text
    assert await ventanilla.cases(assignee_id=luz.id) == []
    noted = await log_of(ventanilla, action=Action.CASES_CHANGED)
    assert [(row.who, row.agency, row.detail) for row in noted] == [
        ("jefa", "sena", f"1 to staff:{luz.id}"), ("jefa", "sena", "1 offered again"),
    ]  # fmt: skip


@ON_SQLITE
async def test_what_is_missing_comes_back_with_what_was_typed(ventanilla: Running) -> None:
    luz = await employ(ventanilla, "luz", agency="sena")
    await employ(ventanilla, "jefa", role="head", agency="sena")
    number = await asked(ventanilla)
    async with visitor(ventanilla, "jefa") as browser:
        await browser.get("/console/team")
        untouched = await browser.post("/console/team/assign", to=str(luz.id), reason="reparto", do="assign")
        assert (untouched.status, "Marque los casos." in untouched.text) == (422, True)
        assert 'name="reason" value="reparto"' in untouched.html
        nobody = await browser.post("/console/team/assign", case=number, reason="reparto", do="assign")
        assert (nobody.status, "Elija quién se queda" in nobody.text) == (422, True)
        assert f'id="pick-{number}" aria-label="Marcar el caso {number}" checked' in nobody.html
        hasty = await browser.post("/console/team/assign", case=number, to=str(luz.id), reason="x", do="assign")
        assert (hasty.status, "Escriba un motivo de 3 a 300" in hasty.text) == (422, True)
    assert (await ventanilla.cases())[0].assignee_id is None


async def test_duty_capacity_and_absences_are_said_on_the_page(ventanilla: Running) -> None:
    luz = await employ(ventanilla, "luz", agency="sena")
    await employ(ventanilla, "jefa", role="head", agency="sena")
    async with visitor(ventanilla, "jefa") as browser:
        await browser.get(f"/console/team?member={luz.id}")
        page = await browser.post(f"/console/team/{luz.id}/duty", on="0")
        assert "Fuera de turno" in page.text
        page = await browser.post(f"/console/team/{luz.id}/capacity", capacity="12")
        assert "0 de 12" in page.text
        wrong = await browser.post(f"/console/team/{luz.id}/capacity", capacity="muchos")
        assert (wrong.status, "La capacidad va de 1 a 500" in wrong.text) == (422, True)
        page = await browser.post(f"/console/team/{luz.id}/absence", reason="vacaciones", until="2020-01-01")
        assert (page.status, "termina después de empezar" in page.text) == (422, True)
        page = await browser.post(f"/console/team/{luz.id}/absence", reason="vacaciones", until="2099-01-01")
        assert "Ausente hasta" in page.text
        found = page.html.partition('name="absence" value="')[2].partition('"')[0]
        page = await browser.post(f"/console/team/{luz.id}/back", absence=found)
        assert "No hay ausencias anotadas." in page.text
    done = [(row.action, row.object, row.detail) for row in await log_of(ventanilla, object="staff:luz")]
    assert done == [
        (Action.STAFF_DUTY_CHANGED, "staff:luz", "off duty"),
        (Action.STAFF_DUTY_CHANGED, "staff:luz", "capacity 12"),
        (Action.STAFF_ABSENCE_CHANGED, "staff:luz", "absent"),
        (Action.STAFF_ABSENCE_CHANGED, "staff:luz", "back"),
    ]


@ON_SQLITE
async def test_a_head_reaches_no_other_agency_and_an_auditor_changes_nothing(ventanilla: Running) -> None:
    luz, number = await employ(ventanilla, "luz", agency="sena"), await asked(ventanilla)
    await employ(ventanilla, "jefe.dian", role="head", agency="dian")
    await employ(ventanilla, "auditora", role="auditor")
    async with visitor(ventanilla, "jefe.dian") as browser:
        page = await browser.get("/console/team?agency=sena")
        assert ("Equipo · DIAN" in page.text, number in page.text) == (True, False)
        assert (await browser.get(f"/console/team?member={luz.id}")).status == 404
        assert (await browser.post(f"/console/team/{luz.id}/duty", on="0")).status == 404
        stolen = await browser.post("/console/team/assign", case=number, to=str(luz.id), reason="lo quiero yo")
        assert stolen.status == 409
    async with visitor(ventanilla, "auditora") as browser:
        assert "Elija la entidad" in (await browser.get("/console/team")).text
        page = await browser.get(f"/console/team?agency=sena&member={luz.id}")
        assert (page.status, 'name="case"' in page.html, "Sacar de turno" in page.text) == (200, False, False)
    assert (await ventanilla.cases())[0].assignee_id is None


async def test_the_table_is_a_file_as_well(ventanilla: Running) -> None:
    luz, number = await employ(ventanilla, "=luz", agency="sena"), await asked(ventanilla)
    await asked(ventanilla, "+573005552001")
    await ventanilla.gateway.desk.assign(ADMINISTRATOR, number, luz.id, "reparto")
    await employ(ventanilla, "admin", role="administrator")
    async with visitor(ventanilla, "admin") as browser:
        assert (await browser.get("/console/team.csv")).status == 422
        file = await browser.get("/console/team.csv?agency=sena")
    head, *rows = csv.reader(io.StringIO(file.html.lstrip("\ufeff")))
    assert head == list(COLUMNS)
    assert ["sena", "'=luz", "Nombre de =luz", "manager", "1", "", "1", "0", "0", "0", "0", "40"] in rows
    assert rows[-1] == ["sena", "", "", "", "", "", "1", "0", "0", "0", "0", ""]


async def test_a_program_gives_a_case_and_puts_people_on_duty(ventanilla: Running) -> None:
    luz, number = await employ(ventanilla, "luz", agency="sena"), await asked(ventanilla)
    await employ(ventanilla, "otro", agency="dian")
    head = await client(ventanilla, Role.HEAD, "sena")

    status, case = await head.post(f"/cases/{number}/assign", staff="luz", reason="reparto")
    assert (status, case["assignee"]) == (200, {"id": str(luz.id), "name": "Nombre de luz"})
    for login in ("otro", "nadie"):
        status, problem = await head.post(f"/cases/{number}/assign", staff=login, reason="reparto")
        assert (status, problem["field"]) == (422, "staff")
    status, case = await head.post(f"/cases/{number}/assign", reason="se va")
    assert (status, case["assignee"]) == (200, None)
    assert (await head.post("/staff/luz/duty", on_duty=False))[1]["on_duty"] is False
    assert (await head.post("/staff/otro/duty", on_duty=False))[0] == 404
