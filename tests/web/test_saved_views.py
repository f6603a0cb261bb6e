"""The queue narrowed, and what was narrowed kept under a name."""

import json
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from gateway.principal import Principal, Role
from gateway.store import saved_views
from gateway.store.queue import Filter
from gateway.web.console import narrowing
from gateway.web.console.views import VIEWS, view_of, views
from tests.support.running import Running
from tests.web.test_bulk import asked
from tests.web.visitor import Page, employ, visitor

NOW = datetime(2026, 3, 10, 15, tzinfo=UTC)
LUZ = Principal(id=7, name="Luz", role=Role.MANAGER, agency="sena")


def filtered(**fields: str) -> Filter:
    return narrowing.filter_of(narrowing.read(fields).fields, LUZ, now=NOW, timezone="America/Bogota")


def numbers(page: Page) -> list[str]:
    """The cases on the page."""
    return re.findall(r'class="row" id="c(\d+)"', page.html)


def test_the_fields_of_the_form_become_a_filter() -> None:
    found = filtered(
        state="open,waiting", channel="sms", topic="inscripciones", territory="91", assignee="me",
        received_from="2026-03-01", received_to="2026-03-02", **{"class": "complaint"},
    )  # fmt: skip
    assert found == Filter(
        state=("open", "waiting"), channel="sms", topic="inscripciones", term_class="complaint", territory="91",
        assignee_id=7,
        received_from=datetime(2026, 3, 1, 5, tzinfo=UTC), received_to=datetime(2026, 3, 3, 5, tzinfo=UTC),
    )  # fmt: skip


def test_days_are_those_of_the_country_and_the_nearer_end_counts() -> None:
    tomorrow = datetime(2026, 3, 11, 5, tzinfo=UTC)
    assert filtered(due="overdue") == Filter(overdue_at=NOW)
    assert filtered(due="today") == Filter(due_from=NOW, due_before=tomorrow)
    assert filtered(due="week") == Filter(due_from=NOW, due_before=tomorrow + timedelta(days=7))
    assert filtered(due="week", due_before="2026-03-12").due_before == tomorrow + timedelta(days=1)
    assert filtered(assignee="nobody") == Filter(unassigned=True)


