from __future__ import annotations

import pytest
from sqlalchemy import event

from app.extensions import db
from app.orders.contract import Action
from app.orders.queries import fulfillment_order
from app.orders.service import Confirmation, act, cancel, confirm
from app.shared.errors import Conflict, IllegalMove, InvalidInput, NotFound
from app.shared.work import OPS, PLATFORM, transaction
from tests.conftest import NOW
from tests.factories import (
    ACTOR,
    at,
    confirmed,
    line,
    make_order,
    make_vendor_with_stock,
    one,
    order_body,
    parcel,
    policy,
    references,
    routed_order,
    rows,
    run,
    run_jobs,
    send,
    shipped_order,
)

STOCK = (
    "SELECT v.code, s.on_hand, s.reserved FROM stock s JOIN vendors v ON v.id = s.vendor_id"
    " ORDER BY v.code"
)


def stock() -> dict[str, tuple[int, int]]:
    return {r.code: (r.on_hand, r.reserved) for r in rows(STOCK)}


def order_of(key):
    return one("SELECT * FROM orders WHERE id = :id", id=key)


def fo_of(reference):
    return one("SELECT * FROM fulfillment_orders WHERE reference = :r", r=reference)


def say(*words: Confirmation):
    with transaction(OPS) as now:
        return confirm(words, actor=ACTOR, now=now)


def call_off(key, quantities=None):
    with transaction(OPS) as now:
        cancel(key, quantities, actor=ACTOR, reason="changed my mind", now=now)


# Taking orders in ----------------------------------------------------------------------------


def test_an_order_is_placed_once_and_its_first_answer_is_given_again(api):
    body = order_body("A-1")

    first = api("POST", "/orders", body, **{"Idempotency-Key": "k"})
    second = api("POST", "/orders", body, **{"Idempotency-Key": "k"})

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json == first.json
    assert one("SELECT count(*) FROM orders").count == 1


def test_a_new_order_is_answered_as_it_is_read_and_costs_few_statements(api):
    body = order_body("A-1", [line("NOBODYS", 5), line("MUG", 1, "2")])
    body |= {"payment": {"status": "captured", "amount": "79.90"}}
    body |= {"promise": {"deliver_by": "2026-12-01"}}
    seen: list[str] = []

    def count(_connection, _cursor, statement, *_rest) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        answer = api("POST", "/orders", body, **{"Idempotency-Key": "k"})
    finally:
        event.remove(db.engine, "before_cursor_execute", count)

    assert answer.status_code == 201
    assert answer.json == api("GET", "/orders/A-1?channel=webshop").json
    assert answer.json["holds"]
    assert answer.json["payment"]
    assert not any("compensation_offers" in statement for statement in seen)


def test_the_same_order_under_another_key_is_refused(api):
    first = api("POST", "/orders", order_body("A-1"), **{"Idempotency-Key": "k1"})
    second = api("POST", "/orders", order_body("A-1"), **{"Idempotency-Key": "k2"})

    assert second.status_code == 409
    assert second.json["detail"] == f"Order A-1 on webshop exists as {first.json['id']}."
    assert one("SELECT count(*) FROM orders").count == 1


def test_a_key_is_not_good_for_other_content(api):
    api("POST", "/orders", order_body("A-1"), **{"Idempotency-Key": "k"})

    answer = api("POST", "/orders", order_body("A-2"), **{"Idempotency-Key": "k"})

    assert (answer.status_code, answer.json["title"]) == (409, "Conflict")
    assert [r.number for r in rows("SELECT number FROM orders")] == ["A-1"]


def test_other_content_under_a_known_number_is_refused(api):
    api("POST", "/orders", order_body("A-1"), **{"Idempotency-Key": "k1"})

    answer = api("POST", "/orders", order_body("A-1", [line("LAMP")]), **{"Idempotency-Key": "k2"})

    assert answer.status_code == 409
    assert "with other content; change that order instead" in answer.json["detail"]
    assert [r.sku for r in rows("SELECT sku FROM order_lines")] == ["MUG"]


