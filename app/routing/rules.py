"""Who may be chosen and why the others may not, and what each would cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.promises.rules import Lane, NoDay, bought_in_on, deliver_on, ship_by
from app.routing.contract import Candidate, Excluded, Option, Place, Price, Supply, Wanted

# Vendors that are given work: those under review are watched, not stopped.
GIVEN_WORK = frozenset({"active", "review"})
ALWAYS = 10_000
# A candidate, the day its goods are there, when it has to hand over, and their arrival.
Way = tuple[Candidate, date | None, datetime, date]
TOO_LATE = "too late for the need-by date"
FULL = "no open day with room left"
NO_STOCK = "no stock"
IN_STOCK = Supply()


@dataclass(frozen=True, slots=True)
class Aim:
    """What an order asks of whoever fills it.

    `need_by`: the customer's own date, None where it is no condition; `promised`: what the
    channel promised already.
    """

    currency: str
    country: str
    service: str
    zone: str
    need_by: date | None = None
    promised: date | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """What the policy says things are worth, in minor units of the order's currency."""

    late_day: int
    standing: int
    review: int
    usual_on_time_bp: int


# The first rule that holds excludes; its name is the reason that people read.
EXCLUSIONS: dict[str, Callable[[Wanted, Candidate, Aim], bool]] = {
    "pinned to another vendor": lambda w, c, _: w.vendor not in {None, c.place.vendor},
    "vendor not active": lambda _, c, __: c.place.vendor_status not in GIVEN_WORK,
    "location not active": lambda _, c, __: not c.place.is_active,
    "listing not active": lambda _, c, __: not c.is_active,
    "other currency": lambda _, c, aim: c.currency != aim.currency,
    "does not ship there": lambda _, c, aim: not _ships_to(c.place, aim.country),
    "declined before": lambda w, c, _: not w.taken_from.isdisjoint((c.place.id, c.place.vendor_id)),
}


def _ships_to(place: Place, country: str) -> bool:
    return place.ships_to is None or country in place.ships_to


def why_not(wanted: Wanted, candidate: Candidate, aim: Aim) -> str | None:
    """Return the rule that excludes a candidate for a line, or nothing if it is eligible."""
    return next((name for name, holds in EXCLUSIONS.items() if holds(wanted, candidate, aim)), None)


class Timetable:
    """When each place hands over and when that arrives, looked up once for many orders.

    `full`: by location, the days on which it has as much to hand over as it can.
    """

    def __init__(
        self,
        now: datetime,
        lane: Callable[[str, str, str, str], Lane],
        full: Mapping[UUID, set[date]],
    ) -> None:
        self.now, self.lane, self.full = now, lane, full
        self._ship: dict[tuple[UUID, date | None], datetime | None] = {}
        self._arrive: dict[tuple[datetime, str, str, str, str], date] = {}

    def hand_over(self, place: Place, waits_until: date | None) -> datetime | None:
        """Return a place's last moment to hand over; nothing where it has no day for it."""
        key = (place.id, waits_until)
        if key not in self._ship:
            full = self.full.get(place.id, set())
            try:
                at = ship_by(self.now, place.calendar, waits_until=waits_until, full=full)
            except NoDay:
                at = None
            self._ship[key] = at
        return self._ship[key]

    def arrival(self, hand_over: datetime, origin: str, aim: Aim) -> date:
        """Return the day on which what is handed over then is at the customer's door."""
        key = (hand_over, origin, aim.country, aim.service, aim.zone)
        if key not in self._arrive:
            lane = self.lane(origin, aim.country, aim.service, aim.currency)
            self._arrive[key] = deliver_on(hand_over, aim.zone, lane, aim.country)
        return self._arrive[key]

    def forget(self, location_id: UUID) -> None:
        """Look a location up again: one of its days is full now."""
        for key in [key for key in self._ship if key[0] == location_id]:
            del self._ship[key]

    def there_from(self, candidate: Candidate) -> date | None:
        """Return the day from which units are there that a vendor buys in; None: it does not."""
        if candidate.restock_on is not None and candidate.restock_on > self.now.date():
            return candidate.restock_on
        if candidate.buy_in_days is None:
            return None
        try:
            return bought_in_on(self.now, candidate.place.calendar, candidate.buy_in_days)
        except NoDay:
            return None


@dataclass(frozen=True, slots=True)
class Terms:
    """By what one order's candidates are judged; `seconds`: how long a solver may think of it.

    `is_hasty`: a day counts from the first possible one (see `Weights`).
    """

    aim: Aim
    prices: Prices
    timetable: Timetable
    is_hasty: bool = False
    seconds: float = 2.0


def options_of(
    wanted: Wanted, candidates: Iterable[Candidate], terms: Terms, supply: Supply = IN_STOCK
) -> tuple[list[Option], list[Excluded]]:
    """Return the ways to fill a line, priced, and the candidates that no way leads to, with why.

    Of late supply only what is late: what is in time is another one's.
    """
    need_by = terms.aim.need_by
    ways: list[Way] = []
    excluded: list[Excluded] = []
    for candidate in candidates:
        way = _way(wanted, candidate, terms, supply)
        if not isinstance(way, str):
            *_, day = way
            is_late = need_by is not None and day > need_by
            if is_late is supply.is_late:
                ways.append(way)
            if is_late <= supply.is_late:
                continue
            way = TOO_LATE
        place = candidate.place
        excluded.append(Excluded(wanted.line, place.vendor, place.code, way))
    target = min((day for *_, day in ways), default=date.max)
    if not terms.is_hasty:
        target = terms.aim.promised or need_by or target
    return [_option(wanted, way, target, terms, supply.rank) for way in ways], excluded


def _way(wanted: Wanted, candidate: Candidate, terms: Terms, supply: Supply) -> Way | str:
    """Return how a candidate could fill a line, or the rule that says why it cannot."""
    if rule := why_not(wanted, candidate, terms.aim):
        return rule
    there = terms.timetable.there_from(candidate) if supply.is_bought_in else None
    if there is None if supply.is_bought_in else candidate.available <= 0:
        return NO_STOCK
    ready = terms.timetable.hand_over(candidate.place, there)
    if ready is None:
        return FULL
    # Whoever could be ready sooner may still take until the given moment.
    leaves = max(ready, wanted.ship_by or ready)
    day = terms.timetable.arrival(leaves, candidate.place.country, terms.aim)
    return candidate, there, wanted.ship_by or ready, day


def _option(wanted: Wanted, way: Way, target: date, terms: Terms, rank: int) -> Option:
    candidate, there, at, day = way
    place, aim, prices = candidate.place, terms.aim, terms.prices
    lane = terms.timetable.lane(place.country, aim.country, aim.service, aim.currency)
    is_watched = place.vendor_status == "review"
    price = Price(
        goods=candidate.cost_minor * wanted.units,
        kilos=lane.kilo_minor * candidate.weight_g * wanted.units // 1000,
        late=prices.late_day * max(0, (day - target).days),
        standing=prices.standing * (ALWAYS - prices.usual_on_time_bp) // ALWAYS
        + prices.review * is_watched,
    )
    return Option(
        line=wanted.line,
        candidate=candidate,
        units=wanted.units if there else min(wanted.units, candidate.available),
        ship_by=at,
        deliver_on=day,
        price=price,
        parcel=lane.parcel_minor,
        waits_until=there,
        is_bought_in=there is not None,
        rank=rank,
        of_units=wanted.units,
    )
