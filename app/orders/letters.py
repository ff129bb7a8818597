"""What mails to vendors say of their work: read when they are sent, kept in no outbox.

Where a parcel goes is a person's; what lies in the outbox would outlive that address.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.extensions import db
from app.orders.models import FoLine, FulfillmentOrder
from app.orders.queries import address_days
from app.orders.rules import NEVER_SENT, address_for_vendor
from app.vendors.queries import locations

Facts = Mapping[str, Any]
# The templates that are about work, whose facts name a fulfillment order.
ABOUT_WORK = ("work_assigned", "work_reminder")
# A mail names so many lines of one fulfillment order and counts the others.
MOST_LINES = 50
# An address line by line; what stands on one line belongs together.
ADDRESS = (
    ("name",),
    ("company",),
    ("line1",),
    ("line2",),
    ("postal_code", "city"),
    ("region",),
    ("country",),
)
# What whoever packs must know, by its name among the wishes.
WISHES = {
    "gift_message": "Gift message",
    "delivery_instructions": "For the carrier",
    "preferred_delivery_time": "Delivery time",
    "deliver_by": "Wanted by",
}


def fill(messages: Sequence[tuple[str, Facts]], now: datetime) -> list[dict[str, Any]]:
    """Return what each message (its template and facts) says besides what its row keeps."""
    named = [
        facts.get("fulfillment_order") if template in ABOUT_WORK else None
        for template, facts in messages
    ]
    works = _works(sorted({name for name in named if name}), now)
    return [{"work": works[name]} if name in works else {} for name in named]


def _works(references: Sequence[str], now: datetime) -> dict[str, dict[str, Any]]:
    if not references:
        return {}
    query = select(FulfillmentOrder).where(FulfillmentOrder.reference.in_(references))
    found = db.session.scalars(query.options(selectinload(FulfillmentOrder.lines))).all()
    days, places = address_days(now), locations()
    return {fo.reference: _work(fo, places[fo.location_id], now, days) for fo in found}


def _work(fo: FulfillmentOrder, place: Any, now: datetime, days: int) -> dict[str, Any]:
    ship_to = address_for_vendor(fo, now, days)
    lines = [(line, n) for line in fo.lines if (n := line.ordered - line.declined - line.canceled)]
    return {
        "reference": fo.reference,
        "number": fo.order_number,
        "place": place.name,
        "zone": place.zone,
        "confirm_by": fo.confirm_by.isoformat() if fo.confirm_by else None,
        "ship_by": fo.ship_by.isoformat(),
        "is_over": fo.status in NEVER_SENT,
        "items": [_item(line, units) for line, units in lines[:MOST_LINES]],
        "more": max(0, len(lines) - MOST_LINES),
        "address": list(_address(ship_to or {})),
        "wishes": list(_wishes(fo.preferences)) if ship_to else [],
        "url": f"{current_app.config['PUBLIC_URL']}/portal/orders/{fo.reference}",
    }


def _item(line: FoLine, units: int) -> str:
    options = ", ".join(f"{name}: {value}" for name, value in (line.options or {}).items())
    words = f"{units} \N{MULTIPLICATION SIGN} {_line(line.title)} ({line.sku})"
    return f"{words}, {_line(options)}" if options else words


def _address(ship_to: Facts) -> Iterator[str]:
    for names in ADDRESS:
        if words := " ".join(str(ship_to[name]) for name in names if ship_to.get(name)):
            yield _line(words)


def _wishes(preferences: Facts) -> Iterator[str]:
    if preferences.get("gift_wrap"):
        yield "Wrap it as a gift"
    for name, label in WISHES.items():
        if preferences.get(name):
            yield f"{label}: {_line(str(preferences[name]))}"


def _line(words: str) -> str:
    """Return words on one line: what a customer typed makes no lines of ours."""
    return " ".join(words.split())
