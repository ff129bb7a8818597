"""Shops tell of their orders: once, twice, late, out of order, changed on both sides."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from itertools import count
from typing import Any

import pytest
from flask import Flask

from app.intake import changes, shops
from app.orders.changes import Change
from app.shared.errors import NotFound
from app.shared.work import OPS, transaction
from app.shipments import service as shipments
from tests.factories import (
    confirmed,
    make_vendor_with_stock,
    one,
    order_body,
    parcel,
    references,
    rows,
    run,
    run_jobs,
    send,
)
from tests.people import make_person, person_of
from tests.unit.shop_payloads import shopify_item, shopify_order

SECRET = "the key that Shopify signs with"
webhooks = count(1)
TOLD = "SELECT kind, subject FROM notices WHERE audience = 'ops'"


@pytest.fixture(autouse=True)
def shop(app: Flask) -> Any:
    """A Shopify shop on a channel of its own, and somebody who looks after it."""
    make_vendor_with_stock(stock={"MUG": 50, "POT": 50})
    admin = person_of(make_person("administrator", "Teo Marin"))
    with transaction(OPS):
        shops.make("eu-shop", "shopify", "web", SECRET, admin)
    return admin


@pytest.fixture
def tell(app: Flask):
    """Tell something as the shop would: tell(order, topic, name) -> what came of it."""
    browser = app.test_client()

    def say(order: dict[str, Any], topic: str = "orders/create", name: str = "") -> Any:
        body = json.dumps(order).encode()
        mac = hmac.new(SECRET.encode(), body, hashlib.sha256).digest()
        answer = browser.post(
            "/webhooks/sources/eu-shop",
            data=body,
            headers={
                "X-Shopify-Hmac-Sha256": base64.b64encode(mac).decode(),
                "X-Shopify-Topic": topic,
                "X-Shopify-Webhook-Id": name or f"w{next(webhooks)}",
            },
        )
        assert answer.status_code == 200, answer.text
        return answer.json

    return say


def at(minute: int, **changes: Any) -> dict[str, Any]:
    """Return the order as it stood in the shop some minutes past nine."""
    return shopify_order(updated_at=f"2026-11-23T09:{minute:02d}:00+00:00", **changes)


def units() -> dict[str, int]:
    found = rows("SELECT external_id, quantity - canceled AS n FROM order_lines ORDER BY 1")
    return {row.external_id: row.n for row in found}


def test_an_order_is_taken_in_with_its_money_and_routed(tell):
    answer = tell(at(1))
    run_jobs("route_orders")

    assert (answer["outcome"], answer["number"]) == ("taken", "1001")
    order = one("SELECT id, number, channel, items_minor, freight_minor FROM orders")
    assert tuple(order)[1:] == ("1001", "web", 2500, 490)
    assert len(references(order.id)) == 1
    assert one("SELECT captured_minor FROM payments").captured_minor == 2990
    entry = one("SELECT actor, source FROM timeline WHERE event = 'order_placed'")
    assert tuple(entry) == ("eu-shop", "key")


def test_the_same_delivery_again_has_the_same_outcome_and_does_nothing(tell):
    first = tell(at(1), name="w-1")
    again = tell(at(1), name="w-1")

    assert first == again
    assert len(rows("SELECT FROM orders")) == len(rows("SELECT FROM source_deliveries")) == 1


def test_the_same_order_in_another_delivery_is_known(tell):
    tell(at(1))

    assert tell(at(1), "orders/updated")["outcome"] == "known"
    assert len(rows("SELECT FROM orders")) == 1
    assert len(rows("SELECT FROM ledger")) == 1


def test_two_deliveries_at_once_are_one_order(app, tell):
    outcomes: list[str] = []
    start = threading.Barrier(4)

    def say() -> None:
        start.wait()
        outcomes.append(tell(at(1))["outcome"])

    threads = [threading.Thread(target=say) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["known", "known", "known", "taken"]
    assert len(rows("SELECT FROM orders")) == 1
    assert one("SELECT captured_minor FROM payments").captured_minor == 2990


def test_an_update_that_comes_before_its_creation_is_not_undone_by_it(tell):
    newer = tell(at(5, line_items=[shopify_item(current_quantity=1)]), "orders/updated")
    older = tell(at(1), "orders/create")

    assert (newer["outcome"], older["outcome"]) == ("taken", "ignored")
    assert older["problem"] == "A newer state of it was told before."
    assert units() == {"501": 1}


def test_an_order_with_an_unknown_sku_is_held_and_not_lost(tell):
    answer = tell(at(1, line_items=[shopify_item(sku=None)]))

    assert answer["outcome"] == "held"
    assert one("SELECT code FROM order_holds").code == "unknown_sku"
    assert one("SELECT sku FROM order_lines").sku == "shopify:9001"


# Changes in the shop --------------------------------------------------------------------------


def test_units_that_are_not_wanted_any_more_are_called_off(tell):
    tell(at(1))
    run_jobs("route_orders")

    answer = tell(at(2, line_items=[shopify_item(current_quantity=1)]), "orders/updated")

    assert (answer["outcome"], units()) == ("changed", {"501": 1})
    assert one("SELECT reserved FROM stock WHERE reserved > 0").reserved == 1


def test_units_that_the_shop_adds_are_new_work(tell):
    tell(at(1))
    run_jobs("route_orders")

    answer = tell(at(2, line_items=[shopify_item(quantity=3)]), "orders/edited")
    run_jobs("route_orders")

    assert (answer["outcome"], units()) == ("changed", {"501": 3})
    assert one("SELECT sum(reserved) AS n FROM stock").n == 3


def test_units_that_were_added_here_stay_when_the_shop_wants_fewer(tell):
    tell(at(1))
    order = one("SELECT id FROM orders").id
    with transaction(OPS) as now:
        changes.change(order, {"501": 4}, {}, Change("imani", now))

    same = tell(at(2, tags="vip"), "orders/updated")
    fewer = tell(at(3, line_items=[shopify_item(current_quantity=1)]), "orders/updated")

    assert (same["outcome"], fewer["outcome"], units()) == ("known", "changed", {"501": 3})


def test_what_was_called_off_here_is_not_brought_back_by_the_shops_next_word(tell):
    tell(at(1))
    order = one("SELECT id FROM orders").id
    with transaction(OPS) as now:
        shipments.cancel(order, {"501": 1}, actor="imani", reason="by phone", now=now)

    answer = tell(at(2, note="thanks"), "orders/updated")

    assert (answer["outcome"], units()) == ("changed", {"501": 1})


def test_an_address_changes_here_only_when_it_changes_there(tell):
    tell(at(1))
    order = one("SELECT id, ship_to FROM orders")
    with transaction(OPS) as now:
        here = order.ship_to | {"line1": "Storgatan 10"}
        changes.readdress(order.id, here, Change("imani", now))

    same = tell(at(2, tags="vip"), "orders/updated")
    assert same["outcome"] == "known"
    assert one("SELECT ship_to FROM orders").ship_to["line1"] == "Storgatan 10"

    moved = at(3)["shipping_address"] | {"address1": "Lillgatan 2"}
    there = tell(at(3, shipping_address=moved), "orders/updated")
    assert there["outcome"] == "changed"
    assert one("SELECT ship_to FROM orders").ship_to["line1"] == "Lillgatan 2"


def test_an_order_that_is_refused_takes_no_month_from_those_after_it(tell):
    long_ago = {"processed_at": "2024-03-05T09:15:00+01:00"}
    refund = {"kind": "refund", "status": "success", "amount": "50.00", "currency": "EUR"}
    too_much = {"refunds": [{"id": 1, "transactions": [refund]}]}

    refused = tell(at(1, financial_status="partially_refunded", **long_ago, **too_much))
    taken = tell(at(2, id=2, name="#1002", **long_ago))

    assert (refused["outcome"], taken["outcome"]) == ("refused", "taken")
    assert one("SELECT number, cohort::text FROM orders") == ("1002", "2024-03-01")


def test_money_is_noted_by_what_is_new_of_it(tell):
    tell(at(1, financial_status="partially_paid", total_outstanding="9.90"))
    refund = {"kind": "refund", "status": "success", "amount": "5.00", "currency": "EUR"}
    refunds = [{"id": 1, "transactions": [refund]}]

    tell(at(2), "orders/paid")
    tell(at(3, financial_status="partially_refunded", refunds=refunds), "orders/updated")
    tell(at(4, financial_status="partially_refunded", refunds=refunds), "orders/updated")

    money = one("SELECT captured_minor, refunded_minor FROM payments")
    assert tuple(money) == (2990, 500)
    ledger = rows("SELECT kind, amount_minor FROM ledger ORDER BY id")
    assert [tuple(r) for r in ledger] == [("captured", 2000), ("captured", 990), ("refunded", 500)]


def test_a_canceled_order_is_called_off(tell):
    tell(at(1))
    run_jobs("route_orders")
    ended = at(2, cancelled_at="2026-11-23T09:02:00+00:00", cancel_reason="customer")

    assert tell(ended, "orders/cancelled")["outcome"] == "changed"
    assert tell(ended, "orders/updated")["outcome"] == "known"
    assert one("SELECT status FROM orders").status == "canceled"
    assert one("SELECT sum(reserved) AS n FROM stock").n == 0


def test_an_order_that_had_ended_before_it_came_is_not_taken_in(tell):
    answer = tell(at(1, cancelled_at="2026-11-23T09:01:00+00:00", cancel_reason="fraud"))

    assert (answer["outcome"], rows("SELECT FROM orders")) == ("ignored", [])
    assert answer["problem"] == "It was canceled in the shop (fraud) before it came here."


def test_a_cancellation_after_a_parcel_left_is_for_a_person(tell, sql):
    tell(at(1, line_items=[shopify_item(), shopify_item(502, sku="POT")]))
    run_jobs("route_orders")
    order = one("SELECT id FROM orders").id
    (name,) = confirmed(order)
    send(name, parcel(1, "2026-11-23T09:00:00+00:00", _501=2))
    ended = at(2, cancelled_at="2026-11-23T09:02:00+00:00")

    answer = tell(ended, "orders/cancelled")

    assert answer["outcome"] == "refused"
    assert "has shipped in part" in answer["problem"]
    assert one("SELECT status FROM orders").status == "partly_shipped"
    assert sql(TOLD) == [("order_refused", "eu-shop")]


def test_a_line_that_was_added_there_is_said_once_and_the_rest_is_done(tell):
    tell(at(1, financial_status="pending"))
    more = [shopify_item(current_quantity=1), shopify_item(777, sku="POT")]

    first = tell(at(2, line_items=more), "orders/edited")
    second = tell(at(3, line_items=more), "orders/updated")
    third = tell(at(4, line_items=more), "orders/updated")

    assert (first["outcome"], second["outcome"], third["outcome"]) == ("refused", "known", "known")
    assert "lines that were added in the shop (777)" in first["problem"]
    assert one("SELECT captured_minor FROM payments").captured_minor == 2990


def test_two_shops_that_share_a_source_are_told_apart(tell):
    tell(at(1))

    answer = tell(at(1, id=99), "orders/create")

    assert answer["outcome"] == "refused"
    assert "another order of this shop (450789469 there)" in answer["problem"]
    assert len(rows("SELECT FROM orders")) == 1


def test_an_order_that_came_another_way_keeps_its_units(api, tell):
    body = order_body("1001", channel="web")
    assert api("POST", "/orders", body, **{"Idempotency-Key": "x"}).status_code == 201

    assert tell(at(1), "orders/updated")["outcome"] == "changed"
    assert units() == {"1": 2}
    assert one("SELECT captured_minor FROM payments").captured_minor == 2990


# Refused, and tried again ---------------------------------------------------------------------


def test_what_cannot_be_read_is_kept_sealed_and_taken_in_when_it_is_tried_again(shop, tell, sql):
    broken = at(1, shipping_address=at(1)["shipping_address"] | {"country_code": None})

    answer = tell(broken, name="w-9")

    assert (answer["outcome"], answer["problem"]) == ("refused", "Order 1001 was not taken.")
    assert answer["errors"][0]["field"] == "ship_to.country"
    kept = one("SELECT * FROM source_deliveries")
    assert "Storgatan" not in kept.body
    with transaction(OPS):
        assert shops.try_again("eu-shop", "w-9", shop).outcome == "refused"
    # Nothing can be mended in the shop's words; but what was missing here may be there by now.
    assert rows("SELECT FROM orders") == []


def test_what_a_paused_shop_sends_waits_until_it_goes_on(shop, tell):
    with transaction(OPS):
        shops.set_active("eu-shop", shop, is_active=False)
    assert tell(at(1), name="w-1")["outcome"] == "refused"
    assert rows("SELECT FROM orders") == []

    with transaction(OPS):
        shops.set_active("eu-shop", shop, is_active=True)
        result = shops.try_again("eu-shop", "w-1", shop)

    assert result.outcome == "taken"
    assert one("SELECT outcome, body, problem FROM source_deliveries").body is None
    with transaction(OPS), pytest.raises(NotFound):
        shops.try_again("eu-shop", "w-1", shop)
    assert tell(at(1), name="w-1")["outcome"] == "taken"


def test_ops_are_told_of_refusals_once_an_hour_and_shop(tell, sql):
    for n in range(3):
        tell(at(1, id=n, name=f"#{n}", shipping_address=None))

    assert sql(TOLD) == [("order_refused", "eu-shop")]


def test_a_refused_body_is_forgotten_after_a_month_and_its_row_after_two_years(tell, sql):
    tell(at(1, shipping_address=None), name="w-1")
    sql("UPDATE source_deliveries SET received_at = received_at - interval '31 days'")
    run("keep_house")
    assert one("SELECT body FROM source_deliveries").body is None

    sql("UPDATE source_deliveries SET received_at = received_at - interval '2 years'")
    run("keep_house")
    assert rows("SELECT FROM source_deliveries") == []


def test_secrets_and_kept_bodies_are_sealed_anew(tell, app):
    tell(at(1, shipping_address=None), name="w-1")
    sealed = "SELECT s.secret, d.body FROM order_sources s, source_deliveries d"
    before = tuple(one(sealed))

    with transaction(OPS):
        assert shops.reseal() == 2

    assert not set(before) & set(one(sealed))
    assert tell(at(2), name="w-2")["outcome"] == "taken"
