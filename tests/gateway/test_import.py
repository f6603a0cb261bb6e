"""`ventanilla import-cases`: the past taken in with its true dates, once, and scored by the terms of its time."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from gateway.cli import main
from gateway.store import schema as t
from gateway.store.engine import open_store
from gateway.timekeeping.clocks import keep
from routing import case_number
from tests.support.running import ADMINISTRATOR, CONFIG, Running, running

HEADER = "received,class,agency,channel,answered,suspended,resumed,extended,transferred,number,territory,external_id"


class Office:
    """Somebody with a database, who types the command."""

    def __init__(self, database: str, folder: Path) -> None:
        self.database, self.folder = database, folder

    def file(self, *rows: str, header: str = HEADER, name: str = "past.csv") -> Path:
        path = self.folder / name
        wide = header.count(",")
        path.write_text("\n".join([header, *(row + "," * (wide - row.count(",")) for row in rows)]) + "\n", "utf-8")
        return path

    def run(self, path: Path, *options: str) -> Result:
        environment = {"VENTANILLA_DATABASE_URL": self.database, "VENTANILLA_CONFIG_DIR": str(CONFIG)}
        return CliRunner().invoke(main, ["import-cases", str(path), *options], env=environment)

    def told(self, path: Path, *options: str) -> dict[str, Any]:
        result = self.run(path, "--json", *options)
        found: dict[str, Any] = json.loads(result.stdout)
        assert result.exit_code == (0 if found["ok"] else 1), result.output
        return found

    async def rows(self, table: Any, order: Any) -> list[Any]:
        store = await open_store(self.database, serving=False)
        try:
            async with store.read() as conn:
                return list(await conn.execute(select(table).order_by(order)))
        finally:
            await store.close()

    async def cases(self) -> list[Any]:
        return await self.rows(t.cases, t.cases.c.id)

    async def clocks(self) -> list[Any]:
        return await self.rows(t.clock, t.clock.c.case_id)


@pytest.fixture
def office(database: str, tmp_path: Path) -> Office:
    return Office(database, tmp_path)


def bogota(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}-05:00").astimezone(UTC)


def done(imported: int, already: int = 0) -> dict[str, Any]:
    return {"faults": [], "ok": True, "rows": imported + already, "imported": imported, "already": already}


async def in_a_thread(work: Any, *arguments: Any) -> Any:
    """The command has a loop of its own, so it runs beside the test's."""
    return await asyncio.to_thread(work, *arguments)


async def test_a_case_of_the_emergency_is_scored_with_its_thirty_days(office: Office) -> None:
    path = office.file(
        "2021-02-01T09:00:00-05:00,general,sena,web,2021-03-12T11:00:00-05:00",
        "2021-02-01T09:00:00,general,sena,web,2021-03-16T00:00:00",
        "2019-02-01T09:00:00-05:00,general,sena,web,2019-03-12T11:00:00-05:00",
    )
    assert await in_a_thread(office.told, path) == done(3)
    kept, late, before = await office.cases()
    assert kept.due_at == bogota("2021-03-15T23:59:59")
    assert (kept.late_at, kept.state, kept.answered_at) == (None, "answered", bogota("2021-03-12T11:00:00"))
    assert late.late_at == bogota("2021-03-16T00:00:00")
    # Fifteen days before the emergency.
    assert (before.due_at, before.late_at) == (bogota("2019-02-22T23:59:59"), bogota("2019-02-23T00:00:00"))
    assert [clock.days for clock in await office.clocks()] == [29, 31, 27]


async def test_what_stopped_moved_and_lengthened_a_term_is_told_at_its_true_instants(office: Office) -> None:
    path = office.file(
        "2023-03-01T09:00,general,sena,sms,2023-05-10T10:00,2023-03-06T08:00,2023-03-20T09:00,"
        "20@2023-04-20T08:00,dian@2023-03-24T10:00;minsalud@2023-04-03T10:00"
    )
    assert (await in_a_thread(office.told, path))["imported"] == 1
    [case] = await office.cases()
    assert (case.agency, case.channel, case.received_at) == ("minsalud", "sms", bogota("2023-03-01T09:00:00"))
    clocks = await office.clocks()
    assert [(c.agency, c.began, c.ended_by, c.paused, c.extended) for c in sorted(clocks, key=lambda c: c.no)] == [
        ("sena", "received", "transferred", True, False),
        ("dian", "transferred", "transferred", False, False),
        ("minsalud", "transferred", "answered", False, True),
    ]
    events = await office.rows(t.case_event, t.case_event.c.id)
    story = [(e.kind, e.at) for e in events if e.once is None]
    assert [kind for kind, _ in story] == [
        "received", "routed", "completion_requested", "suspended", "resumed", "transferred", "transferred", "extended",
        "replied",
    ]  # fmt: skip
    assert [at for _, at in story] == sorted(at for _, at in story)
    assert story[2][1] == bogota("2023-03-06T08:00:00")


