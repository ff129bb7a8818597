"""Fulfillment orders as programs read them: plain JSON, public references, never a key of ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from app.orders.models import FoLine, FulfillmentOrder
from app.orders.queries import address_days
from app.orders.rules import address_for_vendor
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


def fulfillment_order_documents(
    fos: Sequence[FulfillmentOrder], *, to_vendor_at: datetime | None = None
) -> list[Document]:
    """Return fulfillment orders as their vendors may see them.

    `to_vendor_at`: a vendor reads them at this moment, and where to only while it needs to know;
    None: the marketplace itself does.
    """
    days = address_days(to_vendor_at) if to_vendor_at else 0
    codes = vendor_codes({fo.vendor_id for fo in fos})
    names = ("status", "order_number", "assigned_at", "confirm_by", "ship_by", "shipped_at")
    return [
        {
            "id": fo.reference,
            "vendor": codes[fo.vendor_id],
            **pick(fo, *names, "delivered_at", "hold_reason", "decline_code", "ship_on"),
            **pick(fo, "cancel_at"),
            "service": fo.sent_by,
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
