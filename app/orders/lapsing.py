"""Calling off what its vendors never handed over: units, stock, stories, and who is told of it.

As a cancellation by the customer, but by fulfillment order: what others have of the same line stays
theirs, and so do units that have left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.catalog import service as catalog
from app.checks import service as checks
from app.checks.service import Subject
from app.extensions import db
from app.notifications.service import Message, tell
from app.orders import service, told
from app.orders.contract import UNSHIPPED, Action, FoStatus
from app.orders.locks import lock_orders
from app.orders.models import FoLine, FulfillmentOrder, Order, OrderLine
from app.orders.queries import contacts, facts_of
from app.orders.rules import move
from app.timeline.service import Happened, record


@dataclass(frozen=True, slots=True)
class CalledOff:
    """What was called off of one order, and what it costs now; in minor units of its currency.

    `units`: by fulfillment order and line.
    """

    order: Order
    lines: Sequence[OrderLine]
    fos: Sequence[FulfillmentOrder]
    canceled_minor: int
    rest_minor: int
    units: Mapping[UUID, Sequence[tuple[FoLine, int]]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Return how many units that are."""
        return sum(n for own in self.units.values() for _, n in own)


def call_off(fos: Sequence[FulfillmentOrder], now: datetime) -> list[CalledOff]:
    """Call off what has not left of locked fulfillment orders; return it by order.

    Customers are not told yet: what they have back is not ours to say.
    """
    orders = {order.id: order for order in lock_orders(sorted({fo.order_id for fo in fos}))}
    query = select(OrderLine).where(OrderLine.order_id.in_(orders)).order_by(OrderLine.external_id)
    lines = db.session.scalars(query, execution_options={"populate_existing": True}).all()
    done = [
        _call_off(
            order,
            [line for line in lines if line.order_id == key],
            [fo for fo in fos if fo.order_id == key],
            now,
        )
        for key, order in orders.items()
    ]
    db.session.flush()
    freed = {line.id: n for one in done for own in one.units.values() for line, n in own}
    catalog.wake_for(freed)
    catalog.release(freed)
    record([_entry(one) for one in done], now)
    service.settle(orders, now)
    _wake(done, now)
    told.work_changed(fos, "unshipped", now)
    # They stand otherwise now.
    lock_orders(list(orders))
    return done


def _call_off(
    order: Order, lines: Sequence[OrderLine], fos: Sequence[FulfillmentOrder], now: datetime
) -> CalledOff:
    cost, by_id = _cost(order, lines), {line.id: line for line in lines}
    units: dict[UUID, list[tuple[FoLine, int]]] = {}
    for fo in fos:
        units[fo.id] = []
        for part in fo.lines:
            if n := part.ordered - part.declined - part.canceled - part.shipped:
                units[fo.id].append((part, n))
                _cancel(part, n)
                by_id[part.order_line_id].canceled += n
        if any(part.shipped for part in fo.lines):
            service.end(fo, FoStatus.SHIPPED)
        else:
            status = FoStatus(fo.status)
            service.end(fo, move(fo.reference, status, Action.CANCEL, fo.held_from))
        fo.cancel_at, fo.lapsed_at = None, now
    rest = _cost(order, lines)
    return CalledOff(order, lines, fos, cost - rest, rest, units)


def _cancel(part: FoLine, units: int) -> None:
    part.canceled += units
    part.confirmed = min(part.confirmed, part.ordered - part.declined - part.canceled)
    part.picked, part.packed = min(part.picked, part.confirmed), min(part.packed, part.confirmed)


def _cost(order: Order, lines: Sequence[OrderLine]) -> int:
    """Return what an order costs: its items, and the freight of all that is not called off."""
    left = {line.id: line.quantity - line.canceled for line in lines}
    if not any(left.values()):
        return 0
    items = sum(left[line.id] * line.unit_price_minor for line in lines)
    spared = sum(line.shipping_minor for line in lines if not left[line.id])
    return items + max(0, order.freight_minor - spared)


def _entry(one: CalledOff) -> Happened:
    lost: dict[UUID, int] = {}
    for own in one.units.values():
        for part, n in own:
            lost[part.order_line_id] = lost.get(part.order_line_id, 0) + n
    facts: dict[str, Any] = {
        "units": one.count,
        "why": UNSHIPPED,
        "fulfillment_orders": [fo.reference for fo in one.fos],
        "quantities": [
            [line.sku, line.quantity - line.canceled + lost[line.id], line.quantity - line.canceled]
            for line in one.lines
            if line.id in lost
        ],
    }
    order = one.order
    return Happened(order.id, order.cohort, "order_canceled", subject_id=order.id, facts=facts)


def _wake(done: Sequence[CalledOff], now: datetime) -> None:
    orders = [Subject(one.order.id, "order", one.order.id) for one in done]
    for event in ("order changed", "order canceled"):
        checks.wake(event, orders, now)
    fos = [fo for one in done for fo in one.fos]
    subjects = [Subject(fo.id, "fulfillment_order", fo.order_id) for fo in fos]
    checks.wake("fulfillment order changed", subjects, now)
    service.tell_vendors(fo.vendor_id for fo in fos)


def tell_customers(done: Sequence[CalledOff], back: Mapping[UUID, int], now: datetime) -> None:
    """Tell customers why a part of their order, or all of it, is canceled, and what they have back.

    `back`: by order, in minor units.
    """
    people = contacts(one.order.id for one in done)
    messages = []
    for one in done:
        order, person = one.order, people[one.order.id]
        facts = facts_of(person) | {"why": "unshipped", "currency": order.currency}
        facts["back"] = back.get(order.id, 0)
        template, once = "order_canceled", ""
        if order.status != "canceled":
            left = [(x.title, n) for x in one.lines if (n := x.quantity - x.canceled)]
            facts |= told.contents(left, order.ship_to)
            template, once = "order_changed", f"unshipped:{one.fos[0].reference}"
        messages.append(
            Message(order.id, order.cohort, "customer", person.email, template, once, facts)
        )
    tell(messages, now)
