"""Requests sent again under one key act once; orders are reached whatever they are called."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask

from tests.conftest import Api, Sql, caller
from tests.factories import (
    describe,
    make_order,
    make_vendor_with_stock,
    one,
    order_body,
    references,
    routed_order,
    rows,
    vendor_key,
)

KEY = {"Idempotency-Key": "k-1"}
KEPT = "This Idempotency-Key was used for another request; use a new one."
MOVES = "SELECT count(*) FROM timeline"


def paid(api: Api, **changes: Any) -> str:
    """Take in an order of two mugs that was paid; return its path."""
    make_order("A-1")
    make_order("A-2")
    path = "/orders/A-1/payments?channel=webshop"
    taken = {"status": "captured", "amount": "29.90", "reference": "p"} | changes
    assert api("POST", path, taken).status_code == 200
    return path


@pytest.mark.parametrize(
    ("act", "body", "other"),
    [
        ("payments", {"status": "refunded", "amount": "1.00"}, {"amount": "2.00"}),
        ("cancel", {"lines": {"1": 1}}, {"lines": {"1": 2}}),
        ("changes", {"lines": {"1": 5}}, {"lines": {"1": 6}}),
        (
            "address",
            {"ship_to": order_body()["ship_to"] | {"line1": "Ny väg 2"}},
            {"reason": "moved"},
        ),
    ],
)
def test_an_act_on_an_order_happens_once_for_a_key(
    api: Api, act: str, body: dict[str, Any], other: dict[str, Any]
) -> None:
    make_vendor_with_stock()
    paid(api)
    path = f"/orders/A-1/{act}?channel=webshop"

    first = api("POST", path, body, **KEY)
    known = (one(MOVES), one("SELECT refunded_minor FROM payments"), rows("TABLE order_lines"))
    again = api("POST", path, body, **KEY)
    refused = [
        api("POST", path, body | other, **KEY),
        api("POST", path.replace("A-1", "A-2"), body, **KEY),
    ]

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json == again.json
    assert [(r.status_code, r.json["detail"]) for r in refused] == [(409, KEPT)] * 2
    assert known == (
        one(MOVES),
        one("SELECT refunded_minor FROM payments"),
        rows("TABLE order_lines"),
    )


def test_what_was_refused_may_be_sent_again_under_its_key(api: Api) -> None:
    path = paid(api)

    refused = api("POST", path, {"status": "refunded", "amount": "99.00"}, **KEY)

    assert refused.status_code == 409
    assert api("POST", path, {"status": "refunded", "amount": "9.00"}, **KEY).status_code == 200


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_that_is_none_is_refused_and_nothing_is_done(api: Api, key: str) -> None:
    path = paid(api)

    answer = api("POST", path, {"status": "refunded", "amount": "1.00"}, **{"Idempotency-Key": key})

    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert one("SELECT refunded_minor FROM payments").refunded_minor == 0


def test_a_batch_is_answered_again_as_it_was(api: Api) -> None:
    describe("MUG")
    orders = {"orders": [order_body("B-1"), order_body("B-2", channel="")]}

    first, again = (api("POST", "/orders/batch", orders, **KEY) for _ in range(2))

    assert [r["status"] for r in first.json["results"]] == [201, 422]
    assert again.json == first.json
    assert api("POST", "/orders/batch", {"orders": []}, **KEY).status_code == 422
    other = {"orders": [order_body("B-3")]}
    assert api("POST", "/orders/batch", other, **KEY).status_code == 409
    assert len(rows("SELECT FROM orders")) == 1


def test_a_vendors_acts_happen_once_for_a_key_and_no_vendor_hears_anothers(app: Flask) -> None:
    make_vendor_with_stock("kiln", {"MUG": 10})
    make_vendor_with_stock("fjord", {"LAMP": 10})
    (fo,) = references(routed_order())
    kiln = caller(app, vendor_key("kiln", "onw_kiln"))
    door, said = f"/fulfillment-orders/{fo}", {"lines": {"1": 1}, "code": "damaged"}

    first, again = (kiln("POST", f"{door}/confirm", said, **KEY) for _ in range(2))
    held = [kiln("POST", f"{door}/hold", {"reason": "wet"}, **KEY) for _ in range(2)]
    turned = kiln("POST", f"{door}/release", {"reason": "wet"}, **KEY)
    theirs = caller(app, vendor_key("fjord", "onw_fjord"))("POST", f"{door}/confirm", said, **KEY)

    assert (first.status_code, again.status_code, first.json) == (200, 200, again.json)
    assert [answer.json["status"] for answer in held] == ["on_hold", "on_hold"]
    assert (turned.status_code, theirs.status_code) == (409, 404)
    confirmed = rows("SELECT FROM timeline WHERE event = 'fulfillment_order_confirmed'")
    assert len(confirmed) == 1


def test_a_webhooks_secret_is_answered_again_and_kept_sealed(app: Flask, sql: Sql) -> None:
    make_vendor_with_stock("kiln")
    kiln = caller(app, vendor_key("kiln", "onw_kiln"))
    body = {"url": "https://example.com/onward"}

    first, again = (kiln("POST", "/webhooks", body, **KEY) for _ in range(2))

    assert (first.status_code, again.status_code, first.json) == (201, 201, again.json)
    (kept,) = sql("SELECT body FROM idempotency")
    assert first.json["secret"].startswith("whsec_")
    assert first.json["secret"] not in json.dumps(kept)


# Money ----------------------------------------------------------------------------------------


def test_another_amount_under_a_reference_is_refused_by_its_name(api: Api) -> None:
    path = paid(api)
    refund = {"status": "refunded", "reference": "r-9"}

    first, again = (api("POST", path, refund | {"amount": "5.00"}) for _ in range(2))
    other = api("POST", path, refund | {"amount": "7.00"})

    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 409)
    assert other.json["detail"] == (
        "The reference 'r-9' stands for 5.00 EUR refunded of order A-1;"
        " send 7.00 EUR under a reference of its own."
    )
    assert [error["field"] for error in other.json["errors"]] == ["reference"]
    assert one("SELECT refunded_minor FROM payments").refunded_minor == 500


def test_two_amounts_under_one_reference_in_a_batch_are_refused(api: Api) -> None:
    paid(api)
    word = {"channel": "webshop", "number": "A-1", "status": "refunded", "reference": "r"}
    words = [word | {"amount": amount} for amount in ("5.00", "7.00")]

    answer = api("POST", "/payments/batch", {"payments": words})

    assert (answer.status_code, "'r'" in answer.json["detail"]) == (409, True)
    assert one("SELECT refunded_minor FROM payments").refunded_minor == 0


# Names ----------------------------------------------------------------------------------------

ODD = [
    "2026/1001",
    "SE/1006/cancel",
    "/1001",
    "1001/",
    "a//b",
    "..",
    ".",
    "50%2F",
    "a?b#c",
    "batch",
]


@pytest.mark.parametrize("number", ODD)
@pytest.mark.parametrize("is_by_number", [True, False], ids=["by its number", "by our reference"])
def test_an_order_is_reached_whatever_it_is_called(
    api: Api, number: str, *, is_by_number: bool
) -> None:
    make_vendor_with_stock()
    for other in ("1001", number):
        placed = api("POST", "/orders", order_body(other), **{"Idempotency-Key": other})
        assert placed.status_code == 201
    path = f"/orders/{quote(number, safe='')}", "?channel=webshop"
    if not is_by_number:
        path = f"/orders/{placed.json['id']}", ""
    said = {
        "": None,
        "/payments": {"status": "captured", "amount": "29.90"},
        "/address": {"ship_to": order_body()["ship_to"] | {"line1": "Ny väg 2"}},
        "/changes": {"lines": {"1": 3}},
        "/cancel": {"lines": {"1": 1}},
    }

    for act, body in said.items():
        answer = api("POST" if act else "GET", f"{path[0]}{act}{path[1]}", body)

        assert (answer.status_code, answer.json.get("number")) == (200, number), act


def test_an_order_that_is_not_named_is_asked_for(api: Api) -> None:
    assert api("GET", "/orders/OR-NOBODY").status_code == 404
    answer = api("GET", "/orders/A-1")
    assert (answer.status_code, "OR-" in answer.json["detail"]) == (422, True)
