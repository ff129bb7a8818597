"""Something is wrong with one fulfillment order: what it is, and what happens next to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.utils import redirect

from app.doors.guard import may
from app.orders.contract import ADDRESS, Action, FoStatus, Reason
from app.orders.models import FulfillmentOrder
from app.orders.queries import UNDONE, fulfillment_order
from app.orders.service import act
from app.portal import notes, page
from app.portal.page import blueprint
from app.shared.errors import Conflict, DomainError, IllegalMove, InvalidInput, NotFound
from app.shared.language import _, later
from app.shared.work import transaction
from app.shipments import pickups
from app.threads import forms, rules
from app.threads.forms import Sent
from app.web.toasts import toast

# A carrier that did not come was to come since then.
LATELY = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Kind:
    """A thing that can be wrong: how it is called, what happens next, and what ops read first."""

    title: str
    then: str
    icon: str
    done: str
    needs_words: bool = True


KINDS = {
    "damaged": Kind(
        later("It is damaged"),
        later(
            "Ops are told, with your photos, and say whether you send another, or what the customer"
            " gets instead. It stays with you, and its times go on."
        ),
        "heartbreak-fill",
        later("Ops know that it is damaged. Their answer stands below, and a notice says so."),
    ),
    ADDRESS: Kind(
        later("The address is wrong"),
        later(
            "It is put on hold, so that nobody sends it. Ops find out where it goes; when they have"
            " changed it, it goes on by itself, and you are told."
        ),
        "geo",
        later("It is on hold, and ops look for the right address."),
    ),
    "carrier": Kind(
        later("The carrier did not come"),
        later("Ops are told, and ask the carrier. It stays ready to be handed over."),
        "truck",
        later("Ops know that the carrier did not come."),
        needs_words=False,
    ),
    "other": Kind(
        later("Something else"),
        later("Ops are told what you write, and answer here. Nothing else changes."),
        "question-circle",
        later("Ops know what you wrote. Their answer stands below, and a notice says so."),
    ),
}
# By status: the page on which units that cannot be sent are taken off it, and what it does.
SHORT = {
    FoStatus.ASSIGNED: (
        "portal.confirm",
        later("Say how many you can send, and decline the others."),
    ),
    FoStatus.CONFIRMED: ("portal.pick", later("Pick what there is, and say what is missing.")),
    FoStatus.PICKING: ("portal.pick", later("Pick what there is, and say what is missing.")),
}


@blueprint.route("/orders/<reference>/trouble", methods=["GET", "POST"])
def trouble(reference: str) -> ResponseReturnValue:
    """Ask what is wrong, each with what happens next; or take what was said."""
    if request.method == "POST":
        return _say(reference)
    return _page(reference, Sent(), request.args.get("what", ""), None)


def _page(reference: str, sent: Sent, what: str, refusal: DomainError | None) -> str:
    with transaction(page.scope()) as now:
        frame = page.shell(now)
        fo = fulfillment_order(reference)
        missed = _missed(fo, now) if may("portal.trouble", "POST") else []
    return render_template(
        "portal/trouble.html",
        **frame,
        order={"reference": fo.reference, "number": fo.order_number, "status": fo.status},
        kinds=_kinds(fo) if fo.status in UNDONE and may("portal.trouble", "POST") else [],
        short=_short(fo),
        held=fo.hold_reason if fo.status == FoStatus.ON_HOLD else None,
        what=what,
        pickups=[_pickup(one, frame) for one in missed],
        sent=sent,
        errors=refusal.fields if refusal else {},
        problem=refusal.detail if refusal and not refusal.fields else None,
        longest=rules.LONGEST,
        most_photos=rules.MOST_PHOTOS,
    )


def _kinds(fo: FulfillmentOrder) -> list[dict[str, Any]]:
    return [
        {"value": name, "title": _(kind.title), "then": _(kind.then), "icon": kind.icon}
        for name, kind in KINDS.items()
        if not (name == ADDRESS and fo.status == FoStatus.ON_HOLD)
    ]


def _short(fo: FulfillmentOrder) -> dict[str, str] | None:
    """Return the way to say that units are missing; None where there is none any more."""
    endpoint, then = SHORT.get(FoStatus(fo.status), ("", ""))
    if not endpoint or not may(endpoint, "GET"):
        return None
    return {"href": url_for(endpoint, reference=fo.reference), "then": _(then)}


def _missed(fo: FulfillmentOrder, now: datetime) -> Sequence[Any]:
    """Return the pickups at a fulfillment order's place that were to come, and nobody said did."""
    found = pickups.pickups((now - LATELY).date(), now.date())
    return [one for one in found if one.location_id == fo.location_id and one.came is None]


