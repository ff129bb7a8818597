"""The three clocks: the world's, the machine's, and (for leases only) PostgreSQL's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text

from app import unit
from app.extensions import db
from app.shared.errors import Conflict


@dataclass(frozen=True, slots=True)
class WorldClock:
    """The world's time, how fast it runs, and which bells may ring (None: all)."""

    now: datetime
    rate: float
    ring_only: tuple[str, ...] | None


def now() -> datetime:
    """Return the world's time as the open transaction read it: the time of every business rule."""
    return unit.current().now


def machine_now() -> datetime:
    """Return the machine's time: sessions, throttles, heartbeats, logs; no business rule."""
    return datetime.now(UTC)


def read() -> WorldClock:
    """Return the clock as the open transaction sees it."""
    opened = unit.current()
    names = opened.ring_only
    return WorldClock(opened.now, opened.rate, None if names is None else tuple(names.split(",")))


def may_ring(name: str) -> bool:
    """Return whether a job's bell may ring: not while facts are being told to a stepped world."""
    names = unit.current().ring_only
    return names is None or name in names.split(",")


def run(rate: float) -> None:
    """Let the world run at `rate` world seconds a real second, from its last heartbeat on.

    While nobody was there to act, a fast world stood still; a world at real time cannot.
    """
    stood = db.session.scalar(text("SELECT max(tick) FROM job_runs")) if read().rate > 1 else None
    _anchor(stood or now(), rate)


def step(to: datetime) -> None:
    """Stop the world at a moment; it never goes back."""
    current = now()
    if to < current and read().rate == 0:
        detail = f"The world clock stands at {current.isoformat()} and never goes back to {to}."
        raise Conflict(detail)
    _anchor(to, 0)


def hold(ring_only: tuple[str, ...] | None) -> None:
    """Let only these jobs' bells ring while facts are being told; None lets all ring again."""
    names = None if ring_only is None else ",".join(ring_only)
    db.session.execute(text("UPDATE world_clock SET ring_only = :names"), {"names": names})


def _anchor(world: datetime, rate: float) -> None:
    db.session.execute(
        text(
            "UPDATE world_clock SET anchor_world = :world, anchor_machine = :machine, rate = :rate"
        ),
        {"world": world, "machine": machine_now(), "rate": rate},
    )
