"""What every page of the portal has: its blueprint, whose it is, and how much there is to do."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint
from flask_login import current_user

from app.orders.queries import work_of
from app.policies import marketplace
from app.shared.errors import NotAllowed
from app.shared.language import _
from app.shared.work import transaction, vendor_scope
from app.unit import Scope
from app.vendors.queries import locations
from app.web import words, zones

blueprint = Blueprint("portal", __name__, url_prefix="/portal")


def vendor_id() -> UUID:
    """Return whose portal this is: one's own, or that of the vendor one looks at."""
    found: UUID | None = (
        current_user.viewing.vendor_id if current_user.viewing else current_user.vendor_id
    )
    if found is None:
        raise NotAllowed(
            _("You belong to no vendor. Choose one in the console to see what it sees.")
        )
    return found


def scope() -> Scope:
    """Return the scope of one vendor's rows, in which whoever only looks cannot write."""
    return vendor_scope(vendor_id(), is_read_only=current_user.viewing is not None)


def shell(now: datetime) -> dict[str, Any]:
    """Return what the frame around every page shows, in the time zone of the vendor's places."""
    words.read_at(now)
    places = locations()
    theirs = {place.zone for place in places.values()}
    # Places in several zones have no clock in common but the marketplace's.
    zone = ZoneInfo(theirs.pop() if len(theirs) == 1 else marketplace.zone())
    zones.show_in(zone.key)
    morning, tonight = _day(now, zone)
    work = work_of(vendor_id(), now, morning, tonight)
    viewing = current_user.viewing
    return {
        "me": {"name": current_user.name},
        "vendor": viewing.name if viewing else current_user.vendor_name,
        "viewing": viewing,
        "counts": {
            "work": work.undone,
            "pick": work.to_pick,
            "pack": work.to_pack,
            "ship": work.to_ship,
        },
        "work": work,
        "places": places,
        "now": now,
        "zone": zone.key,
        "tonight": tonight,
    }


def _day(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when the day began there, and when it ends."""
    today = now.astimezone(zone).date()
    tomorrow = today + timedelta(days=1)
    return datetime.combine(today, time(), zone), datetime.combine(tomorrow, time(), zone)


def frame() -> dict[str, Any]:
    """Return the frame for a page that reads nothing else of the vendor's rows."""
    with transaction(scope()) as now:
        return shell(now)
