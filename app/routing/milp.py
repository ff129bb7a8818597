"""The same plan by a solver, for orders whose sets of parcels are too many to look at.

Units x of each way and a yes or no y of each parcel; the lines are filled, no pool gives more
than it has, nothing lies in a parcel that is not there. HiGHS is deterministic on one thread.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import highspy

from app.routing.contract import Plan
from app.routing.solve import Way, Weighed


def plan(weighed: Weighed, seconds: float) -> Plan | None:
    """Return the best plan; nothing where the solver found none in that time."""
    model: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    model.setOptionValue("output_flag", False)
    model.setOptionValue("time_limit", seconds)
    model.setOptionValue("threads", 1)
    # It would be content with one part in ten thousand; a plan that says it is the best one is.
    model.setOptionValue("mip_rel_gap", 0.0)
    integer = highspy.HighsVarType.kInteger
    is_there = {parcel: model.addVariable(0, 1, type=integer) for parcel in weighed.parcels}
    by_pool: dict[int, list[Any]] = defaultdict(list)
    room: dict[int, int] = {}
    found: list[tuple[Way, Any]] = []
    # No unit is left out that somebody could send, none is of a lesser supply without need.
    missed = 1 + sum(line.units for line in weighed.lines) * max(
        (way.rank for line in weighed.lines for way in line.ways), default=0
    )
    short, price = model.expr(0), model.expr(0)
    for line in weighed.lines:
        unfilled = model.addVariable(0, line.units, type=integer)
        filled = model.expr(0) + unfilled
        short += missed * unfilled
        for way in line.ways:
            units = model.addVariable(0, way.option.units, type=integer)
            model.addConstr(units <= way.option.units * is_there[way.parcel])
            by_pool[way.pool].append(units)
            room[way.pool] = way.room
            found.append((way, units))
            filled += units
            short += way.rank * units
            price += way.unit * units
        model.addConstr(filled == line.units)
    for pool, parts in by_pool.items():
        model.addConstr(model.qsum(parts) <= room[pool])
    model.addConstr(model.qsum(is_there.values()) <= weighed.most)
    model.minimize(short)
    if model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    model.addConstr(short <= round(model.getObjectiveValue()))
    price += model.qsum([weighed.parcels[n] * there for n, there in is_there.items()])
    model.minimize(price)
    if model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    given = [(way, round(model.val(units))) for way, units in found]
    return weighed.plan_of([(way, units) for way, units in given if units], "solver")
