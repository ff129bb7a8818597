"""Why a vendor has nothing to say on a fulfillment order any more, in words."""

from __future__ import annotations

from datetime import datetime

from app.orders.contract import UNCONFIRMED, UNSHIPPED, FoStatus
from app.orders.models import FulfillmentOrder
from app.orders.queries import UNDONE
from app.shared.language import _, _n
from app.web.words import decline, when


def gone(fo: FulfillmentOrder) -> dict[str, str] | None:
    """Return why a vendor has nothing to say on a fulfillment order; None: its word is awaited."""
    if fo.status == FoStatus.ASSIGNED:
        return None
    if fo.status == FoStatus.REJECTED and fo.decline_code:
        title, sentence = _("You declined it"), _rejected(fo)
    elif fo.status == FoStatus.REJECTED:
        title, sentence = _("It was taken back"), _taken_back(fo)
    elif fo.status == FoStatus.CANCELED and fo.lapsed_at:
        title, sentence = _("It is canceled"), _lapsed(fo, fo.lapsed_at)
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
    if fo.decline_reason == UNSHIPPED:
        return _(
            "It had not left by {moment}, when it should have, so somebody else sends it."
            " Do not send it any more.",
            moment=when(fo.ship_by),
        )
    return _(
        "Somebody else sends it: {why}. Nothing to do.",
        why=fo.decline_reason or _("no reason was given"),
    )


def _lapsed(fo: FulfillmentOrder, at: datetime) -> str:
    return _(
        "It had not left, and should have by {due}. So it was canceled {moment}, and the customer"
        " is paid back. Do not send it any more.",
        due=when(fo.ship_by),
        moment=when(at),
    )


def ending(fo: FulfillmentOrder) -> str | None:
    """Return when what has not left ends, or that the rest of it has ended; None: neither."""
    if fo.cancel_at and fo.status in UNDONE:
        return _(
            "Hand it over by {moment}: what has not left by then is canceled, and the customer is"
            " paid back. It should have left by {due}.",
            moment=when(fo.cancel_at),
            due=when(fo.ship_by),
        )
    if fo.lapsed_at and fo.status in {FoStatus.SHIPPED, FoStatus.DELIVERED}:
        return _(
            "The rest had not left, and should have by {due}. So it was canceled {moment}, and the"
            " customer is paid back for it. Do not send it any more.",
            due=when(fo.ship_by),
            moment=when(fo.lapsed_at),
        )
    return None


def _confirmed(fo: FulfillmentOrder) -> str:
    units = sum(line.confirmed for line in fo.lines)
    return _n(
        "{n} unit was confirmed {moment}, by you, a colleague or a program of yours.",
        "{n} units were confirmed {moment}, by you, a colleague or a program of yours.",
        units,
        moment=when(fo.confirmed_at or fo.assigned_at),
    )
