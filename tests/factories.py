"""What tests need in the world: vendors, orders and parcels, made by the real services."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.accounts.keys import ensure_key
from app.catalog.service import count_stock, save_listings
from app.extensions import db
from app.intake.forms import OrderForm
from app.jobs import JOBS
from app.orders import intake
from app.orders.service import Confirmation, confirm
from app.policies.service import publish
from app.shared import clock
from app.shared.work import ACCOUNTS, OPS, transaction
from app.shipments.service import Dispatch, Parcel, ship
from app.vendors.queries import location_ids
from app.vendors.service import save_locations, save_vendors
from simulator.numbers import fedex_number

ACTOR = "tests"
numbers = count(1)
ADDRESS = {"name": "Ada Lind", "line1": "Storgatan 1", "city": "Malmö"}
ADDRESS |= {"postal_code": "211 34", "country": "SE"}
# The house is kept by its own schedule and always finds something to do.
WORKING = tuple(name for name in JOBS if name != "keep_house")


def rows(sql: str, **values: Any) -> Sequence[Any]:
    """Return what a query finds."""
    with transaction(OPS):
        return db.session.execute(text(sql), values).all()


def one(sql: str, **values: Any) -> Any:
    """Return the one row that a query finds."""
    (row,) = rows(sql, **values)
    return row


def at(moment: datetime | str) -> datetime:
    """Step the stopped world to a moment."""
    to = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    with transaction(OPS):
        clock.step(to)
    return to


def run(name: str) -> int:
    """Run one job as its worker would; return how much it did."""
    module, _, function = JOBS[name].path.rpartition(".")
    done: int = getattr(importlib.import_module(module), function)()
    return done


def run_jobs(*names: str) -> int:
    """Run the jobs until nothing is due; return how much they did."""
    total = 0
    while done := sum(run(name) for name in names or WORKING):
        total += done
    return total


def vendor_key(code: str, token: str) -> str:
    """Give a vendor a key of its own; return it."""
    with transaction(OPS):
        vendor = db.session.scalar(
            text("SELECT id FROM vendors WHERE code = :code"), {"code": code}
        )
    with transaction(ACCOUNTS):
        ensure_key(f"vendor-{code}", token, vendor)
    return token


def policy(kind: str, **document: Any) -> None:
    """Put a policy in force."""
    with transaction(OPS) as now:
        publish(kind, document, by=ACTOR, now=now)


def make_vendor_with_stock(  # noqa: PLR0913 - a test names only what it is about
    code: str = "kiln",
    stock: Mapping[str, int] | None = None,
    *,
    cost_minor: int = 600,
    zone: str = "UTC",
    cut_off: time = time(15),
    handling_days: int = 1,
    status: str = "active",
    at_place: str = "main",
) -> UUID:
    """Create a vendor with a location and what it has on its shelves; return its key."""
    units = {"MUG": 10} if stock is None else stock
    vendor = {
        "code": code,
        "name": code.title(),
        "email": f"{code}@vendors.example",
        "status": status,
    }
    place = {"code": at_place, "name": at_place.title(), "zone": zone, "country": "SE"}
    place |= {"region": None, "city": "Malmö", "postal_code": None, "cut_off": cut_off}
    listing = {"cost_minor": cost_minor, "currency": "EUR", "is_active": True}
    with transaction(OPS):
        key = save_vendors([vendor])[code]
        save_locations([place | {"vendor_id": key, "handling_days": handling_days}])
        where = location_ids([(code, at_place)])[code, at_place].id
        listings = [
            listing | {"vendor_id": key, "location_id": where, "sku": sku, "title": sku.title()}
            for sku in units
        ]
        keys = save_listings(listings)
        count_stock({keys[where, sku]: n for sku, n in units.items()})
    return key


def line(sku: str = "MUG", quantity: int = 2, name: str = "1", **changes: Any) -> dict[str, Any]:
    """Return an order line as a channel sends it."""
    return {
        "external_id": name,
        "sku": sku,
        "title": sku.title(),
        "quantity": quantity,
        "unit_price": "12.50",
    } | changes


def order_body(
    number: str = "", lines: Sequence[dict[str, Any]] = (), **changes: Any
) -> dict[str, Any]:
    """Return an order as a channel sends it: 29.90 with 4.90 for shipping."""
    return {
        "channel": "webshop",
        "number": number or f"N-{next(numbers)}",
        "placed_at": "2026-11-23T08:00:00+00:00",
        "currency": "EUR",
        "customer": {"external_id": "C-1", "name": "Ada Lind", "email": "ada@example.org"},
        "ship_to": ADDRESS,
        "lines": list(lines) or [line()],
        "shipping": {"service": "standard", "price": "4.90"},
    } | changes


def describe(*skus: str, most_units: int | None = None) -> None:
    """Have the catalog know SKUs, whoever sells them."""
    told = "INSERT INTO products (sku, title, most_units, changed_at) SELECT sku, sku, :most, :now"
    with transaction(OPS) as now:
        db.session.execute(
            text(f"{told} FROM unnest(CAST(:skus AS text[])) s(sku) ON CONFLICT DO NOTHING"),
            {"skus": list(skus), "most": most_units, "now": now},
        )


def make_order(number: str = "", lines: Sequence[dict[str, Any]] = (), **changes: Any) -> UUID:
    """Take an order in, of things that the catalog knows; return its key."""
    form = OrderForm.model_validate(order_body(number, lines, **changes))
    describe(*(line.sku for line in form.lines))
    with transaction(OPS) as now:
        (placed,) = intake.place([form.to_order(now)], zone="UTC", actor=ACTOR, now=now)
    assert isinstance(placed, intake.Placed)
    return placed.id


def routed_order(number: str = "", lines: Sequence[dict[str, Any]] = (), **changes: Any) -> UUID:
    """Take an order in and route it to the vendors there are; return its key."""
    key = make_order(number, lines, **changes)
    run_jobs("route_orders")
    return key


def busy(orders: int, sku: str = "MUG") -> None:
    """Take in so many orders of one unit, and route them to the vendors there are."""
    for _ in range(orders):
        make_order(lines=[line(sku, 1)])
    run_jobs("route_orders")


def references(order_id: UUID) -> list[str]:
    """Return an order's fulfillment orders, first assigned first."""
    found = rows(
        "SELECT reference FROM fulfillment_orders WHERE order_id = :id ORDER BY id", id=order_id
    )
    return [row.reference for row in found]