def test_an_order_without_a_key_is_refused(api):
    answer = api("POST", "/orders", order_body("A-1"))

    assert answer.status_code == 422
    assert rows("SELECT 1 FROM orders") == []


@pytest.mark.parametrize("price", ["1e999999", "-1", "12.505", "twelve"])
def test_an_order_with_an_impossible_price_is_refused_by_its_field(api, price):
    body = order_body("A-1", [line(unit_price=price)])

    answer = api("POST", "/orders", body, **{"Idempotency-Key": "k"})

    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert [e["field"] for e in answer.json["errors"]] == ["lines.0.unit_price"]
    assert rows("SELECT 1 FROM orders") == []


def test_a_batch_answers_for_good_bad_and_double_orders_each(api):
    known = order_body("A-1")
    api("POST", "/orders/batch", {"orders": [known]})
    other = order_body("A-1", [line("LAMP")])
    bad = order_body("A-2", [line(quantity=0)])

    answer = api("POST", "/orders/batch", {"orders": [order_body("A-3"), known, other, bad, bad]})

    assert [r["status"] for r in answer.json["results"]] == [201, 200, 409, 422, 422]
    assert [r.number for r in rows("SELECT number FROM orders ORDER BY 1")] == ["A-1", "A-3"]


def test_an_order_that_stands_twice_in_a_batch_is_one_order(api):
    body = order_body("A-1", payment={"status": "captured", "amount": "29.90", "reference": "p"})

    results = api("POST", "/orders/batch", {"orders": [body, body]}).json["results"]

    assert results[0]["id"] == results[1]["id"]
    assert [r["status"] for r in results] == [201, 200]
    assert one("SELECT captured_minor FROM payments").captured_minor == 2990


def test_of_two_orders_under_one_number_the_first_one_counts(api):
    batch = [order_body("A-1"), order_body("A-1", [line("LAMP")])]

    results = api("POST", "/orders/batch", {"orders": batch}).json["results"]

    assert [r["status"] for r in results] == [201, 409]
    assert [r.sku for r in rows("SELECT sku FROM order_lines")] == ["MUG"]


def test_a_new_order_is_told_once_and_waits_to_be_routed():
    key = make_order(promise={"deliver_by": "2026-11-28"})

    assert [(r.event, r.actor) for r in rows("SELECT event, actor FROM timeline")] == [
        ("order_placed", ACTOR)
    ]
    assert [r.template for r in rows("SELECT template FROM notifications")] == ["order_received"]
    assert "route_orders" in {r.watcher for r in rows("SELECT watcher FROM checks")}
    assert order_of(key).deliver_by.isoformat() == "2026-11-29T00:00:00+00:00"


def test_an_order_that_nobody_routes_is_still_found_late():
    make_order(promise={"deliver_by": "2026-11-24"})
    at("2026-11-25T01:00:00+00:00")

    run_jobs("watch")

    assert [r.kind for r in rows("SELECT kind FROM exception_cases")] == ["late_delivery"]


# Routing -------------------------------------------------------------------------------------


def test_routing_assigns_reserves_promises_and_decides_once():
    make_vendor_with_stock()
    key = make_order()

    assert (run("route_orders"), run("route_orders")) == (1, 0)

    fo = fo_of(*references(key))
    assert (fo.status, fo.ship_by.isoformat()) == ("assigned", "2026-11-24T15:00:00+00:00")
    assert stock() == {"kiln": (10, 2)}
    assert (order_of(key).status, str(order_of(key).deliver_on)) == ("open", "2026-11-29")
    promises = rows("SELECT kind, version, due_at FROM promises ORDER BY kind")
    assert [(p.kind, p.version, p.due_at.isoformat()) for p in promises] == [
        ("confirm_by", 1, "2026-11-24T09:00:00+00:00"),
        ("deliver_by", 1, "2026-11-30T00:00:00+00:00"),
        ("ship_by", 1, "2026-11-24T15:00:00+00:00"),
    ]
    decision = one("SELECT kind, policy_version, facts FROM decisions")
    assert (decision.kind, decision.policy_version, decision.facts["unfilled"]) == ("routing", 0, 0)
    [chosen] = decision.facts["chosen"]
    assert chosen == {
        "line": "1",
        "vendor": "kiln",
        "place": "main",
        "units": 2,
        "has": 10,
        "cost": 600,
        "goods": 1200,
        "kilos": 0,
        "parcel": 500,
        "freight": 500,
        "late": 0,
        "standing": 50,
        "ship_by": "2026-11-24T15:00:00+00:00",
        "arrives": "2026-11-29",
    }
    told = decision.facts
    assert (told["parcels"], told["split"], told["score"]) == (1, 0, 1200 + 500 + 50)
    assert (told["is_whole"], told["one_place"]) == (True, True)
    assert told["policies"] == {"promises": 0, "lanes": 0}


