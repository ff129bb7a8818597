"""Routing the orders that are due: a batch a transaction, with stock held in the same one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.catalog.service import SoldOut
from app.checks.service import Subject
from app.extensions import db
from app.orders.locks import lock_orders
from app.orders.models import Order
from app.routing.assign import Routed, assign, write
from app.routing.contract import Excluded, Option, Plan, Problem, Wanted
from app.routing.loading import (
    Market,
    Rules,
    market,
    minor,
    open_lines,
    rules_at,
    waived,
    wanted_of,
)
from app.routing.registry import strategy
from app.routing.rules import TOO_LATE, Aim, Prices, Terms, options_of
from app.routing.solve import solve

# An order that nobody can fill is tried again: stock may have come in.
RETRY = timedelta(hours=1)
# An order that somebody is changing right now is looked at a moment later.
BUSY = timedelta(seconds=1)
# Stock is first looked at without holding it; who was overtaken twice holds it while deciding.
TRIES = (False, False, True)


def route(subjects: Sequence[Subject], now: datetime) -> Mapping[UUID, datetime]:
    """Give every open line of these orders to a vendor; return when to try again for the rest.

    An order that is held waits for whoever releases it.
    """
    orders = lock_orders([s.id for s in subjects], skip_locked=True)
    busy = {s.id for s in subjects} - {order.id for order in orders}
    free = [order for order in orders if order.held_since is None]
    routed = _route(free, now)
    again = {r.order.id: now + RETRY for r in routed if r.plan.unfilled}
    return again | dict.fromkeys(busy, now + BUSY)


def _route(orders: Sequence[Order], now: datetime) -> list[Routed]:
    """Decide and write; from the beginning where somebody else took the stock meanwhile."""
    rules = rules_at(now)
    for lock in TRIES:
        try:
            with db.session.begin_nested():
                lines = open_lines([order.id for order in orders])
                skus = {row.sku for own in lines.values() for row in own.values()}
                seen = market(skus, rules, now, lock=lock)
                routed = plan([o for o in orders if o.id in lines], lines, seen, rules, now)
                write(routed, seen, rules, now)
        except SoldOut:
            continue
        return routed
    message = "stock was taken while it was held"
    raise RuntimeError(message)


def plan(
    orders: Sequence[Order],
    lines: Mapping[UUID, dict[str, Row[Any]]],
    seen: Market,
    rules: Rules,
    now: datetime,
) -> list[Routed]:
    """Plan order by order, first placed first; what one takes the next one cannot have."""
    given_up = waived(orders)
    routed = []
    for order in sorted(orders, key=lambda o: (o.placed_at, o.id)):
        one = decide_one(order, lines[order.id], seen, rules, has_need_by=order.id not in given_up)
        assign(one, seen, rules, now)
        routed.append(one)
    return routed


def decide_one(
    order: Order, lines: dict[str, Row[Any]], seen: Market, rules: Rules, *, has_need_by: bool
) -> Routed:
    """Return the best plan for one order: what is there first, then what can be bought in."""
    policy = rules.routing.document
    wanted = [wanted_of(row) for row in lines.values()]
    terms = terms_of(order, seen, rules, has_need_by=has_need_by)
    options, excluded = _options(wanted, seen, terms)
    if policy.need_by == "prefer" and terms.aim.need_by is not None:
        # Better late than never, for the lines that nobody can bring in time.
        late = [w for w in wanted if not options[w.line]]
        without = replace(terms, aim=replace(terms.aim, need_by=None))
        found, still = _options(late, seen, without)
        options |= found
        excluded = [e for e in excluded if e.rule != TOO_LATE or options[e.line] == []] + still
    best = solve(_problem(wanted, options, rules, order.currency))
    if best.unfilled and policy.when_short == "backorder":
        rest = _rest(wanted, best)
        bought, _ = _options(rest, seen, terms, is_bought_in=True)
        more = solve(_problem(rest, bought, rules, order.currency))
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
