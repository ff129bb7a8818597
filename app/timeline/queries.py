"""Reading what happened to an order."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from app.extensions import db
from app.timeline.models import Decision, Entry


def entries_of(order_id: UUID, limit: int = 200) -> Sequence[Entry]:
    """Return an order's entries, newest first."""
    query = select(Entry).where(Entry.order_id == order_id).order_by(Entry.id.desc()).limit(limit)
    return db.session.scalars(query).all()


def decisions_of(order_id: UUID, kind: str) -> Sequence[Decision]:
    """Return an order's decisions of a kind, newest first."""
    query = select(Decision).where(Decision.order_id == order_id, Decision.kind == kind)
    return db.session.scalars(query.order_by(Decision.id.desc()).limit(20)).all()
