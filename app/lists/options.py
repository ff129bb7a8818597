"""What a filter offers: words that are in the rows, looked up now and then."""

from __future__ import annotations

import time

from flask import current_app
from sqlalchemy import text

from app.extensions import db
from app.lists.spec import Options

# A vendor that came a minute ago is found under its filter now.
KEPT_SECONDS = 60


def looked_up(name: str, sql: str) -> Options:
    """Return (value, label) pairs that a statement finds; kept in the process for a minute."""
    kept: dict[str, tuple[float, Options]] = current_app.extensions.setdefault("list_options", {})
    until, options = kept.get(name, (0.0, ()))
    if time.monotonic() >= until:
        options = [(row.value, row.label) for row in db.session.execute(text(sql))]
        kept[name] = (time.monotonic() + KEPT_SECONDS, options)
    return options


def distinct(table: str, column: str) -> str:
    """Return the statement that finds a column's words, each by one step in its index."""
    return (
        f"WITH RECURSIVE found (value) AS ((SELECT min({column}) FROM {table})"
        f" UNION ALL SELECT (SELECT min({column}) FROM {table} WHERE {column} > found.value)"
        " FROM found WHERE found.value IS NOT NULL)"
        " SELECT value, value AS label FROM found WHERE value IS NOT NULL LIMIT 300"
    )
