"""A routing decision in words: all of it for ops, their own part for a vendor and a customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from app.shared.language import _, _n, later
from app.web.words import day

# Why a vendor was not chosen, as it was written down.
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
# What mattered, by strategy; others are named as they are.
STRATEGIES = {
    "balanced": later("Price, time, standing and parcels were weighed."),
    "cheapest": later("The least money mattered."),
    "fastest": later("The earliest arrival mattered."),
    "fewest_parcels": later("As few parcels as can be mattered."),
}
METHODS = {
    "exact": later("Every way was looked at: none is better."),
    "solver": later("A solver looked at every way: none is better."),
    "greedy": later("There were too many ways to look at in time, so a better one may exist."),
}
# An older record kept no more of what was chosen than this, and did not say how much there was.
MOST_KEPT = 12
Facts = Mapping[str, Any]


def rule(name: str) -> str:
    """Return the rule that excluded a vendor; one of another release as it was written."""
    return _(RULES[name]) if name in RULES else name[:1].upper() + name[1:]


def for_ops(facts: Facts, names: Mapping[str, str]) -> list[str]:
    """Return who ships what and why, who could not, and what was left; with vendors' names."""
    chosen, excluded = facts.get("chosen", []), facts.get("excluded", [])
    said = [
        _n("{vendor} ships {n} unit.", "{vendor} ships {n} units.", n, vendor=names.get(code, code))
        for code, n in _units(chosen).items()
    ]
    if by_hand := facts.get("by_hand"):
        said.append(
            _(
                "{person} moved it by hand: {reason}.",
                person=by_hand["by"],
                reason=by_hand["reason"],
            )
        )
    elif chosen and facts.get("strategy") in STRATEGIES:
        said += [_(STRATEGIES[facts["strategy"]]), _(METHODS[facts["method"]])]
    said += [
        _("{units} of line {line} are bought in and there on {day}.", **_bought(one))
        for one in chosen
        if "waits_until" in one
    ]
    if excluded:
        others = len({one["vendor"] for one in excluded})
        said.append(
            _n(
                "{n} vendor could not be asked for every line.",
                "{n} vendors could not be asked for every line.",
                others,
            )
        )
    if unfilled := facts.get("unfilled", 0):
        said.append(
            _n(
                "{n} unit found no vendor; routing looks again every hour.",
                "{n} units found no vendor; routing looks again every hour.",
                unfilled,
            )
        )
    return said


def _bought(one: Facts) -> dict[str, Any]:
    there = day(date.fromisoformat(one["waits_until"]))
    return {"units": one["units"], "line": one["line"], "day": there}


def _units(chosen: Sequence[Facts]) -> dict[str, int]:
    units: dict[str, int] = {}
    for one in chosen:
        units[one["vendor"]] = units.get(one["vendor"], 0) + one["units"]
    return units


def for_vendor(facts: Facts, vendor: str, place: str | None = None) -> str | None:
    """Return why a vendor was given its part, without a word about any other; None: it was not.

    `place`: of which of its places it is said; None: of all of them.
    """
    own = [one for one in facts.get("chosen", []) if one["vendor"] == vendor and _is_at(one, place)]
    if not own:
        return None
    if facts.get("by_hand"):
        return _("The marketplace gave it to you by hand.")
    there = day(max(date.fromisoformat(one["arrives"]) for one in own))
    said = [_("You were chosen: from you it could be there on {day}.", day=there)]
    if facts.get("strategy") in STRATEGIES:
        said.append(_(STRATEGIES[facts["strategy"]]))
    return " ".join(said)


def _is_at(one: Facts, place: str | None) -> bool:
    return place is None or one.get("place") in {place, None}


def for_customer(facts: Facts, anew: date | None = None) -> str | None:
    """Return how what was given out comes, with nobody's name or price; None: nobody has it.

    `anew`: the day on which it comes since its customer changed the order.
    Nothing is claimed that the facts do not show: of an older record also None, where it may have
    kept only some of what was chosen.
    """
    chosen = facts.get("chosen", [])
    if not chosen or ("parcels" not in facts and len(chosen) >= MOST_KEPT):
        return None
    parcels = len({(one["vendor"], one.get("place"), one.get("waits_until")) for one in chosen})
    last = day(anew or max(date.fromisoformat(one["arrives"]) for one in chosen))
    # An older record tells only that something is missing, never that nothing is.
    is_whole = False if facts.get("unfilled") else facts.get("is_whole")
    if parcels == 1:
        return _(ONE_PARCEL[is_whole], day=last)
    return _several(parcels, last, is_whole=is_whole, one_place=facts.get("one_place"))


# What tells of the day on which an order comes, the newest first.
DATING = ("order_routed", "order_promised_anew", "order_expected_anew", "order_expected_late")


def day_told(facts: Facts | None) -> date | None:
    """Return the day that the newest dating entry tells; None: the one that routing found."""
    told = (facts or {}).get("arrives") or (facts or {}).get("promised")
    return date.fromisoformat(told) if told else None


# By whether it is all of the order; None: nobody knows.
ONE_PARCEL = {
    True: later("All of it comes from one place and should be with you by {day}."),
    False: later("Part of it comes from one place and should be with you by {day}."),
    None: later("One parcel should be with you by {day}."),
}


def _several(parcels: int, last: str, *, is_whole: bool | None, one_place: bool | None) -> str:
    if is_whole and one_place is False:
        return _n(
            "It comes in {n} parcel by {day}, because no single place can send all of it at once.",
            "It comes in {n} parcels, because no single place can send all of it at once; the last"
            " one by {day}.",
            parcels,
            day=last,
        )
    if is_whole:
        return _n(
            "It comes in {n} parcel, by {day}.",
            "It comes in {n} parcels, the last one by {day}.",
            parcels,
            day=last,
        )
    if is_whole is None:
        return _n(
            "{n} parcel should be with you by {day}.",
            "{n} parcels should be with you, the last one by {day}.",
            parcels,
            day=last,
        )
    return _n(
        "Part of it comes in {n} parcel, by {day}.",
        "Part of it comes in {n} parcels, the last one by {day}.",
        parcels,
        day=last,
    )
