"""Many rows in one statement: as JSON, which row-level security allows and COPY would not.

A statement has one value, however many rows it is about, and goes to the driver as it stands here:
what a row costs is what PostgreSQL needs to read and to write it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple, cast

import orjson
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

from app.extensions import Model, db
from app.shared import work

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
# What a session keeps of the statements that wait for the end of their block.
WAITING = "written together"
Rows = Sequence[Mapping[str, Any]]
Statement = tuple[str, Mapping[str, str] | None]


class Written(NamedTuple):
    """A statement with {rows} where the name of its value belongs, and that value."""

    table: str
    sql: str
    rows: str


def _table(model: type[Model]) -> Table:
    return cast("Table", model.__table__)


@cache
def _source(model: type[Model], names: tuple[str, ...]) -> str:
    """Return rows of some columns, as they stand in a value."""
    kinds = (_table(model).columns[name].type.compile(DIALECT) for name in names)
    cells = ", ".join(f"{name} {kind}" for name, kind in zip(names, kinds, strict=True))
    return f"jsonb_to_recordset(%({{rows}})s) AS v({cells})"


def as_json(rows: Rows) -> str:
    """Return rows as a statement takes them."""
    return orjson.dumps(rows, default=_plain).decode()


def _plain(value: object) -> str:
    """Return what JSON has no word for as PostgreSQL reads it from a text."""
    if isinstance(value, bytes):
        return rf"\x{value.hex()}"
    raise TypeError(type(value).__name__)


@cache
def _insert(model: type[Model], names: tuple[str, ...], conflict: str, returning: str) -> str:
    columns = ", ".join(names)
    told = f" RETURNING {returning}" if returning else ""
    return (
        f"INSERT INTO {_table(model).name} ({columns}) SELECT {columns}"
        f" FROM {_source(model, names)} {conflict}{told}"
    )


def insert(
    model: type[Model], rows: Rows, *, conflict: str = "", returning: str = ""
) -> Sequence[Any]:
    """Insert rows of equal keys in one statement; return what `returning` names, if anything."""
    if not rows:
        return []
    sql = _insert(model, tuple(rows[0]), conflict, returning)
    if returning:
        return work.rows(sql.format(rows="rows"), {"rows": as_json(rows)})
    _write(Written(_table(model).name, sql, as_json(rows)))
    return []


@cache
def _update(model: type[Model], names: tuple[str, ...], key: str) -> str:
    changes = ", ".join(f"{name} = v.{name}" for name in names if name != key)
    table = _table(model).name
    return f"UPDATE {table} t SET {changes} FROM {_source(model, names)} WHERE t.{key} = v.{key}"


def update(model: type[Model], rows: Rows, *, key: str) -> None:
    """Update rows by their key in one statement."""
    if rows:
        _write(Written(_table(model).name, _update(model, tuple(rows[0]), key), as_json(rows)))


@contextmanager
def together(*, is_undone_alone: bool = False) -> Iterator[None]:
    """Write what is written in the block at its end: as one statement, where that does the same.

    Rows that are read in the block are as they were before it. `is_undone_alone`: where the
    database refuses it, the transaction goes on as if nothing of the block had been written.
    """
    info = db.session().info
    if WAITING in info:
        # The block around this one sends it.
        yield
        return
    waiting: list[Written] = []
    info[WAITING] = waiting
    try:
        yield
    finally:
        del info[WAITING]
    statements = list(_joined(waiting))
    if not is_undone_alone:
        _send(statements)
        return
    try:
        _send([("SAVEPOINT together", None), *statements, ("RELEASE SAVEPOINT together", None)])
    except DBAPIError:
        _send([("ROLLBACK TO SAVEPOINT together", None)])
        raise


def _write(written: Written) -> None:
    """Send a statement whose answer nobody waits for, now or at the end of its block."""
    waiting: list[Written] | None = db.session().info.get(WAITING)
    if waiting is None:
        _send([_one([written])])
    else:
        waiting.append(written)


def _send(statements: Sequence[Statement]) -> None:
    with work.driver() as driver:
        if len(statements) == 1:
            driver.execute(*statements[0])
        elif statements:
            with driver.pipeline():
                for sql, values in statements:
                    # What sets or ends a savepoint is not prepared: where one before it is refused,
                    # the driver would take it for prepared, and the server not know it.
                    driver.execute(sql, values, prepare=None if values else False)


def _joined(waiting: Sequence[Written]) -> Iterator[Statement]:
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
            yield _one(tuple(parts.values()))
            parts = {}
        parts[written.table] = written
    if parts:
        yield _one(tuple(parts.values()))


def _one(parts: Sequence[Written]) -> Statement:
    values = {f"rows{n}": part.rows for n, part in enumerate(parts)}
    return _in_one(tuple(part.sql for part in parts)), values


@cache
def _in_one(sqls: tuple[str, ...]) -> str:
    *before, last = (sql.format(rows=f"rows{n}") for n, sql in enumerate(sqls))
    parts = ", ".join(f"w{n} AS ({sql})" for n, sql in enumerate(before))
    return f"WITH {parts} {last}" if parts else last
