"""Why this vendor: a routing decision with its candidates, their prices, and what others read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from app.console.cases import policy
from app.routing import words
from app.shared.language import _, later
from app.timeline.models import Decision
from app.unshipped import service as unshipped
from app.unshipped import words as unshipped_words
from app.web.words import day, money

NOTHING = "\N{EN DASH}"
COLUMNS = (
    later("Line"),
    later("Units"),
    later("Goods"),
    later("Freight"),
    later("Lateness"),
    later("Standing"),
    later("Arrives"),
)
PRICED = ("goods", "freight", "late", "standing")


def vendors_in(decisions: Sequence[Decision]) -> set[str]:
    """Return the codes of the vendors that decisions name."""
    return {
        named["vendor"]
        for decision in decisions
        for part in ("chosen", "others", "excluded", "works")
        for named in decision.facts.get(part, ())
    }


def why(decision: Decision, names: Mapping[str, str], currency: str) -> dict[str, Any]:
    """Return who was chosen for what, what the others would have cost, and by which rule not."""
    facts = decision.facts
    if decision.kind == unshipped.KIND:
        return _ended(decision, names, currency)
    priced = [
        _priced(one, names, currency, is_chosen=part == "chosen")
        for part in ("chosen", "others")
        for one in facts.get(part, ())
    ]
    return {
        "subject": None,
        "sentence": " ".join(words.for_ops(facts, names)),
        "policy": policy("routing", decision.policy_version),
        "columns": [_(column) for column in COLUMNS],
        "candidates": priced + [_excluded(one, names) for one in facts.get("excluded", ())],
        "left_out": facts.get("left_out", 0),
        "customer": words.for_customer(facts),
        "vendors": [
            (names.get(code, code), words.for_vendor(facts, code))
            for code in dict.fromkeys(one["vendor"] for one in facts.get("chosen", ()))
        ],
    }


def _ended(decision: Decision, names: Mapping[str, str], currency: str) -> dict[str, Any]:
    """Return why what never left has ended; nobody was compared."""
    told = unshipped_words.for_ops(decision.facts, names, currency)
    return {
        "title": _("Why it ended"),
        "subject": None,
        "sentence": " ".join(told),
        "policy": policy("promises", decision.policy_version),
        "columns": [],
        "candidates": [],
        "left_out": 0,
        "customer": None,
    }


def _priced(
    one: Mapping[str, Any], names: Mapping[str, str], currency: str, *, is_chosen: bool
) -> dict[str, Any]:
    # A release before this one kept the cost of a unit alone.
    sums = [one.get(part) for part in PRICED]
    cells = [one["line"], str(one["units"])]
    cells += [NOTHING if minor is None else money((minor, currency)) for minor in sums]
    cells.append(day(date.fromisoformat(one["arrives"])) if "arrives" in one else NOTHING)
    whole = sum(minor or 0 for minor in sums)
    return {
        "vendor": names.get(one["vendor"], one["vendor"]),
        "chosen": is_chosen,
        "cells": cells,
        "score": money((whole, currency)) if "goods" in one else None,
        "reason": _("Could have sent it"),
    }


def _excluded(one: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "vendor": names.get(one["vendor"], one["vendor"]),
        "chosen": False,
        "cells": [one["line"], *[NOTHING] * (len(COLUMNS) - 1)],
        "score": None,
        "reason": words.rule(one["rule"]),
    }
