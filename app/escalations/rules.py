"""Which rungs of the climb are due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Step:
    """A rung: its place in the climb, who stands there, and when it is due."""

    rung: int
    level: str
    due_at: datetime


def climb(opened_at: datetime, rungs: Sequence[tuple[timedelta, str]]) -> list[Step]:
    """Return every rung of a climb that began at a moment."""
    return [Step(i, level, opened_at + after) for i, (after, level) in enumerate(rungs)]


def due_steps(
    steps: Sequence[Step], done: int, stopped_at: datetime | None, now: datetime
) -> list[Step]:
    """Return the rungs to take now: due, not done, and not after somebody stopped the climb."""
    until = min(now, stopped_at) if stopped_at else now
    return [step for step in steps[done:] if step.due_at <= until]


def next_step_at(steps: Sequence[Step], done: int, stopped_at: datetime | None) -> datetime | None:
    """Return when the next rung is due, nothing when the climb has stopped or is at its top."""
    return None if stopped_at or done >= len(steps) else steps[done].due_at


def standing(owner: str | None, *, is_closed: bool) -> str:
    """Return how an escalation stands as a page remembers it: open or closed, and its owner."""
    return f"{'closed' if is_closed else 'open'}:{owner or ''}"


def in_words(stands: str) -> str:
    """Return in words how a page that was looked at had it."""
    state, _, owner = stands.partition(":")
    return "resolved" if state == "closed" else f"owned by {owner or 'nobody'}"
