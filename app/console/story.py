"""An order's story in words: what happened, who stands behind it, and the facts of each entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from flask import request
from sqlalchemy import Row

from app.console.cases import actor, carrier_title
from app.shared.language import _, later
from app.timeline import queries
from app.timeline.contract import ABOUT, Source
from app.timeline.queries import Asked
from app.web import words
from app.web.paging import link
from app.web.words import happened, money, plain, precise

ANCHOR = "#story"
# Who stands behind an entry: an icon and its word.
SOURCES = {
    Source.PERSON: ("person", later("ops")),
    Source.VENDOR: ("shop", later("vendor")),
    Source.VENDOR_KEY: ("shop", later("vendor's program")),
    Source.KEY: ("key", later("API key")),
    Source.CARRIER: ("truck", later("carrier")),
    Source.ONWARD: ("cpu", later("by rule")),
}
# The chips over a story, by what stands in the address.
BY = {
    "people": (later("People"), (Source.PERSON,)),
    "vendors": (later("Vendors"), (Source.VENDOR, Source.VENDOR_KEY)),
    "carriers": (later("Carriers"), (Source.CARRIER,)),
    "rules": (later("Rules"), (Source.ONWARD,)),
    "keys": (later("API keys"), (Source.KEY,)),
}
SUBJECTS = {
    "order": later("The order"),
    "work": later("Vendors' work"),
    "parcels": later("Parcels"),
    "trouble": later("Exceptions"),
    "money": later("Money"),
    "notes": later("Notes"),
}
# Names of facts that plain words do not say well, and those that only other facts explain.
TERMS = {
    "at": later("Scanned"),
    "since": later("Since"),
    "number": later("Tracking number"),
    "case": later("Case"),
    "rule": later("Rule"),
    "lines": later("Lines"),
    "units": later("Units"),
    "fulfillment_order": later("Fulfillment order"),
    "fulfillment_orders": later("Fulfillment orders"),
    "unfilled": later("Unfilled"),
    "doubts": later("Doubts"),
    "note": later("Note"),
    "declined": later("Declined"),
    "decline": later("Why declined"),
    "ship_on": later("Hands over"),
    "until": later("Back from"),
    "substitute": later("Instead"),
    "answer": later("Answer"),
    "attested": later("Stock"),
    "taken_back": later("Taken back"),
    "reason": later("Reason"),
    "carrier": later("Carrier"),
    "status": later("Status"),
    "delay": later("Delay"),
    "kind": later("Kind"),
    "severity": later("Severity"),
    "level": later("Level"),
    "why": later("Why"),
    "visibility": later("Visibility"),
    "photos": later("Photos"),
    "offer": later("Offer"),
    "service": later("Service"),
    "arrives": later("Expected"),
    "promised": later("Promised"),
    "was_promised": later("Promised before"),
}
HIDDEN = {"currency", "minor", "changes", "quantities"}
# What an entry says anew of what an earlier one had said of the same thing.
CHANGING = {"status", "severity", "level", "delay", "since"}


@dataclass(frozen=True, slots=True)
class Change:
    """One fact of an entry: what it is, and what it was before where that is known."""

    term: str
    now: str
    was: str | None = None
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class Of:
    """Whose story it is, and in which currency its sums are."""

    cohort: date
    order_id: UUID
    currency: str


def load(of: Of) -> dict[str, Any]:
    """Return the page of an order's story that the address asks for, with its chips."""
    by, about = _chosen("story", BY), _chosen("about", SUBJECTS)
    before = request.args.get("before", "")
    asked = Asked(
        BY[by][1] if by else tuple(Source), about, int(before) if _is_number(before) else None
    )
    found = queries.story(of.cohort, of.order_id, asked)
    counted = queries.counts(of.cohort, of.order_id)
    return {
        "entries": entries(found.rows, of.currency),
        "total": sum(row.entries for row in counted),
        "by": list(_by_chips(counted, by, about)),
        "about": list(_about_chips(counted, by, about)),
        "filtered": bool(by or about),
        "all_url": _here(story=None, about=None, before=None),
        "earlier_url": _here(before=str(found.earlier)) if found.earlier else None,
        "newest_url": _here(before=None) if asked.before else None,
    }


