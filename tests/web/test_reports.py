"""Reports: the same figures on the page, in CSV, over the API and on the command line, within everybody's boundary."""

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from gateway.cli import main
from gateway.principal import Role
from gateway.store import schema as t
from gateway.web.locale import LANGUAGES, texts
from routing.timeliness import NAMES, Cohort, Scope, Unit
from tests.support.histories import NOW, histories, write
from tests.support.running import CONFIG, Running, running, sample_deployment
from tests.web.test_api import client
from tests.web.visitor import Page, employ, visitor

DAYS = "from=2026-01-01&to=2026-04-16"


@pytest.fixture
async def reporting(database: str, tmp_path: Path) -> AsyncIterator[Running]:
    """A gateway with some months of cases, whose clock stands."""
    async with running(database, tmp_path, now=lambda: NOW) as started:
        await write(started.gateway.store, sample_deployment().catalog, histories(140, seed=21))
        yield started


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))


def keyed(rows: Any) -> dict[tuple[str, str], str]:
    """The value of each figure by group and indicator, as text."""
    return {(row["group"], row["indicator"]): _text(row["value"]) for row in rows}


def _text(value: Any) -> str:
    """None and nothing are the same; 4.0 in JSON is 4.0 in CSV."""
    return "" if value is None or value == "" else f"{float(value):g}"


def on_page(page: Page) -> dict[tuple[str, str], str]:
    """The value of each figure of the page by group and indicator: of the whole, then of the rows of the table."""
    above, _, rest = page.html.partition('<div class="sections-of-figures">')
    whole = re.findall(r'<dd data-indicator="(\w+)"><strong><data value="([^"]*)"', rest)
    found = {("all", indicator): _text(unescape(value)) for indicator, value in whole}
    columns = re.findall(r'<th [^>]*data-indicator="(\w+)"', above)
    for row in above.split('<tr data-group="')[1:]:
        group = row[: row.index('"')] or "unknown"
        cells = re.findall(r'<td data-value="([^"]*)"', row)
        found |= {(group, indicator): _text(unescape(value)) for indicator, value in zip(columns, cells, strict=True)}
    return found


@pytest.mark.parametrize("by", ["agency", "class", "channel", "territory", "month"])
async def test_page_csv_and_api_tell_the_same_figures(reporting: Running, by: str) -> None:
    api = await client(reporting, Role.AUDITOR)
    await employ(reporting, "jefa", role="administrator")

    status, told = await api.get(f"/reports/timeliness?{DAYS}&by={by}")
    as_csv = await (await api.raw("GET", f"/reports/timeliness?{DAYS}&by={by}&format=csv")).text()
    async with visitor(reporting, "jefa") as browser:
        page = await browser.get(f"/console/reports?{DAYS}&by={by}")
        downloaded = (await browser.get(f"/console/reports/timeliness.csv?{DAYS}&by={by}")).html

    assert status == page.status == 200
    figures = keyed(told["figures"])
    assert len({group for group, _ in figures}) > 2
    assert keyed(lines(as_csv)) == keyed(lines(downloaded)) == figures
    shown = on_page(page)
    assert shown == {key: figures[key] for key in shown}
    assert {key for key in figures if key[0] == "all"} <= shown.keys()


async def test_the_command_line_tells_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'v.db'}"
    async with running(url, tmp_path) as started:
        await write(started.gateway.store, sample_deployment().catalog, histories(60, seed=21))
        api = await client(started, Role.AUDITOR)
        _, told = await api.get(f"/reports/timeliness?{DAYS}&by=agency")
        _, requests = await api.get(f"/reports/legal?{DAYS}&limit=500")
    monkeypatch.setenv("VENTANILLA_DATABASE_URL", url)
    monkeypatch.setenv("VENTANILLA_CONFIG_DIR", str(CONFIG))
    asked = ["--from", "2026-01-01", "--to", "2026-04-16"]

    def run(*arguments: str) -> str:
        found = CliRunner().invoke(main, ["report", *arguments])
        assert found.exit_code == 0, found.output
        return found.output

    figures = await asyncio.to_thread(run, "timeliness", *asked, "--by", "agency", "--format", "csv")
    one_by_one = await asyncio.to_thread(run, "legal", *asked, "--format", "csv")
    table = await asyncio.to_thread(run, "timeliness", *asked, "--by", "agency", "--language", "en")
    assert keyed(lines(figures)) == keyed(told["figures"])
    assert [row["number"] for row in lines(one_by_one)] == [row["number"] for row in requests["items"]]
    assert re.search(r"^Answered on time +\d+\.\d% +\d+ of \d+ +≥ 0\.95 [✓✗]$", table, re.MULTILINE)
    assert re.search(r"^SENA +\d+ ", table, re.MULTILINE)


