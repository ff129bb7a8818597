"""What is sold where intake is measured, and the orders that come in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import psycopg

from app.orders.contract import NewCustomer, NewLine, NewOrder

SQL = Path(__file__).with_suffix(".sql")
SKUS, VENDORS_A_SKU = 2_000, 20
ADDRESS = {"name": "Ada Lind", "line1": "Elbchaussee 1", "city": "Hamburg"}
ADDRESS |= {"postal_code": "22765", "country": "DE"}
UNIT_MINOR, SHIPPING_MINOR = 1_250, 490


def stock_up(superuser: str) -> None:
    """Write vendors, what they sell, and more of it than anybody will order."""
    with psycopg.connect(superuser) as connection:
        connection.execute(SQL.read_text())


def skus_of(n: int, lines: int) -> list[str]:
    """Return what the n-th order wants: of one vendor's shelves, other ones than the one before."""
    return [f"S-{(7919 * n + VENDORS_A_SKU * line) % SKUS}" for line in range(lines)]


def orders(
    numbers: count[int], many: int, lines: int, *, is_promised: bool = False, sku: str = ""
) -> list[NewOrder]:
    """Return as many new orders; `is_promised`: their channel has promised a day already.

    Each wants one unit a line: of its own SKUs, or all of one that is named.
    """
    now = datetime.now(UTC)
    day = (now + timedelta(days=10)).date() if is_promised else None
    return [_order(next(numbers), now, lines, day, sku) for _ in range(many)]


def _order(n: int, now: datetime, lines: int, day: object, sku: str) -> NewOrder:
    wanted = [sku] if sku else skus_of(n, lines)
    return NewOrder(
        channel="webshop",
        number=f"I-{n}",
        placed_at=now,
        currency="EUR",
        customer=NewCustomer(f"I-{n}", f"Customer {n}", f"customer{n}@shop.example"),
        ship_to=ADDRESS,
        lines=tuple(
            NewLine(str(i), name, f"Bowl {name}", 1, UNIT_MINOR) for i, name in enumerate(wanted)
        ),
        shipping={"service": "standard"},
        shipping_minor=SHIPPING_MINOR,
        preferences={},
        payment=None,
        deliver_on=day,
        request_sha256=f"{n:064x}",
    )
