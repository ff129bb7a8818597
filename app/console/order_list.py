"""The list of orders: what it shows, how it is filtered, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.console import order_queries
from app.console.order_queries import OF_ONE_VENDOR, PLACED
from app.extensions import db
from app.lists.options import distinct, looked_up
from app.lists.spec import Choice, Column, Days, ListSpec, Options, Sort, View, register
from app.orders.contract import OrderStatus
from app.orders.queries import IN_WORK
from app.shared.language import later
from app.shared.money import Money
from app.web.deadlines import Deadline, deadline
from app.web.marks import bdi
from app.web.paging import Key
from app.web.words import day, doubt, plain

Listed = Mapping[str, Any]
HAS_CASE = "o.id IN (SELECT order_id FROM exception_cases WHERE closed_at IS NULL AND {kind})"
OF_VENDOR = (
    "o.id IN (SELECT f.order_id FROM fulfillment_orders f WHERE f.vendor_id = ANY(:vendor)"
    " AND f.status NOT IN ('rejected', 'canceled'))"
)
ENDING = (
    "o.id IN (SELECT f.order_id FROM fulfillment_orders f WHERE f.cancel_at IS NOT NULL"
    f" AND f.status IN {IN_WORK})"
)
VENDORS = "SELECT code AS value, name AS label FROM vendors ORDER BY name LIMIT 500"
VENDOR_IDS = "SELECT id FROM vendors WHERE code = ANY(:codes)"
KINDS = "SELECT DISTINCT kind AS value, kind AS label FROM exception_cases WHERE closed_at IS NULL"
ORDERS = "/console/orders/"


def vendor_ids(codes: tuple[str, ...]) -> Sequence[UUID]:
    """Return vendors' keys by their codes; a code that nobody has, has none."""
    rows = db.session.execute(text(VENDOR_IDS), {"codes": list(codes)})
    return [row.id for row in rows]


def _statuses() -> Options:
    return [(str(status), plain(status)) for status in OrderStatus]


def _kinds() -> Options:
    return sorted((value, plain(value)) for value, _ in looked_up("order kinds", KINDS))


def show(row: Row[Any], now: datetime) -> dict[str, Any]:
    """Return an order as its list has it."""
    return {
        "reference": row.reference,
        "number": row.number,
        "href": ORDERS + row.reference,
        "channel": row.channel,
        "customer": row.customer,
        "place": ", ".join(filter(None, (row.city, row.country))),
        "placed": row.placed_at,
        "status": row.status,
        "held_for": [doubt(code) for code in row.held_for or ()],
        # As the page has it: the promised day, where the promise was made for a day.
        "deliver_by": row.deliver_on or row.deliver_by,
        "deadline": _promise(row, now),
        "vendors": row.vendors or [],
        "total": (row.total, row.currency),
        "cases": row.cases,
    }


def _promise(row: Row[Any], now: datetime) -> Deadline | None:
    if row.deliver_by is None or row.status == "canceled":
        return None
    due = bdi(day(row.deliver_on)) if row.deliver_on else ""
    return deadline(row.deliver_by, now, due, since=row.placed_at, done_at=row.delivered_at)


def key(row: Row[Any], sort: Sort) -> Key:
    """Return an order's place in its list."""
    at = row.placed_at if sort.at == PLACED else row.deliver_by or order_queries.NEVER
    return Key(at, row.id)


SPEC = register(
    ListSpec(
        name="orders",
        endpoint="console.orders",
        nouns=(later("order"), later("orders")),
        columns=(
            Column("due", later("Deliver by"), lambda r: [("Deliver by", r["deliver_by"])]),
            Column(
                "order",
                later("Order"),
                lambda r: [
                    ("Order", r["number"]),
                    ("Reference", r["reference"]),
                    ("Channel", r["channel"]),
                    ("Customer", r["customer"]),
                    ("Ship to", r["place"]),
                    ("Open cases", r["cases"]),
                ],
                is_fixed=True,
            ),
            Column(
                "status",
                later("Status"),
                lambda r: [
                    ("Status", plain(r["status"])),
                    ("Needs review", ", ".join(r["held_for"])),
                ],
            ),
            Column(
                "vendors",
                later("Vendors"),
                lambda r: [("Vendors", ", ".join(r["vendors"]))],
                look="mid",
            ),
            Column("placed", later("Placed"), lambda r: [("Placed", r["placed"])]),
            Column(
                "total",
                later("Total"),
                lambda r: [
                    ("Total", Money(*r["total"]).decimal()),
                    ("Currency", r["total"][1]),
                ],
                look="num",
            ),
        ),
        filters=(
            Choice(
                "status", later("Status"), "o.status = ANY(:status)", _statuses, is_prominent=True
            ),
            Choice(
                "vendor",
                later("Vendor"),
                OF_VENDOR,
                lambda: looked_up("vendors", VENDORS),
                is_prominent=True,
                keys=vendor_ids,
                joined=OF_ONE_VENDOR,
            ),
            Choice(
                "country",
                later("Country"),
                "o.country = ANY(:country)",
                lambda: looked_up("order countries", distinct("orders", "country")),
                is_prominent=True,
            ),
            Choice(
                "channel",
                later("Channel"),
                "o.channel = ANY(:channel)",
                lambda: looked_up("order channels", distinct("orders", "channel")),
            ),
            Choice("case", later("Open case"), HAS_CASE.format(kind="kind = ANY(:case)"), _kinds),
            Days("placed", later("Placed"), PLACED, is_prominent=True),
            Days("due", later("Deliver by"), "o.deliver_by"),
        ),
        sorts={
            "newest": Sort(later("Newest first"), PLACED, newest_first=True),
            "oldest": Sort(later("Oldest first"), PLACED),
            "due": Sort(later("Deliver by, soonest first"), order_queries.DUE),
            "due_last": Sort(
                later("Deliver by, latest first"), order_queries.DUE, newest_first=True
            ),
        },
        views={
            "all": View(later("All")),
            "late": View(
                "Late",
                "o.deliver_by < :now AND o.delivered_at IS NULL AND o.status <> 'canceled'",
                "crit",
                later("Promised for a day that is over, and not here yet"),
            ),
            "trouble": View(later("With a case"), HAS_CASE.format(kind="true")),
            "unrouted": View(
                later("Not with a vendor"),
                "o.status = 'received'",
                hint=later("No vendor has all of it yet"),
            ),
            "review": View(
                later("Needs review"),
                "o.held_since IS NOT NULL",
                "warn",
                later("Held for a person; no vendor is given it"),
            ),
            "held": View(
                later("On hold"), "o.has_part_on_hold", hint=later("A part of it is on hold")
            ),
            "ending": View(
                later("About to be canceled"),
                ENDING,
                "warn",
                later("A part of it never left, and its vendor was told when that ends"),
            ),
        },
        ids="SELECT o.id FROM orders o WHERE {where}",
        fetch=order_queries.orders,
        key=key,
        show=show,
        acts=(
            "orders.review",
            "orders.clear",
            "orders.hold",
            "orders.release",
            "orders.cancel",
        ),
        search=order_queries.search,
    )
)
