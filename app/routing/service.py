"""Routing the orders that are due: a batch a transaction, with stock held in the same one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.catalog import service as catalog
from app.catalog.queries import lock_offers
from app.checks import service as checks
from app.checks.service import Subject
from app.extensions import db
from app.notices import service as notices
from app.notices.contract import Notice
from app.notifications.service import Message, tell
from app.orders.locks import lock_orders
from app.orders.models import FoLine, FulfillmentOrder, Order, OrderLine
from app.orders.service import settle, tell_vendors
from app.policies.documents import Promises, Routing
from app.policies.queries import in_force
from app.promises import rules as promise_rules
from app.promises.service import Made, make
from app.routing.contract import Candidate, Choice, Excluded, Wanted
from app.routing.registry import strategy
from app.routing.rules import sort_out
from app.shared import bulk, ids
from app.timeline.service import Decided, Happened, decide, record

# An order that nobody can fill is tried again: stock may have come in.
RETRY = timedelta(hours=1)
# An order that somebody is changing right now is looked at a moment later.
BUSY = timedelta(seconds=1)

OPEN_LINES = text(
    "SELECT l.*, (SELECT array_agg(DISTINCT v.code) FROM fo_lines f JOIN vendors v"
    "  ON v.id = f.vendor_id WHERE f.order_line_id = l.id AND f.declined > 0) AS declined_by"
    " FROM order_lines l WHERE l.order_id = ANY(:ids) AND l.unrouted > 0"
    " ORDER BY l.order_id, l.external_id"
)


@dataclass(slots=True)
class Routed:
    """What came out for one order."""

    order: Order
    lines: dict[str, Row[Any]]
    choices: list[Choice]
    excluded: list[Excluded]
    fos: list[dict[str, Any]] = field(default_factory=list)
    fo_lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def unfilled(self) -> int:
        """Return how many units nobody can ship."""
        wanted: int = sum(x.unrouted for x in self.lines.values())
        return wanted - sum(choice.units for choice in self.choices)


def route(subjects: Sequence[Subject], now: datetime) -> Mapping[UUID, datetime]:
    """Give every open line of these orders to a vendor; return when to try again for the rest."""
    orders = lock_orders([s.id for s in subjects], skip_locked=True)
    busy = {s.id for s in subjects} - {order.id for order in orders}
    lines: dict[UUID, dict[str, Row[Any]]] = defaultdict(dict)
    for row in db.session.execute(OPEN_LINES, {"ids": [o.id for o in orders]}):
        lines[row.order_id][row.external_id] = row
    offers = {
        r.listing_id: r for r in lock_offers(x.sku for m in lines.values() for x in m.values())
    }
    policy = in_force(Routing, now)
    promises = in_force(Promises, now).document
    routed = _plan([o for o in orders if o.id in lines], lines, offers, policy.document.strategy)
    for one in routed:
        _assign(one, offers, promises, now)
    _write(routed, policy.version, now)
    _tell_vendors(routed, offers, now)
    _notice(routed)
    again = {r.order.id: now + RETRY for r in routed if r.unfilled}
    return again | dict.fromkeys(busy, now + BUSY)


def _candidate(row: Row[Any]) -> Candidate:
    return Candidate(
        listing_id=row.listing_id,
        location_id=row.location_id,
        vendor=row.vendor,
        sku=row.sku,
        cost_minor=row.cost_minor,
        available=row.available,
        currency=row.currency,
        vendor_status=row.vendor_status,
        is_active=row.is_active,
    )


def _plan(
    orders: Sequence[Order],
    lines: Mapping[UUID, dict[str, Row[Any]]],
    offers: Mapping[UUID, Row[Any]],
    name: str,
) -> list[Routed]:
    """Plan order by order, first placed first; what one takes the next one cannot have."""
    by_sku: dict[str, dict[UUID, Candidate]] = defaultdict(dict)
    for row in offers.values():
        by_sku[row.sku][row.listing_id] = _candidate(row)
    routed = []
    for order in sorted(orders, key=lambda o: (o.placed_at, o.id)):
        own = lines[order.id]
        wanted = [
            Wanted(x.external_id, x.sku, x.unrouted, x.vendor, frozenset(x.declined_by or ()))
            for x in own.values()
        ]
        known = [c for sku in {w.sku for w in wanted} for c in by_sku[sku].values()]
        eligible, excluded = sort_out(wanted, known, order.currency)
        choices = strategy(name).plan(wanted, eligible)
        for choice in choices:
            c = by_sku[choice.candidate.sku][choice.candidate.listing_id]
            by_sku[c.sku][c.listing_id] = replace(c, available=c.available - choice.units)
        routed.append(Routed(order, own, choices, excluded))
    return routed


def _assign(
    routed: Routed, offers: Mapping[UUID, Row[Any]], promises: Promises, now: datetime
) -> None:
    """Make one fulfillment order a location, with its promises."""
    by_location: dict[UUID, list[Choice]] = defaultdict(list)
    for choice in routed.choices:
        by_location[choice.candidate.location_id].append(choice)
    for location_id, choices in by_location.items():
        offer = offers[choices[0].candidate.listing_id]
        fo = _fo_row(routed.order, offer, location_id, now)
        fo["ship_by"] = _ship_by(choices, routed.lines, offer, now)
        if promises.confirm_within_hours is not None:
            fo["confirm_by"] = now + timedelta(hours=promises.confirm_within_hours)
        routed.fos.append(fo)
        routed.fo_lines += [_fo_line_row(fo, c, routed.lines[c.line]) for c in choices]
    if routed.fos and routed.order.deliver_on is None:
        last = max(fo["ship_by"] for fo in routed.fos)
        zone = routed.order.promise_zone
        day = promise_rules.deliver_on(last, promises.transit_days, zone)
        routed.order.deliver_on = day
        routed.order.deliver_by = promise_rules.end_of(day, zone)


def _ship_by(
    choices: Sequence[Choice], lines: Mapping[str, Row[Any]], offer: Row[Any], now: datetime
) -> datetime:
    """Return the given ship-by where the order names one, else what the location's days allow."""
    given: list[datetime] = [lines[c.line].ship_by for c in choices if lines[c.line].ship_by]
    if given:
        return max(given)
    handling = promise_rules.Handling(offer.zone, offer.cut_off, offer.handling_days)
    return promise_rules.ship_by(now, handling)


