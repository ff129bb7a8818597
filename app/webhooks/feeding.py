"""Giving endpoints what their vendors were told: pulled from the notices, so nothing is lost.

A notice is an event of each endpoint of its vendor once, whatever bell was lost and however often
we look. A notice of a transaction that was still open at the last look is found by the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text

from app import jobs
from app.extensions import db
from app.shared import bulk, clock, ids, live
from app.shared.work import PLATFORM, transaction
from app.webhooks.contract import CANCELED, OF_NOTICES, TOLD, Fate
from app.webhooks.models import WebhookDelivery

BATCH = 500
# No transaction stays open for longer: what it told lies at most so far behind the last look.
SETTLED = timedelta(minutes=5)
NEWS = text(
    "SELECT * FROM (SELECT e.id AS endpoint_id, e.vendor_id, e.kinds, n.subject, n.facts, n.once,"
    "  n.at, CASE WHEN n.kind = 'work_changed' AND f.status = 'canceled' THEN :canceled"
    "   ELSE m.event END AS event"
    "  FROM webhook_endpoints e JOIN vendors v ON v.id = e.vendor_id AND v.status <> 'closed'"
    "  JOIN notices n ON n.audience = 'vendor:' || e.vendor_id"
    "   AND n.at > greatest(e.listens_since, e.told_until - :settled) AND n.at <= :now"
    "  JOIN unnest(CAST(:notices AS text[]), CAST(:events AS text[])) m(notice, event)"
    "   ON m.notice = n.kind"
    "  LEFT JOIN fulfillment_orders f ON f.reference = n.subject AND f.vendor_id = e.vendor_id"
    "  WHERE e.is_active AND e.deleted_at IS NULL) news WHERE event = ANY(kinds)"
    " AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.endpoint_id = news.endpoint_id"
    "  AND d.once = news.once) ORDER BY at, once LIMIT :size"
)
MOVE = text(
    "UPDATE webhook_endpoints SET told_until = :now"
    " WHERE is_active AND deleted_at IS NULL AND told_until < :now - interval '1 minute'"
)


def feed() -> int:
    """Queue what vendors were told for their programs; return how many deliveries that are."""
    count = 0
    while True:
        with transaction(PLATFORM):
            size = _feed()
        count += size
        if size < BATCH:
            return count


def _feed() -> int:
    now = clock.machine_now()
    values = {"now": now, "settled": SETTLED, "size": BATCH, "canceled": CANCELED}
    kinds = {"notices": list(OF_NOTICES), "events": list(OF_NOTICES.values())}
    news = db.session.execute(NEWS, values | kinds).all()
    made = bulk.insert(
        WebhookDelivery,
        [_delivery(row, now) for row in news],
        conflict="ON CONFLICT (endpoint_id, once) DO NOTHING",
        returning="vendor_id",
    )
    if len(news) < BATCH:
        db.session.execute(MOVE, {"now": now})
    _say(made)
    return len(made)


def _delivery(row: Row[Any], now: Any) -> dict[str, Any]:
    return {
        "id": ids.new(),
        "vendor_id": row.vendor_id,
        "endpoint_id": row.endpoint_id,
        "kind": row.event,
        "once": row.once,
        "subject": row.subject,
        # What it is stands in the document, which is read when it is sent.
        "body": {name: row.facts[name] for name in TOLD if row.facts.get(name) is not None},
        "status": str(Fate.QUEUED),
        "made_at": row.at,
        "due_at": now,
    }


def _say(made: Sequence[Row[Any]]) -> None:
    if made:
        jobs.ring("send_webhooks")
    for vendor_id in {row.vendor_id for row in made}:
        live.changed("webhooks", vendor_id)
