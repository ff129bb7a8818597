"""What programs read: plain JSON, public references, never a key of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.compensation.queries import offers_of
from app.monitoring.queries import cases_of
from app.notifications.queries import messages_of
from app.orders import queries as orders
from app.orders.changes import version
from app.orders.contract import OrderStatus
from app.orders.documents import Document, fulfillment_order_documents, pick
from app.orders.holds import open_holds
from app.orders.models import FulfillmentOrder
from app.orders.words import sentence
from app.payments.queries import payment_of
from app.promises.queries import promises_of
from app.routing.words import DATING, day_told, for_customer
from app.shared.money import Money
from app.shipments.models import Shipment, TrackingEvent
from app.shipments.queries import scans_of, shipments_of
from app.timeline.queries import entries_of, newest_facts

# Nothing of it is on its way any more.
ENDED = {OrderStatus.DELIVERED, OrderStatus.CANCELED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """An order and the rows of all that belongs to it; a new one has no more than it must."""

    order: Any
    version: int
    holds: Sequence[Any]
    lines: Sequence[Any]
    payment: Any | None
    promises: Sequence[Any]
    messages: Sequence[Any]
    entries: Sequence[Any]
    routed: Mapping[str, Any] | None = None
    fos: Sequence[FulfillmentOrder] = ()
    parcels: Sequence[Shipment] = ()
    cases: Sequence[Any] = ()
    offers: Sequence[Any] = ()


def order_document(order_id: UUID) -> Document:
    """Return an order with all that belongs to it."""
    order = orders.order(order_id)
    fos = orders.fulfillment_orders_of(order_id)
    return document_of(
        Parts(
            order=order,
            version=version(order.cohort, order_id),
            holds=open_holds(order_id),
            lines=orders.lines_of(order_id),
            payment=payment_of(order_id),
            promises=promises_of([order_id, *(fo.id for fo in fos)]),
            messages=messages_of(order_id),
            entries=entries_of(order_id),
            routed=newest_facts(order.cohort, order_id, "routing"),
            fos=fos,
            parcels=shipments_of(order_id),
            cases=cases_of(order_id),
            offers=offers_of(order_id),
        )
    )


def document_of(parts: Parts) -> Document:
    """Return an order whose parts have been read."""
    order, fos = parts.order, parts.fos
    return {
        "id": order.reference,
        **pick(order, "channel", "number", "status", "placed_at", "currency", "deliver_on"),
        **pick(order, "delivered_at", "ship_to", "preferences"),
        "version": parts.version,
        "explanation": _explanation(parts),
        "holds": [pick(h, "code", "facts", "held_at") | _why(h) for h in parts.holds],
        "items": str(Money(order.items_minor, order.currency)),
        "freight": str(Money(order.freight_minor, order.currency)),
        "lines": [_line(line, order) for line in parts.lines],
        "fulfillment_orders": fulfillment_order_documents(fos) if fos else [],
        "shipments": _shipments(parts.parcels, scans_of(parts.parcels), fos),
        "payment": _payment(parts.payment),
        "promises": [pick(p, "kind", "version", "due_at", "reason") for p in parts.promises],
        **_consequences(parts),
    }


def _explanation(parts: Parts) -> str | None:
    """Return how it comes, for the customer to read; None: nobody has it, or it has ended."""
    if parts.routed is None or parts.order.status in ENDED:
        return None
    dated = (entry.facts for entry in parts.entries if entry.event in DATING)
    return for_customer(parts.routed, day_told(next(dated, None)))


def _why(hold: Any) -> Document:
    return {"detail": sentence(hold.code, hold.facts)}


def _consequences(parts: Parts) -> Document:
    """Return what the platform found, offered, said and noted."""
    return {
        "exceptions": [
            {
                "id": c.reference,
                **pick(c, "kind", "severity", "occurred_at", "critical_at", "ended_at"),
            }
            for c in parts.cases
        ],
        "offers": [
            {
                "id": o.reference,
                **pick(o, "remedy", "rule", "status", "made_at"),
                "amount": str(Money(o.amount_minor, o.currency)),
            }
            for o in parts.offers
        ],
        "messages": [
            pick(m, "audience", "template", "status", "made_at", "sent_at") for m in parts.messages
        ],
        "timeline": [pick(e, "at", "event", "actor", "facts") for e in parts.entries],
    }


def _line(line: Any, order: Any) -> Document:
    price = str(Money(line.unit_price_minor, order.currency))
    names = ("external_id", "sku", "title", "options", "quantity", "unrouted", "canceled")
    return {**pick(line, *names), "unit_price": price}


def _payment(payment: Any | None) -> Document | None:
    if payment is None:
        return None
    sums = {
        name: str(Money(getattr(payment, f"{name}_minor"), payment.currency))
        for name in ("authorized", "captured", "refunded")
    }
    due = str(Money(payment.pending_minor, payment.currency))
    return {"status": payment.status, **sums, "refund_due": due}


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
