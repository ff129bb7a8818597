"""Many rows in one statement: unnest, which row-level security allows and COPY would not.

Statements go to the driver as they stand here, their arrays in binary: in an array's text every
quote is escaped, one by one, and JSON is full of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB

from app.extensions import Model, db
from app.shared import work

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
# What a session keeps of the statements that wait for the end of their block.
WAITING = "written together"


def _table(model: type[Model]) -> Table:
    return cast("Table", model.__table__)


def _rows(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str, Any]]:
    """Return what stands for the rows in a statement, and its values: one array a column."""
    sql, documents = _form(model, tuple(rows[0]), is_one=len(rows) == 1)
    values = {name: [row[name] for row in rows] for name in rows[0]}
    for name in documents:
        values[name] = [None if value is None else json.dumps(value) for value in values[name]]
    if len(rows) == 1:
        return sql, {name: value for name, (value,) in values.items()}
    return sql, values


@cache
def _form(model: type[Model], names: tuple[str, ...], *, is_one: bool) -> tuple[str, list[str]]:
    """Return rows of some columns as SQL, and which of them are JSON.

    One row is no array: it costs less to make, and less to plan.
    """
    kinds = {name: _table(model).columns[name].type for name in names}
    words = {name: kind.compile(DIALECT) for name, kind in kinds.items()}
    if is_one:
        cells = ", ".join(f"CAST(%({name})s AS {word})" for name, word in words.items())
        sql = f"(VALUES ({cells}))"
    else:
        cells = ", ".join(f"CAST(%({name})b AS {word}[])" for name, word in words.items())
        sql = f"unnest({cells})"
    documents = [name for name, kind in kinds.items() if isinstance(kind, JSONB)]
    return f"{sql} AS v({', '.join(names)})", documents


def insert(
    model: type[Model],
    rows: Sequence[Mapping[str, Any]],
    *,
    conflict: str = "",
    returning: str = "",
) -> Sequence[Any]:
    """Insert rows of equal keys in one statement; return what `returning` names, if anything."""
    if not rows:
        return []
    source, values = _rows(model, rows)
    table, names = _table(model).name, ", ".join(rows[0])
    sql = f"INSERT INTO {table} ({names}) SELECT * FROM {source} {conflict}"
    if returning:
        return work.rows(f"{sql} RETURNING {returning}", values)
    _send(sql, values)
    return []


def update(model: type[Model], rows: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """Update rows by their key in one statement."""
    if not rows:
        return
    source, values = _rows(model, rows)
    changes = ", ".join(f"{name} = v.{name}" for name in rows[0] if name != key)
    table = _table(model).name
    _send(f"UPDATE {table} t SET {changes} FROM {source} WHERE t.{key} = v.{key}", values)


@contextmanager
def together() -> Iterator[None]:
    """Send what is written in the block at its end, in its order and in one journey.

    Rows that are read in the block are as they were before it.
    """
    info = db.session().info
    if WAITING in info:
        # The block around this one sends it.
        yield
        return
    waiting = info[WAITING] = []
    try:
        yield
    finally:
        del info[WAITING]
    if waiting:
        with work.driver() as driver, driver.pipeline():
            for sql, values in waiting:
                driver.execute(sql, values)


def _send(sql: str, values: Mapping[str, Any]) -> None:
    """Send a statement whose answer nobody waits for, now or at the end of its block."""
    waiting: list[tuple[str, Mapping[str, Any]]] | None = db.session().info.get(WAITING)
    if waiting is not None:
        waiting.append((sql, values))
        return
    with work.driver() as driver:
        driver.execute(sql, values)
