"""What a customer's own change makes of the dates of their order, said with its reason.

Farther away, or more units, may mean a later day: the promise that routing made gets another
version. An earlier day makes none: what comes before the promised day keeps it. What the channel
promised stays, and so does what is broken already; then the customer is told that it comes later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from app.checks import service as checks
from app.checks.service import Subject
from app.extensions import db
from app.orders import review, told
from app.orders.doubts import Doubt
from app.orders.locks import lock_fulfillment_orders_of, lock_orders
from app.orders.models import FulfillmentOrder, Order
from app.orders.queries import UNDONE
from app.promises.queries import promises_of
from app.promises.rules import deliver_on, end_of
from app.promises.service import Made, renew
from app.routing.expedite import sending
from app.routing.loading import Rules, due
from app.routing.rate_rules import Sending
from app.routing.service import BUSY, NEED_BY, RETRY
from app.timeline.queries import entries_since
from app.timeline.service import SYSTEM, Happened, record

# Routing is about to look at what has no vendor; what nobody had it tries again after RETRY.
SOON = timedelta(minutes=1)
BY_ROUTING = "routing"
# Why something else is promised, by what the customer did.
WHYS = {"order_readdressed": "address changed", "order_units_changed": "more units wanted"}
MOVED_AWAY = WHYS["order_readdressed"]


def readdressed(order: Order, country: str, now: datetime) -> dict[str, Any]:
    """Look at the dates of a locked order that goes to another country than it did (`country`).

    Returns what the customer is told of its promise, if anything.
    """
    rules = _ask_a_person(order, now)
    days = [
        (_arrival(way, rules, order), _arrival(replace(way, destination=country), rules, order))
        for _, way in _ways(order, now)
    ]
    if all(on == before for on, before in days):
        return {}
    # A vendor that is late anyway is not the customer's doing.
    later = max((on for on, before in days if on > before), default=date.min)
    return _renew(order, later, MOVED_AWAY, now) or _expect(
        order, max(on for on, _ in days), MOVED_AWAY, now
    )


def redated(order: Order, now: datetime) -> None:
    """Look at a locked order that is needed by another day than it was."""
    _ask_a_person(order, now)


def look_again(order: Order, now: datetime) -> None:
    """Have the promise of an order looked at when what a change left open has a vendor."""
    checks.wake("promise doubted", [Subject(order.id, "order", order.id)], now)


def renew_promises(subjects: Sequence[Subject], now: datetime) -> Mapping[UUID, datetime]:
    """Promise orders anew of which a change left something open; tell their customers.

    Returns when to look again at those that routing is not done with.
    """
    found = due([s.id for s in subjects], now)
    free = {order.id for order in found.orders}
    again = dict.fromkeys(found.busy, now + BUSY)
    for order in lock_orders([s.id for s in subjects if s.id not in found.busy]):
        if order.id not in free:
            # A person looks at it first.
            again[order.id] = now + RETRY
        elif order.id in found.lines:
            again[order.id] = now + (RETRY if order.unfilled_since else SOON)
        elif dates := _of_new_work(order, found.rules, now):
            told.changed(order, now, dates)
    return again


def _of_new_work(order: Order, rules: Rules, now: datetime) -> dict[str, Any]:
    """Promise what those bring who were given what the newest change left open."""
    (change,) = entries_since(order.cohort, order.id, list(WHYS), seen=0, limit=1)
    ways = _ways(order, now)
    days = [_arrival(way, rules, order) for fo, way in ways if fo.assigned_at >= change.at]
    on, why = max(days, default=date.min), WHYS[change.event]
    if order.deliver_on is None or on <= order.deliver_on:
        return {}
    return _renew(order, on, why, now) or _expect(order, on, why, now)


def _ask_a_person(order: Order, now: datetime) -> Rules:
    """Hold an order whose vendors cannot be in time for its need-by date, as a new one would be.

    Not where policy takes it for a mere wish, or a person has let it be late for this very date.
    Returns the policies.
    """
    found = due([order.id], now)
    need_by = order.preferences.get("deliver_by")
    is_wish = found.rules.routing.document.need_by == "prefer"
    if need_by is None or is_wish or (order.id, NEED_BY) in found.given_up:
        return found.rules
    days = [_arrival(way, found.rules, order) for _, way in _ways(order, now)]
    if days and max(days) > date.fromisoformat(need_by):
        review.doubt([order.id], Doubt(NEED_BY, {"date": need_by}), actor=SYSTEM, now=now)
        db.session.refresh(order)
    return found.rules


def _ways(order: Order, now: datetime) -> list[tuple[FulfillmentOrder, Sending]]:
    """Return how those fulfillment orders of a locked order go that have not left.

    Whoever means to hand over earlier than promised need not.
    """
    fos = [fo for fo in lock_fulfillment_orders_of([order.id]) if fo.status in UNDONE]
    ways = [(fo, sending(fo, order, now)) for fo in fos]
    return [(fo, replace(way, hand_over=max(fo.ship_by, way.hand_over))) for fo, way in ways]


def _arrival(way: Sending, rules: Rules, order: Order) -> date:
    lane = rules.lane(way.origin, way.destination, way.booked, order.currency)
    return deliver_on(way.hand_over, way.zone, lane, way.destination)


def _renew(order: Order, on: date, why: str, now: datetime) -> dict[str, Any]:
    """Promise a locked order for a later day, where routing promised it and has not broken it.

    Returns what its customer is told.
    """
    was, by = order.deliver_on, order.deliver_by
    if was is None or by is None or on <= was or by <= now:
        return {}
    if promises_of([order.id])[0].reason != BY_ROUTING:
        return {}
    order.deliver_on, order.deliver_by = on, end_of(on, order.promise_zone)
    db.session.flush()
    renew(Made(order.id, order.id, "deliver_by", order.deliver_by, why), now)
    facts = {"was_promised": was.isoformat(), "promised": on.isoformat(), "why": why}
    _record(order, "order_promised_anew", facts, now)
    # The watch goes by the new day.
    checks.wake("order changed", [Subject(order.id, "order", order.id)], now)
    return {"was_promised": was.isoformat()}


def _expect(order: Order, on: date, why: str, now: datetime) -> dict[str, Any]:
    """Note when a locked order comes, whose promise stays as it is; return what is told of it."""
    if order.deliver_on is None:
        return {}
    is_late = on > order.deliver_on
    facts = {"promised": order.deliver_on.isoformat(), "arrives": on.isoformat(), "why": why}
    _record(order, "order_expected_late" if is_late else "order_expected_anew", facts, now)
    return {"expected": on.isoformat(), "is_late": is_late}


def _record(order: Order, event: str, facts: dict[str, Any], now: datetime) -> None:
    record([Happened(order.id, order.cohort, event, SYSTEM, order.id, facts)], now)
