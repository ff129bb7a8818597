"""When a vendor is at peak, and which numbers say so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.rules import DAYS, Load, Why, facts, peak, pressure

COUNTS = st.integers(0, 500)
LOADS = st.builds(Load, COUNTS, COUNTS, COUNTS, st.none() | st.integers(1, 500))


@pytest.mark.parametrize(
    ("load", "said"),
    [
        (Load(0, 42, 18), {"due": 42, "usual": 18}),
        # Two usual days, and one less.
        (Load(0, 36, 18), {"due": 36, "usual": 18}),
        (Load(0, 35, 18), {}),
        # Ten are a peak of whoever is new; fewer are of nobody.
        (Load(0, 10, 0), {"due": 10, "usual": 0}),
        (Load(0, 9, 0), {}),
        # What it can do in two days is no peak, one more is, however few they are.
        (Load(0, 8, 9, 4), {}),
        (Load(0, 9, 9, 4), {"due": 9, "most": 4}),
        (Load(0, 42, 18, 20), {"due": 42, "usual": 18, "most": 20}),
        (Load(4, 4, 30), {}),
        (Load(5, 5, 30), {"late": 5}),
        (Load(6, 42, 18, 30), {"due": 42, "usual": 18, "late": 6}),
        (Load(0, 0, 0, 1), {}),
    ],
)
def test_a_peak_says_its_numbers(load: Load, said: dict[str, int]) -> None:
    assert facts(load) == said


@given(LOADS)
def test_there_are_numbers_exactly_where_there_is_a_reason(load: Load) -> None:
    assert bool(facts(load)) == bool(peak(load))
    assert (Why.FULL in peak(load)) == bool(load.capacity and load.due > DAYS * load.capacity)


@given(LOADS, st.integers(1, 50))
def test_more_to_do_never_ends_a_peak(load: Load, more: int) -> None:
    heavier = Load(load.late + more, load.due + more, load.usual, load.capacity)

    assert set(peak(load)) <= set(peak(heavier))
    assert pressure(load) < pressure(heavier)
