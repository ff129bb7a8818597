"""Many rows in one statement: as JSON, which row-level security allows and COPY would not.

A statement has one value, however many rows it is about, and goes to the driver as it stands here:
what a row costs is what PostgreSQL needs to read and to write it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple, cast
from uuid import UUID

import orjson
from psycopg import RawCursor
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from app.extensions import Model
from app.shared import work
from app.unit import current

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
Rows = Sequence[Mapping[str, Any]]
# As PostgreSQL hears it: the driver would look for the places of its values each time.
Statement = tuple[bytes, Sequence[str]]


class Written(NamedTuple):
    """A statement with {rows} where its value belongs, and that value.

    And with {only} where it may be said that not all of those rows count. `linked` is the statement
    where the block writes to a table that it looks something up in.
    """

    table: str
    names: tuple[str, ...]
    sql: str
    rows: str
    linked: tuple[str, str] | None = None


class LookedUp(NamedTuple):
    """A column whose value another part of the block may know: `other` stands for its row.

    `on` tells that row by those of `other` and of `v`, the row that is written.
    """

    column: str
    value: str
    other: str
    on: str


class Ties(NamedTuple):
    """How what is inserted hangs together with other rows.

    `shown`: what is told of it: to the caller, or to what looks it up in the same block.
    `in_order`: by which columns the rows are sorted when they are written, since looking something
    up may mix them; all that is looked up is written before the first of them.
    """

    conflict: str = ""
    shown: str = ""
    looked_up: LookedUp | None = None
    in_order: tuple[str, ...] = ()


class Leader(NamedTuple):
    """A table, of which a row may be there by now, and the column by which others hang on it."""

    table: str
    hanging_by: str


def _table(model: type[Model]) -> Table:
    return cast("Table", model.__table__)


@cache
def _source(model: type[Model], names: tuple[str, ...]) -> str:
    """Return rows of some columns, as they stand in a value; what is none of them is a text."""
    columns = _table(model).columns
    kinds = (columns[name].type.compile(DIALECT) if name in columns else "text" for name in names)
    cells = ", ".join(f"{name} {kind}" for name, kind in zip(names, kinds, strict=True))
    return f"jsonb_to_recordset({{rows}}) AS v({cells})"


def as_json(rows: Rows) -> str:
    """Return rows as a statement takes them."""
    return orjson.dumps(rows, default=_plain).decode()


def _plain(value: object) -> str:
    """Return what JSON has no word for as PostgreSQL reads it from a text."""
    if isinstance(value, bytes):
        return rf"\x{value.hex()}"
    raise TypeError(type(value).__name__)


@cache
def _insert(model: type[Model], names: tuple[str, ...], ties: Ties) -> str:
    known = [name for name in names if name in _table(model).columns]
    values, joined = {name: f"v.{name}" for name in known}, ""
    if ties.looked_up:
        column, value, other, on = ties.looked_up
        values[column] = f"coalesce({other}.{value}, v.{column})"
        joined = f" LEFT JOIN {_new(other)} {other} ON {on}"
    sort = f" ORDER BY {', '.join(values[name] for name in ties.in_order)}" if ties.in_order else ""
    told = f" RETURNING {ties.shown}" if ties.shown else ""
    return (
        f"INSERT INTO {_table(model).name} ({', '.join(known)}) SELECT {', '.join(values.values())}"
        f" FROM {_source(model, names)}{joined}{{only}}{sort} {ties.conflict}{told}"
    )


def insert(
    model: type[Model], rows: Rows, *, conflict: str = "", returning: str = ""
) -> Sequence[Any]:
    """Insert rows of equal keys in one statement; return what `returning` names, if anything."""
    if rows and returning:
        sql = _insert(model, tuple(rows[0]), Ties(conflict, returning))
        return work.rows(sql.format(rows="%(rows)s", only=""), {"rows": as_json(rows)})
    insert_tied(model, rows, Ties(conflict))
    return []


def insert_tied(model: type[Model], rows: Rows, ties: Ties) -> None:
    """Insert rows of equal keys, as they hang together with others of the same block."""
    if not rows:
        return
    table, names = _table(model).name, tuple(rows[0])
    sql, linked = _insert(model, names, ties._replace(looked_up=None)), None
    if ties.looked_up:
        linked = ties.looked_up.other, _insert(model, names, ties)
    _write(Written(table, names, sql, as_json(rows), linked))


@cache
def _update(model: type[Model], names: tuple[str, ...], key: str) -> str:
    changes = ", ".join(f"{name} = v.{name}" for name in names if name != key)
    table = _table(model).name
    return f"UPDATE {table} t SET {changes} FROM {_source(model, names)} WHERE t.{key} = v.{key}"


def update(model: type[Model], rows: Rows, *, key: str) -> None:
    """Update rows by their key in one statement."""
    if rows:
        names = tuple(rows[0])
        _write(Written(_table(model).name, names, _update(model, names, key), as_json(rows)))


@contextmanager
def together(*, led_by: Leader | None = None) -> Iterator[set[UUID]]:
    """Write what is written in the block at its end: as one statement, where that does the same.

    Rows that are read in the block are as they were before it. `led_by`: what hangs on a row of
    that table is written only if the row was; all of it is one statement, which no table is written
    in twice. The keys of those rows are in the set at the end.
    """
    unit, led = current(), set[UUID]()
    if unit.waiting is not None:
        # The block around this one sends it.
        yield led
        return
    waiting: list[Written] = []
    unit.waiting = waiting
    try:
        yield led
    finally:
        unit.waiting = None
    if led_by:
        (statement,) = _joined(waiting, led_by)
        with work.driver() as driver:
            led |= {key for (key,) in RawCursor(driver).execute(*statement)}
    else:
        _send(list(_joined(waiting)))


def _write(written: Written) -> None:
    """Send a statement whose answer nobody waits for, now or at the end of its block."""
    waiting = current().waiting
    if waiting is None:
        _send([_one([written])])
    else:
        waiting.append(written)


def _send(statements: Sequence[Statement]) -> None:
    with work.driver() as driver:
        if len(statements) == 1:
            RawCursor(driver).execute(*statements[0])
        elif statements:
            with driver.pipeline():
                for statement in statements:
                    RawCursor(driver).execute(*statement)


def _joined(waiting: Sequence[Written], led_by: Leader | None = None) -> Iterator[Statement]:
    """Return as few statements as do the same.

    What is written to a table twice is written at once, if it is the same; otherwise it has to
    wait: parts of one statement do not see each other's rows.
    """
    parts: dict[str, Written] = {}
    for written in waiting:
        before = parts.get(written.table)
        if before and before.sql == written.sql:
            rows = f"{before.rows[:-1]},{written.rows[1:]}"
            parts[written.table] = before._replace(rows=rows)
            continue
        if before:
            yield _one(tuple(parts.values()), led_by)
            parts = {}
        parts[written.table] = written
    if parts:
        yield _one(tuple(parts.values()), led_by)


def _one(parts: Sequence[Written], led_by: Leader | None = None) -> Statement:
    sql = _in_one(tuple(part._replace(rows="") for part in parts), led_by)
    return sql, [part.rows for part in parts]


@cache
def _in_one(parts: tuple[Written, ...], led_by: Leader | None) -> bytes:
    tables = {part.table for part in parts}
    sqls = {}
    for n, part in enumerate(parts):
        other, linked = part.linked or ("", "")
        sql = linked if other in tables else part.sql
        sqls[_new(part.table)] = sql.format(rows=f"${n + 1}", only=_only(part, led_by))
    last = f"SELECT id FROM {_new(led_by.table)}" if led_by else sqls.popitem()[1]
    before = ", ".join(f"{name} AS ({sql})" for name, sql in sqls.items())
    return (f"WITH {before} {last}" if before else last).encode()


def _only(part: Written, led_by: Leader | None) -> str:
    """Return which rows of a part count."""
    if led_by is None or led_by.hanging_by not in part.names:
        return ""
    return f" WHERE v.{led_by.hanging_by} IN (SELECT id FROM {_new(led_by.table)})"


def _new(table: str) -> str:
    """Return as what a part of a statement is known to the others."""
    return f"new_{table}"
