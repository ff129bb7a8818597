"""Services of a way compared: price, day, the dates they keep, and which is recommended."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from app.policies.documents import LaneRule, Lanes, Promises, Routing
from app.policies.queries import InForce
from app.promises.rules import Calendar, Lane
from app.routing.loading import Rules
from app.routing.rate_rules import Sending, Why, compare, hand_over, recommend

# Monday, November 23
MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
LANES = {
    "economy": Lane(9, parcel_minor=300),
    "standard": Lane(4, parcel_minor=500, kilo_minor=100),
    "express": Lane(2, parcel_minor=1_100, kilo_minor=250),
    "overnight": Lane(1, parcel_minor=2_500),
}


def sending(promised: int | None = None, need_by: int | None = None, **changes) -> Sending:
    """Return a parcel handed over on Monday the 23rd, with the dates it should keep."""
    known = {
        "origin": "DE",
        "destination": "SE",
        "zone": "UTC",
        "hand_over": MONDAY,
        "ordered": "standard",
        "booked": "standard",
        "promised": promised and date(2026, 11, promised),
        "need_by": need_by and date(2026, 11, need_by),
    }
    return Sending(**known | changes)


def compared(of: Sending, services=tuple(LANES)):
    return compare(of, services, LANES.__getitem__)


def test_every_service_has_its_price_its_day_and_what_it_costs_more():
    rates = compared(sending(promised=26, need_by=24, grams=2_500, parcels=2))

    assert [(r.service, r.minor, r.more_minor, r.arrives.day) for r in rates] == [
        ("economy", 600, 0, 2),
        ("standard", 1_250, 0, 27),
        ("express", 2_825, 1_575, 25),
        ("overnight", 5_000, 3_750, 24),
    ]
    assert [(r.keeps_promise, r.keeps_need_by) for r in rates] == [
        (False, False),
        (False, False),
        (True, False),
        (True, True),
    ]
    assert [r.service for r in rates if r.may_be_chosen] == ["express", "overnight"]


@pytest.mark.parametrize(
    ("promised", "need_by", "booked", "service", "why"),
    [
        (27, None, "standard", "standard", Why.KEEPS_ALL),
        (26, None, "standard", "express", Why.KEEPS_ALL),
        (24, None, "standard", "overnight", Why.KEEPS_ALL),
        (26, 24, "standard", "overnight", Why.KEEPS_ALL),
        (26, 23, "standard", "express", Why.KEEPS_PROMISE),
        (23, None, "standard", "overnight", Why.EARLIEST),
        (23, 27, "standard", "overnight", Why.EARLIEST),
        (None, None, "standard", "standard", Why.KEEPS_ALL),
        (None, 25, "standard", "express", Why.KEEPS_ALL),
        # What is booked already may be more than it takes.
        (27, None, "overnight", "standard", Why.KEEPS_ALL),
        (26, None, "overnight", "express", Why.KEEPS_ALL),
    ],
)
def test_the_cheapest_that_keeps_the_dates_is_recommended(promised, need_by, booked, service, why):
    best, because = recommend(compared(sending(promised, need_by, booked=booked)))

    assert (best.service, because) == (service, why)


def test_nobody_is_sent_slower_than_ordered_though_it_were_cheaper_and_in_time():
    rates = compared(sending(promised=30, ordered="express", booked="express"))
    december = sending(hand_over=datetime(2026, 11, 2, 15, tzinfo=UTC), promised=30)

    assert recommend(rates)[0].service == "express"
    assert recommend(compared(december))[0].service == "standard"


def test_a_faster_service_that_is_there_on_the_same_day_is_none():
    ways = {
        "standard": Lane(2, frozenset({1}), parcel_minor=500),
        "express": Lane(1, frozenset({1})),
    }
    lanes = ways | {"express": Lane(2, frozenset({1}), parcel_minor=900)}

    rates = compare(sending(promised=24), lanes, lanes.__getitem__)

    assert [rate.is_faster for rate in rates] == [False, False]
    assert recommend(rates) == (rates[0], Why.EARLIEST)


def test_a_cheaper_service_costs_nothing_more():
    lanes = {"standard": Lane(4, parcel_minor=900), "express": Lane(1, parcel_minor=700)}

    (express, _) = compare(sending(), lanes, lanes.__getitem__)

    assert (express.service, express.more_minor) == ("express", 0)


def test_what_is_ordered_and_booked_is_compared_whether_or_not_a_lane_names_it():
    rates = compared(sending(booked="express"), services=["overnight"])

    assert [(r.service, r.is_ordered, r.is_booked) for r in rates] == [
        ("standard", True, False),
        ("express", False, True),
        ("overnight", False, False),
    ]


PLACE = Calendar("Europe/Berlin", time(15), handling_days=3)


@pytest.mark.parametrize(
    ("due", "said_on", "now", "at"),
    [
        # still to come
        ("2026-11-24T14:00Z", None, "2026-11-23T09:00Z", "2026-11-24T14:00Z"),
        # its vendor named a later, and an earlier day
        ("2026-11-24T14:00Z", "2026-11-26", "2026-11-23T09:00Z", "2026-11-26T14:00Z"),
        ("2026-11-24T14:00Z", "2026-11-23", "2026-11-23T09:00Z", "2026-11-23T14:00Z"),
        # passed: today's cut-off, tomorrow's, and Monday's on a Friday evening
        ("2026-11-20T14:00Z", None, "2026-11-23T09:00Z", "2026-11-23T14:00Z"),
        ("2026-11-20T14:00Z", None, "2026-11-23T16:00Z", "2026-11-24T14:00Z"),
        ("2026-11-20T14:00Z", "2026-11-19", "2026-11-20T19:00Z", "2026-11-23T14:00Z"),
    ],
)
def test_it_is_handed_over_when_it_is_due_or_at_the_next_cut_off(due, said_on, now, at):
    on = said_on and date.fromisoformat(said_on)

    found = hand_over(datetime.fromisoformat(due), on, PLACE, datetime.fromisoformat(now))

    assert found == datetime.fromisoformat(at)


def test_a_place_that_never_opens_hands_over_now():
    closed = Calendar("UTC", time(15), working_days=frozenset())

    assert hand_over(datetime(2026, 11, 1, tzinfo=UTC), None, closed, MONDAY) == MONDAY


@pytest.mark.parametrize(
    ("way", "named"),
    [
        (("DE", "SE"), ["express", "overnight", "freight"]),
        (("DE", "NO"), ["overnight", "freight"]),
        (("FR", "SE"), ["express", "freight"]),
        (("FR", "NO"), ["freight"]),
    ],
)
def test_the_services_of_a_way_are_those_its_lanes_name(way, named):
    lanes = (
        LaneRule(destination="SE", service="express", days=2),
        LaneRule(origin="DE", service="overnight", days=1),
        LaneRule(service="freight", days=9),
        LaneRule(destination="SE", service="express", days=3),
        LaneRule(days=5),
    )
    rules = Rules(InForce(0, Routing()), Promises(), Lanes(lanes=lanes))

    assert rules.services(*way) == named
