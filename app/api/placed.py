"""An order that has just come in, read in one journey: every order is answered so once."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from app.api.documents import Parts, document_of
from app.extensions import db
from app.orders.changes import EVENTS
from app.orders.documents import Document
from app.shared import work

OF = "WHERE order_id = %(id)s"
IN_COHORT = f"{OF} AND cohort = %(cohort)s"
# Nothing else can there be of an order that nobody has routed yet.
STATEMENTS = (
    "SELECT * FROM orders WHERE id = %(id)s",
    f"SELECT * FROM order_holds {OF} AND released_at IS NULL ORDER BY held_at, code",
    f"SELECT * FROM order_lines {OF} ORDER BY external_id",
    f"SELECT * FROM payments {OF}",
    "SELECT * FROM promises WHERE subject_id = %(id)s ORDER BY id",
    f"SELECT * FROM notifications {IN_COHORT} ORDER BY made_at DESC, id DESC",
    f"SELECT * FROM timeline {IN_COHORT} ORDER BY id DESC",
)


def placed_document(order_id: UUID, cohort: date) -> Document:
    """Return an order that came in within the open transaction, as it is read later."""
    db.session.flush()
    found = work.rows_together(STATEMENTS, {"id": order_id, "cohort": cohort})
    (order,), holds, lines, payments, promises, messages, entries = found
    return document_of(
        Parts(
            order=order,
            version=max((e.id for e in entries if e.event in EVENTS), default=0),
            holds=holds,
            lines=lines,
            payment=payments[0] if payments else None,
            promises=promises,
            messages=messages,
            entries=entries,
        )
    )
