"""How things stand, read when somebody asks: three statements under a time limit, and Valkey.

What cannot be read is left out, and `onward_scrape_ok` says whose part of the numbers is missing.
Ages of work are in the world's seconds, which are the machine's in a real marketplace (rate 1).
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Row, text
from sqlalchemy.exc import SQLAlchemyError

from app import jobs
from app.extensions import db
from app.shared import clock, leases
from app.shared.work import PLATFORM, transaction
from app.web import health, queues

logger = logging.getLogger(__name__)
# A look at the numbers must not be what makes the database slow.
LIMIT = text("SELECT set_config('statement_timeout', '3s', true)")
# Each row: what it is about, which one, how many, the oldest and the latest moment, how many fail.
# All of it comes from partial indexes but the polls, of which there is one a parcel under way.
STANDING = text(
    "SELECT 'case' AS what, severity AS which, count(*) AS n, NULL::timestamptz AS oldest,"
    " NULL::timestamptz AS latest, 0 AS failing"
    " FROM exception_cases WHERE closed_at IS NULL GROUP BY severity"
    " UNION ALL SELECT 'escalation', '', count(*), min(opened_at), NULL, 0"
    " FROM escalations WHERE closed_at IS NULL AND acknowledged_at IS NULL"
    " UNION ALL SELECT 'message', 'queued', count(*), min(due_at), NULL, 0"
    " FROM notifications WHERE status = 'queued'"
    " UNION ALL SELECT 'message',"
    "  CASE WHEN reason ^@ 'uncertain' THEN 'uncertain' ELSE 'failed' END, count(*), NULL, NULL, 0"
    " FROM dead_letters WHERE job = 'send_notifications' AND closed_at IS NULL GROUP BY 2"
    " UNION ALL SELECT 'letter', job, count(*), NULL, NULL, 0"
    " FROM dead_letters WHERE closed_at IS NULL GROUP BY job"
    " UNION ALL SELECT 'carrier', carrier,"
    f" count(*) FILTER (WHERE next_poll_at <= :now AND {leases.FREE}),"
    " min(next_poll_at), max(heard_at), count(last_error) FROM polls GROUP BY carrier"
    " UNION ALL SELECT 'connections', current_setting('max_connections'),"
    " numbackends, NULL, NULL, 0 FROM pg_stat_database WHERE datname = current_database()"
)
SEVERITIES = ("info", "warning", "critical")
MESSAGES = ("queued", "failed", "uncertain")
WITH_A_BACKLOG = tuple(name for name, job in jobs.JOBS.items() if job.backlog)


@dataclass(frozen=True, slots=True)
class Read:
    """What PostgreSQL said, and the world's time and pace at that moment."""

    now: datetime
    rate: float
    backlogs: Sequence[jobs.Due]
    rows: Sequence[Row[Any]]

    def of(self, what: str) -> list[Row[Any]]:
        """Return the rows about one thing."""
        return [row for row in self.rows if row.what == what]

    def age(self, moment: datetime | None) -> float:
        """Return for how many of the world's seconds something has been due; 0 if it is not."""
        return max(0.0, (self.now - moment).total_seconds()) if moment else 0.0


def collect() -> Iterator[GaugeMetricFamily]:
    """Return every number that can be read now."""
    read, lines = _read(), queues.standings()
    parts = health.by_valkey()
    yield _gauge(
        "onward_up",
        "Whether a part does its work.",
        "part",
        {"PostgreSQL": read is not None} | {part.name: part.is_well for part in parts},
    )
    yield from _ages(parts)
    yield from _queues(lines or [])
    if read:
        yield from _work(read)
        yield from _watched(read)
        yield from _carriers(read)
        yield from _database(read)
    yield _gauge(
        "onward_scrape_ok",
        "Whether this part's numbers could be read.",
        "source",
        {"postgresql": read is not None, "valkey": lines is not None},
    )
    if (free := free_bytes()) is not None:
        yield _gauge("onward_disk_free_bytes", "Free where data lie.", None, {"": free})


def free_bytes() -> int | None:
    """Return how much is free on the disk of the data folder, where our server runs from one."""
    # The folder in which web processes share their counts lies in the data folder.
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR", ".")
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _gauge(
    name: str, meaning: str, label: str | None, values: Mapping[str, float | None]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=[label] if label else [])
    for key, value in values.items():
        if value is not None:
            family.add_metric([key] if label else [], float(value))
    return family


