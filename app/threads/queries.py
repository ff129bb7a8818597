"""Reading notes, and who can be named in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.accounts.queries import names
from app.extensions import db
from app.shared.errors import NotFound
from app.shared.work import ACCOUNTS, acting_as
from app.threads.contract import Known

# What a page shows of a long thread, and what it shows of the longest.
FEW, MOST = 20, 500
NOTES = text(
    "SELECT n.id, n.visibility, n.vendor_id, v.name AS vendor, n.author_id, n.author,"
    " n.author_role, n.body, n.mentions, n.at, count(*) OVER () AS total"
    " FROM notes n LEFT JOIN vendors v ON v.id = n.vendor_id WHERE n.order_id = :order"
    " ORDER BY n.at DESC, n.id DESC LIMIT :limit"
)
# The pictures themselves are fetched one by one.
PHOTOS = text(
    "SELECT id, note_id, name, width, height FROM photos WHERE note_id = ANY(:notes)"
    " ORDER BY id LIMIT :limit"
)
PHOTO = text("SELECT id, name, media_type, content FROM photos WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Notes:
    """An order's notes that the scope may see, newest first, their photos, and how many more."""

    rows: Sequence[Row[Any]]
    photos: dict[UUID, list[Row[Any]]]
    more: int


def notes_of(order_id: UUID, limit: int = FEW) -> Notes:
    """Return an order's notes that the scope may see."""
    rows = db.session.execute(NOTES, {"order": order_id, "limit": limit}).all()
    keys = [row.id for row in rows]
    photos: dict[UUID, list[Row[Any]]] = {key: [] for key in keys}
    # Four a note at most.
    for photo in db.session.execute(PHOTOS, {"notes": keys, "limit": 4 * MOST}) if keys else ():
        photos[photo.note_id].append(photo)
    return Notes(rows, photos, rows[0].total - len(rows) if rows else 0)


def photo(photo_id: UUID) -> Row[Any]:
    """Return one photo that the scope may see, with its content."""
    row = db.session.execute(PHOTO, {"id": photo_id}).first()
    if row is None:
        raise NotFound("There is no such photo.")
    return row


def people(vendor_ids: Sequence[UUID]) -> list[Known]:
    """Return who can be named: all of ops, and these vendors' people; those who can sign in."""
    with acting_as(ACCOUNTS):
        rows = names(vendor_ids)
    return [Known(row.id, row.name, row.role, row.vendor_id) for row in rows]
