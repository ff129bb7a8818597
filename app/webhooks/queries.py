"""A vendor's endpoints and what was delivered to them, as its scope may see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.extensions import db
from app.shared.errors import NotFound
from app.shared.language import _
from app.web.paging import Cut

# Never the secrets: they are for signing alone.
COLUMNS = (
    "e.id, e.url, e.kinds, e.is_active, e.stopped_because, e.made_at, e.made_by, e.old_until,"
    " l.status, l.answered, l.last_error, l.attempts, l.made_at AS last_at, f.failed"
)
ENDPOINTS = (
    f"SELECT {COLUMNS} FROM webhook_endpoints e LEFT JOIN LATERAL (SELECT status, answered,"
    "  last_error, attempts, made_at FROM webhook_deliveries WHERE endpoint_id = e.id"
    "  ORDER BY made_at DESC, id DESC LIMIT 1) l ON true"
    " LEFT JOIN LATERAL (SELECT count(*) AS failed FROM webhook_deliveries"
    "  WHERE endpoint_id = e.id AND status = 'failed') f ON true"
    " WHERE e.deleted_at IS NULL"
)
DELIVERIES = (
    "SELECT id, kind, subject, status, made_at, due_at, sent_at, attempts, answered, took_ms,"
    " last_error FROM webhook_deliveries WHERE endpoint_id = :endpoint AND {which} AND {where}"
    " ORDER BY {order} LIMIT :size"
)
WHICH = {"all": "true", "failed": "status = 'failed'"}


def endpoints() -> Sequence[Row[Any]]:
    """Return the scope's endpoints, the oldest first, each with its last delivery."""
    return db.session.execute(text(f"{ENDPOINTS} ORDER BY e.made_at, e.id LIMIT 100")).all()


def endpoint(endpoint_id: UUID) -> Row[Any]:
    """Return one endpoint of the scope."""
    found = db.session.execute(text(f"{ENDPOINTS} AND e.id = :id"), {"id": endpoint_id}).first()
    if found is None:
        raise NotFound(_("There is no such webhook."))
    return found


def delivery(endpoint_id: UUID, delivery_id: UUID) -> Row[Any]:
    """Return one delivery of an endpoint of the scope."""
    values = {"endpoint": endpoint_id, "id": delivery_id, "size": 1}
    sql = DELIVERIES.format(which="id = :id", where="true", order="id")
    found = db.session.execute(text(sql), values).first()
    if found is None:
        raise NotFound(_("There is no such delivery."))
    return found


def deliveries(endpoint_id: UUID, cut: Cut, view: str) -> Sequence[Row[Any]]:
    """Return a page of an endpoint's deliveries, newest first: all, or those that failed."""
    where, order = cut.order("made_at", "id", newest_first=True)
    sql = DELIVERIES.format(which=WHICH[view], where=where, order=order)
    return db.session.execute(text(sql), {"endpoint": endpoint_id} | cut.values()).all()
