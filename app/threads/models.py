"""Notes and their photos."""

from __future__ import annotations

from sqlalchemy import ARRAY, LargeBinary, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.shared.columns import Id, Key, Moment, Words


class Note(db.Model):
    """What somebody wrote about an order, or to ops without one; it is only ever added to."""

    __tablename__ = "notes"
    id: Mapped[Key]
    order_id: Mapped[Id | None]
    visibility: Mapped[Words]
    vendor_id: Mapped[Id | None]
    author_id: Mapped[Id]
    author: Mapped[Words]
    author_role: Mapped[Words]
    body: Mapped[Words]
    mentions: Mapped[list[Id]] = mapped_column(ARRAY(Uuid))
    once: Mapped[Id]
    at: Mapped[Moment]


class Photo(db.Model):
    """A picture with a note, as we drew it anew: nothing of the file that was sent is kept.

    Or a picture of a packed parcel, by somebody and at a moment of its own.
    """

    __tablename__ = "photos"
    id: Mapped[Key]
    note_id: Mapped[Id | None]
    package_id: Mapped[Id | None]
    vendor_id: Mapped[Id | None]
    name: Mapped[Words]
    media_type: Mapped[Words]
    width: Mapped[int]
    height: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    taken_at: Mapped[Moment | None]
    taken_by: Mapped[Words | None]
