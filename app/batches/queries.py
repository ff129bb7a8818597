"""Reading bulk changes: one with its rows, and all there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.extensions import db
from app.shared.errors import NotFound
from app.shared.language import _
from app.web.paging import Cut

# So many examples of each reason does a preview show.
EXAMPLES = 50
BATCH = (
    "SELECT b.*, u.reference AS undone_by, w.reference AS undoes, w.act AS undoes_act"
    " FROM batches b LEFT JOIN batches u ON u.undoes_id = b.id"
    " LEFT JOIN batches w ON w.id = b.undoes_id"
)
# Somebody's drafts are nobody else's business.
MINE = "b.made_by_id = :me"
EVERYBODYS = f"(b.status <> 'draft' OR {MINE})"
FORESEEN = text(
    "SELECT foreseen, count(*) AS number FROM batch_rows WHERE batch_id = :id GROUP BY 1"
)
EXAMPLE_ROWS = text(
    "SELECT foreseen, subject, name FROM (SELECT foreseen, subject, name, position,"
    "  row_number() OVER (PARTITION BY foreseen ORDER BY position) AS n"
    "  FROM batch_rows WHERE batch_id = :id) r WHERE n <= :most ORDER BY position"
)


def batch(reference: str, me: UUID) -> Row[Any]:
    """Return one bulk change; a draft to its maker only."""
    found = db.session.execute(
        text(f"{BATCH} WHERE b.reference = :reference AND {EVERYBODYS}"),
        {"reference": reference, "me": me},
    ).first()
    if found is None:
        raise NotFound(_("There is no bulk change {reference}.", reference=reference))
    return found


def batches(cut: Cut, me: UUID, *, is_mine: bool) -> Sequence[Row[Any]]:
    """Return bulk changes, newest first: one's own, or everybody's."""
    where, order = cut.order("b.made_at", "b.id", newest_first=True)
    whose = MINE if is_mine else EVERYBODYS
    sql = f"{BATCH} WHERE {whose} AND {where} ORDER BY {order} LIMIT :size"
    return db.session.execute(text(sql), {"me": me} | cut.values()).all()


def foreseen(batch_id: UUID) -> dict[str | None, int]:
    """Return how many rows would be left as they are, by code; None counts those to be changed."""
    rows = db.session.execute(FORESEEN, {"id": batch_id})
    return {row.foreseen: row.number for row in rows}


def examples(batch_id: UUID) -> Sequence[Row[Any]]:
    """Return the first rows of each code that was foreseen."""
    return db.session.execute(EXAMPLE_ROWS, {"id": batch_id, "most": EXAMPLES}).all()


def rows(batch_id: UUID, status: str | None, cut: Cut) -> Sequence[Row[Any]]:
    """Return what became of the rows, in their order; those of one outcome, or all."""
    sign, way = ("<", "DESC") if cut.is_back else (">", "ASC")
    where = f"position {sign} :cut_id" if cut.key else "true"
    which = "status = :status" if status else "true"
    sql = (
        "SELECT position, subject, name, status, reason FROM batch_rows"
        f" WHERE batch_id = :id AND {which} AND {where} ORDER BY position {way} LIMIT :size"
    )
    return db.session.execute(text(sql), {"id": batch_id, "status": status} | cut.values()).all()