def test_a_promise_of_the_channel_is_kept():
    make_vendor_with_stock()

    key = routed_order(
        lines=[line(ship_by="2026-11-26T12:00:00+00:00")], promise={"deliver_by": "2026-12-09"}
    )

    assert fo_of(*references(key)).ship_by.isoformat() == "2026-11-26T12:00:00+00:00"
    [kept] = rows("SELECT due_at, reason FROM promises WHERE kind = 'deliver_by'")
    assert (kept.due_at.isoformat(), kept.reason) == (
        "2026-12-10T00:00:00+00:00",
        "given with the order",
    )


def test_an_order_nobody_can_fill_waits_and_is_filled_when_stock_comes():
    make_vendor_with_stock(stock={"MUG": 1})
    key = routed_order()
    assert (order_of(key).unfilled_since, stock()) == (NOW, {"kiln": (1, 1)})

    make_vendor_with_stock("fjord")
    at("2026-11-23T10:00:00+00:00")
    run_jobs("route_orders", "watch")

    assert (order_of(key).unfilled_since, stock()) == (None, {"fjord": (10, 1), "kiln": (1, 1)})
    assert [r.closed_at for r in rows("SELECT closed_at FROM exception_cases")] == []


def test_an_order_nobody_can_fill_is_an_exception_until_somebody_can():
    key = routed_order()
    run_jobs("watch")
    assert [(r.kind, r.closed_at) for r in rows("SELECT kind, closed_at FROM exception_cases")] == [
        ("out_of_stock", None)
    ]

    make_vendor_with_stock()
    moment = at("2026-11-23T10:00:00+00:00")
    run_jobs("route_orders", "watch")

    assert one("SELECT closed_at FROM exception_cases").closed_at == moment
    assert order_of(key).status == "open"


@pytest.mark.parametrize("status", ["paused", "suspended"])
def test_a_vendor_that_is_not_active_gets_nothing(status):
    make_vendor_with_stock(status=status)
    key = routed_order()

    assert references(key) == []
    assert one("SELECT facts FROM decisions").facts["excluded"] == [
        {"line": "1", "vendor": "kiln", "place": "main", "rule": "vendor not active"}
    ]


def test_a_policy_that_names_no_strategy_on_the_shelf_is_refused(api):
    answer = api("PUT", "/policies/routing", {"strategy": "by the moon"})

    assert answer.status_code == 422
    assert rows("SELECT 1 FROM policies") == []


def test_the_cheapest_strategy_splits_where_the_other_does_not():
    make_vendor_with_stock("cheap", {"MUG": 1}, cost_minor=100)
    make_vendor_with_stock("dear", {"MUG": 9}, cost_minor=900)
    policy("routing", strategy="fewest_parcels")
    whole = routed_order()
    policy("routing", strategy="cheapest")

    split = routed_order()

    assert (len(references(whole)), len(references(split))) == (1, 2)
    assert stock() == {"cheap": (1, 1), "dear": (9, 3)}


# Vendors' words ------------------------------------------------------------------------------


def test_a_whole_confirmation_and_the_same_again():
    make_vendor_with_stock()
    (reference,) = references(routed_order())

    [first] = say(Confirmation(reference))
    [second] = say(Confirmation(reference))

    assert (first.status, second.status) == ("confirmed", "confirmed")
    assert [x.confirmed for x in second.lines] == [2]
    told = rows("SELECT event FROM timeline WHERE event = 'fulfillment_order_confirmed'")
    assert len(told) == 1


