"""The same plan by a solver, for orders whose sets of parcels are too many to look at.

Units x of each way and a yes or no y of each parcel; the lines are filled, no pool gives more
than it has, nothing lies in a parcel that is not there. HiGHS is deterministic on one thread.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import highspy

from app.routing.contract import Plan
from app.routing.solve import Weighed


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
    # Dearer than any plan: no unit is left out that somebody could send.
    missing = (
        1
        + sum(weighed.parcels.values())
        + sum(line.units * max((w.unit for w in line.ways), default=0) for line in weighed.lines)
    )
    price = model.expr(0)
    for line in weighed.lines:
        unfilled = model.addVariable(0, line.units, type=integer)
        filled = model.expr(0) + unfilled
        price += missing * unfilled
        for way in line.ways:
            units = model.addVariable(0, way.option.units, type=integer)
            model.addConstr(units <= way.option.units * is_there[way.parcel])
            by_pool[way.pool].append(units)
            room[way.pool] = way.room
            filled += units
            price += way.unit * units
        model.addConstr(filled == line.units)
    for pool, parts in by_pool.items():
        model.addConstr(model.qsum(parts) <= room[pool])
    model.addConstr(model.qsum(is_there.values()) <= weighed.most)
    price += model.qsum([weighed.parcels[n] * there for n, there in is_there.items()])
    model.minimize(price)
    if model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    chosen = {n for n, there in is_there.items() if model.val(there) > 1 / 2}
    return weighed.plan(chosen, "solver")
