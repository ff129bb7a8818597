"""One worker process for one queue: `python -m workers.run QUEUE`.

One queue a process: a worker that listens on two pops without a trace and can lose a job for good.
Jobs run in the worker's own process, one after the other (docs/decisions/0005).
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from redis import Redis
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from app.jobs import JOBS, QUEUES
from app.shared.logs import redacted
from app.web.health import BEAT_SECONDS, beat
from workers.job import Stop, application

logger = logging.getLogger(__name__)
# RQ's own housekeeping is a second net only; the sweep is the first.
MONITOR_SECONDS, MAINTENANCE_SECONDS = 5, 60
# A process is replaced now and then, so that nothing it may have gathered stays for ever.
MOST_JOBS = 5_000
# RQ's alarm ends a job at its timeout, unless the job hangs where no signal is heard.
HANGING_SECONDS = 15
OURS = {job.path for job in JOBS.values()}


class NotOursError(Exception):
    """What lies in the queue is none of our jobs; whoever put it there gets nothing run."""


class OurJob(Job):
    """A job as RQ reads it, of which nothing is believed but which of ours it names.

    Valkey is only a doorbell: whoever can write to it may ring, and may not choose what we run.
    """

    def restore(self, raw_data: dict[Any, Any]) -> None:
        """Read a job, but nothing that would import, call or post to what it names."""
        named = ("callback", "webhooks")
        super().restore({k: v for k, v in raw_data.items() if not _mentions(k, named)})

    @property
    def func(self) -> Callable[[], int]:
        """Return the job's function; one of ours takes nothing and belongs to nothing."""
        if self.func_name not in OURS or self.instance is not None or self.args or self.kwargs:
            raise NotOursError("This is none of the jobs in app.jobs.JOBS.")
        ours: Callable[[], int] = super().func
        return ours


def _mentions(key: bytes | str, words: tuple[str, ...]) -> bool:
    name = key.decode(errors="replace") if isinstance(key, bytes) else key
    return any(word in name for word in words)


class OnwardWorker(SimpleWorker):
    """An RQ worker that knows since when its job runs, and makes way when it is told to stop."""

    running_until: float | None = None
    # By the clock on the wall: other processes read it.
    busy_since: float | None = None

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run a job here; its timeout is the alarm's, and the watchdog's after that."""
        self.running_until = time.monotonic() + float(job.timeout or 0) + HANGING_SECONDS
        self.busy_since = time.time()
        try:
            super().execute_job(job, queue)
        finally:
            self.running_until = self.busy_since = None

    def handle_job_failure(
        self, job: Job, queue: Queue, started_job_registry: Any = None, exc_string: str = ""
    ) -> None:
        """Keep a failure in Valkey for a while, without what a trace may hold of a person."""
        super().handle_job_failure(job, queue, started_job_registry, redacted(exc_string))

    def handle_warm_shutdown_request(self) -> None:
        """Let the running job finish its batch and end."""
        Stop.asked = True
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]

    def is_hanging(self) -> bool:
        """Return whether a job has outlived even its alarm."""
        return self.running_until is not None and time.monotonic() > self.running_until


def watch_over(worker: OnwardWorker, part: str) -> None:
    """Say that the worker is alive; end it when it hangs, for the supervisor to start another."""
    while not worker.is_hanging():
        beat(part, worker.busy_since)
        time.sleep(BEAT_SECONDS)
    logger.error("job hangs, worker ends", extra={"part": part})
    os._exit(1)


def prepare(queue_name: str) -> None:
    """Import the queue's jobs now, so that the first bell finds them there."""
    for job in JOBS.values():
        if job.queue == queue_name:
            importlib.import_module(job.path.rpartition(".")[0])


def worker_of(queue_name: str, connection: Redis) -> OnwardWorker:
    """Return the worker of one queue; what it reads is JSON, and its jobs are ours."""
    queue = Queue(queue_name, connection=connection, serializer=JSONSerializer, job_class=OurJob)
    return OnwardWorker(
        [queue],
        name=f"{queue_name}-{os.getpid()}",
        connection=connection,
        serializer=JSONSerializer,
        job_class=OurJob,
        job_monitoring_interval=MONITOR_SECONDS,
        maintenance_interval=MAINTENANCE_SECONDS,
        log_job_description=False,
    )


def main(queue_name: str) -> None:
    """Serve one queue until told to stop."""
    app = application()
    prepare(queue_name)
    connection: Redis = Redis.from_url(app.config["REDIS_URL"], health_check_interval=30)
    worker = worker_of(queue_name, connection)
    part = f"worker-{queue_name}"
    threading.Thread(target=watch_over, args=(worker, part), daemon=True).start()
    # What has been loaded stays: whoever looks for garbage need not look through it each time.
    gc.freeze()
    worker.work(logging_level="WARNING", max_jobs=MOST_JOBS)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in QUEUES:  # noqa: PLR2004 - the name and one queue
        sys.exit(f"usage: python -m workers.run {'|'.join(QUEUES)}")
    main(sys.argv[1])
