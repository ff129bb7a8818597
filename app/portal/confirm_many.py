"""Saying one's word on many fulfillment orders at once: chosen, looked at, said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from wtforms import BooleanField, DateField, RadioField
from wtforms.validators import Optional

from app.choices import service as choices
from app.doors.guard import may
from app.extensions import db
from app.orders.confirmations import Confirmation, asked
from app.orders.contract import FoStatus
from app.orders.models import FulfillmentOrder
from app.orders.rules import is_after_due
from app.orders.service import Outcome
from app.portal import confirm_words, page
from app.portal.confirm import usual_day, zone_of
from app.portal.confirm_forms import LOOK_FIRST
from app.portal.gone import gone
from app.portal.page import blueprint
from app.shared.errors import DomainError
from app.shared.language import _, later
from app.shared.work import rehearsed, transaction
from app.web.words import day

# As many as one truck takes; the others come next.
MOST = 200
EACH, ONE_DAY, NO_DAY = "each", "day", "none"
WAYS = {
    EACH: later("each on its own promised day"),
    ONE_DAY: later("all on this day"),
    NO_DAY: later("say no day"),
}


class Words(FlaskForm):  # type: ignore[misc]
    """What is said of all the chosen ones."""

    when = RadioField(later("Handed over"), default=EACH)
    ship_on = DateField(later("Day"), [Optional()])
    attest = BooleanField()

    def __init__(self, *, is_sent: bool) -> None:
        """Offer the ways to name a day."""
        super().__init__(**({} if is_sent else {"formdata": None}))
        self.when.choices = list(WAYS.items())

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        """Return whether somebody has looked, and named the day they mean."""
        super().validate(extra_validators)
        if not self.attest.data:
            self.attest.errors = [*self.attest.errors, LOOK_FIRST]
        if self.when.data == ONE_DAY and not self.ship_on.data:
            self.ship_on.errors = [*self.ship_on.errors, _("Name the day.")]
        return not self.errors


@blueprint.route("/confirm", methods=["GET", "POST"])
def confirm_many() -> ResponseReturnValue:
    """Let a vendor choose what it can send, look at what that promises, and promise it."""
    if request.method == "GET":
        return _choose(Words(is_sent=False))
    form = Words(is_sent=True)
    chosen = list(dict.fromkeys(request.form.getlist("order")))[:MOST]
    if not chosen:
        form.form_errors.append(_("Choose at least one order."))
    # What was looked at is said; what is said first is looked at.
    is_valid = form.validate()
    if not chosen or not is_valid:
        return _choose(form, chosen), 422
    return _say(form, chosen) if "say" in request.form else _look(form, chosen)


def _found(names: Sequence[str] | None) -> Sequence[FulfillmentOrder]:
    """Return the scope's fulfillment orders of some names; without, those not confirmed."""
    query = select(FulfillmentOrder).options(joinedload(FulfillmentOrder.lines))
    if names is None:
        query = query.where(FulfillmentOrder.status == FoStatus.ASSIGNED)
    else:
        query = query.where(FulfillmentOrder.reference.in_(names))
    # The first word that is due; of one moment, the first parcel.
    order = (FulfillmentOrder.confirm_by.asc().nulls_last(), FulfillmentOrder.ship_by)
    rows = db.session.scalars(query.order_by(*order, FulfillmentOrder.id).limit(MOST))
    return rows.unique().all()


def _choose(form: Words, chosen: Sequence[str] | None = None) -> str:
    with transaction(page.scope()) as now:
        frame = page.shell(now)
        rows = [
            _shown(fo, frame) | {"is_chosen": chosen is None or fo.reference in chosen}
            for fo in _found(None)
        ]
    return render_template(
        "portal/confirm_many.html",
        **frame,
        step="choose",
        rows=rows,
        form=form,
        problem=" ".join(map(_, form.form_errors)) or None,
        total=frame["work"].unconfirmed,
        may_say=may("portal.confirm_many"),
        units=sum(row["units"] for row in rows),
    )


def _look(form: Words, chosen: Sequence[str]) -> str:
    """Show what would be promised, and which could not be: tried out, and undone again."""
    with transaction(page.scope()) as now:
        frame = page.shell(now)
        rows = list(_tried(form, chosen, frame, now))
    able = [row for row in rows if row["can"]]
    return render_template(
        "portal/confirm_many.html",
        **frame,
        step="look",
        rows=able,
        not_able=[row for row in rows if not row["can"]],
        form=form,
        problem=None,
        may_say=True,
        units=sum(row["units"] for row in able),
    )


