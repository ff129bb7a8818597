"""Who may be chosen, and why the others may not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from app.routing.contract import Candidate, Choice, Excluded, Location, Wanted

# The first rule that holds excludes; its name is the reason that people read.
EXCLUSIONS: dict[str, Callable[[Wanted, Candidate, str], bool]] = {
    "pinned to another vendor": lambda w, c, _: w.vendor not in {None, c.vendor},
    "vendor not active": lambda _w, c, _: c.vendor_status != "active",
    "listing not active": lambda _w, c, _: not c.is_active,
    "other currency": lambda _w, c, currency: c.currency != currency,
    "declined before": lambda w, c, _: c.vendor in w.declined_by,
    "no stock": lambda _w, c, _: c.available <= 0,
}


def why_not(wanted: Wanted, candidate: Candidate, currency: str) -> str | None:
    """Return the rule that excludes a candidate for a line, or nothing if it is eligible."""
    return next(
        (name for name, holds in EXCLUSIONS.items() if holds(wanted, candidate, currency)), None
    )


def sort_out(
    wanted: Sequence[Wanted], candidates: Sequence[Candidate], currency: str
) -> tuple[dict[str, list[Candidate]], list[Excluded]]:
    """Return the eligible candidates by line, and the excluded ones with their rules."""
    eligible: dict[str, list[Candidate]] = {w.line: [] for w in wanted}
    excluded = []
    for w in wanted:
        for c in (c for c in candidates if c.sku == w.sku):
            rule = why_not(w, c, currency)
            if rule is None:
                eligible[w.line].append(c)
            else:
                excluded.append(Excluded(w.line, c.vendor, rule))
    return eligible, excluded


def fill(
    wanted: Sequence[Wanted], candidates: dict[str, list[Candidate]], allowed: set[Location]
) -> list[Choice]:
    """Return what some locations can send together, cheapest first; lines of a SKU share stock."""
    taken: dict[UUID, int] = {}
    choices = []
    for w in wanted:
        rest = w.units
        able = [c for c in candidates[w.line] if (c.vendor, c.location_id) in allowed]
        for c in sorted(able, key=lambda c: (c.cost_minor, c.vendor, c.listing_id)):
            units = min(rest, c.available - taken.get(c.listing_id, 0))
            if units > 0:
                choices.append(Choice(w.line, c, units))
                taken[c.listing_id] = taken.get(c.listing_id, 0) + units
                rest -= units
    return choices
