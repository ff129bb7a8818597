from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.promises.rules import (
    MONDAY_TO_FRIDAY,
    Calendar,
    Lane,
    NoDay,
    bought_in_on,
    day_of,
    days_late,
    deliver_on,
    end_of,
    ship_by,
)

NAIVE = datetime(2017, 1, 1), datetime(2090, 1, 1)  # noqa: DTZ001 - made aware by the strategy
moments = st.datetimes(*NAIVE, timezones=st.just(UTC))
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati"]

MONDAY, FRIDAY, SATURDAY = date(2026, 11, 23), date(2026, 11, 27), date(2026, 11, 28)
PLAIN = Calendar("UTC", time(15), 1)
FIVE_DAYS = Lane(5)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("calendar", "day", "later", "found"),
    [
        ({}, MONDAY, 0, MONDAY),
        ({}, MONDAY, 1, date(2026, 11, 24)),
        ({}, MONDAY, 5, date(2026, 11, 30)),
        ({}, FRIDAY, 1, date(2026, 11, 30)),
        ({}, SATURDAY, 0, date(2026, 11, 30)),
        # A closed day counts for nothing: the first open one is the start.
        ({}, SATURDAY, 1, date(2026, 12, 1)),
        ({}, date(2028, 2, 28), 1, date(2028, 2, 29)),
        ({}, date(2028, 2, 29), 1, date(2028, 3, 1)),
        ({}, date(2026, 12, 31), 1, date(2027, 1, 1)),
        ({"holidays": "DE"}, date(2026, 12, 31), 1, date(2027, 1, 4)),
        # Epiphany is a holiday in Bavaria and none in Berlin.
        ({"holidays": "DE-BY"}, date(2026, 1, 5), 1, date(2026, 1, 7)),
        ({"holidays": "DE-BE"}, date(2026, 1, 5), 1, date(2026, 1, 6)),
        ({"holidays": "US"}, date(2026, 11, 25), 1, FRIDAY),
        ({"holidays": "XX"}, MONDAY, 1, date(2026, 11, 24)),
        ({"working_days": frozenset({6, 7})}, MONDAY, 0, SATURDAY),
        ({"working_days": frozenset({7})}, SATURDAY, 1, date(2026, 12, 6)),
        ({"closures": ((MONDAY, FRIDAY),)}, MONDAY, 0, date(2026, 11, 30)),
        ({"closures": ((MONDAY, MONDAY), (FRIDAY, FRIDAY))}, MONDAY, 3, date(2026, 11, 30)),
    ],
)
def test_open_days_are_counted_by_the_locations_own_calendar(calendar, day, later, found):
    assert replace(PLAIN, **calendar).open_day(day, later) == found


def test_a_full_day_is_passed_over_and_counts_as_worked():
    full = {date(2026, 11, 24), date(2026, 11, 25)}

    assert PLAIN.open_day(MONDAY, 1, full) == date(2026, 11, 26)
    assert PLAIN.open_day(MONDAY, 0, full) == MONDAY


def test_a_location_that_never_opens_has_no_day():
    closed = replace(PLAIN, closures=((MONDAY, date(2028, 1, 1)),))

    with pytest.raises(NoDay):
        closed.open_day(MONDAY)


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(0, 60))
def test_a_promised_day_is_open_and_no_open_day_is_skipped(day, later):
    found = PLAIN.open_day(day, later)

    between = [day + timedelta(n) for n in range((found - day).days + 1)]
    assert PLAIN.is_open(found)
    assert sum(map(PLAIN.is_open, between)) == later + 1


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
    assert ship_by(at(assigned), PLAIN) == at(by)


def test_no_handling_days_mean_today():
    today = replace(PLAIN, handling_days=0)

    assert ship_by(at("2026-11-23T09:00:00+00:00"), today) == at("2026-11-23T15:00:00+00:00")


