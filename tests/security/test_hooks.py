"""S55, S59, S67 for shops: who has not signed is told nothing, and changes nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from flask import Flask

from app.hooks.views import MOST_BYTES
from app.intake import shops
from app.shared.work import OPS, transaction
from app.web.rates import RATES
from tests.factories import make_vendor_with_stock, one, order_body, rows
from tests.people import make_person, person_of, sign_in_as
from tests.unit.shop_payloads import shopify_order

SECRET = "the key that Shopify signs with"
PATH = "/webhooks/sources/eu-shop"


@pytest.fixture
def shop(app: Flask) -> str:
    """A Shopify shop and a program of our own; return the program's secret."""
    make_vendor_with_stock(stock={"MUG": 9})
    admin = person_of(make_person("administrator", "Teo Marin"))
    with transaction(OPS):
        shops.make("eu-shop", "shopify", "web", SECRET, admin)
        return shops.make("own", "onward", "own", "", admin)


def signed(body: bytes, secret: str = SECRET, name: str = "w-1") -> dict[str, str]:
    mac = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {
        "X-Shopify-Hmac-Sha256": base64.b64encode(mac).decode(),
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Webhook-Id": name,
    }


def told(answer: Any) -> tuple[Any, ...]:
    """Return all of an answer that somebody could learn from."""
    body = {k: v for k, v in answer.json.items() if k != "instance"}
    ours = {k: v for k, v in answer.headers.items() if k not in {"Date", "X-Request-Id"}}
    return answer.status_code, body, sorted(ours)


def test_s55_a_wrong_signature_and_an_unknown_shop_are_answered_alike(client, shop):
    body = json.dumps(shopify_order()).encode()
    tries = [
        (PATH, signed(body, "another key")),
        (PATH, signed(body + b" ")),
        (PATH, {}),
        ("/webhooks/sources/nobody", signed(body)),
        ("/webhooks/sources/nobody", {}),
        ("/webhooks/sources/own", signed(body)),
    ]

    answers = [told(client.post(path, data=body, headers=headers)) for path, headers in tries]

    assert {status for status, *_ in answers} == {401}
    assert all(answer == answers[0] for answer in answers)
    assert rows("SELECT FROM orders UNION ALL SELECT FROM source_deliveries") == []


def test_s55_a_ping_is_answered_alike_whoever_it_names(client, shop):
    answers = [
        told_ping(client.post(f"/webhooks/sources/{name}", data=b"webhook_id=7"))
        for name in ("eu-shop", "own", "nobody")
    ]

    assert answers == [(200, "")] * 3
    assert rows("SELECT FROM source_deliveries") == []


def told_ping(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.text


def own(secret: str, stamp: int, body: bytes) -> dict[str, str]:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"m1.{stamp}.".encode() + body, hashlib.sha256).digest()
    word = f"v1,{base64.b64encode(mac).decode()}"
    return {"webhook-id": "m1", "webhook-timestamp": str(stamp), "webhook-signature": word}


def test_s55_what_was_signed_long_ago_is_refused_and_a_replay_does_nothing(client, shop):
    data = {k: v for k, v in order_body("A-1").items() if k != "channel"}
    body = json.dumps({"type": "order.placed", "data": data}).encode()
    now = int(time.time())

    old = client.post("/webhooks/sources/own", data=body, headers=own(shop, now - 600, body))
    first, again = (
        client.post("/webhooks/sources/own", data=body, headers=own(shop, now, body))
        for _ in range(2)
    )

    assert (old.status_code, first.status_code) == (401, 200)
    assert first.json == again.json
    assert first.json["outcome"] == "taken"
    assert len(rows("SELECT FROM orders")) == 1


