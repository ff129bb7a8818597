"""The one decorator of background jobs: application, identity in logs, bell, and time."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable

from flask import Flask
from rq import get_current_job

from app import create_app
from app.jobs import JOBS, answer_bell, others_wait, ring_again
from app.shared import clock, logs
from app.shared.work import PLATFORM, transaction
from config import Config

logger = logging.getLogger(__name__)
# A job makes way after this and rings again: none holds a queue, and a stop waits at most 8 s more.
BUDGET_SECONDS = 20
# So soon it makes way where another job of its queue waits.
TURN_SECONDS = 1

_app: Flask | None = None

IsTimeUp = Callable[[], bool]


def application() -> Flask:
    """Return the application, made once a process."""
    global _app  # noqa: PLW0603 - one application a process
    if _app is None:
        _app = create_app(Config.from_environment(), with_faces=False)
    return _app


class Stop:
    """Whether a job must make way: its time is over, or the worker is being stopped."""

    asked = False


class Turn:
    """How long a job may go on. One without a backlog would begin anew: it has its whole time."""

    def __init__(self, name: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.name, self.clock = name, clock
        self.started = clock()
        self.is_resumed = JOBS[name].backlog is not None
        self.is_over = False

    def is_up(self) -> bool:
        """Return whether the job must make way; once it must, it must."""
        took = self.clock() - self.started
        is_long = self.is_resumed and took > TURN_SECONDS
        self.is_over = (
            self.is_over
            or Stop.asked
            or took > BUDGET_SECONDS
            or (is_long and others_wait(self.name))
        )
        return self.is_over


def is_held(name: str) -> bool:
    """Return whether the world is held back from this job, whoever rang or did not."""
    with transaction(PLATFORM):
        return not clock.may_ring(name)


def job(run: Callable[[IsTimeUp], int]) -> Callable[[], int]:
    """Make a job of a function that works off what is due and returns how much it did."""
    name = run.__name__
    if name not in JOBS:
        message = f"{name} is not in app.jobs.JOBS"
        raise ValueError(message)

    @functools.wraps(run)
    def wrapper() -> int:
        started = time.monotonic()
        current = get_current_job()
        logs.current_id.set(current.id if current else name)
        with application().app_context():
            answer_bell(name)
            turn = Turn(name)
            done = 0 if is_held(name) else run(turn.is_up)
            if turn.is_over and turn.is_resumed:
                ring_again(name)
        if done:
            seconds = round(time.monotonic() - started, 3)
            logger.info("job done", extra={"job": name, "done": done, "seconds": seconds})
        return done

    return wrapper
