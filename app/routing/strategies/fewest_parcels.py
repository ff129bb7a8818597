"""As few locations as can be; among equals the cheaper one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb

from app.routing.contract import Candidate, Choice, Location, Wanted
from app.routing.rules import fill

# Every set of so many locations is tried; for more parcels than that the best next one is taken.
MOST_TRIED, MOST_SETS = 3, 500


class FewestParcels:
    """The smallest set of locations that can send all; among equals the cheaper one."""

    def plan(
        self, wanted: Sequence[Wanted], candidates: dict[str, list[Candidate]]
    ) -> list[Choice]:
        """Return the choices; exact up to three locations, greedy beyond."""
        found = {(c.vendor, c.location_id) for given in candidates.values() for c in given}
        locations = sorted(found)
        most = _units(fill(wanted, candidates, found))
        for size in range(1, MOST_TRIED + 1):
            if comb(len(locations), size) > MOST_SETS:
                break
            plans = [fill(wanted, candidates, set(s)) for s in combinations(locations, size)]
            best = max(plans, key=_worth, default=[])
            if _units(best) == most:
                return best
        return self._greedy(wanted, candidates, locations)

    @staticmethod
    def _greedy(
        wanted: Sequence[Wanted],
        candidates: dict[str, list[Candidate]],
        locations: Sequence[Location],
    ) -> list[Choice]:
        """Add the location that helps most until none helps: ln(lines) + 1 times the best count."""
        chosen: set[Location] = set()
        plan: list[Choice] = []
        while True:
            plans = [
                (fill(wanted, candidates, chosen | {where}), where)
                for where in locations
                if where not in chosen
            ]
            best, where = max(plans, key=lambda p: _worth(p[0]), default=(plan, None))
            if where is None or _units(best) == _units(plan):
                return plan
            chosen.add(where)
            plan = best


def _units(choices: Sequence[Choice]) -> int:
    return sum(choice.units for choice in choices)


def _worth(choices: Sequence[Choice]) -> tuple[int, int]:
    return _units(choices), -sum(c.units * c.candidate.cost_minor for c in choices)


strategy = FewestParcels()
