"""What a batch of orders is decided on, read in a few statements however many they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from app.catalog.queries import OFFERS, OFFERS_LOCKED
from app.extensions import db
from app.orders.changes import REDATED
from app.orders.contract import UNCONFIRMED, UNSHIPPED
from app.orders.locks import FREE_ORDERS
from app.policies.documents import Document, Lanes, Messages, Promises, Routing
from app.policies.queries import InForce, all_in_force, which_in_force
from app.promises.rules import ONE_DAY, Calendar, Lane
from app.routing.contract import Candidate, Place, ToRoute, Wanted
from app.routing.rules import Aim, Timetable
from app.shared import work
from app.shared.money import exponent

# Who may not have a line again: the place that declined it or that it was moved from; and of the
# whole order, a vendor that did not act in time.
TAKEN_FROM = (
    "(SELECT array_agg(DISTINCT CASE WHEN {late} THEN p.vendor_id ELSE p.location_id END)"
    "  FROM fo_lines f JOIN fulfillment_orders p ON p.id = f.fo_id"
    "  WHERE f.order_id = l.order_id AND f.declined > 0 AND NOT f.is_awaited"
    "   AND (f.order_line_id = l.id OR {late}))"
).format(late=f"coalesce(p.decline_reason IN ('{UNCONFIRMED}', '{UNSHIPPED}'), false)")
OPEN_LINES = (
    "SELECT l.*, (SELECT sum(a.quantity - a.canceled) FROM order_lines a"
    f"  WHERE a.order_id = l.order_id) AS of_all, {TAKEN_FROM} AS taken_from"
    " FROM order_lines l WHERE l.order_id = ANY(CAST((SELECT %(ids)s) AS uuid[]))"
    "  AND l.unrouted > 0"
    " ORDER BY l.order_id, l.external_id"
)
FREE = FREE_ORDERS.format(columns=", ".join(ToRoute._fields))
# What a person released: they know that nobody has it all, or can be in time for this very date.
WAIVED = (
    "SELECT DISTINCT h.order_id, h.code FROM order_holds h JOIN orders o ON o.id = h.order_id"
    " WHERE h.order_id = ANY(CAST((SELECT %(ids)s) AS uuid[])) AND h.released_at IS NOT NULL"
    " AND (h.code = 'unfilled'"
    "  OR h.code = 'need_by' AND h.facts->>'date' = o.preferences->>'deliver_by'"
    "  AND h.release_note IS DISTINCT FROM %(redated)s)"
)
# Where these SKUs are sold.
PLACES = "(SELECT location_id FROM listings WHERE sku = ANY(CAST((SELECT %(skus)s) AS text[])))"
CLOSURES = (
    "SELECT location_id, first_day, last_day FROM closures"
    f" WHERE location_id IN {PLACES} AND last_day >= %(today)s"
)
# What a place has to hand over by day, and what has left today already.
UNDONE = "('assigned', 'confirmed', 'picking', 'packed', 'ready', 'on_hold')"
LOADS = (
    "SELECT location_id, (at AT TIME ZONE zone)::date AS day, count(*) AS n FROM ("
    "SELECT f.location_id, f.ship_by AS at, l.zone"
    " FROM fulfillment_orders f JOIN locations l ON l.id = f.location_id"
    f" WHERE l.id IN {PLACES} AND l.daily_capacity > 0 AND f.ship_by >= %(now)s"
    f" AND f.status IN {UNDONE} UNION ALL SELECT f.location_id, f.shipped_at, l.zone"
    " FROM fulfillment_orders f JOIN locations l"
    "  ON l.id = f.location_id AND l.vendor_id = f.vendor_id"
    f" WHERE l.id IN {PLACES} AND l.daily_capacity > 0"
    f" AND f.shipped_at > %(now)s - interval '1 day' AND f.status NOT IN {UNDONE}"
    ") of_days GROUP BY 1, 2"
)
POLICIES: tuple[type[Document], ...] = (Routing, Promises, Lanes, Messages)
HUNDREDTHS = 2


@dataclass(slots=True)
class Loads:
    """How much each location with a limit has to hand over by day; full days are kept apart."""

    limits: dict[UUID, int]
    counts: dict[tuple[UUID, date], int]
    full: dict[UUID, set[date]]

    def add(self, location_id: UUID, day: date, timetable: Timetable | None = None) -> None:
        """Count a fulfillment order of a day; where the day is full now, dates move on."""
        if location_id not in self.limits:
            return
        self.counts[location_id, day] = self.counts.get((location_id, day), 0) + 1
        if self.counts[location_id, day] >= self.limits[location_id]:
            self.full.setdefault(location_id, set()).add(day)
            if timetable:
                timetable.forget(location_id)


@dataclass(slots=True)
class Market:
    """Who sells what as a batch sees it; what one order takes the next one cannot have."""

    candidates: dict[str, dict[UUID, Candidate]]
    rows: dict[UUID, Any]
    loads: Loads
    timetable: Timetable

    def of(self, sku: str) -> Iterable[Candidate]:
        """Return those who list a SKU."""
        return self.candidates.get(sku, {}).values()

    def take(self, candidate: Candidate, units: int) -> None:
        """Take units away from what can still be had."""
        now = self.candidates[candidate.sku][candidate.listing_id]
        left = now._replace(available=now.available - units)
        self.candidates[candidate.sku][candidate.listing_id] = left


@dataclass(frozen=True, slots=True)
class Rules:
    """The policies of one batch."""

    routing: InForce[Routing]
    promises: Promises
    lanes: Lanes
    # By which versions of the two a decision was made.
    versions: Mapping[str, int] = field(default_factory=dict)
    # None: who is told what is looked up when somebody is.
    messages: Messages | None = None

    def lane(self, origin: str, destination: str, service: str, currency: str) -> Lane:
        """Return the first lane that fits; where none does, what the policies say of any."""
        for rule in self.lanes.lanes:
            asked = (rule.origin, origin), (rule.destination, destination), (rule.service, service)
            if all(said in {"*", given} for said, given in asked):
                return Lane(
                    rule.days,
                    frozenset(rule.moves_on),
                    rule.keeps_holidays,
                    minor(rule.parcel, currency),
                    minor(rule.kilo, currency),
                )
        parcel, kilo = minor(self.lanes.parcel, currency), minor(self.lanes.kilo, currency)
        return Lane(self.promises.transit_days, parcel_minor=parcel, kilo_minor=kilo)

    def services(self, origin: str, destination: str) -> list[str]:
        """Return the services that the lanes of a way name, in their order."""
        here = (
            rule.service
            for rule in self.lanes.lanes
            if rule.origin in {"*", origin} and rule.destination in {"*", destination}
        )
        return [name for name in dict.fromkeys(here) if name != "*"]


def minor(hundredths: int, currency: str) -> int:
    """Return hundredths of a currency's unit in its minor units, rounded down."""
    shift: int = 10 ** abs(exponent(currency) - HUNDREDTHS)
    return hundredths * shift if exponent(currency) > HUNDREDTHS else hundredths // shift


