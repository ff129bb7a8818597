"""Every background job by name: where it lives, its queue and timeout, and what it works off.

PostgreSQL holds the work; a bell in Valkey only says that there is some. A bell may be lost,
doubled or late without harm: the sweep finds what is due and rings again.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import text

from app.extensions import db, valkey
from app.shared import breath, clock, leases

QUEUES = ("urgent", "mail", "default", "tracking", "slow")
# RQ keeps a finished job no longer than this; nothing is read from it.
RESULT_SECONDS, FAILURE_SECONDS = 0, 3600


@dataclass(frozen=True, slots=True)
class Backlog:
    """The rows a job works off: their table, due column, and which of them are this job's.

    `by_machine`: they are due in the machine's time, in which people live, not in the world's.
    """

    table: str
    due: str
    where: str = "true"
    leased: bool = False
    by_machine: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A background job; `timeout` in seconds, well above the 20 s after which it makes way."""

    path: str
    queue: str
    backlog: Backlog | None = None
    timeout: int = 60


def _checks(watcher: str) -> Backlog:
    return Backlog("checks", "next_check_at", f"watcher = '{watcher}'")


JOBS = {
    "route_orders": Job("workers.routing.route_orders", "urgent", _checks("route_orders")),
    "renew_promises": Job("workers.routing.renew_promises", "urgent", _checks("renew_promises")),
    "take_back_unconfirmed": Job(
        "workers.routing.take_back_unconfirmed", "urgent", _checks("take_back_unconfirmed")
    ),
    "take_back_stopped": Job(
        "workers.routing.take_back_stopped", "urgent", _checks("take_back_stopped")
    ),
    "remind_vendors": Job("workers.orders.remind_vendors", "urgent", _checks("remind_vendors")),
    "cancel_unshipped": Job(
        "workers.orders.cancel_unshipped", "default", _checks("cancel_unshipped")
    ),
    "wake_waiting": Job("workers.routing.wake_waiting", "urgent", _checks("wake_waiting")),
    "send_notifications": Job(
        "workers.notifications.send_notifications",
        # A mail server takes its time: routing must not wait for it.
        "mail",
        Backlog("notifications", "due_at", "status = 'queued'", leased=True),
    ),
    "watch": Job("workers.monitoring.watch", "default", _checks("watch")),
    "escalate": Job("workers.escalations.escalate", "default", _checks("escalate")),
    "compensate": Job("workers.compensation.compensate", "default", _checks("compensate")),
    "ask_carriers": Job("workers.shipments.ask_carriers", "tracking", _checks("ask_carriers")),
    "poll_shipments": Job(
        "workers.shipments.poll_shipments",
        "tracking",
        Backlog("polls", "next_poll_at", leased=True),
    ),
    "run_batches": Job(
        "workers.batches.run_batches",
        "slow",
        Backlog("batches", "due_at", "status IN ('waiting', 'running')", by_machine=True),
    ),
    "run_imports": Job(
        "workers.imports.run_imports",
        "slow",
        Backlog("imports", "due_at", "status IN ('waiting', 'running')", by_machine=True),
    ),
    "send_webhooks": Job(
        "workers.webhooks.send_webhooks",
        "slow",
        Backlog("webhook_deliveries", "due_at", "status = 'queued'", leased=True, by_machine=True),
    ),
    "feed_webhooks": Job("workers.webhooks.feed_webhooks", "slow"),
    "mail_notices": Job("workers.notices.mail_notices", "slow"),
    "keep_house": Job("workers.house.keep_house", "slow"),
}


def ring(name: str) -> None:
    """Have a job run soon after the commit."""
    if clock.may_ring(name):
        breath.of_transaction().bells[name] = partial(_queue, name)


def ring_now(*names: str) -> None:
    """Queue jobs unless they are queued already."""
    breath.tell({name: partial(_queue, name) for name in names})


def _queue(name: str) -> None:
    job = JOBS[name]
    queue = Queue(job.queue, connection=valkey.client, serializer=JSONSerializer)
    queue.enqueue(
        job.path,
        job_timeout=job.timeout,
        result_ttl=RESULT_SECONDS,
        failure_ttl=FAILURE_SECONDS,
        description=name,
    )


def answer_bell(name: str) -> None:
    """Take the bell down before looking: whoever rings from now on is heard again."""
    try:
        valkey.client.delete(f"bell:{name}")
    except RedisError:
        # The bell expires by itself; the work does not wait for it.
        return


def others_wait(name: str) -> bool:
    """Return whether the bell of another job of its queue is up, as far as Valkey can say."""
    queue = JOBS[name].queue
    others = [f"bell:{x}" for x, job in JOBS.items() if job.queue == queue and x != name]
    try:
        return bool(others and valkey.client.exists(*others))
    except RedisError:
        return False


def ring_again(name: str) -> None:
    """Queue a job behind those that wait, for it has made way; where Valkey is away, the sweep."""
    with suppress(RedisError):
        ring_now(name)


@dataclass(frozen=True, slots=True)
class Due:
    """How a job's backlog stands: rows due and free, rows under a live lease, next due time.

    `oldest` is in the world's time; of what is due in the machine's, as far away as that is.
    """

    job: str
    ready: bool
    leased: bool
    oldest: datetime | None
    by_machine: bool = False


NOW, MACHINE = "CAST(:now AS timestamptz)", "CAST(:machine AS timestamptz)"


@cache
def _backlog_sql(*, only_by_machine: bool) -> str:
    """Return one statement over every backlog; leases are judged by PostgreSQL's clock."""
    parts = []
    for name, job in JOBS.items():
        if (b := job.backlog) is None or (only_by_machine and not b.by_machine):
            continue
        free, held = (leases.FREE, leases.HELD) if b.leased else ("true", "false")
        moment, shift = (MACHINE, f" + ({NOW} - {MACHINE})") if b.by_machine else (NOW, "")
        parts.append(
            f"SELECT '{name}' AS job,"
            f" EXISTS (SELECT FROM {b.table}"
            f"  WHERE {b.where} AND {b.due} <= {moment} AND {free}) AS ready,"
            f" EXISTS (SELECT FROM {b.table} WHERE {b.where} AND {held}) AS leased,"
            f" (SELECT min({b.due}){shift} FROM {b.table} WHERE {b.where}) AS oldest,"
            f" {b.by_machine} AS by_machine"
        )
    return " UNION ALL ".join(parts)


def backlogs(now: datetime, *, only_by_machine: bool = False) -> list[Due]:
    """Return how every job's backlog stands at a moment of the world's time."""
    moments = {"now": now, "machine": clock.machine_now()}
    rows = db.session.execute(text(_backlog_sql(only_by_machine=only_by_machine)), moments)
    return [Due(*row) for row in rows]


def sweep(now: datetime, *, only_by_machine: bool = False) -> list[str]:
    """Ring for every job that has due work, after the commit; return their names.

    `only_by_machine`: for those whose work is due in the machine's time.
    """
    names = [due.job for due in backlogs(now, only_by_machine=only_by_machine) if due.ready]
    for name in names:
        ring(name)
    return names
