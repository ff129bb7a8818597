"""The records of a file: an order's rows that stand together, a row, or a line of JSON."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from app.intake.contract import Record, Row
from app.intake.files import Unreadable
from app.intake.forms import MOST_LINES
from app.intake.reading import parsed
from app.intake.rules import MOST_COLUMNS, named
from app.shared.errors import InvalidInput
from app.web.sheets import as_typed

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading goes on: at which byte, and after how many lines."""

    byte: int = 0
    lines: int = 0


class _Feed:
    """Hands lines on to whoever makes cells of them, and knows how far that has come."""

    def __init__(self, lines: Iterator[bytes], place: Place) -> None:
        self.source, self.byte, self.lines = lines, place.byte, place.lines

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = next(self.source)
        is_first = self.byte == 0
        self.byte += len(line)
        self.lines += 1
        return (line.removeprefix(BOM) if is_first else line).decode()


def header_of(lines: Iterator[bytes], delimiter: str) -> tuple[list[str], Place]:
    """Return what a CSV file's columns are called, and where its rows begin."""
    for row, place in _rows(lines, Place(), delimiter):
        if len(row.cells) > MOST_COLUMNS:
            message = f"The file has {len(row.cells):,} columns; {MOST_COLUMNS} is the most."
            raise InvalidInput("The file was not taken.", file=message)
        if row.line > 1 or not row.cells[0].lower().startswith("sep="):
            return named(row.cells), place
    raise InvalidInput("The file was not taken.", file="The file has no rows.")


def _rows(lines: Iterator[bytes], place: Place, delimiter: str) -> Iterator[tuple[Row, Place]]:
    """Return the rows that say something, each with the place after it.

    Unreadable names the line from which on nobody can tell where a row begins.
    """
    feed = _Feed(lines, place)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        first = feed.lines + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            said = f"Lines {first} to {feed.lines}" if feed.lines > first else f"Line {first}"
            raise Unreadable(f"{said} cannot be read: {error}.") from None
        if any(cell.strip() for cell in cells):
            yield Row(first, tuple(cells)), Place(feed.byte, feed.lines)


def rows_of(
    lines: Iterator[bytes], place: Place, delimiter: str, columns: int, together: int | None
) -> Iterator[Record]:
    """Return the records of a CSV file; rows whose cell `together` is the same are one of them.

    A record's `end` is the place of the row that follows it.
    """
    gathered: list[Row] = []
    here = place
    for row, after in _rows(lines, place, delimiter):
        is_same = bool(gathered) and together is not None and _same(gathered[0], row, together)
        if gathered and not is_same:
            yield _record(gathered, here, columns)
            gathered = []
        # One row more than an order may have is enough to refuse it.
        if len(gathered) <= MOST_LINES:
            gathered.append(row)
        here = after
    if gathered:
        yield _record(gathered, here, columns)


def _same(first: Row, row: Row, together: int) -> bool:
    """Return whether a row goes on with the record of a first one; an empty name goes on."""
    name = _cell(row, together)
    return not name or name == _cell(first, together)


def _cell(row: Row, place: int) -> str:
    return row.cells[place].strip() if place < len(row.cells) else ""


def _record(rows: Sequence[Row], end: Place, columns: int) -> Record:
    wide = next((row for row in rows if len(row.cells) > columns), None)
    problem = None
    if wide is not None:
        problem = f"Line {wide.line} has {len(wide.cells)} cells, the header has {columns}."
    elif len(rows) > MOST_LINES:
        problem = f"It has more than {MOST_LINES} rows."
    padded = [Row(row.line, _padded(row.cells, columns)) for row in rows]
    return Record(rows[0].line, end.byte, end.lines, rows=tuple(padded), problem=problem)


def _padded(cells: Sequence[str], columns: int) -> tuple[str, ...]:
    """Return a row's cells as they were typed; sheets leave empty ones at the end away."""
    return tuple(as_typed(cell) for cell in (*cells, *[""] * (columns - len(cells))))


def json_of(lines: Iterator[bytes], place: Place) -> Iterator[Record]:
    """Return the records of a file of JSON lines."""
    feed = _Feed(lines, place)
    for line in feed:
        if text := line.strip():
            yield _of_json(text, Place(feed.byte, feed.lines))


def _of_json(text: str, end: Place) -> Record:
    try:
        data = parsed(text)
    except InvalidInput as refusal:
        return Record(end.lines, end.byte, end.lines, raw=text, problem=refusal.detail)
    if not isinstance(data, dict):
        problem = "It is not a JSON object."
        return Record(end.lines, end.byte, end.lines, raw=text, problem=problem)
    return Record(end.lines, end.byte, end.lines, data=data, raw=text)


def few(records: Iterator[Record], most: int, most_rows: int) -> tuple[list[Record], str | None]:
    """Return the next records, and why none follows them that can be read, if so."""
    found: list[Record] = []
    size = 0
    try:
        for record in islice(records, most):
            found.append(record)
            size += len(record.rows)
            if size >= most_rows:
                break
    except Unreadable as problem:
        return found, problem.detail
    return found, None
