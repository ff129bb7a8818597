"""Routing the orders that are due: a batch a transaction, with stock held in the same one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.orm.attributes import set_committed_value

from app.catalog.service import SoldOut
from app.checks.service import Subject
from app.extensions import db
from app.orders import holds
from app.orders.doubts import Doubt
from app.orders.holds import Held
from app.orders.locks import lock_orders
from app.orders.models import Order
from app.routing.assign import Routed, assign, write
from app.routing.contract import Excluded, Option, Plan, Problem, Wanted
from app.routing.loading import (
    Market,
    Rules,
    lines_and_waived,
    market,
    minor,
    rules_at,
    wanted_of,
)
from app.routing.registry import strategy
from app.routing.rules import TOO_LATE, Aim, Prices, Terms, options_of
from app.routing.solve import solve
from app.timeline.service import SYSTEM

# An order that nobody can fill is tried again: stock may have come in.
RETRY = timedelta(hours=1)
# An order that somebody is changing right now is looked at a moment later.
BUSY = timedelta(seconds=1)
# Orders of a batch that a solver may think about: the others must not wait for it all night.
MOST_HARD = 4
# A batch decides for so long, and leaves its other orders to the next one: deciding again where
# stock was taken meanwhile, it must end well before its job's time does.
SECONDS = 10.0
# Doubts that only routing can have about an order.
NEED_BY, UNFILLED = "need_by", "unfilled"
# Stock is first looked at without holding it; who was overtaken twice holds it while deciding.
TRIES = (False, False, True)


def route(
    subjects: Sequence[Subject], now: datetime, *, seconds: float = SECONDS
) -> Mapping[UUID, datetime]:
    """Give every open line of these orders to a vendor; return when to try again for the rest.

    An order that is held waits for whoever releases it; one that was not reached within `seconds`
    is due as it was.
    """
    orders = lock_orders([s.id for s in subjects], skip_locked=True)
    busy = {s.id for s in subjects} - {order.id for order in orders}
    free = [order for order in orders if order.held_since is None]
    routed, left = _route(free, now, seconds)
    waiting = [r.order for r in routed if r.plan.unfilled]
    again = {order.id: now + RETRY for order in waiting if order.held_since is None}
    return again | dict.fromkeys(busy, now + BUSY) | dict.fromkeys(left, now)


@dataclass(frozen=True, slots=True)
class Batch:
    """What some orders are decided on: their open lines, who sells them, and the rules.

    `given_up`: doubts of routing that a person released, by order.
    """

    lines: Mapping[UUID, dict[str, Row[Any]]]
    seen: Market
    rules: Rules
    given_up: set[tuple[UUID, str]]
    now: datetime


def _route(
    orders: Sequence[Order], now: datetime, seconds: float
) -> tuple[list[Routed], set[UUID]]:
    """Decide and write; from the beginning where somebody else took the stock meanwhile.

    Returns what was decided, and the orders that were not reached.
    """
    rules = rules_at(now)
    for lock in TRIES:
        try:
            with db.session.begin_nested():
                batch = _read(orders, rules, now, lock=lock)
                routed = plan(orders, batch, seconds)
                _ask_a_person(routed, batch)
                write(routed, batch.seen, rules, now)
        except SoldOut:
            # The hold that was written is undone with the rest; what we know of it must be, too.
            for order in orders:
                set_committed_value(order, "held_since", None)
            continue
        return routed, set(batch.lines) - {r.order.id for r in routed}
    message = "stock was taken while it was held"
    raise RuntimeError(message)


def _read(orders: Sequence[Order], rules: Rules, now: datetime, *, lock: bool) -> Batch:
    lines, given_up = lines_and_waived(orders)
    skus = {row.sku for own in lines.values() for row in own.values()}
    return Batch(lines, market(skus, rules, now, lock=lock), rules, given_up, now)


def plan(orders: Sequence[Order], batch: Batch, seconds: float) -> list[Routed]:
    """Plan order by order, first placed first; what one takes the next one cannot have.

    After some seconds no more are begun, but for the first one.
    """
    routed: list[Routed] = []
    hard, end = 0, time.monotonic() + seconds
    for order in sorted(orders, key=lambda o: (o.placed_at, o.id)):
        if routed and time.monotonic() >= end:
            break
        if order.id in batch.lines:
            has_need_by = (order.id, NEED_BY) not in batch.given_up
            own = batch.lines[order.id]
            terms = terms_of(order, batch.seen, batch.rules, has_need_by=has_need_by)
            if hard >= MOST_HARD:
                terms = replace(terms, seconds=0)
            one = decide_one(order, own, batch.seen, batch.rules, terms)
            hard += one.plan.method != "exact"
            assign(one, batch.seen, batch.rules, batch.now)
            routed.append(one)
    return routed


def _ask_a_person(routed: Sequence[Routed], batch: Batch) -> None:
    """Hold orders that nobody can bring in time, or that nobody has all of where policy asks so."""
    asks = batch.rules.routing.document.when_short == "person"
    doubts: dict[UUID, Doubt] = {}
    for r in (r for r in routed if r.plan.unfilled):
        if any(e.rule == TOO_LATE for e in r.excluded):
            doubts[r.order.id] = Doubt(NEED_BY, {"date": r.order.preferences["deliver_by"]})
        elif asks:
            doubts[r.order.id] = Doubt(UNFILLED, {"units": r.plan.unfilled})
    held = [
        Held(r.order.id, r.order.cohort, [doubts[r.order.id]])
        for r in routed
        if r.order.id in doubts and (r.order.id, doubts[r.order.id].code) not in batch.given_up
    ]
    written = holds.hold(held, actor=SYSTEM, now=batch.now)
    for r in (r for r in routed if r.order.id in written):
        set_committed_value(r.order, "held_since", batch.now)


def decide_one(
    order: Order, lines: dict[str, Row[Any]], seen: Market, rules: Rules, terms: Terms
) -> Routed:
    """Return the best plan for one order: what is there first, then what can be bought in."""
    policy = rules.routing.document
    wanted = [wanted_of(row) for row in lines.values()]
    options, excluded = _options(wanted, seen, terms)
    if policy.need_by == "prefer" and terms.aim.need_by is not None:
        # Better late than never, for the lines that nobody can bring in time.
        late = [w for w in wanted if not options[w.line]]
        without = replace(terms, aim=replace(terms.aim, need_by=None))
        found, still = _options(late, seen, without)
        options |= found
        excluded = [e for e in excluded if e.rule != TOO_LATE or options[e.line] == []] + still
    best = solve(_problem(wanted, options, rules, order.currency), terms.seconds)
    if best.unfilled and policy.when_short == "backorder":
        rest = _rest(wanted, best)
        bought, _ = _options(rest, seen, terms, is_bought_in=True)
        more = solve(_problem(rest, bought, rules, order.currency), terms.seconds)
        choices = [*best.choices, *more.choices]
        best = Plan(choices, more.unfilled, best.score + more.score, best.method)
    return Routed(order, lines, best, options, excluded, policy.strategy)


def terms_of(order: Order, seen: Market, rules: Rules, *, has_need_by: bool) -> Terms:
    """Return by what an order's candidates are judged."""
    policy, currency = rules.routing.document, order.currency
    need_by = order.preferences.get("deliver_by") if has_need_by else None
    aim = Aim(
        currency=currency,
        country=order.ship_to.get("country", ""),
        service=order.shipping.get("service", "standard"),
        zone=order.promise_zone,
        need_by=date.fromisoformat(need_by) if need_by else None,
        promised=order.deliver_on,
    )
    prices = Prices(
        late_day=minor(policy.late_day, currency),
        standing=minor(policy.standing, currency),
        review=minor(policy.review, currency),
        usual_on_time_bp=policy.usual_on_time_bp,
    )
    return Terms(aim, prices, seen.timetable)


def _options(
    wanted: Sequence[Wanted], seen: Market, terms: Terms, *, is_bought_in: bool = False
) -> tuple[dict[str, list[Option]], list[Excluded]]:
    options: dict[str, list[Option]] = {}
    excluded: list[Excluded] = []
    for one in wanted:
        found, out = options_of(one, seen.of(one.sku), terms, is_bought_in=is_bought_in)
        options[one.line] = found
        excluded += out
    return options, excluded


def _problem(
    wanted: Sequence[Wanted], options: dict[str, list[Option]], rules: Rules, currency: str
) -> Problem:
    policy = rules.routing.document
    weights = strategy(policy.strategy).weights
    return Problem(wanted, options, weights, minor(policy.split, currency), policy.most_parcels)


def _rest(wanted: Sequence[Wanted], best: Plan) -> list[Wanted]:
    given: dict[str, int] = {}
    for choice in best.choices:
        given[choice.option.line] = given.get(choice.option.line, 0) + choice.units
    left = [(w, w.units - given.get(w.line, 0)) for w in wanted]
    return [replace(w, units=units) for w, units in left if units]
