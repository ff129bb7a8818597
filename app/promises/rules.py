"""When something must be done and will arrive: calendars, cut-offs and lanes, each in its zone."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from holidays import country_holidays

MONDAY_TO_FRIDAY = frozenset({1, 2, 3, 4, 5})
ONE_DAY = timedelta(days=1)
# A location that is closed for longer than this, or full, is as good as none.
FARTHEST = timedelta(days=366)


class NoDay(Exception):
    """A location has no day on which it could hand anything over."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """How a location works.

    Its zone, the last minute of its working day, the working days it takes, the ISO weekdays on
    which it works, whose public holidays it keeps ("DE", "DE-BY"; ISO 3166), and the first and
    last days of its own closures.
    """

    zone: str
    cut_off: time
    handling_days: int = 0
    working_days: frozenset[int] = MONDAY_TO_FRIDAY
    holidays: str | None = None
    closures: tuple[tuple[date, date], ...] = ()

    def is_open(self, day: date) -> bool:
        """Return whether the location works on a day."""
        return (
            day.isoweekday() in self.working_days
            and not (self.holidays and day in public_holidays(self.holidays, day.year))
            and not any(first <= day <= last for first, last in self.closures)
        )

    def open_day(self, day: date, later: int = 0, full: Container[date] = ()) -> date:
        """Return the first open day from a day on, or this many open days later, with room left.

        NoDay where none lies within a year: closed for good, or full.
        """
        farthest = day + FARTHEST
        while day <= farthest:
            if self.is_open(day):
                if later <= 0 and day not in full:
                    return day
                later -= 1
            day += ONE_DAY
        raise NoDay


@dataclass(frozen=True, slots=True)
class Lane:
    """A way from country to country: days under way, and what a parcel costs on it.

    `moves_on`: the ISO weekdays that count and on which parcels are handed to customers; the
    destination's public holidays never do where `keeps_holidays`. Costs are minor units a parcel
    and a kilogram.
    """

    days: int
    moves_on: frozenset[int] = frozenset(range(1, 8))
    keeps_holidays: bool = False
    parcel_minor: int = 0
    kilo_minor: int = 0


@lru_cache(maxsize=4096)
def public_holidays(place: str, year: int) -> frozenset[date]:
    """Return the public holidays of a country or its part in a year; none where we know none."""
    country, _, part = place.partition("-")
    try:
        return frozenset(country_holidays(country, subdiv=part or None, years=year))
    except NotImplementedError:
        return frozenset()


def start_of_work(assigned_at: datetime, calendar: Calendar) -> date:
    """Return the day that counts as the first: after the cut-off, the next one."""
    local = assigned_at.astimezone(ZoneInfo(calendar.zone))
    return local.date() + ONE_DAY * (local.time() > calendar.cut_off)


def ship_by(
    assigned_at: datetime,
    calendar: Calendar,
    *,
    waits_until: date | None = None,
    full: Container[date] = (),
) -> datetime:
    """Return the last moment to hand over, at the location's cut-off.

    `waits_until`: the day from which the goods are there; `full`: days on which the location has
    as much to hand over as it can. NoDay where the location has no such day within a year.
    """
    start = start_of_work(assigned_at, calendar)
    day = calendar.open_day(max(start, waits_until or start), calendar.handling_days, full)
    moment = datetime.combine(day, calendar.cut_off, ZoneInfo(calendar.zone))
    # In the night in which an hour comes twice the cut-off is its second time.
    return max(moment, moment.replace(fold=1), key=lambda m: m.astimezone(UTC))


def bought_in_on(assigned_at: datetime, calendar: Calendar, days: int) -> date:
    """Return the day on which units are there that take this many working days to buy in."""
    return calendar.open_day(start_of_work(assigned_at, calendar), days)


def deliver_on(ship_by_at: datetime, zone: str, lane: Lane, destination: str = "") -> date:
    """Return the date on which what is handed over then is at the door.

    The first of the lane's days is the one after the hand-over, by the date in the zone of the
    promise; it ends on a day on which the lane delivers.
    """
    day = ship_by_at.astimezone(ZoneInfo(zone)).date()
    left = lane.days
    while left > 0 or not _delivers(lane, day, destination):
        day += ONE_DAY
        left -= _delivers(lane, day, destination)
    return day


def _delivers(lane: Lane, day: date, destination: str) -> bool:
    if day.isoweekday() not in lane.moves_on:
        return False
    is_free = lane.keeps_holidays and bool(destination)
    return not (is_free and day in public_holidays(destination, day.year))


def end_of(day: date, zone: str) -> datetime:
    """Return the midnight after a promised date: the first moment that is too late."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))


def day_of(end: datetime, zone: str) -> date:
    """Return the promised date that ends at this moment."""
    return end.astimezone(ZoneInfo(zone)).date() - ONE_DAY


def days_late(delivered_at: datetime, promised_on: date, zone: str) -> int:
    """Return the calendar days from the promised date to the delivery, in the promise's zone."""
    return (delivered_at.astimezone(ZoneInfo(zone)).date() - promised_on).days
