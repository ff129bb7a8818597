"""Connections to PostgreSQL that lie in the pool: one that was cut meanwhile is made anew.

A restart of the database must not surface as an error of the next page. Asking costs a page two
journeys more; a server that ends a connection says so, and that lies in our socket already.
"""

from __future__ import annotations

import select
import time
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import Pool

# What stands between may forget a silent connection and tell nobody: after this long it is asked.
ASKED_AFTER_SECONDS = 15.0
LAID_DOWN = "laid_down"


def watch() -> None:
    """Have every pool of this process look at what it hands out."""
    for name, act in (("checkin", _lay_down), ("checkout", _look)):
        if not event.contains(Pool, name, act):
            event.listen(Pool, name, act)


def _lay_down(_: Any, record: Any) -> None:
    record.info[LAID_DOWN] = time.monotonic()


def _look(connection: Any, record: Any, _: Any) -> None:
    laid_down = record.info.get(LAID_DOWN)
    # One that was made just now has never lain.
    if laid_down is None:
        return
    try:
        if time.monotonic() - laid_down > ASKED_AFTER_SECONDS or _was_told(connection):
            _ask(connection)
    except psycopg.Error as error:
        # Whatever cut this one cut the others that lie there.
        raise InvalidatePoolError from error


def _was_told(connection: psycopg.Connection[Any]) -> bool:
    """Return whether the server said something nobody asked for, its end most likely."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _ask(connection: psycopg.Connection[Any]) -> None:
    connection.autocommit = True
    connection.execute("SELECT 1")
    connection.autocommit = False