def _pickup(one: Any, frame: dict[str, Any]) -> dict[str, Any]:
    place = frame["places"].get(one.location_id)
    return {
        "id": one.id,
        "carrier": one.carrier.upper(),
        "day": one.day,
        "from": f"{one.from_time:%H:%M}",
        "until": f"{one.until_time:%H:%M}",
        "place": place.name if place else "",
    }


def _say(reference: str) -> ResponseReturnValue:
    """Do what follows from what is wrong, and tell ops; the same form again changes nothing."""
    sent, what = forms.read(request), request.form.get("what", "")
    try:
        kind = _asked(sent, what)
        # Before a transaction: pictures take their time.
        photos = forms.read_photos(request)
        with transaction(page.scope()) as now:
            fo = fulfillment_order(reference)
            _follow(fo, what, now)
            notes.tell_ops(fo, _in_words(sent, kind), photos, now)
    except (InvalidInput, Conflict) as refusal:
        return _page(reference, sent, what, refusal), refusal.status
    toast(_(kind.done))
    return redirect(
        url_for("portal.fulfillment_order", reference=reference, _anchor=notes.ANCHOR), 303
    )


@blueprint.post("/orders/<reference>/go-on")
def go_on(reference: str) -> ResponseReturnValue:
    """Go on with what is on hold; what waits with its whole order is released with that."""
    with transaction(page.scope()) as now:
        actor = current_user.name
        (outcome,) = act([reference], Action.RELEASE, actor=actor, now=now)
        if isinstance(outcome, NotFound):
            raise outcome
    if isinstance(outcome, DomainError):
        toast(outcome.detail, "warn")
    else:
        toast(_("{reference} goes on.", reference=reference))
    return redirect(url_for("portal.fulfillment_order", reference=reference), 303)


def _asked(sent: Sent, what: str) -> Kind:
    kind = KINDS.get(what)
    if kind is None:
        raise InvalidInput(_("Nothing was sent."), what=_("Choose what is wrong."))
    if kind.needs_words and not sent.body.strip():
        raise InvalidInput(_("Nothing was sent."), body=_("Say in a few words what is wrong."))
    return kind


def _in_words(sent: Sent, kind: Kind) -> Sent:
    """Return a note that says first what is wrong, as whoever wrote it was asked."""
    words = f"{_(kind.title)}. {sent.body}".strip()
    return Sent(words, sent.sees, sent.once)


def _follow(fo: FulfillmentOrder, what: str, now: datetime) -> None:
    if fo.status not in UNDONE:
        told = _(
            "{reference} has left, or is not yours any more. Ask ops under Help.",
            reference=fo.reference,
        )
        raise IllegalMove(told)
    if what == ADDRESS:
        reason = Reason(_(KINDS[ADDRESS].title), ADDRESS)
        actor = current_user.name
        (outcome,) = act([fo.reference], Action.HOLD, actor=actor, now=now, reason=reason)
        if isinstance(outcome, DomainError):
            raise outcome
    if what == "carrier" and (pickup := _chosen()):
        pickups.pickup_missed(pickup, current_user.name, now)


def _chosen() -> UUID | None:
    try:
        return UUID(request.form.get("pickup", ""))
    except ValueError:
        return None