def test_a_confirmation_that_contradicts_the_first_is_refused():
    make_vendor_with_stock()
    (reference,) = references(routed_order())
    say(Confirmation(reference))

    [refusal] = say(Confirmation(reference, {"1": 1}, "one is broken"))

    assert isinstance(refusal, IllegalMove)
    assert "with other quantities; ask ops to change it" in refusal.detail
    assert one("SELECT confirmed, declined FROM fo_lines") == (2, 0)


def test_what_is_declined_in_part_goes_to_another_vendor():
    make_vendor_with_stock("kiln", cost_minor=100)
    make_vendor_with_stock("fjord", cost_minor=900)
    key = routed_order()

    say(Confirmation(references(key)[0], {"1": 1}, "one is broken"))
    run_jobs("route_orders")

    lines = rows("SELECT ordered, confirmed, declined FROM fo_lines ORDER BY id")
    assert lines == [(2, 1, 1), (1, 0, 0)]
    assert stock() == {"kiln": (10, 1), "fjord": (10, 1)}
    assert len(rows("SELECT 1 FROM promises WHERE kind = 'deliver_by'")) == 1


def test_what_is_declined_whole_goes_to_another_vendor_and_never_back():
    make_vendor_with_stock("kiln", cost_minor=100)
    make_vendor_with_stock("fjord", cost_minor=900)
    key = routed_order()

    say(Confirmation(references(key)[0], {"1": 0}, "sold out"))
    run_jobs("route_orders")
    say(Confirmation(references(key)[1], {"1": 0}, "sold out"))
    run_jobs("route_orders")

    statuses = rows("SELECT status, decline_reason FROM fulfillment_orders ORDER BY id")
    assert statuses == [("rejected", "sold out")] * 2
    assert stock() == {"kiln": (10, 0), "fjord": (10, 0)}
    assert (order_of(key).status, order_of(key).unfilled_since) == ("received", NOW)


def test_a_partial_confirmation_without_a_reason_changes_nothing():
    make_vendor_with_stock()
    (reference,) = references(routed_order())

    [refusal] = say(Confirmation(reference, {"1": 1}))

    assert isinstance(refusal, InvalidInput)
    assert (fo_of(reference).status, stock()) == ("assigned", {"kiln": (10, 2)})


@pytest.mark.parametrize("quantities", [{"1": 3}, {"1": -1}, {"9": 1}])
def test_a_confirmation_of_what_was_not_asked_for_changes_nothing(quantities):
    make_vendor_with_stock()
    (reference,) = references(routed_order())

    [refusal] = say(Confirmation(reference, quantities, "why"))

    assert isinstance(refusal, InvalidInput)
    assert fo_of(reference).status == "assigned"


def test_one_bad_word_among_many_does_not_hold_up_the_others():
    make_vendor_with_stock()
    (good,) = references(routed_order())
    (bad,) = references(routed_order())

    found = say(Confirmation("FO-NOBODY"), Confirmation(bad, {"1": 9}), Confirmation(good))

    assert [type(x).__name__ for x in found] == ["NotFound", "InvalidInput", "FulfillmentOrder"]
    assert (fo_of(good).status, fo_of(bad).status) == ("confirmed", "assigned")


def test_work_goes_from_shelf_to_door_and_a_hold_returns_to_its_place():
    make_vendor_with_stock()
    (reference,) = confirmed(routed_order())

    statuses = []
    for action in ("pick", "pack", "hold", "release", "label", "label"):
        with transaction(OPS) as now:
            [fo] = act([reference], Action(action), actor=ACTOR, now=now, reason="why")
            statuses.append((fo.status, fo.hold_reason))

    assert statuses == [
        ("picking", None),
        ("packed", None),
        ("on_hold", "why"),
        ("packed", None),
        ("ready", None),
        ("ready", None),
    ]
    assert one("SELECT picked, packed FROM fo_lines") == (2, 2)


