"""The made-up past: as the gateway itself would have written it, and the same one for the same seed."""

import asyncio
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from channels.channel import Capabilities
from channels.message import Address, InboundMessage
from gateway.accounts import passwords
from gateway.cli import main
from gateway.clock import id_at, ids_by, new_id
from gateway.demo.corpus import at_hand, corpus
from gateway.demo.days import arrivals
from gateway.demo.files import attached
from gateway.demo.fill import Wanted, fill
from gateway.demo.people import Crowd
from gateway.errors import Conflict
from gateway.files import Files, sniff
from gateway.principal import Principal, Role
from gateway.store import canned, saved_views, staff
from gateway.store import schema as t
from gateway.store.engine import Store, open_store
from gateway.timekeeping import verify as checking
from gateway.web.console import narrowing
from routing import case_number
from routing.decide import decide
from routing.terms import counted
from tests.gateway.test_cli import CREDENTIALS, TRIAL
from tests.support import databases
from tests.support.running import CONFIG, sample_deployment

ENDS = datetime(2026, 2, 5, 21, 30, tzinfo=UTC)
WANTED = Wanted(cases=30, days=60, seed=1, ends=ENDS)
FACTS = {"muni": "Neiva", "barrio": "Villa Luz", "vereda": "La Honda", "mes": "marzo", "n": "3", "name": "Ana Ruiz",
         "digits": "123456"}  # fmt: skip


def capable(name: str) -> Capabilities:
    return Capabilities(
        max_length=1600, segments=name == "sms", receipts=name == "sms", screen_gsm7=160, screen_ucs2=140
    )


async def made(store: Store, folder: Path, wanted: Wanted = WANTED) -> Any:
    return await fill(store, sample_deployment(), Files(folder / "files"), wanted, capable)


async def story(store: Store) -> list[tuple[Any, ...]]:
    """Every case with its people, words and events, without what is drawn for ids and files' names."""
    async with store.read() as conn:
        cases = await conn.execute(
            select(t.cases.c.number, t.cases.c.agency, t.cases.c.state, t.cases.c.received_at, t.cases.c.due_at,
                   t.cases.c.last_line, t.contact.c.name, t.staff.c.login)
            .join_from(t.cases, t.contact).outerjoin(t.staff, t.staff.c.id == t.cases.c.assignee_id)
            .order_by(t.cases.c.number)
        )  # fmt: skip
        events = await conn.execute(
            select(t.cases.c.number, t.case_event.c.kind, t.case_event.c.at)
            .join_from(t.case_event, t.cases, t.cases.c.id == t.case_event.c.case_id)
            .order_by(t.case_event.c.id)
        )
        return [tuple(row) for row in (*cases, *events)]


async def test_what_is_kept_of_the_clocks_is_what_the_logs_say(database: str, tmp_path: Path) -> None:
    store, found = await open_store(database, serving=True), []
    try:
        await made(store, tmp_path)
        verdict = await checking.verify(
            store, sample_deployment().catalog, now=ENDS, repair=False, tell=lambda each: found.append(each)
        )
    finally:
        await store.close()
    assert (found, verdict.differences, verdict.awaiting) == ([], 0, 0)
    assert verdict.cases >= WANTED.cases


async def test_every_case_stands_where_its_events_have_brought_it(database: str, tmp_path: Path) -> None:
    store = await open_store(database, serving=True)
    try:
        await made(store, tmp_path)
        async with store.read() as conn:
            cases = list(await conn.execute(select(t.cases)))
            events = list(await conn.execute(select(t.case_event).order_by(t.case_event.c.id)))
    finally:
        await store.close()
    fresh = {case.id: _folded([event for event in events if event.case_id == case.id]) for case in cases}
    assert fresh == {case.id: (case.state, case.agency, case.assignee_id, case.term_class) for case in cases}
    assert {"answered", "closed", "open"} <= {case.state for case in cases}


def _folded(events: list[Any]) -> tuple[str, str, int | None, str]:
    """State, agency, assignee and class by nothing but the log."""
    state, agency, assignee, term_class = "", "", None, ""
    for event in events:
        data = event.data
        match event.kind:
            case "received" if data["rule"] != "thanks":
                state = "open"
            case "routed":
                agency, term_class = data["agency"], data["term_class"]
            case "taken":
                assignee = int(data["staff"])
            case "unassigned" | "merged":
                assignee = None
            case "classified":
                term_class = data["class"]
            case "transferred":
                state, agency, assignee = "open", data["to"], None
            case "replied":
                state = "answered" if data["final"] else "waiting"
                assignee = assignee or int(event.actor.removeprefix("staff:"))
            case "completion_requested":
                state, assignee = "waiting", assignee or int(event.actor.removeprefix("staff:"))
            case "closed":
                state = "closed"
            case "resumed" | "reopened":
                state = "open"
    return state, agency, assignee, term_class


