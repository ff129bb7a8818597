"""What a vendor is asked to say its word on, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from app.orders.models import FulfillmentOrder
from app.portal.work import ADDRESS, WISHES
from app.shared.language import _
from app.web.deadlines import Deadline, deadline
from app.web.words import when


def clocks(fo: FulfillmentOrder, now: datetime) -> dict[str, Deadline | None]:
    """Return until when a vendor's word is waited for, and until when the parcel."""
    confirm = None
    if fo.confirm_by:
        due = _("confirm by {moment}", moment=when(fo.confirm_by))
        confirm = deadline(fo.confirm_by, now, due, since=fo.assigned_at)
    due = _("ship by {moment}", moment=when(fo.ship_by))
    return {"confirm": confirm, "ship": deadline(fo.ship_by, now, due, since=fo.assigned_at)}


def address(ship_to: Mapping[str, Any]) -> Iterator[str]:
    """Return an address line by line."""
    for names in ADDRESS:
        if line := " ".join(ship_to[name] for name in names if ship_to.get(name)):
            yield line


def wishes(preferences: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return what the customer asks for."""
    if preferences.get("gift_wrap"):
        yield _("Gift"), _("Wrap it as a gift")
    for name, label in WISHES.items():
        if preferences.get(name):
            yield _(label), str(preferences[name])
