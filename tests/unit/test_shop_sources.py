"""What shops write of their orders, read into ours: signatures, amounts that add up, odd shapes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.intake.contract import Gone, Ignored, Sent, Told
from app.intake.forms import OrderForm
from app.intake.reading import minor, priced
from app.intake.registry import sources
from app.shared.errors import InvalidInput
from tests.factories import order_body
from tests.unit.shop_payloads import both, shopify_item, shopify_order, woo_item, woo_order

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SHOPIFY, WOO, OWN = (sources()[name] for name in ("shopify", "woocommerce", "onward"))


def told(source: Any, order: Any, topic: str = "") -> Any:
    topic = topic or {SHOPIFY: "orders/create", WOO: "order.created"}.get(source, "")
    return source.read(json.dumps(order).encode(), topic)


def placed(found: Any) -> Any:
    """Return an order as our own form takes it."""
    assert isinstance(found, Told)
    return OrderForm.model_validate({**found.order, "channel": "web"}).to_order(NOW)


def worth(order: Any) -> int:
    """Return what the customer pays in all, in minor units."""
    return sum(x.quantity * x.unit_price_minor for x in order.lines) + order.shipping_minor


# Signatures -----------------------------------------------------------------------------------


def signature(secret: str, content: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha256).digest()).decode()


@pytest.mark.parametrize(
    ("source", "header"),
    [(SHOPIFY, "x-shopify-hmac-sha256"), (WOO, "x-wc-webhook-signature")],
    ids=["shopify", "woocommerce"],
)
def test_a_body_is_genuine_as_it_was_signed_and_no_other(source, header):
    body, secret = b'{"id": 1}', "a secret of the shop"
    good = signature(secret, body)

    assert source.is_genuine(Sent({header: good}, body), secret, NOW)
    for headers, sent, known in (
        ({header: good}, body + b" ", secret),
        ({header: good}, body, "another secret"),
        ({header: good[:-2] + "=="}, body, secret),
        ({header: ""}, body, secret),
        ({header: "é"}, body, secret),
        ({}, body, secret),
    ):
        assert not source.is_genuine(Sent(headers, sent), known, NOW)


def own(body: bytes, at: datetime = NOW, secret: bytes = b"k" * 32, name: str = "m1") -> Sent:
    stamp = str(int(at.timestamp()))
    mac = hmac.new(secret, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
    signed = f"v1a,nothing v1,{base64.b64encode(mac).decode()}"
    headers = {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": signed}
    return Sent(headers, body)


def test_our_own_words_are_signed_with_their_id_and_moment():
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    good = own(b"{}")

    assert OWN.is_genuine(good, secret, NOW)
    assert OWN.is_genuine(own(b"{}", NOW - timedelta(minutes=5)), secret, NOW)
    assert not OWN.is_genuine(own(b"{}", NOW - timedelta(minutes=5, seconds=1)), secret, NOW)
    assert not OWN.is_genuine(own(b"{}", NOW + timedelta(minutes=6)), secret, NOW)
    assert not OWN.is_genuine(Sent({**good.headers, "webhook-id": "m2"}, b"{}"), secret, NOW)
    assert not OWN.is_genuine(Sent({**good.headers, "webhook-timestamp": "x"}, b"{}"), secret, NOW)
    assert not OWN.is_genuine(good, "whsec_!", NOW)


def test_only_woocommerce_asks_whether_anybody_is_there():
    ping = Sent({}, b"webhook_id=12")

    assert [source.is_ping(ping) for source in (SHOPIFY, WOO, OWN)] == [False, True, False]
    assert not WOO.is_ping(Sent({}, b"webhook_id=12&x=1"))


# Shopify --------------------------------------------------------------------------------------


def test_a_shopify_order_is_ours():
    found = told(SHOPIFY, shopify_order())
    order = placed(found)

    assert (found.subject, found.number, order.number) == ("450789469", "1001", "1001")
    assert (worth(order), order.currency, order.shipping_minor) == (2990, "EUR", 490)
    assert [(x.external_id, x.sku, x.quantity, x.options) for x in order.lines] == [
        ("501", "MUG", 2, {"variant": "Red"})
    ]
    assert (order.customer.external_id, order.customer.locale) == ("207119551", "sv-SE")
    assert (order.ship_to["line1"], order.ship_to["country"]) == ("Storgatan 1", "SE")
    assert order.preferences["delivery_instructions"] == "Ring twice"
    assert (found.money, found.units, found.ended) == ({"captured": "29.90"}, {"501": 2}, None)


def test_a_discount_that_cannot_be_divided_still_adds_up():
    item = shopify_item(
        quantity=3, price="10.00", discount_allocations=[{"amount_set": both("1.00")}]
    )

    order = placed(told(SHOPIFY, shopify_order(line_items=[item])))

    assert [(x.external_id, x.quantity, x.unit_price_minor) for x in order.lines] == [
        ("501", 1, 966),
        ("501/2", 2, 967),
    ]
    assert worth(order) == 2900 + 490


def test_taxes_on_top_are_part_of_what_the_customer_paid():
    tax = [{"price_set": both("5.00"), "rate": 0.25}]
    freight = shopify_order()["shipping_lines"][0] | {"tax_lines": [{"price_set": both("1.00")}]}
    raw = shopify_order(
        taxes_included=False, line_items=[shopify_item(tax_lines=tax)], shipping_lines=[freight]
    )

    order = placed(told(SHOPIFY, raw))

    assert (worth(order), order.shipping_minor) == (2500 + 500 + 590, 590)


def test_amounts_are_those_the_customer_saw():
    yen = {"price_set": both("1250", "JPY", "7.80")}
    raw = shopify_order(
        line_items=[shopify_item(**yen)],
        shipping_lines=[],
        total_price_set=both("2500", "JPY", "15.60"),
        presentment_currency="JPY",
    )

    found = told(SHOPIFY, raw)

    assert (placed(found).currency, worth(placed(found))) == ("JPY", 2500)
    assert found.money == {"captured": "2500"}


def test_a_guest_is_the_same_customer_under_the_same_address():
    guests = [
        placed(told(SHOPIFY, shopify_order(customer=None, email=mail, contact_email=None)))
        for mail in ("Ada@example.org", "ada@example.org", "bo@example.org", None)
    ]

    one, same, other, nameless = (order.customer for order in guests)
    assert one.external_id == same.external_id != other.external_id
    assert (one.name, nameless.email, nameless.external_id) == ("Ada Lind", None, "guest-450789469")


def test_what_has_no_sku_is_called_by_its_variant():
    items = [
        shopify_item(1, sku=None),
        shopify_item(2, sku="", variant_id=None),
        shopify_item(3, sku=" ", variant_id=None, product_id=None),
    ]

    order = placed(told(SHOPIFY, shopify_order(line_items=items)))

    assert [x.sku for x in order.lines] == ["shopify:9001", "shopify:8001", "shopify:3"]


def test_gift_cards_and_what_is_not_shipped_are_no_lines():
    items = [
        shopify_item(1, gift_card=True, requires_shipping=False),
        shopify_item(2, requires_shipping=False),
        shopify_item(3),
    ]

    assert [
        x.external_id for x in placed(told(SHOPIFY, shopify_order(line_items=items))).lines
    ] == ["3"]
    assert told(SHOPIFY, shopify_order(line_items=items[:2])) == Ignored(
        "Nothing of it is shipped."
    )


def test_what_was_taken_out_of_an_order_before_it_came_is_not_ordered():
    items = [shopify_item(1, current_quantity=1), shopify_item(2, current_quantity=0)]

    found = told(SHOPIFY, shopify_order(line_items=items))

    assert [(x.external_id, x.quantity) for x in placed(found).lines] == [("1", 1)]
    assert found.units == {"1": 1, "2": 0}


def test_what_a_customer_wished_is_found_among_the_attributes():
    told_by = [
        ("Gift Message", "Grattis!"),
        ("Delivery Date", "2026-12-24"),
        ("Delivery time", "evening"),
        ("Engraving", "A & B"),
        ("_internal", "x"),
        ("Delivery date", "soon"),
    ]
    raw = shopify_order(
        note="Ring\r\ntwice\x07", note_attributes=[{"name": k, "value": v} for k, v in told_by]
    )

    wishes = placed(told(SHOPIFY, raw)).preferences

    assert wishes["gift_message"] == "Grattis!"
    assert (wishes["deliver_by"], wishes["preferred_delivery_time"]) == ("2026-12-24", "evening")
    notes = "Ring\ntwice\nEngraving: A & B\nDelivery date: soon"
    assert wishes["delivery_instructions"] == notes


@pytest.mark.parametrize(
    ("status", "changes", "money"),
    [
        ("pending", {}, {"pending": "29.90"}),
        ("authorized", {}, {"authorized": "29.90"}),
        ("partially_paid", {"total_outstanding": "9.90"}, {"captured": "20.00"}),
        ("voided", {}, {"failed": "29.90"}),
        (
            "partially_refunded",
            {
                "refunds": [
                    {
                        "id": 1,
                        "transactions": [
                            {
                                "kind": "refund",
                                "status": "success",
                                "amount": "5.00",
                                "currency": "EUR",
                            },
                            {
                                "kind": "refund",
                                "status": "failure",
                                "amount": "5.00",
                                "currency": "EUR",
                            },
                        ],
                    }
                ]
            },
            {"captured": "29.90", "refunded": "5.00"},
        ),
    ],
)
def test_where_the_money_stands_is_told(status, changes, money):
    found = told(SHOPIFY, shopify_order(financial_status=status, **changes))

    assert found.money == money


def test_a_canceled_and_a_test_order_say_so():
    canceled = told(
        SHOPIFY,
        shopify_order(cancelled_at="2026-11-23T10:00:00+01:00", cancel_reason="customer"),
        "orders/cancelled",
    )

    assert canceled.ended == "canceled in the shop (customer)"
    assert told(SHOPIFY, shopify_order(test=True)) == Ignored("It is a test order.")


def test_a_topic_in_a_header_cancels_nothing_that_the_body_does_not():
    assert told(SHOPIFY, shopify_order(), "orders/cancelled").ended is None
    assert told(WOO, woo_order(), "order.deleted").ended is None
    assert isinstance(told(SHOPIFY, shopify_order(), "products/update"), Ignored)
    assert isinstance(told(WOO, woo_order(), "coupon.created"), Ignored)


def test_an_address_that_lacks_its_street_is_taken_to_be_looked_at():
    bare = {"first_name": "Ada", "country_code": "se", "address1": None, "city": ""}

    ship_to = placed(told(SHOPIFY, shopify_order(shipping_address=bare))).ship_to

    assert (ship_to["name"], ship_to["line1"], ship_to["city"]) == ("Ada", "-", "-")
    assert ship_to["country"] == "SE"


def test_an_order_to_be_picked_up_has_no_address_and_is_refused():
    with pytest.raises(InvalidInput) as refusal:
        told(SHOPIFY, shopify_order(shipping_address=None))

    assert refusal.value.detail == "Order 1001 has no shipping address."


# WooCommerce ----------------------------------------------------------------------------------


def test_a_woocommerce_order_is_ours():
    found = told(WOO, woo_order())
    order = placed(found)

    assert (found.subject, order.number, order.currency) == ("727", "727", "EUR")
    assert (worth(order), order.shipping_minor) == (2990, 490)
    assert order.placed_at.isoformat() == "2026-11-23T08:15:00+00:00"
    assert (order.customer.name, order.customer.email) == ("Bo Ek", "bo@example.org")
    assert order.customer.external_id.startswith("guest-")
    assert (found.money, found.units) == ({"captured": "29.90"}, {"315": 2})


@pytest.mark.parametrize(
    ("status", "waits", "ended", "units"),
    [
        ("pending", "is not paid yet", None, 2),
        ("on-hold", "is on hold in the shop", None, 2),
        ("completed", "has the status 'completed' and is not to be shipped", None, 2),
        ("refunded", "has the status 'refunded' and is not to be shipped", None, 0),
        (
            "cancelled",
            "has the status 'cancelled' and is not to be shipped",
            "canceled in the shop",
            0,
        ),
        ("trash", "has the status 'trash' and is not to be shipped", "thrown away in the shop", 0),
        ("failed", "could not be paid in the shop", None, 2),
        ("wc-packed", "has the status 'wc-packed' and is not to be shipped", None, 2),
    ],
)
def test_only_what_is_paid_and_not_done_is_taken_in(status, waits, ended, units):
    found = told(WOO, woo_order(status=status))

    assert (found.waits, found.ended, found.units) == (waits, ended, {"315": units})


def test_an_order_that_is_gone_is_named_by_its_key_alone():
    assert told(WOO, {"id": 727}, "order.deleted") == Gone("727", reason="deleted in the shop")


def test_discounts_taxes_and_cents_of_woocommerce_add_up():
    items = [
        woo_item(1, quantity=3, total="8.4034", total_tax="1.5966", sku=""),
        woo_item(2, quantity=1, total="0.00", total_tax="0.00", variation_id=77, sku=""),
        woo_item(3, quantity=0, total="0.00", total_tax="0.00"),
    ]

    order = placed(told(WOO, woo_order(line_items=items, shipping_lines=[])))

    assert [(x.external_id, x.sku, x.quantity, x.unit_price_minor) for x in order.lines] == [
        ("1", "woocommerce:93", 2, 333),
        ("1/2", "woocommerce:93", 1, 334),
        ("2", "woocommerce:77", 1, 0),
    ]
    assert worth(order) == 1000


def test_a_shop_that_asks_for_one_address_ships_to_it():
    nothing = dict.fromkeys(woo_order()["shipping"], "")

    assert placed(told(WOO, woo_order(shipping=nothing))).ship_to["line1"] == "Ågatan 3"


NEGATIVE = "Input should be greater than or equal to 0"


@pytest.mark.parametrize(
    ("source", "order", "field"),
    [
        (
            SHOPIFY,
            shopify_order(line_items=[shopify_item(price_set=both("-1.00"))]),
            "line_items.0.price_set.presentment_money.amount",
        ),
        (WOO, woo_order(line_items=[woo_item(total="-1.00")]), "line_items.0.total"),
    ],
)
def test_what_costs_less_than_nothing_is_refused_and_not_given_away(source, order, field):
    with pytest.raises(InvalidInput) as refused:
        told(source, order)

    assert refused.value.fields[field] == NEGATIVE


def test_what_was_refunded_is_told_in_all():
    refunds = [{"id": 1, "reason": "", "total": "-5.00"}, {"id": 2, "total": "-1.50"}]

    assert told(WOO, woo_order(refunds=refunds)).money == {"captured": "29.90", "refunded": "6.50"}


def test_cash_on_delivery_is_not_paid_yet():
    assert told(WOO, woo_order(date_paid_gmt=None)).money == {"pending": "29.90"}


# Our own --------------------------------------------------------------------------------------


def test_our_own_orders_are_told_as_the_api_takes_them():
    body = order_body("A-1")

    found = told(OWN, {"type": "order.placed", "data": body})
    gone = told(OWN, {"type": "order.canceled", "data": {"number": "A-1", "lines": {"1": 1}}})

    assert (found.subject, found.number, found.order, found.units) == ("A-1", "A-1", body, None)
    assert gone == Gone("A-1", "A-1", {"1": 1}, "")
    assert isinstance(told(OWN, {"type": "order.praised", "data": {}}), Ignored)


# Anything -------------------------------------------------------------------------------------

ODD = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"{",
    b"\xff",
    b'{"id": NaN}',
    b"[" * 100_000,
    b'"' + b"9" * 5000,
]


@pytest.mark.parametrize("source", [SHOPIFY, WOO, OWN], ids=["shopify", "woocommerce", "onward"])
@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
def test_what_is_no_order_is_refused_and_breaks_nothing(source, body):
    topic = {SHOPIFY: "orders/create", WOO: "order.created"}.get(source, "")

    with pytest.raises(InvalidInput):
        source.read(body, topic)


scraps = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=8) | some.floats(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner),
    max_leaves=6,
)


@given(some.sampled_from(sorted(shopify_order())), scraps)
def test_any_part_of_a_shopify_order_may_be_nonsense(name, nonsense):
    body = json.dumps(shopify_order(**{name: nonsense}), default=str).encode()
    try:
        found = SHOPIFY.read(body, "orders/create")
    except InvalidInput:
        return
    assert isinstance(found, Told | Ignored)


@given(some.sampled_from(sorted(woo_order())), scraps)
def test_any_part_of_a_woocommerce_order_may_be_nonsense(name, nonsense):
    body = json.dumps(woo_order(**{name: nonsense}), default=str).encode()
    try:
        found = WOO.read(body, "order.created")
    except InvalidInput:
        return
    assert isinstance(found, Told | Ignored | Gone)


@given(
    some.integers(1, 1000),
    some.integers(0, 1000),
    some.integers(0, 10**9),
    some.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_lines_add_up_to_their_total_to_the_smallest_coin(units, left, total, currency):
    whole = priced("7", units, units, total, currency)
    rest = priced("7", units, left, total, currency)

    def sums(lines):
        prices = [(x["quantity"], minor(Decimal(x["unit_price"]), currency)) for x in lines]
        return sum(q for q, _ in prices), sum(q * p for q, p in prices)

    assert sums(whole) == (units, total)
    assert sums(rest)[0] == min(units, left)
    assert len({x["unit_price"] for x in whole}) == len(whole) <= 2
