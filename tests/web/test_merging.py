"""Merging duplicates: the page that offers them, what the cases' pages tell of it, and the same over the API."""

import re
from pathlib import Path

import pytest

from gateway.principal import Principal, Role
from gateway.staffing import duty
from gateway.store import queue
from tests.support.office import giving, office
from tests.support.running import ADMINISTRATOR, Running
from tests.web.test_api import asked, client
from tests.web.visitor import employ, visitor

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
LUZ = Principal(id=77, name="Luz", role=Role.MANAGER, agency="sena")
WHY = "Es la misma pregunta"
FIRST, SECOND, THIRD, DIAN = "+573005550001", "+573005550002", "+573005550003", "+573005550004"


def boxes(html: str) -> list[str]:
    """The numbers that can be ticked."""
    return re.findall(r'type="checkbox" id="c\d+" name="case" value="(\d+)"', html)


async def state_of(ventanilla: Running, number: str) -> str:
    return str(next(case.state for case in await ventanilla.cases() if case.number == number))


async def three(ventanilla: Running) -> tuple[str, str, str]:
    """Three people ask the SENA the same; somebody asks the DIAN nearly that."""
    numbers = [await asked(ventanilla, phone) for phone in (FIRST, SECOND, THIRD)]
    await ventanilla.text("DIAN: ¿cuándo abren las inscripciones del RUT en Leticia?", sender=DIAN)

    async def is_read() -> bool:
        async with ventanilla.gateway.store.read() as conn:
            found = await conn.exec_driver_sql("SELECT count(*) FROM search_entry")
            return int(found.scalar_one()) >= 4

    await ventanilla.eventually(is_read)
    return numbers[0], numbers[1], numbers[2]


async def test_what_asks_the_same_is_offered_merged_answered_together_and_separated(ventanilla: Running) -> None:
    await employ(ventanilla, "luz", agency="sena")
    first, second, third = await three(ventanilla)
    async with visitor(ventanilla, "luz") as browser:
        assert f'href="/console/cases/{first}/merge"' in (await browser.get(f"/console/cases/{first}")).html
        offered = await browser.get(f"/console/cases/{first}/merge")
        assert sorted(boxes(offered.html)) == [second, third]
        # Nothing is merged when one of those named cannot be.
        refused = await browser.post(
            f"/console/cases/{first}/merge", which="gather", case=second, number="2099 0000011", reason=WHY
        )
        assert (refused.status, "No existe ese caso" in refused.text) == (404, True)
        assert f'value="{second}" checked' in refused.html
        assert 'value="2099 0000011"' in refused.html
        assert f'value="{WHY}"' in refused.html
        assert [row.duplicate_of for row in await ventanilla.cases() if row.duplicate_of] == []
        done = await browser.post(
            f"/console/cases/{first}/merge", which="gather", case=second, number=third, reason=WHY
        )
        assert done.path == f"/console/cases/{first}?done=gathered"
        assert "Este caso responde por 2 más" in done.text
        assert "La respuesta final llega también a otros 2 casos." in done.text
        assert done.html.count(f'href="/console/cases/{second}"') >= 1
        duplicate = await browser.get(f"/console/cases/{second}")
        assert "Por este caso responde el" in duplicate.text
        assert f'<a href="/console/cases/{first}">{first}</a>' in duplicate.html
        assert f"Nombre de luz unió el caso al {first}" in duplicate.text
        assert f'href="/console/cases/{second}/merge"' not in duplicate.html
        assert "Repetido" in (await browser.get("/console?view=open")).text
        apart = await browser.post(f"/console/cases/{third}/separate", reason="Pregunta otra cosa")
        assert apart.path == f"/console/cases/{third}?done=separated"
        told = await browser.get(f"/console/cases/{first}")
        assert "llega también a otro caso." in told.text
        refused = await browser.post(f"/console/cases/{third}/separate", reason="Pregunta otra cosa")
        assert refused.status == 409
    await ventanilla.gateway.desk.reply(LUZ, first, "Abren el 15.")
    assert [await state_of(ventanilla, number) for number in (first, second, third)] == ["answered", "answered", "open"]
    assert "Abren el 15." in (await ventanilla.texts_to(SECOND, at_least=2))[-1]


