"""The naive way: one object a row, one look at a time, one commit an order.

It writes what ours writes, row for row, with the same mapped classes; it finds each SKU's cheapest
place by itself and locks that one's stock at once, as tutorials do. Orders in one session are
forgotten after their commit.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from _shop import SHIPPING_MINOR
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from app.catalog.models import Listing, Product, Reservation, Stock
from app.checks.models import Check
from app.customers.models import Customer
from app.notices.models import Notice
from app.notifications.models import Notification
from app.orders.contract import NewOrder
from app.orders.models import FoLine, FulfillmentOrder, Order, OrderLine
from app.promises.models import Promise
from app.shared import ids
from app.shared.columns import cohort_of
from app.timeline.models import Decision, Entry
from config import database_url

DAY = timedelta(days=1)


class Naive:
    """A unit of work an order."""

    def __init__(self, superuser: str) -> None:
        self.engine = create_engine(database_url(superuser))

    def place(self, new: NewOrder) -> None:
        """Take one order in; each SKU's product is looked up and locked."""
        with Session(self.engine) as session:
            _place(session, new)
            session.commit()

    def place_and_route(self, new: NewOrder) -> None:
        """Take one order in and give each of its lines to the cheapest place that has it."""
        with Session(self.engine) as session:
            order, lines = _place(session, new)
            _route(session, order, lines)
            session.commit()


def _place(session: Session, new: NewOrder) -> tuple[Order, list[OrderLine]]:
    now = datetime.now(UTC)
    who = select(Customer).filter_by(channel=new.channel, external_id=new.customer.external_id)
    buyer = session.scalars(who).first()
    if buyer is None:
        buyer = Customer(
            id=ids.new(),
            channel=new.channel,
            external_id=new.customer.external_id,
            name=new.customer.name,
            email=new.customer.email,
        )
        session.add(buyer)
    order = _order(new, buyer, now)
    session.add(order)
    # Nothing says which row hangs on which: the order has to be there first.
    session.flush()
    lines = []
    for wanted in new.lines:
        product = session.get(Product, wanted.sku, with_for_update=True)
        line = OrderLine(
            id=ids.new(),
            order_id=order.id,
            external_id=wanted.external_id,
            sku=wanted.sku,
            title=product.title if product else wanted.title,
            options={},
            quantity=wanted.quantity,
            unrouted=wanted.quantity,
            unit_price_minor=wanted.unit_price_minor,
            shipping_minor=0,
        )
        session.add(line)
        lines.append(line)
    if order.deliver_by:
        session.add(_promise(order, order.id, "deliver_by", order.deliver_by, now))
    session.add(_entry(order, "order_placed", now))
    session.add(_message(order, "customer", new.customer.email, "order_received", now))
    for watcher in ("route_orders", "watch"):
        session.add(_check(order, order.id, watcher, now))
    return order, lines


def _order(new: NewOrder, buyer: Customer, now: datetime) -> Order:
    day = new.deliver_on
    return Order(
        id=ids.new(),
        reference=ids.reference("OR"),
        channel=new.channel,
        number=new.number,
        cohort=cohort_of(new.placed_at),
        placed_at=new.placed_at,
        received_at=now,
        customer_id=buyer.id,
        currency=new.currency,
        items_minor=sum(line.quantity * line.unit_price_minor for line in new.lines),
        freight_minor=SHIPPING_MINOR,
        ship_to=new.ship_to,
        shipping=new.shipping,
        preferences=new.preferences,
        status="received",
        deliver_on=day,
        deliver_by=datetime(day.year, day.month, day.day, tzinfo=UTC) + DAY if day else None,
        promise_zone="UTC",
        request_sha256=new.request_sha256,
    )


