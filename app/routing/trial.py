"""A dry run: what the last orders would have become under other rules, with nothing written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from app.extensions import db
from app.orders.models import Order
from app.routing.assign import Routed
from app.routing.contract import Choice, ToRoute
from app.routing.loading import Rules, market
from app.routing.service import decide_one, terms_of

# The last orders that were routed; by what they reserve today's stock is larger than it looks.
MOST = 200
LAST = text(
    "SELECT DISTINCT ON (o.placed_at, o.id) o.id FROM orders o JOIN fulfillment_orders f"
    " ON f.order_id = o.id WHERE o.held_since IS NULL AND o.status <> 'canceled'"
    " ORDER BY o.placed_at DESC, o.id DESC LIMIT :most"
)
LINES = text(
    "SELECT order_id, id, external_id, sku, quantity - canceled AS unrouted, vendor, ship_by,"
    " NULL AS taken_from, title, options FROM order_lines"
    " WHERE order_id = ANY(:ids) AND quantity > canceled ORDER BY order_id, external_id"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an order becomes: its parcels, what goods and freight cost, its last day, what is left.

    `who`: the vendors' codes; `goes` names each line's units and vendor, to compare by.
    """

    parcels: int
    minor: int
    arrives: date | None
    unfilled: int
    who: tuple[str, ...]
    goes: frozenset[tuple[str, str, int]]


@dataclass(frozen=True, slots=True)
class Changed:
    """An order that would go another way."""

    number: str
    reference: str
    currency: str
    was: Outcome
    becomes: Outcome


@dataclass(slots=True)
class Trial:
    """How many orders were tried, and those that would go another way."""

    tried: int = 0
    changed: list[Changed] = field(default_factory=list)


def trial(was: Rules, becomes: Rules, now: datetime, most: int = MOST) -> Trial:
    """Decide the last orders by two sets of rules, each as if it were alone with today's stock."""
    ids = list(db.session.scalars(LAST, {"most": most}))
    lines: dict[UUID, dict[str, Any]] = {}
    for row in db.session.execute(LINES, {"ids": ids}):
        lines.setdefault(row.order_id, {})[row.external_id] = row
    found = db.session.scalars(select(Order).where(Order.id.in_(lines))).all()
    orders = sorted(found, key=lambda o: (o.placed_at, o.id), reverse=True)
    tried = Trial()
    outcomes = [_decide(orders, lines, rules, now) for rules in (was, becomes)]
    for order in orders:
        tried.tried += 1
        before, after = outcomes[0][order.id], outcomes[1][order.id]
        if before != after:
            one = Changed(order.number, order.reference, order.currency, before, after)
            tried.changed.append(one)
    return tried


def _decide(
    orders: Sequence[Order], lines: Mapping[UUID, dict[str, Any]], rules: Rules, now: datetime
) -> dict[UUID, Outcome]:
    skus = {row.sku for own in lines.values() for row in own.values()}
    seen = market(skus, rules, now, lock=False)
    outcomes = {}
    for order in orders:
        one = ToRoute.of(order)
        terms = terms_of(one, seen, rules, has_need_by=True)
        # What was promised then must not hold back what is tried now.
        as_new = replace(terms, aim=replace(terms.aim, promised=None))
        routed = decide_one(one, lines[order.id], seen, rules, as_new)
        outcomes[order.id] = _outcome(routed)
    return outcomes


def _outcome(routed: Routed) -> Outcome:
    choices: Sequence[Choice] = routed.plan.choices
    wanted = {line: row.unrouted for line, row in routed.lines.items()}
    parcels = {c.option.start: c.option.parcel for c in choices}
    goods = sum(c.units * c.option.candidate.cost_minor for c in choices)
    kilos = sum(c.option.price.kilos * c.units // wanted[c.option.line] for c in choices)
    codes = dict.fromkeys(c.option.candidate.place.vendor for c in choices)
    return Outcome(
        parcels=len(parcels),
        minor=goods + kilos + sum(parcels.values()),
        arrives=max((c.option.deliver_on for c in choices), default=None),
        unfilled=routed.plan.unfilled,
        who=tuple(sorted(codes)),
        goes=frozenset((c.option.line, c.option.candidate.place.vendor, c.units) for c in choices),
    )
