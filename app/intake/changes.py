"""Changes of an order that is in already, with what follows for routing and for parcels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.extensions import db
from app.orders import changes, holds, review, told
from app.orders.changes import Change
from app.orders.locks import lock_orders
from app.orders.models import FulfillmentOrder
from app.routing import repromise
from app.routing.moves import Why, take_back
from app.shared.errors import DomainError
from app.shipments import service as shipments
from app.vendors.models import Location

# Why work changes hands, as its vendor reads it.
ABROAD = "it goes to a country that you do not ship to"


def readdress(order_id: UUID, ship_to: Mapping[str, Any], change: Change) -> None:
    """Send what has not left somewhere else; whoever does not ship there loses the work."""
    (order,) = lock_orders([order_id])
    was = order.ship_to
    parts = changes.readdress(order_id, ship_to, change)
    if order.ship_to == was:
        return
    stranded = _stranded(parts, ship_to["country"])
    why = Why(ABROAD, may_return=True)
    for outcome in take_back(stranded, why, actor=change.actor, now=change.now):
        if isinstance(outcome, DomainError):
            raise outcome
    if stranded:
        repromise.look_again(order, change.now)
    dates = {}
    if order.ship_to["country"] != was["country"]:
        # Lanes go from country to country: within one, nothing else can be promised.
        dates = repromise.readdressed(order, was["country"], change.now)
    told.changed(order, change.now, dates)


def _stranded(fos: Sequence[FulfillmentOrder], country: str) -> list[str]:
    """Return the fulfillment orders whose places do not ship to a country."""
    reach = _reach(fo.location_id for fo in fos)
    return [fo.reference for fo in fos if country not in (reach[fo.location_id] or [country])]


def _reach(location_ids: Iterable[UUID]) -> dict[UUID, list[str] | None]:
    query = select(Location.id, Location.ships_to).where(Location.id.in_(set(location_ids)))
    return {row.id: row.ships_to for row in db.session.execute(query)}


def change(order_id: UUID, units: Mapping[str, int], wishes: Mapping[str, Any], of: Change) -> None:
    """Change how many units of lines are wanted, and what the customer wishes; all or nothing."""
    if changes.change_units(order_id, units, of):
        # What has arrived may now be all there is; and the version they looked at is past.
        shipments.arrive(order_id, of.now)
        of = replace(of, version=None)
    (order,) = lock_orders([order_id])
    need_by = order.preferences.get("deliver_by")
    changes.change_wishes(order_id, wishes, of)
    if order.preferences.get("deliver_by") != need_by:
        repromise.redated(order, of.now)


def cancel(order_id: UUID, of: Change) -> None:
    """Call off an order of which nothing has left."""
    (order,) = lock_orders([order_id])
    if order.status != "canceled":
        changes.require_unchanged(order, of)
        shipments.cancel(order_id, None, actor=of.actor, reason=of.reason, now=of.now)


def hold(order_id: UUID, of: Change) -> None:
    """Hold a whole order until somebody releases it."""
    (order,) = lock_orders([order_id])
    changes.require_unchanged(order, of)
    outcome = review.hold([order_id], reason=of.reason, actor=of.actor, now=of.now)[order_id]
    if isinstance(outcome, DomainError):
        raise outcome


def release(order_id: UUID, of: Change) -> None:
    """Release an order that somebody has looked at; a doubt they have not seen keeps it."""
    (order,) = lock_orders([order_id])
    is_held = bool(holds.open_holds(order_id))
    # One's own second click is no change; what somebody else did meanwhile is told.
    changes.require_unchanged(order, of, by_others=not is_held)
    if is_held:
        review.release([order_id], note=of.reason, actor=of.actor, now=of.now)
