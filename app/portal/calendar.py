"""A vendor's calendar: when each place works, the days it closes, and whether it is away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import Row
from werkzeug.utils import redirect
from wtforms import DateField
from wtforms.validators import Optional

from app.accounts.sessions import actor_of
from app.audit.service import record
from app.desk.edits import meanwhile
from app.desk.place_forms import ChangeCalendar, Closing, of_calendar
from app.desk.places import DAY, place_shown, promised
from app.orders.queries import loads
from app.policies import marketplace
from app.portal import page
from app.portal.page import blueprint, vendor_id
from app.routing.standing import stand
from app.shared.errors import Conflict, IllegalMove, InvalidInput
from app.shared.language import _, later
from app.shared.seen import written
from app.shared.work import ACCOUNTS, OPS, acting_as, transaction
from app.vendors import queries, service
from app.vendors.contract import Move, Status, Step
from app.web import words, zones
from app.web.forms import called, page_of, refusals
from app.web.toasts import toast
from app.web.words import when

# How a vendor stands, as its own people read it: icon, tone, word and what it does to their work.
STANDING = {
    Status.ACTIVE: ("check-circle", "good", later("Active"), later("You are given new work.")),
    Status.REVIEW: (
        "eye",
        "warn",
        later("Under review"),
        later("You are given new work; ops look at how it goes."),
    ),
    Status.PAUSED: (
        "pause-circle",
        "warn",
        later("Away"),
        later("You are given no new work. What you have, you finish; its times go on."),
    ),
    Status.SUSPENDED: (
        "slash-circle",
        "crit",
        later("Suspended"),
        later("You are given no new work until ops decide otherwise. Ask them under Help."),
    ),
}


class Away(FlaskForm):  # type: ignore[misc]
    """From when on a vendor wants no new work, until when, and why."""

    until = DateField(
        later("Back on"),
        [Optional()],
        description=later("From this day on you are given work again. Empty: until you say so."),
    )
    reason = called(
        later("Why"), later("Say why: ops and your team read it."), default=later("Vacation")
    )


@blueprint.get("/calendar")
def calendar() -> ResponseReturnValue:
    """Show when each place works, what it promises from now on, and whether the vendor is away."""
    return _overview(Away(formdata=None))


def _overview(away: Away) -> ResponseReturnValue:
    with transaction(page.scope()) as now:
        frame = page.shell(now)
        places = _places(list(frame["places"].values()), now)
        own = queries.vendor_of(vendor_id())
    away.reason.data = _(away.reason.data or "")
    return page_of(
        away,
        "portal/calendar.html",
        **frame,
        shown=places,
        standing=_standing(own),
        away=away,
        tomorrow=_today(now) + timedelta(days=1),
    )


def _standing(own: Row[Any]) -> dict[str, Any]:
    icon, tone, word, then = STANDING[Status(own.status)]
    return {
        "mark": (icon, tone, _(word)),
        "then": _(then),
        "until": own.status_until if own.status == own.said else None,
        "reason": own.status_reason if own.status != Status.ACTIVE else None,
        "may_pause": own.status in {Status.ACTIVE, Status.PAUSED},
        "is_away": own.status == Status.PAUSED,
    }


def _places(places: Sequence[Any], now: datetime) -> list[dict[str, Any]]:
    """Return places with their next days, and what is promised of an order that comes now."""
    keys = [place.id for place in places]
    closed = queries.closures(keys, now.date() - DAY)
    full = loads(keys, now)
    return [
        place_shown(place, own, full, now)
        | {"id": place.id, "promise": _promise(place, own, full, now)}
        for place in places
        if (own := [c for c in closed if c.location_id == place.id]) is not None
    ]


def _promise(place: Any, closed: Sequence[Any], full: Mapping[Any, int], now: datetime) -> str:
    if not place.is_active:
        return _("No new work is given to this place.")
    moment = promised(place, closed, full, now)
    if moment is None:
        return _("It has no open day within a year: nothing can be promised, so it gets no work.")
    return _("An order that comes now is promised to leave by {moment}.", moment=when(moment))


def _today(now: datetime) -> date:
    return now.astimezone(ZoneInfo(marketplace.zone())).date()


@blueprint.route("/calendar/<uuid:location_id>", methods=["GET", "POST"])
def change_calendar(location_id: UUID) -> ResponseReturnValue:
    """Change when a place works."""
    with transaction(page.scope()):
        values = queries.calendar_values(queries.own_place(location_id))
    form = ChangeCalendar(data=of_calendar(values) | {"seen": written(values)})
    if form.validate_on_submit():
        with refusals(form):
            with transaction(page.scope()) as now:
                service.change_calendar(location_id, form.calendar(), seen=form.seen.data or "")
                place = queries.own_place(location_id)
                _note("location_saved", place)
                said = _said(place, now)
            toast(said)
            return redirect(url_for("portal.change_calendar", location_id=location_id), 303)
    return _page(location_id, form, Closing(formdata=None))


def _said(place: Row[Any], now: datetime) -> str:
    """Return what a change does to promises, in words and by the clock of the place."""
    words.read_at(now)
    zones.show_in(place.zone)
    (shown,) = _places([place], now)
    return _("Saved. {promise} Promises that were given stay.", promise=shown["promise"])


def _page(location_id: UUID, form: ChangeCalendar, closing: Closing) -> ResponseReturnValue:
    with transaction(page.scope()) as now:
        frame = page.shell(now)
        place = queries.own_place(location_id)
        (shown,) = _places([place], now)
    changes = meanwhile(form, queries.calendar_values(place))
    return page_of(
        closing if closing.errors else form,
        "portal/change_calendar.html",
        **frame,
        place=shown,
        facts=form,
        closing=closing,
        meanwhile=changes,
    )


@blueprint.post("/calendar/<uuid:location_id>/closures")
def close_days(location_id: UUID) -> ResponseReturnValue:
    """Close a place from one day to another."""
    closing = Closing()
    if closing.validate_on_submit():
        with refusals(closing):
            days = (closing.first_day.data, closing.last_day.data)
            with transaction(page.scope()) as now:
                place = queries.own_place(location_id)
                by = current_user.name
                service.close_days(place, *days, closing.reason.data, by=by)
                _note("closure_added", place, days)
                said = _said(place, now)
            toast(said)
            return _back(location_id)
    with transaction(page.scope()):
        values = queries.calendar_values(queries.own_place(location_id))
    form = ChangeCalendar(formdata=None, data=of_calendar(values) | {"seen": written(values)})
    return _page(location_id, form, closing)


@blueprint.post("/calendar/<uuid:location_id>/closures/remove")
def open_days(location_id: UUID) -> ResponseReturnValue:
    """Take a closure back."""
    with transaction(page.scope()) as now:
        place = queries.own_place(location_id)
        first, last = _day("first"), _day("last")
        service.open_days(place, first, last)
        _note("closure_removed", place, (first, last))
        said = _said(place, now)
    toast(said)
    return _back(location_id)


def _day(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        raise InvalidInput(_("The form names no days. Open the page again.")) from None


def _back(location_id: UUID) -> ResponseReturnValue:
    here = url_for("portal.change_calendar", location_id=location_id, _anchor="closures-h")
    return redirect(here, 303)


def _note(action: str, place: Row[Any], days: tuple[Any, ...] = ()) -> None:
    facts: dict[str, Any] = dict(zip(("first", "last"), map(str, days), strict=False))
    # A vendor adds nothing to the trail by itself.
    with acting_as(ACCOUNTS):
        subject = f"{place.vendor}, {place.code}"
        record(action, actor_of(current_user), subject=subject, **facts)


@blueprint.post("/calendar/away")
def go_away() -> ResponseReturnValue:
    """Take no new work from now on, by one's own wish."""
    away = Away()
    if away.validate_on_submit():
        with refusals(away):
            _stand(Step("", Move.PAUSE, away.reason.data, away.until.data))
            toast(_("You are away: no new work is given to you. What you have, you finish."))
            return redirect(url_for("portal.calendar"), 303)
    return _overview(away)


@blueprint.post("/calendar/back")
def come_back() -> ResponseReturnValue:
    """Take new work again."""
    try:
        _stand(Step("", Move.REOPEN))
    except Conflict as refusal:
        toast(refusal.detail, "warn")
    else:
        toast(_("You are back: new work comes in from now on."))
    return redirect(url_for("portal.calendar"), 303)


def _stand(step: Step) -> None:
    """Go or come back by one's own wish; IllegalMove where that is for ops to decide."""
    with transaction(page.scope()) as now:
        mine = vendor_id()
        # How a vendor stands is no row that a vendor writes.
        with acting_as(OPS):
            own = queries.vendor_of(mine, lock=True)
            if own.status not in {Status.ACTIVE, Status.PAUSED}:
                told = _("How you stand is for ops to decide now. Ask them under Help.")
                raise IllegalMove(told)
            asked = Step(own.code, step.move, step.reason, step.until)
            stand([asked], actor=actor_of(current_user), now=now)
