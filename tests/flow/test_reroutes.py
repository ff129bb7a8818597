"""Who may have work that somebody had before: by what happened, and by when it must be there."""

from __future__ import annotations

from datetime import timedelta

from app.orders.service import Confirmation, confirm
from app.shared.work import OPS, transaction
from tests.conftest import NOW
from tests.factories import (
    at,
    line,
    make_vendor_with_stock,
    one,
    references,
    routed_order,
    rows,
    run,
    run_jobs,
)
from tests.flow.test_routing import given


def decline(reference: str) -> None:
    with transaction(OPS) as now:
        confirm([Confirmation(reference, {"1": 0}, "out_of_stock")], actor="kiln", now=now)


def test_a_place_that_declines_leaves_its_vendors_other_places_alone():
    make_vendor_with_stock("kiln", cost_minor=100)
    make_vendor_with_stock("fjord", cost_minor=900)
    make_vendor_with_stock("kiln", at_place="two", cost_minor=150)
    key = routed_order(lines=[line()])

    decline(*references(key))
    run_jobs("route_orders")

    place = one(
        "SELECT l.code FROM fulfillment_orders f JOIN locations l ON l.id = f.location_id"
        " WHERE f.order_id = :id AND f.status = 'assigned'",
        id=key,
    )
    assert (given(key), place.code) == ([("1", "kiln", 2)], "two")


def test_a_vendor_that_did_not_answer_has_none_of_its_other_places_asked():
    make_vendor_with_stock("kiln", cost_minor=100)
    key = routed_order(lines=[line()])
    make_vendor_with_stock("kiln", at_place="two", cost_minor=150)
    make_vendor_with_stock("fjord", cost_minor=900)
    at(NOW + timedelta(hours=25))

    run_jobs("take_back_unconfirmed", "route_orders")

    assert given(key) == [("1", "fjord", 2)]


def test_what_others_would_bring_too_late_stays_with_who_could_be_in_time():
    make_vendor_with_stock("kiln", cost_minor=100)
    key = routed_order(lines=[line()], preferences={"deliver_by": "2026-11-30"})
    make_vendor_with_stock("slow", handling_days=9)
    at(NOW + timedelta(hours=25))

    assert run("take_back_unconfirmed") == 1

    assert given(key) == [("1", "kiln", 2)]
    assert rows("SELECT * FROM order_holds") == []


def test_of_two_that_are_late_at_once_only_as_many_move_as_others_have_units_for():
    make_vendor_with_stock("kiln", cost_minor=100)
    keys = [routed_order(lines=[line()]), routed_order(lines=[line()])]
    make_vendor_with_stock("fjord", {"MUG": 3})
    at(NOW + timedelta(hours=25))

    run_jobs("take_back_unconfirmed", "route_orders")

    who = sorted(vendor for key in keys for _, vendor, _ in given(key))
    assert who == ["fjord", "kiln"]
    assert rows("SELECT * FROM orders WHERE unfilled_since IS NOT NULL") == []


def test_two_vendors_that_are_both_late_do_not_swap_their_lines():
    make_vendor_with_stock("kiln", {"MUG": 5})
    make_vendor_with_stock("fjord", {"PLATE": 5})
    key = routed_order(lines=[line(), line("PLATE", name="2")])
    before = references(key)
    make_vendor_with_stock("kiln", {"MUG": 5, "PLATE": 5}, cost_minor=9_000)
    make_vendor_with_stock("fjord", {"PLATE": 5, "MUG": 5}, cost_minor=9_000)
    at(NOW + timedelta(hours=25))

    run_jobs("take_back_unconfirmed", "route_orders")

    assert references(key) == before
    assert given(key) == [("1", "kiln", 2), ("2", "fjord", 2)]
