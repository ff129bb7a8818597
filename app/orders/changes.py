"""Changing an order after it has come in, as far as it has not left: where to, how many, wishes.

The same change again changes nothing. Whoever names the version they looked at is told who was
quicker. What a vendor still has to do follows, and the vendor is told; so is the customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.catalog.queries import known_skus
from app.checks import service as checks
from app.checks.service import Subject
from app.extensions import db
from app.orders import holds, review, service, told
from app.orders.contract import ADDRESS, Action, FoStatus
from app.orders.doubts import Asked, Sku, too_dear, too_many, wrong_fields
from app.orders.locks import lock_fulfillment_orders_of, lock_orders
from app.orders.models import FulfillmentOrder, Order, OrderLine
from app.orders.queries import lines_of
from app.policies.documents import Doubts
from app.policies.queries import in_force
from app.shared import work
from app.shared.errors import Conflict, IllegalMove, InvalidInput
from app.shared.money import Money
from app.timeline.queries import entries_since, newest
from app.timeline.service import Happened, record
from app.web.fields import LARGEST_AMOUNT
from app.web.words import happened, span

# What makes another version of an order: what people and programs do to all of it.
EVENTS = (
    "order_placed",
    "order_held",
    "order_released",
    "order_readdressed",
    "order_units_changed",
    "order_wishes_changed",
    "order_canceled",
)
# Nothing of these is left to be changed.
ENDED = {FoStatus.SHIPPED, FoStatus.DELIVERED, FoStatus.REJECTED, FoStatus.CANCELED}
# Wishes that can be granted only until the parcel is closed, and from when on it is.
GIFT = ("gift_wrap", "gift_message")
CLOSED = {FoStatus.PACKED, FoStatus.READY}
COMPLAINTS = {
    "unknown": "is no country; write its two letters, like DE",
    "missing": "is missing; {country} needs it",
    "format": "does not look like one of {country}",
    "region": "is one of another region",
}
CORRECTED, REDATED = "the address was corrected", "the need-by date was changed"


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes an order, when, why, and the version of it they looked at (None: any).

    `is_looked_at`: whoever changes it would be the one to release it, so nothing of it is doubted.
    """

    actor: str
    now: datetime
    reason: str = ""
    version: int | None = None
    is_looked_at: bool = False


class Changed(Conflict):
    """Somebody was quicker; `entries` say who did what, newest first."""

    title = "Changed meanwhile"

    def __init__(self, order: Order, entries: Sequence[Row[Any]], now: datetime) -> None:
        """Keep what was changed, and say who changed it last."""
        last = entries[0]
        what = happened(last.event, last.facts)["title"]
        super().__init__(
            f"Order {order.number} was changed by {last.actor} {span(now - last.at)} ago: {what}."
            " Look at it again."
        )
        self.entries = entries


def version(cohort: date, order_id: UUID) -> int:
    """Return the version of an order: another one whenever somebody has changed it."""
    return newest(cohort, order_id, EVENTS)


def require_unchanged(order: Order, change: Change, *, by_others: bool = False) -> None:
    """Refuse to change a locked order that somebody (else) has changed since it was looked at."""
    if change.version is None:
        return
    entries = entries_since(order.cohort, order.id, EVENTS, change.version)
    if any(not by_others or entry.actor != change.actor for entry in entries):
        raise Changed(order, entries, change.now)


def _lock_parts(order: Order, lines: Iterable[OrderLine]) -> Sequence[FulfillmentOrder]:
    """Return a locked order's fulfillment orders, locked; refuse one of which nothing is left."""
    if order.status == "canceled":
        raise IllegalMove(f"Order {order.number} is canceled; place a new one.")
    fos = lock_fulfillment_orders_of([order.id])
    if not any(service.open_units(line, fos) for line in lines):
        raise IllegalMove(
            f"All of order {order.number} has left; it cannot be changed any more. Ask the carrier,"
            " or open a return."
        )
    return fos


