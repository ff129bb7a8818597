"""A list of counts, as people paste it or keep it in a file: its rows, read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.catalog.rules import MOST_ON_HAND
from app.shared.errors import InvalidInput
from app.shared.language import _
from app.web.sheets import BOM, cells, parted_by

MOST_ROWS = 500
MOST_BYTES = 200_000
MOST_CELL = 120
# What a first line calls the columns, in the languages people keep lists in; letters alone count.
HEADS: Mapping[str, tuple[str, ...]] = {
    "name": ("sku", "article", "artikel", "artikelnummer", "item", "gtin", "ean", "owncode"),
    "place": ("location", "place", "warehouse", "lager", "ort", "standort"),
    "units": ("onhand", "counted", "count", "stock", "quantity", "qty", "units", "bestand"),
}
# A row without such a line: what it names, how many, and between them where, if it says.
SHORT, LONG = 2, 3


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line, what it names, where, and how many are there.

    `problem` is why it cannot be read.
    """

    line: int
    name: str
    place: str = ""
    units: int | None = None
    problem: str = ""


def rows(text: str) -> list[Row]:
    """Return the rows of a list.

    Refused (InvalidInput) is only what is no list at all: nothing in it, or far too much.
    """
    lines = text.lstrip(BOM).splitlines()
    named = [(n, line) for n, line in enumerate(lines, start=1) if line.strip()]
    columns = _columns(named[0][1]) if named else {}
    # A title may hold what parts the cells of other files.
    sign = parted_by(named[0][1]) if columns else ""
    if columns:
        named = named[1:]
    if not named:
        said = _("The list is empty. A row names an article and how many of it are there.")
        raise InvalidInput(said, rows=said)
    if len(named) > MOST_ROWS:
        said = _("The list has {n} rows; {most} is the most at once.", n=len(named), most=MOST_ROWS)
        raise InvalidInput(said, rows=said)
    return [_row(n, _cells(line, sign), columns) for n, line in named]


def _cells(line: str, sign: str = "") -> list[str]:
    return [cell[:MOST_CELL] for cell in cells(line, sign)]


def _columns(line: str) -> dict[str, int]:
    """Return where a first line says that each thing stands; nothing where it is a row itself."""
    heads = [re.sub(r"[^a-z]", "", cell.lower()) for cell in _cells(line)]
    found = {
        what: heads.index(next(word for word in words if word in heads))
        for what, words in HEADS.items()
        if any(word in heads for word in words)
    }
    return found if {"name", "units"} <= set(found) else {}


def _row(line: int, found: Sequence[str], columns: Mapping[str, int]) -> Row:
    if columns:
        cell = {what: found[n] if n < len(found) else "" for what, n in columns.items()}
        name, place, units = cell["name"], cell.get("place", ""), cell["units"]
    elif len(found) in {SHORT, LONG}:
        name, place, units = found[0], found[1] if len(found) == LONG else "", found[-1]
    else:
        said = _("A row names an article, where it lies if you have several places, and a number.")
        return Row(line, found[0] if found else "", problem=said)
    if not name:
        return Row(line, name, place, problem=_("The row names no article."))
    if not re.fullmatch(r"[0-9]{1,9}", units, re.ASCII) or int(units) > MOST_ON_HAND:
        said = _("{words} is no number of units. Write it like 40.", words=units[:40] or "\u2013")
        return Row(line, name, place, problem=said)
    return Row(line, name, place, int(units))
