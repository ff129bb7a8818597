"""A list of parcels that have left, as people paste it or keep it in a file: its rows, read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.shared.errors import InvalidInput
from app.shared.language import _
from app.web.fields import EARLIEST, LATEST
from app.web.sheets import cells

MOST_ROWS = 500
MOST_BYTES = 200_000
MOST_CELL = 120
COLUMNS = 4
# What a first line that names the columns begins with, in the languages people keep lists in.
HEADS = {"order", "reference", "package", "parcel", "bestellung", "paket", "auftrag", "order id"}
# How spreadsheets write a moment.
MOMENTS = ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line, what it names, carrier and number as typed, and when it left if it says.

    `problem` is why it cannot be read.
    """

    line: int
    name: str
    carrier: str = ""
    number: str = ""
    shipped_at: datetime | None = None
    problem: str = ""


def rows(text: str, zone: ZoneInfo) -> list[Row]:
    """Return the rows of a list; clocks without an offset are those of a zone.

    Refused (InvalidInput) is only what is no list at all: nothing in it, or far too much.
    """
    lines = text.lstrip("\N{ZERO WIDTH NO-BREAK SPACE}").splitlines()
    named = [(n, line) for n, line in enumerate(lines, start=1) if line.strip()]
    if named and _is_head(_cells(named[0][1])):
        named = named[1:]
    if not named:
        said = _("The list is empty. A row names an order or a parcel, a carrier and a number.")
        raise InvalidInput(said, rows=said)
    if len(named) > MOST_ROWS:
        said = _("The list has {n} rows; {most} is the most at once.", n=len(named), most=MOST_ROWS)
        raise InvalidInput(said, rows=said)
    return [_row(n, _cells(line), zone) for n, line in named]


def _cells(line: str) -> list[str]:
    return [cell[:MOST_CELL] for cell in cells(line)]


def _is_head(cells: Sequence[str]) -> bool:
    return bool(cells) and cells[0].lower().replace("_", " ") in HEADS


def _row(line: int, cells: Sequence[str], zone: ZoneInfo) -> Row:
    if len(cells) == 2:  # noqa: PLR2004 - a name and a number: the number tells its carrier
        return Row(line, cells[0], "", cells[1])
    if len(cells) not in {COLUMNS - 1, COLUMNS}:
        said = _("A row names an order or a parcel, a carrier, a number and, if not now, when.")
        return Row(line, cells[0] if cells else "", problem=said)
    name, carrier, number, *rest = cells
    if not rest or not rest[0]:
        return Row(line, name, carrier, number)
    moment = _moment(rest[0], zone)
    if moment is None:
        said = _("{words} is no moment. Write it like 2026-11-23 14:30.", words=rest[0][:40])
        return Row(line, name, carrier, number, problem=said)
    return Row(line, name, carrier, number, moment)


def _moment(words: str, zone: ZoneInfo) -> datetime | None:
    """Return when a row says its parcel left; None where that is no moment of our times."""
    found = _read(words, zone)
    return found if found and EARLIEST <= found.year < LATEST else None


def _read(words: str, zone: ZoneInfo) -> datetime | None:
    for form in MOMENTS:
        try:
            return datetime.strptime(words, form).replace(tzinfo=zone)
        except ValueError:
            continue
    try:
        found = datetime.fromisoformat(words)
    except ValueError:
        return None
    return found if found.tzinfo else None


def carrier_code(words: str) -> str | None:
    """Return the code of a carrier as people write it ("DHL Express"), None where none is named."""
    code = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    first = code.partition("_")[0]
    return {"federal": "fedex", "united": "ups"}.get(first, first) or None
