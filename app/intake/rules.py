"""What the cells of a file mean, and which of its columns is which of our fields."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache

from babel import Locale

from app.intake.contract import Field, Reader, Way
from app.shared.language import later

# What may stand between cells.
DELIMITERS = (",", ";", "\t")
LONGEST_MOMENT = len("2026-11-21T10:15:00.000000+01:00:00")
# More columns are no table that somebody has looked at.
MOST_COLUMNS = 200
YES, NO = {"yes", "y", "true", "1", "x"}, {"no", "n", "false", "0"}
# Days before months, with dots; with slashes nobody can tell which is which.
WRITTEN = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y")
# What decimals may stand after, and what it is called.
SIGNS = {".": "point", ",": "comma"}
# As sheets mark figures that are text, and not a number: '0123.
MARKED = re.compile(r"^'(?=\s*[0-9])")
CURRENCY = re.compile(r"^(?:[€$£¥]|[A-Z]{3})\s*|\s*(?:[€$£¥]|[A-Z]{3})$")
NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?", re.ASCII)
# No amount is longer, whatever stands between its figures.
LONGEST_NUMBER = 60


def _written_with(decimal: str) -> re.Pattern[str]:
    """Return how numbers are written whose decimals stand after a sign.

    The other sign, a space or an apostrophe may stand before each three figures, and between the
    twos of India (1,23,456): anywhere else, "12,50" would become 1,250.
    """
    other = "," if decimal == "." else "."
    threes = rf"[1-9][0-9]{{0,2}}(?P<by>[{other}\s'\u2019])[0-9]{{3}}(?:(?P=by)[0-9]{{3}})*"
    twos = rf"[1-9][0-9]?(?:{re.escape(other)}[0-9]{{2}})+{re.escape(other)}[0-9]{{3}}"
    whole = rf"(?P<whole>{threes}|{twos}|[0-9]*)"
    return re.compile(rf"(?P<minus>-?){whole}(?:{re.escape(decimal)}(?P<cents>[0-9]*))?")


WRITTEN_WITH = {decimal: _written_with(decimal) for decimal in SIGNS}


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


TWO_SIGNS = later(
    "Some of its first numbers have decimals after a point, others after a comma. Say which of them"
    " is meant; the others are refused."
)
TWO_WAYS = later(
    "Its first numbers can be read in two ways, as 1.234 can. Say whether decimals stand after a"
    " point or a comma."
)


def decimal_of(cells: Iterable[str]) -> str | None:
    """Return which sign decimals stand after; None where no cell depends on it.

    ValueError says why the cells do not tell it: they contradict each other, or each can be read
    both ways.
    """
    told, is_open = set(), False
    for cell in cells:
        read = {decimal: figures(cell, decimal) for decimal in SIGNS}
        found = [decimal for decimal, number in read.items() if number is not None]
        if len(found) == 1:
            told.update(found)
        is_open = is_open or len(set(read.values()) - {None}) > 1
    if len(told) > 1:
        raise ValueError(TWO_SIGNS)
    if not told and is_open:
        raise ValueError(TWO_WAYS)
    return next(iter(told), None)


def figures(cell: str, decimal: str) -> str | None:
    """Return a number as the API takes it: no currency, no marks between thousands.

    None where it is no number whose decimals stand after that sign.
    """
    if len(cell) > LONGEST_NUMBER:
        return None
    bare = CURRENCY.sub("", MARKED.sub("", cell.strip()))
    found = WRITTEN_WITH[decimal].fullmatch(bare)
    if found is None:
        return None
    whole = re.sub("[^0-9]", "", found["whole"])
    written = found["minus"] + (whole or "0") + (f".{found['cents']}" if found["cents"] else "")
    return written if (whole or found["cents"]) and NUMBER.fullmatch(written) else None


# Readers --------------------------------------------------------------------------------------


def words(cell: str, _way: Way) -> str:
    """Return a cell as it stands."""
    return cell


def code(cell: str, _way: Way) -> str:
    """Return a number that is a name, without the mark that it is text.

    A shop's export of orders from Shopify, as it was found published, has '1930000 in its columns
    Billing Zip and Shipping Zip.
    """
    return MARKED.sub("", cell)


def _number(cell: str, way: Way) -> str | None:
    found = {figures(cell, sign) for sign in way.decimal or SIGNS} - {None}
    if len(found) > 1:
        message = (
            f"'{cell[:40]}' can be read in two ways; say whether decimals stand after a point or a"
            " comma."
        )
        raise ValueError(message)
    return next(iter(found), None)


def amount(cell: str, way: Way) -> str:
    """Return an amount as the API takes it: no currency, no marks between thousands."""
    written = _number(cell, way)
    if written is None:
        like = f"write it like 12{way.decimal or '.'}50"
        message = f"'{cell[:40]}' is not an amount{_read_with(way)}; {like}."
        raise ValueError(message)
    return written


def _read_with(way: Way) -> str:
    return f" where decimals stand after a {SIGNS[way.decimal]}" if way.decimal else ""


def whole(cell: str, way: Way) -> int:
    """Return a whole number; sheets write 2 as 2.0."""
    number = _number(cell, way)
    written, _, rest = (number or "").partition(".")
    if number is None or rest.strip("0"):
        where = _read_with(way) if any(sign in cell for sign in SIGNS) else ""
        message = f"'{cell[:40]}' is not a whole number{where}."
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
