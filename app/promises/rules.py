"""When something must be done: working days, cut-off and the location's own zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Handling:
    """How a location works: its zone, the last minute of its day, and its handling days."""

    zone: str
    cut_off: time
    days: int


def is_working_day(day: date) -> bool:
    """Return whether a location works on a day: Monday to Friday."""
    return day.weekday() < SATURDAY


def working_days_after(day: date, count: int) -> date:
    """Return the day that lies this many working days after another."""
    while count or not is_working_day(day):
        day += timedelta(days=1)
        count -= is_working_day(day) and count > 0
    return day


def ship_by(assigned_at: datetime, handling: Handling) -> datetime:
    """Return the last moment to hand over: after the cut-off, the work starts a day later."""
    local = assigned_at.astimezone(ZoneInfo(handling.zone))
    start = local.date() + timedelta(days=local.time() > handling.cut_off)
    day = working_days_after(working_days_after(start, 0), handling.days)
    return datetime.combine(day, handling.cut_off, ZoneInfo(handling.zone))


def deliver_on(ship_by_at: datetime, transit_days: int, zone: str) -> date:
    """Return the date an order is promised for, from its latest hand-over."""
    return ship_by_at.astimezone(ZoneInfo(zone)).date() + timedelta(days=transit_days)


def end_of(day: date, zone: str) -> datetime:
    """Return the midnight after a promised date: the first moment that is too late."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))


def days_late(delivered_at: datetime, promised_on: date, zone: str) -> int:
    """Return the calendar days from the promised date to the delivery, in the promise's zone."""
    return (delivered_at.astimezone(ZoneInfo(zone)).date() - promised_on).days
