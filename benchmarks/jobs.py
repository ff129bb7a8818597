"""Claim: a job in the worker's own process costs at most a third of one in a forked child.

The limit is the same job called as a plain function, in the same run. Decision 0005 rests on this.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from rq import Queue, SimpleWorker, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

import workers.job
from app import create_app
from app.extensions import db, valkey
from app.jobs import JOBS
from config import Config
from supervisor.temporary import temporary_postgres, temporary_valkey
from workers.monitoring import watch

JOBS_MEASURED = 60
ROOT = Path(__file__).parents[1]


class ForkingWorker(Worker):
    """The usual worker: a child for every job, with a database connection of its own."""

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Drop what the parent's connections left."""
        with workers.job.application().app_context():
            db.engine.dispose(close=False)
        super().main_work_horse(job, queue)


def milliseconds(act: Callable[[], object], count: int) -> float:
    """Return the time of one of `count` things done by an act."""
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) / count * 1000


def by_worker(kind: type[Worker | SimpleWorker]) -> float:
    """Return the milliseconds a job takes with a kind of worker, from the queue to the end."""
    queue = Queue("default", connection=valkey.client, serializer=JSONSerializer)
    for _ in range(JOBS_MEASURED):
        queue.enqueue(JOBS["watch"].path, result_ttl=0)
    worker = kind([queue], connection=valkey.client, serializer=JSONSerializer)
    return milliseconds(lambda: worker.work(burst=True, logging_level="ERROR"), JOBS_MEASURED)


def measure(app: Flask) -> int:
    """Print the table; 1 where the claim does not hold."""
    workers.job._app = app  # noqa: SLF001 - the workers' application is this one
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        watch()
    plain = milliseconds(lambda: [watch() for _ in range(JOBS_MEASURED)], JOBS_MEASURED)
    with app.app_context():
        inside, forked = by_worker(SimpleWorker), by_worker(ForkingWorker)
        db.engine.dispose()
    print(
        f"plain call {plain:.1f} ms, in the process {inside:.1f} ms, forked {forked:.1f} ms a job"
    )
    print(f"of the limit: in the process {inside / plain:.1f}x, forked {forked / plain:.1f}x")
    print(f"in the process / forked: {inside / forked:.2f} (claim: at most 0.33)")
    return int(inside > forked / 3)


def main() -> int:
    """Measure on throw-away servers."""
    folder = Path(tempfile.mkdtemp())
    with temporary_postgres(folder / "pg") as urls, temporary_valkey(folder / "vk") as redis_url:
        given = {
            "DATABASE_URL": urls.application,
            "DATABASE_OWNER_URL": urls.owner,
            "REDIS_URL": redis_url,
            "ENVIRONMENT": "test",
            "LOG_LEVEL": "ERROR",
        }
        return measure(create_app(Config.from_environment(given)))


if __name__ == "__main__":
    sys.exit(main())
