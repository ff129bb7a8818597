"""A location as pages show it: its calendar, its next two weeks, and what is promised from now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.desk.place_forms import weekdays
from app.promises.rules import Calendar, NoDay, ship_by
from app.vendors import queries
from app.web.words import day as day_word

# The days of a location that are shown.
STRIP = 14
DAY = timedelta(days=1)
Loads = Mapping[tuple[Any, date], int]


def place_shown(place: Any, closed: Sequence[Any], loads: Loads, now: datetime) -> dict[str, Any]:
    """Return a location with its calendar and its next two weeks."""
    here = now.astimezone(ZoneInfo(place.zone))
    today = here.date()
    days = dict(weekdays())
    calendar = _calendar(place, closed)
    strip = [today + n * DAY for n in range(STRIP)]
    return {
        **queries.place_values(place),
        "code": place.code,
        "clock": here,
        "is_past": here.time() > place.cut_off,
        "days": ", ".join(days[str(day)] for day in place.working_days),
        "today": loads.get((place.id, today), 0),
        "tomorrow": loads.get((place.id, today + DAY), 0),
        "closures": [c for c in closed if c.last_day >= today],
        "strip": [
            {
                "date": day,
                "word": days[str(day.isoweekday())],
                "number": day.day,
                "said": day_word(day),
                "off": not calendar.is_open(day),
                "today": day == today,
            }
            for day in strip
        ],
    }


def promised(place: Any, closed: Sequence[Any], loads: Loads, now: datetime) -> datetime | None:
    """Return by when a location promises to hand over what is ordered now; None: within no year."""
    limit = place.daily_capacity
    full = {day for (key, day), n in loads.items() if key == place.id and limit and n >= limit}
    try:
        return ship_by(now, _calendar(place, closed), full=full)
    except NoDay:
        return None


def _calendar(place: Any, closed: Sequence[Any]) -> Calendar:
    return Calendar(
        zone=place.zone,
        cut_off=place.cut_off,
        handling_days=place.handling_days,
        working_days=frozenset(place.working_days),
        holidays=place.holidays,
        closures=tuple((c.first_day, c.last_day) for c in closed),
    )
