"""Keeping house: partitions ahead of time, and what nobody needs any more."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from app.extensions import db
from app.shared.columns import cohort_of
from app.shared.work import PLATFORM, transaction
from app.timeline.service import ensure_cohorts
from workers.job import IsTimeUp, job

# Table, its time column, and for how long its rows are kept.
KEPT = (
    ("job_runs", "tick", timedelta(days=7)),
    ("idempotency", "made_at", timedelta(days=7)),
    ("unread_answers", "last_seen_at", timedelta(days=30)),
)
MONTH = timedelta(days=31)


@job
def keep_house(is_time_up: IsTimeUp) -> int:
    """Make next month's partitions and drop what is past its time."""
    with transaction(PLATFORM) as now:
        ensure_cohorts({cohort_of(now), cohort_of(now + MONTH)})
        for table, column, age in KEPT:
            if not is_time_up():
                db.session.execute(
                    text(f"DELETE FROM {table} WHERE {column} < :before"),
                    {"before": now - age},
                )
    return len(KEPT)
