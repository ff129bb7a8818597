"""Ending what an endpoint is sent: by its owner, by its own answer, or because nothing arrives."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.notices import service as notices
from app.notices.contract import Notice
from app.webhooks.contract import Stopped

STOP = text(
    "UPDATE webhook_endpoints SET is_active = false, stopped_because = :why"
    " WHERE id = ANY(:ids) AND is_active AND deleted_at IS NULL RETURNING id, vendor_id, url"
)
# What waits for it can be sent again by hand, when it is back.
FAIL = text(
    "UPDATE webhook_deliveries SET status = 'failed' WHERE endpoint_id = ANY(:ids)"
    " AND status = 'queued' AND lease_token IS NULL"
)


def stop(endpoint_ids: Iterable[UUID], why: Stopped, machine: datetime) -> None:
    """Stop endpoints; whose owner did not do it is told. Those that are stopped stay so."""
    keys = sorted(endpoint_ids)
    if not keys:
        return
    stopped = db.session.execute(STOP, {"ids": keys, "why": str(why)}).all()
    db.session.execute(FAIL, {"ids": [row.id for row in stopped]})
    if why is Stopped.BY_HAND:
        return
    notices.tell(
        [
            Notice(
                f"vendor:{row.vendor_id}",
                "webhook_stopped",
                str(row.id),
                f"webhook_stopped:{row.id}:{machine.isoformat()}",
                {"host": urlsplit(row.url).hostname},
            )
            for row in stopped
        ]
    )
