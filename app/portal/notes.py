"""Notes on a vendor's work: ops and the vendor's own people read them, and nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.doors.guard import may
from app.orders.models import FulfillmentOrder
from app.orders.queries import fulfillment_order, order
from app.portal import page
from app.portal.page import blueprint, vendor_id
from app.shared.errors import InvalidInput
from app.shared.language import _, later
from app.shared.work import PLATFORM, acting_as, transaction
from app.threads import forms, queries, service
from app.threads import page as threads
from app.threads.contract import Draft, Drawn, Known, Thread, Visibility
from app.threads.forms import Sent
from app.threads.page import Choice, Face
from app.threads.queries import Notes

ANCHOR = "notes"
HINT = later("The customer and other vendors do not.")
WORDS = later("Ops and your team see this")
# All of ops see it, and a vendor is told the names of few of them.
NOBODY = later(
    "Nobody of your team, or of ops who have written here, is called {names}. It stands as text."
)


def _face(row: FulfillmentOrder, notes: Notes) -> Face:
    here = url_for("portal.fulfillment_order", reference=row.reference)
    choice = Choice("vendor", Visibility.VENDOR, _(HINT), row.vendor_id, row.reference, _(WORDS))
    return Face(
        action=url_for("portal.write_note", reference=row.reference),
        photo="portal.photo",
        choices=[choice],
        people=people(notes),
        may_write=may("portal.write_note"),
        all_url=f"{here}?notes=all#{ANCHOR}",
    )


def people(notes: Notes) -> Sequence[Known]:
    """Return who can be named: one's own team, and those of ops who have written to it."""
    writers = {row.author_id for row in notes.rows}
    return [p for p in queries.people([vendor_id()]) if p.vendor_id or p.id in writers]


def thread(
    row: FulfillmentOrder, sent: Sent | None, refusal: InvalidInput | None
) -> dict[str, Any]:
    """Return the notes that a vendor sees of its part of an order, and the form for another."""
    limit = queries.MOST if request.args.get("notes") == "all" else queries.FEW
    notes = queries.notes_of(row.order_id, limit)
    return threads.shown(notes, _face(row, notes), sent, refusal)


def write(reference: str) -> tuple[Sent, ResponseReturnValue | InvalidInput]:
    """Write the note that was sent; return where to go on, or why it was not taken."""
    sent = forms.read(request)
    try:
        # Before a transaction: pictures take their time.
        photos = forms.read_photos(request)
        with transaction(page.scope()) as now:
            row = fulfillment_order(reference)
            face = _face(row, queries.notes_of(row.order_id, queries.MOST))
            choice = face.choices[0]
            draft = Draft(
                body=sent.body,
                once=sent.once,
                visibility=choice.visibility,
                vendor_id=choice.vendor_id,
                work=choice.work,
                photos=photos,
            )
            written = service.write(draft, _thread(row), author(), face.people, now)
    except InvalidInput as refusal:
        return sent, refusal
    threads.say(written, NOBODY)
    return sent, redirect(url_for("portal.fulfillment_order", reference=reference, _anchor=ANCHOR))


def tell_ops(row: FulfillmentOrder, sent: Sent, photos: Sequence[Drawn], now: datetime) -> None:
    """Write a note of one's own on a fulfillment order, in the open transaction; once a form."""
    draft = Draft(
        body=sent.body,
        once=sent.once,
        visibility=Visibility.VENDOR,
        vendor_id=row.vendor_id,
        work=row.reference,
        photos=photos,
    )
    service.write(draft, _thread(row), author(), [], now)


def _thread(row: FulfillmentOrder) -> Thread:
    # By what ops know the order; the vendor is not told it.
    with acting_as(PLATFORM):
        reference = order(row.order_id).reference
    return Thread(row.order_id, row.cohort, reference, row.order_number)


def author() -> Known:
    """Return whoever writes."""
    return Known(current_user.id, current_user.name, current_user.role, current_user.vendor_id)


@blueprint.get("/photos/<uuid:photo_id>")
def photo(photo_id: UUID) -> Response:
    """Show one photo."""
    with transaction(page.scope()):
        return forms.answer(queries.photo(photo_id))
