"""Why a vendor has nothing to say on a fulfillment order any more, in words."""

from __future__ import annotations

from app.orders.contract import FoStatus
from app.orders.models import FulfillmentOrder
from app.shared.language import _, _n
from app.web.words import decline, when

# Why work went to somebody else (app.routing.moves), where it says more than its reason.
UNCONFIRMED = "not confirmed in time"


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
