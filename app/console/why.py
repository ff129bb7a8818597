"""Why this vendor: a routing decision with its candidates, their prices, and what others read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from app.console.cases import policy
from app.console.priced import Priced
from app.routing import words
from app.shared.language import _
from app.timeline.models import Decision
from app.unshipped import service as unshipped
from app.unshipped import words as unshipped_words


def vendors_in(decisions: Sequence[Decision]) -> set[str]:
    """Return the codes of the vendors that decisions name."""
    return {
        named["vendor"]
        for decision in decisions
        for part in ("chosen", "others", "excluded", "works")
        for named in decision.facts.get(part, ())
    }


def why(
    decision: Decision, names: Mapping[str, str], currency: str, anew: date | None = None
) -> dict[str, Any]:
    """Return who was chosen for what, what the others would have cost, and by which rule not.

    `anew`: the day on which it comes since its customer changed the order.
    """
    facts = decision.facts
    if decision.kind == unshipped.KIND:
        return _ended(decision, names, currency)
    priced = Priced(facts, names, currency)
    chosen = facts.get("chosen", ())
    return {
        "title": _("Why this vendor") if chosen else _("Why no vendor"),
        "subject": None,
        "sentence": " ".join(words.for_ops(facts, names)),
        "policy": policy("routing", decision.policy_version),
        "policies": [policy(kind, n) for kind, n in facts.get("policies", {}).items()],
        "columns": priced.columns(),
        "plan": priced.plan(),
        "others": priced.others(),
        "excluded": priced.excluded(),
        "candidates": [],
        "left_out": facts.get("left_out", 0),
        "customer": words.for_customer(facts, anew),
        "vendors": list(_read(facts, names)),
    }


def _read(facts: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Return what each vendor reads, of each of its places."""
    for vendor, place in dict.fromkeys(
        (one["vendor"], one.get("place")) for one in facts.get("chosen", ())
    ):
        yield names.get(vendor, vendor), words.for_vendor(facts, vendor, place)


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