def _route(session: Session, order: Order, lines: list[OrderLine]) -> None:
    now = datetime.now(UTC)
    parts: dict[Any, FulfillmentOrder] = {}
    for line in lines:
        offers = select(Listing).filter_by(sku=line.sku, is_active=True)
        for listing in session.scalars(offers.order_by(Listing.cost_minor)):
            stock = session.get(Stock, listing.id, with_for_update=True)
            if stock and stock.on_hand - stock.reserved >= line.unrouted:
                break
        else:
            continue
        part = parts.get(listing.location_id)
        if part is None:
            part = parts[listing.location_id] = _part(session, order, listing, now)
        given = FoLine(
            id=ids.new(),
            fo_id=part.id,
            vendor_id=listing.vendor_id,
            order_id=order.id,
            order_line_id=line.id,
            listing_id=listing.id,
            line=line.external_id,
            sku=line.sku,
            title=line.title,
            options={},
            ordered=line.unrouted,
        )
        session.add(given)
        session.flush()
        held = {"listing_id": listing.id, "vendor_id": listing.vendor_id}
        session.add(Reservation(fo_line_id=given.id, quantity=line.unrouted, **held))
        stock.reserved += line.unrouted
        line.unrouted = 0
    order.status = "open"
    if order.deliver_by is None:
        order.deliver_by = now + 7 * DAY
        order.deliver_on = order.deliver_by.date()
        session.add(_promise(order, order.id, "deliver_by", order.deliver_by, now))
    facts = {"chosen": [part.reference for part in parts.values()]}
    session.add(
        Decision(
            cohort=order.cohort,
            order_id=order.id,
            kind="routing",
            policy_version=0,
            facts=facts,
            made_at=now,
        )
    )
    session.add(_entry(order, "order_routed", now))
    session.delete(session.get(Check, (order.id, "route_orders")))


def _part(session: Session, order: Order, listing: Listing, now: datetime) -> FulfillmentOrder:
    part = FulfillmentOrder(
        id=ids.new(),
        reference=ids.reference("FO"),
        vendor_id=listing.vendor_id,
        location_id=listing.location_id,
        order_id=order.id,
        order_number=order.number,
        placed_at=order.placed_at,
        cohort=order.cohort,
        status="assigned",
        assigned_at=now,
        confirm_by=now + DAY,
        ship_by=now + 2 * DAY,
        ship_to=order.ship_to,
        preferences=order.preferences,
    )
    session.add(part)
    session.flush()
    session.add(_promise(order, part.id, "ship_by", now + 2 * DAY, now))
    session.add(_promise(order, part.id, "confirm_by", now + DAY, now))
    for watcher in ("watch", "take_back_unconfirmed"):
        session.add(_check(order, part.id, watcher, now))
    session.add(_message(order, "vendor", "a@vendors.example", "work_assigned", now))
    session.add(
        Notice(
            id=ids.new(),
            audience=f"vendor:{listing.vendor_id}",
            kind="work_assigned",
            subject=part.reference,
            facts={"number": order.number},
            once=f"work_assigned:{part.reference}",
            at=now,
        )
    )
    return part


def _promise(order: Order, subject: Any, kind: str, due: datetime, now: datetime) -> Promise:
    return Promise(
        order_id=order.id,
        subject_id=subject,
        kind=kind,
        version=1,
        due_at=due,
        reason="naive",
        made_at=now,
    )


def _entry(order: Order, event: str, now: datetime) -> Entry:
    return Entry(
        cohort=order.cohort,
        order_id=order.id,
        at=now,
        event=event,
        subject_id=order.id,
        actor="naive",
        facts={"lines": 1},
        source="person",
    )


def _message(
    order: Order, audience: str, recipient: str | None, template: str, now: datetime
) -> Notification:
    return Notification(
        cohort=order.cohort,
        order_id=order.id,
        dedupe_key=f"{template}:{ids.new()}",
        audience=audience,
        channel="email",
        recipient=recipient,
        template=template,
        facts={"number": order.number},
        status="queued",
        made_at=now,
        due_at=now,
    )


def _check(order: Order, subject: Any, watcher: str, now: datetime) -> Check:
    return Check(
        subject_id=subject,
        watcher=watcher,
        subject_kind="order",
        order_id=order.id,
        next_check_at=now,
    )
