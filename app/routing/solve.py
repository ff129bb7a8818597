"""The best plan for one order: which parcels, and what lies in each.

Once it is known which parcels there are, each line takes its cheapest units from them; so what
has to be searched is the set of parcels. Branch and bound tries every set that could still be
the best; where there are too many of them, or lines want the same units, a solver takes over, and
where that finds no end in time, the parcel that helps most is added until none helps, and the plan
says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from importlib import import_module
from typing import NamedTuple

from app.routing.contract import Choice, Option, Plan, Pool, Problem, Start, Wanted

# Sets of parcels looked at before the solver is asked, and ways looked at in them: 40 ms at most.
MOST_SETS, MOST_LOOKS = 2_000, 100_000
# Beyond so many ways even a solver takes seconds: the parcels that hold most are gone through.
MOST_WAYS, MOST_PARCELS = 3_000, 30
# Never is a plan that leaves more units unfilled the better one, nor one of lesser supply.
Worth = tuple[int, int, float]
SECONDS = 2.0
NOTHING = 1e-9


class Way(NamedTuple):
    """An option with what one unit of it costs, weighted.

    Its parcel and its pool are numbers: they are looked up thousands of times. `rank` is of its
    supply.
    """

    option: Option
    unit: float
    parcel: int
    pool: int
    room: int
    rank: int


# Units of a way.
Given = tuple[Way, int]


class Line(NamedTuple):
    """A line's units and its ways, the cheapest first."""

    units: int
    ways: Sequence[Way]


class Weighed:
    """A problem with its prices weighed: lines in the order they take, parcels and their costs."""

    def __init__(self, problem: Problem) -> None:
        lines = []
        self.parcels: dict[int, float] = {}
        self.starts: dict[Start, int] = {}
        self.pools: dict[Pool, int] = {}
        for wanted in problem.wanted:
            ways = [self._way(o, problem, wanted) for o in problem.options.get(wanted.line, [])]
            ways.sort(key=lambda x: (x.rank, x.unit, x.option.candidate.place.code, x.pool))
            lines.append(Line(wanted.units, ways))
        # Of lines that share a SKU the one with fewer ways takes first.
        self.lines = sorted(lines, key=lambda line: len(line.ways))
        # One parcel there is in any case; only the further ones try the customer's patience.
        self.first = _patience(problem)
        self.most = problem.most_parcels
        self.size = sum(len(line.ways) for line in self.lines)
        self.is_contested = _is_contested(self.lines)

    def narrow(self, count: int) -> None:
        """Keep only the parcels that hold most: who has little of a huge order helps it little."""
        held = sorted(self.parcels, key=lambda n: (-_held(self, n), n))
        kept = set(held[:count])
        self.parcels = {n: cost for n, cost in self.parcels.items() if n in kept}
        self.lines = [
            Line(line.units, [way for way in line.ways if way.parcel in kept])
            for line in self.lines
        ]

    def _way(self, option: Option, problem: Problem, wanted: Wanted) -> Way:
        parcel = self.starts.setdefault(option.start, len(self.starts))
        pool = self.pools.setdefault(option.pool, len(self.pools))
        w = problem.weights
        self.parcels[parcel] = w.shipping * option.parcel + _patience(problem)
        room = option.units if option.is_bought_in else option.candidate.available
        unit = _unit(option, problem, wanted.units)
        return Way(option, unit, parcel, pool, room, option.rank)

    def fill(self, parcels: Collection[int]) -> tuple[list[Given], Worth]:
        """Return what these parcels can hold, each line's cheapest units first, and its worth."""
        taken: dict[int, int] = {}
        given: list[Given] = []
        unfilled, lesser, cost = 0, 0, 0.0
        for line in self.lines:
            rest = line.units
            for way in line.ways:
                if not rest:
                    break
                if way.parcel not in parcels:
                    continue
                left = way.room - taken.get(way.pool, 0)
                units = min(rest, way.option.units, left)
                if units > 0:
                    given.append((way, units))
                    taken[way.pool] = taken.get(way.pool, 0) + units
                    lesser += units * way.rank
                    cost += units * way.unit
                    rest -= units
            unfilled += rest
        return given, (unfilled, lesser, cost)

    def plan(self, parcels: Collection[int], method: str) -> Plan:
        """Return what these parcels hold, without those that stay empty."""
        given, _ = self.fill(parcels)
        return self.plan_of(given, method)

    def plan_of(self, given: Sequence[Given], method: str) -> Plan:
        """Return the plan that gives these units."""
        used = {way.parcel for way, _ in given}
        return Plan(
            choices=[Choice(way.option, units) for way, units in given],
            unfilled=sum(line.units for line in self.lines) - sum(units for _, units in given),
            lesser=sum(units * way.rank for way, units in given),
            score=sum(units * way.unit for way, units in given)
            + sum(self.parcels[n] for n in used)
            - (self.first if used else 0),
            method=method,
        )