async def test_the_same_seed_makes_the_same_past_on_either_engine(database: str, tmp_path: Path) -> None:
    told = []
    for url in (database, databases.fresh("sqlite", _folder(tmp_path / "other"))):
        store = await open_store(url, serving=True)
        try:
            await made(store, tmp_path)
            told.append(await story(store))
        finally:
            await store.close()
    assert told[0] == told[1]


async def test_another_seed_makes_another_past(tmp_path: Path) -> None:
    told = []
    for seed in (1, 2):
        store = await open_store(databases.fresh("sqlite", _folder(tmp_path / str(seed))), serving=True)
        try:
            await made(store, tmp_path, Wanted(cases=5, days=10, seed=seed, ends=ENDS))
            told.append(await story(store))
        finally:
            await store.close()
    assert told[0] != told[1]


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


async def test_a_database_with_cases_is_refused_unless_they_are_made_beside_them(database: str, tmp_path: Path) -> None:
    few = Wanted(cases=3, days=5, seed=1, ends=ENDS)
    store = await open_store(database, serving=True)
    try:
        first = await made(store, tmp_path, few)
        with pytest.raises(Conflict, match="has cases already"):
            await made(store, tmp_path, few)
        beside = Wanted(cases=3, days=5, seed=1, ends=ENDS + timedelta(hours=1), beside=True)
        both = await made(store, tmp_path, beside)
    finally:
        await store.close()
    assert both["cases"] >= first["cases"] + 3
    assert both["staff"] == first["staff"]


async def test_nothing_waits_to_be_sent_and_every_row_bears_its_own_instant(database: str, tmp_path: Path) -> None:
    store = await open_store(database, serving=True)
    try:
        await made(store, tmp_path)
        async with store.read() as conn:
            places = Counter((await conn.execute(select(t.outbox.c.state))).scalars())
            messages = list(await conn.execute(select(t.message).order_by(t.message.c.id)))
            numbers = list((await conn.execute(select(t.cases.c.number, t.cases.c.received_at))).all())
            files = list(await conn.execute(select(t.attachment)))
    finally:
        await store.close()
    assert places["done"] > WANTED.cases
    assert not places.keys() - {"done", "dead", "unknown"}
    assert all(abs(id_at(each.at) - each.id) < id_at(ENDS) - id_at(ENDS - timedelta(minutes=2)) for each in messages)
    assert [each.at for each in messages] == sorted(each.at for each in messages)
    zone = ZoneInfo(sample_deployment().catalog.gateway.timezone)
    assert {int(number[:4]) - received.astimezone(zone).year for number, received in numbers} == {0}
    assert {received.astimezone(zone).year for _, received in numbers} == {2025, 2026}
    assert all(case_number.is_valid(number) for number, _ in numbers)
    assert all(Files(tmp_path / "files").path(each.stored_as).stat().st_size == each.size for each in files)


