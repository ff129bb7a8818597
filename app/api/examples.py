"""What requests and answers look like: made of their schemas, with words that could be true."""

from __future__ import annotations

from typing import Any

from app.policies.documents import Routing

Json = dict[str, Any]
# What stands in a field of this name; in a form of its own ("Form.field") where that is not enough.
WORDS: dict[str, Any] = {
    "actor": "mine",
    "after": None,
    "amount": "29.90",
    "answered": 204,
    "assigned_at": "2026-11-21T09:16:04+00:00",
    "at": "2026-11-21T09:15:02+00:00",
    "attempts": 1,
    "attest": True,
    "audience": "customer",
    "authorized": "29.90",
    "available": 38,
    "bin": "A-02-1",
    "box": "Small",
    "busy": [],
    "by": "mine",
    "cancel_at": None,
    "canceled": 0,
    "captured": "0.00",
    "carrier": "fedex",
    "channel": "webshop",
    "city": "Malmö",
    "code": "kiln",
    "content": "XlhBXkNJMjheWFo=",
    "company": None,
    "confirm_by": "2026-11-22T09:16:04+00:00",
    "confirmed": 2,
    "cost": "6.00",
    "country": "SE",
    "currency": "EUR",
    "cut_off": "15:00:00",
    "daily_capacity": 120,
    "decline_code": None,
    "declined": 0,
    "delay_reason": None,
    "deliver_by": "2026-11-30",
    "deliver_on": "2026-11-30",
    "delivered": 0,
    "deleted": "01931f5e-8a1c-7c3e-9f43-5b6d2a8e0c11",
    "delivered_at": None,
    "delivery_instructions": "Ring twice",
    "description": "Arrived at FedEx hub",
    "detail": None,
    "due_at": "2026-12-01T00:00:00+00:00",
    "email": "ada@example.org",
    "errors": [],
    "eta": "2026-11-27T17:00:00+00:00",
    "event": "order_placed",
    "exceptions": [],
    "explanation": "All of it comes from one place and should be with you by Thu, Nov 26.",
    "external_id": "1",
    "facts": {"lines": 1},
    "failed": 0,
    "field": "lines.0.quantity",
    "first_day": "2026-12-24",
    "first_scan_at": "2026-11-23T18:40:00+00:00",
    "freight": "4.90",
    "fulfillment_order": "FO-7K2M9QX4TD",
    "gift_message": "Grattis!",
    "gift_wrap": True,
    "file": None,
    "gtin": "4006381333931",
    "handling_days": 1,
    "height_mm": 100,
    "hold_reason": None,
    "holds": [],
    "holidays": "SE",
    "id": "FO-7K2M9QX4TD",
    "instance": "5f2c90e1a7b4",
    "is_active": True,
    "is_held": False,
    "items": "25.00",
    "kind": "merchant",
    "last_day": "2026-12-26",
    "last_error": None,
    "last_scan_at": "2026-11-23T18:40:00+00:00",
    "length_mm": 120,
    "line": "1",
    "line1": "Storgatan 1",
    "line2": None,
    "lines": {"1": 2},
    "links": {"pdf": "https://onward.example/api/v1/packages/PK-4Q8ZC1W2NB/label?form=pdf"},
    "local_at": "2026-11-23T12:40:00-06:00",
    "locale": "sv",
    "location": "main",
    "made_at": "2026-11-21T09:15:02+00:00",
    "made_by": "mine",
    "media_type": "application/pdf",
    "most_units": 50,
    "name": "Ada Lind",
    "next_try_at": None,
    "next_due_at": "2026-11-21T10:00:00+00:00",
    "now": "2026-11-21T09:30:00+00:00",
    "number": "A-1001",
    "occurred_at": "2026-11-23T18:40:00+00:00",
    "offers": [],
    "old_secret_until": None,
    "on_hand": 40,
    "options": {"color": "red"},
    "order_number": "A-1001",
    "ordered": 2,
    "own_code": "K-0417",
    "package": "PK-4Q8ZC1W2NB",
    "packed": 2,
    "packing": ["fragile"],
    "packing_note": "A double box for plates",
    "phone": "+46701234567",
    "picked": 2,
    "place": "Memphis, TN",
    "placed_at": "2026-11-21T10:15:00+01:00",
    "postal_code": "211 34",
    "preferred_delivery_time": "evening",
    "price": "12.50",
    "provider": "own",
    "quantity": 2,
    "rate": 1,
    "reason": "The customer asked for it",
    "reference": "pi_123",
    "refund_due": "0.00",
    "refunded": "0.00",
    "region": None,
    "reserved": 2,
    "restock_on": None,
    "ring_only": None,
    "secret": "whsec_b253YXJkIHNheXMgd2hhdCBpdCBtZWFucyB0byBzYXk=",
    "service": "standard",
    "sent_at": "2026-11-21T09:15:20+00:00",
    "ship_by": "2026-11-24T14:00:00+00:00",
    "ship_on": "2026-11-24",
    "shipped": 2,
    "shipped_at": "2026-11-23T10:00:00+01:00",
    "shipping_price": None,
    "ships_to": None,
    "short": {},
    "sku": "MUG-RED",
    "status_at": None,
    "status_by": None,
    "status_reason": None,
    "status_until": None,
    "stock": 40,
    "stopped_because": None,
    "subject": "FO-7K2M9QX4TD",
    "took_ms": 84,
    "template": "order_received",
    "title": "Mug, red",
    "tracking_number": "700000000010",
    "unit_price": "12.50",
    "unknown": [],
    "url": "https://example.com/onward",
    "unrouted": 0,
    "vendor": "kiln",
    "weight_g": 350,
    "width_mm": 90,
    "working_days": [1, 2, 3, 4, 5],
    "zone": "Europe/Stockholm",
    # The same names, meaning something else.
    "CancelForm.lines": {"1": 1},
    "Closure.reason": "Between the years",
    "ClosureForm.reason": "Between the years",
    "ConfirmForm.code": None,
    "ConfirmForm.offers": {},
    "ConfirmForm.reason": None,
    "CustomerForm.external_id": "C-77",
    "FieldProblem.detail": "Input should be greater than or equal to 1",
    "FulfillmentOrder.status": "shipped",
    "LastDelivery.status": "sent",
    "LineForm.ship_by": None,
    "LineForm.vendor": None,
    "Location.code": "main",
    "Location.name": "Main",
    "LocationForm.name": "Main",
    "MadeWebhook.events": ["fulfillment_order.assigned"],
    "MadeWebhook.id": "01931f5e-8a1c-7c3e-9f43-5b6d2a8e0c11",
    "Message.status": "sent",
    "Moved.state": "confirmed",
    "Moved.status": 200,
    "NamedConfirmForm.code": None,
    "NamedConfirmForm.offers": {},
    "NamedConfirmForm.reason": None,
    "NamedVendorForm.email": "hello@kiln.example",
    "NamedVendorForm.name": "Kiln & Sons",
    "Order.id": "OR-4H7XJ2M8SB",
    "Order.status": "shipped",
    "OrderPaymentForm.status": "authorized",
    "Payment.status": "authorized",
    "Policy.document": Routing().model_dump(mode="json"),
    "Policy.kind": "routing",
    "Problem.detail": "The request was not taken.",
    "Problem.status": 422,
    "Problem.title": "Invalid input",
    "Promise.kind": "deliver_by",
    "Promise.reason": "given with the order",
    "SavedLocation.code": "main",
    "SavedLocation.name": "Main",
    "SavedVendor.email": "hello@kiln.example",
    "SavedVendor.name": "Kiln & Sons",
    "Scan.code": "AR",
    "Scan.status": "in_transit",
    "Shipment.id": "SH-9D1CTB6YRN",
    "Shipment.status": "in_transit",
    "ShippingForm.price": "4.90",
    "Taken.id": "OR-4H7XJ2M8SB",
    "Taken.status": 201,
    "Vendor.email": "hello@kiln.example",
    "Vendor.name": "Kiln & Sons",
    "VendorForm.email": "hello@kiln.example",
    "VendorForm.name": "Kiln & Sons",
    "Webhook.events": ["fulfillment_order.assigned"],
    "Webhook.id": "01931f5e-8a1c-7c3e-9f43-5b6d2a8e0c11",
    "WebhookDelivery.event": "fulfillment_order.assigned",
    "WebhookDelivery.id": "01931f60-2b7d-7a90-8e15-c4f7d9013b52",
    "WebhookDelivery.status": "sent",
}
TYPES = {str: "string", bool: "boolean", int: "integer", list: "array", dict: "object"}
LEAST = {"string": "…", "boolean": False, "integer": 1, "number": 1, "object": {}, "null": None}


