"""Orders that have just come in, read in one journey a month: every order is answered so once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from app.api.documents import Parts, document_of
from app.extensions import db
from app.orders.changes import EVENTS
from app.orders.documents import Document
from app.shared import work

# As PostgreSQL writes a list, and as if nobody knew how long: else the driver would look for what
# to escape in it, and each statement be planned anew.
IDS = "ANY(CAST((SELECT CAST(%(ids)s AS text)) AS uuid[]))"
OF = f"WHERE order_id = {IDS}"
IN_COHORT = f"{OF} AND cohort = %(cohort)s"
# Nothing else can there be of an order that nobody has routed yet.
STATEMENTS = (
    f"SELECT *, id AS order_id FROM orders WHERE id = {IDS}",
    f"SELECT * FROM order_holds {OF} AND released_at IS NULL ORDER BY held_at, code",
    f"SELECT * FROM order_lines {OF} ORDER BY external_id",
    f"SELECT * FROM payments {OF}",
    f"SELECT * FROM promises WHERE subject_id = {IDS} ORDER BY id",
    f"SELECT * FROM notifications {IN_COHORT} ORDER BY made_at DESC, id DESC",
    f"SELECT * FROM timeline {IN_COHORT} ORDER BY id DESC",
)


def placed_documents(cohorts: Mapping[UUID, date]) -> dict[UUID, Document]:
    """Return orders that came in within the open transaction, as they are read later.

    `cohorts`: of each order's key the month it belongs to.
    """
    db.session.flush()
    together: dict[date, list[UUID]] = defaultdict(list)
    for key, cohort in cohorts.items():
        together[cohort].append(key)
    documents: dict[UUID, Document] = {}
    for cohort, keys in together.items():
        asked = {"ids": f"{{{','.join(map(str, keys))}}}", "cohort": cohort}
        found = [_by_order(rows) for rows in work.rows_together(STATEMENTS, asked)]
        documents |= {key: _document([rows[key] for rows in found]) for key in keys}
    return documents


def _by_order(rows: Sequence[Any]) -> dict[UUID, list[Any]]:
    ordered: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        ordered[row.order_id].append(row)
    return ordered


def _document(found: Sequence[Sequence[Any]]) -> Document:
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
