"""A file that is kept, opened: what it is, how its cells are read, and its records from a place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text

from app.extensions import db
from app.intake import files, records
from app.intake.cells import Judged, Sheet, judged
from app.intake.contract import Record, Way
from app.intake.records import Place
from app.intake.registry import kind_of
from app.intake.rules import amount, decimal_of, delimiter_of, guess, whole
from app.policies import marketplace
from app.shared.errors import InvalidInput

# So many rows say how numbers are written; few of them are shown beside the columns.
LOOKED_AT, SHOWN = 1_000, 3
# So many records are shown as they are read, found among so many rows.
READ_SHOWN, READ_AMONG = 5, 200
LONGEST_HEAD = 64 * 1024
REFUSED = text("SELECT line FROM import_refusals WHERE import_id = :id AND line = ANY(:lines)")
FIRST = text("SELECT content FROM import_parts WHERE import_id = :id AND position = 0")
# How somebody arranged a file of the same columns before. How its numbers are written and whether
# customers are told is said of each file anew.
REMEMBERED = ("channel", "currency")
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
    fixed = {"currency": marketplace.currency()}
    if head[:1] == b"{":
        return {"format": "jsonl", "fixed": fixed}
    if head[:1] == b"[":
        message = "Write each record on a line of its own (JSON lines), not all of them as a list."
        raise InvalidInput("The file was not taken.", file=message)
    if b"\n" not in head and b"\r" in head:
        raise InvalidInput("The file was not taken.", file=f"Its lines do not end. {files.SAVE_AS}")
    # More than this no row of names is.
    names = head[:LONGEST_HEAD].partition(b"\n")[0]
    delimiter = delimiter_of(names.decode(errors="replace").strip())
    header, place = records.header_of(files.lines(import_id, 0, 1), delimiter)
    found = {"format": "csv", "header": header, "delimiter": delimiter}
    mapping = guess(header, kind_of(kind).fields)
    values = {"kind": kind, "header": json.dumps(header)}
    if before := db.session.execute(ARRANGED, values).first():
        mapping = before.mapping
        fixed |= {name: before.fixed[name] for name in REMEMBERED if before.fixed.get(name)}
    # Where its numbers do not tell, whoever arranges it is asked.
    fixed["decimal"] = ""
    with suppress(ValueError):
        cells = _cells(import_id, place, delimiter, len(header), LOOKED_AT)
        fixed["decimal"] = _decimal(kind, header, mapping, cells) or ""
    return found | {"mapping": mapping, "fixed": fixed}


def decimal(row: Row[Any], mapping: Mapping[str, str]) -> str | None:
    """Return which sign a CSV file's decimals stand after; None where its numbers have none.

    ValueError says why its first rows do not tell it.
    """
    return _decimal(row.kind, row.header, mapping, samples(row, LOOKED_AT))


def _decimal(
    kind: str, header: Sequence[str], mapping: Mapping[str, str], cells: Sequence[Sequence[str]]
) -> str | None:
    numbers = [field.name for field in kind_of(kind).fields if field.read in {amount, whole}]
    columns = [header.index(mapping[name]) for name in numbers if mapping.get(name) in header]
    return decimal_of(row[column] for row in cells for column in columns)


def samples(row: Row[Any], most: int = SHOWN) -> list[tuple[str, ...]]:
    """Return the cells of a CSV file's first rows."""
    return _cells(row.id, beginning(row), row.delimiter, len(row.header), most)


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


def records_of(row: Row[Any], sheet: Sheet, place: Place) -> Iterator[Record]:
    """Return a file's records from a place on."""
    lines = files.lines(row.id, place.byte, place.lines + 1)
    if row.format == "jsonl":
        return records.json_of(lines, place)
    columns = len(row.header)
    return records.rows_of(lines, place, row.delimiter, columns, sheet.together)


def first(row: Row[Any]) -> list[Judged]:
    """Return the first records of a file that nothing is wrong with, as they are read.

    Of a file that has been worked off none is left.
    """
    sheet = sheet_of(row)
    found, _ = records.few(records_of(row, sheet, beginning(row)), READ_AMONG, READ_AMONG)
    values = {"id": row.id, "lines": [record.line for record in found]}
    refused = set(db.session.scalars(REFUSED, values))
    left = (judged(record, sheet) for record in found if record.line not in refused)
    return list(islice((one for one in left if not one.wrong), READ_SHOWN))
