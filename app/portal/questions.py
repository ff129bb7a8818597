"""Help: what a vendor asks ops, with an order or without one, and what it was answered."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row
from werkzeug.utils import redirect

from app.accounts.contract import VENDOR_ROLES
from app.doors.guard import may
from app.portal import notes, page
from app.portal.page import blueprint, vendor_id
from app.shared.errors import InvalidInput
from app.shared.language import _
from app.shared.work import transaction
from app.threads import forms, queries, service
from app.threads import page as threads
from app.threads.contract import Draft, Thread, Visibility
from app.threads.forms import Sent
from app.threads.page import Choice, Face
from app.threads.queries import Notes
from app.vendors.queries import vendor_codes

# Of a note that is only pointed at, so much is shown.
LONGEST = 140


@blueprint.get("/help", endpoint="help")
def questions() -> str:
    """Show what was asked and answered, and the talks about orders by their last words."""
    return _page(None, None)


def _page(sent: Sent | None, refusal: InvalidInput | None) -> str:
    limit = queries.MOST if request.args.get("notes") == "all" else queries.FEW
    with transaction(page.scope()) as now:
        frame = page.shell(now)
        found = queries.questions_of(vendor_id(), limit)
        shown = threads.shown(found, _face(found), sent, refusal)
        thread = threads.by_sides(shown, frame["vendor"])
        latest = queries.latest_of(vendor_id())
    return render_template(
        "portal/help.html", **frame, thread=thread, talks=[_talk(row) for row in latest]
    )


def _face(found: Notes) -> Face:
    choice = Choice(
        "vendor",
        Visibility.VENDOR,
        _("Customers and other vendors do not."),
        vendor_id(),
        None,
        _("Ops and your team see this"),
    )
    return Face(
        action=url_for("portal.write_question"),
        photo="portal.photo",
        choices=[choice],
        people=notes.people(found),
        may_write=may("portal.write_question"),
        all_url=url_for("portal.help", notes="all", _anchor=notes.ANCHOR),
    )


def _talk(row: Row[Any]) -> dict[str, Any]:
    words = " ".join(row.body.split())
    return {
        "reference": row.reference,
        "number": row.order_number,
        "href": url_for("portal.fulfillment_order", reference=row.reference, _anchor=notes.ANCHOR),
        "words": f"{words[:LONGEST]}…" if len(words) > LONGEST else words or _("A photo"),
        "author": row.author,
        "at": row.at,
        "is_ours": row.author_role in VENDOR_ROLES,
    }


@blueprint.post("/help")
def write_question() -> ResponseReturnValue:
    """Ask ops something; what is refused is shown again, to be put right."""
    sent = forms.read(request)
    try:
        # Before a transaction: pictures take their time.
        photos = forms.read_photos(request)
        with transaction(page.scope()) as now:
            face = _face(queries.questions_of(vendor_id(), queries.MOST))
            draft = Draft(
                body=sent.body,
                once=sent.once,
                visibility=Visibility.VENDOR,
                vendor_id=vendor_id(),
                photos=photos,
            )
            written = service.write(draft, _thread(), notes.author(), face.people, now)
    except InvalidInput as refusal:
        return _page(sent, refusal), refusal.status
    threads.say(written, notes.NOBODY)
    return redirect(url_for("portal.help", _anchor=notes.ANCHOR), 303)


def _thread() -> Thread:
    code = vendor_codes([vendor_id()])[vendor_id()]
    return Thread(None, None, code, current_user.vendor_name)
