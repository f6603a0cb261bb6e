"""Who is given the next case."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from routing.assign import Duty, pick


def duty(staff_id: int, open_cases: int, *, capacity: int = 10, day: int | None = None) -> Duty:
    last = datetime(2026, 7, day, tzinfo=UTC) if day else None
    return Duty(staff_id=staff_id, open_cases=open_cases, capacity=capacity, last_assigned_at=last)


def test_load_is_measured_against_capacity() -> None:
    assert pick([duty(1, 4, capacity=5), duty(2, 5, capacity=10)]) == 2


def test_equal_loads_go_to_who_has_waited_longest() -> None:
    assert pick([duty(1, 2, day=3), duty(2, 2, day=1), duty(3, 2, day=2)]) == 2
    assert pick([duty(1, 2, day=3), duty(2, 2)]) == 2


def test_after_that_the_lower_id_decides() -> None:
    assert pick([duty(9, 0), duty(4, 0)]) == 4


def test_nobody_with_room_is_nobody() -> None:
    assert pick([]) is None
    assert pick([duty(1, 10), duty(2, 11), duty(3, 0, capacity=0)]) is None


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 10)), max_size=8))
def test_whoever_is_picked_has_room_and_the_lowest_load(rows: list[tuple[int, int]]) -> None:
    duties = [duty(at, cases, capacity=capacity) for at, (cases, capacity) in enumerate(rows)]
    loads = {d.staff_id: d.open_cases / d.capacity for d in duties if d.open_cases < d.capacity}
    picked = pick(duties)
    assert (picked is None) == (not loads)
    assert picked is None or loads[picked] == min(loads.values())
