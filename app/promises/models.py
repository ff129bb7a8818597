"""Promises: facts, written once."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from app.extensions import db
from app.shared.columns import Id, Leaf, Moment, Words


class Promise(db.Model):
    """One version of one promise; the first one stays the yardstick."""

    __tablename__ = "promises"
    id: Mapped[Leaf]
    order_id: Mapped[Id]
    subject_id: Mapped[Id]
    kind: Mapped[Words]
    version: Mapped[int]
    due_at: Mapped[Moment]
    reason: Mapped[Words]
    made_at: Mapped[Moment]
