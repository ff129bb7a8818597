"""Cells that sheets open: none is taken for a formula, and what comes back is what was written."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

# What makes a cell a formula in the sheets people use (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Where a sheet may see a new cell inside one, as it parts cells by what is usual in its country.
INSIDE = re.compile(r"([;\t\r\n]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
MARKED_INSIDE = re.compile(r"([;\t\r\n]\s*)'(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
# Sheets take a file for UTF-8 only if it says so.
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"


def safe(cell: object) -> str:
    """Return a cell that no sheet takes for a formula; numbers and moments stay what they are."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(cell, (int, Decimal)) and not isinstance(cell, bool):
        return str(cell)
    words = INSIDE.sub(r"\1'", str(cell))
    return f"'{words}" if _is_formula(words) else words


def as_typed(cell: str) -> str:
    """Return a cell of a file as it was before it was made safe."""
    if "'" not in cell:
        return cell
    words = cell[1:] if cell.startswith("'") and _is_formula(cell[1:]) else cell
    return MARKED_INSIDE.sub(r"\1", words)


def _is_formula(words: str) -> bool:
    return words.lstrip().startswith(FORMULA) or words[:1] in FORMULA


def line(cells: Iterable[object], delimiter: str = ",") -> str:
    """Return one line of a CSV file."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerow([safe(cell) for cell in cells])
    return out.getvalue()


def parted_by(words: str) -> str:
    """Return what parts the cells of a line: a tab, a semicolon or a comma, the first it has."""
    return next((sign for sign in "\t;" if sign in words), ",")


def cells(words: str, delimiter: str = "") -> list[str]:
    """Return the cells of a line that somebody pasted; "": parted by what `parted_by` finds."""
    try:
        (found,) = list(csv.reader([words], delimiter=delimiter or parted_by(words))) or [[]]
    except csv.Error:
        # One is longer than any cell of a sheet.
        found = [words]
    return [as_typed(cell).strip() for cell in found]
