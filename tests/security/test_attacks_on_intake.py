"""Orders as attackers and accidents send them: nothing is lost, doubled, stuck or endless."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import threading
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from flask import Flask

from app.checks.service import Subject
from app.intake import imports, queries, shops
from app.intake.reading import parsed
from app.integrity import broken_invariants
from app.orders.locks import lock_orders
from app.orders.service import Confirmation, confirm
from app.routing.moves import Move, move_lines
from app.routing.service import route
from app.shared.errors import DomainError, InvalidInput
from app.shared.work import OPS, PLATFORM, transaction
from tests.factories import (
    line,
    make_vendor_with_stock,
    one,
    order_body,
    references,
    routed_order,
    rows,
    run,
)
from tests.people import make_person, person_of
from tests.unit.shop_payloads import shopify_item, shopify_order, woo_order

SECRET = "the key that Shopify signs with"
# What JSON can write and no table keeps.
NOWHERE = ["\0", "\ud800"]
webhooks = count(1)
Say = Callable[..., Any]


@pytest.fixture
def shop(app: Flask, jobs_run_here: None) -> dict[str, Any]:
    """A Shopify and a WooCommerce shop, and who looks after them."""
    make_vendor_with_stock("kiln", {"MUG": 50, "POT": 50})
    admin = person_of(make_person("administrator", "Teo Marin"))
    with transaction(OPS):
        shops.make("eu-shop", "shopify", "web", SECRET, admin)
        return {"woo": shops.make("woo", "woocommerce", "woo", "", admin), "admin": admin}


@pytest.fixture
def tell(app: Flask, shop: dict[str, Any]) -> Say:
    """Tell something as the Shopify shop would."""
    browser = app.test_client()

    def say(order: dict[str, Any], topic: str = "orders/updated", name: str = "") -> Any:
        body = json.dumps(order).encode()
        sent = {
            "X-Shopify-Hmac-Sha256": _mac(SECRET, body),
            "X-Shopify-Topic": topic,
            "X-Shopify-Webhook-Id": name or f"w{next(webhooks)}",
        }
        return browser.post("/webhooks/sources/eu-shop", data=body, headers=sent)

    return say


def _mac(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def at(minute: int, **changes: Any) -> dict[str, Any]:
    return shopify_order(updated_at=f"2026-11-23T09:{minute:02d}:00+00:00", **changes)


def broken() -> list[tuple[str, int, str]]:
    with transaction(OPS):
        return broken_invariants()


# Work that changes hands ----------------------------------------------------------------------


@pytest.mark.parametrize("confirms", [None, {"1": 1}, {"1": 0}])
def test_what_was_moved_away_is_not_confirmed_again(app, jobs_run_here, confirms):
    make_vendor_with_stock("kiln", {"MUG": 9})
    order = routed_order("A-1", [line(quantity=3)])
    make_vendor_with_stock("ridge", {"MUG": 9})
    (reference,) = references(order)
    with transaction(OPS) as now:
        move = Move(reference, "ridge", "main", {"1": 1})
        move_lines(move, reason="by phone", actor="imani", now=now)

    with transaction(OPS) as now:
        confirm([Confirmation(reference, confirms, "few")], actor="kiln", now=now)
    run("route_orders")

    assert broken() == []
    given = one("SELECT sum(ordered - declined - canceled) AS n FROM fo_lines").n
    assert given == 3


def test_more_than_is_left_after_a_move_cannot_be_confirmed(app, jobs_run_here):
    make_vendor_with_stock("kiln", {"MUG": 9})
    order = routed_order("A-1", [line(quantity=3)])
    make_vendor_with_stock("ridge", {"MUG": 9})
    (reference,) = references(order)
    with transaction(OPS) as now:
        move = Move(reference, "ridge", "main", {"1": 1})
        move_lines(move, reason="by phone", actor="imani", now=now)

    with transaction(OPS) as now:
        (refusal,) = confirm([Confirmation(reference, {"1": 3})], actor="kiln", now=now)
        assert isinstance(refusal, DomainError)
        assert refusal.fields == {"1": "0 to 2"}
    assert broken() == []


# Shops ----------------------------------------------------------------------------------------


def test_a_shop_that_changes_units_waits_for_whoever_is_at_the_order(tell, sql):
    """The shop's word comes while routing has the order: nothing is read before it is free."""
    tell(at(1))
    order = one("SELECT id FROM orders").id
    more = at(2, line_items=[shopify_item(quantity=4)])
    answers: list[Any] = []
    says = threading.Thread(target=lambda: answers.append(tell(more, "orders/edited").json))
    with transaction(PLATFORM) as now:
        lock_orders([order])
        says.start()
        wait_for_a_lock(sql)
        route([Subject(order, "order", order)], now)
    says.join()
    run("route_orders")

    assert answers[0]["outcome"] == "changed"
    assert broken() == []
    assert one("SELECT sum(ordered) AS n FROM fo_lines").n == 4


