"""Routing the orders that are due: a batch a transaction, with stock held in the same one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from app.catalog.service import SoldOut
from app.checks.service import Subject
from app.orders import holds
from app.orders.doubts import Doubt
from app.orders.holds import Held
from app.routing.assign import Routed, assign, write
from app.routing.contract import Excluded, Option, Plan, Problem, ToRoute, Wanted
from app.routing.loading import Due, Market, Rules, due, market, minor, wanted_of
from app.routing.registry import strategy
from app.routing.rules import TOO_LATE, Aim, Prices, Terms, options_of
from app.routing.solve import solve
from app.shared import work
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
    found = due([s.id for s in subjects], now)
    routed, held = _route(found, now, seconds)
    again = {r.order.id: now + RETRY for r in routed if r.plan.unfilled and r.order.id not in held}
    left = set(found.lines) - {r.order.id for r in routed}
    return again | dict.fromkeys(found.busy, now + BUSY) | dict.fromkeys(left, now)


def _route(found: Due, now: datetime, seconds: float) -> tuple[list[Routed], set[UUID]]:
    """Decide and write; from the beginning where somebody else took the stock meanwhile.

    Returns what was decided, and the orders that a person is asked about.
    """
    skus = {row.sku for own in found.lines.values() for row in own.values()}
    for lock in TRIES:
        try:
            with work.attempt(SoldOut):
                seen = market(skus, found.rules, now, lock=lock)
                routed = plan(found, seen, now, seconds)
                held = _ask_a_person(routed, found, now)
                write(routed, seen, found.rules, now)
        except SoldOut:
            continue
        return routed, held
    message = "stock was taken while it was held"
    raise RuntimeError(message)


def plan(found: Due, seen: Market, now: datetime, seconds: float) -> list[Routed]:
    """Plan order by order, first placed first; what one takes the next one cannot have.

    After some seconds no more are begun, but for the first one.
    """
    routed: list[Routed] = []
    hard, end = 0, time.monotonic() + seconds
    for order in sorted(found.orders, key=lambda o: (o.placed_at, o.id)):
        if routed and time.monotonic() >= end:
            break
        if order.id in found.lines:
            has_need_by = (order.id, NEED_BY) not in found.given_up
            terms = terms_of(order, seen, found.rules, has_need_by=has_need_by)
            if hard >= MOST_HARD:
                terms = replace(terms, seconds=0)
            one = decide_one(order, found.lines[order.id], seen, found.rules, terms)
            hard += one.plan.method != "exact"
            assign(one, seen, found.rules, now)
            routed.append(one)
    return routed


def _ask_a_person(routed: Sequence[Routed], found: Due, now: datetime) -> set[UUID]:
    """Hold orders that nobody can bring in time, or that nobody has all of where policy asks so.

    Returns those that are held now.
    """
    asks = found.rules.routing.document.when_short == "person"
    doubts: dict[UUID, Doubt] = {}
    for r in (r for r in routed if r.plan.unfilled):
        if any(e.rule == TOO_LATE for e in r.excluded):
            doubts[r.order.id] = Doubt(NEED_BY, {"date": r.order.preferences["deliver_by"]})
        elif asks:
            doubts[r.order.id] = Doubt(UNFILLED, {"units": r.plan.unfilled})
    held = [
        Held(r.order.id, r.order.cohort, [doubts[r.order.id]])
        for r in routed
        if r.order.id in doubts and (r.order.id, doubts[r.order.id].code) not in found.given_up
    ]
    return holds.hold(held, actor=SYSTEM, now=now)


def decide_one(
    order: ToRoute, lines: dict[str, Any], seen: Market, rules: Rules, terms: Terms
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


def terms_of(order: ToRoute, seen: Market, rules: Rules, *, has_need_by: bool) -> Terms:
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
    return [w._replace(units=units) for w, units in left if units]
