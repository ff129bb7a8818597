"""Keeping house: partitions ahead of time, what is looked at daily, what nobody needs any more."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import text

from app.audit import service as audit
from app.batches.service import put_away
from app.choices.service import close_moot
from app.extensions import db
from app.intake import deliveries, imports
from app.notices.contract import KEPT_DAYS
from app.reports import peaks
from app.shared import clock
from app.shared.columns import cohort_of
from app.shared.work import PLATFORM, transaction
from app.timeline.service import ensure_cohorts
from app.unshipped import service as unshipped
from app.webhooks.contract import KEPT_DAYS as WEBHOOKS_KEPT_DAYS
from workers.job import IsTimeUp, job

logger = logging.getLogger(__name__)

# Table, its time column, and for how long its rows are kept.
KEPT = (
    ("job_runs", "tick", timedelta(days=7)),
    ("idempotency", "made_at", timedelta(days=7)),
    ("unread_answers", "last_seen_at", timedelta(days=30)),
    ("scans", "at", timedelta(days=90)),
)
# The same, in the machine's time.
LEFT_BEHIND = (
    ("sessions", "created_at", timedelta(days=8)),
    ("throttles", "last_at", timedelta(days=1)),
    ("links", "expires_at", timedelta(days=30)),
    ("notices", "at", timedelta(days=KEPT_DAYS)),
    ("webhook_deliveries", "made_at", timedelta(days=WEBHOOKS_KEPT_DAYS)),
)
MONTH = timedelta(days=31)


@job
def keep_house(is_time_up: IsTimeUp) -> int:
    """Make next month's partitions, find what never left and who is at peak; drop what is past."""
    with transaction(PLATFORM) as now:
        ensure_cohorts({cohort_of(now), cohort_of(now + MONTH)})
        close_moot(now)
        unshipped.find(now)
        peaks.tell_ops(now)
        for table, column, age in KEPT:
            if not is_time_up():
                db.session.execute(
                    text(f"DELETE FROM {table} WHERE {column} < :before"),
                    {"before": now - age},
                )
    return len(KEPT) + _people(clock.machine_now(), is_time_up)


def _people(now: datetime, is_time_up: IsTimeUp) -> int:
    """Put away what people left behind, in their own time; tell where the audit trail ends."""
    with transaction(PLATFORM):
        for table, column, age in LEFT_BEHIND:
            if not is_time_up():
                db.session.execute(
                    text(f"DELETE FROM {table} WHERE {column} < :before"), {"before": now - age}
                )
        put_away(now)
        imports.put_away(now)
        deliveries.put_away(now)
        end = audit.head()
        # Kept with the logs, away from the database: a chain made anew does not go through it.
        logger.info("audit anchor", extra={"anchor": f"{end.position}:{end.hash}"})
    return len(LEFT_BEHIND)