def confirmed(order_id: UUID) -> list[str]:
    """Have vendors confirm all of an order; return its fulfillment orders."""
    names = references(order_id)
    with transaction(OPS) as now:
        confirm([Confirmation(name) for name in names], actor=ACTOR, now=now)
    return names


def send(reference: str, *parcels: Parcel) -> Any:
    """Ship parcels of a fulfillment order; return what came of it."""
    with transaction(OPS) as now:
        (outcome,) = ship([Dispatch(reference, parcels)], actor=ACTOR, now=now)
        return outcome


def parcel(n: int, shipped_at: datetime | str, carrier: str = "fedex", **quantities: int) -> Parcel:
    """Return the n-th parcel, with units by line (`_1=2`: two of line 1; none named: all)."""
    moment = datetime.fromisoformat(shipped_at) if isinstance(shipped_at, str) else shipped_at
    units = {name.removeprefix("_"): units for name, units in quantities.items()}
    return Parcel(carrier, fedex_number(n), moment, units or None)


@dataclass(frozen=True)
class Shipped:
    """An order whose only parcel has left."""

    order_id: UUID
    reference: str
    number: str


def shipped_order(
    n: int = 1, *, shipped_at: datetime | str | None = None, carrier: str = "fedex", **changes: Any
) -> Shipped:
    """Take an order in, route and confirm it, and ship all of it in the n-th parcel."""
    key = routed_order(**changes)
    (reference,) = confirmed(key)
    with transaction(OPS) as now:
        moment = now
    send(reference, parcel(n, shipped_at or moment, carrier))
    return Shipped(key, reference, fedex_number(n))
