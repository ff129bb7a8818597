"""When which job is rung, in the world's time, UTC. The sweep rings for all that is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

EPOCH = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Every:
    """A job that runs on a grid: each period since 2000-01-01, shifted by an offset."""

    job: str
    period: timedelta
    offset: timedelta = timedelta()

    def tick(self, now: datetime) -> datetime:
        """Return the newest tick that is due; ticks that were missed are made up by this one."""
        start = EPOCH + self.offset
        return start + (now - start) // self.period * self.period


SWEEP = "sweep"
SCHEDULE = (
    Every(SWEEP, timedelta(minutes=1)),
    Every("mail_notices", timedelta(minutes=1)),
    Every("feed_webhooks", timedelta(minutes=1)),
    Every("keep_house", timedelta(days=1), timedelta(hours=3, minutes=10)),
)
