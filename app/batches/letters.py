"""Dead letters: the work that each is about, and how that is tried again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from app import jobs
from app.extensions import db
from app.jobs import JOBS
from app.shared import live

# What is left of the work of dead letters d, and the order that it is for. Subjects end in a key.
WORK = (
    " CROSS JOIN LATERAL (SELECT CASE WHEN pg_input_is_valid(right(d.subject, 36), 'uuid')"
    "  THEN CAST(right(d.subject, 36) AS uuid) END AS key) k"
    " LEFT JOIN notifications n ON d.job = 'send_notifications' AND n.id = k.key"
    " LEFT JOIN checks c ON c.watcher = d.job AND c.subject_id = k.key"
    " LEFT JOIN polls p ON d.job = 'poll_shipments' AND p.shipment_id = k.key"
    " LEFT JOIN shipments s ON s.id = p.shipment_id"
    " LEFT JOIN orders o ON o.id = coalesce(n.order_id, c.order_id, s.order_id)"
)
KEYS = text(f"SELECT d.job, k.key FROM dead_letters d {WORK} WHERE d.id = ANY(:ids)")
# What somebody holds is being tried just now. Whoever holds it may wait for its dead letter, which
# we hold: so we do not wait for them.
HELD_BY_NOBODY = "FOR UPDATE SKIP LOCKED"
CHECKS = text(
    "UPDATE checks SET next_check_at = least(next_check_at, :now) WHERE watcher = :job"
    " AND subject_id IN (SELECT subject_id FROM checks WHERE watcher = :job"
    f"  AND subject_id = ANY(:keys) {HELD_BY_NOBODY})"
)
# All but the watchers, whose work are checks.
AGAIN = {
    "send_notifications": text(
        "UPDATE notifications SET status = 'queued', due_at = :now, attempts = 0,"
        " started_at = NULL WHERE (cohort, id) IN (SELECT cohort, id FROM notifications"
        f"  WHERE id = ANY(:keys) AND status = 'failed' {HELD_BY_NOBODY})"
    ),
    "poll_shipments": text(
        "UPDATE polls SET next_poll_at = least(next_poll_at, :now) WHERE shipment_id IN"
        f" (SELECT shipment_id FROM polls WHERE shipment_id = ANY(:keys) {HELD_BY_NOBODY})"
    ),
}


def try_again(letter_ids: Sequence[int], now: datetime) -> None:
    """Have the work of dead letters done at once; what fails again gets a new one."""
    found: dict[str, list[object]] = {}
    for row in db.session.execute(KEYS, {"ids": list(letter_ids)}):
        found.setdefault(row.job, []).append(row.key)
    for job, keys in found.items():
        values = {"job": job, "keys": keys, "now": now}
        db.session.execute(AGAIN.get(job, CHECKS), values)
        if job in JOBS:
            jobs.ring(job)
    live.changed("messages")
