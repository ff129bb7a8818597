"""What a customer's answer makes of units that their vendor cannot send as ordered."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from app.checks import service as checks
from app.checks.service import Subject
from app.extensions import db
from app.orders.models import Order, OrderLine
from app.orders.service import settle
from app.shared import ids

AWAIT = text(
    "UPDATE fo_lines SET is_awaited = true"
    " WHERE order_line_id = :line AND vendor_id = :vendor AND declined > 0"
)

LONGEST_STEM = 58


@dataclass(frozen=True, slots=True)
class Another:
    """What is sent instead, by whom alone, and how many of it."""

    sku: str
    title: str
    vendor: str
    units: int


def wait_for(line: OrderLine, vendor_id: UUID, now: datetime) -> None:
    """Let a vendor have units again that it declined: the customer waits until it has them."""
    db.session.execute(AWAIT, {"line": line.id, "vendor": vendor_id})
    checks.wake("lines unrouted", [Subject(line.order_id, "order", line.order_id)], now)


def add_instead(
    order: Order, line: OrderLine, taken: Collection[str], another: Another, now: datetime
) -> str:
    """Add a line of something else at the same price, for one vendor; return what it is called.

    `taken`: what the lines of the locked order are called. What the order costs stays as it is:
    whoever adds it calls as many units of `line` off.
    """
    # As long as programs may write it.
    stem = line.external_id[:LONGEST_STEM]
    name = next(n for k in range(2, len(taken) + 3) if (n := f"{stem}-{k}") not in taken)
    added = OrderLine(
        id=ids.new(),
        order_id=order.id,
        external_id=name,
        sku=another.sku,
        title=another.title,
        options={},
        quantity=another.units,
        unrouted=another.units,
        unit_price_minor=line.unit_price_minor,
        shipping_minor=0,
        vendor=another.vendor,
        ship_by=None,
    )
    db.session.add(added)
    settle([order.id], now)
    checks.wake("lines unrouted", [Subject(order.id, "order", order.id)], now)
    return name
