"""What a vendor is asked to say its word on, in words; and why it can say none any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from app.orders.contract import FoStatus
from app.orders.models import FulfillmentOrder
from app.orders.rules import is_after_due
from app.portal.work import ADDRESS, WISHES
from app.shared.language import _, _n
from app.web.deadlines import Deadline, deadline
from app.web.words import day, decline, when

# Why work went to somebody else (app.routing.moves), where it says more than its reason.
UNCONFIRMED = "not confirmed in time"


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


def gone(fo: FulfillmentOrder) -> dict[str, str] | None:
    """Return why a vendor has nothing to say on a fulfillment order; None: its word is awaited."""
    if fo.status == FoStatus.ASSIGNED:
        return None
    if fo.status == FoStatus.REJECTED and fo.decline_code:
        title, sentence = _("You declined it"), _rejected(fo)
    elif fo.status == FoStatus.REJECTED:
        title, sentence = _("It was taken back"), _taken_back(fo)
    elif fo.status == FoStatus.CANCELED:
        title, sentence = _("It is canceled"), _("The customer wants it no more. Nothing to do.")
    elif fo.status == FoStatus.ON_HOLD:
        title = _("It is on hold")
        sentence = _(
            "Nothing is to be confirmed until it is released: {reason}.",
            reason=fo.hold_reason or _("no reason was given"),
        )
    else:
        title, sentence = _("It is confirmed"), _confirmed(fo)
    return {"title": title, "sentence": sentence}


def _rejected(fo: FulfillmentOrder) -> str:
    why = decline(fo.decline_code or "")
    return _(
        "You, a colleague or a program of yours declined it {moment}: {why}. Nothing to do.",
        moment=when(fo.confirmed_at or fo.assigned_at),
        why=why if fo.decline_reason is None else f"{why}, {fo.decline_reason}",
    )


def _taken_back(fo: FulfillmentOrder) -> str:
    if fo.decline_reason == UNCONFIRMED and fo.confirm_by:
        return _(
            "Nobody had confirmed it by {moment}, so somebody else sends it. Nothing to do.",
            moment=when(fo.confirm_by),
        )
    return _(
        "Somebody else sends it: {why}. Nothing to do.",
        why=fo.decline_reason or _("no reason was given"),
    )


def _confirmed(fo: FulfillmentOrder) -> str:
    units = sum(line.confirmed for line in fo.lines)
    return _n(
        "{n} unit was confirmed {moment}, by you, a colleague or a program of yours.",
        "{n} units were confirmed {moment}, by you, a colleague or a program of yours.",
        units,
        moment=when(fo.confirmed_at or fo.assigned_at),
    )


def late_day(fo: FulfillmentOrder, zone: str) -> str | None:
    """Return the day a vendor means to hand over, where that is later than promised."""
    is_late = fo.ship_on is not None and is_after_due(fo.ship_on, fo.ship_by, zone)
    return day(fo.ship_on) if is_late and fo.ship_on else None
