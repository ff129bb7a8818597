"""What days do to who is chosen: given, closed, full and late ones, and those of whole orders."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from app.policies.documents import Lanes
from app.policies.queries import InForce
from app.routing.loading import rules_at
from app.routing.trial import trial
from app.shared.work import OPS, transaction
from tests.conftest import NOW
from tests.factories import (
    at,
    confirmed,
    line,
    make_vendor_with_stock,
    one,
    parcel,
    policy,
    references,
    routed_order,
    rows,
    run_jobs,
    send,
)
from tests.flow.test_routing import decision, fo_of, given, moved, sql

TUESDAY = "2026-11-24T12:00:00+00:00"


def close(vendor: str, first: str, last: str) -> None:
    sql(
        "INSERT INTO closures (id, location_id, vendor_id, first_day, last_day, reason, made_by,"
        " made_at) SELECT uuidv7(), l.id, v.id, :first, :last, 'stocktaking', 'x', now()"
        " FROM locations l JOIN vendors v ON v.id = l.vendor_id WHERE v.code = :vendor",
        vendor=vendor,
        first=date.fromisoformat(first),
        last=date.fromisoformat(last),
    )


# Given with the order -------------------------------------------------------------------------


def test_whoever_is_closed_cannot_keep_a_given_day_either():
    make_vendor_with_stock("kiln", cost_minor=100)
    make_vendor_with_stock("fjord", cost_minor=900)
    close("kiln", "2026-11-01", "2027-06-30")
    close("kiln", "2027-07-01", "2028-01-01")

    key = routed_order(lines=[line(ship_by=TUESDAY)])

    assert given(key) == [("1", "fjord", 2)]
    assert decision(key)["excluded"][0]["rule"] == "no open day with room left"


def test_who_needs_longer_than_the_given_day_is_said_to_arrive_later():
    make_vendor_with_stock("slow", handling_days=3)

    key = routed_order(lines=[line(ship_by=TUESDAY)])

    # Ready on Thursday, five days under way.
    assert decision(key)["chosen"][0]["arrives"] == "2026-12-01"
    assert fo_of(*references(key)).ship_by == datetime.fromisoformat(TUESDAY)


@pytest.mark.parametrize("other", ["2026-11-30T12:00:00+00:00", None])
def test_the_earlier_of_two_days_holds_for_the_parcel(other):
    make_vendor_with_stock("kiln", {"MUG": 9, "PLATE": 9})

    key = routed_order(
        lines=[line(ship_by="2026-11-23T16:00:00+00:00"), line("PLATE", name="2", ship_by=other)]
    )

    (reference,) = references(key)
    assert fo_of(reference).ship_by == datetime.fromisoformat("2026-11-23T16:00:00+00:00")


def test_a_given_day_moves_with_the_line():
    make_vendor_with_stock("kiln", cost_minor=100)
    make_vendor_with_stock("fjord", cost_minor=900, handling_days=6)
    key = routed_order(lines=[line(ship_by=TUESDAY)])

    new = moved(*references(key))

    assert new.ship_by == datetime.fromisoformat(TUESDAY)
    told = decision(key)
    assert [c["vendor"] for c in told["others"]] == ["kiln"]
    assert told["score"] == sum(
        told["chosen"][0][part] for part in ("goods", "freight", "late", "standing")
    )


# Closed and full ------------------------------------------------------------------------------


def test_a_closure_holds_until_its_day_ends_where_the_place_is():
    make_vendor_with_stock("kiln", zone="America/Los_Angeles", cut_off=time(20), handling_days=0)
    close("kiln", "2026-11-23", "2026-11-23")
    # Six in the evening there: the day after it has begun in Greenwich.
    at("2026-11-24T02:00:00+00:00")

    key = routed_order(lines=[line()])

    # The next day, not the closed one.
    assert fo_of(*references(key)).ship_by == datetime.fromisoformat("2026-11-25T04:00:00+00:00")


def test_what_has_left_today_was_room_of_today():
    make_vendor_with_stock("kiln", handling_days=0)
    sql("UPDATE locations SET daily_capacity = 1")
    first = routed_order(lines=[line(quantity=1)])
    (reference,) = confirmed(first)
    send(reference, parcel(1, NOW))
    at(NOW + timedelta(minutes=1))

    second = routed_order(lines=[line(quantity=1)])

    assert fo_of(*references(second)).ship_by == datetime.fromisoformat("2026-11-24T15:00:00+00:00")


# Late, and bought in --------------------------------------------------------------------------


def test_units_that_nobody_has_in_time_come_late_where_that_is_allowed():
    policy("routing", need_by="prefer")
    make_vendor_with_stock("quick", {"MUG": 1})
    make_vendor_with_stock("slow", {"MUG": 9}, handling_days=9)

    key = routed_order(lines=[line(quantity=3)], preferences={"deliver_by": "2026-11-30"})

    assert given(key) == [("1", "quick", 1), ("1", "slow", 2)]
    assert decision(key)["excluded"] == []


def test_what_is_bought_in_is_told_with_all_who_would():
    for code, days in (("near", 2), ("far", 20)):
        make_vendor_with_stock(code, {"MUG": 0})
        sql(
            "UPDATE listings SET buy_in_days = :days FROM vendors v"
            " WHERE v.id = vendor_id AND v.code = :code",
            days=days,
            code=code,
        )
    make_vendor_with_stock("none", {"MUG": 0})

    key = routed_order(lines=[line()])

    told = decision(key)
    assert [c["vendor"] for c in told["chosen"]] == ["near"]
    assert [c["vendor"] for c in told["others"]] == ["far"]
    assert [(e["vendor"], e["rule"]) for e in told["excluded"]] == [("none", "no stock")]


def test_an_order_that_could_only_be_bought_in_too_late_is_put_to_a_person():
    make_vendor_with_stock("kiln", {"MUG": 0})
    sql("UPDATE listings SET buy_in_days = 20")

    key = routed_order(lines=[line()], preferences={"deliver_by": "2026-11-30"})

    assert decision(key)["excluded"][0]["rule"] == "too late for the need-by date"
    assert one("SELECT code FROM order_holds WHERE order_id = :id", id=key).code == "need_by"


def test_no_more_parcels_than_allowed_are_made_of_what_is_bought_in():
    policy("routing", most_parcels=1)
    make_vendor_with_stock("kiln", {"MUG": 1})
    sql("UPDATE listings SET buy_in_days = 2")

    key = routed_order(lines=[line(quantity=3)])

    assert len(references(key)) == 1


# Whole orders ---------------------------------------------------------------------------------


def test_no_day_is_promised_for_an_order_before_all_of_it_has_somebody():
    make_vendor_with_stock("kiln")
    key = routed_order(lines=[line(), line("PLATE", name="2")])

    order = one("SELECT deliver_on FROM orders WHERE id = :id", id=key)
    assert (order.deliver_on, decision(key)["is_whole"]) == (None, False)

    make_vendor_with_stock("slow", {"PLATE": 9}, handling_days=3)
    at(NOW + timedelta(hours=2))
    run_jobs("wake_waiting", "route_orders")

    # Thursday and five days; the other part would have been there before.
    assert one("SELECT deliver_on FROM orders WHERE id = :id", id=key).deliver_on == date(
        2026, 12, 1
    )
    promised = rows("SELECT due_at FROM promises WHERE kind = 'deliver_by'")
    assert [p.due_at for p in promised] == [datetime.fromisoformat("2026-12-02T00:00:00+00:00")]


def test_the_promise_of_the_whole_is_that_of_its_last_part_whichever_was_placed_first():
    make_vendor_with_stock("slow", handling_days=6)
    key = routed_order(lines=[line(), line("PLATE", name="2")])
    make_vendor_with_stock("quick", {"PLATE": 9})
    at(NOW + timedelta(hours=2))

    run_jobs("wake_waiting", "route_orders")

    assert one("SELECT deliver_on FROM orders WHERE id = :id", id=key).deliver_on == date(
        2026, 12, 6
    )


# A dry run ------------------------------------------------------------------------------------


def test_a_dry_run_counts_freight_by_weight():
    make_vendor_with_stock("kiln")
    sql(
        "INSERT INTO products (sku, title, weight_g, changed_at) VALUES ('MUG', 'Mug', 5000, now())"
    )
    routed_order(lines=[line(quantity=2)])

    with transaction(OPS) as now:
        was = rules_at(now)
        dearer = InForce(0, Lanes(kilo=600)).document
        becomes = type(was)(was.routing, was.promises, dearer)
        tried = trial(was, becomes, now)

    (changed,) = tried.changed
    assert changed.becomes.minor - changed.was.minor == 6_000
