from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.schedule import SCHEDULE, SWEEP, Every

NAIVE = datetime(2017, 1, 1), datetime(2090, 1, 1)  # noqa: DTZ001 - made aware by the strategy
moments = st.datetimes(*NAIVE, timezones=st.just(UTC))


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-23T{text}Z")


@pytest.mark.parametrize(
    ("now", "tick"),
    [("09:00:00", "09:00:00"), ("09:00:59", "09:00:00"), ("09:01:00", "09:01:00")],
)
def test_the_newest_tick_that_is_due_is_given(now, tick):
    assert Every("sweep", timedelta(minutes=1)).tick(at(now)) == at(tick)


def test_an_offset_shifts_the_grid():
    every = Every("keep_house", timedelta(days=1), timedelta(hours=3, minutes=10))

    assert every.tick(at("03:10:00")) == at("03:10:00")
    assert every.tick(at("03:09:59")) == at("03:10:00") - timedelta(days=1)


@given(
    moments,
    st.sampled_from(SCHEDULE),
)
def test_a_tick_is_the_same_for_all_of_its_period(now, every):
    tick = every.tick(now)

    assert timedelta(0) <= now - tick < every.period
    assert every.tick(tick) == tick
    assert every.tick(tick + every.period - timedelta(microseconds=1)) == tick


def test_the_sweep_runs_at_least_every_minute():
    [sweep] = [every for every in SCHEDULE if every.job == SWEEP]

    assert sweep.period <= timedelta(minutes=1)


def test_every_job_stands_once_in_the_schedule():
    assert len({every.job for every in SCHEDULE}) == len(SCHEDULE)
