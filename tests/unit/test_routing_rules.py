from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from uuid import UUID

import pytest

from app.promises.rules import MONDAY_TO_FRIDAY, Calendar, Lane
from app.routing.contract import Candidate, Place, Price, Supply, Wanted
from app.routing.loading import minor
from app.routing.rules import (
    EXCLUSIONS,
    Aim,
    Prices,
    Terms,
    Timetable,
    options_of,
    why_not,
)

# A Monday morning.
NOW = datetime.fromisoformat("2026-11-23T09:00:00+00:00")
MUG = Wanted("1", "MUG", 2)
AIM = Aim("EUR", "SE", "standard", "Europe/Stockholm")
PRICES = Prices(late_day=300, standing=1_000, review=500, usual_on_time_bp=9_500)
LANES = {"SE": Lane(1, MONDAY_TO_FRIDAY, parcel_minor=400, kilo_minor=100)}
ABROAD = Lane(4, MONDAY_TO_FRIDAY, parcel_minor=900, kilo_minor=100)


def place(vendor: str = "kiln", **changes) -> Place:
    key = UUID(int=sum(map(ord, vendor)))
    calendar = Calendar("Europe/Stockholm", time(15), 1)
    return replace(Place(key, key, vendor, "main", "SE", calendar), **changes)


def candidate(**changes) -> Candidate:
    return Candidate(UUID(int=1), place(), "MUG", 600, "EUR", 9)._replace(**changes)


def terms(full: dict[UUID, set[date]] | None = None, **aim) -> Terms:
    def lane(origin, destination, service, currency):
        return LANES.get(origin, ABROAD)

    return Terms(replace(AIM, **aim), PRICES, Timetable(NOW, lane, full or {}))


@pytest.mark.parametrize(
    ("wanted", "where", "change", "rule"),
    [
        ({}, {}, {}, None),
        ({"vendor": "kiln"}, {}, {}, None),
        ({"vendor": "fjord"}, {}, {}, "pinned to another vendor"),
        ({}, {"vendor_status": "review"}, {}, None),
        ({}, {"vendor_status": "paused"}, {}, "vendor not active"),
        ({}, {"vendor_status": "suspended"}, {}, "vendor not active"),
        ({}, {"vendor_status": "closed"}, {}, "vendor not active"),
        ({}, {"is_active": False}, {}, "location not active"),
        ({}, {}, {"is_active": False}, "listing not active"),
        ({}, {}, {"currency": "SEK"}, "other currency"),
        ({}, {"ships_to": frozenset({"DE"})}, {}, "does not ship there"),
        ({}, {"ships_to": frozenset({"SE"})}, {}, None),
        ({"taken_from": frozenset({place().id})}, {}, {}, "declined before"),
        ({"taken_from": frozenset({place("fjord").id})}, {}, {}, None),
        ({"vendor": "fjord"}, {"is_active": False}, {}, "pinned to another vendor"),
    ],
)
def test_the_first_rule_that_holds_is_the_reason(wanted, where, change, rule):
    found = candidate(place=place(**where))._replace(**change)

    assert why_not(MUG._replace(**wanted), found, AIM) == rule


def test_every_reason_is_a_sentence_part_people_can_read():
    assert all(name.islower() and name[0].isalpha() for name in EXCLUSIONS)


@pytest.mark.parametrize(
    ("change", "aim", "rule"),
    [
        ({"available": 0}, {}, "no stock"),
        ({"available": -1}, {}, "no stock"),
        # Handed over on Tuesday, there on Wednesday.
        ({}, {"need_by": date(2026, 11, 24)}, "too late for the need-by date"),
        ({"place": place(vendor_status="paused"), "available": 0}, {}, "vendor not active"),
    ],
)
def test_who_cannot_send_in_time_is_no_option(change, aim, rule):
    options, excluded = options_of(MUG, [candidate(**change)], terms(**aim))

    assert options == []
    assert [(e.line, e.vendor, e.rule) for e in excluded] == [("1", "kiln", rule)]