def _patience(problem: Problem) -> float:
    """Return what a parcel counts besides its freight."""
    return problem.weights.split * problem.split + problem.weights.parcel


def _is_contested(lines: Sequence[Line]) -> bool:
    """Return whether lines want more of the same units than there are."""
    wanted: dict[int, int] = defaultdict(int)
    room: dict[int, int] = {}
    sharing: dict[int, int] = defaultdict(int)
    for line in lines:
        for way in line.ways:
            wanted[way.pool] += way.option.units
            sharing[way.pool] += 1
            room[way.pool] = way.room
    return any(n > 1 and wanted[pool] > room[pool] for pool, n in sharing.items())


def _unit(option: Option, problem: Problem, units: int) -> float:
    w, price = problem.weights, option.price
    line = (
        w.goods * price.goods
        + w.shipping * price.kilos
        + w.late * price.late
        + w.standing * price.standing
    )
    return line / units


def solve(problem: Problem, seconds: float = SECONDS) -> Plan:
    """Return the best plan: as many units as can be had, then the least weighted price.

    `seconds`: how long the solver may take, where there are too many sets to look at; 0: it is
    not asked.
    """
    weighed = Weighed(problem)
    if plan := _obvious(weighed):
        return plan
    if weighed.size > MOST_WAYS:
        weighed.narrow(MOST_PARCELS)
        return _greedy(weighed)
    greedy = _greedy(weighed)
    best = None
    if not weighed.is_contested:
        if len(weighed.parcels) <= 1:
            return replace(greedy, method="exact")
        best = _search(weighed, greedy)
    if best is not None or not seconds:
        return best or greedy
    # It takes a second to load, and few orders need it.
    found = import_module("app.routing.milp").plan(weighed, seconds)
    return found or greedy


def _obvious(weighed: Weighed) -> Plan | None:
    """Return the plan of one parcel that nothing can beat, as most orders have one.

    It holds the cheapest units of every line, and no parcel costs less.
    """
    if not all(line.ways for line in weighed.lines):
        return None
    parcels = {line.ways[0].parcel for line in weighed.lines}
    if len(parcels) != 1 or weighed.parcels[min(parcels)] > min(weighed.parcels.values()):
        return None
    plan = weighed.plan(parcels, "exact")
    least = sum(line.units * line.ways[0].unit for line in weighed.lines)
    least += weighed.parcels[min(parcels)] - weighed.first
    return plan if _worth(plan) <= (0, 0, least + NOTHING) else None


def _worth(plan: Plan) -> Worth:
    return plan.unfilled, plan.lesser, plan.score


def _greedy(weighed: Weighed) -> Plan:
    """Add the parcel that helps most until none helps: ln(lines) + 1 times the best count."""
    chosen: set[int] = set()
    best = weighed.plan(chosen, "greedy")
    while len(chosen) < weighed.most:
        plans = [
            (weighed.plan(chosen | {parcel}, "greedy"), parcel)
            for parcel in weighed.parcels
            if parcel not in chosen
        ]
        better, parcel = min(plans, key=lambda p: _worth(p[0]), default=(best, None))
        if parcel is None or _worth(better) >= _worth(best):
            break
        chosen.add(parcel)
        best = better
    return best


def _search(weighed: Weighed, start_from: Plan) -> Plan | None:
    """Return the best of all sets of parcels; nothing where there are too many to look at."""
    best = replace(start_from, method="exact")
    # The parcels that hold most are decided first: their absence is noticed soonest.
    starts = sorted(weighed.starts, key=lambda s: (-_held(weighed, weighed.starts[s]), str(s)))
    order = [weighed.starts[start] for start in starts]
    looked, most = 0, min(MOST_SETS, MOST_LOOKS // max(weighed.size, 1))
    # Parcels that are in, and how many of the order are decided.
    stack: list[tuple[frozenset[int], int]] = [(frozenset(), 0)]
    while stack:
        opened, decided = stack.pop()
        looked += 1
        if looked > most:
            return None
        rest = order[decided:]
        _, (unfilled, lesser, cost) = weighed.fill(opened.union(rest))
        # Where none is in yet, one will have to be: the cheapest at least.
        parcels = opened or {min(rest, key=weighed.parcels.__getitem__)} if rest else opened
        fixed = sum(weighed.parcels[n] for n in parcels) - (weighed.first if parcels else 0)
        if (unfilled, lesser, cost + fixed + NOTHING) >= _worth(best):
            continue
        if len(opened) >= weighed.most or not rest:
            plan = weighed.plan(opened, "exact")
            if _worth(plan) < _worth(best):
                best = plan
            continue
        stack.append((opened, decided + 1))
        stack.append((opened | {order[decided]}, decided + 1))
    return best


def _held(weighed: Weighed, parcel: int) -> int:
    return sum(
        min(line.units, way.option.units)
        for line in weighed.lines
        for way in line.ways
        if way.parcel == parcel
    )
