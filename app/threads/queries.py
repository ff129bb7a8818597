"""Reading notes, and who can be named in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text

from app.accounts.contract import VENDOR_ROLES
from app.accounts.queries import names
from app.extensions import db
from app.shared.errors import NotFound
from app.shared.work import ACCOUNTS, acting_as
from app.threads.contract import Known

# What a page shows of a long thread, and what it shows of the longest.
FEW, MOST = 20, 500
NOTES = (
    "SELECT n.id, n.visibility, n.vendor_id, v.name AS vendor, n.author_id, n.author,"
    " n.author_role, n.body, n.mentions, n.at, count(*) OVER () AS total"
    " FROM notes n LEFT JOIN vendors v ON v.id = n.vendor_id WHERE {which}"
    " ORDER BY n.at DESC, n.id DESC LIMIT :limit"
)
OF_ORDER = text(NOTES.format(which="n.order_id = :key"))
OF_VENDOR = text(NOTES.format(which="n.order_id IS NULL AND n.vendor_id = :key"))
# The last words of each order of a vendor, among so many of its notes.
AMONG = 300
LATEST = text(
    "SELECT * FROM (SELECT DISTINCT ON (n.order_id) n.order_id, n.body, n.author, n.author_role,"
    "  n.at, n.id, f.reference, f.order_number FROM (SELECT * FROM notes WHERE vendor_id = :vendor"
    "   AND visibility = 'vendor' AND order_id IS NOT NULL"
    "   ORDER BY at DESC, id DESC LIMIT :among) n"
    "  JOIN fulfillment_orders f ON f.order_id = n.order_id AND f.vendor_id = :vendor"
    "  ORDER BY n.order_id, n.at DESC, n.id DESC, f.assigned_at DESC) latest"
    " ORDER BY at DESC, id DESC LIMIT :most"
)
# The pictures themselves are fetched one by one.
PHOTOS = text(
    "SELECT id, note_id, name, width, height FROM photos WHERE note_id = ANY(:notes)"
    " ORDER BY id LIMIT :limit"
)
PHOTO = text("SELECT id, name, media_type, content FROM photos WHERE id = :id")


# Of orders, so long ago is lately.
LATELY = timedelta(days=30)
LAST = "n.id, n.body, n.author, n.author_role, n.at"
INBOX = text(
    "SELECT t.*, t.author_role = ANY(:vendors) AS is_waiting FROM ("
    " SELECT v.code, v.name AS vendor, NULL AS reference, NULL AS number, l.* FROM vendors v"
    f" JOIN LATERAL (SELECT {LAST} FROM notes n WHERE n.vendor_id = v.id AND n.order_id IS NULL"
    "  ORDER BY n.at DESC, n.id DESC LIMIT 1) l ON true"
    " UNION ALL SELECT v.code, v.name, o.reference, o.number, l.id, l.body, l.author,"
    "  l.author_role, l.at FROM (SELECT DISTINCT ON (n.vendor_id, n.order_id) n.vendor_id,"
    f"  n.order_id, {LAST} FROM notes n WHERE n.visibility = 'vendor' AND n.order_id IS NOT NULL"
    "   AND n.at > :since ORDER BY n.vendor_id, n.order_id, n.at DESC, n.id DESC) l"
    " JOIN vendors v ON v.id = l.vendor_id JOIN orders o ON o.id = l.order_id) t"
    " ORDER BY is_waiting DESC, CASE WHEN t.author_role = ANY(:vendors) THEN t.at END,"
    " t.at DESC, t.id LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class Notes:
    """An order's notes that the scope may see, newest first, their photos, and how many more."""

    rows: Sequence[Row[Any]]
    photos: dict[UUID, list[Row[Any]]]
    more: int


def notes_of(order_id: UUID, limit: int = FEW) -> Notes:
    """Return an order's notes that the scope may see."""
    return _notes(OF_ORDER, order_id, limit)


def questions_of(vendor_id: UUID, limit: int = FEW) -> Notes:
    """Return what a vendor and ops wrote to each other without an order."""
    return _notes(OF_VENDOR, vendor_id, limit)


def latest_of(vendor_id: UUID, most: int = FEW) -> Sequence[Row[Any]]:
    """Return the last words between a vendor and ops on each of its orders, the newest first."""
    values = {"vendor": vendor_id, "among": AMONG, "most": most}
    return db.session.execute(LATEST, values).all()


def inbox(now: datetime, most: int) -> Sequence[Row[Any]]:
    """Return what vendors and ops talk about: first what waits for ops, the longest waiting first.

    A vendor's questions without an order always; of orders what was written lately.
    """
    values = {"vendors": list(VENDOR_ROLES), "since": now - LATELY, "most": most}
    return db.session.execute(INBOX, values).all()


def _notes(query: TextClause, key: UUID, limit: int) -> Notes:
    rows = db.session.execute(query, {"key": key, "limit": limit}).all()
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