@ON_SQLITE
async def test_one_other_case_may_stand_for_this_one_and_no_stranger_sees_any_of_it(ventanilla: Running) -> None:
    await employ(ventanilla, "luz", agency="sena")
    await employ(ventanilla, "ana", agency="dian")
    first, second, third = await three(ventanilla)
    [foreign] = [case.number for case in await ventanilla.cases(agency="dian")]
    async with visitor(ventanilla, "luz", language="en") as browser:
        page = await browser.post(f"/console/cases/{first}/merge", which="into", reason=WHY)
        assert (page.status, "Tick" in page.text) == (422, True)
        page = await browser.post(f"/console/cases/{first}/merge", which="into", case=second, number=third, reason=WHY)
        assert (page.status, "Choose a single case" in page.text) == (422, True)
        for number, status in ((first, 409), (foreign, 404)):
            page = await browser.post(f"/console/cases/{first}/merge", which="into", number=number, reason=WHY)
            assert page.status == status
        assert (await browser.get(f"/console/cases/{foreign}/merge")).status == 404
        page = await browser.post(
            f"/console/cases/{first}/merge", which="into", number=f"{second[:4]} {second[4:]}", reason=WHY
        )
        assert page.path == f"/console/cases/{first}?done=merged"
        assert f"{second}" in page.text
        ended = await browser.get(f"/console/cases/{first}/merge")
        assert "The case that stands for this one" in ended.text
        assert boxes(ended.html) == []
    async with visitor(ventanilla, "ana") as browser:
        for path in ("merge", "separate"):
            assert (await browser.post(f"/console/cases/{first}/{path}", reason=WHY, case=foreign)).status == 404
        assert boxes((await browser.get(f"/console/cases/{foreign}/merge")).html) == []


async def test_a_duplicate_waits_for_nobody_in_lists_counts_and_hand_outs(ventanilla: Running) -> None:
    first, second = await asked(ventanilla, FIRST), await asked(ventanilla, SECOND)
    await ventanilla.gateway.desk.merge(LUZ, second, into=first, reason=WHY)
    async with ventanilla.gateway.store.read() as conn:
        waiting, _ = await queue.listed(conn, LUZ, queue.Filter(state=("open",), unassigned=True))
    assert [row.number for row in waiting] == [first]
    await ventanilla.gateway.desk.take(LUZ, first)
    manager = await client(ventanilla, Role.MANAGER, "sena")
    assert (await manager.raw("GET", "/queue/next")).status == 204


async def test_an_agency_that_gives_cases_out_gives_no_duplicate(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path, change=giving("sena")) as at:
        await at.set_staff("sena", on_duty=False)
        first, second = await at.ask(), await at.ask()
        gateway = at.running.gateway
        await gateway.desk.merge(LUZ, second, into=first, reason=WHY)
        rosa = await at.employ("rosa")
        await gateway.store.transact(
            lambda conn: duty.set_on_duty(
                conn, gateway.current().catalog, ADMINISTRATOR, "rosa", on_duty=True, now=at.clock()
            )
        )
        assert [(await at.case(number)).assignee_id for number in (first, second)] == [rosa.id, None]


@ON_SQLITE
async def test_programs_merge_separate_and_take_an_answer_back(ventanilla: Running) -> None:
    first, second = await asked(ventanilla, FIRST), await asked(ventanilla, SECOND)
    manager = await client(ventanilla, Role.MANAGER, "sena")
    status, case = await manager.post(f"/cases/{second}/merge", into=first, reason=WHY)
    assert (status, case["number"]) == (200, second)
    assert (await manager.post(f"/cases/{first}/merge", into=second, reason=WHY))[0] == 409
    status, _ = await manager.post(f"/cases/{first}/reply", text="Abren el 15.", undo_seconds=600)
    assert (status, await state_of(ventanilla, second)) == (201, "answered")
    status, case = await manager.post(f"/cases/{first}/undo")
    assert (status, case["state"], await state_of(ventanilla, second)) == (200, "open", "open")
    status, _ = await manager.post(f"/cases/{second}/separate", reason="No lo era")
    assert status == 200
    assert (await manager.post(f"/cases/{first}/undo"))[0] == 409
    assert len(await ventanilla.texts_to(FIRST)) == 1
