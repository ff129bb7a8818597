"""Rate shopping: by which services a parcel could go, when it is there, what it costs more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.promises.rules import Calendar, Lane, NoDay, deliver_on, ship_by

GRAMS = 1000


class Why(StrEnum):
    """Why a service is recommended: it keeps every date, only the promise, or is the earliest."""

    KEEPS_ALL = "keeps_all"
    KEEPS_PROMISE = "keeps_promise"
    EARLIEST = "earliest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What has not left of a fulfillment order, when it will, and the dates to keep.

    `origin` and `destination` are countries, `zone` is that of the promise, `ordered` and `booked`
    are services: the order's own, and the one that is in force.
    """

    origin: str
    destination: str
    zone: str
    hand_over: datetime
    ordered: str
    booked: str
    parcels: int = 1
    grams: int = 0
    promised: date | None = None
    need_by: date | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """A service with its price in minor units, and whether it keeps the dates (None: no date).

    `more_minor`: what it costs more than the ordered one; `is_faster`: it is there on an earlier
    day than the ordered one.
    """

    service: str
    minor: int
    more_minor: int
    arrives: date
    keeps_promise: bool | None
    keeps_need_by: bool | None
    is_ordered: bool
    is_booked: bool
    is_faster: bool

    @property
    def may_be_chosen(self) -> bool:
        """Return whether it can take the place of what is booked: faster, or as ordered."""
        return not self.is_booked and (self.is_faster or self.is_ordered)


def hand_over(due: datetime, said_on: date | None, calendar: Calendar, now: datetime) -> datetime:
    """Return when a parcel is handed over: on the day its vendor said, else when it is due.

    Where that has passed, at the next cut-off of an open day; now, where there is none.
    """
    if said_on is not None:
        due = datetime.combine(said_on, calendar.cut_off, ZoneInfo(calendar.zone))
    if due >= now:
        return due
    try:
        return ship_by(now, replace(calendar, handling_days=0))
    except NoDay:
        return now


def compare(of: Sending, services: Iterable[str], lane: Callable[[str], Lane]) -> list[Rate]:
    """Return every service of a way with its price and its day, the cheapest first.

    The ordered and the booked one are among them, whether or not a lane names them.
    """
    names = dict.fromkeys((of.ordered, of.booked, *services))
    lanes = {name: lane(name) for name in names}
    prices = {
        name: way.parcel_minor * of.parcels + way.kilo_minor * of.grams // GRAMS
        for name, way in lanes.items()
    }
    days = {
        name: deliver_on(of.hand_over, of.zone, way, of.destination) for name, way in lanes.items()
    }
    rates = [
        Rate(
            service=name,
            minor=prices[name],
            more_minor=max(0, prices[name] - prices[of.ordered]),
            arrives=days[name],
            keeps_promise=None if of.promised is None else days[name] <= of.promised,
            keeps_need_by=None if of.need_by is None else days[name] <= of.need_by,
            is_ordered=name == of.ordered,
            is_booked=name == of.booked,
            is_faster=days[name] < days[of.ordered],
        )
        for name in names
    ]
    return sorted(rates, key=lambda rate: (rate.minor, rate.arrives, not rate.is_ordered))


def recommend(rates: Sequence[Rate]) -> tuple[Rate, Why]:
    """Return the cheapest service that keeps every date, else the promise; else the earliest.

    Only of those that may be booked: nobody is sent slower than ordered.
    """
    open_ = [rate for rate in rates if rate.is_booked or rate.may_be_chosen]
    in_time = [rate for rate in open_ if rate.keeps_promise is not False]
    for kept, why in (
        ([rate for rate in in_time if rate.keeps_need_by is not False], Why.KEEPS_ALL),
        (in_time, Why.KEEPS_PROMISE),
    ):
        if kept:
            return kept[0], why
    return min(open_, key=lambda rate: (rate.arrives, rate.minor)), Why.EARLIEST