async def test_a_manager_is_told_of_their_agency_alone_everywhere(reporting: Running) -> None:
    api = await client(reporting, Role.MANAGER, "sena")
    await employ(reporting, "luz", agency="sena")

    _, told = await api.get(f"/reports/timeliness?{DAYS}&by=agency")
    _, beyond = await api.get(f"/reports/timeliness?{DAYS}&agency=dian")
    _, requests = await api.get(f"/reports/legal?{DAYS}&limit=500")
    async with visitor(reporting, "luz") as browser:
        page = await browser.get(f"/console/reports?{DAYS}&agency=dian")
        listed = await browser.get(f"/console/reports/cases?{DAYS}&what=received&agency=dian")
        legal = lines((await browser.get(f"/console/reports/legal.csv?{DAYS}&agency=dian")).html)

    assert {row["group"] for row in told["figures"]} == {"all", "sena"}
    assert all(
        row["n"] in (0, None) or row["indicator"].startswith(("manager", "partner")) for row in beyond["figures"]
    )
    assert {row["agency"] for row in requests["items"]} == {"sena"}
    assert [row["number"] for row in legal] == [row["number"] for row in requests["items"]]
    own = keyed(told["figures"])
    shown = on_page(page)
    assert shown == {key: own[key] for key in shown}
    assert "DIAN" not in re.sub(r"<select.*?</select>", "", listed.html, flags=re.DOTALL)


async def test_the_cases_behind_a_figure_are_as_many_as_it_counts(reporting: Running) -> None:
    api = await client(reporting, Role.AUDITOR)
    await employ(reporting, "jefa", role="administrator")
    await employ(reporting, "luz", agency="sena")
    behind = {
        "received": "received", "answered": "answered", "ever_late": "late", "backlog": "open", "extended": "extended",
        "suspended": "suspended", "transferred": "transferred", "deemed_granted": "deemed_granted",
    }  # fmt: skip
    manager = await client(reporting, Role.MANAGER, "sena")
    for login, caller in (("jefa", api), ("luz", manager)):
        _, told = await caller.get(f"/reports/timeliness?{DAYS}")
        counted = {row["indicator"]: row["numerator"] for row in told["figures"]}
        async with visitor(reporting, login) as browser:
            found = {name: await _behind(browser, what) for name, what in behind.items()}
        assert found == {name: counted[name] for name in behind}
        assert counted["transferred"] > 0


async def _behind(browser: Any, what: str) -> int:
    path, number = f"/console/reports/cases?{DAYS}&what={what}", 0
    while path:
        page = await browser.get(path)
        assert page.status == 200
        number += page.html.count('<tr><th scope="row">')
        following = re.search(r'rel="next" href="([^"]+)"', page.html)
        path = unescape(following.group(1)) if following else ""
    return number


async def test_the_legal_report_has_each_request_once_with_what_became_of_it(reporting: Running) -> None:
    api = await client(reporting, Role.AUDITOR)
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        _, page = await api.get(f"/reports/legal?{DAYS}&limit=33" + (f"&cursor={cursor}" if cursor else ""))
        items += page["items"]
        if page["next"] is None:
            break
        cursor = page["next"]
    async with reporting.gateway.store.read() as conn:
        cases = {row.number: row for row in await conn.execute(select(t.cases))}
        clocks = list(await conn.execute(select(t.clock).order_by(t.clock.c.case_id, t.clock.c.no)))

    assert sorted(row["number"] for row in items) == sorted(cases)
    for row in items:
        mine = [clock for clock in clocks if clock.case_id == cases[row["number"]].id and clock.began != "reopened"]
        assert (row["agency"], row["business_days"]) == (mine[0].agency, mine[-1].days)
        assert row["transferred_to"] == (mine[-1].agency if len(mine) > 1 else None)
        assert row["denied"] == (mine[-1].ended_by == "denied")
        assert (row["answered_at"] is None) == (mine[-1].answered_at is None)
    assert any(row["denied"] for row in items)
    assert any(row["transferred_to"] for row in items)
    as_csv = await (await api.raw("GET", f"/reports/legal?{DAYS}", headers={"Accept": "text/csv"})).text()
    assert [row["number"] for row in lines(as_csv)] == [row["number"] for row in items]


async def test_csv_comes_by_accept_or_format_and_as_a_file(reporting: Running) -> None:
    api = await client(reporting, Role.AUDITOR)
    by_accept = await api.raw("GET", f"/reports/timeliness?{DAYS}", headers={"Accept": "text/csv"})
    by_format = await api.raw("GET", f"/reports/timeliness?{DAYS}&format=csv")
    as_json = await api.raw("GET", f"/reports/timeliness?{DAYS}&format=json", headers={"Accept": "text/csv"})

    assert by_accept.content_type == by_format.content_type == "text/csv"
    assert by_accept.headers["Content-Disposition"] == 'attachment; filename="timeliness-2026-01-01-2026-04-16.csv"'
    assert await by_accept.text() == await by_format.text()
    assert as_json.content_type == "application/json"


