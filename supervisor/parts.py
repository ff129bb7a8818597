"""The parts of the platform that are Python: what each is started with and when it is ready."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from supervisor.ports import LOOPBACK
from supervisor.process import Part
from supervisor.ready import answers_http, has_reported

ROOT = Path(__file__).resolve().parent.parent
QUEUES = ("urgent", "mail", "default", "tracking", "slow")


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every part shares: its environment and the folder of logs."""

    environment: Mapping[str, str]
    logs: Path

    def part(self, name: str, *words: str, **rest: object) -> Part:
        """Return a part that is a Python module of the project run with these words."""
        return Part(
            name=name,
            command=(sys.executable, "-m", *words),
            environment=self.environment,
            folder=ROOT,
            log=self.logs / f"{name}.log",
            **rest,  # type: ignore[arg-type]
        )


def migrations(shop: Workshop) -> Part:
    """Return the part that brings the database's tables to this release."""
    return shop.part("migrations", "flask", "--app", "wsgi", "db", "upgrade")


def seed(shop: Workshop) -> Part:
    """Return the part that makes the demonstration marketplace where there is none."""
    return shop.part("seed", "flask", "--app", "wsgi", "seed", output=shop.logs / "seed.out")


def web(shop: Workshop, port: int, *, workers: int, threads: int) -> Part:
    """Return the web server."""
    words = (
        "gunicorn", "wsgi:app", "--worker-class", "gthread", "--workers", str(workers),
        "--threads", str(threads), "--bind", f"{LOOPBACK}:{port}", "--graceful-timeout", "5",
        # Its socket would lie in the home folder, which two copies share.
        "--no-control-socket",
    )  # fmt: skip
    part = shop.part("web", *words, is_ready=lambda _pid: answers_http(port), grace=6.0)
    # Where its processes count requests together (gunicorn.conf.py).
    counts = {"PROMETHEUS_MULTIPROC_DIR": str(shop.logs.parent / "metrics")}
    return replace(part, environment={**part.environment, **counts})


def worker(shop: Workshop, queue: str) -> Part:
    """Return the worker of one queue; a worker of two can lose a job when killed."""
    name = f"worker-{queue}"
    is_ready = partial(has_reported, shop.environment["REDIS_URL"], name)
    return shop.part(name, "workers.run", queue, is_ready=is_ready)


def scheduler(shop: Workshop) -> Part:
    """Return the clock of background work."""
    is_ready = partial(has_reported, shop.environment["REDIS_URL"], "scheduler")
    return shop.part("scheduler", "scheduler.run", is_ready=is_ready, grace=5.0)


def simulator(shop: Workshop, port: int) -> Part:
    """Return the outside world of the demonstration."""
    return shop.part(
        "simulator", "simulator.run", is_ready=lambda _pid: answers_http(port), grace=4.0
    )


def replay(shop: Workshop, words: tuple[str, ...]) -> Part:
    """Return the replay of a recorded history; it talks to the terminal."""
    return Part(
        name="replay",
        command=(sys.executable, "-P", "-m", "simulator.replay", *words),
        environment=shop.environment,
        folder=Path.cwd(),
        log=None,
    )