def test_an_order_knows_whether_a_part_of_it_is_on_hold():
    make_vendor_with_stock("kiln", {"MUG": 10})
    make_vendor_with_stock("loom", {"RUG": 10})
    key = routed_order("N", [line("MUG", 1, "1"), line("RUG", 1, "2")])
    parts = references(key)
    known = [order_of(key).has_part_on_hold]

    def do(action: str, *which: str) -> None:
        with transaction(OPS) as now:
            act(which, Action(action), actor=ACTOR, now=now, reason="why")
        known.append(order_of(key).has_part_on_hold)

    do("hold", *parts)
    do("release", parts[0])
    do("release", parts[1])
    do("hold", parts[0])
    with transaction(OPS) as now:
        cancel(key, {"1": 1, "2": 1}, actor=ACTOR, reason="", now=now)

    assert known == [False, True, True, False, True]
    assert not order_of(key).has_part_on_hold


# Shipping ------------------------------------------------------------------------------------


def test_a_parcel_ships_once_however_often_it_is_told():
    make_vendor_with_stock()
    shipped = shipped_order()

    again = send(shipped.reference, parcel(1, NOW))

    assert again.status == "shipped"
    assert one("SELECT count(*) FROM shipments").count == 1
    assert (stock(), order_of(shipped.order_id).status) == ({"kiln": (8, 0)}, "shipped")
    told = [r.template for r in rows("SELECT template FROM notifications ORDER BY made_at, id")]
    assert told.count("order_shipped") == 1


def test_two_parcels_ship_one_fulfillment_order():
    make_vendor_with_stock()
    key = routed_order(lines=[line(quantity=3)])
    (reference,) = confirmed(key)

    send(reference, parcel(1, NOW, _1=1))
    assert (fo_of(reference).status, order_of(key).status) == ("confirmed", "partly_shipped")
    send(reference, parcel(2, NOW))

    assert (fo_of(reference).status, order_of(key).status) == ("shipped", "shipped")
    assert [r.quantity for r in rows("SELECT quantity FROM shipment_lines ORDER BY 1")] == [1, 2]
    assert stock() == {"kiln": (7, 0)}


def test_a_fulfillment_order_has_shipped_when_the_last_of_its_parcels_left():
    make_vendor_with_stock()
    (reference,) = confirmed(routed_order())
    at("2026-11-23T12:00:00+00:00")
    send(reference, parcel(1, "2026-11-23T11:00:00+00:00", _1=1))

    send(reference, parcel(2, "2026-11-23T10:00:00+00:00", _1=1))

    assert fo_of(reference).shipped_at.isoformat() == "2026-11-23T11:00:00+00:00"


def test_a_number_of_another_fulfillment_order_is_refused():
    make_vendor_with_stock()
    shipped_order(1)
    (reference,) = confirmed(routed_order())

    refusal = send(reference, parcel(1, NOW))

    assert isinstance(refusal, Conflict)
    assert "is another parcel's number; compare it with the label" in refusal.detail
    assert (fo_of(reference).status, stock()) == ("confirmed", {"kiln": (8, 2)})


@pytest.mark.parametrize(
    ("what", "field"),
    [
        ({"tracking_number": "449044304137822"}, "tracking_number"),
        ({"shipped_at": "2026-11-23T09:05:01+00:00"}, "shipped_at"),
        ({"lines": {"1": 3}}, "1"),
        ({"lines": {"7": 1}}, "7"),
    ],
)
def test_a_parcel_that_cannot_be_is_refused_and_nothing_leaves(api, what, field):
    make_vendor_with_stock()
    (reference,) = confirmed(routed_order())
    told = {"carrier": "fedex", "tracking_number": "449044304137821"} | what

    answer = api("POST", f"/fulfillment-orders/{reference}/ship", {"parcels": [told]})

    assert (answer.status_code, [e["field"] for e in answer.json["errors"]]) == (422, [field])
    assert (rows("SELECT 1 FROM shipments"), stock()) == ([], {"kiln": (10, 2)})


def test_what_is_not_confirmed_cannot_ship():
    make_vendor_with_stock()
    (reference,) = references(routed_order())

    refusal = send(reference, parcel(1, NOW))

    assert isinstance(refusal, IllegalMove)
    assert refusal.detail.endswith("Confirm it first.")
    assert stock() == {"kiln": (10, 2)}