def _read() -> Read | None:
    try:
        with transaction(PLATFORM) as now:
            db.session.execute(LIMIT)
            due = jobs.backlogs(now)
            rows = db.session.execute(STANDING, {"now": now}).all()
            return Read(now, clock.read().rate, due, rows)
    except SQLAlchemyError as error:
        logger.warning("numbers not read", extra={"reason": type(error).__name__})
        return None


def _ages(parts: Sequence[health.Part]) -> Iterator[GaugeMetricFamily]:
    now = time.time()
    yield _gauge(
        "onward_heartbeat_age_seconds",
        "Since a part was heard of.",
        "part",
        {part.name: now - part.seen.timestamp() for part in parts if part.seen},
    )
    yield _gauge(
        "onward_process_start_time_seconds",
        "When a part was started, as Unix time; it changes when one was restarted.",
        "part",
        {part.name: part.since.timestamp() for part in parts if part.since},
    )


def _queues(lines: Sequence[queues.Standing]) -> Iterator[GaugeMetricFamily]:
    if not lines:
        return
    numbers = (
        ("onward_queue_jobs", "Bells that no worker has answered yet.", "waiting"),
        ("onward_queue_failed_jobs", "Jobs that failed in the last hour.", "failed"),
        ("onward_queue_oldest_job_seconds", "For how long the first one waits.", "oldest"),
    )
    for name, meaning, field in numbers:
        yield _gauge(
            name, meaning, "queue", {line.name: getattr(line, field) or 0 for line in lines}
        )


def _work(read: Read) -> Iterator[GaugeMetricFamily]:
    yield _gauge("onward_world_clock_rate", "World seconds a second.", None, {"": read.rate})
    yield _gauge(
        "onward_job_oldest_due_world_seconds",
        "For how long a job's oldest due work waits; 0 when nothing is due.",
        "job",
        {due.job: read.age(due.oldest) if due.ready else 0 for due in read.backlogs},
    )
    yield _gauge(
        "onward_dead_letters",
        "Work that was given up and nobody has dealt with.",
        "job",
        dict.fromkeys(WITH_A_BACKLOG, 0) | {row.which: row.n for row in read.of("letter")},
    )


def _watched(read: Read) -> Iterator[GaugeMetricFamily]:
    yield _gauge(
        "onward_open_cases",
        "Exceptions that are open.",
        "severity",
        dict.fromkeys(SEVERITIES, 0) | {row.which: row.n for row in read.of("case")},
    )
    (escalation,) = read.of("escalation")
    yield _gauge(
        "onward_unacknowledged_escalations",
        "Escalations that nobody owns.",
        None,
        {"": escalation.n},
    )
    yield _gauge(
        "onward_unacknowledged_escalation_world_seconds",
        "Since the oldest of them was opened.",
        None,
        {"": read.age(escalation.oldest)},
    )
    messages = {row.which: row for row in read.of("message")}
    yield _gauge(
        "onward_messages",
        "Messages that are on their way, or that a person must look at.",
        "status",
        dict.fromkeys(MESSAGES, 0) | {name: row.n for name, row in messages.items()},
    )
    yield _gauge(
        "onward_oldest_queued_message_world_seconds",
        "Since the oldest queued message was due.",
        None,
        {"": read.age(messages["queued"].oldest)},
    )


def _carriers(read: Read) -> Iterator[GaugeMetricFamily]:
    rows = read.of("carrier")
    numbers = (
        ("onward_polls_due", "Parcels a carrier is to be asked about now.", lambda row: row.n),
        (
            "onward_oldest_due_poll_world_seconds",
            "For how long the first of them waits.",
            lambda row: read.age(row.oldest),
        ),
        (
            "onward_carrier_answer_age_world_seconds",
            "Since a carrier last answered about a parcel under way.",
            lambda row: read.age(row.latest) if row.latest else None,
        ),
        (
            "onward_polls_failing",
            "Parcels whose last question had no readable answer.",
            lambda row: row.failing,
        ),
    )
    for name, meaning, number in numbers:
        yield _gauge(name, meaning, "carrier", {row.which: number(row) for row in rows})


def _database(read: Read) -> Iterator[GaugeMetricFamily]:
    (row,) = read.of("connections")
    used, limit = "onward_database_connections", "onward_database_connections_limit"
    yield _gauge(used, "Connections to our database, by anybody.", None, {"": row.n})
    yield _gauge(limit, "Connections PostgreSQL allows.", None, {"": float(row.which)})