@pytest.mark.parametrize(
    "said",
    [
        {"state": "lost"}, {"state": ["open"]}, {"due_before": "2026-02-30"}, {"assignee": "9" * 19},
        {"agency": "SENA"}, {"territory": "91001'"}, {"received_from": 3}, {"due": "never"}, {"assignee": "٣"},
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_left_out_and_named(said: dict[str, Any]) -> None:
    found = narrowing.read({"channel": "sms", **said})
    assert (found.fields, found.ignored) == ({"channel": "sms"}, tuple(said))


@pytest.mark.parametrize("document", [None, [], "open", 3])
def test_a_document_that_is_none_is_nothing_that_was_understood(document: Any) -> None:
    assert narrowing.read(document).fields == {}
    assert narrowing.read(document).ignored


@pytest.mark.parametrize("name", [name for name in VIEWS if name not in ("failed", "ended")])
def test_the_form_says_what_a_built_in_view_shows(name: str) -> None:
    known = views(LUZ, now=NOW, timezone="America/Bogota")
    said = narrowing.read(narrowing.OF_VIEWS[name])
    built_in, formed = known[name].filter, view_of("filter", said, LUZ, now=NOW, timezone="America/Bogota").filter
    assert built_in == (formed if name != "overdue" else Filter(overdue_at=formed.overdue_at))


async def test_a_list_is_narrowed_by_what_the_form_says(ventanilla: Running) -> None:
    first, second = await asked(ventanilla, 2)
    luz = await employ(ventanilla, "luz", agency="sena")
    await ventanilla.gateway.desk.take(
        Principal(id=luz.id, name="Luz", role=Role.MANAGER, agency="sena"), first
    )  # fmt: skip
    async with visitor(ventanilla, "luz") as browser:
        for query, expected in (
            ("state=open", {first, second}),
            ("state=open&state=waiting&assignee=nobody", {second}),
            ("assignee=me", {first}),
            ("state=closed", set()),
            ("class=information&channel=sms", {first, second}),
            ("class=complaint", set()),
            ("territory=91", set()),
            ("agency=dian", set()),
            ("due=overdue", set()),
        ):
            page = await browser.get(f"/console?view=filter&{query}")
            assert set(numbers(page)) == expected, query
        page = await browser.get("/console?view=filter&state=open&due_before=mañana")
        assert "Una parte del filtro no se entendió" in page.text
        assert 'name="all"' not in page.html
        rows = await browser.get("/console/queue/rows?view=filter&assignee=me")
        assert numbers(rows) == [first]


async def test_a_filter_is_kept_renamed_ordered_and_deleted(ventanilla: Running) -> None:
    await asked(ventanilla, 2)
    await employ(ventanilla, "luz", agency="sena")
    async with visitor(ventanilla, "luz") as browser:
        for name, query in (("Nadie <los> tiene", "assignee=nobody"), ("Quejas", "class=complaint")):
            page = await browser.get(f"/console?view=filter&state=open&{query}")
            page = await browser.post("/console/saved", name=name, query=f"view=filter&state=open&{query}")
        assert page.path.startswith("/console?view=saved-")
        assert "Quejas" in page.text
        page = await browser.get("/console/saved")
        [first, second] = re.findall(r'action="/console/saved/(\d+)"', page.html)
        assert (
            'Nadie &lt;los&gt; tiene</bdi></span>\n        <span class="count" data-count="saved-' + first + '">2<'
            in page.html
        )
        await browser.post(f"/console/saved/{second}", do="up")
        await browser.post(f"/console/saved/{second}", name="Solo quejas", do="keep")
        page = await browser.get("/console")
        assert re.findall(r'class="saved" href="/console\?view=saved-(\d+)"', page.html) == [second, first]
        assert "Solo quejas" in page.text
        assert len(numbers(await browser.get(f"/console?view=saved-{first}"))) == 2
        counted = json.loads((await browser.get("/console/saved/counts")).html)
        assert counted == {f"saved-{second}": 0, f"saved-{first}": 2}
        await browser.post(f"/console/saved/{first}", do="drop")
        page = await browser.get(f"/console?view=saved-{first}")
        assert "Esa vista guardada ya no existe." in page.text
        assert 'name="all"' not in page.html
        assert (await browser.post("/console/saved", name="x", query="view=mine")).status == 422
        assert (await browser.post("/console/saved", name=" ", query="view=filter")).status == 422


async def test_a_head_shares_a_view_with_the_agency_and_nobody_else_sees_it(ventanilla: Running) -> None:
    await employ(ventanilla, "jefa", role="head", agency="sena")
    for login, agency in (("luz", "sena"), ("ana", "dian")):
        await employ(ventanilla, login, agency=agency)
    async with visitor(ventanilla, "jefa") as browser:
        await browser.get("/console")
        page = await browser.post("/console/saved", name="De todos", query="view=filter&state=open", share="1")
        view_id = page.path.partition("saved-")[2].partition("&")[0]
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.get("/console/saved")
        assert "Compartida por Nombre de jefa" in page.text
        assert (await browser.post(f"/console/saved/{view_id}", do="drop")).status == 404
        page = await browser.post("/console/saved", name="Mía", query="view=filter&state=open", share="1")
        assert "De todos" in page.text
    async with visitor(ventanilla, "ana") as browser:
        page = await browser.get("/console")
        assert "De todos" not in page.text
        assert "Mía" not in page.text
    async with visitor(ventanilla, "jefa") as browser:
        assert "Mía" not in (await browser.get("/console")).text


async def test_a_view_whose_agency_is_gone_or_whose_filter_is_broken_breaks_no_page(ventanilla: Running) -> None:
    await asked(ventanilla, 1)
    triage = await employ(ventanilla, "mesa", role="triage")
    me = Principal(id=triage.id, name="Mesa", role=Role.TRIAGE, agency=None)
    for name, fields in (("Cerrada", {"agency": "incora", "topic": "nada"}), ("Rota", {"state": "perdido"})):
        keep = partial(saved_views.add, principal=me, name=name, fields=fields, agency=None)
        await ventanilla.gateway.store.transact(keep)
    async with visitor(ventanilla, "mesa") as browser:
        page = await browser.get("/console/saved")
        gone, broken = re.findall(r'class="saved" href="/console\?view=(saved-\d+)"', page.html)
        page = await browser.get(f"/console?view={gone}")
        assert page.status == 200
        assert numbers(page) == []
        assert "incora" in page.text
        page = await browser.get(f"/console?view={broken}")
        assert "Una parte del filtro no se entendió" in page.text
        assert 'name="all"' not in page.html


async def test_who_has_nothing_is_told_what_waits(ventanilla: Running) -> None:
    await asked(ventanilla, 2)
    await employ(ventanilla, "luz", agency="sena")
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.get("/console?view=mine")
        assert re.search(r"No tiene.*2 ", page.text, re.DOTALL)
        assert page.html.count('action="/console/next"') == 2


async def test_shortcuts_are_switched_off_by_the_person_and_stay_off(ventanilla: Running) -> None:
    await employ(ventanilla, "luz", agency="sena")
    async with visitor(ventanilla, "luz") as browser:
        assert "keyboard.js" in (await browser.get("/console")).html
        page = await browser.post("/account/shortcuts")
        assert "Su preferencia sobre los atajos" in page.text
    async with visitor(ventanilla, "luz") as browser:
        page = await browser.get("/console")
        assert "keyboard.js" not in page.html
        assert 'id="keys"' not in page.html
        await browser.post("/account/shortcuts", on="1")
        assert "keyboard.js" in (await browser.get("/console")).html
