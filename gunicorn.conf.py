"""What gunicorn is told beyond its command line; it reads this file where it is started."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import threading
from pathlib import Path

from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker

# Where all processes of this server count requests together; read by prometheus-client.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
MADE_UP = "onward-metrics-"

# Who is believed about X-Forwarded-… is PROXY_HOPS' word, inside the application.
forwarded_allow_ips = ""


class ServerLog(Logger):
    """gunicorn's own words as JSON lines like all others: an address it names may hold a token."""

    def setup(self, cfg: Config) -> None:
        """Set up as gunicorn does, then write as we do."""
        super().setup(cfg)
        # Not before: where it is started stands in the path only now.
        from app.shared.logs import JsonLines  # noqa: PLC0415

        for handler in self.error_log.handlers:
            handler.setFormatter(JsonLines())


logger_class = ServerLog


def on_starting(_: Arbiter) -> None:
    """Begin to count at nothing, in the folder that is named or in one made up."""
    if not os.environ.get(FOLDER):
        os.environ[FOLDER] = tempfile.mkdtemp(prefix=MADE_UP)
    folder = Path(os.environ[FOLDER])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for counts in folder.glob("*.db"):
        counts.unlink(missing_ok=True)


def on_exit(_: Arbiter) -> None:
    """Leave no folder that was made up."""
    if MADE_UP in os.environ[FOLDER]:
        shutil.rmtree(os.environ[FOLDER], ignore_errors=True)


def post_worker_init(worker: Worker) -> None:
    """Have a process say that it is alive, however busy its threads are; and that it stops."""
    from app.web import live  # noqa: PLC0415 - as above
    from app.web.health import keep_beating  # noqa: PLC0415 - the same

    threading.Thread(target=keep_beating, daemon=True).start()
    # Streams of events end when their server is told to, not when their time is over.
    live.is_serving = lambda: bool(worker.alive)
    # What has been loaded stays: whoever looks for garbage need not look through it each time.
    gc.freeze()


def worker_exit(_: Arbiter, worker: Worker) -> None:
    """Have a process that ends in good order not be missed; one that never began is not known."""
    if not worker.booted:
        return
    from app.web.health import beat_web  # noqa: PLC0415 - as above

    beat_web(is_ending=True)


def child_exit(_: Arbiter, worker: Worker) -> None:
    """Keep what an ended process counted, and forget what only a living one can say."""
    # It decides how to count when it is imported: not before the folder is named.
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415

    mark_process_dead(worker.pid)