def _fo_row(order: Order, offer: Row[Any], location_id: UUID, now: datetime) -> dict[str, Any]:
    return {
        "id": ids.new(),
        "reference": ids.reference("FO"),
        "vendor_id": offer.vendor_id,
        "location_id": location_id,
        "order_id": order.id,
        "order_number": order.number,
        "cohort": order.cohort,
        "status": "assigned",
        "assigned_at": now,
        "confirm_by": None,
        "ship_by": None,
        "ship_to": order.ship_to,
        "preferences": order.preferences,
    }


def _fo_line_row(fo: dict[str, Any], choice: Choice, line: Row[Any]) -> dict[str, Any]:
    return {
        "id": ids.new(),
        "fo_id": fo["id"],
        "vendor_id": fo["vendor_id"],
        "order_id": fo["order_id"],
        "order_line_id": line.id,
        "listing_id": choice.candidate.listing_id,
        "line": line.external_id,
        "sku": line.sku,
        "title": line.title,
        "options": line.options,
        "ordered": choice.units,
    }


def _write(routed: Sequence[Routed], policy_version: int, now: datetime) -> None:
    fos = [fo for r in routed for fo in r.fos]
    lines = [line for r in routed for line in r.fo_lines]
    for r in routed:
        if not r.unfilled:
            r.order.unfilled_since = None
        elif r.order.unfilled_since is None:
            r.order.unfilled_since = now
    db.session.flush()
    bulk.insert(FulfillmentOrder, fos)
    bulk.insert(FoLine, lines)
    catalog.reserve(
        [
            {
                "fo_line_id": x["id"],
                "listing_id": x["listing_id"],
                "vendor_id": x["vendor_id"],
                "quantity": x["ordered"],
            }
            for x in lines
        ]
    )
    _reduce_unrouted(routed)
    _promise(routed, now)
    # A retry that finds nothing new is not a new decision.
    news = [r for r in routed if r.fos or r.order.unfilled_since == now]
    decide([_decision(r, policy_version) for r in news], now)
    record([_entry(r) for r in routed if r.fos], now)
    tell_vendors(fo["vendor_id"] for fo in fos)
    settle({r.order.id for r in routed}, now)
    checks.wake(
        "fulfillment order changed",
        [Subject(fo["id"], "fulfillment_order", fo["order_id"]) for fo in fos],
        now,
    )
    checks.wake("order changed", [Subject(r.order.id, "order", r.order.id) for r in routed], now)