def test_a_need_by_date_is_met_on_that_day():
    options, excluded = options_of(MUG, [candidate()], terms(need_by=date(2026, 11, 25)))

    assert [o.deliver_on for o in options] == [date(2026, 11, 25)]
    assert excluded == []


def test_a_place_without_an_open_day_is_no_option():
    closed = Calendar("UTC", time(15), closures=((date(2026, 1, 1), date(2028, 1, 1)),))

    options, excluded = options_of(MUG, [candidate(place=place(calendar=closed))], terms())

    assert (options, [e.rule for e in excluded]) == ([], ["no open day with room left"])


def test_a_full_day_makes_a_later_hand_over():
    tuesday = {place().id: {date(2026, 11, 24)}}

    [option], _ = options_of(MUG, [candidate()], terms(full=tuesday))

    assert option.ship_by == datetime.fromisoformat("2026-11-25T15:00:00+01:00")
    assert option.deliver_on == date(2026, 11, 26)


def test_an_option_has_the_price_of_all_its_parts():
    near, far = (
        candidate(weight_g=1_500),
        candidate(
            listing_id=UUID(int=2),
            place=place("fjord", country="NO", vendor_status="review"),
            available=1,
        ),
    )

    options, _ = options_of(MUG, [near, far], terms())

    assert [(o.units, o.parcel, o.price) for o in options] == [
        (2, 400, Price(goods=1_200, kilos=300, late=0, standing=50)),
        # Three working days and a weekend later than the nearer one.
        (1, 900, Price(goods=1_200, kilos=0, late=5 * 300, standing=550)),
    ]


def test_lateness_is_counted_from_what_was_promised():
    [option], _ = options_of(MUG, [candidate()], terms(promised=date(2026, 11, 23)))

    assert option.price.late == 2 * PRICES.late_day


@pytest.mark.parametrize(("is_hasty", "days"), [(False, [0, 0]), (True, [0, 1])])
def test_in_haste_a_day_counts_however_late_it_was_promised_for(is_hasty, days):
    calendar = replace(place().calendar, handling_days=2)
    slower = candidate(listing_id=UUID(int=2), place=place("fjord", calendar=calendar))
    asked = replace(terms(promised=date(2026, 12, 20)), is_hasty=is_hasty)

    options, _ = options_of(MUG, [candidate(), slower], asked)

    assert [o.price.late // PRICES.late_day for o in options] == days


def test_a_given_ship_by_is_kept():
    given = datetime.fromisoformat("2026-12-01T12:00:00+00:00")

    [option], _ = options_of(MUG._replace(ship_by=given), [candidate()], terms())

    assert (option.ship_by, option.deliver_on) == (given, date(2026, 12, 2))


@pytest.mark.parametrize(
    ("change", "there"),
    [
        ({"buy_in_days": 2}, date(2026, 11, 25)),
        ({"buy_in_days": 0}, date(2026, 11, 23)),
        ({"restock_on": date(2026, 12, 7)}, date(2026, 12, 7)),
        ({"restock_on": date(2026, 12, 7), "buy_in_days": 2}, date(2026, 12, 7)),
        # What should have come by now has not: the count says so.
        ({"restock_on": date(2026, 11, 20)}, None),
        ({}, None),
    ],
)
def test_units_that_are_not_there_can_be_bought_in_or_waited_for(change, there):
    out = candidate(available=0, **change)

    options, excluded = options_of(MUG, [out], terms(), Supply(is_bought_in=True))

    assert [(o.waits_until, o.units, o.is_bought_in) for o in options] == (
        [(there, 2, True)] if there else []
    )
    assert [e.rule for e in excluded] == ([] if there else ["no stock"])


@pytest.mark.parametrize(
    ("currency", "amount"), [("EUR", 250), ("JPY", 2), ("BHD", 2_500), ("ISK", 2)]
)
def test_one_policy_serves_every_currency(currency, amount):
    assert minor(250, currency) == amount
