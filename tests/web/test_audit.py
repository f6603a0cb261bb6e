"""Who saw and who did what: what is written, who reads it, and that nobody changes it."""

from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DBAPIError

from gateway.audit import Action, Audit, entry
from gateway.clock import now
from gateway.principal import Principal, Role
from gateway.store import audit as rows
from gateway.store import schema as t
from gateway.store.audit import Wanted
from gateway.web.locale import LANGUAGES, texts
from tests.support.running import PHONE, Running
from tests.web.test_api import a_file, an_exchange, asked, client
from tests.web.visitor import PASSWORD, employ, visitor

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
EVERYTHING = Principal(id=1, name="test", role=Role.ADMINISTRATOR, agency=None)


async def log_of(ventanilla: Running, **wanted: Any) -> list[Any]:
    """The entries, the earliest first, once everything noted is written."""
    await ventanilla.gateway.audit.written()
    async with ventanilla.gateway.store.read() as conn:
        found, _ = await rows.listed(conn, EVERYTHING, Wanted(**wanted), limit=500)
    return found[::-1]


async def test_what_is_seen_and_done_is_written_with_who_what_whose_and_from_where(ventanilla: Running) -> None:
    luz = await employ(ventanilla, "luz", agency="sena")
    number = await asked(ventanilla)
    file_id = await a_file(ventanilla, number)
    async with visitor(ventanilla) as browser:
        await browser.log_in("luz", "no es esta frase")
        await browser.log_in("mi-clave-secreta")
        await browser.log_in("luz")
        await browser.get(f"/console/cases/{number}")
        await browser.post(f"/console/cases/{number}/reveal")
        await browser.get(f"/console/attachments/{file_id}")
        await browser.get("/console/cases/20990000011")
        await browser.post("/logout")
    found = await log_of(ventanilla)
    assert [(row.action, row.object, row.who) for row in found] == [
        (Action.LOGIN_FAILED, "staff:luz", ""),
        (Action.LOGIN_FAILED, "", ""),
        (Action.LOGIN, "staff:luz", "luz"),
        (Action.CASE_OPENED, number, "luz"),
        (Action.ADDRESS_REVEALED, number, "luz"),
        (Action.ATTACHMENT_DOWNLOADED, number, "luz"),
        (Action.LOGOUT, "", "luz"),
    ]
    opened = found[3]
    assert (opened.actor, opened.role, opened.agency) == (f"staff:{luz.id}", "manager", "sena")
    assert {row.remote for row in found} == {"127.0.0.1"}
    said = " ".join(str(tuple(row)) for row in found)
    for secret in (PHONE, PHONE[1:], "mi-clave-secreta", PASSWORD, "inscripciones"):
        assert secret not in said


async def test_what_a_program_reads_is_written_too(ventanilla: Running) -> None:
    number = await asked(ventanilla)
    file_id = await a_file(ventanilla, number)
    program = await client(ventanilla, Role.AUDITOR, name="tablero")
    [case] = [case for case in await ventanilla.cases() if case.number == number]
    for path in (f"/cases/{number}", f"/attachments/{file_id}", f"/contacts/{case.contact_id}"):
        assert (await program.raw("GET", path)).status == 200
    found = await log_of(ventanilla, who="tablero")
    assert [(row.action, row.object, row.agency) for row in found] == [
        (Action.CASE_OPENED, number, "sena"),
        (Action.ATTACHMENT_DOWNLOADED, number, "sena"),
        (Action.CONTACT_OPENED, f"contact:{case.contact_id}", None),
    ]


@ON_SQLITE
async def test_looking_at_and_settling_a_channels_request_is_written(ventanilla: Running) -> None:
    await employ(ventanilla, "ana", role="operator")
    kept = await an_exchange(ventanilla)
    async with visitor(ventanilla, "ana") as browser:
        await browser.get(f"/operations/exchanges/{kept}")
        await browser.post(f"/operations/exchanges/{kept}/dismiss")
    found = await log_of(ventanilla, object=f"exchange:{kept}")
    assert [row.action for row in found] == [Action.EXCHANGE_OPENED, Action.EXCHANGE_DISMISSED]


async def test_the_database_itself_refuses_to_change_or_remove_an_entry(ventanilla: Running) -> None:
    await employ(ventanilla, "luz", agency="sena")
    async with visitor(ventanilla, "luz"):
        [before] = await log_of(ventanilla)
    for statement in (update(t.audit).values(who="nobody"), delete(t.audit)):
        with pytest.raises(DBAPIError, match="append-only"):
            await ventanilla.gateway.store.transact(lambda conn, s=statement: conn.execute(s))  # type: ignore[misc]
    assert await log_of(ventanilla) == [before]


def noted(action: Action = Action.SEARCHED, **more: Any) -> rows.Entry:
    return entry(action, at=now(), by=EVERYTHING, who="raiz", remote="192.0.2.1", **more)


