"""Every unit from the cheapest listing that has it, however many parcels that makes."""

from __future__ import annotations

from collections.abc import Sequence

from app.routing.contract import Candidate, Choice, Wanted
from app.routing.rules import fill


class Cheapest:
    """Lowest cost first, line by line."""

    def plan(
        self, wanted: Sequence[Wanted], candidates: dict[str, list[Candidate]]
    ) -> list[Choice]:
        """Return the choices; any location will do."""
        anywhere = {(c.vendor, c.location_id) for given in candidates.values() for c in given}
        return fill(wanted, candidates, anywhere)


strategy = Cheapest()
