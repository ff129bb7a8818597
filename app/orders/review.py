"""What a person does about a whole order: holds it, and releases what is held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.checks import service as checks
from app.checks.service import Subject
from app.orders import holds
from app.orders.contract import Action, FoStatus
from app.orders.doubts import Doubt
from app.orders.holds import PARTS, Held
from app.orders.locks import lock_fulfillment_orders_of, lock_orders
from app.orders.models import Order
from app.orders.rules import MOVES
from app.orders.service import act
from app.shared.errors import DomainError, IllegalMove
from app.timeline.service import Happened, record

# Whose word stops an order: a person's here, or its shop's.
MANUAL, SHOP = "manual", "shop"
# What vendors read: why a marketplace doubts an order is its own business.
LOOKED_AT = "the marketplace looks at the whole order first"


def hold(
    order_ids: Sequence[UUID], *, reason: str, actor: str, now: datetime, code: str = MANUAL
) -> dict[UUID, Order | DomainError]:
    """Hold whole orders: nothing more is routed, and what has not shipped waits at its vendors.

    An order of which nothing can be held any more is refused; one that is held so already stays.
    """
    return doubt(order_ids, Doubt(code, {"reason": reason}), actor=actor, now=now)


def doubt(
    order_ids: Sequence[UUID], about: Doubt, *, actor: str, now: datetime
) -> dict[UUID, Order | DomainError]:
    """Hold whole orders for a doubt about them, as `hold` does."""
    orders, parts = lock_orders(order_ids), _parts(order_ids)
    outcomes = {order.id: _refusal(order) or order for order in orders}
    held = [
        Held(order.id, order.cohort, [Doubt(about.code, {**about.facts, PARTS: parts[order.id]})])
        for order in orders
        if outcomes[order.id] is order
    ]
    written = holds.hold(held, actor=actor, now=now)
    waiting = [name for key in written for name in parts[key]]
    act(waiting, Action.HOLD, actor=actor, now=now, reason=LOOKED_AT)
    return outcomes


def _parts(order_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Return the fulfillment orders of orders that can be held."""
    found: dict[UUID, list[str]] = defaultdict(list)
    for fo in lock_fulfillment_orders_of(order_ids):
        if MOVES.get((FoStatus(fo.status), Action.HOLD)) not in {None, fo.status}:
            found[fo.order_id].append(fo.reference)
    return found


def _refusal(order: Order) -> DomainError | None:
    if order.status in {"canceled", "shipped", "delivered"}:
        detail = f"Order {order.number} is {order.status}; there is nothing left to hold."
        return IllegalMove(detail)
    return None


def release(
    order_ids: Sequence[UUID],
    *,
    note: str,
    actor: str,
    now: datetime,
    codes: Sequence[str] | None = None,
) -> set[UUID]:
    """Release what is held of whole orders (for some doubts, or all); return which were held.

    Routing looks at once. It puts nothing right by itself, and what a vendor or somebody else holds
    of an order stays held.
    """
    orders = {order.id: order for order in lock_orders(order_ids)}
    lifted = holds.lift(orders, actor=actor, note=note, now=now, codes=codes)
    go_on(orders, lifted, note=note, actor=actor, now=now)
    return {row.order_id for row in lifted}


def go_on(
    orders: Mapping[UUID, Order],
    lifted: Sequence[Row[Any]],
    *,
    note: str,
    actor: str,
    now: datetime,
) -> None:
    """Tell of lifted holds, and have the orders that are free now routed and worked on."""
    codes: dict[UUID, list[str]] = defaultdict(list)
    for row in lifted:
        codes[row.order_id].append(row.code)
    record(
        [
            Happened(
                key,
                orders[key].cohort,
                "order_released",
                actor,
                key,
                {"doubts": sorted(found), "note": note},
            )
            for key, found in codes.items()
        ],
        now,
    )
    _let_vendors_go_on(lifted, actor, now)
    checks.wake("lines unrouted", [Subject(key, "order", key) for key in codes], now)


def _let_vendors_go_on(lifted: Iterable[Row[Any]], actor: str, now: datetime) -> None:
    """Release those fulfillment orders that were held with their orders and still are."""
    names = {name for row in lifted for name in row.facts.get(PARTS, ())}
    if not names:
        return
    held = lock_fulfillment_orders_of([row.order_id for row in lifted])
    waiting = [fo.reference for fo in held if fo.reference in names and fo.status == "on_hold"]
    act(waiting, Action.RELEASE, actor=actor, now=now)
