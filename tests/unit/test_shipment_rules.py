from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.carriers.contract import Scan, TrackingStatus
from app.policies.documents import Tracking
from app.shipments.rules import is_given_up, next_poll, retry_poll, standing

NAIVE = datetime(2017, 1, 1), datetime(2090, 1, 1)  # noqa: DTZ001 - made aware by the strategy
moments = st.datetimes(*NAIVE, timezones=st.just(UTC))

POLICY = Tracking()
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("time", "status", "due"),
    [
        ("11:59", "in_transit", "12:00"),
        ("12:00", "in_transit", "18:00"),
        ("12:01", "pending", "18:00"),
        ("11:59", "out_for_delivery", "12:00"),
        ("12:00", "out_for_delivery", "13:00"),
    ],
)
def test_a_parcel_is_asked_about_on_the_grid_of_its_status(time, status, due):
    day = "2026-11-23T"

    polled = next_poll(datetime.fromisoformat(f"{day}{time}Z"), status, POLICY)

    assert polled == datetime.fromisoformat(f"{day}{due}Z")


def test_the_last_look_of_a_day_is_followed_by_midnight():
    assert next_poll(NOON + 7 * HOUR, "in_transit", POLICY) == NOON + 12 * HOUR


@given(
    moments,
    st.sampled_from([1, 2, 3, 4, 6, 8, 12, 24]),
)
def test_the_next_look_is_later_and_at_most_a_step_away(now, hours):
    due = next_poll(now, "in_transit", Tracking(every_hours=hours))

    assert timedelta(0) < due - now <= hours * HOUR
    assert (due.hour % hours, due.minute, due.second, due.microsecond) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(1, 1), (2, 2), (3, 4), (9, 256), (10, 360), (11, 360), (99, 360)]
)
def test_a_carrier_that_fails_is_asked_again_later_and_later(attempts, minutes):
    assert retry_poll(NOON, attempts, None) == NOON + minutes * MINUTE


@pytest.mark.parametrize(("after", "minutes"), [(10, 10), (1, 4)])
def test_a_carriers_own_wish_counts_if_it_is_longer(after, minutes):
    assert retry_poll(NOON, 3, after * MINUTE) == NOON + minutes * MINUTE


@pytest.mark.parametrize(
    ("days", "silent", "given_up"),
    [(90, 90 * DAY, False), (90, 90 * DAY + MINUTE, True), (None, 999 * DAY, False)],
)
def test_a_parcel_that_is_silent_for_too_long_is_asked_about_no_more(days, silent, given_up):
    assert is_given_up(NOON + silent, NOON, Tracking(give_up_days=days)) is given_up


def scan(hours: float, status: TrackingStatus | None, code: str = "X") -> Scan:
    moment = NOON + hours * HOUR
    return Scan(code, code, status, moment, moment.isoformat(), "Here")


def test_a_parcel_without_scans_is_pending():
    found = standing([])

    assert (found.status, found.first_scan_at, found.delivered_at) == ("pending", None, None)


def test_a_parcels_standing_does_not_depend_on_the_order_of_its_scans():
    scans = [
        scan(0, TrackingStatus.INFO_RECEIVED),
        scan(1, TrackingStatus.IN_TRANSIT),
        scan(5, TrackingStatus.DELIVERED),
        scan(6, None),
    ]

    found = {standing(order) for order in permutations(scans)}

    [one] = found
    assert (one.status, one.first_scan_at, one.last_scan_at, one.delivered_at) == (
        "delivered",
        NOON + HOUR,
        NOON + 6 * HOUR,
        NOON + 5 * HOUR,
    )


def test_a_parcel_that_was_turned_back_is_not_delivered():
    found = standing([scan(1, TrackingStatus.DELIVERED), scan(2, TrackingStatus.RETURNED)])

    assert (found.status, found.delivered_at) == ("returned", None)


def test_a_delivery_without_an_offset_goes_by_its_local_time():
    given = Scan("DL", "", TrackingStatus.DELIVERED, None, "2026-11-23T10:30:00", "")

    assert standing([given]).delivered_at == NOON - 90 * MINUTE


@pytest.mark.parametrize("local_at", ["", "yesterday", "2026-13-45"])
def test_a_delivery_without_a_readable_time_is_still_a_standing(local_at):
    given = Scan("DL", "", TrackingStatus.DELIVERED, None, local_at, "")

    assert (standing([given]).status, standing([given]).delivered_at) == ("delivered", None)
