"""Many rows in one statement: unnest, which row-level security allows and COPY would not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, Row, Table, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB

from app.extensions import Model, db

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def _table(model: type[Model]) -> Table:
    return cast("Table", model.__table__)


def _arrays(
    model: type[Model], rows: Sequence[Mapping[str, Any]]
) -> tuple[str, dict[str, list[Any]]]:
    """Return the unnest list of the rows' columns, and one array a column."""
    columns = _table(model).columns
    casts, values = [], {}
    for name in rows[0]:
        kind = columns[name].type
        casts.append(f"CAST(:{name} AS {kind.compile(DIALECT)}[])")
        as_json = isinstance(kind, JSONB)
        values[name] = [
            json.dumps(row[name]) if as_json and row[name] is not None else row[name]
            for row in rows
        ]
    return ", ".join(casts), values


def insert(
    model: type[Model],
    rows: Sequence[Mapping[str, Any]],
    *,
    conflict: str = "",
    returning: str = "",
) -> Sequence[Row[Any]]:
    """Insert rows of equal keys in one statement; return what `returning` names, if anything."""
    if not rows:
        return []
    casts, values = _arrays(model, rows)
    names = ", ".join(rows[0])
    sql = f"INSERT INTO {_table(model).name} ({names}) SELECT * FROM unnest({casts}) {conflict}"
    if returning:
        return db.session.execute(text(f"{sql} RETURNING {returning}"), values).all()
    db.session.execute(text(sql), values)
    return []


def update(
    model: type[Model], rows: Sequence[Mapping[str, Any]], *, key: str, where: str = "true"
) -> int:
    """Update rows by their key in one statement; return how many changed."""
    if not rows:
        return 0
    casts, values = _arrays(model, rows)
    table, names = _table(model).name, list(rows[0])
    changes = ", ".join(f"{name} = v.{name}" for name in names if name != key)
    sql = (
        f"UPDATE {table} t SET {changes} FROM unnest({casts}) AS v({', '.join(names)})"
        f" WHERE t.{key} = v.{key} AND {where}"
    )
    return cast("CursorResult[Any]", db.session.execute(text(sql), values)).rowcount
