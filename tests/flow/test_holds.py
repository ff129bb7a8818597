"""Doubtful orders: taken, held with their reasons, and released by a person."""

from __future__ import annotations

import pytest
from sqlalchemy import event, text

from app.extensions import db
from app.intake.forms import OrderForm
from app.integrity import broken_invariants
from app.orders import holds, intake, review
from app.orders.contract import Action
from app.orders.doubts import Doubt
from app.orders.service import act, cancel
from app.shared.errors import IllegalMove
from app.shared.work import OPS, transaction, vendor_scope
from tests.factories import (
    ACTOR,
    ADDRESS,
    confirmed,
    describe,
    line,
    make_order,
    make_vendor_with_stock,
    one,
    order_body,
    policy,
    references,
    routed_order,
    rows,
    run,
    run_jobs,
    shipped_order,
)

NOWHERE = ADDRESS | {"postal_code": "2113"}
KEY = {"Idempotency-Key": "k"}


def order_of(key):
    return one("SELECT * FROM orders WHERE id = :id", id=key)


def open_codes(key) -> list[str]:
    query = "SELECT code FROM order_holds WHERE order_id = :id AND released_at IS NULL ORDER BY 1"
    return [row.code for row in rows(query, id=key)]


def story(key) -> list[str]:
    query = "SELECT event FROM timeline WHERE order_id = :id AND event ^@ 'order_' ORDER BY id"
    return [row.event for row in rows(query, id=key)]


def statuses(key) -> list[str]:
    query = "SELECT status FROM fulfillment_orders WHERE order_id = :id ORDER BY id"
    return [row.status for row in rows(query, id=key)]


def watchers(key) -> set[str]:
    query = "SELECT watcher FROM checks WHERE subject_id = :id"
    return {row.watcher for row in rows(query, id=key)}


def hold(*keys, reason="Is this a real name?"):
    with transaction(OPS) as now:
        return review.hold(keys, reason=reason, actor="Imani", now=now)


def release(*keys, note="I called them"):
    with transaction(OPS) as now:
        return review.release(keys, note=note, actor="Imani", now=now)


@pytest.fixture(autouse=True)
def nothing_is_broken(app):
    """After every test the whole database is as it must be."""
    yield
    with transaction(OPS):
        assert broken_invariants() == []


# Coming in -----------------------------------------------------------------------------------


def test_a_doubtful_order_is_taken_and_waits_for_a_person(api):
    make_vendor_with_stock()

    answer = api("POST", "/orders", order_body("A-1", ship_to=NOWHERE), **KEY)

    assert answer.status_code == 201
    (found,) = answer.json["holds"]
    assert (found["code"], found["detail"]) == (
        "address",
        "Postal code does not look like one of Sweden.",
    )
    assert found["facts"] == {"country": "SE", "fields": {"postal_code": "format"}}
    key = one("SELECT id FROM orders").id
    assert run("route_orders") == 0
    assert (order_of(key).status, references(key)) == ("received", [])
    assert watchers(key) == {"watch"}
    assert story(key) == ["order_placed", "order_held"]


def test_whoever_bought_hears_nothing_of_a_doubt():
    key = make_order(ship_to=NOWHERE)

    told = rows("SELECT audience, template, facts FROM notifications WHERE order_id = :id", id=key)

    assert [(row.audience, row.template) for row in told] == [("customer", "order_received")]
    assert "address" not in str(told[0].facts)


def test_an_order_without_doubts_has_no_holds(api):
    make_vendor_with_stock()

    answer = api("POST", "/orders", order_body("A-1"), **KEY)

    assert answer.json["holds"] == []
    assert rows("SELECT 1 FROM order_holds") == []


def test_a_batch_says_which_orders_are_held(api):
    make_vendor_with_stock()
    batch = [order_body("A-1"), order_body("A-2", ship_to=NOWHERE), order_body("A-3", [line("NO")])]

    first = api("POST", "/orders/batch", {"orders": batch}).json["results"]
    again = api("POST", "/orders/batch", {"orders": batch}).json["results"]

    assert [r["is_held"] for r in first] == [r["is_held"] for r in again] == [False, True, True]
    assert [(r["status"], a["status"]) for r, a in zip(first, again, strict=True)] == [
        (201, 200)
    ] * 3
    codes = rows("SELECT o.number, h.code FROM order_holds h JOIN orders o ON o.id = h.order_id")
    assert {row.number: row.code for row in codes} == {"A-2": "address", "A-3": "unknown_sku"}