def test_the_command_says_what_it_made_and_lets_somebody_of_each_role_in(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ventanilla.db'}"
    environment = TRIAL | {
        "VENTANILLA_DATABASE_URL": url,
        "VENTANILLA_CONFIG_DIR": str(CONFIG),
        "VENTANILLA_FILES_DIR": str(tmp_path / "files"),
    }
    arguments = ["demo-data", "--months", "0.3", "--cases", "7", "--json"]
    done = CliRunner().invoke(main, arguments, env=environment)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["made"]["cases"] >= 4
    assert json.loads((tmp_path / "trial-logins.json").read_text()) == told["logins"]
    assert asyncio.run(_roles(url, told["logins"])) == {
        "manager", "head", "operator", "triage", "auditor", "administrator",
    }  # fmt: skip
    again = CliRunner().invoke(main, arguments, env=environment)
    assert (again.exit_code, "--add" in again.stderr) == (1, True)


async def _roles(url: str, logins: dict[str, str]) -> set[str]:
    """The roles of those whose passwords open something."""
    store = await open_store(url, serving=False)
    try:
        async with store.read() as conn:
            members = {login: await staff.find_by_login(conn, login) for login in logins}
            kept = {login: await staff.password_hash(conn, login) for login in logins}
    finally:
        await store.close()
    return {
        member.role
        for login, member in members.items()
        if member is not None and await passwords.matches(logins[login], kept[login])
    }


def test_a_deployment_with_a_providers_credentials_is_refused(tmp_path: Path) -> None:
    environment = CREDENTIALS | {
        "VENTANILLA_DATABASE_URL": f"sqlite:///{tmp_path / 'ventanilla.db'}",
        "VENTANILLA_CONFIG_DIR": str(CONFIG),
    }
    done = CliRunner().invoke(main, ["demo-data"], env=environment)
    assert (done.exit_code, "credentials" in done.stderr) == (2, True)
    assert not (tmp_path / "ventanilla.db").exists()


def test_the_corpus_is_large_and_its_questions_reach_the_agency_that_is_asked() -> None:
    deployment = sample_deployment()
    entries = [entry for told in corpus().entries.values() for entry in told]
    assert len({entry.question for entry in entries}) == len(entries) >= 120
    assert set(corpus().entries) == set(deployment.catalog.agencies)
    reached = 0
    for entry in entries:
        message = InboundMessage(
            channel="sms", provider_id="x", sender=Address("tel", "+573005550001"),
            text=entry.question.format(**FACTS), language=entry.language,
        )  # fmt: skip
        route = decide(message, (), catalog=deployment.catalog, rules=deployment.rules, now=ENDS).route
        reached += route is not None and (route.agency, route.topic) == (entry.agency, entry.topic)
        assert all(answer.format(**FACTS) for answer in entry.answers)
    assert reached >= 0.97 * len(entries)


async def test_managers_have_canned_answers_and_shared_views_at_hand(database: str, tmp_path: Path) -> None:
    store = await open_store(database, serving=True)
    try:
        await made(store, tmp_path, Wanted(cases=1, days=3, seed=1, ends=ENDS))
        async with store.read() as conn:
            manager = Principal(id=1, name="m", role=Role.MANAGER, agency="sena")
            told = await canned.listed(conn, manager)
            views = await saved_views.listed(conn, manager)
    finally:
        await store.close()
    assert {(row.agency, row.shortcut, row.language) for row in told} >= {
        ("sena", "fechas", "es"), (None, "recibido", "es"), (None, "recibido", "en"),
    }  # fmt: skip
    assert [narrowing.read(view.filter).fields for view in views] == [
        {"state": "open", "assignee": "nobody", "channel": "sms"}, {"state": "open,waiting", "territory": "91001"},
    ]  # fmt: skip


def test_what_is_at_hand_belongs_to_agencies_of_the_sample_deployment() -> None:
    catalog, told = sample_deployment().catalog, at_hand()
    assert {*told["agencies"], *told["views"]} <= catalog.agencies.keys()
    for view in [view for views in told["views"].values() for view in views]:
        assert narrowing.read(view["filter"]).ignored == ()


def test_every_phrase_can_be_filled_in() -> None:
    for uses in corpus().phrases.values():
        for said in uses.values():
            assert all(
                isinstance(phrase.format(**FACTS), str) for phrase in ([said] if isinstance(said, str) else said)
            )


def test_questions_come_on_weekdays_and_mostly_at_nine_and_at_three() -> None:
    office = counted(sample_deployment().catalog, "presidencia").workdays
    found = arrivals(4000, begins=ENDS - timedelta(days=70), ends=ENDS, office=office, rng=random.Random(3))
    local = [at.astimezone(office.zone) for at in found]
    hours, days = Counter(at.hour for at in local), Counter(at.weekday() for at in local)
    assert found == sorted(found)
    assert {hour for hour, _ in hours.most_common(3)} >= {9, 15}
    assert days[5] + days[6] < 0.12 * len(found) < days[0]


def test_telephone_numbers_are_never_given_twice() -> None:
    crowd = Crowd(sample_deployment().catalog, random.Random(1))
    phones = [crowd.citizen("es").phone for _ in range(12_000)]
    assert len(set(phones)) == len(phones)
    assert all(phone.startswith("+573005") and len(phone) == 13 for phone in phones)


def test_files_are_what_they_say_they_are(tmp_path: Path) -> None:
    files, limits = Files(tmp_path), sample_deployment().catalog.gateway.files
    for kind, content_type in (("image", "image/png"), ("document", "application/pdf")):
        kept = attached(kind, files, limits, random.Random(1))
        content = files.path(kept.reference.removeprefix("stored:")).read_bytes()
        assert (kept.kind, sniff(content, claimed=None)) == (kind, content_type)


def test_ids_are_another_clocks_only_as_long_as_it_is_asked_for() -> None:
    with ids_by(lambda: ENDS):
        assert id_at(ENDS) <= new_id() < id_at(ENDS + timedelta(seconds=1))
    assert new_id() > id_at(ENDS + timedelta(seconds=1))
