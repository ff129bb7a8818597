"""The scheduler process: `python -m scheduler.run`; any number of copies may run.

APScheduler is the machine's heartbeat. Which business tick is due stands in our own table: a tick
is claimed by its unique row, so a second copy finds it taken, and a missed one is made up.
"""

from __future__ import annotations

import logging
import signal
import threading
from datetime import datetime

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import create_app, jobs
from app.extensions import db, valkey
from app.shared import clock
from app.shared.work import PLATFORM, transaction
from app.web.health import CLOCK_CHANNEL, beat
from config import Config
from scheduler.schedule import SCHEDULE, SWEEP

logger = logging.getLogger(__name__)
BEAT_SECONDS = 1

CLAIM = text("INSERT INTO job_runs (job, tick) VALUES (:job, :tick) ON CONFLICT DO NOTHING")


def heartbeat(app: Flask) -> None:
    """Claim the business ticks that are due and ring for them."""
    try:
        with app.app_context():
            _ring_due()
            beat("scheduler")
    except (SQLAlchemyError, RedisError, OSError):
        logger.warning("heartbeat missed", exc_info=True)


def _ring_due() -> None:
    with transaction(PLATFORM) as now:
        world = clock.read()
        # A stepped world has no minutes that pass: what is due is swept at every beat. While facts
        # are told to it, only what may ring then does, so a lost bell is made good too. What
        # people wait for is due in the machine's time, so it is swept at every beat of any world.
        jobs.sweep(now, only_by_machine=world.rate != 0)
        if world.ring_only is not None:
            return
        for every in SCHEDULE:
            if not _claim(every.job, every.tick(now)):
                continue
            if every.job == SWEEP:
                jobs.sweep(now)
            else:
                jobs.ring(every.job)


def _claim(job: str, tick: datetime) -> bool:
    result = db.session.execute(CLAIM, {"job": job, "tick": tick})
    return bool(result.rowcount)  # type: ignore[attr-defined]


def _beat_on_steps(app: Flask, stop: threading.Event) -> None:
    """Beat at once when the world clock is stepped or let go."""
    while not stop.is_set():
        try:
            with app.app_context(), valkey.client.pubsub() as channel:
                channel.subscribe(CLOCK_CHANNEL)
                while not stop.is_set():
                    if channel.get_message(ignore_subscribe_messages=True, timeout=1):
                        heartbeat(app)
        except (RedisError, OSError):
            stop.wait(BEAT_SECONDS)


def main() -> None:
    """Beat until told to stop."""
    app = create_app(Config.from_environment(), with_faces=False)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    heart = BackgroundScheduler(timezone="UTC")
    heart.add_job(
        heartbeat,
        "interval",
        args=[app],
        seconds=BEAT_SECONDS,
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    heart.start()
    threading.Thread(target=_beat_on_steps, args=(app, stop), daemon=True).start()
    stop.wait()
    heart.shutdown(wait=True)


if __name__ == "__main__":
    main()
