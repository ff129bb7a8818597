"""From the cells of a record to what it says, and from what is wrong with it back to its cells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.intake.contract import Field, Kind, Record, Row, Values, Way, Wrong
from app.shared.errors import DomainError, InvalidInput

LINES = "lines."
# Where a form says that something of a line is wrong.
OF_LINE = re.compile(r"lines\.(\d+)\.(.+)")


@dataclass(frozen=True, slots=True)
class Sheet:
    """How a file is read: its columns, which of them our fields are, and what its words mean.

    `fixed` is what was chosen for all of its records.
    """

    kind: Kind
    header: Sequence[str]
    mapping: Mapping[str, str]
    fixed: Mapping[str, str]
    way: Way

    def place(self, field: str) -> int | None:
        """Return which cell of a row a field is; None where no column is."""
        column = self.mapping.get(field)
        return self.header.index(column) if column in self.header else None

    @property
    def together(self) -> int | None:
        """Return the cell that the rows of one record have in common; None: each row is one."""
        return self.place(self.kind.named_by[0]) if self.kind.is_grouped else None

    def column(self, field: str) -> str:
        """Return what a field is called in the file; where it is not in it, what we call it."""
        labels = {one.name: one.label for one in self.kind.fields}
        return self.mapping.get(field) or labels.get(field, field)


@dataclass(frozen=True, slots=True)
class Judged:
    """A record, what it is called, and either its form or everything that is wrong with it."""

    record: Record
    name: str
    form: Any = None
    wrong: tuple[Wrong, ...] = ()


def judged(record: Record, sheet: Sheet) -> Judged:
    """Return what a record says as a form, or why it cannot be taken."""
    values, wrong = _said(record, sheet, sheet.kind.fields)
    name = _name(values, sheet)
    if record.problem:
        return Judged(record, name, wrong=(Wrong(record.line, "", record.problem),))
    form = None
    try:
        form = sheet.kind.check(values)
    except InvalidInput as refusal:
        # What a cell cannot mean is said better than that its field is missing.
        wrong = wrong_of(refusal, record, sheet) | wrong
    told = sorted(wrong.values(), key=lambda one: one.line)
    return Judged(record, name, None if wrong else form, tuple(told))


def name_of(record: Record, sheet: Sheet) -> str:
    """Return what a record is called, reading no more of it than that; "" where it has no name."""
    naming = [field for field in sheet.kind.fields if field.name in sheet.kind.named_by]
    return _name(_said(record, sheet, naming)[0], sheet)


def _name(values: Values, sheet: Sheet) -> str:
    return " ".join(str(values.get(part) or "") for part in sheet.kind.named_by).strip()[:200]


def wrong_of(refusal: DomainError, record: Record, sheet: Sheet) -> dict[str, Wrong]:
    """Return what a refusal says by field, with the line and column each stands in."""
    if not refusal.fields:
        return {"": Wrong(record.line, "", refusal.detail)}
    return {
        path: Wrong(*_where(path, record, sheet), words) for path, words in refusal.fields.items()
    }


def _where(path: str, record: Record, sheet: Sheet) -> tuple[int, str]:
    found = OF_LINE.fullmatch(path)
    if record.data is not None or (found and int(found[1]) >= len(record.rows)):
        return record.line, path
    if found:
        return record.rows[int(found[1])].line, sheet.column(f"{LINES}{found[2]}")
    return record.line, sheet.column(path)


def _said(record: Record, sheet: Sheet, fields: Sequence[Field]) -> tuple[Values, dict[str, Wrong]]:
    """Return what a record says in some fields, and by field what of it cannot be read."""
    values = sheet.kind.given(sheet.fixed)
    if record.data is not None:
        # What was refused comes back with why it was.
        return values | {k: v for k, v in record.data.items() if k != "error"}, {}
    reading = _Reading(record.rows, sheet, values)
    for field in fields:
        place = sheet.place(field.name)
        if place is not None:
            reading.read(field, place)
    sheet.kind.fill(values)
    return values, reading.wrong


class _Reading:
    """Reads the cells of one record, field by field."""

    def __init__(self, rows: Sequence[Row], sheet: Sheet, values: Values) -> None:
        self.rows, self.sheet, self.values = rows, sheet, values
        self.wrong: dict[str, Wrong] = {}

    def read(self, field: Field, place: int) -> None:
        """Read a field from the cells in a place: a line's from each row, others from the first."""
        if field.name.startswith(LINES):
            name = field.name.removeprefix(LINES)
            lines = self.values.setdefault("lines", [{} for _ in self.rows])
            for n, row in enumerate(self.rows):
                lines[n] |= self._cell(row, place, field, f"{LINES}{n}.{name}")
            return
        into = self.values
        for part in field.name.split(".")[:-1]:
            into = into.setdefault(part, {})
        for row in self.rows[:1]:
            into |= self._cell(row, place, field, field.name)
        self._compare(field, place)

    def _cell(self, row: Row, place: int, field: Field, path: str) -> Values:
        """Return what a cell says, by its name; nothing where it is empty or cannot be read."""
        cell = row.cells[place].strip()
        if not cell:
            return {}
        try:
            return {field.name.rpartition(".")[2]: field.read(cell, self.sheet.way)}
        except ValueError as problem:
            self.wrong[path] = Wrong(row.line, self.sheet.column(field.name), str(problem))
            return {}

    def _compare(self, field: Field, place: int) -> None:
        """Refuse a row that says otherwise of what its record has once."""
        for row in self.rows[1:]:
            cell, first = row.cells[place].strip(), self.rows[0].cells[place].strip()
            if cell and cell != first:
                problem = f"'{cell[:40]}' is not what line {self.rows[0].line} says of the same."
                self.wrong[field.name] = Wrong(row.line, self.sheet.column(field.name), problem)
                return