def rules_at(now: datetime) -> Rules:
    """Return the policies in force."""
    return _rules(all_in_force(POLICIES, now))


def _rules(found: Sequence[InForce[Any]]) -> Rules:
    routing, promises, lanes, messages = found
    versions = {"promises": promises.version, "lanes": lanes.version}
    return Rules(routing, promises.document, lanes.document, versions, messages.document)


def open_lines(order_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return the lines of orders that have units nobody was given, by order and line."""
    db.session.flush()
    return _by_order(work.rows(OPEN_LINES, {"ids": list(order_ids)}))


def _by_order(rows: Iterable[Any]) -> dict[UUID, dict[str, Any]]:
    lines: dict[UUID, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        lines[row.order_id][row.external_id] = row
    return lines


def wanted_of(row: Any) -> Wanted:
    """Return what a line still asks for."""
    return Wanted(
        line=row.external_id,
        sku=row.sku,
        units=row.unrouted,
        vendor=row.vendor,
        taken_from=frozenset(row.taken_from or ()),
        ship_by=row.ship_by,
    )


@dataclass(frozen=True, slots=True)
class Due:
    """Orders that are locked and wait for no person, their open lines, and the policies.

    `given_up`: doubts of routing ("need_by" and "unfilled") that a person released, by order.
    `busy`: who was asked for, too, and is locked by somebody else.
    """

    orders: Sequence[ToRoute]
    lines: Mapping[UUID, dict[str, Any]]
    given_up: set[tuple[UUID, str]]
    rules: Rules
    busy: set[UUID]


def due(order_ids: Sequence[UUID], now: datetime) -> Due:
    """Lock those of these orders that nobody else has, and read what is known of them."""
    db.session.flush()
    asked = which_in_force(POLICIES, now)
    values = {"ids": list(order_ids), "redated": REDATED, **asked.values}
    # Each statement sees what was there when the one before, which locks, was done.
    statements = (FREE, OPEN_LINES, WAIVED, asked.sql)
    found, lines, waived, policies = work.rows_together(statements, values)
    orders = [ToRoute._make(row) for row in found]
    free = {order.id for order in orders if order.held_since is None}
    return Due(
        orders=[order for order in orders if order.id in free],
        lines=_by_order(row for row in lines if row.order_id in free),
        given_up={(row.order_id, row.code) for row in waived},
        rules=_rules(asked.read(policies)),
        busy=set(order_ids) - {order.id for order in orders},
    )


GIVEN = (
    "SELECT f.order_id, f.ship_by, l.country FROM fulfillment_orders f"
    " JOIN locations l ON l.id = f.location_id"
    " WHERE f.order_id = ANY(CAST((SELECT %(ids)s) AS uuid[]))"
    "  AND f.status NOT IN ('rejected', 'canceled')"
)


def given_before(orders: Mapping[UUID, Aim], timetable: Timetable) -> dict[UUID, date]:
    """Return when the last parcel of what orders' vendors have already is at the door."""
    arrive: dict[UUID, date] = {}
    rows = work.rows(GIVEN, {"ids": list(orders)}) if orders else ()
    for row in rows:
        day = timetable.arrival(row.ship_by, row.country, orders[row.order_id])
        arrive[row.order_id] = max(day, arrive.get(row.order_id, day))
    return arrive


def market(skus: Iterable[str], rules: Rules, now: datetime, *, lock: bool) -> Market:
    """Return everybody who lists these SKUs; their stock is locked if asked for."""
    # A day earlier: it is still yesterday somewhere.
    values = {"skus": sorted(set(skus)), "now": now, "today": now.date() - ONE_DAY}
    statements = (OFFERS_LOCKED if lock else OFFERS, CLOSURES, LOADS)
    rows, closed, loaded = work.rows_together(statements, values)
    closures: dict[UUID, list[tuple[date, date]]] = defaultdict(list)
    for row in closed:
        closures[row.location_id].append((row.first_day, row.last_day))
    loads = _loads(rows, loaded)
    by_sku: dict[str, dict[UUID, Candidate]] = defaultdict(dict)
    places: dict[UUID, Place] = {}
    for row in rows:
        if row.location_id not in places:
            places[row.location_id] = _place(row, tuple(closures[row.location_id]))
        by_sku[row.sku][row.listing_id] = _candidate(row, places[row.location_id])
    timetable = Timetable(now, cache(rules.lane), loads.full)
    return Market(by_sku, {row.listing_id: row for row in rows}, loads, timetable)


def _loads(rows: Iterable[Any], loaded: Iterable[Any]) -> Loads:
    limits = {row.location_id: row.daily_capacity for row in rows if row.daily_capacity}
    loads = Loads(limits, {}, {})
    for row in loaded:
        loads.counts[row.location_id, row.day] = row.n - 1
        loads.add(row.location_id, row.day)
    return loads


def _place(row: Any, closures: tuple[tuple[date, date], ...]) -> Place:
    calendar = Calendar(
        zone=row.zone,
        cut_off=row.cut_off,
        handling_days=row.handling_days,
        working_days=frozenset(row.working_days),
        holidays=row.holidays,
        closures=closures,
    )
    return Place(
        id=row.location_id,
        vendor_id=row.vendor_id,
        vendor=row.vendor,
        code=row.location,
        country=row.country,
        calendar=calendar,
        vendor_status=row.vendor_status,
        is_active=row.location_is_active,
        ships_to=None if row.ships_to is None else frozenset(row.ships_to),
    )


def _candidate(row: Any, place: Place) -> Candidate:
    return Candidate(
        listing_id=row.listing_id,
        place=place,
        sku=row.sku,
        cost_minor=row.cost_minor,
        currency=row.currency,
        available=row.available,
        is_active=row.is_active,
        weight_g=row.weight_g or 0,
        buy_in_days=row.buy_in_days,
        restock_on=row.restock_on,
    )
