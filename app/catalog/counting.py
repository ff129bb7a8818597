"""What a vendor counts on its shelves: one listing, or many from a list, each row by itself.

The same rules as wherever stock is counted (app/catalog/service.py): a count is absolute, and no
unit that is held for an order can be counted away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.catalog.count_rules import Row
from app.catalog.rules import gtins
from app.catalog.service import count_stock, still_held
from app.extensions import db
from app.shared.errors import Conflict, DomainError, InvalidInput, NotFound
from app.shared.language import _

# Everything of the vendor's that a word may be: its SKU before its own code before its GTIN.
CALLED = text(
    "SELECT n.name, n.way, l.id, l.sku, c.code, c.name AS place, s.on_hand, s.reserved"
    " FROM (SELECT name, 1 AS way, l.id FROM unnest(CAST(:names AS text[])) n(name)"
    "  JOIN listings l ON l.sku IN (n.name, upper(n.name))"
    " UNION ALL SELECT name, 2, l.id FROM unnest(CAST(:names AS text[])) n(name)"
    "  JOIN listings l ON l.own_code_sought = upper(n.name)"
    " UNION ALL SELECT n.name, 3, l.id FROM unnest(CAST(:numbers AS text[]),"
    "  CAST(:gtins AS text[])) n(name, gtin) JOIN products p ON p.gtin = n.gtin"
    "  JOIN listings l ON l.sku = p.sku) n JOIN listings l ON l.id = n.id"
    " JOIN stock s ON s.listing_id = l.id JOIN locations c ON c.id = l.location_id"
    " ORDER BY n.name, n.way, c.code, l.id"
)
# Somebody may be quicker between looking and locking; nobody is that often.
TRIES = 3


class Fate(StrEnum):
    """What becomes of a row."""

    FINE = "fine"
    KNOWN = "known"
    REFUSED = "refused"
    COUNTED = "counted"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A row with what becomes of it, in words: of which listing, and how many were there."""

    row: Row
    fate: Fate
    sentence: str
    listing_id: UUID | None = None
    sku: str = ""
    place: str = ""
    was: int | None = None


def judge(rows: Sequence[Row], seen: Mapping[UUID, int] | None = None) -> list[Verdict]:
    """Return what would become of each row, changing nothing.

    `seen`: what was on hand when the list was looked over; what differs since is refused.
    """
    known = _read(rows)
    found = [_judge(row, known.get(row.name, ()), seen or {}) for row in rows]
    often = Counter(one.listing_id for one in found)
    return [_once(one) if one.listing_id and often[one.listing_id] > 1 else one for one in found]


def _once(one: Verdict) -> Verdict:
    said = _("{sku} stands in the list more than once.", sku=one.sku)
    return replace(one, fate=Fate.REFUSED, sentence=said)


def _judge(row: Row, called: Sequence[Any], seen: Mapping[UUID, int]) -> Verdict:
    try:
        if row.problem or row.units is None:
            raise InvalidInput(row.problem)
        one = _found(row, called)
    except DomainError as refusal:
        return Verdict(row, Fate.REFUSED, refusal.detail)
    fate, said = _fate(row.units, one, seen.get(one.id, one.on_hand))
    return Verdict(row, fate, said, one.id, one.sku, one.place, one.on_hand)


def _fate(units: int, one: Any, seen: int) -> tuple[Fate, str]:
    if one.on_hand == units:
        return Fate.KNOWN, _("So many are there already; nothing changes.")
    if one.on_hand != seen:
        told = _(
            "Somebody changed it from {seen} to {now} meanwhile. Look the list over again.",
            seen=seen,
            now=one.on_hand,
        )
        return Fate.REFUSED, told
    if units < one.reserved:
        return Fate.REFUSED, still_held(one.sku, one.reserved)
    return Fate.FINE, _("{was} before, {now} from now on.", was=one.on_hand, now=units)


def _found(row: Row, called: Sequence[Any]) -> Any:
    """Return the one listing that a row means."""
    if not called:
        raise NotFound(_("You sell nothing that is called {name}.", name=row.name))
    best = [one for one in called if one.way == called[0].way]
    skus = sorted({one.sku for one in best})
    if len(skus) > 1:
        said = _("{name} may be {skus}: name the SKU.", name=row.name, skus=", ".join(skus[:5]))
        raise Conflict(said)
    place = row.place.casefold()
    here = [one for one in best if place in {"", one.code.casefold(), one.place.casefold()}]
    places = ", ".join(one.code for one in best[:5])
    if not here:
        facts = {"sku": best[0].sku, "places": places, "place": row.place}
        raise NotFound(_("You sell {sku} at {places}, not at {place}.", **facts))
    if len(here) > 1:
        said = _("You sell {sku} at {places}: name the place.", sku=best[0].sku, places=places)
        raise Conflict(said)
    return here[0]


def _read(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Return what each name of a list may mean, the likeliest first."""
    names = sorted({row.name for row in rows if row.name and not row.problem})
    numbers = [(name, gtin) for name in names for gtin in gtins(name)]
    values = {
        "names": names,
        "numbers": [name for name, _gtin in numbers],
        "gtins": [gtin for _name, gtin in numbers],
    }
    found: dict[str, list[Any]] = {}
    for one in db.session.execute(CALLED, values):
        found.setdefault(one.name, []).append(one)
    return found


def count_listed(
    rows: Sequence[Row], seen: Mapping[UUID, int] | None = None
) -> tuple[list[Verdict], int]:
    """Count what a list says, row by row; return what became of each, and how many were counted.

    One that is refused holds up no other. Conflict if others count the same all the while.
    """
    for _try in range(TRIES):
        verdicts = judge(rows, seen)
        fine = {one.listing_id: one for one in verdicts if one.fate is Fate.FINE and one.listing_id}
        counts = {key: one.row.units or 0 for key, one in fine.items()}
        try:
            # What a try has locked is let go with it: orders are woken before stock is locked.
            with db.session.begin_nested():
                count_stock(counts, seen={key: one.was or 0 for key, one in fine.items()})
        except Conflict:
            continue
        done = [replace(v, fate=Fate.COUNTED) if v.fate is Fate.FINE else v for v in verdicts]
        return done, len(fine)
    raise Conflict(_("Somebody counts the same stock right now. Look the list over again."))