def _tried(
    form: Words, chosen: Sequence[str], frame: dict[str, Any], now: datetime
) -> Iterator[dict[str, Any]]:
    found = {fo.reference: fo for fo in _found(chosen)}
    shown = {name: _shown(fo, frame) for name, fo in found.items()}
    words = _words(form, found, frame)
    with rehearsed():
        outcomes = dict(zip(words, _said(list(words.values()), now), strict=True))
        refusals = {n: _refusal(o) for n, o in outcomes.items()}
    for name in chosen:
        yield _result(name, shown, words, refusals)


def _say(form: Words, chosen: Sequence[str]) -> str:
    """Say the word on all of them, and show what became of each."""
    with transaction(page.scope()) as now:
        frame = page.shell(now)
        found = {fo.reference: fo for fo in _found(chosen)}
        shown = {name: _shown(fo, frame) for name, fo in found.items()}
        words = _words(form, found, frame)
        outcomes = dict(zip(words, _said(list(words.values()), now), strict=True))
        refusals = {name: _refusal(outcome) for name, outcome in outcomes.items()}
        rows = [_result(name, shown, words, refusals) for name in chosen]
        # What is still to be done is less now.
        frame = page.shell(now)
    done = [row for row in rows if row["can"]]
    return render_template(
        "portal/confirm_many.html",
        **frame,
        step="said",
        rows=done,
        not_able=[row for row in rows if not row["can"]],
        form=form,
        problem=None,
        may_say=True,
        units=sum(row["units"] for row in done),
    )


def _words(
    form: Words, found: Mapping[str, FulfillmentOrder], frame: dict[str, Any]
) -> dict[str, Confirmation]:
    """Return the words on those that still wait for one."""
    waiting = {name: fo for name, fo in found.items() if fo.status == FoStatus.ASSIGNED}
    return {
        name: Confirmation(name, has_attested=True, ship_on=_day(form, fo, frame))
        for name, fo in waiting.items()
    }


def _day(form: Words, fo: FulfillmentOrder, frame: dict[str, Any]) -> date | None:
    if form.when.data == NO_DAY:
        return None
    named: date | None = form.ship_on.data
    return named if form.when.data == ONE_DAY else usual_day(fo, frame)


def _said(words: Sequence[Confirmation], now: datetime) -> list[Outcome]:
    return choices.confirm(words, {}, actor=current_user.name, now=now)


def _refusal(outcome: Outcome) -> str | None:
    """Return why a word was not taken; None where it was."""
    if not isinstance(outcome, DomainError):
        return None
    if "ship_on" in outcome.fields:
        return _("It cannot be handed over on that day. Name a day from today on.")
    return outcome.detail


def _result(
    name: str,
    shown: Mapping[str, dict[str, Any]],
    words: Mapping[str, Confirmation],
    refusals: Mapping[str, str | None],
) -> dict[str, Any]:
    """Return what would become of one, or has: it can be, or why not."""
    if name not in shown:
        why: str | None = _("It is not yours, or there is no such order.")
        return {"reference": name, "can": False, "why": why, "is_known": False}
    row = shown[name]
    why = refusals[name] if name in refusals else row["gone"]
    word = words.get(name)
    on = word.ship_on if word else None
    is_late = on is not None and is_after_due(on, row["ship_by"], row["zone"])
    known = {"can": why is None, "why": why, "is_known": True}
    return row | known | {"ship_on": day(on) if on else None, "is_late": is_late}


def _shown(fo: FulfillmentOrder, frame: dict[str, Any]) -> dict[str, Any]:
    now: datetime = frame["now"]
    zone = zone_of(fo, frame)
    lines = [(asked(line), line.title) for line in fo.lines if asked(line)]
    why = gone(fo)
    is_open = fo.status == FoStatus.ASSIGNED
    return {
        "reference": fo.reference,
        "href": url_for("portal.confirm", reference=fo.reference),
        "to": fo.ship_to.get("city", "") if is_open else "",
        "lines": lines if is_open else [],
        "units": sum(units for units, _title in lines),
        "ship_by": fo.ship_by,
        "ship_day": fo.ship_by.astimezone(ZoneInfo(zone)).date(),
        "zone": zone,
        "gone": f"{why['title']}. {why['sentence']}" if why else None,
        **confirm_words.clocks(fo, now),
    }