def test_goods_that_are_bought_in_are_handled_when_they_are_there():
    there = bought_in_on(at("2026-11-23T09:00:00+00:00"), PLAIN, 3)

    assert there == date(2026, 11, 26)
    assert ship_by(at("2026-11-23T09:00:00+00:00"), PLAIN, waits_until=there) == at(
        "2026-11-27T15:00:00+00:00"
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

    assert ship_by(assigned, replace(PLAIN, zone=zone)) == at(by)


@pytest.mark.parametrize(
    ("cut_off", "assigned", "by"),
    [
        # Clocks go forward on Sunday, March 29, and back on Sunday, October 25.
        (time(15), "2026-03-27T09:00:00+00:00", "2026-03-30T13:00:00+00:00"),
        (time(15), "2026-10-23T09:00:00+00:00", "2026-10-26T14:00:00+00:00"),
        # 02:30 does not exist on the one Sunday and comes twice on the other.
        (time(2, 30), "2026-03-28T01:00:00+00:00", "2026-03-29T01:30:00+00:00"),
        (time(2, 30), "2026-10-24T00:00:00+00:00", "2026-10-25T01:30:00+00:00"),
    ],
)
def test_the_cut_off_stays_at_its_hour_over_a_clock_change(cut_off, assigned, by):
    every_day = frozenset(range(1, 8))
    berlin = Calendar(
        "Europe/Berlin", cut_off, 1, every_day if cut_off < time(3) else MONDAY_TO_FRIDAY
    )

    assert ship_by(at(assigned), berlin).astimezone(UTC) == at(by)


@given(moments, st.sampled_from(ZONES), st.integers(0, 20))
def test_a_ship_by_is_never_before_the_assignment(assigned, zone, days):
    assert ship_by(assigned, Calendar(zone, time(15), days)) >= assigned


def test_where_an_hour_comes_twice_the_cut_off_is_not_over_in_its_second_time():
    berlin = Calendar("Europe/Berlin", time(2, 30), working_days=frozenset(range(1, 8)))
    assigned = at("2026-10-25T01:20:00+00:00")

    assert ship_by(assigned, berlin).astimezone(UTC) == at("2026-10-25T01:30:00+00:00")


def test_an_order_is_promised_transit_days_after_its_last_hand_over():
    by = at("2026-11-24T23:30:00+00:00")

    assert deliver_on(by, "UTC", FIVE_DAYS) == date(2026, 11, 29)
    assert deliver_on(by, "Europe/Berlin", FIVE_DAYS) == date(2026, 11, 30)


@pytest.mark.parametrize(
    ("handed_over", "lane", "destination", "arrives"),
    [
        ("2026-11-25T15:00:00+00:00", Lane(2, MONDAY_TO_FRIDAY), "DE", FRIDAY),
        ("2026-11-26T15:00:00+00:00", Lane(2, MONDAY_TO_FRIDAY), "DE", date(2026, 11, 30)),
        ("2026-11-27T15:00:00+00:00", Lane(1, frozenset(range(1, 7))), "DE", SATURDAY),
        # Two days of Christmas, and a weekend.
        ("2026-12-23T15:00:00+00:00", Lane(2, MONDAY_TO_FRIDAY, True), "DE", date(2026, 12, 28)),
        ("2026-12-23T15:00:00+00:00", Lane(2, MONDAY_TO_FRIDAY, True), "SE", date(2026, 12, 28)),
        ("2026-12-23T15:00:00+00:00", Lane(2, MONDAY_TO_FRIDAY), "DE", date(2026, 12, 25)),
        ("2026-11-23T15:00:00+00:00", Lane(0, MONDAY_TO_FRIDAY), "DE", MONDAY),
        ("2026-11-28T15:00:00+00:00", Lane(0, MONDAY_TO_FRIDAY), "DE", date(2026, 11, 30)),
        ("2028-02-28T15:00:00+00:00", Lane(1), "DE", date(2028, 2, 29)),
    ],
)
def test_a_lane_counts_the_days_on_which_its_parcels_move(handed_over, lane, destination, arrives):
    assert deliver_on(at(handed_over), "UTC", lane, destination) == arrives


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
    assert day_of(at(end), zone) == day


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