async def test_numbers_are_of_the_year_of_receipt_and_go_on_from_the_same_counter(office: Office) -> None:
    given = case_number.format_number(2022, 40)
    first = office.file(
        f"2022-02-01T09:00,general,sena,web,2022-02-02T09:00,,,,,{given}",
        "2022-02-01T09:00,general,sena,web",
        "2023-12-31T23:30:00,general,sena,web",
        "2024-01-01T02:00:00+00:00,general,sena,web",
    )
    assert await in_a_thread(office.told, first) == done(4)
    numbers = [case.number for case in await office.cases()]
    assert numbers == [
        given,
        case_number.format_number(2022, 41),
        *(case_number.format_number(2023, n) for n in (1, 2)),
    ]
    again = office.file(f"2022-03-01T09:00,general,sena,web,2022-03-02T09:00,,,,,{given}", name="other.csv")
    told = await in_a_thread(office.told, again)
    assert [(f["line"], f["message"]) for f in told["faults"]] == [(2, f"number {given} is another case's already")]
    assert len(await office.cases()) == 4


async def test_the_same_file_twice_and_a_file_that_has_grown_import_nothing_twice(office: Office) -> None:
    rows = ("2022-02-01T09:00,general,sena,web", "2022-02-01T09:00,general,sena,web")
    path = office.file(*rows)
    assert await in_a_thread(office.told, path) == done(2)
    assert await in_a_thread(office.told, path) == done(0, 2)
    renamed = path.rename(path.with_name("renamed.csv"))
    assert await in_a_thread(office.told, renamed) == done(0, 2)
    grown = office.file(*rows, "2022-02-03T09:00,general,sena,web")
    assert await in_a_thread(office.told, grown) == done(1, 2)
    named = office.file("2022-02-01T09:00,general,sena,web,,,,,,,,A-1", name="a.csv")
    moved = office.file("", "2022-02-01T09:00,general,sena,sms,,,,,,,,A-1", name="b.csv")
    assert await in_a_thread(office.told, named) == done(1)
    assert await in_a_thread(office.told, moved) == done(0, 1)
    assert len(await office.cases()) == 4


FAULTS = {
    "yesterday,general,sena,web": "received yesterday is no instant of 2000 to 2099, like 2021-03-31T16:00:00-05:00",
    "2999-01-01,general,sena,web": "received 2999-01-01 lies in the future",
    ",general,sena,web": "received is empty",
    "2022-02-01,inquiry,sena,web": "class: there is no class inquiry; there are: between-authorities",
    "2022-02-01,transfer,sena,web": "class: there is no class transfer; there are: ",
    "2022-02-01,general,nobody,web": "agency: there is no agency nobody",
    "2022-02-01,general,sena,La Web": "channel La Web is no name like sms, web or counter",
    "2022-02-01,general,sena,web,2022-01-31": "answered lies before received",
    "2022-02-01,general,sena,web,,,2022-03-01": "resumed stands without suspended",
    "2022-02-02,general,sena,web,,2022-02-01,2022-02-03": "suspended lies before received",
    "2022-02-01,general,sena,web,,2022-02-03,2022-02-03": "resumed does not lie after suspended",
    "2022-02-01,general,sena,web,2022-02-05,2022-02-03,2022-02-06": "resumed lies after answered",
    "2022-02-01,general,sena,web,,,,30": "extended 30 is not like 30@",
    "2023-02-01,general,sena,web,,,,31@2023-02-03": "extended to 31: the class general has 30 at most",
    "2023-02-01,general,sena,web,,,,15@2023-02-03": "extended to 15: the term had 15 before",
    "2023-02-01,general,sena,web,,,,30@2023-02-23": "extended after the term had ended on 2023-02-22",
    "2023-02-01,congress,sena,web,,,,10@2023-02-02": "extended to 10: the class congress has no extension",
    "2022-02-01,general,sena,web,,,,,dian": "transferred dian is not like dian@2021-04-09T10:00:00-05:00",
    "2022-02-01,general,sena,web,,,,,sena@2022-02-02": "transferred: the case is at sena already",
    "2022-02-01,general,sena,web,,,,,dian@2022-02-03;icbf@2022-02-02": "transferred: the transfers are not in their",
    "2022-02-01,general,sena,web,,,,,,20220000011": "number 20220000011 is no case number",
    f"2022-02-01,general,sena,web,,,,,,{case_number.format_number(2021, 1)}": "is of another year than received",
    "2022-02-01,general,sena,web,,,,,,,99999": "territory 99999 is not in the configuration",
    "2002-02-01,general,sena,web": "the term class “general” has no row for 2002-02-01",
    '2022-02-01,general,sena,"we"b': "is no row of a CSV file",
    "2022-02-01,general,sena,web,,,,,,,,,,,": "has 15 cells; the header has 12",
}


