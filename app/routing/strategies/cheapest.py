"""Every unit from the cheapest listing that has it, however many parcels that makes."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app.routing.contract import Candidate, Choice, Wanted


class Cheapest:
    """Lowest cost first, line by line."""

    def plan(
        self, wanted: Sequence[Wanted], candidates: dict[str, list[Candidate]]
    ) -> list[Choice]:
        """Return the choices; two lines of one SKU share what is there."""
        taken: dict[UUID, int] = {}
        choices = []
        for w in wanted:
            rest = w.units
            for c in sorted(candidates[w.line], key=lambda c: (c.cost_minor, c.vendor)):
                units = min(rest, c.available - taken.get(c.listing_id, 0))
                if units > 0:
                    choices.append(Choice(w.line, c, units))
                    taken[c.listing_id] = taken.get(c.listing_id, 0) + units
                    rest -= units
        return choices


strategy = Cheapest()
