"""When somebody is told: quiet hours, the digest's moment, and what is mailed at a look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# A notice may be written by a transaction that is still open; by then all of them have ended.
SETTLED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Wishes:
    """When somebody wants to be left alone and when they want their digest, in their zone."""

    zone: ZoneInfo
    quiet_from: time | None = None
    quiet_until: time | None = None
    digest_at: time = time(8)


@dataclass(frozen=True, slots=True)
class Marks:
    """Up to when somebody has looked, was mailed at once, and had their digest."""

    seen_until: datetime
    mailed_until: datetime
    digested_until: datetime


@dataclass(frozen=True, slots=True)
class Stretch:
    """The notices after one moment, up to and with another."""

    after: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """Which stretches are mailed now; none where there is nothing to look at."""

    at_once: Stretch | None = None
    digest: Stretch | None = None


def is_quiet(now: datetime, wishes: Wishes) -> bool:
    """Return whether somebody wants to be left alone, by the clock on their wall.

    An hour that a clock shows twice is quiet twice; one that it leaves out is not there to be.
    """
    begin, end = wishes.quiet_from, wishes.quiet_until
    if begin is None or end is None or begin == end:
        return False
    clock = now.astimezone(wishes.zone).time()
    return begin <= clock < end if begin < end else clock >= begin or clock < end


def digest_moment(now: datetime, wishes: Wishes) -> datetime:
    """Return the last moment up to now at which a digest was due: one a day, whatever the clock."""
    today = now.astimezone(wishes.zone).date()
    moments = [_moment(today - timedelta(days=days), wishes) for days in (0, 1)]
    return next(moment for moment in (*moments, now) if moment <= now)


def _moment(day: date, wishes: Wishes) -> datetime:
    # Of an hour that comes twice the first is meant; one that is left out comes as it would have.
    local = datetime.combine(day, wishes.digest_at, wishes.zone)
    return local.astimezone(UTC)


def plan(now: datetime, wishes: Wishes, marks: Marks) -> Plan:
    """Return what to look at for somebody's mails: what they have seen is not mailed.

    In quiet hours everything waits: afterwards one mail holds all of it.
    """
    if is_quiet(now, wishes):
        return Plan()
    settled = now - SETTLED
    return Plan(
        _stretch(max(marks.mailed_until, marks.seen_until), settled),
        _stretch(max(marks.digested_until, marks.seen_until), digest_moment(settled, wishes)),
    )


def _stretch(after: datetime, until: datetime) -> Stretch | None:
    return Stretch(after, until) if after < until else None
