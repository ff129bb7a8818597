"""Why this vendor: a routing decision in words, with those that were not chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.console.cases import policy
from app.shared.language import _, _n, later
from app.timeline.models import Decision
from app.web.words import money

NOTHING = "\N{EN DASH}"
COLUMNS = (later("Line"), later("Units"), later("Unit cost"))
# Why a vendor was not chosen, as it was written down; others stand as they were written.
RULES = {
    "pinned to another vendor": later("Pinned to another vendor"),
    "vendor not active": later("Vendor not active"),
    "listing not active": later("Listing not active"),
    "location not active": later("Location not active"),
    "other currency": later("Other currency"),
    "does not ship there": later("Does not ship there"),
    "declined before": later("Declined before"),
    "no stock": later("No stock"),
    "too late for the need-by date": later("Too late for the need-by date"),
    "no open day with room left": later("No open day with room left"),
}


def vendors_in(decisions: Sequence[Decision]) -> set[str]:
    """Return the codes of the vendors that decisions name."""
    return {
        named["vendor"]
        for decision in decisions
        for part in ("chosen", "excluded")
        for named in decision.facts.get(part, ())
    }


def why(decision: Decision, names: Mapping[str, str], currency: str) -> dict[str, Any]:
    """Return who was chosen for what, and by which rule the others were not."""
    facts = decision.facts
    chosen, excluded = facts.get("chosen", []), facts.get("excluded", [])
    return {
        "subject": None,
        "sentence": _sentence(chosen, excluded, facts.get("unfilled", 0), names),
        "policy": policy("routing", decision.policy_version),
        "columns": [_(column) for column in COLUMNS],
        "candidates": [_chosen(one, names, currency) for one in chosen]
        + [_excluded(one, names) for one in excluded],
    }


def _sentence(
    chosen: Sequence[Mapping[str, Any]],
    excluded: Sequence[Mapping[str, Any]],
    unfilled: int,
    names: Mapping[str, str],
) -> str:
    units: dict[str, int] = {}
    for one in chosen:
        units[one["vendor"]] = units.get(one["vendor"], 0) + one["units"]
    parts = [
        _n("{vendor} ships {n} unit.", "{vendor} ships {n} units.", n, vendor=names.get(code, code))
        for code, n in units.items()
    ]
    if excluded:
        others = len({one["vendor"] for one in excluded})
        parts.append(
            _n(
                "{n} vendor could not be asked for every line.",
                "{n} vendors could not be asked for every line.",
                others,
            )
        )
    if unfilled:
        parts.append(
            _n(
                "{n} unit found no vendor; routing looks again every hour.",
                "{n} units found no vendor; routing looks again every hour.",
                unfilled,
            )
        )
    return " ".join(parts)


def _chosen(one: Mapping[str, Any], names: Mapping[str, str], currency: str) -> dict[str, Any]:
    cells = [one["line"], str(one["units"]), money((one["cost"], currency))]
    return _candidate(one, names) | {"chosen": True, "cells": cells, "reason": None}


def _excluded(one: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    cells = [one["line"], NOTHING, NOTHING]
    known = RULES.get(one["rule"])
    reason = _(known) if known else one["rule"][0].upper() + one["rule"][1:]
    return _candidate(one, names) | {"chosen": False, "cells": cells, "reason": reason}


def _candidate(one: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {"vendor": names.get(one["vendor"], one["vendor"]), "score": None}
