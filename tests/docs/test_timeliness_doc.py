"""docs/timeliness-figures.md lags behind nothing: every indicator is in it, with its real unit and cohort."""

import re
from pathlib import Path

from routing.suppression import HIDDEN_BELOW
from routing.timeliness import (
    AGE_BUCKETS,
    FEW,
    INDICATORS,
    REOPENED_DAYS,
    SHORT_ANSWER,
    bucket_name,
    wilson,
)

TEXT = (Path(__file__).parents[2] / "docs" / "timeliness-figures.md").read_text(encoding="utf-8")


def rows() -> dict[str, tuple[str, str, str]]:
    """The indicator of each row of the table to its unit, its cohort and its formula."""
    found = re.findall(r"^\| `(\w+)` \| (\w+) \| (\w+) \| (.+) \|$", TEXT, flags=re.MULTILINE)
    return {name: (unit, cohort, formula) for name, unit, cohort, formula in found}


def test_every_indicator_is_documented_with_its_unit_and_cohort_in_order() -> None:
    documented = [(name, unit, cohort) for name, (unit, cohort, _) in rows().items()]

    assert documented == [(i.name, str(i.unit), str(i.cohort)) for i in INDICATORS]


def test_what_is_told_of_the_whole_or_of_one_scope_alone_says_so() -> None:
    for indicator in INDICATORS:
        formula = rows()[indicator.name][2]
        assert ("Of the whole alone" in formula or "the same of" in formula) == indicator.whole, indicator.name
        assert f"of {indicator.scope} alone" in formula or indicator.scope is None, indicator.name


def test_the_numbers_in_the_formulas_are_the_codes() -> None:
    formulas = {name: formula for name, (_, _, formula) in rows().items()}
    assert f"within {REOPENED_DAYS} business days" in formulas["reopened_soon"]
    assert f"fewer than {SHORT_ANSWER} characters" in formulas["short_answers"]
    assert f"none below {FEW} decided" in formulas["score"]
    assert f"n, the numerator, or in\na share the rest of it is 1 to {HIDDEN_BELOW - 1}" in TEXT
    for first, last in AGE_BUCKETS:
        said = f"more than {first - 1}" if last is None else f"{first} to {last}"
        assert said in formulas[bucket_name((first, last))]


def test_the_examples_of_scores_are_computed() -> None:
    said = {(int(k), int(n)): int(share) for k, n, share in re.findall(r"(\d+) of (\d+)\s+scores (\d+) %", TEXT)}
    assert said == {(k, n): round(100 * wilson(k, n)[0]) for k, n in said}
    assert len(said) == 2
