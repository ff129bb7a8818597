"""The moves of a fulfillment order, and the status of an order from its quantities."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from app.orders.contract import Action, FoStatus, OrderStatus
from app.shared.errors import IllegalMove

A, S = Action, FoStatus

# (status, action) -> status. To the same status: the same news twice, which changes nothing.
# Shipping straight from confirmed is allowed: a vendor's own system may tell us only the end.
MOVES: dict[tuple[FoStatus, Action], FoStatus] = {
    (S.ASSIGNED, A.CONFIRM): S.CONFIRMED,
    (S.CONFIRMED, A.CONFIRM): S.CONFIRMED,
    (S.ASSIGNED, A.DECLINE): S.REJECTED,
    (S.REJECTED, A.DECLINE): S.REJECTED,
    (S.CONFIRMED, A.PICK): S.PICKING,
    (S.PICKING, A.PICK): S.PICKING,
    (S.CONFIRMED, A.PACK): S.PACKED,
    (S.PICKING, A.PACK): S.PACKED,
    (S.PACKED, A.PACK): S.PACKED,
    (S.PACKED, A.LABEL): S.READY,
    (S.READY, A.LABEL): S.READY,
    (S.CONFIRMED, A.SHIP): S.SHIPPED,
    (S.PICKING, A.SHIP): S.SHIPPED,
    (S.PACKED, A.SHIP): S.SHIPPED,
    (S.READY, A.SHIP): S.SHIPPED,
    (S.SHIPPED, A.SHIP): S.SHIPPED,
    (S.DELIVERED, A.SHIP): S.DELIVERED,
    (S.SHIPPED, A.DELIVER): S.DELIVERED,
    (S.DELIVERED, A.DELIVER): S.DELIVERED,
    (S.CANCELED, A.CANCEL): S.CANCELED,
    # A confirmation that arrives again later is old news.
    **{
        (status, A.CONFIRM): status
        for status in (S.PICKING, S.PACKED, S.READY, S.SHIPPED, S.DELIVERED)
    },
    (S.ON_HOLD, A.HOLD): S.ON_HOLD,
    **{
        (status, A.CANCEL): S.CANCELED
        for status in (S.ASSIGNED, S.CONFIRMED, S.PICKING, S.PACKED, S.READY, S.ON_HOLD)
    },
    (S.REJECTED, A.TAKE_BACK): S.REJECTED,
    **{
        (status, A.TAKE_BACK): S.REJECTED
        for status in (S.ASSIGNED, S.CONFIRMED, S.PICKING, S.PACKED, S.READY, S.ON_HOLD)
    },
    **{
        (status, A.HOLD): S.ON_HOLD
        for status in (S.ASSIGNED, S.CONFIRMED, S.PICKING, S.PACKED, S.READY)
    },
}

WHAT_NOW = {
    S.ASSIGNED: "Confirm it first.",
    S.CONFIRMED: "Pick, pack and ship it, or cancel it.",
    S.PICKING: "Pack it next.",
    S.PACKED: "Label or ship it next.",
    S.READY: "Ship it next.",
    S.SHIPPED: "It has left; open a return instead.",
    S.DELIVERED: "It has arrived; open a return instead.",
    S.REJECTED: "Its lines went back to routing.",
    S.CANCELED: "Nothing is left to do.",
    S.ON_HOLD: "Release it first.",
}


def move(reference: str, status: FoStatus, action: Action, held_from: str | None) -> FoStatus:
    """Return the status an action leads to; refuse what the status does not know."""
    if action is A.RELEASE and status is S.ON_HOLD and held_from:
        return FoStatus(held_from)
    target = MOVES.get((status, action))
    if target is None:
        detail = f"{reference} is {status}; it cannot be given '{action}'. {WHAT_NOW[status]}"
        raise IllegalMove(detail)
    return target


@dataclass(frozen=True, slots=True)
class Totals:
    """The units of an order: asked for, called off, given to vendors, shipped, delivered."""

    ordered: int
    canceled: int
    routed: int
    shipped: int
    delivered: int


def order_status(totals: Totals) -> OrderStatus:
    """Return an order's status from its units."""
    wanted = totals.ordered - totals.canceled
    if wanted == 0:
        return OrderStatus.CANCELED
    if totals.delivered:
        done = totals.delivered == wanted
        return OrderStatus.DELIVERED if done else OrderStatus.PARTLY_DELIVERED
    if totals.shipped:
        return OrderStatus.SHIPPED if totals.shipped == wanted else OrderStatus.PARTLY_SHIPPED
    return OrderStatus.OPEN if totals.routed else OrderStatus.RECEIVED


def is_after_due(ship_on: date, ship_by: datetime, zone: str) -> bool:
    """Return whether a day of hand-over is later than promised, by the clock of its place."""
    return ship_on > ship_by.astimezone(ZoneInfo(zone)).date()


class Addressed(Protocol):
    """A fulfillment order, as far as its address is concerned."""

    status: str
    delivered_at: datetime | None
    ship_to: dict[str, Any]


# A vendor has nothing to send any more; what it sent before such an end, it knows of its parcels.
NEVER_SENT = frozenset({S.REJECTED, S.CANCELED})


def address_for_vendor(fo: Addressed, now: datetime, days: int) -> dict[str, Any] | None:
    """Return where a vendor sends a fulfillment order; None when it need not know (any more).

    It does from the assignment until `days` after the delivery, and not at all of what it declined,
    what was taken back and what was called off. Whoever shows a vendor an address, on a page, on
    paper or to a program, shows this and nothing else; where it is None, no wishes either: "key at
    Storgatan 3" says as much.
    """
    if fo.status in NEVER_SENT:
        return None
    is_over = fo.delivered_at is not None and now >= fo.delivered_at + timedelta(days=days)
    return None if is_over else fo.ship_to