def _reduce_unrouted(routed: Sequence[Routed]) -> None:
    given: dict[UUID, int] = defaultdict(int)
    for r in routed:
        for choice in r.choices:
            given[r.lines[choice.line].id] += choice.units
    unrouted = {x.id: x.unrouted for r in routed for x in r.lines.values()}
    rows = [{"id": key, "unrouted": unrouted[key] - units} for key, units in given.items()]
    bulk.update(OrderLine, rows, key="id")


def _promise(routed: Sequence[Routed], now: datetime) -> None:
    made = []
    for r in routed:
        for fo in r.fos:
            made.append(Made(fo["order_id"], fo["id"], "ship_by", fo["ship_by"], "routing"))
            if fo["confirm_by"]:
                made.append(
                    Made(fo["order_id"], fo["id"], "confirm_by", fo["confirm_by"], "routing")
                )
        if r.order.deliver_by:
            made.append(Made(r.order.id, r.order.id, "deliver_by", r.order.deliver_by, "routing"))
    make(made, now)


def _decision(r: Routed, policy_version: int) -> Decided:
    """Store who was chosen and who was not, as codes and numbers, under a kilobyte."""
    facts = {
        "chosen": [
            {
                "line": c.line,
                "vendor": c.candidate.vendor,
                "units": c.units,
                "cost": c.candidate.cost_minor,
            }
            for c in r.choices[:20]
        ],
        "excluded": [{"line": e.line, "vendor": e.vendor, "rule": e.rule} for e in r.excluded[:20]],
        "unfilled": r.unfilled,
    }
    return Decided(r.order.id, r.order.cohort, "routing", policy_version, facts)


def _entry(r: Routed) -> Happened:
    facts = {"fulfillment_orders": [fo["reference"] for fo in r.fos], "unfilled": r.unfilled}
    return Happened(r.order.id, r.order.cohort, "order_routed", facts=facts)


def _tell_vendors(routed: Sequence[Routed], offers: Mapping[UUID, Row[Any]], now: datetime) -> None:
    emails = {row.vendor_id: row.vendor_email for row in offers.values()}
    tell(
        [
            Message(
                r.order.id,
                r.order.cohort,
                "vendor",
                emails[fo["vendor_id"]],
                "work_assigned",
                fo["reference"],
                {"fulfillment_order": fo["reference"], "ship_by": fo["ship_by"].isoformat()},
            )
            for r in routed
            for fo in r.fos
        ],
        now,
    )


def _notice(routed: Sequence[Routed]) -> None:
    notices.tell(
        [
            Notice(
                f"vendor:{fo['vendor_id']}",
                "work_assigned",
                fo["reference"],
                f"work_assigned:{fo['reference']}",
                {"number": r.order.number, "ship_by": fo["ship_by"].isoformat()},
            )
            for r in routed
            for fo in r.fos
        ]
    )