def test_a_number_used_twice_in_one_batch_refuses_only_the_second(api):
    make_vendor_with_stock()
    names = [confirmed(routed_order())[0] for _ in range(2)]
    told = [{"carrier": "fedex", "tracking_number": "449044304137821"}]
    words = [{"id": name, "parcels": told} for name in names]

    answer = api("POST", "/fulfillment-orders/ship", {"fulfillment_orders": words})

    assert [r["status"] for r in answer.json["results"]] == [200, 409]
    assert stock() == {"kiln": (8, 2)}


# Calling off ---------------------------------------------------------------------------------


def test_a_whole_cancellation_frees_the_stock_and_is_told_once():
    make_vendor_with_stock()
    key = routed_order()
    confirmed(key)

    call_off(key)
    call_off(key)

    assert (order_of(key).status, fo_of(*references(key)).status) == ("canceled", "canceled")
    assert stock() == {"kiln": (10, 0)}
    assert len(rows("SELECT 1 FROM notifications WHERE template = 'order_canceled'")) == 1
    assert len(rows("SELECT 1 FROM timeline WHERE event = 'order_canceled'")) == 1


def test_a_partial_cancellation_frees_its_units_only():
    make_vendor_with_stock()
    key = routed_order(lines=[line(quantity=3)])

    call_off(key, {"1": 2})

    assert (order_of(key).status, stock()) == ("open", {"kiln": (10, 1)})
    [fo] = say(Confirmation(*references(key)))
    assert [(x.confirmed, x.canceled) for x in fo.lines] == [(1, 2)]


def test_what_has_shipped_cannot_be_called_off():
    make_vendor_with_stock()
    shipped = shipped_order()

    with pytest.raises(IllegalMove, match="has shipped; it can no longer be canceled"):
        call_off(shipped.order_id)
    with pytest.raises(InvalidInput):
        call_off(shipped.order_id, {"1": 1})

    assert order_of(shipped.order_id).status == "shipped"


def test_an_order_that_was_not_routed_can_be_called_off_and_stays_so():
    key = make_order()
    call_off(key)
    make_vendor_with_stock()

    run_jobs("route_orders")

    assert (order_of(key).status, references(key)) == ("canceled", [])


def test_calling_off_the_rest_ships_what_has_left(carrier):
    make_vendor_with_stock()
    key = routed_order()
    (reference,) = confirmed(key)
    send(reference, parcel(1, NOW, _1=1))

    call_off(key, {"1": 1})

    assert (fo_of(reference).status, order_of(key).status) == ("shipped", "shipped")
    assert fo_of(reference).shipped_at == NOW
    assert stock() == {"kiln": (9, 0)}


@pytest.mark.parametrize(("sent", "status"), [(0, "canceled"), (1, "shipped")])
def test_what_ended_is_not_held_any_more(sent, status):
    make_vendor_with_stock()
    key = routed_order()
    (reference,) = confirmed(key)
    if sent:
        send(reference, parcel(1, NOW, _1=sent))
    with transaction(OPS) as now:
        act([reference], Action.HOLD, actor=ACTOR, now=now, reason="why")

    call_off(key, {"1": 2 - sent})

    found = fo_of(reference)
    assert (found.status, found.held_from, found.hold_reason) == (status, None, None)


# Money ---------------------------------------------------------------------------------------


def pay(api, number, *words):
    told = [{"channel": "webshop", "number": number} | word for word in words]
    return api("POST", "/payments/batch", {"payments": told})


def money():
    return one("SELECT status, authorized_minor, captured_minor, refunded_minor FROM payments")


def test_the_same_word_on_money_counts_once(api):
    make_order("A-1")
    word = {"status": "captured", "amount": "29.90", "reference": "p"}

    assert [pay(api, "A-1", word).json["noted"] for _ in range(2)] == [1, 0]

    assert money() == ("captured", 0, 2990, 0)


def test_two_parts_of_a_payment_add_up_in_one_batch(api):
    make_order("A-1")
    words = [{"status": "captured", "amount": "10.00", "reference": r} for r in "pq"]

    answer = pay(api, "A-1", *words)

    assert (answer.status_code, answer.json["noted"]) == (200, 2)
    assert money() == ("captured", 0, 2000, 0)


