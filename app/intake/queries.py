"""Reading imports: one with what was refused, and all there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.extensions import db
from app.shared.errors import NotFound
from app.web.paging import Cut

ONE = text("SELECT * FROM imports WHERE reference = :reference")
REFUSED = text(
    "SELECT position, line, name, errors, raw FROM import_refusals"
    " WHERE import_id = :id AND position > :after ORDER BY position LIMIT :most"
)


def one(reference: str) -> Row[Any]:
    """Return one import."""
    found = db.session.execute(ONE, {"reference": reference}).first()
    if found is None:
        raise NotFound(f"There is no import {reference}.")
    return found


def every(cut: Cut) -> Sequence[Row[Any]]:
    """Return imports, newest first."""
    where, order = cut.order("made_at", "id", newest_first=True)
    sql = f"SELECT * FROM imports WHERE {where} ORDER BY {order} LIMIT :size"
    return db.session.execute(text(sql), cut.values()).all()


def refusals(import_id: UUID, most: int, after: int = 0) -> Sequence[Row[Any]]:
    """Return what was refused of a file, in its order, from after a position on."""
    return db.session.execute(REFUSED, {"id": import_id, "after": after, "most": most}).all()
