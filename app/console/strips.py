"""The strip of days: the promise, how late it is, and what is expected, day by day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from app.shared.language import _
from app.web.words import weekday

# More columns than this are too narrow to read; fewer than this look like a table.
MOST_DAYS, FEWEST_DAYS = 10, 7
SATURDAY = 5
DAY = timedelta(days=1)


def strip(
    today: date, promised: date | None, expected: date | None, arrived: date | None = None
) -> dict[str, Any] | None:
    """Return the days from the promise to the arrival with their bars; nothing if too many."""
    if promised is None:
        return None
    ends = [day for day in (promised, expected, arrived or today) if day]
    first, last = min(ends) - DAY, max(ends) + DAY
    last = max(last, first + (FEWEST_DAYS - 1) * DAY)
    count = (last - first).days + 1
    if count > MOST_DAYS:
        return None
    days = [first + n * DAY for n in range(count)]
    bars = [_bar(days, (first, promised), _("promised"), was=True)]
    until = arrived or today
    if until > promised:
        bars.append(_bar(days, (promised + DAY, until), _("late"), tone="crit"))
    elif arrived:
        bars.append(_bar(days, (arrived, arrived), _("here"), tone="good"))
    if expected and not arrived and expected >= today:
        start = max(expected, until + DAY) if until > promised else expected
        bars.append(_bar(days, (start, start), _("now"), tone=_tone(expected, promised)))
    return {"days": [_day(day, today) for day in days], "bars": bars}


def _tone(expected: date, promised: date) -> str:
    return "warn" if expected > promised else "accent"


def _day(day: date, today: date) -> dict[str, Any]:
    is_off = day.weekday() >= SATURDAY
    return {"word": weekday(day), "number": day.day, "off": is_off, "today": day == today}


def _bar(
    days: list[date],
    ends: tuple[date, date],
    words: str,
    *,
    tone: str = "accent",
    was: bool = False,
) -> dict[str, Any]:
    start, end = days.index(ends[0]), days.index(ends[1])
    return {"start": start + 1, "days": end - start + 1, "words": words, "tone": tone, "was": was}