def _open(fos: Iterable[FulfillmentOrder]) -> list[FulfillmentOrder]:
    """Return the fulfillment orders of which something may still be changed."""
    return [fo for fo in fos if fo.status not in ENDED]


def _differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return what differs, each with what it was and is; nothing and no are the same."""
    names = dict.fromkeys([*was, *now])
    return {
        k: [was.get(k), now.get(k)] for k in names if (was.get(k) or None) != (now.get(k) or None)
    }


def _write(order: Order, event: str, facts: dict[str, Any], change: Change) -> None:
    """Write that an order was changed, and have it looked at."""
    reason = {"reason": change.reason} if change.reason else {}
    entry = Happened(order.id, order.cohort, event, change.actor, order.id, facts | reason)
    record([entry], change.now)
    checks.wake("order changed", [Subject(order.id, "order", order.id)], change.now)


def _tell(fos: Sequence[FulfillmentOrder], what: str, change: Change) -> None:
    """Tell vendors that their work has changed."""
    service.tell_vendors(fo.vendor_id for fo in fos)
    told.work_changed(fos, what, change.now)


def readdress(order_id: UUID, ship_to: Mapping[str, Any], change: Change) -> list[FulfillmentOrder]:
    """Send what has not left somewhere else; return those fulfillment orders.

    Whoever calls tells the customer, when it is known what becomes of what was promised.
    InvalidInput names what of the address would keep a parcel from its door. A good address is
    what an order waited for that was held for a bad one.
    """
    (order,) = lock_orders([order_id])
    differences = _differences(order.ship_to, ship_to)
    if not differences:
        return []
    parts = _open(_lock_parts(order, lines_of(order_id)))
    require_unchanged(order, change)
    if wrong := wrong_fields(ship_to):
        country = ship_to["country"]
        fields = {name: COMPLAINTS[why].format(country=country) for name, why in wrong.items()}
        raise InvalidInput(f"The address of order {order.number} was not changed.", **fields)
    order.ship_to = dict(ship_to)
    for fo in parts:
        fo.ship_to = dict(ship_to)
    db.session.flush()
    _write(order, "order_readdressed", {"changes": differences}, change)
    _tell(parts, "address", change)
    # What its vendor stopped for the address it had goes on with the one it has.
    stopped = [fo.reference for fo in parts if fo.hold_code == ADDRESS]
    service.act(stopped, Action.RELEASE, actor=change.actor, now=change.now)
    _lift(order, "address", CORRECTED, change)
    return parts


def change_wishes(order_id: UUID, wishes: Mapping[str, Any], change: Change) -> None:
    """Change what the customer asks for: only what is named, as far as it can still be done.

    What is packed stays wrapped as it is.
    """
    (order,) = lock_orders([order_id])
    wanted = order.preferences | dict(wishes)
    differences = _differences(order.preferences, wanted)
    if not differences:
        return
    lines = lines_of(order_id)
    parts = _open(_lock_parts(order, lines))
    require_unchanged(order, change)
    closed = [fo for fo in parts if FoStatus(fo.held_from or fo.status) in CLOSED]
    if set(differences) & set(GIFT) and closed == parts and not any(x.unrouted for x in lines):
        raise IllegalMove(
            f"Order {order.number} is packed; wrapping and gift message cannot be changed any more."
        )
    order.preferences = wanted
    for fo in parts:
        kept = {name: fo.preferences.get(name) for name in GIFT} if fo in closed else {}
        fo.preferences = wanted | kept
    db.session.flush()
    _write(order, "order_wishes_changed", {"changes": differences}, change)
    told.changed(order, change.now)
    _tell(parts, "wishes", change)
    if "deliver_by" in differences:
        _lift(order, "need_by", REDATED, change)


def _lift(order: Order, code: str, note: str, change: Change) -> None:
    """End the doubt that a change has answered, and have the order go on if it was the last."""
    who, now = change.actor, change.now
    lifted = holds.lift([order.id], actor=who, note=note, now=now, codes=[code])
    review.go_on({order.id: order}, lifted, note=note, actor=who, now=now)
    db.session.refresh(order)


def change_units(order_id: UUID, wanted: Mapping[str, int], change: Change) -> bool:
    """Change how many units of lines are wanted: fewer are called off, more are new work.

    Returns whether that is a change.
    InvalidInput names the lines of which fewer than have left are wanted, or that are none.
    """
    (order,) = lock_orders([order_id])
    lines = {line.external_id: line for line in lines_of(order_id)}
    unknown = [name for name in wanted if name not in lines]
    if unknown:
        detail = f"Order {order.number} has no line '{unknown[0]}'."
        raise InvalidInput(detail, **dict.fromkeys(unknown, "no such line"))
    steps = {
        name: units - _wanted(lines[name])
        for name, units in wanted.items()
        if units != _wanted(lines[name])
    }
    if not steps:
        return False
    _require_left(order, wanted, lines.values())
    require_unchanged(order, change)
    fewer = {name: -step for name, step in steps.items() if step < 0}
    more = [(lines[name], step) for name, step in steps.items() if step > 0]
    if more:
        _add(order, more, change)
    if fewer:
        # It tells whom it concerns, of the added units, too.
        service.cancel(order_id, fewer, actor=change.actor, reason=change.reason, now=change.now)
    else:
        told.changed(order, change.now)
    db.session.refresh(order)
    return True


def _require_left(order: Order, wanted: Mapping[str, int], lines: Iterable[OrderLine]) -> None:
    """Refuse to want fewer units of a line than have left."""
    fos = _lock_parts(order, lines)
    least = {x.external_id: _wanted(x) - service.open_units(x, fos) for x in lines}
    wrong = {name: f"{least[name]} have left" for name, n in wanted.items() if n < least[name]}
    if wrong:
        detail = f"Order {order.number}: what has left cannot be called off."
        raise InvalidInput(detail, **wrong)


def _wanted(line: OrderLine) -> int:
    return line.quantity - line.canceled


def _add(order: Order, more: Sequence[tuple[OrderLine, int]], change: Change) -> None:
    """Add units to lines, for routing to give away.

    InvalidInput where they would cost more than an order may.
    """
    _require_affordable(order, more)
    quantities = [[line.sku, _wanted(line), _wanted(line) + step] for line, step in more]
    for line, step in more:
        line.quantity += step
        line.unrouted += step
        order.items_minor += step * line.unit_price_minor
    db.session.flush()
    if not change.is_looked_at:
        _doubt(order, [line for line, _step in more], change)
    service.settle([order.id], change.now)
    for event in ("lines unrouted", "promise doubted"):
        checks.wake(event, [Subject(order.id, "order", order.id)], change.now)
    _write(order, "order_units_changed", {"quantities": quantities}, change)


def _require_affordable(order: Order, more: Sequence[tuple[OrderLine, int]]) -> None:
    minor = order.items_minor + sum(step * line.unit_price_minor for line, step in more)
    if minor > LARGEST_AMOUNT:
        most = Money(LARGEST_AMOUNT, order.currency)
        detail = (
            f"The items of order {order.number} would cost more than {most} {order.currency};"
            " place what is added as an order of its own."
        )
        raise InvalidInput(detail, **dict.fromkeys((x.external_id for x, _ in more), "too many"))


def _doubt(order: Order, lines: Sequence[OrderLine], change: Change) -> None:
    """Hold an order that has grown beyond what is usual."""
    policy = in_force(Doubts, change.now).document
    known = {
        x.sku: Sku(x.is_known, x.most_units) for x in work.answer(known_skus(x.sku for x in lines))
    }
    asked = [
        Asked(line.external_id, line.sku, _wanted(line))
        for line in lines_of(order.id)
        if line.sku in known
    ]
    found = (
        too_many(asked, known, policy),
        too_dear(order.items_minor, order.currency, policy),
    )
    held = holds.Held(order.id, order.cohort, [doubt for doubt in found if doubt])
    holds.hold([held], actor=change.actor, now=change.now)