def example(schema: Json, schemas: Json, name: str = "", of: str = "") -> Any:
    """Return what could stand where a schema is; `name` is the field, `of` the form it is in.

    `schemas` are those that others name.
    """
    ways = [resolved(way, schemas) for way in schema.get("anyOf", [schema])]
    for key in (f"{of}.{name}", name):
        if key in WORDS and any(_fits(WORDS[key], way) for way in ways):
            return WORDS[key]
    way = ways[0]
    if way.get("properties"):
        return _object(way, schemas)
    if way.get("type") == "array" and not schema.get("default"):
        return [example(way["items"], schemas, name, of)]
    given = schema.get("default", way.get("default"))
    return given if given is not None else way.get("enum", [LEAST[way["type"]]])[0]


def resolved(schema: Json, schemas: Json) -> Json:
    """Return a schema itself where it only names one."""
    found: Json = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return found


def _object(schema: Json, schemas: Json) -> Json:
    found = {
        name: example(field, schemas, name, schema["title"])
        for name, field in schema["properties"].items()
    }
    needed = schema.get("required", [])
    return {name: value for name, value in found.items() if value is not None or name in needed}


def _fits(value: Any, schema: Json) -> bool:
    if value is None:
        return schema.get("type") == "null"
    is_own = "properties" not in schema and TYPES[type(value)] == schema.get("type")
    return is_own and value in schema.get("enum", [value])