def test_s55_the_secret_before_is_good_for_a_day_and_no_longer(client, shop, sql):
    admin = person_of(make_person("administrator", "Ines Rau"))
    with transaction(OPS):
        shops.rotate("eu-shop", "another key of the shop", admin)
    body = json.dumps(shopify_order()).encode()

    assert client.post(PATH, data=body, headers=signed(body, name="a")).status_code == 200
    new = signed(body, "another key of the shop", "b")
    assert client.post(PATH, data=body, headers=new).status_code == 200
    sql("UPDATE order_sources SET old_until = now() - interval '1 s' WHERE code = 'eu-shop'")
    assert client.post(PATH, data=body, headers=signed(body, name="c")).status_code == 401


@pytest.mark.parametrize("path", [PATH, "/webhooks/sources/nobody"])
def test_s55_a_huge_body_is_not_read(client, shop, path):
    body = b"x" * (MOST_BYTES + 1)

    answer = client.post(path, data=body, headers=signed(body))

    assert answer.status_code == 413
    assert rows("SELECT FROM source_deliveries") == []


def test_s55_a_genuine_delivery_that_is_no_order_is_answered_with_200(client, shop):
    for n, body in enumerate((b"", b"[[[[", b"\xff\xfe", b'{"id": 1}')):
        answer = client.post(PATH, data=body, headers=signed(body, name=f"w-{n}"))
        assert (answer.status_code, answer.json["outcome"]) == (200, "refused")


def test_s67_guesses_are_slowed_and_a_shop_is_not_slowed_by_them(client, shop):
    limit = RATES["wrong_key"]
    assert limit is not None

    found = [client.post(PATH, data=b"{}").status_code for _ in range(limit.amount + 1)]

    body = json.dumps(shopify_order()).encode()
    assert (found[0], found[-1]) == (401, 429)
    assert client.post(PATH, data=body, headers=signed(body)).status_code == 200


def test_s35_a_browsers_form_from_elsewhere_is_no_delivery(client, shop):
    headers = {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"}

    assert client.post(PATH, data={"a": "b"}, headers=headers).status_code == 401


def test_s59_a_secret_is_shown_once_and_kept_nowhere_that_is_read(app, sql):
    admin = sign_in_as(app, "administrator")
    form = {"kind": "woocommerce", "code": "woo", "channel": "woo"}

    made = admin.post("/console/sources/new", data=form)

    secret = made.text.partition("<code>whsec_")[2].partition("<")[0]
    assert len(secret) > 40
    assert secret not in one("SELECT secret FROM order_sources").secret
    for path in ("/console/sources", "/console/sources/woo", "/console/audit"):
        assert secret not in admin.get(path).text
    assert not [row for row in sql("SELECT facts::text FROM audit") if secret in row[0]]


@pytest.mark.parametrize(
    ("role", "may_try"), [("ops_agent", True), ("ops_lead", True), ("senior_management", False)]
)
def test_s16_only_an_administrator_changes_a_source(app, client, shop, role, may_try):
    body = b'{"id": 1}'
    client.post(PATH, data=body, headers=signed(body))
    browser = sign_in_as(app, role)

    shown = browser.get("/console/sources/eu-shop")
    assert shown.status_code == 200
    assert "Its secret" not in shown.text
    assert ("Try again" in shown.text) is may_try
    for act, sent in (("secret", {"secret": "x" * 20}), ("pause", {})):
        assert browser.post(f"/console/sources/eu-shop/{act}", data=sent).status_code == 403
    assert browser.get("/console/sources/new").status_code == 403
    tried = browser.post("/console/sources/eu-shop/again", data={"delivery": "w-1"})
    assert tried.status_code == (302 if may_try else 403)
    assert one("SELECT is_active FROM order_sources WHERE code = 'eu-shop'").is_active


def test_s16_a_vendor_knows_nothing_of_shops_and_files(app, shop):
    vendor = sign_in_as(app, "vendor_owner", vendor=make_vendor_with_stock("ridge"))

    for path in ("/console/sources", "/console/sources/eu-shop", "/console/imports"):
        assert vendor.get(path).status_code == 403
