"""One vendor: who it is, how it stands, what it has to do, where it ships from, what it sells."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row

from app.accounts.queries import people_by_vendor
from app.accounts.sessions import actor_of
from app.audit.queries import latest_about
from app.audit.service import record
from app.console import page
from app.console.audit_words import told
from app.console.page import blueprint
from app.console.shelves import shelf
from app.console.vendor_forms import (
    KIND_SENTENCES,
    START_SENTENCES,
    ChangeVendor,
    NewVendor,
    Standing,
)
from app.console.vendors import KINDS
from app.desk.edits import meanwhile
from app.desk.places import DAY, place_shown
from app.desk.shelves import shelf_asked
from app.orders.queries import loads, work_of
from app.promises.rules import end_of
from app.routing.standing import ACTS, stand
from app.shared.errors import Conflict, NotFound
from app.shared.language import _, later
from app.shared.seen import written
from app.shared.work import ACCOUNTS, OPS, transaction
from app.vendors import queries, service
from app.vendors.contract import Kind, Move, Status, Step
from app.vendors.rules import MOVES, STOPPING, moves_from
from app.web.forms import page_of, refusals
from app.web.words import zone_name

# What each move is called on its button, and what the page says that it does.
MOVE_WORDS = {
    Move.REVIEW: (
        later("Put under review"),
        later("It is still given work, which counts as a risk."),
    ),
    Move.CLEAR: (later("End the review"), later("Its work counts like any other's again.")),
    Move.PAUSE: (later("Pause"), later("It is given no new work, by its own wish.")),
    Move.SUSPEND: (
        later("Suspend"),
        later("It is given no new work until somebody decides otherwise."),
    ),
    Move.REOPEN: (later("Reopen"), later("It is given work again, from now on.")),
    Move.CLOSE: (
        later("Close for good"),
        later(
            "Its people cannot sign in and its keys open nothing from now on. It cannot be undone."
        ),
    ),
}
AGAIN = {Move.PAUSE: later("Change the pause"), Move.SUSPEND: later("Change the suspension")}
HISTORY = (*ACTS.values(), "vendor_onboarded", "vendor_changed")
# Of what was decided, and of what is sold, so much at once.
LATEST, SHELF = 8, 25


@blueprint.get("/vendors/<code>")
def vendor(code: str) -> ResponseReturnValue:
    """Show one vendor."""
    return _page(code)


def _page(code: str) -> ResponseReturnValue:
    asked = shelf_asked(request.args, SHELF)
    with transaction(OPS) as now:
        found = queries.vendor(code)
        tonight = end_of(now.astimezone(ZoneInfo(zone_name())).date(), zone_name())
        context = page.shell(page.numbers(), now) | {
            "vendor": _shown(found),
            "work": work_of(found.id, now, now, tonight),
            "places": _places(code, now),
            "history": [told(row) for row in latest_about(code, HISTORY, LATEST)],
            "shelf": shelf(found.id, asked, url_for("console.vendor", code=code)),
        }
    with transaction(ACCOUNTS):
        people = people_by_vendor().get(found.id, 0)
    return render_template("console/vendor.html", **context, people=people)


def _shown(row: Row[Any]) -> dict[str, Any]:
    status = Status(row.status)
    is_over = row.said != row.status
    return {
        "id": row.id,
        "code": row.code,
        "name": row.name,
        "email": row.email,
        "kind": _(KINDS[Kind(row.kind)]),
        "status": status,
        "reason": None if is_over else row.status_reason,
        "by": row.status_by,
        "at": row.status_at,
        "until": row.status_until,
        "was": row.said if is_over else None,
        "moves": [(str(move), move_word(status, move)) for move in moves_from(status)],
    }


def move_word(status: Status, move: Move) -> str:
    """Return what a move is called on its button."""
    is_again = MOVES.get((status, move)) == status
    return _(AGAIN[move] if is_again else MOVE_WORDS[move][0])


# Locations -----------------------------------------------------------------------------------


def _places(code: str, now: datetime) -> list[dict[str, Any]]:
    found = queries.places(code)
    ids = [place.id for place in found]
    full = loads(ids, now)
    closed = queries.closures(ids, now.date() - DAY)
    return [
        place_shown(place, [c for c in closed if c.location_id == place.id], full, now)
        for place in found
    ]


# Taking in, changing -------------------------------------------------------------------------


@blueprint.route("/vendors/new", methods=["GET", "POST"])
def onboard() -> ResponseReturnValue:
    """Take a vendor in, with its first location."""
    form = NewVendor()
    if form.validate_on_submit():
        with refusals(form):
            _take_in(form)
            flash(_("{name} is taken in.", name=form.name.data), "good")
            return redirect(url_for("console.vendor", code=form.code.data))
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
    sentences = {str(k): _(words) for k, words in (KIND_SENTENCES | START_SENTENCES).items()}
    return page_of(form, "console/new_vendor.html", **frame, sentences=sentences)


def _take_in(form: NewVendor) -> None:
    values = form.vendor()
    with transaction(OPS):
        if queries.is_known(values["code"]):
            raise Conflict(
                _("There is a vendor with this code."), code=_("Another vendor has this code.")
            )
        key = service.save_vendors([values])[values["code"]]
        service.save_locations([form.place() | {"vendor_id": key, "code": "main"}])
        record("vendor_onboarded", actor_of(current_user), subject=values["code"])


@blueprint.route("/vendors/<code>/facts", methods=["GET", "POST"])
def change_vendor(code: str) -> ResponseReturnValue:
    """Change who a vendor is."""
    with transaction(OPS):
        values = queries.vendor_values(queries.vendor(code))
    form = ChangeVendor(data=values | {"seen": written(values)})
    if form.validate_on_submit():
        with refusals(form):
            with transaction(OPS):
                service.change_vendor(code, form.values(), seen=form.seen.data or "")
                record("vendor_changed", actor_of(current_user), subject=code)
            flash(_("Saved."), "good")
            return redirect(url_for("console.vendor", code=code))
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        values = queries.vendor_values(queries.vendor(code))
    return page_of(
        form,
        "console/change_vendor.html",
        **frame,
        vendor={"code": code, "name": values["name"]},
        sentences={str(k): _(words) for k, words in KIND_SENTENCES.items()},
        meanwhile=meanwhile(form, values),
    )


# How it stands -------------------------------------------------------------------------------


@blueprint.route("/vendors/<code>/moves/<name>", methods=["GET", "POST"])
def move_vendor(code: str, name: str) -> ResponseReturnValue:
    """Ask why, until when and what becomes of its work, and change how a vendor stands."""
    if name not in set(Move):
        raise NotFound(_("Nothing of that name can be done about a vendor."))
    move = Move(name)
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        found = queries.vendor(code)
        work = work_of(found.id, now, now, now)
    status = Status(found.status)
    if move not in moves_from(status):
        raise Conflict(
            _(
                "{name} stands otherwise now, so that leads nowhere. Look at it again.",
                name=found.name,
            )
        )
    form = Standing(move, data={"seen": found.status})
    if form.validate_on_submit():
        with refusals(form):
            _move(code, form)
            flash(_said(found.name, move, form), "good")
            return redirect(url_for("console.vendor", code=code))
    return page_of(
        form,
        "console/move_vendor.html",
        **frame,
        vendor=_shown(found),
        word=move_word(status, move),
        sentence=_(MOVE_WORDS[move][1]),
        undone=work.undone if move in STOPPING else 0,
        is_final=move is Move.CLOSE,
    )


def _move(code: str, form: Standing) -> None:
    until = form.until.data if "until" in form else None
    step = Step(code, form.move, form.reason.data or "", until)
    with transaction(OPS) as now:
        if queries.vendor(code, lock=True).status != form.seen.data:
            raise Conflict(_("Somebody else has changed how it stands. Look at it again."))
        stand([step], actor=actor_of(current_user), now=now, takes_back=form.takes_back)


def _said(name: str, move: Move, form: Standing) -> str:
    if form.takes_back:
        return _("{name} is given no more work; others get what it has open.", name=name)
    said = {
        Move.REVIEW: _("{name} is under review.", name=name),
        Move.CLEAR: _("{name} is not under review any more.", name=name),
        Move.PAUSE: _("{name} is paused.", name=name),
        Move.SUSPEND: _("{name} is suspended.", name=name),
        Move.REOPEN: _("{name} is given work again.", name=name),
        Move.CLOSE: _("{name} is closed; others get what it has not sent.", name=name),
    }
    return said[move]
