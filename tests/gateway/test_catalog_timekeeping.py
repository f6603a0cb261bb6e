"""Steps, hours, suspensions and terms by which no time could be kept are told at their place."""

import shutil
from pathlib import Path

import pytest

from gateway.catalog.file import CatalogFaults, load
from routing.catalog import Timekeeping, Told
from tests.gateway.catalog_slips import Slip
from tests.gateway.test_catalog_file import change, place_of
from tests.support.running import CONFIG

STEPS, TERMS, CALENDAR, SENA = "timekeeping.yaml", "terms.yaml", "calendars/national.yaml", "agencies/sena.yaml"
HALF = "{key: half, share: 0.5, tell: [manager]}"


def strikes(*spans: tuple[str, str, str]) -> str:
    rows = [f"  - {{first: {a}, last: {b}, reason: {{es: Paro, en: Strike}}{more}}}" for a, b, more in spans]
    return "\n".join(["suspensions:", *rows])


SLIPS = {
    "two-places": Slip(STEPS, HALF, "{key: half, share: 0.5, after: 3, tell: [manager]}", "after: 3", "keep one of"),
    "no-place": Slip(STEPS, HALF, "{key: half, tell: [manager]}", "{key: half,", "has no place: give one of share"),
    "share-of-all": Slip(STEPS, "share: 0.5,", "share: 1.5,", "share: 1.5", "must be less than 1"),
    "unknown-role": Slip(STEPS, "tell: [manager]}", "tell: [boss]}", "boss", "must be one of 'manager', 'head'"),
    "nobody": Slip(STEPS, HALF, "{key: half, share: 0.5, tell: []}", "tell: []", "needs at least 1 of them"),
    "told-twice": Slip(STEPS, "tell: [manager]}", "tell: [head, head]}", "head]}\n  - {key: most", "is told already"),
    "duplicate-key": Slip(STEPS, "key: most", "key: half", "key: half, share: 0.8", "'half' is already used on line"),
    "its-own-name": Slip(STEPS, "key: half", "key: deemed-granted", "key: deemed", "a name the timekeeper uses itself"),
    "unknown-key": Slip(STEPS, "lease_hours: 18", "lease: 18", "lease: 18", "'lease' is not a key that is known here"),
    "no-lease": Slip(STEPS, "lease_hours: 18", "lease_hours: 0", "lease_hours: 0", "must be 1 or more"),
    "unknown-term-key": Slip(TERMS, "n: 15, cap", "days: 15, cap", "days: 15", "'days' is not a key"),
    "unknown-class-key": Slip(TERMS, "granted_after: 3", "granted: 3", "granted: 3", "did you mean 'granted_after'?"),
    "cap-is-text": Slip(TERMS, "cap: 30", "cap: double", "cap: double", "must be a whole number, not 'double'"),
    "granted-at-once": Slip(TERMS, "granted_after: 3", "granted_after: 0", "granted_after: 0", "must be 1 or more"),
    "granted-hours": Slip(
        TERMS, "  - key: health-vital\n", "  - key: health-vital\n    granted_after: 3\n",
        "granted_after: 3\n    name: {es: \"Salud", "counts business days, and 'health-vital' is counted in hours",
    ),
    "no-hours": Slip(CALENDAR, '["08:00-17:00"]', "[]", "hours:", "the calendar has no working hours"),
    "hours-on-sunday": Slip(
        CALENDAR, "  - days: [mon, tue, wed, thu, fri]", "  - days: [sun]", "hours:", "no working day has working hours"
    ),
    "day-twice": Slip(
        CALENDAR, '    open: ["08:00-17:00"]', '    open: ["08:00-17:00"]\n  - days: [fri]\n    open: ["08:00-12:00"]',
        "fri]\n    open: [\"08:00-12", "'fri' has its hours already",
    ),
    "agency-without-hours": Slip(SENA, '"07:30-12:00", "13:00-17:00"', "", "hours:", "the agency has no working hours"),
    "overlapping-strikes": Slip(
        CALENDAR, "suspensions: []", strikes(("2026-10-05", "2026-10-07", ""), ("2026-10-07", "2026-10-08", "")),
        "first: 2026-10-07", "overlaps the suspension from 2026-10-05 to 2026-10-07",
    ),
    "closed-for-ever": Slip(
        CALENDAR, "suspensions: []", strikes(("2026-10-05", "9999-12-31", "")),
        "last: 9999", "without a business day for a year",
    ),
    "closed-together": Slip(
        CALENDAR, "suspensions: []", strikes(("2026-01-01", "2026-10-05", ""), ("2026-10-06", "2027-03-01", "")),
        "last: 2026-10-05", "without a business day for a year",
    ),
}  # fmt: skip


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS.keys())
def test_a_slip_is_told_at_its_place_in_plain_words(config: Path, slip: Slip) -> None:
    path = config / slip.file
    text = change(path, slip.old, slip.new)

    with pytest.raises(CatalogFaults) as raised:
        load(config)

    said = [(f.line, f.column) for f in raised.value.faults if f.file == str(path) and slip.says in f.message]
    assert said == [place_of(text, slip.at)], str(raised.value)


def test_a_strike_of_one_agency_may_fall_into_a_flood_of_all(config: Path) -> None:
    spans = (("2026-10-05", "2026-10-07", ""), ("2026-10-06", "2026-10-06", ", agencies: [sena]"))
    change(config / CALENDAR, "suspensions: []", strikes(*spans))

    assert len(load(config).calendars["national"].suspensions) == 2


def test_without_the_file_the_defaults_hold_and_the_sample_says_the_same(config: Path) -> None:
    written = load(config).timekeeping
    (config / STEPS).unlink()

    assert written == load(config).timekeeping == Timekeeping()


def test_what_is_written_holds(config: Path) -> None:
    change(config / STEPS, HALF, "{key: third, share: 0.33, tell: [manager, head]}")

    first = load(config).timekeeping.steps[0]

    assert (first.key, first.share, first.tell) == ("third", 0.33, (Told.MANAGER, Told.HEAD))
