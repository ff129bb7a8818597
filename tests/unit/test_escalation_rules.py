from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.escalations.rules import climb, due_steps, next_step_at

OPENED = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
RUNGS = [(0 * HOUR, "ops"), (24 * HOUR, "ops_lead"), (72 * HOUR, "senior_management")]
STEPS = climb(OPENED, RUNGS)


def test_a_climb_is_counted_from_its_opening():
    assert [(s.rung, s.level, s.due_at - OPENED) for s in STEPS] == [
        (0, "ops", 0 * HOUR),
        (1, "ops_lead", 24 * HOUR),
        (2, "senior_management", 72 * HOUR),
    ]


@pytest.mark.parametrize(
    ("done", "hours", "due"),
    [(0, -1, []), (0, 0, [0]), (1, 23.9, []), (1, 24, [1]), (0, 100, [0, 1, 2]), (3, 100, [])],
)
def test_every_rung_is_due_once_from_its_own_moment(done, hours, due):
    assert [s.rung for s in due_steps(STEPS, done, None, OPENED + hours * HOUR)] == due


@pytest.mark.parametrize(("stopped", "due"), [(10, [0]), (24, [0, 1]), (50, [0, 1])])
def test_nothing_is_due_after_the_climb_was_stopped(stopped, due):
    now = OPENED + 100 * HOUR

    assert [s.rung for s in due_steps(STEPS, 0, OPENED + stopped * HOUR, now)] == due


def test_a_stop_in_the_future_does_not_bring_anything_forward():
    assert due_steps(STEPS, 1, OPENED + 50 * HOUR, OPENED + HOUR) == []


@pytest.mark.parametrize(("done", "hours"), [(0, 0), (1, 24), (2, 72), (3, None), (9, None)])
def test_the_next_rung_is_the_first_that_is_not_done(done, hours):
    expected = None if hours is None else OPENED + hours * HOUR

    assert next_step_at(STEPS, done, None) == expected


def test_a_stopped_climb_has_no_next_rung():
    assert next_step_at(STEPS, 1, OPENED) is None


@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=6).map(sorted),
    st.lists(st.integers(0, 400), min_size=1).map(sorted),
)
def test_looking_at_any_moments_takes_every_rung_once_and_in_order(hours, looks):
    steps = climb(OPENED, [(h * HOUR, "ops") for h in hours])
    taken = []

    for look in looks:
        taken += [s.rung for s in due_steps(steps, len(taken), None, OPENED + look * HOUR)]

    assert taken == [i for i, h in enumerate(hours) if h <= looks[-1]]
