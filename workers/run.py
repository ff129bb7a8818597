"""One worker process for one queue: `python -m workers.run QUEUE`.

One queue a process: a worker that listens on two pops without a trace and can lose a job for good.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from app.extensions import db, valkey
from app.jobs import JOBS, QUEUES
from app.web.health import beat
from workers.job import Stop, application, forget_parent_connections

PR_SET_PDEATHSIG = 1
# RQ's own housekeeping is a second net only; the sweep is the first.
MONITOR_SECONDS, MAINTENANCE_SECONDS = 5, 60


class OnwardWorker(Worker):
    """An RQ worker whose children neither share connections nor outlive it."""

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Run a job in the child: own connections, dies with its parent."""
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        forget_parent_connections()
        super().main_work_horse(job, queue)

    def setup_work_horse_signals(self) -> None:
        """On SIGTERM the child finishes its batch and makes way."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _make_way)


def _make_way(_number: int, _frame: FrameType | None) -> None:
    Stop.asked = True


def _beat_forever(part: str) -> None:
    while True:
        beat(part)
        threading.Event().wait(2)


def warm_up(queue_name: str) -> None:
    """Run the queue's jobs once before any child is made, so that children find all prepared.

    A job may run at any time; what it prepares (statements, mappers, the driver's types) is
    inherited, its connections are closed here.
    """
    for job in JOBS.values():
        module, _, function = job.path.rpartition(".")
        if job.queue == queue_name:
            getattr(importlib.import_module(module), function)()
    with application().app_context():
        db.engine.dispose()


def main(queue_name: str) -> None:
    """Serve one queue until told to stop."""
    app = application()
    warm_up(queue_name)
    with app.app_context():
        connection: Any = valkey.client.__class__.from_url(
            app.config["REDIS_URL"], health_check_interval=30
        )
        queue = Queue(queue_name, connection=connection, serializer=JSONSerializer)
        worker = OnwardWorker(
            [queue],
            name=f"{queue_name}-{os.getpid()}",
            connection=connection,
            serializer=JSONSerializer,
            job_monitoring_interval=MONITOR_SECONDS,
            maintenance_interval=MAINTENANCE_SECONDS,
            log_job_description=False,
        )
        part = f"worker-{queue_name}"
        threading.Thread(target=_beat_forever, args=(part,), daemon=True).start()
        worker.work(logging_level="WARNING")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in QUEUES:  # noqa: PLR2004 - the name and one queue
        sys.exit(f"usage: python -m workers.run {'|'.join(QUEUES)}")
    main(sys.argv[1])
