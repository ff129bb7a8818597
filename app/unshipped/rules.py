"""How long work that never left is waited for, and what of the money is to be paid back.

Counted in open days of the place, like ship-by itself (Amazon: seven business days after it; TikTok
Shop: four of them; Shopee: three days): on a day on which nobody is there, nothing can leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.promises.rules import Calendar

ONE_DAY = timedelta(days=1)


class Verdict(StrEnum):
    """What is to be done about late work: nothing yet, tell its vendor when it ends, end it."""

    WAIT = "wait"
    WARN = "warn"
    END = "end"


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict with its moment: when to look again; or when it ends, as its vendor is told."""

    verdict: Verdict
    at: datetime


def due(ship_by: datetime, ship_on: date | None, zone: str) -> datetime:
    """Return by when it should have left: the day its vendor named where that is a later one.

    The customer was told that day. It ends at the hour of ship-by.
    """
    local = ship_by.astimezone(ZoneInfo(zone))
    if ship_on is None or ship_on <= local.date():
        return ship_by
    return datetime.combine(ship_on, local.time(), local.tzinfo)


def open_days_after(moment: datetime, days: int, due_at: datetime, calendar: Calendar) -> datetime:
    """Return the hour of a deadline so many open days after the day of a moment.

    NoDay where the place has none within a year.
    """
    zone = ZoneInfo(calendar.zone)
    today = moment.astimezone(zone).date()
    day = calendar.open_day(today + ONE_DAY, days - 1) if days else today
    return datetime.combine(day, due_at.astimezone(zone).time(), zone)


def judge(
    due_at: datetime, told: datetime | None, calendar: Calendar, days: int, now: datetime
) -> Judged:
    """Return what is to be done about work that has not left, so many open days after its deadline.

    `told`: when it ends, as its vendor was told; nothing ends before that, nor without such a word,
    which comes an open day before: whoever looks late warns late. NoDay where the place has no open
    day within a year.
    """
    end = open_days_after(due_at, days, due_at, calendar)
    if told is not None and told >= end:
        return Judged(Verdict.END if now >= told else Verdict.WAIT, told)
    warn_at = open_days_after(due_at, days - 1, due_at, calendar)
    if now < warn_at:
        return Judged(Verdict.WAIT, warn_at)
    return Judged(Verdict.WARN, max(end, open_days_after(now, 1, due_at, calendar)))


def owed(captured: int, given_back: int, rest: int, canceled: int) -> int:
    """Return what of canceled units is to be paid back, in minor units.

    No more than they cost, and only what was taken beyond the `rest` that the order still costs:
    what was never taken, or is given back already, is owed to nobody.
    """
    return min(canceled, max(0, captured - given_back - rest))
