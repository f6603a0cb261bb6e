"""Percentiles, Wilson's bounds, what a public export hides, and goals: over counts, without a database."""

import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.catalog import Goal
from routing.goals import goals_of, reached
from routing.suppression import suppressed
from routing.timeliness import (
    AGE_BUCKETS,
    INDICATORS,
    NAMES,
    Cohort,
    Figure,
    Scope,
    Tally,
    Unit,
    bucket_name,
    buckets,
    figures,
    median,
    percentile,
    wilson,
)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (1, 1, 0.2065, 1.0),
        (95, 100, 0.8882, 0.9785),
        (50, 100, 0.4038, 0.5962),
        # R. G. Newcombe, Two-sided confidence intervals for the single proportion, 1998, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_bounds_are_the_published_ones(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (2, 1), (-1, 5)])
def test_there_is_no_interval_of_nothing(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="trial"):
        wilson(successes, n)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=80))
def test_percentiles_of_a_histogram_are_those_of_its_values(values: list[int]) -> None:
    counted = Counter(values)
    assert median(counted) == statistics.median(values)
    p90 = percentile(counted, 90)
    assert p90 in values
    assert sum(value <= p90 for value in values) >= 0.9 * len(values) > 0.9 * len(values) - 1e-9
    assert all(
        sum(value <= smaller for value in values) < 0.9 * len(values) for smaller in set(values) if smaller < p90
    )


def test_nothing_has_no_middle() -> None:
    assert median(Counter()) is None
    assert percentile(Counter(), 90) is None


def test_every_age_is_in_one_bucket() -> None:
    ages = Counter(range(200))
    assert sum(buckets(ages)) == 200
    assert [bucket_name(bucket) for bucket in AGE_BUCKETS] == [
        "backlog_0_5", "backlog_6_10", "backlog_11_15", "backlog_16_30", "backlog_over_30",
    ]  # fmt: skip


def test_of_nothing_every_figure_is_empty_and_none_fails() -> None:
    found = figures(Tally(), scope=Scope.CASES, whole=True)
    assert set(found) == set(NAMES) - {"score"}
    assert {figure.value for figure in found.values()} <= {None, 0}


def test_an_agency_with_few_cases_has_no_score() -> None:
    few, enough = Tally(decided=9, on_time=9), Tally(decided=10, on_time=9)
    assert figures(few, scope=Scope.STAYS, whole=False)["score"].value is None
    assert figures(few, scope=Scope.STAYS, whole=False)["score"].n == 9
    score = figures(enough, scope=Scope.STAYS, whole=False)["score"]
    assert score.value == score.low == wilson(9, 10)[0]


def test_many_good_answers_rank_before_few_perfect_ones() -> None:
    many = figures(Tally(decided=400, on_time=380), scope=Scope.STAYS, whole=False)["score"].value
    few = figures(Tally(decided=10, on_time=10), scope=Scope.STAYS, whole=False)["score"].value
    assert many is not None
    assert few is not None
    assert many > few


def test_answering_a_late_case_does_not_mend_the_ever_late_rate() -> None:
    before = Tally(received=10, late=3, ripe=6, decided=6, answered=3, on_time=3)
    after = Tally(received=10, late=3, ripe=6, decided=6, answered=4, on_time=3)
    name = "ever_late"
    found = [figures(tally, scope=Scope.CASES, whole=False)[name].value for tally in (before, after)]
    assert found == [0.5, 0.5]


def test_indicators_have_names_of_their_own() -> None:
    assert len(set(NAMES)) == len(INDICATORS)


def figure(numerator: int, n: int) -> Figure:
    return Figure(
        indicator="on_time", unit=Unit.SHARE, cohort=Cohort.DECIDED, value=numerator / n if n else None,
        numerator=numerator, n=n,
    )  # fmt: skip


def hidden(**groups: tuple[int, int]) -> set[str]:
    found = suppressed({key: {"on_time": figure(*counts)} for key, counts in groups.items()})
    return {key for key, group in found.items() if group["on_time"].hidden}


def test_cells_that_count_fewer_than_five_are_hidden() -> None:
    assert hidden(a=(50, 100), b=(3, 80), c=(1, 4), d=(60, 70)) == {"b", "c"}


def test_the_rest_of_a_share_counts_too() -> None:
    assert hidden(a=(98, 100), b=(50, 100), c=(4, 100)) == {"a", "c"}


def test_a_cell_hidden_alone_takes_the_next_smallest_with_it() -> None:
    assert hidden(a=(50, 100), b=(3, 80), c=(30, 60)) == {"b", "c"}


def test_nothing_and_everything_tell_of_nobody() -> None:
    assert hidden(a=(0, 100), b=(100, 100), c=(0, 0)) == set()


def test_a_hidden_cell_says_nothing_at_all() -> None:
    found = suppressed({"": {"on_time": figure(2, 4)}})[""]["on_time"]
    assert (found.value, found.numerator, found.n, found.low) == (None, None, 0, None)


def goal(**values: object) -> Goal:
    return Goal.model_validate({"indicator": "on_time", "year": 2026, "at_least": 0.9} | values)


def test_an_agencys_own_goal_goes_before_everybodys() -> None:
    own, everybody, past = goal(agency="sena", at_least=0.8), goal(), goal(year=2025)
    for order in ([own, everybody, past], [past, everybody, own]):
        assert goals_of(order, year=2026, agency="sena") == {"on_time": own}
        assert goals_of(order, year=2026, agency="dian") == {"on_time": everybody}
        assert goals_of(order, year=2026, agency=None) == {"on_time": everybody}
        assert goals_of(order, year=2027, agency="sena") == {}


def test_a_goal_of_the_network_is_no_goal_of_one_agency() -> None:
    partners = Goal(indicator="partnerships_national", year=2026, at_least=40)
    assert goals_of([partners], year=2026, agency=None) == {"partnerships_national": partners}
    assert goals_of([partners], year=2026, agency="sena") == {}


def test_a_goal_is_reached_at_its_value() -> None:
    assert reached(goal(at_least=0.9), figure(9, 10)) is True
    assert reached(goal(at_least=0.9), figure(8, 10)) is False
    assert reached(goal(at_least=None, at_most=0.05), figure(1, 20)) is True
    assert reached(goal(at_least=None, at_most=0.0), figure(1, 20)) is False
    assert reached(goal(), figure(0, 0)) is None
