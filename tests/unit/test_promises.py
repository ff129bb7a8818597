from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.promises.rules import (
    Handling,
    days_late,
    deliver_on,
    end_of,
    is_working_day,
    ship_by,
    working_days_after,
)

NAIVE = datetime(2017, 1, 1), datetime(2090, 1, 1)  # noqa: DTZ001 - made aware by the strategy
moments = st.datetimes(*NAIVE, timezones=st.just(UTC))

MONDAY, FRIDAY, SATURDAY = date(2026, 11, 23), date(2026, 11, 27), date(2026, 11, 28)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("day", "count", "after"),
    [
        (MONDAY, 0, MONDAY),
        (MONDAY, 1, date(2026, 11, 24)),
        (MONDAY, 5, date(2026, 11, 30)),
        (FRIDAY, 1, date(2026, 11, 30)),
        (SATURDAY, 0, date(2026, 11, 30)),
        (SATURDAY, 1, date(2026, 11, 30)),
        (date(2028, 2, 28), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 1, date(2028, 3, 1)),
        (date(2026, 12, 31), 1, date(2027, 1, 1)),
    ],
)
def test_working_days_are_counted_from_monday_to_friday(day, count, after):
    assert working_days_after(day, count) == after


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(0, 60))
def test_a_promised_day_is_a_working_day_and_no_working_day_is_skipped(day, count):
    after = working_days_after(day, count)

    between = [day + timedelta(n) for n in range(1, (after - day).days + 1)]
    assert is_working_day(after)
    assert sum(map(is_working_day, between)) == count or (count == 0 and not is_working_day(day))


@pytest.mark.parametrize(
    ("assigned", "by"),
    [
        ("2026-11-23T14:59:59+00:00", "2026-11-24T15:00:00+00:00"),
        ("2026-11-23T15:00:00+00:00", "2026-11-24T15:00:00+00:00"),
        ("2026-11-23T15:01:00+00:00", "2026-11-25T15:00:00+00:00"),
        ("2026-11-27T15:01:00+00:00", "2026-12-01T15:00:00+00:00"),
        ("2026-11-28T09:00:00+00:00", "2026-12-01T15:00:00+00:00"),
    ],
)
def test_work_that_comes_after_the_cut_off_starts_a_day_later(assigned, by):
    assert ship_by(at(assigned), Handling("UTC", time(15), 1)) == at(by)


def test_no_handling_days_mean_today():
    assert ship_by(at("2026-11-23T09:00:00+00:00"), Handling("UTC", time(15), 0)) == at(
        "2026-11-23T15:00:00+00:00"
    )


@pytest.mark.parametrize(
    ("zone", "by"),
    [
        ("Europe/Stockholm", "2026-11-24T14:00:00+00:00"),
        ("America/New_York", "2026-11-24T20:00:00+00:00"),
        # There it is Tuesday evening already.
        ("Pacific/Kiritimati", "2026-11-25T01:00:00+00:00"),
    ],
)
def test_the_cut_off_is_the_locations_own(zone, by):
    assigned = at("2026-11-23T09:59:00+00:00")

    assert ship_by(assigned, Handling(zone, time(15), 1)) == at(by)


@pytest.mark.parametrize(
    ("assigned", "by"),
    [
        # Clocks go forward on Sunday, March 29, and back on Sunday, October 25.
        ("2026-03-27T09:00:00+00:00", "2026-03-30T13:00:00+00:00"),
        ("2026-10-23T09:00:00+00:00", "2026-10-26T14:00:00+00:00"),
    ],
)
def test_the_cut_off_stays_at_its_hour_over_a_clock_change(assigned, by):
    assert ship_by(at(assigned), Handling("Europe/Berlin", time(15), 1)) == at(by)


@given(
    moments,
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
    st.integers(0, 20),
)
def test_a_ship_by_is_never_before_the_assignment(assigned, zone, days):
    assert ship_by(assigned, Handling(zone, time(15), days)) >= assigned


def test_an_order_is_promised_transit_days_after_its_last_hand_over():
    by = at("2026-11-24T23:30:00+00:00")

    assert deliver_on(by, 5, "UTC") == date(2026, 11, 29)
    assert deliver_on(by, 5, "Europe/Berlin") == date(2026, 11, 30)


@pytest.mark.parametrize(
    ("day", "zone", "end"),
    [
        (date(2026, 11, 29), "UTC", "2026-11-30T00:00:00+00:00"),
        (date(2026, 3, 28), "Europe/Berlin", "2026-03-28T23:00:00+00:00"),
        (date(2026, 3, 29), "Europe/Berlin", "2026-03-29T22:00:00+00:00"),
        (date(2026, 10, 25), "Europe/Berlin", "2026-10-25T23:00:00+00:00"),
        (date(2028, 2, 28), "UTC", "2028-02-29T00:00:00+00:00"),
        (date(2028, 2, 29), "UTC", "2028-03-01T00:00:00+00:00"),
        (date(2026, 12, 31), "America/New_York", "2027-01-01T05:00:00+00:00"),
    ],
)
def test_a_promised_day_lasts_until_its_own_midnight(day, zone, end):
    assert end_of(day, zone) == at(end)


@pytest.mark.parametrize(
    ("delivered", "zone", "days"),
    [
        ("2026-11-29T23:59:59+00:00", "UTC", 0),
        ("2026-11-30T00:00:00+00:00", "UTC", 1),
        ("2026-11-29T23:30:00+00:00", "Europe/Berlin", 1),
        ("2026-11-30T04:59:00+00:00", "America/New_York", 0),
        ("2026-12-07T12:00:00+00:00", "UTC", 8),
        ("2026-11-28T12:00:00+00:00", "UTC", -1),
    ],
)
def test_days_late_are_calendar_days_of_the_promises_zone(delivered, zone, days):
    assert days_late(at(delivered), date(2026, 11, 29), zone) == days


@given(
    moments,
    st.dates(date(2020, 1, 1), date(2040, 1, 1)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
)
def test_a_delivery_is_days_late_exactly_when_its_promise_has_ended(delivered, day, zone):
    assert (days_late(delivered, day, zone) >= 1) == (delivered >= end_of(day, zone))
