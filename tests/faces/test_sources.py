"""The pages of order sources: made, looked at, paused, tried again, given another secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories import make_vendor_with_stock, one, rows
from tests.people import sign_in_as
from tests.unit.shop_payloads import shopify_order

SECRET = "the key that Shopify signs with"
SHOP = {"kind": "shopify", "code": "eu-shop", "channel": "web", "secret": SECRET}


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    make_vendor_with_stock(stock={"MUG": 9})
    return sign_in_as(app, "administrator")


def push(app: Flask, delivery: str, **changes: Any) -> Any:
    body = json.dumps(shopify_order(**changes)).encode()
    mac = hmac.new(SECRET.encode(), body, hashlib.sha256).digest()
    headers = {
        "X-Shopify-Hmac-Sha256": base64.b64encode(mac).decode(),
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Webhook-Id": delivery,
    }
    return app.test_client().post("/webhooks/sources/eu-shop", data=body, headers=headers).json


def test_a_shop_is_made_and_says_how_it_is_set_up(admin):
    assert "No shop sends its orders yet" in admin.get("/console/sources").text

    made = admin.post("/console/sources/new", data=SHOP).text

    assert "/webhooks/sources/eu-shop</code>" in made
    assert SECRET not in made
    assert "eu-shop" in admin.get("/console/sources").text
    assert "Nothing has come yet" in admin.get("/console/sources/eu-shop").text


def test_a_secret_of_ours_is_shown_once(admin):
    made = admin.post("/console/sources/new", data=SHOP | {"kind": "onward", "secret": ""}).text

    assert "whsec_" in made
    assert "whsec_" not in admin.get("/console/sources/eu-shop").text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"code": "Eu Shop"}, "Use 2 to 41 small letters, figures and -."),
        ({"code": ""}, "Give it a short name."),
        ({"channel": "x" * 65}, "String should have at most 64 characters"),
        ({"secret": "short"}, "Enter the whole secret: 16 characters at least."),
        ({"kind": "magento"}, "Not a valid choice"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(admin, changes, said):
    answer = admin.post("/console/sources/new", data=SHOP | changes)

    assert (answer.status_code, said in answer.text) == (422, True)
    assert rows("SELECT FROM order_sources") == []


def test_a_name_is_one_shops(admin):
    admin.post("/console/sources/new", data=SHOP)

    again = admin.post("/console/sources/new", data=SHOP)

    assert "&#39;eu-shop&#39; is another source&#39;s." in again.text
    assert len(rows("SELECT FROM order_sources")) == 1


def test_deliveries_are_listed_with_what_came_of_them(app, admin):
    admin.post("/console/sources/new", data=SHOP)
    push(app, "w-1")
    push(app, "w-2", id=2, name="#1002", shipping_address=None)

    page = admin.get("/console/sources/eu-shop").text

    assert "Taken in" in page
    assert f"/console/orders/{one('SELECT reference FROM orders').reference}" in page
    assert "Order 1002 has no shipping address." in page
    refused = admin.get("/console/sources/eu-shop?view=refused").text
    assert "Taken in" not in refused
    assert "What a shop sends is refused" in admin.get("/console/notices").text


def test_a_shop_is_paused_goes_on_and_what_waited_is_tried_again(app, admin):
    admin.post("/console/sources/new", data=SHOP)
    admin.post("/console/sources/eu-shop/pause", data={"active": ""})
    push(app, "w-1")
    assert "It is paused" in admin.get("/console/sources/eu-shop").text

    admin.post("/console/sources/eu-shop/pause", data={"active": "yes"})
    answer = admin.post("/console/sources/eu-shop/again", data={"delivery": "w-1"})

    assert answer.location == "/console/sources/eu-shop?view=refused"
    assert "Taken in" in admin.get(answer.location).text
    assert len(rows("SELECT FROM orders")) == 1
    assert admin.post("/console/sources/eu-shop/again", data={"delivery": "w-1"}).status_code == 404


def test_a_secret_is_changed_and_a_wrong_one_is_not(admin):
    admin.post("/console/sources/new", data=SHOP)

    wrong = admin.post("/console/sources/eu-shop/secret", data={"secret": "x"})
    assert (wrong.status_code, "Enter the whole secret" in wrong.text) == (422, True)
    assert one("SELECT old_secret FROM order_sources").old_secret is None

    admin.post("/console/sources/eu-shop/secret", data={"secret": "another key of the shop"})
    assert one("SELECT old_secret FROM order_sources").old_secret is not None
    assert "Changed the secret of an order source" in admin.get("/console/audit").text


def test_a_source_that_is_none_is_not_found(admin):
    for act in ("secret", "pause", "again"):
        assert admin.post(f"/console/sources/nobody/{act}").status_code == 404
    assert admin.get("/console/sources/nobody").status_code == 404
