"""Orders that wait for units: they are looked at again when some may be had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from app.catalog.queries import skus_at
from app.checks import service as checks
from app.checks.service import Subject
from app.extensions import db

# So many at once, the oldest first; the others look by themselves within the hour.
MOST = 1000
WAITING = text(
    "SELECT DISTINCT l.order_id FROM order_lines l JOIN orders o ON o.id = l.order_id"
    " WHERE l.sku = ANY(:skus) AND l.unrouted > 0 AND o.held_since IS NULL"
    " ORDER BY l.order_id LIMIT :most"
)


def wake_waiting(subjects: Sequence[Subject], now: datetime) -> Mapping[UUID, datetime]:
    """Have orders routed that wait for what came in at these listings, locations and vendors."""
    values = {"skus": skus_at([s.id for s in subjects]), "most": MOST}
    found = db.session.scalars(WAITING, values).all()
    checks.wake("lines unrouted", [Subject(key, "order", key) for key in found], now)
    return {}
