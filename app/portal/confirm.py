"""Saying what one can send of a fulfillment order, until when, and what one offers for the rest."""

from __future__ import annotations

from datetime import date, datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.catalog.restock import own_available
from app.choices import service as choices
from app.doors.guard import may
from app.orders.contract import FoStatus
from app.orders.models import FulfillmentOrder
from app.orders.queries import fulfillment_order
from app.orders.rules import address_for_vendor, is_after_due
from app.portal import confirm_words, page
from app.portal.confirm_forms import Asked, Word, asked_of, refuse, said, word_form
from app.portal.gone import gone
from app.portal.offered import offered
from app.portal.page import blueprint, vendor_id
from app.shared.errors import InvalidInput
from app.shared.language import _, _n
from app.shared.work import transaction
from app.vendors.models import Location
from app.web.toasts import toast
from app.web.words import day

# Of more goods only the first are proposed; any other is typed.
MOST_PROPOSED = 300


@blueprint.route("/orders/<reference>/confirm", methods=["GET", "POST"])
def confirm(reference: str) -> ResponseReturnValue:
    """Ask a vendor what of a fulfillment order it can send, and take its word."""
    return _take(reference) if request.method == "POST" else _ask(reference)


def _ask(reference: str) -> Response:
    with transaction(page.scope()) as now:
        frame = page.shell(now)
        fo = fulfillment_order(reference)
        lines = asked_of(fo)
        form = word_form(lines, usual_day(fo, frame), is_sent=False)
        return _page(frame, fo, lines, form)


def _take(reference: str) -> ResponseReturnValue:
    """Take a vendor's word; what is wrong with it is shown beside what was typed."""
    with transaction(page.scope()) as now:
        frame = page.shell(now)
        fo = fulfillment_order(reference)
        lines = asked_of(fo) if fo.status == FoStatus.ASSIGNED else []
        form = word_form(lines, None, is_sent=True)
        if not lines:
            return _page(frame, fo, lines, form, status=HTTPStatus.CONFLICT)
        word = said(form, fo, lines, request.form.get("do", "part"))
        if word is None:
            return _page(frame, fo, lines, form, status=InvalidInput.status)
        offers, by = {reference: word.offers}, current_user.name
        (outcome,) = choices.confirm([word.word], offers, actor=by, now=now)
        if not isinstance(outcome, FulfillmentOrder):
            # Somebody may have been quicker: then a sentence says so.
            status = refuse(form, lines, outcome)
            return _page(frame, fulfillment_order(reference), lines, form, status=status)
        _tell(outcome, lines, frame)
    return redirect(url_for("portal.fulfillment_order", reference=reference), HTTPStatus.SEE_OTHER)


def zone_of(fo: FulfillmentOrder, frame: dict[str, Any]) -> str:
    """Return the time zone of the place that a fulfillment order leaves from."""
    place: Location | None = frame["places"].get(fo.location_id)
    return place.zone if place else str(frame["zone"])


def usual_day(fo: FulfillmentOrder, frame: dict[str, Any]) -> date:
    """Return the day of ship-by where the goods are, or today where that is over."""
    zone = ZoneInfo(zone_of(fo, frame))
    now: datetime = frame["now"]
    return max(fo.ship_by.astimezone(zone).date(), now.astimezone(zone).date())


def _page(
    frame: dict[str, Any],
    fo: FulfillmentOrder,
    lines: list[Asked],
    form: Word,
    *,
    status: int = 200,
) -> Response:
    now: datetime = frame["now"]
    is_open = fo.status == FoStatus.ASSIGNED
    place = frame["places"].get(fo.location_id)
    zone = zone_of(fo, frame)
    ship_to = address_for_vendor(fo, now, 0)
    made: Response = make_response(
        render_template(
            "portal/confirm.html",
            **frame,
            order={
                "reference": fo.reference,
                "number": fo.order_number,
                "status": fo.status,
                "place": place.name if place and len(frame["places"]) > 1 else None,
                "address": list(confirm_words.address(ship_to)) if ship_to else [],
                "wishes": list(confirm_words.wishes(fo.preferences)) if ship_to else [],
                "waits_until": day(fo.waits_until) if fo.waits_until else None,
                **confirm_words.clocks(fo, now),
            },
            gone=gone(fo),
            offers=[] if is_open else offered(fo.id),
            lines=lines if is_open else [],
            units=sum(line.units for line in lines),
            form=form,
            problem=" ".join(map(_, form.form_errors)) or None,
            goods=own_available(vendor_id(), most=MOST_PROPOSED) if is_open else [],
            ship_day=fo.ship_by.astimezone(ZoneInfo(zone)).date(),
            today=now.astimezone(ZoneInfo(zone)).date(),
            may_say=may("portal.confirm"),
        )
    )
    made.status_code = status
    return made


def _tell(fo: FulfillmentOrder, lines: list[Asked], frame: dict[str, Any]) -> None:
    """Say what was promised, and that it is late where it is."""
    if fo.status == FoStatus.REJECTED:
        toast(_("Declined. Its units go to somebody else now."), "info")
        return
    taken, asked = sum(line.confirmed for line in fo.lines), sum(line.units for line in lines)
    words = _n("{n} unit is yours to send.", "{n} units are yours to send.", taken)
    if taken < asked:
        words += " " + _n("{n} goes to somebody else.", "{n} go to somebody else.", asked - taken)
    tone = "good"
    if fo.ship_on and is_after_due(fo.ship_on, fo.ship_by, zone_of(fo, frame)):
        late = _(
            "{day} is later than promised; whoever looks after orders sees it.", day=day(fo.ship_on)
        )
        words, tone = f"{words} {late}", "warn"
    toast(words, tone)
