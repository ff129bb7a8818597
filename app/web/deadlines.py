"""Deadlines: how much is left, how urgent that is, and how it is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.shared.language import _, _p
from app.web.words import span

# Within a working day somebody has to plan for it; within two hours to drop everything else.
SOON, NOW = timedelta(hours=24), timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline as a page shows it; `left` is the share of the time that is left, in percent.

    `at` is when it ends, while that still counts down.
    """

    state: str
    number: str
    word: str
    due: str
    left: int | None = None
    at: datetime | None = None


def deadline(
    due_at: datetime,
    now: datetime,
    due: str,
    *,
    since: datetime | None = None,
    done_at: datetime | None = None,
) -> Deadline:
    """Return how a deadline stands: met or missed when it is done, else plenty to late."""
    if done_at is not None:
        state, word = ("met", _("early")) if done_at <= due_at else ("missed", _("late"))
        return Deadline(state, span(due_at - done_at), word, due)
    left = due_at - now
    if left < timedelta(0):
        return Deadline("late", span(left), _("late"), due, at=due_at)
    share = _share(left, due_at, since)
    return Deadline(_urgency(left), span(left), _p("of time", "left"), due, share, due_at)


def _urgency(left: timedelta) -> str:
    return "now" if left <= NOW else "soon" if left <= SOON else "plenty"


def _share(left: timedelta, due_at: datetime, since: datetime | None) -> int | None:
    if since is None or since >= due_at:
        return None
    return min(100, round(100 * (left / (due_at - since))))
