"""A file that is kept, opened: what it is, how its cells are read, and its records from a place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text

from app.extensions import db
from app.intake import files, records
from app.intake.cells import Sheet
from app.intake.contract import Record, Way
from app.intake.records import Place
from app.intake.registry import kind_of
from app.intake.rules import amount, decimal_of, delimiter_of, guess
from app.policies import marketplace
from app.shared.errors import InvalidInput

# So many rows say how amounts are written; few of them are shown beside the columns.
LOOKED_AT, SHOWN = 50, 3
LONGEST_HEAD = 64 * 1024
FIRST = text("SELECT content FROM import_parts WHERE import_id = :id AND position = 0")
# How somebody arranged a file of the same columns before.
ARRANGED = text(
    "SELECT mapping, fixed FROM imports WHERE kind = :kind AND header = CAST(:header AS jsonb)"
    " AND format = 'csv' AND status <> 'draft' ORDER BY made_at DESC LIMIT 1"
)


def opened(import_id: UUID, kind: str) -> dict[str, Any]:
    """Return what a file's first lines say of all of it, as its row keeps that.

    InvalidInput says why it cannot be read.
    """
    head: bytes = db.session.scalar(FIRST, {"id": import_id}) or b""
    head = head.removeprefix(records.BOM).lstrip()
    fixed = {"currency": marketplace.currency(), "decimal": "."}
    if head[:1] == b"{":
        return {"format": "jsonl", "fixed": fixed}
    if head[:1] == b"[":
        message = "Write each record on a line of its own (JSON lines), not all of them as a list."
        raise InvalidInput("The file was not taken.", file=message)
    if b"\n" not in head and b"\r" in head:
        raise InvalidInput("The file was not taken.", file=f"Its lines do not end. {files.SAVE_AS}")
    # More than this no row of names is.
    first = head[:LONGEST_HEAD].partition(b"\n")[0]
    delimiter = delimiter_of(first.decode(errors="replace").strip())
    header, place = records.header_of(files.lines(import_id, 0, 1), delimiter)
    found = {"format": "csv", "header": header, "delimiter": delimiter}
    values = {"kind": kind, "header": json.dumps(header)}
    if before := db.session.execute(ARRANGED, values).first():
        return found | {"mapping": before.mapping, "fixed": before.fixed}
    mapping = guess(header, kind_of(kind).fields)
    cells = _cells(import_id, place, delimiter, len(header), LOOKED_AT)
    amounts = [field.name for field in kind_of(kind).fields if field.read is amount]
    columns = [header.index(mapping[name]) for name in amounts if name in mapping]
    fixed["decimal"] = decimal_of([row[column] for row in cells for column in columns])
    return found | {"mapping": mapping, "fixed": fixed}


def samples(row: Row[Any]) -> list[tuple[str, ...]]:
    """Return the cells of a file's first rows."""
    _, place = records.header_of(files.lines(row.id, 0, 1), row.delimiter)
    return _cells(row.id, place, row.delimiter, len(row.header), SHOWN)


def _cells(
    import_id: UUID, place: Place, delimiter: str, columns: int, most: int
) -> list[tuple[str, ...]]:
    lines = files.lines(import_id, place.byte, place.lines + 1)
    found, _ = records.few(records.rows_of(lines, place, delimiter, columns, None), most, most)
    return [one.cells for record in found for one in record.rows]


def beginning(row: Row[Any]) -> Place:
    """Return where a file's records begin."""
    if row.format == "jsonl":
        return Place()
    return records.header_of(files.lines(row.id, 0, 1), row.delimiter)[1]


def sheet_of(row: Row[Any]) -> Sheet:
    """Return how a file is read."""
    way = Way(ZoneInfo(marketplace.zone()), row.fixed.get("decimal", "."))
    return Sheet(kind_of(row.kind), row.header, row.mapping, row.fixed, way)


def records_of(row: Row[Any], sheet: Sheet) -> Iterator[Record]:
    """Return a file's records from where reading goes on."""
    place = Place(row.read_to, row.read_lines)
    lines = files.lines(row.id, place.byte, place.lines + 1)
    if row.format == "jsonl":
        return records.json_of(lines, place)
    columns = len(row.header)
    return records.rows_of(lines, place, row.delimiter, columns, sheet.together)
