"""As few locations as can be; among equals the cheaper one."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app.routing.contract import Candidate, Choice, Wanted


class FewestParcels:
    """The location that can send most of what is still missing, again until nothing is missing."""

    def plan(
        self, wanted: Sequence[Wanted], candidates: dict[str, list[Candidate]]
    ) -> list[Choice]:
        """Return the choices; greedy set cover, at most ln(lines) + 1 times the best count."""
        missing = {w.line: w.units for w in wanted}
        left = {c.listing_id: c.available for found in candidates.values() for c in found}
        choices: list[Choice] = []
        while best := self._best(missing, candidates, left):
            for choice in best:
                missing[choice.line] -= choice.units
                left[choice.candidate.listing_id] -= choice.units
            choices += best
        return choices

    def _best(
        self,
        missing: dict[str, int],
        candidates: dict[str, list[Candidate]],
        left: dict[UUID, int],
    ) -> list[Choice]:
        locations = {(c.vendor, c.location_id) for found in candidates.values() for c in found}
        offers = [self._offer(where, missing, candidates, left) for where in sorted(locations)]
        return max(offers, key=self._worth, default=[])

    @staticmethod
    def _offer(
        where: tuple[str, UUID],
        missing: dict[str, int],
        candidates: dict[str, list[Candidate]],
        left: dict[UUID, int],
    ) -> list[Choice]:
        """Return all that one location can still send."""
        taken: dict[UUID, int] = {}
        choices = []
        for line, units in missing.items():
            for c in (c for c in candidates[line] if (c.vendor, c.location_id) == where):
                free = left[c.listing_id] - taken.get(c.listing_id, 0)
                if (given := min(units, free)) > 0:
                    choices.append(Choice(line, c, given))
                    taken[c.listing_id] = taken.get(c.listing_id, 0) + given
        return choices

    @staticmethod
    def _worth(choices: list[Choice]) -> tuple[int, int]:
        units = sum(choice.units for choice in choices)
        cost = sum(choice.units * choice.candidate.cost_minor for choice in choices)
        return units, -cost


strategy = FewestParcels()
