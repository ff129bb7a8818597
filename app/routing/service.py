"""Routing the orders that are due: a batch a transaction, with stock held in the same one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from app.catalog.service import SoldOut
from app.checks.service import Subject
from app.orders import holds
from app.orders.doubts import Doubt
from app.orders.holds import Held
from app.policies.documents import Routing
from app.routing.assign import Routed, assign, write
from app.routing.contract import Excluded, Option, Plan, Problem, Supply, ToRoute, Wanted
from app.routing.loading import Due, Market, Rules, due, given_before, market, minor, wanted_of
from app.routing.registry import strategy
from app.routing.rules import NO_STOCK, TOO_LATE, Aim, Prices, Terms, options_of
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
    is due again at once.
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
    terms = {
        o.id: terms_of(o, seen, found.rules, has_need_by=(o.id, NEED_BY) not in found.given_up)
        for o in found.orders
        if o.id in found.lines
    }
    # Of a part of them others have the rest: what is promised is the day of the last.
    parts = {o.id: terms[o.id].aim for o in found.orders if o.unfilled_since and o.id in terms}
    before = given_before(parts, seen.timetable)
    hard, end = 0, time.monotonic() + seconds
    for order in sorted(found.orders, key=lambda o: (o.placed_at, o.id)):
        if routed and time.monotonic() >= end:
            break
        if order.id in terms:
            own = terms[order.id] if hard < MOST_HARD else replace(terms[order.id], seconds=0)
            one = decide_one(order, found.lines[order.id], seen, found.rules, own)
            one.before = before.get(order.id)
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
    """Return the best plan for one order: of what is there and in time first, then of the rest."""
    policy = rules.routing.document
    wanted = [wanted_of(row) for row in lines.values()]
    options: dict[str, list[Option]] = {one.line: [] for one in wanted}
    excluded: list[Excluded] = []
    best: Plan | None = None
    for supply in _supplies(policy, terms.aim):
        more = False
        for one in wanted:
            found, out = options_of(one, seen.of(one.sku), terms, supply)
            options[one.line] += found
            excluded += out
            more = more or bool(found)
        if best is None or more:
            best = solve(problem_of(wanted, options, rules, order.currency), terms.seconds)
        if not best.unfilled:
            break
    why_not = _why_not(options, excluded)
    return Routed(order, lines, best or Plan(), options, why_not, policy.strategy)


def _supplies(policy: Routing, aim: Aim) -> Iterator[Supply]:
    """Return of what an order is filled, best first; the next is asked only where units miss."""
    may_be_late = policy.need_by == "prefer" and aim.need_by is not None
    for is_late in (False, True)[: 1 + may_be_late]:
        for is_bought_in in (False, True)[: 1 + (policy.when_short == "backorder")]:
            yield Supply(is_bought_in, is_late)


def _why_not(
    options: Mapping[str, Sequence[Option]], excluded: Sequence[Excluded]
) -> list[Excluded]:
    """Return who cannot fill a line by any supply, each once, with the rule that says most."""
    rules: dict[tuple[str, str, str], str] = {}
    for one in excluded:
        name = one.line, one.vendor, one.place
        if rules.get(name, NO_STOCK) == NO_STOCK:
            rules[name] = one.rule
    for line, found in options.items():
        for option in found:
            where = option.candidate.place
            rules.pop((line, where.vendor, where.code), None)
    return [Excluded(*name, rule) for name, rule in rules.items()]


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
    is_hasty = strategy(policy.strategy).weights.is_hasty
    prices = Prices(
        # Where a day outweighs everything else it is worth something.
        late_day=max(minor(policy.late_day, currency), is_hasty),
        standing=minor(policy.standing, currency),
        review=minor(policy.review, currency),
        usual_on_time_bp=policy.usual_on_time_bp,
    )
    return Terms(aim, prices, seen.timetable, is_hasty)


def problem_of(
    wanted: Sequence[Wanted], options: dict[str, list[Option]], rules: Rules, currency: str
) -> Problem:
    """Return what is to be decided: what is wanted, its options and what they are judged by."""
    policy = rules.routing.document
    weights = strategy(policy.strategy).weights
    return Problem(wanted, options, weights, minor(policy.split, currency), policy.most_parcels)
