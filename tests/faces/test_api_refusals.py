"""What programs are told when something of theirs is refused: all of it at once, and clearly."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.intake import shops
from app.shared.work import OPS, transaction
from app.web.fields import MOST_UNITS
from config import MIB
from tests.conftest import TOKEN, Api
from tests.factories import describe, line, order_body, rows
from tests.people import make_person, person_of

KEY = {"Idempotency-Key": "k-1"}
WRONG = order_body(
    "A-1",
    [
        line(quantity=0, unit_price="1.234"),
        line(name="2", unit_price="abc", quantity=True, vendor=7),
        line(name="2", shipping_price="-1"),
    ],
    placed_at="2026-12-23T08:00:00+00:00",
    payment={"status": "paid", "amount": "-3"},
)
NAMED = {
    "placed_at": "lies in the future; it is 2026-11-23T09:00:00+00:00",
    "lines.0.quantity": "Input should be greater than or equal to 1",
    "lines.0.unit_price": "'1.234' has more than 2 digits after the point for EUR.",
    "lines.1.quantity": "is no whole number",
    "lines.1.unit_price": "'abc' is not an amount; write it like 12.50.",
    "lines.1.vendor": "Input should be a valid string",
    "lines.2.external_id": "'2' is used twice in this order",
    "lines.2.shipping_price": "'-1' is not between 0 and a sensible limit",
    "payment.status": "Input should be 'pending', 'authorized', 'captured' or 'failed'",
    "payment.amount": "'-3' is not between 0 and a sensible limit",
}


def named(errors: list[dict[str, str]]) -> dict[str, str]:
    return {error["field"]: error["detail"] for error in errors}


def sign(secret: str, body: bytes) -> dict[str, str]:
    """Return the headers of a delivery of our own kind of shop."""
    stamp = str(int(datetime.now(UTC).timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"w-1.{stamp}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(mac).decode()}"
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    return dict(zip(names, ("w-1", stamp, signature), strict=True))


def test_a_bad_order_is_refused_with_all_of_its_fields(api: Api) -> None:
    answer = api("POST", "/orders", WRONG, **KEY)

    assert (answer.status_code, answer.json["detail"]) == (422, "The request was not taken.")
    assert named(answer.json["errors"]) == NAMED
    assert rows("SELECT FROM orders") == []


def test_a_bad_order_of_a_batch_too_and_one_that_is_none(api: Api) -> None:
    describe("MUG")
    orders = [WRONG, None, "x", order_body("A-2")]

    found = api("POST", "/orders/batch", {"orders": orders}).json["results"]

    assert named(found[0]["errors"]) == NAMED
    assert [named(one["errors"]) for one in found[1:3]] == [{"body": "is not an object"}] * 2
    assert [one["status"] for one in found] == [422, 422, 422, 201]


def test_a_bad_order_that_a_shop_pushes_too(app: Flask) -> None:
    admin = person_of(make_person("administrator", "Teo Marin"))
    with transaction(OPS):
        secret = shops.make("own", "onward", "webshop", "", admin)
    data = {name: value for name, value in WRONG.items() if name != "channel"}
    body = json.dumps({"type": "order.placed", "data": data}).encode()

    path = "/webhooks/sources/own"
    answer = app.test_client().post(path, data=body, headers=sign(secret, body))
    forged = app.test_client().post(path, data=body + b" ", headers=sign(secret, body))

    assert (answer.status_code, answer.json["outcome"]) == (200, "refused")
    assert named(answer.json["errors"]) == NAMED
    assert forged.status_code == 401
    assert "has signed this body" in forged.json["detail"]
    assert "Bearer" not in forged.json["detail"]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (
            {"currency": "euro", "lines": [line(unit_price="x"), line(name="2", unit_price="1.5")]},
            {
                "currency": "is no currency; write its code, like EUR",
                "lines.0.unit_price": "'x' is not an amount; write it like 12.50.",
            },
        ),
        (
            {"lines": [line(unit_price="10000000000", quantity=MOST_UNITS)]},
            {"lines": "are worth more than one order can be"},
        ),
        (
            {"customer": {"external_id": "C", "name": "Ada", "email": "ada"}},
            {"customer.email": "is no address of e-mail; write it like ada@example.org"},
        ),
        (
            {"ship_to": order_body()["ship_to"] | {"country": "se", "name": "\u200b\u202e "}},
            {
                "ship_to.country": "is no country; write its code, like SE",
                "ship_to.name": "String should have at least 1 character",
            },
        ),
        (
            {"ship_to": order_body()["ship_to"] | {"name": "\u200d", "city": "\u3164\u2800"}},
            dict.fromkeys(("ship_to.name", "ship_to.city"), "holds nothing that anybody can read"),
        ),
    ],
)
def test_what_is_wrong_is_said_in_words(
    api: Api, changes: dict[str, Any], found: dict[str, str]
) -> None:
    answer = api("POST", "/orders", order_body() | changes, **KEY)

    assert (answer.status_code, named(answer.json["errors"])) == (422, found)


NAMES = ("👩‍🚀 Ada", "علی‌رضا", "נועה", "मैक्‍स", "Ada Lind")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("unseen", ["\u202e", "\u2066", "\u200b", "\ufeff", "\u202d"])
def test_what_nobody_sees_is_left_out_of_a_name_and_no_joiner_is(
    api: Api, name: str, unseen: str
) -> None:
    describe("MUG")
    ship_to = order_body()["ship_to"] | {"name": f"{unseen}{name}{unseen} {unseen}"}

    answer = api("POST", "/orders", order_body("A-1", ship_to=ship_to), **KEY)

    assert (answer.status_code, answer.json["ship_to"]["name"]) == (201, name)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'{"a": }', "The body is not JSON: Expecting value (line 1, column 7)."),
        (b'{"a": NaN}', "The body is not JSON: it knows no NaN."),
        ('{"a": "é"}'.encode("latin-1"), "The body is not UTF-8; JSON is sent as UTF-8."),
        (b"[" * 100_000, "The body is nested too deeply."),
        (b"9" * 5_000, "The body holds a number of too many digits."),
    ],
    ids=["broken", "NaN", "latin-1", "deep", "long"],
)
def test_a_body_that_cannot_be_read_is_told_why(
    app: Flask, api: Api, body: bytes, detail: str
) -> None:
    headers = KEY | {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}

    answer = app.test_client().post("/api/v1/orders", data=body, headers=headers)

    assert (answer.status_code, answer.json["detail"]) == (400, detail)


def test_a_body_that_is_too_large_is_told_how_large_it_may_be(
    app: Flask, api: Api, ops_client: FlaskClient
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    program = app.test_client().post("/api/v1/orders", data=b" " * (8 * MIB + 1), headers=headers)
    form = {"data": b"x" * (52 * MIB), "content_type": "multipart/form-data; boundary=x"}
    file = ops_client.post("/console/imports/new", **form)

    assert (program.status_code, file.status_code) == (413, 413)
    assert program.json["detail"] == "It is larger than 8 MB, the most that is taken here."
    assert "It is larger than 50 MB, the most that is taken here." in file.text
    assert "Send less at once." in file.text


@pytest.mark.parametrize("said", [True, False])
@pytest.mark.parametrize("path", ["changes", "cancel"])
def test_yes_and_no_are_no_numbers_of_units(api: Api, path: str, *, said: bool) -> None:
    answer = api("POST", f"/orders/A-1/{path}?channel=webshop", {"lines": {"1": said}})

    assert (answer.status_code, named(answer.json["errors"])) == (
        422,
        {"lines.1": "is no whole number"},
    )
