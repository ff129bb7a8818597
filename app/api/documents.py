"""What programs read: plain JSON, public references, never a key of ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from app.compensation.queries import offers_of
from app.monitoring.queries import cases_of
from app.notifications.queries import messages_of
from app.orders import queries as orders
from app.orders.changes import version
from app.orders.holds import open_holds
from app.orders.models import FoLine, FulfillmentOrder, Order, OrderHold
from app.orders.rules import address_for_vendor
from app.orders.words import sentence
from app.payments.queries import payment_of
from app.promises.queries import promises_of
from app.shared.money import Money
from app.shipments.models import Shipment, TrackingEvent
from app.shipments.queries import scans_of, shipments_of
from app.timeline.queries import entries_of
from app.vendors.queries import vendor_codes

Document = dict[str, Any]
QUANTITIES = (
    "ordered",
    "declined",
    "confirmed",
    "picked",
    "packed",
    "shipped",
    "delivered",
    "canceled",
)


def plain(value: Any) -> Any:
    """Return a value as JSON has it: moments, days and clocks as ISO 8601."""
    return value.isoformat() if isinstance(value, datetime | date | time) else value


def pick(row: Any, *names: str) -> Document:
    """Return these attributes of a row."""
    return {name: plain(getattr(row, name)) for name in names}


def order_document(order_id: UUID) -> Document:
    """Return an order with all that belongs to it."""
    order = orders.order(order_id)
    parcels = shipments_of(order_id)
    found = orders.fulfillment_orders_of(order_id)
    return {
        "id": order.reference,
        **pick(order, "channel", "number", "status", "placed_at", "currency", "deliver_on"),
        **pick(order, "delivered_at", "ship_to", "preferences"),
        "version": version(order.cohort, order_id),
        "holds": [pick(h, "code", "facts", "held_at") | _why(h) for h in open_holds(order_id)],
        "items": str(Money(order.items_minor, order.currency)),
        "freight": str(Money(order.freight_minor, order.currency)),
        "lines": [_line(line, order) for line in orders.lines_of(order_id)],
        "fulfillment_orders": fulfillment_order_documents(found),
        "shipments": _shipments(parcels, scans_of(parcels), found),
        "payment": _payment(order),
        "promises": [pick(p, "kind", "version", "due_at", "reason") for p in promises_of(order_id)],
        **_consequences(order),
    }


def _why(hold: OrderHold) -> Document:
    return {"detail": sentence(hold.code, hold.facts)}


def _consequences(order: Order) -> Document:
    """Return what the platform found, offered, said and noted."""
    return {
        "exceptions": [
            {
                "id": c.reference,
                **pick(c, "kind", "severity", "occurred_at", "critical_at", "ended_at"),
            }
            for c in cases_of(order.id)
        ],
        "offers": [
            {
                "id": o.reference,
                **pick(o, "remedy", "rule", "status", "made_at"),
                "amount": str(Money(o.amount_minor, o.currency)),
            }
            for o in offers_of(order.id)
        ],
        "messages": [
            pick(m, "audience", "template", "status", "made_at", "sent_at")
            for m in messages_of(order.id)
        ],
        "timeline": [pick(e, "at", "event", "actor", "facts") for e in entries_of(order.id)],
    }


def _line(line: Any, order: Order) -> Document:
    price = str(Money(line.unit_price_minor, order.currency))
    names = ("external_id", "sku", "title", "options", "quantity", "unrouted", "canceled")
    return {**pick(line, *names), "unit_price": price}


def _payment(order: Order) -> Document | None:
    payment = payment_of(order.id)
    if payment is None:
        return None
    sums = {
        name: str(Money(getattr(payment, f"{name}_minor"), payment.currency))
        for name in ("authorized", "captured", "refunded")
    }
    return {"status": payment.status, **sums}


def _shipments(
    parcels: Sequence[Shipment], scans: Sequence[TrackingEvent], fos: Sequence[FulfillmentOrder]
) -> list[Document]:
    names = {fo.id: fo.reference for fo in fos}
    return [
        {"fulfillment_order": names[p.fo_id]}
        | _shipment(p, [s for s in scans if s.shipment_id == p.id])
        for p in parcels
    ]


def _shipment(parcel: Shipment, scans: list[TrackingEvent]) -> Document:
    names = ("carrier", "tracking_number", "status", "delay_reason", "shipped_at", "first_scan_at")
    return {
        "id": parcel.reference,
        **pick(parcel, *names, "last_scan_at", "delivered_at", "eta"),
        "events": [
            pick(s, "occurred_at", "local_at", "code", "description", "status", "place")
            for s in scans
        ],
    }


def fulfillment_order_documents(
    fos: Sequence[FulfillmentOrder], *, to_vendor_at: datetime | None = None
) -> list[Document]:
    """Return fulfillment orders as their vendors may see them.

    `to_vendor_at`: a vendor reads them at this moment, and where to only while it needs to know;
    None: the marketplace itself does.
    """
    days = orders.address_days(to_vendor_at) if to_vendor_at else 0
    codes = vendor_codes({fo.vendor_id for fo in fos})
    names = ("status", "order_number", "assigned_at", "confirm_by", "ship_by", "shipped_at")
    return [
        {
            "id": fo.reference,
            "vendor": codes[fo.vendor_id],
            **pick(fo, *names, "delivered_at", "hold_reason"),
            **_where_to(fo, to_vendor_at, days),
            "lines": [_fo_line(line) for line in fo.lines],
        }
        for fo in fos
    ]


def _where_to(fo: FulfillmentOrder, to_vendor_at: datetime | None, days: int) -> Document:
    ship_to = address_for_vendor(fo, to_vendor_at, days) if to_vendor_at else fo.ship_to
    return {"ship_to": ship_to, "preferences": fo.preferences if ship_to else {}}


def _fo_line(line: FoLine) -> Document:
    return {**pick(line, "line", "sku", "title", "options"), **pick(line, *QUANTITIES)}
