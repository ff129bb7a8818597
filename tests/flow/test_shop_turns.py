"""Shops that say little of when: WooCommerce's statuses, and our own JSON out of order."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from itertools import count
from typing import Any

import pytest
from flask import Flask

from app.intake import shops
from app.shared.work import OPS, transaction
from tests.factories import make_vendor_with_stock, one, order_body, references, rows, run_jobs
from tests.people import make_person, person_of
from tests.unit.shop_payloads import woo_order

webhooks = count(1)


@pytest.fixture(autouse=True)
def shop(app: Flask) -> Any:
    """Somebody who looks after shops, and what is sold."""
    make_vendor_with_stock(stock={"MUG": 50, "POT": 50})
    return person_of(make_person("administrator", "Teo Marin"))


def sign(secret: bytes, content: bytes) -> str:
    return base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()


# WooCommerce ----------------------------------------------------------------------------------


@pytest.fixture
def woo(app: Flask, shop: Any):
    with transaction(OPS):
        secret = shops.make("woo", "woocommerce", "woo", "", shop)
    browser = app.test_client()

    def say(order: dict[str, Any], topic: str = "order.created") -> Any:
        body = json.dumps(order).encode()
        headers = {
            "X-WC-Webhook-Signature": sign(secret.encode(), body),
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Delivery-ID": f"d{next(webhooks)}",
        }
        return browser.post("/webhooks/sources/woo", data=body, headers=headers).json

    return say


def test_a_woocommerce_order_waits_for_its_payment_and_ends_with_its_deletion(woo):
    waits = woo(woo_order(status="pending"))
    taken = woo(woo_order(), "order.updated")
    gone = woo({"id": 727}, "order.deleted")
    again = woo({"id": 727}, "order.deleted")
    unknown = woo({"id": 1}, "order.deleted")

    found = [answer["outcome"] for answer in (waits, taken, gone, again, unknown)]
    assert found == ["ignored", "taken", "changed", "known", "ignored"]
    assert waits["problem"] == "It is not paid yet."
    assert one("SELECT status FROM orders").status == "canceled"


def test_money_back_for_all_of_an_order_calls_off_what_has_not_left(woo):
    woo(woo_order())
    back = woo_order(
        status="refunded",
        date_modified_gmt="2026-11-23T09:00:00",
        refunds=[{"id": 1, "total": "-29.90"}],
    )

    assert woo(back, "order.updated")["outcome"] == "changed"
    assert one("SELECT status FROM orders").status == "canceled"
    assert one("SELECT refunded_minor FROM payments").refunded_minor == 2990


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("on-hold", "It is on hold in the shop."),
        ("failed", "It could not be paid in the shop."),
    ],
)
def test_what_the_shop_stops_later_waits_until_the_shop_or_a_person_goes_on(woo, status, reason):
    woo(woo_order())
    run_jobs("route_orders")
    order = one("SELECT id FROM orders").id
    held = "SELECT code, facts->>'reason' AS reason FROM order_holds WHERE released_at IS NULL"

    stopped = woo(later(1, status=status), "order.updated")

    assert (stopped["outcome"], tuple(one(held))) == ("changed", ("shop", reason))
    assert one("SELECT status FROM fulfillment_orders").status == "on_hold"
    assert woo(later(2, status=status), "order.updated")["outcome"] == "known"
    lilla = later(3)["shipping"] | {"address_1": "Lillgatan 2"}
    assert woo(later(3, shipping=lilla), "order.updated")["outcome"] == "changed"
    assert (rows(held), len(references(order))) == ([], 1)
    assert one("SELECT status, ship_to FROM fulfillment_orders").status == "assigned"
    assert one("SELECT ship_to FROM orders").ship_to["line1"] == "Lillgatan 2"


def later(minute: int, **changes: Any) -> dict[str, Any]:
    """Return the order as it stood in the shop some minutes past nine."""
    return woo_order(date_modified_gmt=f"2026-11-23T09:{minute:02d}:00", **changes)


def test_a_deletion_that_comes_first_calls_off_the_order_unless_it_was_brought_back(woo):
    assert woo({"id": 727}, "order.deleted")["outcome"] == "ignored"
    assert woo({"id": 728}, "order.deleted")["outcome"] == "ignored"

    before, after = "2026-01-01T00:00:00", "2099-01-01T00:00:00"
    woo(woo_order(date_modified_gmt=before))
    woo(woo_order(id=728, number="728", date_modified_gmt=after), "order.restored")

    found = rows("SELECT number, status FROM orders ORDER BY number")
    assert [tuple(r) for r in found] == [("727", "canceled"), ("728", "received")]


# Our own JSON ---------------------------------------------------------------------------------


@pytest.fixture
def say(app: Flask, shop: Any):
    """Tell something in our own words: say(type, data) -> what came of it."""
    with transaction(OPS):
        secret = shops.make("own", "onward", "own", "", shop)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    browser = app.test_client()

    def tell(what: str, **data: Any) -> Any:
        body = json.dumps({"type": what, "data": data}).encode()
        name, stamp = f"d{next(webhooks)}", str(int(time.time()))
        headers = {"webhook-id": name, "webhook-timestamp": stamp}
        headers["webhook-signature"] = f"v1,{sign(key, f'{name}.{stamp}.'.encode() + body)}"
        return browser.post("/webhooks/sources/own", data=body, headers=headers).json

    return tell


@pytest.mark.parametrize(
    ("lines", "status", "left"), [(None, "canceled", 0), ({"1": 5, "7": 1}, "open", 1)]
)
def test_a_cancellation_that_comes_before_its_order_is_remembered(say, lines, status, left):
    body = order_body("A-1")
    body["lines"] = [body["lines"][0] | {"quantity": 1, "external_id": n} for n in ("1", "2")]
    del body["channel"]
    early = say("order.canceled", number="A-1", lines=lines, reason="changed their mind")
    assert early["problem"] == "No such order came from this shop; if it comes, it is called off."

    assert say("order.placed", **body)["outcome"] in {"taken", "held"}
    run_jobs("route_orders")

    assert one("SELECT status FROM orders").status == status
    assert one("SELECT sum(reserved) AS n FROM stock").n == left
    entry = one("SELECT actor, facts FROM timeline WHERE event = 'order_canceled'")
    assert entry.actor == "own"
    assert entry.facts["reason"] == "called off in the shop before it came here: changed their mind"
    assert say("order.placed", **body)["outcome"] == "known"