async def test_a_clean_stop_loses_nothing_and_an_entry_in_doubt_is_written_once(ventanilla: Running) -> None:
    queue = Audit(ventanilla.gateway.store, clock=now)
    entries = [noted(object=str(n)) for n in range(1200)]
    await ventanilla.gateway.store.transact(lambda conn: rows.write(conn, entries[:3]))
    await queue.start()
    for each in entries:
        queue.note(each)
    await queue.close()
    async with ventanilla.gateway.store.read() as conn:
        kept = [row.object for row in await conn.execute(select(t.audit).order_by(t.audit.c.id))]
    assert kept == [str(n) for n in range(1200)]


@ON_SQLITE
async def test_entries_wait_while_the_database_does_not_take_them(
    ventanilla: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.audit._AGAIN", 0.01)
    store = ventanilla.gateway.store
    queue = Audit(store, clock=now)
    await store.transact(lambda conn: conn.exec_driver_sql("ALTER TABLE audit RENAME TO audit_away"))
    await queue.start()
    queue.note(noted(object="during"))
    await store.transact(lambda conn: conn.exec_driver_sql("ALTER TABLE audit_away RENAME TO audit"))
    queue.note(noted(object="after"))
    await queue.written()
    await queue.close()
    assert [row.object for row in await log_of(ventanilla, action="searched")] == ["during", "after"]


async def test_the_page_is_filtered_paged_and_exported_within_the_readers_agency(ventanilla: Running) -> None:
    await employ(ventanilla, "veedora", role="auditor", agency="sena")
    await employ(ventanilla, "auditora", role="auditor")
    entries = [noted(object=f"n{n}", agency="sena" if n % 2 else "dian") for n in range(250)]
    hostile = noted(Action.EXPORTED, object='=HYPERLINK("x")', agency="sena", detail="<b>no</b>")
    await ventanilla.gateway.store.transact(lambda conn: rows.write(conn, [*entries, hostile]))
    async with visitor(ventanilla, "auditora") as browser:
        page = await browser.get("/audit?action=searched")
        seen = page.html.count("<bdi>n")
        while 'href="/audit?action=searched&amp;before=' in page.html:
            following = page.html.partition('href="/audit?action=searched&amp;before=')[2].partition('"')[0]
            page = await browser.get(f"/audit?action=searched&before={following}")
            seen += page.html.count("<bdi>n")
        assert seen == 250
        assert "<bdi>n7<" in (await browser.get("/audit?object=n7&who=raiz&from=2020-01-01&to=2099-01-01")).html
        for nothing in ("object=n777", "who=nadie", "to=2020-01-01", "from=2099-01-01"):
            assert "No hay nada con ese filtro" in (await browser.get(f"/audit?{nothing}")).text
        for odd in ("from=x", "action=fly", "before=zzz", "to=2026-13-45"):
            assert (await browser.get(f"/audit?{odd}")).status == 200
        assert (await browser.get("/audit")).html.count("<b>no") == 0
        everything = await browser.get("/audit.csv?action=searched")
        assert everything.html.count("\r\n") == 251
        assert everything.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    async with visitor(ventanilla, "veedora") as browser:
        mine = await browser.get("/audit.csv?action=searched")
        assert mine.html.count("\r\n") == 126
        assert "dian" not in mine.html
        assert "'=HYPERLINK" in (await browser.get("/audit.csv?action=exported")).html
        assert "<bdi>n2<" not in (await browser.get("/audit?object=n2")).html


async def test_programs_read_it_in_pages_and_within_their_agency(ventanilla: Running) -> None:
    entries = [noted(object=f"n{n}", agency="sena" if n % 2 else "dian") for n in range(7)]
    await ventanilla.gateway.store.transact(lambda conn: rows.write(conn, entries))
    every, one = await client(ventanilla, Role.AUDITOR), await client(ventanilla, Role.AUDITOR, "sena")
    status, page = await every.get("/audit", action="searched", limit=5)
    assert (status, [item["object"] for item in page["items"]]) == (200, ["n6", "n5", "n4", "n3", "n2"])
    assert page["items"][0]["actor"] == "staff:1"
    _, page = await every.get("/audit", action="searched", limit=5, cursor=page["next"])
    assert ([item["object"] for item in page["items"]], page["next"]) == (["n1", "n0"], None)
    _, page = await one.get("/audit", action="searched")
    assert [item["object"] for item in page["items"]] == ["n5", "n3", "n1"]
    assert (await one.get("/audit", action="fly"))[0] == 422
    assert (await one.get("/audit", since="2099-01-01T00:00:00Z"))[1]["items"] == []


def test_every_action_has_its_words_in_every_language() -> None:
    for language in LANGUAGES:
        assert {f"audit.action.{action}" for action in Action} <= texts()[language].keys()


async def test_an_entry_takes_what_the_engines_cannot_hold(ventanilla: Running) -> None:
    await ventanilla.gateway.store.transact(lambda conn: rows.write(conn, [noted(detail="a\x00b\ud83d")]))
    [found] = await log_of(ventanilla, action="searched")
    assert found.detail.startswith("a\ufffdb")
    row = {column.name: getattr(found, column.name) for column in t.audit.c}
    with pytest.raises(DBAPIError):
        await ventanilla.gateway.store.transact(lambda conn: conn.execute(insert(t.audit).values(**row)))