def _chosen(name: str, known: Mapping[str, Any]) -> str | None:
    wanted = request.args.get(name, "")
    return wanted if wanted in known else None


def _is_number(value: str) -> bool:
    # As many digits as every number of an entry has room for.
    return value.isascii() and value.isdigit() and len(value) <= len(str(queries.NEWEST)) - 1


def _here(**changes: str | None) -> str:
    return link(request.path, request.args, **changes) + ANCHOR


def _by_chips(
    counted: Sequence[Row[Any]], by: str | None, about: str | None
) -> Iterator[dict[str, Any]]:
    for name, (label, sources) in BY.items():
        number = sum(r.entries for r in counted if r.source in sources and _is_about(r, about))
        if number or name == by:
            yield _chip("story", name, label, number, by)


def _about_chips(
    counted: Sequence[Row[Any]], by: str | None, about: str | None
) -> Iterator[dict[str, Any]]:
    sources = BY[by][1] if by else tuple(Source)
    for name, label in SUBJECTS.items():
        number = sum(r.entries for r in counted if r.source in sources and _is_about(r, name))
        if number or name == about:
            yield _chip("about", name, label, number, about)


def _is_about(row: Row[Any], about: str | None) -> bool:
    return about is None or row.event.startswith(ABOUT[about])


def _chip(name: str, value: str, label: str, number: int, current: str | None) -> dict[str, Any]:
    is_current = value == current
    href = _here(**{name: None if is_current else value, "before": None})
    chip = {"label": _(label), "href": href, "count": number}
    return chip | {"current": is_current, "removable": is_current}


def entries(rows: Sequence[Row[Any]], currency: str) -> list[dict[str, Any]]:
    """Return entries as a page tells them."""
    return [_entry(row, currency) for row in rows]


def _entry(row: Row[Any], currency: str) -> dict[str, Any]:
    icon, word = SOURCES[Source(row.source)]
    facts, was = _named(row.facts, currency), _named(row.was or {}, currency)
    return happened(row.event, facts) | {
        "at": row.at,
        "actor": actor(row.actor),
        "source": {"icon": icon, "word": _(word)},
        "facts": [
            Change(_("When"), precise(row.at)),
            *_changes(facts, was),
            Change(_("Event"), row.event, is_code=True),
        ],
    }


def _named(facts: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """Return facts with what their codes stand for."""
    known = {"currency": currency} | dict(facts)
    if "carrier" in known:
        known["carrier"] = carrier_title(known["carrier"])
    return known


def _changes(facts: Mapping[str, Any], was: Mapping[str, Any]) -> Iterator[Change]:
    if "minor" in facts:
        yield Change(_("Amount"), money((facts["minor"], facts["currency"])))
    for name in facts:
        if name not in HIDDEN and (now := _value(name, facts)):
            before = _value(name, was) if name in CHANGING else None
            term = _(TERMS[name]) if name in TERMS else plain(name)
            yield Change(term, now, before if before != now else None)
    for name, (before, now) in facts.get("changes", {}).items():
        yield Change(words.field(name), _said(now), _said(before))
    for sku, before, now in facts.get("quantities", ()):
        yield Change(_("Units of {sku}", sku=sku), _said(now), _said(before))


def _said(value: str | float | None) -> str:
    """Return what a field of an order held."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return str(value) if value not in {None, ""} else _("nothing")


def _value(name: str, facts: Mapping[str, Any]) -> str | None:
    """Return a fact in words, as the sentence of its entry has it."""
    value = facts.get(name)
    if value in (None, "", []):
        return None
    return str(words.FACTS.get(name, str)(value))
