"""Reads a recorded history and makes it the facts that the platform is told.

The tables and their cleaning are those of the Olist public dataset (kaggle.com/datasets/olistbr).
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

CURRENCY, CHANNEL = "BRL", "olist"
CLOSED = {"canceled", "unavailable"}
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Slice:
    """Which orders: the first `count` by purchase and id, from a moment on."""

    name: str
    start: datetime | None
    count: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """Units of one product of one seller at one price."""

    number: str
    seller: str
    product: str
    units: int
    price: Decimal
    freight: Decimal


@dataclass(frozen=True, slots=True)
class Purchase:
    """One order with its cleaned moments."""

    id: str
    running: int
    status: str
    customer: Row
    purchased_at: datetime
    approved_at: datetime | None
    handed_over_at: datetime | None
    delivered_at: datetime | None
    promised_on: date
    lines: tuple[Line, ...]
    ship_by: dict[str, datetime]

    @property
    def is_refused(self) -> bool:
        """Return whether it has no lines: the platform refuses it at the door."""
        return not self.lines

    @property
    def is_closed(self) -> bool:
        """Return whether it is called off as soon as it is in."""
        return self.status in CLOSED and not self.is_refused

    @property
    def is_active(self) -> bool:
        """Return whether it is lived through."""
        return not self.is_refused and not self.is_closed

    @property
    def total(self) -> Decimal:
        """Return price and freight of all lines."""
        return sum((x.units * x.price + x.freight for x in self.lines), Decimal(0))


@dataclass(frozen=True, slots=True)
class History:
    """A slice: its orders by purchase and id, its sellers, and how many stamps were cleaned."""

    purchases: tuple[Purchase, ...]
    sellers: dict[str, Row]
    cleaned: dict[str, int]


def _rows(folder: Path, table: str) -> Iterator[Row]:
    """Yield a table's rows, from its packed or its plain file."""
    packed, plain = folder / f"{table}.csv.gz", folder / f"{table}.csv"
    if not packed.exists() and not plain.exists():
        message = f"{packed} is missing: a replay reads orders, order_items, customers and sellers."
        raise FileNotFoundError(message)
    opener = gzip.open if packed.exists() else open
    path = packed if packed.exists() else plain
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def _certain(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read(folder: Path, wanted: Slice) -> History:
    """Return a slice of a recorded history."""
    orders = sorted(
        _rows(folder, "orders"), key=lambda r: (r["order_purchase_timestamp"], r["order_id"])
    )
    if wanted.start:
        orders = [r for r in orders if _certain(r["order_purchase_timestamp"]) >= wanted.start]
    orders = orders[: wanted.count]
    names = {r["order_id"] for r in orders}
    people = {r["customer_id"] for r in orders}
    items: dict[str, list[Row]] = defaultdict(list)
    for row in _rows(folder, "order_items"):
        if row["order_id"] in names:
            items[row["order_id"]].append(row)
    customers = {
        r["customer_id"]: r for r in _rows(folder, "customers") if r["customer_id"] in people
    }
    cleaned = dict.fromkeys(
        ("handover_before_purchase", "delivered_before_handover", "delivered_without_handover"), 0
    )
    purchases = tuple(
        _purchase(i, r, items[r["order_id"]], customers[r["customer_id"]], cleaned)
        for i, r in enumerate(orders, 1)
    )
    used = {line.seller for p in purchases for line in p.lines}
    sellers = {r["seller_id"]: r for r in _rows(folder, "sellers") if r["seller_id"] in used}
    return History(purchases, sellers, cleaned)


def _purchase(
    running: int, row: Row, items: list[Row], customer: Row, cleaned: dict[str, int]
) -> Purchase:
    purchased_at = _certain(row["order_purchase_timestamp"])
    is_active = bool(items) and row["order_status"] not in CLOSED
    handed_over_at, delivered_at = _clean(row, purchased_at, cleaned if is_active else {})
    ship_by: dict[str, datetime] = {}
    for item in items:
        limit = _certain(item["shipping_limit_date"])
        ship_by[item["seller_id"]] = max(limit, ship_by.get(item["seller_id"], limit))
    return Purchase(
        id=row["order_id"],
        running=running,
        status=row["order_status"],
        customer=customer,
        purchased_at=purchased_at,
        approved_at=_moment(row["order_approved_at"]),
        handed_over_at=handed_over_at,
        delivered_at=delivered_at,
        promised_on=_certain(row["order_estimated_delivery_date"]).date(),
        lines=_lines(items),
        ship_by=ship_by,
    )


def _clean(
    row: Row, purchased_at: datetime, cleaned: dict[str, int]
) -> tuple[datetime | None, datetime | None]:
    """Return hand-over and delivery in an order that can have happened; count what was moved."""
    handed = _moment(row["order_delivered_carrier_date"])
    delivered = _moment(row["order_delivered_customer_date"])
    if handed and handed < purchased_at:
        handed = purchased_at
        _count(cleaned, "handover_before_purchase")
    if handed and delivered and delivered < handed:
        handed = delivered
        _count(cleaned, "delivered_before_handover")
    if delivered and not handed:
        handed = delivered
        _count(cleaned, "delivered_without_handover")
    return handed, delivered


def _count(cleaned: dict[str, int], name: str) -> None:
    if name in cleaned:
        cleaned[name] += 1


def _lines(items: list[Row]) -> tuple[Line, ...]:
    """Return items of one seller, product and price as one line with a quantity."""
    groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for item in sorted(items, key=lambda r: int(r["order_item_id"])):
        groups[item["seller_id"], item["product_id"], item["price"]].append(item)
    return tuple(
        Line(
            number=found[0]["order_item_id"],
            seller=seller,
            product=product,
            units=len(found),
            price=Decimal(price),
            freight=sum((Decimal(r["freight_value"]) for r in found), Decimal(0)),
        )
        for (seller, product, price), found in groups.items()
    )


def order_body(purchase: Purchase) -> dict[str, Any]:
    """Return an order as the platform's API takes it; what the history lacks is made up."""
    who = purchase.customer
    unique = who["customer_unique_id"]
    name = f"Customer {unique[:8]}"
    return {
        "channel": CHANNEL,
        "number": purchase.id,
        "placed_at": purchase.purchased_at.isoformat(),
        "currency": CURRENCY,
        "customer": {
            "external_id": unique,
            "name": name,
            "email": f"{unique[:12]}@example.org",
        },
        "ship_to": {
            "name": name,
            "line1": f"Rua {purchase.running}",
            "city": who["customer_city"],
            "region": who["customer_state"],
            "postal_code": f"{who['customer_zip_code_prefix']}-000",
            "country": "BR",
        },
        "lines": [_line_body(line, purchase) for line in purchase.lines],
        "payment": {"status": "authorized", "amount": str(purchase.total)},
        "promise": {"deliver_by": purchase.promised_on.isoformat()},
    }


def _line_body(line: Line, purchase: Purchase) -> dict[str, Any]:
    return {
        "external_id": line.number,
        "sku": line.product,
        "title": f"Product {line.product[:8]}",
        "quantity": line.units,
        "unit_price": str(line.price),
        "shipping_price": str(line.freight),
        "vendor": line.seller,
        "ship_by": purchase.ship_by[line.seller].isoformat(),
    }
