"""`ventanilla due`: the last day of a term on the command line, with its reasons."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from tests.support.running import CONFIG


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["due", *arguments], env={"VENTANILLA_CONFIG_DIR": str(CONFIG)})


def told(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize(
    ("term_class", "received", "effective", "due"),
    [
        ("general", "2024-01-15T09:00:00-05:00", "2024-01-15", "2024-02-05"),
        ("information", "2025-06-27T09:00:00-05:00", "2025-06-27", "2025-07-14"),  # two holidays on one date
        ("general", "2026-03-26T09:00:00-05:00", "2026-03-26", "2026-04-20"),  # Holy Week
        ("information", "2026-07-03T09:00:00-05:00", "2026-07-03", "2026-07-21"),  # the holiday that came in 2026
        ("general", "2026-11-14T10:00:00-05:00", "2026-11-17", "2026-12-09"),
        ("general", "2021-02-01T09:00:00-05:00", "2021-02-01", "2021-03-15"),  # thirty days under the emergency
    ],
)
def test_the_last_day_is_the_laws(term_class: str, received: str, effective: str, due: str) -> None:
    found = told("--class", term_class, "--received", received)
    assert (found["effective"], found["due"]) == (effective, f"{due}T23:59:59-05:00")


def test_every_day_is_listed_counted_or_skipped_with_its_reason() -> None:
    found = told("--class", "general", "--received", "2026-11-14T10:00:00-05:00", "--agency", "sena")
    assert list(found) == ["class", "agency", "received", "effective", "due", "term", "days"]
    assert (found["class"], found["agency"], found["received"]) == ("general", "sena", "2026-11-14T10:00:00-05:00")
    assert (found["term"]["n"], found["term"]["unit"], found["term"]["cap"]) == (15, "business_days", 30)
    first, *_, last = found["days"]
    assert first == {"date": "2026-11-14", "number": None, "counted": False, "code": "weekday", "reason": "Saturday"}
    assert (last["date"], last["number"], last["counted"], last["code"]) == ("2026-12-09", 15, True, "business_day")
    assert [day["number"] for day in found["days"] if day["counted"]] == list(range(16))
    [holiday] = [day for day in found["days"] if day["date"] == "2026-12-08"]
    assert (holiday["code"], holiday["reason"]) == ("holiday", "La Inmaculada Concepción")


def test_an_instant_without_an_offset_is_local_and_the_triage_desks_calendar_counts() -> None:
    found = told("--class", "general", "--received", "2026-11-14 10:00")
    assert (found["received"], found["agency"]) == ("2026-11-14T10:00:00-05:00", "presidencia")


def test_hours_run_through_the_weekend() -> None:
    found = told("--class", "health-vital", "--received", "2026-11-14T10:00:00-05:00")
    assert (found["due"], found["term"]["unit"]) == ("2026-11-15T10:00:00-05:00", "hours")


def test_people_get_a_table_that_ends_with_the_last_day() -> None:
    result = run("--class", "general", "--received", "2026-11-14T10:00:00-05:00")
    assert "  15  2026-12-09 Wed   business day" in result.stdout
    assert "   -  2026-12-08 Tue   La Inmaculada Concepción" in result.stdout
    assert result.stdout.endswith("\nDue 2026-12-09T23:59:59-05:00\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--class", "generl", "--received", "2026-11-14"), "there is no class generl; there are: between-authorities"),
        (("--class", "general", "--received", "2026-11-14", "--agency", "x"), "there is no agency x; there are: alcal"),
        (("--class", "general", "--received", "1999-11-14"), "no row of the class general covers 1999-11-14; there "),
        (("--class", "general", "--received", "yesterday"), "--received yesterday is no instant; write it like"),
        (("--class", "general", "--received", "9999-12-30"), "lies beyond what a calendar can count"),
        (("--class", "congress", "--received", "0001-01-01T00:00:00+14:00"), "ventanilla: "),
    ],
)
def test_what_it_cannot_be_counted_from_is_said_with_what_there_is(arguments: tuple[str, ...], sentence: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
