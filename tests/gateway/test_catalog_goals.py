"""goals.yaml: read when it is there, and every slip told with its place."""

import shutil
from pathlib import Path

import pytest

from gateway.catalog.file import CatalogFaults, load

SAMPLE = Path(__file__).parents[2] / "config"
GOOD = """\
goals:
  - {indicator: on_time, year: 2026, at_least: 0.95}
  - {indicator: days_median, year: 2026, at_most: 8, agency: sena}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "config"))


def faults(config: Path, text: str) -> list[str]:
    (config / "goals.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogFaults) as raised:
        load(config)
    return [f"{Path(f.file).name}:{f.line}:{f.column}: {f.message}" for f in raised.value.faults]


def test_goals_are_part_of_the_catalog(config: Path) -> None:
    (config / "goals.yaml").write_text(GOOD, encoding="utf-8")

    assert [(goal.indicator, goal.at_least, goal.at_most, goal.agency) for goal in load(config).goals] == [
        ("on_time", 0.95, None, None),
        ("days_median", None, 8, "sena"),
    ]


def test_the_file_may_be_left_out(config: Path) -> None:
    (config / "goals.yaml").unlink()

    assert load(config).goals == ()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "indicator: on_time", "indicator: on_tme",
            "goals.yaml:2:6: goals[0].indicator: there is no indicator 'on_tme': did you mean 'on_time'?",
        ),
        (
            "agency: sena", "agency: snea",
            "goals.yaml:3:54: goals[1].agency: there is no agency 'snea': did you mean 'sena'?",
        ),
        ("at_least: 0.95", "at_least: 95", "goals.yaml:2:38: goals[0].at_least: is a share: write 0.95 for 95 %"),
        (", at_least: 0.95", "", "goals.yaml:2:5: goals[0]: needs one of 'at_least' and 'at_most'"),
        ("at_most: 8", "at_most: 8, at_least: 2", "goals.yaml:3:5: goals[1]: needs one of 'at_least' and 'at_most'"),
        ("at_most: 8", "at_most: -8", "goals.yaml:3:42: goals[1].at_most: must be 0.0 or more"),
        ("year: 2026, at_least", "year: 26, at_least", "goals.yaml:2:26: goals[0].year: must be 2000 or more"),
        (
            "days_median, year: 2026, at_most: 8, agency: sena", "on_time, year: 2026, at_least: 1",
            "goals.yaml:3:5: goals[1]: 'on_time' of 2026 has its goal on line 2: keep one of the two",
        ),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_line_and_column(config: Path, old: str, new: str, told: str) -> None:
    assert old in GOOD
    assert faults(config, GOOD.replace(old, new, 1)) == [told]