def test_no_more_is_given_back_than_was_taken(api):
    make_order("A-1")
    pay(api, "A-1", {"status": "captured", "amount": "10.00", "reference": "p"})

    answer = pay(api, "A-1", {"status": "refunded", "amount": "10.01", "reference": "r"})

    assert answer.status_code in {409, 422}
    assert money() == ("captured", 0, 1000, 0)


def test_a_late_word_on_an_authorization_does_not_undo_the_capture(api):
    make_order("A-1")
    pay(api, "A-1", {"status": "captured", "amount": "29.90", "reference": "p"})

    pay(api, "A-1", {"status": "authorized", "amount": "29.90", "reference": "p"})

    assert money() == ("captured", 2990, 2990, 0)


def test_an_unknown_order_is_named_and_hurts_no_other(api):
    make_order("A-1")
    word = {"status": "captured", "amount": "1.00"}
    told = [{"channel": "webshop", "number": n} | word for n in ("A-0", "A-1")]

    answer = api("POST", "/payments/batch", {"payments": told})

    assert answer.json == {"noted": 1, "unknown": ["A-0"]}


def test_looking_for_an_order_that_is_not_there_says_so(api):
    assert api("GET", "/orders/A-0?channel=webshop").json["detail"] == (
        "There is no order 'A-0' on channel 'webshop'."
    )
    with transaction(PLATFORM), pytest.raises(NotFound):
        fulfillment_order("FO-0")


def test_the_same_vendor_or_listing_twice_in_one_request_is_the_later_one(api):
    place = {"name": "Malmö", "country": "SE", "zone": "Europe/Stockholm"}
    twice = [{"code": "kiln", "name": name, "location": place} for name in ("Old", "New")]

    assert api("PUT", "/vendors", {"vendors": twice}).status_code == 200
    listing = {"vendor": "kiln", "location": "main", "sku": "A", "title": "A", "currency": "EUR"}
    listings = [listing | {"cost": cost, "stock": 3} for cost in ("1.00", "2.00")]
    assert api("PUT", "/listings", {"listings": listings}).status_code == 200

    assert one("SELECT name FROM vendors").name == "New"
    assert one("SELECT cost_minor FROM listings").cost_minor == 200


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/vendors/x/locations/y", {"name": "Y", "country": "SE", "zone": "Mars/X"}, "zone"),
        ("/orders", {"promise": {"deliver_by": "9999-12-31"}}, "promise.deliver_by"),
        ("/orders", {"placed_at": "0001-01-01T00:00:00+14:00"}, "placed_at"),
        ("/orders", {"detail": "?"}, "detail"),
    ],
)
def test_what_no_order_or_place_can_be_is_named(api, path, body, field):
    method, whole = ("POST", order_body() | body) if path == "/orders" else ("PUT", body)

    answer = api(method, path, whole, **{"Idempotency-Key": "k"})

    assert answer.status_code == 422
    assert field in [e["field"] for e in answer.json["errors"]]


@pytest.mark.parametrize("body", ["{", "[1]"])
def test_a_confirmation_that_is_no_object_confirms_nothing(api, body):
    make_vendor_with_stock()
    (reference,) = references(routed_order())

    answer = api("POST", f"/fulfillment-orders/{reference}/confirm", body)

    assert answer.status_code in {400, 422}
    assert fo_of(reference).status == "assigned"


def test_a_refund_without_a_reference_counts_each_time_it_happens(api):
    make_vendor_with_stock()
    key = routed_order()
    number = one("SELECT number FROM orders").number
    path = f"/orders/{number}/payments?channel=webshop"
    api("POST", path, {"status": "captured", "amount": "29.90"})
    for minute in (1, 2, 2):
        at = f"2026-11-23T08:0{minute}:00+00:00"
        api("POST", path, {"status": "refunded", "amount": "5.00", "at": at})

    too_much = api("POST", path, {"status": "refunded", "amount": "25.00"})

    assert too_much.status_code == 409
    assert one("SELECT refunded_minor FROM payments").refunded_minor == 1000
    assert key
