"""Notes on an order in the console: ops choose each time who sees what they write."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row, text

from app.console import order_queries
from app.console.page import blueprint
from app.doors.guard import may
from app.extensions import db
from app.shared.errors import InvalidInput
from app.shared.language import _
from app.shared.work import OPS, transaction
from app.threads import forms, queries, service
from app.threads import page as threads
from app.threads.contract import Draft, Known, Thread, Visibility
from app.threads.forms import Sent
from app.threads.page import Choice, Face

ANCHOR = "notes"
VENDORS = text(
    "SELECT DISTINCT ON (v.name, v.id) v.id, v.name, f.reference FROM fulfillment_orders f"
    " JOIN vendors v ON v.id = f.vendor_id WHERE f.order_id = :order"
    " ORDER BY v.name, v.id, f.assigned_at DESC LIMIT 50"
)


def _choices(order_id: UUID) -> list[Choice]:
    """Return who can see a note on an order; the customer has no page yet that could show one."""
    vendors = db.session.execute(VENDORS, {"order": order_id}).all()
    internal = Choice("internal", Visibility.INTERNAL, _("Never leaves ops."))
    return [internal, *(_vendor(row) for row in vendors)]


def _vendor(row: Row[Any]) -> Choice:
    hint = _("{vendor} reads it at {reference}.", vendor=row.name, reference=row.reference)
    return Choice(f"vendor:{row.id}", Visibility.VENDOR, hint, row.id, row.reference)


def _face(row: Row[Any]) -> Face:
    choices = _choices(row.id)
    here = url_for("console.order", reference=row.reference)
    return Face(
        action=url_for("console.write_note", reference=row.reference),
        photo="console.photo",
        choices=choices,
        people=queries.people([c.vendor_id for c in choices if c.vendor_id]),
        may_write=may("console.write_note"),
        all_url=f"{here}?notes=all#{ANCHOR}",
    )


def thread(row: Row[Any], sent: Sent | None, refusal: InvalidInput | None) -> dict[str, Any]:
    """Return an order's notes and the form for another one."""
    limit = queries.MOST if request.args.get("notes") == "all" else queries.FEW
    return threads.shown(queries.notes_of(row.id, limit), _face(row), sent, refusal)


def write(reference: str) -> tuple[Sent, ResponseReturnValue | InvalidInput]:
    """Write the note that was sent; return where to go on, or why it was not taken."""
    sent = forms.read(request)
    try:
        # Before a transaction: pictures take their time.
        photos = forms.read_photos(request)
        with transaction(OPS) as now:
            row = order_queries.order(reference)
            face = _face(row)
            choice = threads.chosen(face.choices, sent.sees)
            draft = Draft(
                body=sent.body,
                once=sent.once,
                visibility=choice.visibility,
                vendor_id=choice.vendor_id,
                work=choice.work,
                photos=photos,
            )
            of = Thread(row.id, row.cohort, row.reference, row.number)
            written = service.write(draft, of, _author(), face.people, now)
    except InvalidInput as refusal:
        return sent, refusal
    threads.say(written)
    return sent, redirect(url_for("console.order", reference=reference, _anchor=ANCHOR))


def _author() -> Known:
    return Known(current_user.id, current_user.name, current_user.role, current_user.vendor_id)


@blueprint.get("/photos/<uuid:photo_id>")
def photo(photo_id: UUID) -> Response:
    """Show one photo."""
    with transaction(OPS):
        return forms.answer(queries.photo(photo_id))
