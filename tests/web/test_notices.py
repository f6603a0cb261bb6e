"""The bell, the page behind it, and the same over the API."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.principal import Role
from tests.support.office import Office, office
from tests.web.test_api import Client, client
from tests.web.visitor import employ, visitor


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(database, tmp_path) as opened:
        await employ(opened.running, "luz", agency="sena")
        await employ(opened.running, "dian.ana", agency="dian")
        yield opened


async def test_the_bell_counts_what_is_unread_and_leads_to_the_cases(desk: Office) -> None:
    number = await desk.ask()
    async with visitor(desk.running, "luz") as luz, visitor(desk.running, "dian.ana") as ana:
        before = (await luz.get("/console")).html
        await warned(desk)

        after, others = (await luz.get("/console")).html, (await ana.get("/console")).html
        page = await luz.get("/console/notices")

    assert "Avisos sin leer: 0" in before
    assert "Avisos sin leer: 2" in after
    assert "Avisos sin leer: 0" in others
    assert page.html.count(f'href="/console/cases/{number}"') == 2
    assert "Vence el " in page.text


async def test_one_is_read_and_then_all_that_were_shown(desk: Office) -> None:
    await desk.ask()
    await warned(desk)
    async with visitor(desk.running, "luz") as luz:
        shown = await luz.get("/console/notices")
        ids = ids_of(shown.html)
        once = await luz.post("/console/notices", notice=ids[-1])
        await desk.at("2026-07-27", "08:00:00")
        desk.clock.at = desk.clock.at.replace(day=6)
        rest = await luz.post("/console/notices", notice=ids[0])

    assert len(ids) == 2
    assert ids_of(once.html) == ids[:1]
    # What came since the page was made is not read by it.
    assert len(ids_of(rest.html)) == 1


async def test_nobody_reads_or_marks_what_others_are_told(desk: Office) -> None:
    await desk.ask()
    await warned(desk)
    async with visitor(desk.running, "luz") as luz, visitor(desk.running, "dian.ana") as ana:
        ids = ids_of((await luz.get("/console/notices")).html)
        theirs = await ana.get("/console/notices")
        await ana.post("/console/notices", notice=ids[0])
        still = ids_of((await luz.get("/console/notices")).html)

    assert "No tiene avisos sin leer" in theirs.text
    assert still == ids


async def test_a_case_that_went_to_another_agency_takes_its_notices_along(desk: Office) -> None:
    number = await desk.ask()
    await warned(desk)
    head = await client(desk.running, Role.ADMINISTRATOR)
    await head.post(f"/cases/{number}/transfer", agency="dian", reason="Es de impuestos.")

    async with visitor(desk.running, "luz") as luz:
        page = await luz.get("/console/notices")

    assert number not in page.html
    assert "Avisos sin leer: 0" in page.html


async def test_a_program_reads_what_the_staff_of_its_agency_is_told(desk: Office) -> None:
    number = await desk.ask()
    await warned(desk)
    sena, dian = await client(desk.running, Role.MANAGER, "sena"), await client(desk.running, Role.MANAGER, "dian")

    status, found = await sena.get("/notices", staff="luz")
    _, everybody = await sena.get("/notices", limit=1)
    _, others = await dian.get("/notices")

    assert status == 200
    assert [(item["kind"], item["event"], item["case"], item["staff"]) for item in found["items"]] == [
        ("most", "warned", number, "luz"), ("half", "warned", number, "luz"),
    ]  # fmt: skip
    assert found["items"][0]["at"] == "2026-07-24T12:30:00Z"
    assert (found["unread"], len(everybody["items"]), everybody["unread"]) == (2, 1, 4)
    assert others == {"items": [], "unread": 0}


async def test_a_program_marks_what_it_may_see_and_nothing_else(desk: Office) -> None:
    await desk.ask()
    await warned(desk)
    sena, dian = await client(desk.running, Role.MANAGER, "sena"), await client(desk.running, Role.MANAGER, "dian")
    ids = [item["id"] for item in (await sena.get("/notices", staff="luz"))[1]["items"]]

    beyond = await dian.post("/notices/read", ids=ids)
    one = await sena.post("/notices/read", ids=ids[:1])
    rest = await sena.post("/notices/read", staff="luz")

    assert [answer for _, answer in (beyond, one, rest)] == [{"read": 0}, {"read": 1}, {"read": 1}]
    assert (await sena.get("/notices"))[1]["unread"] == 2


async def test_staff_of_another_agency_do_not_exist(desk: Office) -> None:
    sena = await client(desk.running, Role.HEAD, "sena")

    answers = [
        await sena.get("/notices", staff="dian.ana"),
        await sena.post("/notices/read", staff="dian.ana"),
        await sena.get("/staff/dian.ana/absences"),
        await sena.post("/staff/dian.ana/absences", **{"from": "2026-07-06T15:00:00Z", "reason": "vacaciones"}),
        await sena.get("/staff/nadie/absences"),
    ]

    assert [status for status, _ in answers] == [422, 422, 404, 404, 404]


async def test_an_absence_over_the_api_frees_what_somebody_has(desk: Office) -> None:
    number = await desk.ask()
    async with visitor(desk.running, "luz") as luz:
        await luz.get("/console")
        await luz.post(f"/console/cases/{number}/take")
    head = await client(desk.running, Role.HEAD, "sena")

    status, noted = await absent(head, "2026-07-06T15:00:00Z")

    assert status == 201
    assert [(each["from"], each["until"], each["reason"]) for each in noted["items"]] == [
        ("2026-07-06T15:00:00Z", None, "vacaciones")
    ]

    async def offered() -> bool:
        return (await desk.case(number)).assignee_id is None

    assert await desk.running.eventually(offered)
    [absence] = noted["items"]
    assert await head.call("DELETE", f"/staff/luz/absences/{absence['id']}") == (200, {"items": []})
    assert (await head.call("DELETE", f"/staff/luz/absences/{absence['id']}"))[0] == 404


async def test_absences_do_not_overlap_and_end_after_they_begin(desk: Office) -> None:
    head = await client(desk.running, Role.HEAD, "sena")

    first = await absent(head, "2026-07-08T15:00:00Z", "2026-07-10T15:00:00Z")
    after = await absent(head, "2026-07-10T15:00:00Z", "2026-07-11T15:00:00Z")
    within = await absent(head, "2026-07-09T15:00:00Z")
    backwards = await absent(head, "2026-07-20T15:00:00Z", "2026-07-19T15:00:00Z")
    over = await absent(head, "2026-06-01T15:00:00Z", "2026-06-02T15:00:00Z")

    assert [status for status, _ in (first, after, within, backwards, over)] == [201, 201, 409, 422, 422]
    assert len(after[1]["items"]) == 2


async def test_an_absence_is_audited_with_its_change(desk: Office) -> None:
    head = await client(desk.running, Role.HEAD, "sena", name="gestor")
    await absent(head, "2026-07-08T15:00:00Z")
    auditor = await client(desk.running, Role.AUDITOR)

    _, found = await auditor.get("/audit", action="staff_absence_changed")

    assert [(e["who"], e["object"], e["detail"], e["agency"]) for e in found["items"]] == [
        ("gestor", "staff:luz", "absent", "sena")
    ]


async def absent(head: Client, since: str, until: str | None = None) -> tuple[int, Any]:
    body = {"from": since, "reason": "vacaciones"} | ({"until": until} if until else {})
    return await head.post("/staff/luz/absences", **body)


async def warned(desk: Office) -> None:
    """Half of the term is used up, and most of it; then back to the day on which everybody logged in."""
    await desk.at("2026-07-24", "08:00:00")
    desk.clock.at = desk.clock.at.replace(day=6)


def ids_of(html: str) -> list[str]:
    """The notices shown, the newest first."""
    return [part.split('"')[0] for part in html.split('name="notice" value="')[1:]][: html.count("<li>")]