def test_what_a_catalog_or_a_vendor_knows_is_no_unknown_sku():
    make_vendor_with_stock(stock={"MUG": 1})
    describe("LAMP", most_units=2)
    form = OrderForm.model_validate(order_body("A", [line("MUG"), line("LAMP", 3, "2")]))

    with transaction(OPS) as now:
        (placed,) = intake.place([form.to_order(now)], zone="UTC", actor=ACTOR, now=now)

    over = [{"line": "2", "sku": "LAMP", "units": 3, "most": 2}]
    assert (placed.is_held, open_codes(placed.id)) == (True, ["quantity"])
    assert one("SELECT facts FROM order_holds").facts == {"over": over}


@pytest.mark.parametrize(
    ("vendor", "is_known", "told"),
    [
        ("nobody", False, "MUG may come from nobody alone, and no open vendor has that code."),
        ("gone", False, "MUG may come from gone alone, and no open vendor has that code."),
        ("fjord", True, "MUG may come from fjord alone, who does not list it."),
    ],
)
def test_a_line_that_its_vendor_can_never_have_is_held_until_somebody_looks(
    api, vendor, is_known, told
):
    make_vendor_with_stock("kiln", {"MUG": 10})
    make_vendor_with_stock("fjord", {"LAMP": 10})
    make_vendor_with_stock("gone", {"MUG": 10}, status="closed")
    lines = [line("MUG", 2, vendor=vendor), line("MUG", 1, "2", vendor="kiln")]

    (held,) = api("POST", "/orders", order_body("A-1", lines), **KEY).json["holds"]

    pin = {"line": "1", "sku": "MUG", "vendor": vendor, "is_known": is_known}
    assert (held["code"], held["detail"]) == ("wrong_vendor", told)
    assert held["facts"] == {"pins": [pin]}
    key = one("SELECT id FROM orders").id
    assert (run("route_orders"), references(key)) == (0, [])
    assert release(key) == {key}
    run_jobs("route_orders")
    given = "SELECT code FROM fulfillment_orders f JOIN vendors v ON v.id = f.vendor_id"
    assert [row.code for row in rows(given)] == ["kiln"]


def test_a_line_whose_vendor_lists_it_is_given_to_it_alone_however_it_stands():
    make_vendor_with_stock("kiln", {"MUG": 10}, status="paused")
    make_vendor_with_stock("fjord", {"MUG": 10})

    key = routed_order(lines=[line(vendor="kiln")])

    # Once it is back it may have it: nobody need look.
    assert (open_codes(key), references(key)) == ([], [])


@pytest.mark.parametrize(("pin", "read"), [({}, 0), ({"vendor": "kiln"}, 1)])
def test_only_a_line_that_names_a_vendor_asks_for_vendors(pin, read):
    make_vendor_with_stock()
    form = OrderForm.model_validate(order_body(lines=[line(**pin)]))
    query = text(
        "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
        " WHERE relname = 'vendors'"
    )

    with transaction(OPS) as now:
        before = db.session.scalar(query)
        intake.place([form.to_order(now)], zone="UTC", actor=ACTOR, now=now)
        after = db.session.scalar(query)

    assert after - before == read


def test_a_marketplace_may_look_at_the_orders_of_a_channel_first():
    policy("doubts", review_channels=["fair"])

    keys = [make_order(channel="fair"), make_order(channel="webshop")]

    assert [open_codes(key) for key in keys] == [["review"], []]


def test_doubting_a_batch_costs_as_many_statements_as_doubting_one_order():
    def statements_of(number: int, prefix: str) -> int:
        bodies = [order_body(f"{prefix}-{n}", ship_to=NOWHERE) for n in range(number)]
        with transaction(OPS) as now:
            orders = [OrderForm.model_validate(body).to_order(now) for body in bodies]
            seen: list[str] = []

            def count(_connection, _cursor, statement, *_rest) -> None:
                seen.append(statement)

            event.listen(db.engine, "before_cursor_execute", count)
            try:
                intake.place(orders, zone="UTC", actor=ACTOR, now=now)
            finally:
                event.remove(db.engine, "before_cursor_execute", count)
        return len(seen)

    statements_of(1, "first")

    assert statements_of(20, "many") == statements_of(1, "one")


# Released ------------------------------------------------------------------------------------


def test_a_released_order_is_routed_at_once():
    make_vendor_with_stock()
    key = make_order(ship_to=NOWHERE)

    assert release(key) == {key}
    assert run("route_orders") == 1

    assert (order_of(key).held_since, statuses(key)) == (None, ["assigned"])
    held = one("SELECT released_by, release_note FROM order_holds")
    assert (held.released_by, held.release_note) == ("Imani", "I called them")
    assert story(key) == ["order_placed", "order_held", "order_released", "order_routed"]