def wait_for_a_lock(sql: Any) -> None:
    until = time.monotonic() + 10
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    while not sql(waiting)[0][0] and time.monotonic() < until:
        threading.Event().wait(0.02)


@pytest.mark.parametrize("odd", NOWHERE, ids=["nul", "half a character"])
@pytest.mark.parametrize("field", ["id", "name", "note", "currency"])
def test_what_no_table_keeps_is_refused_and_never_an_error(tell, field, odd):
    answer = tell(at(1, **{field: odd}))

    assert (answer.status_code, answer.json["outcome"]) == (200, "refused")
    assert rows("SELECT FROM orders") == []


def test_two_orders_of_one_second_of_woocommerce_are_two(app, shop):
    """WooCommerce makes a delivery's id of the second it is sent in."""
    browser = app.test_client()
    for number in (701, 702):
        body = json.dumps(woo_order(id=number, number=str(number))).encode()
        sent = {
            "X-WC-Webhook-Signature": _mac(shop["woo"], body),
            "X-WC-Webhook-Topic": "order.created",
            "X-WC-Webhook-Delivery-ID": "of one second",
        }
        for _ in range(2):
            answer = browser.post("/webhooks/sources/woo", data=body, headers=sent)
            assert answer.json["outcome"] == "taken"

    assert [r.number for r in rows("SELECT number FROM orders ORDER BY 1")] == ["701", "702"]


def test_what_was_refused_twice_is_tried_again_as_it_stands_now(tell, shop):
    moved = at(1)["shipping_address"] | {"address1": "Lillgatan 2", "country_code": "1"}
    first = tell(at(1, shipping_address=moved), name="first").json
    second = tell(at(2, shipping_address=moved | {"address1": "Ny 3"}), name="second").json
    assert (first["outcome"], second["outcome"]) == ("refused", "known")

    with transaction(OPS):
        result = shops.try_again("eu-shop", "first", shop["admin"])

    # Still refused, for its own reason; never dropped as if it had been heard.
    assert result.outcome == "refused"
    assert one("SELECT count(*) AS n FROM source_deliveries WHERE body IS NOT NULL").n == 1
    newest = one("SELECT as_of FROM source_deliveries WHERE delivery = 'first'").as_of
    assert newest.minute == 2


# Files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", NOWHERE, ids=["nul", "half a character"])
@pytest.mark.parametrize("where", ["number", "key", "nested"])
def test_no_record_of_a_file_stops_those_after_it(shop, where, odd):
    body = order_body("A-1")
    bad = {
        "number": body | {"number": odd},
        "key": body | {odd: 1},
        "nested": body | {"customer": {odd: odd}},
    }[where]
    content = "\n".join(json.dumps(one_) for one_ in (bad, order_body("A-2"))).encode()
    with transaction(OPS):
        reference = imports.draft("orders", "o.jsonl", io.BytesIO(content), None)
        row = queries.one(reference)
        imports.arrange(reference, row.mapping, row.fixed | {"channel": "web"}, None)
        imports.start(reference, None)

    run("run_imports")

    found = one("SELECT * FROM imports WHERE reference = :reference", reference=reference)
    assert (found.status, found.taken, found.refused) == ("done", 1, 1)


@pytest.mark.parametrize("number", ["1e999999999", "1e-999999999", "0e99999999999999999999"])
def test_no_number_takes_longer_than_it_is(number):
    began = time.process_time()

    with pytest.raises(InvalidInput):
        parsed(f'{{"quantity": {number}}}')

    assert time.process_time() - began < 1