async def test_a_public_export_hides_what_counts_fewer_than_five(reporting: Running) -> None:
    api = await client(reporting, Role.AUDITOR)
    _, whole = await api.get(f"/reports/timeliness?{DAYS}&by=territory")
    _, public = await api.get(f"/reports/timeliness?{DAYS}&by=territory&public=true")
    as_csv = lines(
        await (await api.raw("GET", f"/reports/timeliness?{DAYS}&by=territory&public=true&format=csv")).text()
    )

    small = [row for row in whole["figures"] if row["numerator"] in (1, 2, 3, 4)]
    shown = {(row["group"], row["indicator"]): row for row in public["figures"]}
    assert small
    assert all(shown[row["group"], row["indicator"]]["hidden"] for row in small)
    assert not any(row["hidden"] for row in whole["figures"])
    assert all(row["value"] is None and row["n"] == 0 for row in public["figures"] if row["hidden"])
    assert {row["value"] for row in as_csv if row["hidden"] == "yes"} == {""}


async def test_a_goal_stands_beside_its_figure(reporting: Running) -> None:
    api = await client(reporting, Role.AUDITOR)
    await employ(reporting, "jefa", role="administrator")
    _, told = await api.get(f"/reports/timeliness?{DAYS}")
    async with visitor(reporting, "jefa", language="en") as browser:
        page = await browser.get(f"/console/reports?{DAYS}")
        past = await browser.get("/console/reports?from=2025-01-01&to=2025-12-31")

    row = next(row for row in told["figures"] if row["indicator"] == "transfers_in_time")
    assert (row["goal_at_least"], row["goal_reached"]) == (0.98, row["value"] >= 0.98)
    assert "goal: at least 98.0 %" in page.text
    assert "goal:" not in past.text


async def test_a_period_that_is_none_is_refused_or_told(reporting: Running) -> None:
    api = await client(reporting, Role.AUDITOR)
    await employ(reporting, "jefa", role="administrator")
    assert (await api.get("/reports/timeliness?from=2026-02-01&to=2026-01-01"))[0] == 422
    assert (await api.get("/reports/legal?from=2026-02-01&to=2026-01-01&format=csv"))[0] == 422
    status, problem = await api.get("/reports/timeliness?from=1700000000")
    assert (status, problem["field"]) == (422, "from")
    async with visitor(reporting, "jefa") as browser:
        page = await browser.get("/console/reports?from=2026-02-01&to=2026-01-01&by=nonsense&class=x&agency='")
    assert page.status == 200
    assert "El período no se puede mostrar" in page.text


async def test_an_empty_period_is_said_in_words(reporting: Running) -> None:
    await employ(reporting, "jefa", role="administrator")
    async with visitor(reporting, "jefa") as browser:
        page = await browser.get("/console/reports?from=2019-01-01&to=2019-03-31&by=month")
        none = await browser.get("/console/reports/cases?from=2019-01-01&to=2019-03-31&what=late")
    assert page.status == 200
    assert on_page(page)["all", "on_time"] == ""
    assert "No hay ninguno." in none.text


async def test_the_page_keeps_to_its_strict_policy(reporting: Running) -> None:
    await employ(reporting, "jefa", role="administrator")
    async with visitor(reporting, "jefa") as browser:
        page = await browser.get(f"/console/reports?{DAYS}")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert not re.search(r"\sstyle=|<style|<script(?! type=\"module\" src)", page.html)
    charts = re.findall(r"<svg class=\"chart\".*?</svg>", page.html, re.DOTALL)
    assert len(charts) >= 5
    for chart in charts:
        assert re.search(r"<title id=\"\w+-title\">[^<]+</title><desc id=\"\w+-desc\">[^<]+</desc>", chart)


async def test_who_reads_and_who_exports_is_in_the_audit_log(reporting: Running) -> None:
    api = await client(reporting, Role.AUDITOR)
    await api.get(f"/reports/timeliness?{DAYS}")
    await api.get(f"/reports/legal?{DAYS}")

    async def noted() -> list[tuple[str, str]]:
        async with reporting.gateway.store.read() as conn:
            rows = await conn.execute(select(t.audit).where(t.audit.c.action.in_(("report_viewed", "exported"))))
            found = [(row.action, row.object) for row in rows]
        return found if len(found) == 2 else []

    assert set(await reporting.eventually(noted)) == {("report_viewed", "timeliness"), ("exported", "legal")}


def test_every_indicator_cohort_and_unit_has_its_words() -> None:
    for language in LANGUAGES:
        keys = texts()[language].keys()
        assert {f"report.indicator.{name}.{part}" for name in NAMES for part in ("name", "definition")} <= keys
        assert {f"report.cohort.{cohort}" for cohort in Cohort} <= keys
        assert {f"report.unit.{unit}" for unit in Unit} <= keys
        assert {f"report.counted.{scope}" for scope in Scope} <= keys