def test_every_fault_is_told_at_once_with_its_line_and_nothing_is_written(tmp_path: Path) -> None:
    office = Office(f"sqlite:///{tmp_path}/none/ventanilla.db", tmp_path)
    path = office.file("2022-02-01,general,sena,web", *FAULTS, "2022-02-01,general,sena,web,,,,,,,,A", ",,,,,,,,,,,")
    told = office.told(path)
    assert (told["ok"], told["rows"], told["imported"]) == (False, 2, 0)
    by_line = {fault["line"]: fault["message"] for fault in told["faults"]}
    assert len(by_line) == len(told["faults"]) == len(FAULTS)
    for line, expected in enumerate(FAULTS.values(), 3):
        assert expected in by_line[line]
    plain = office.run(path)
    assert plain.exit_code == 1
    assert f"{path}:3: received yesterday is no instant" in plain.stderr
    assert not (tmp_path / "none").exists()


def test_a_number_and_an_external_id_stand_once(tmp_path: Path) -> None:
    number = case_number.format_number(2022, 7)
    office = Office(f"sqlite:///{tmp_path}/none/ventanilla.db", tmp_path)
    path = office.file(
        f"2022-02-01,general,sena,web,,,,,,{number},,A", "2022-02-01,general,sena,web,,,,,,,,A",
        f"2022-02-01,general,sena,web,,,,,,{number},,B",
    )  # fmt: skip
    assert [fault["message"] for fault in office.told(path)["faults"]] == [
        "external_id A stands in line 2 already", f"number {number} stands in line 2 already",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("received,class,agency", "the header lacks channel; it may have: received, class, agency, channel, answered"),
        ("received,class,agency,channel,colour", "unknown column colour; there are: received"),
        ("received,class,agency,channel,agency", "a column stands twice in the header"),
    ],
)
def test_a_header_is_checked_before_any_row(tmp_path: Path, header: str, message: str) -> None:
    office = Office(f"sqlite:///{tmp_path}/none/ventanilla.db", tmp_path)
    [fault] = office.told(office.file("2022-02-01,general,sena,web", header=header))["faults"]
    assert (fault["line"], fault["message"].startswith(message)) == (1, True)


async def test_a_dry_run_writes_nothing_and_semicolons_and_a_mark_at_the_front_are_read(tmp_path: Path) -> None:
    office = Office(f"sqlite:///{tmp_path}/none/ventanilla.db", tmp_path)
    path = tmp_path / "excel.csv"
    path.write_bytes("\ufeffreceived;class;agency;channel\r\n2022-02-01 09:00;general;sena;web\r\n".encode())
    told = await in_a_thread(office.told, path, "--dry-run")
    assert (told["ok"], told["rows"], told["imported"]) == (True, 1, 0)
    assert not (tmp_path / "none").exists()


async def test_beside_a_server_nothing_is_sent_and_only_what_is_open_is_looked_at_again(
    database: str, tmp_path: Path
) -> None:
    office = Office(database, tmp_path)
    path = office.file(
        "2021-02-01T09:00,information,sena,web,2021-05-12T11:00", "2022-02-01T09:00,general,sena,sms",
        "2022-02-02T09:00,general,dian,counter,,2022-02-03T10:00",
    )  # fmt: skip
    async with running(database, tmp_path) as started:
        assert (await in_a_thread(office.told, path))["imported"] == 3
        rows = {row.received_at: row for row in await started.cases()}
        ended = rows[bogota("2021-02-01T09:00:00")]
        assert ended.next_step_at is None
        assert {row.state for row in rows.values()} == {"answered", "open", "waiting"}
        [waiting] = [row for row in rows.values() if row.state == "waiting"]
        assert waiting.suspended_at == waiting.asked_at == bogota("2022-02-03T10:00:00")
        await _derived_again(started, [row.id for row in rows.values()])
        async with started.gateway.store.read() as conn:
            for table in (t.outbox, t.message, t.notice):
                assert (await conn.execute(select(func.count()).select_from(table))).scalar_one() == 0
        await started.gateway.desk.close(ADMINISTRATOR, rows[bogota("2022-02-01T09:00:00")].number, outcome="duplicate",
                                         reason="Estaba en el archivo")  # fmt: skip


async def _derived_again(started: Running, case_ids: list[int]) -> None:
    """Deriving anew changes nothing."""
    gateway = started.gateway
    before = {row.id: tuple(row) for row in await started.cases()}
    await gateway.store.transact(
        lambda conn: keep(conn, gateway.current().catalog, case_ids, now=gateway.clock(), recount=True)
    )
    assert {row.id: tuple(row) for row in await started.cases()} == before
