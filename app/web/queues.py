"""What waits in Valkey: bells that no worker has answered yet, and jobs that failed.

PostgreSQL holds the work; a long queue here says that a worker does not keep up with its bells.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from redis.exceptions import RedisError
from rq import Queue
from rq.job import Job
from rq.registry import FailedJobRegistry
from rq.utils import str_to_date

from app import jobs
from app.extensions import valkey

# A worker that keeps up takes a job at once, or after those before it: 20 s each.
SLOW_SECONDS, STUCK_SECONDS = 30, 60


@dataclass(frozen=True, slots=True)
class Standing:
    """How one queue stands; `oldest` is for how many seconds its first job has waited."""

    name: str
    waiting: int
    failed: int
    oldest: float | None

    @property
    def tone(self) -> str:
        """Return good, warn where jobs wait long, crit where nobody seems to take them."""
        waited = self.oldest or 0
        return "crit" if waited > STUCK_SECONDS else "warn" if waited > SLOW_SECONDS else "good"


def standings() -> list[Standing] | None:
    """Return how every queue stands, in two looks; nothing while Valkey is away."""
    now = time.time()
    try:
        counts = _counts(now)
        queued = _queued_at([first for _, _, first in counts])
    except RedisError:
        return None
    return [
        Standing(name, waiting, failed, None if at is None else max(0.0, now - at))
        for name, (waiting, failed, _), at in zip(jobs.QUEUES, counts, queued, strict=True)
    ]


def _counts(now: float) -> list[tuple[int, int, bytes | None]]:
    pipe = valkey.client.pipeline(transaction=False)
    for name in jobs.QUEUES:
        queue = Queue(name, connection=valkey.client)
        pipe.llen(queue.key)
        # A failure is kept for an hour; the registry drops old ones only now and then.
        pipe.zcount(FailedJobRegistry(queue=queue).key, now, "+inf")
        pipe.lindex(queue.key, 0)
    found = pipe.execute()
    return list(zip(found[::3], found[1::3], found[2::3], strict=True))


def _queued_at(ids: Iterable[bytes | None]) -> list[float | None]:
    pipe = valkey.client.pipeline(transaction=False)
    for job_id in ids:
        pipe.hget(Job.key_for((job_id or b"").decode(errors="replace")), "enqueued_at")
    return [str_to_date(at).timestamp() if at else None for at in pipe.execute()]
