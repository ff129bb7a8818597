"""What the cells of a file mean, and which of its columns is which of our fields."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache

from babel import Locale

from app.intake.contract import Field, Reader, Way

# What may stand between cells.
DELIMITERS = (",", ";", "\t")
LONGEST_MOMENT = len("2026-11-21T10:15:00.000000+01:00:00")
# More columns are no table that somebody has looked at.
MOST_COLUMNS = 200
YES, NO = {"yes", "y", "true", "1", "x"}, {"no", "n", "false", "0"}
# Days before months, with dots; with slashes nobody can tell which is which.
WRITTEN = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y")
SPACES = re.compile(r"[\s\u00a0\u202f']")
NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?", re.ASCII)


def delimiter_of(head: str) -> str:
    """Return what parts the cells of a file by its first line: what makes the most of them."""
    if head.lower().startswith("sep=") and head[4:5] in DELIMITERS:
        return head[4]
    return max(DELIMITERS, key=lambda mark: _cells_of(head, mark))


def _cells_of(head: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([head], delimiter=delimiter, strict=True), []))
    except csv.Error:
        # Quotes end where this delimiter has no cell that ends.
        return 0


def named(cells: Sequence[str]) -> list[str]:
    """Return the names of columns; one without a name is called by its place, no two are alike."""
    names: list[str] = []
    for n, cell in enumerate(cells, 1):
        name = " ".join(cell.split())[:100] or f"Column {n}"
        names.append(name if name not in names else f"{name} ({n})")
    return names


def guess(header: Sequence[str], fields: Sequence[Field]) -> dict[str, str]:
    """Return which column each field is, by what people call it; no column is two fields."""
    plain = {_plain(name): name for name in reversed(header)}
    found: dict[str, str] = {}
    for field in fields:
        words = (_plain(field.name), _plain(field.label), *field.known_as)
        column = next((plain[word] for word in words if word in plain), None)
        if column is not None and column not in found.values():
            found[field.name] = column
    return found


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())


def decimal_of(cells: Sequence[str]) -> str:
    """Return which sign parts a column's decimals: a comma where one ends an amount so."""
    return "," if any(re.search(r",\d{1,2}\W*$", cell) for cell in cells) else "."


# Readers --------------------------------------------------------------------------------------


def words(cell: str, _way: Way) -> str:
    """Return a cell as it stands."""
    return cell


def amount(cell: str, way: Way) -> str:
    """Return an amount as the API takes it: no currency, no marks between thousands."""
    other = "." if way.decimal == "," else ","
    bare = SPACES.sub("", cell).strip("€$£¥")
    bare = re.sub(r"^[A-Z]{3}|[A-Z]{3}$", "", bare)
    whole, sign, cents = bare.rpartition(way.decimal)
    whole = (whole if sign else bare).replace(other, "")
    written = f"{whole or '0'}.{cents}" if sign and cents else whole
    if not NUMBER.fullmatch(written):
        message = f"'{cell[:40]}' is not an amount; write it like 12{way.decimal}50."
        raise ValueError(message)
    return written


def whole(cell: str, way: Way) -> int:
    """Return a whole number; sheets write 2 as 2.0."""
    message = f"'{cell[:40]}' is not a whole number."
    try:
        written, _, rest = amount(cell, way).partition(".")
    except ValueError:
        raise ValueError(message) from None
    if rest.strip("0"):
        raise ValueError(message)
    return int(written)


def moment(cell: str, way: Way) -> datetime:
    """Return a moment; one that names no offset is by the marketplace's clock."""
    told = cell.strip()
    found = _iso(told) if len(told) <= LONGEST_MOMENT else None
    found = found or _written(told)
    return found if found.tzinfo else found.replace(tzinfo=way.zone)


def _iso(told: str) -> datetime | None:
    """Return a moment of ISO 8601; shops write a space before its offset."""
    try:
        return datetime.fromisoformat(re.sub(r"\s+([+-]\d\d:?\d\d)$", r"\1", told))
    except ValueError:
        return None


def day(cell: str, _way: Way) -> date:
    """Return a day."""
    try:
        return date.fromisoformat(cell.strip())
    except ValueError:
        return _written(cell).date()


def _written(cell: str) -> datetime:
    for form in WRITTEN:
        try:
            return datetime.strptime(cell.strip(), form)  # noqa: DTZ007 - its zone is the file's
        except ValueError:
            continue
    message = f"'{cell[:40]}' is not a time; write it like 2026-11-21 10:15 or 21.11.2026 10:15."
    raise ValueError(message)


def yes_no(cell: str, _way: Way) -> bool:
    """Return whether a cell says yes."""
    word = cell.strip().lower()
    if word not in YES | NO:
        message = f"'{cell[:40]}' is neither yes nor no."
        raise ValueError(message)
    return word in YES


def country(cell: str, _way: Way) -> str:
    """Return a country's two letters, by them or by its English name."""
    word = cell.strip().upper()
    code = word if word in _countries().values() else _countries().get(word)
    if code is None:
        message = f"'{cell[:40]}' is no country; write its two letters, like SE."
        raise ValueError(message)
    return code


@cache
def _countries() -> Mapping[str, str]:
    names = Locale("en").territories
    return {name.upper(): code for code, name in names.items() if len(code) == len("SE")}


def capitals(cell: str, _way: Way) -> str:
    """Return a code that is written in capitals."""
    return cell.strip().upper()


def field(
    name: str, label: str, known_as: str = "", *, read: Reader = words, is_needed: bool = False
) -> Field:
    """Return a field; `known_as` are the names of columns that mean it, with spaces between."""
    known = tuple(known_as.split())
    return Field(name=name, label=label, read=read, known_as=known, is_needed=is_needed)