def test_releasing_twice_changes_nothing():
    key = make_order(ship_to=NOWHERE)
    release(key)
    before = story(key)

    assert release(key) == set()
    assert story(key) == before


def test_canceling_a_held_order_ends_its_holds():
    key = make_order(ship_to=NOWHERE)

    with transaction(OPS) as now:
        cancel(key, None, actor=ACTOR, reason="not real", now=now)

    assert (open_codes(key), order_of(key).held_since) == ([], None)
    assert one("SELECT release_note FROM order_holds").release_note == "not real"


def test_a_held_order_is_not_routed_even_when_somebody_rings():
    make_vendor_with_stock()
    key = make_order()
    hold(key)

    assert run("route_orders") == 1

    assert references(key) == []
    assert "route_orders" not in watchers(key)


# Held by hand --------------------------------------------------------------------------------


def test_a_person_holds_a_whole_order_with_what_its_vendors_have_of_it():
    make_vendor_with_stock("kiln", {"MUG": 10})
    make_vendor_with_stock("loom", {"RUG": 10})
    key = routed_order(lines=[line("MUG", 1, "1"), line("RUG", 1, "2")])
    confirmed(key)

    hold(key)

    assert statuses(key) == ["on_hold", "on_hold"]
    assert open_codes(key) == ["manual"]
    told = one("SELECT facts FROM timeline WHERE event = 'order_held'").facts
    assert told == {"doubts": ["manual"], "reason": "Is this a real name?"}


def test_vendors_go_on_where_they_were_when_the_order_is_released():
    make_vendor_with_stock()
    key = routed_order()
    confirmed(key)
    hold(key)

    release(key)

    assert statuses(key) == ["confirmed"]


def test_what_a_vendor_held_by_itself_stays_held():
    make_vendor_with_stock()
    key = routed_order()
    names = references(key)
    with transaction(OPS) as now:
        act(names, Action.HOLD, actor="Kiln", now=now, reason="no box")
    hold(key)

    release(key)

    assert statuses(key) == ["on_hold"]
    assert one("SELECT hold_reason FROM fulfillment_orders").hold_reason == "no box"


def test_a_vendor_learns_that_it_waits_and_not_why(sql):
    vendor = make_vendor_with_stock()
    key = routed_order()
    names = references(key)
    hold(key, reason="Smells of fraud")

    fo = one("SELECT hold_reason FROM fulfillment_orders")
    assert fo.hold_reason == review.LOOKED_AT
    assert "fraud" not in str(sql("SELECT facts FROM notices"))
    with transaction(vendor_scope(vendor)) as now:
        (outcome,) = act(names, Action.RELEASE, actor="Kiln", now=now)
    assert isinstance(outcome, IllegalMove)
    assert "waits with its whole order" in outcome.detail
    assert statuses(key) == ["on_hold"]


def test_a_vendor_can_still_release_its_own_while_the_order_is_held_for_another_reason():
    vendor = make_vendor_with_stock()
    key = routed_order()
    names, cohort = references(key), order_of(key).cohort
    with transaction(vendor_scope(vendor)) as now:
        act(names, Action.HOLD, actor="Kiln", now=now, reason="no box")
    with transaction(OPS) as now:
        doubt = Doubt("need_by", {"date": "2026-11-30"})
        holds.hold([holds.Held(key, cohort, [doubt])], actor=ACTOR, now=now)

    with transaction(vendor_scope(vendor)) as now:
        act(names, Action.RELEASE, actor="Kiln", now=now)

    assert statuses(key) == ["assigned"]


def test_holding_twice_is_one_hold():
    make_vendor_with_stock()
    key = routed_order()
    hold(key)
    before = story(key)

    hold(key, reason="again")

    assert (open_codes(key), story(key), statuses(key)) == (["manual"], before, ["on_hold"])


@pytest.mark.parametrize("end", ["canceled", "shipped"])
def test_an_order_that_has_ended_cannot_be_held(end):
    make_vendor_with_stock()
    if end == "shipped":
        key = shipped_order().order_id
    else:
        key = routed_order()
        with transaction(OPS) as now:
            cancel(key, None, actor=ACTOR, reason="", now=now)

    outcome = hold(key)[key]

    assert isinstance(outcome, IllegalMove)
    assert f"is {end}" in outcome.detail
    assert open_codes(key) == []


def test_of_many_each_is_answered_by_itself():
    make_vendor_with_stock()
    free, ended = routed_order(), shipped_order().order_id

    outcomes = hold(free, ended)

    assert (outcomes[free].id, type(outcomes[ended])) == (free, IllegalMove)
    assert release(free, ended) == {free}
    run_jobs("route_orders")
