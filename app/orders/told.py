"""Who is told what of an order: its customer by mail, vendors on screen and by mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, text

from app.extensions import db
from app.notices import service as notices
from app.notices.contract import Notice
from app.notifications.service import Message, tell
from app.orders.models import FulfillmentOrder, Order
from app.orders.queries import contacts, facts_of
from app.shared import ids
from app.vendors.models import Vendor

# A mail names so many lines and counts the others.
MOST_LINES = 20
LINES = text(
    "SELECT title, quantity - canceled AS units FROM order_lines"
    " WHERE order_id = :id AND quantity > canceled ORDER BY external_id"
)


def contents(lines: Sequence[tuple[str, int]], ship_to: dict[str, Any]) -> dict[str, Any]:
    """Return what an order is, as its customer reads it: lines with their units, and the city."""
    shown = [[title, units] for title, units in lines[:MOST_LINES]]
    return {"items": shown, "more": len(lines) - len(shown), "city": ship_to["city"]}


def changed(order: Order, now: datetime, dates: Mapping[str, Any] | None = None) -> None:
    """Tell a customer what their order is now, or that nothing is left of it.

    `dates`: what became of its promised date, if anything did.
    """
    db.session.flush()
    person = contacts([order.id])[order.id]
    facts = facts_of(person)
    template, once = "order_canceled", ""
    if order.status != "canceled":
        lines = [(row.title, row.units) for row in db.session.execute(LINES, {"id": order.id})]
        facts |= contents(lines, order.ship_to) | dict(dates or {})
        template, once = "order_changed", str(ids.new())
    tell([Message(order.id, order.cohort, "customer", person.email, template, once, facts)], now)


def confirmed(fos: Sequence[FulfillmentOrder], now: datetime) -> None:
    """Tell customers on which day a vendor means to hand over what it has confirmed."""
    if not fos:
        return
    people = contacts(fo.order_id for fo in fos)
    messages = []
    for fo in fos:
        person = people[fo.order_id]
        lines = [(line.title, line.confirmed) for line in fo.lines if line.confirmed]
        facts = facts_of(person) | contents(lines, fo.ship_to) | {"ship_on": f"{fo.ship_on}"}
        messages.append(
            Message(
                fo.order_id,
                fo.cohort,
                "customer",
                person.email,
                "order_confirmed",
                fo.reference,
                facts,
            )
        )
    tell(messages, now)


def expedited(
    order: Order, fo: FulfillmentOrder, arrives: date, *, is_faster: bool, now: datetime
) -> None:
    """Tell a customer that a part of their order goes by another service, and when it is there."""
    person = contacts([order.id])[order.id]
    left = [
        (line.title, units)
        for line in fo.lines
        if (units := line.ordered - line.declined - line.canceled - line.shipped)
    ]
    is_late = order.deliver_on is not None and arrives > order.deliver_on
    sent = {"is_faster": is_faster, "expected": arrives.isoformat(), "is_late": is_late}
    facts = facts_of(person) | contents(left, fo.ship_to) | sent
    once = str(ids.new())
    message = Message(
        order.id, order.cohort, "customer", person.email, "order_changed", once, facts
    )
    tell([message], now)


def work_changed(fos: Sequence[FulfillmentOrder], what: str, now: datetime) -> None:
    """Tell vendors that work of theirs has changed: `address`, `units`, `wishes` or `service`."""
    vendors = select(Vendor.id, Vendor.email).where(Vendor.id.in_({fo.vendor_id for fo in fos}))
    emails = {row.id: row.email for row in db.session.execute(vendors)}
    # Each change is news of its own, also at one moment of the world's clock.
    once = f"{what}:{ids.new()}"
    notices.tell(
        [
            Notice(
                f"vendor:{fo.vendor_id}",
                "work_changed",
                fo.reference,
                f"work_changed:{fo.reference}:{once}",
                {"number": fo.order_number, "changed": what},
            )
            for fo in fos
        ]
    )
    tell(
        [
            Message(
                fo.order_id,
                fo.cohort,
                "vendor",
                emails.get(fo.vendor_id),
                "work_changed",
                f"{fo.reference}:{once}",
                {"fulfillment_order": fo.reference, "changed": what},
            )
            for fo in fos
        ],
        now,
    )
