"""How a unit of work begins and is given back, on a connection of the pool."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn
from psycopg.sql import SQL, Literal
from rq.timeouts import JobTimeoutException
from sqlalchemy import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

from app.extensions import db
from app.shared import connections
from app.unit import Scope, Unit

connections.watch()
# A transaction begins, gets its scope until it ends, and reads the clock: in one journey by libpq
# itself. Every request makes it, and the driver would make two of it, each as long.
BEGIN = SQL(
    "BEGIN; SELECT CAST(extract(epoch FROM anchor_world) * 1000000 AS bigint),"
    " extract(epoch FROM anchor_machine), rate, ring_only,"
    " set_config('role', {role}, true), set_config('onward.vendor_id', {vendor}, true),"
    " set_config('transaction_read_only', {read_only}, true) FROM world_clock"
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def settings(scope: Scope) -> dict[str, str]:
    """Return what a scope sets in the database until the transaction ends."""
    return {
        "role": scope.role,
        "vendor": str(scope.vendor_id or ""),
        "read_only": "on" if scope.is_read_only else "off",
    }


@cache
def _beginning(scope: Scope) -> bytes:
    return BEGIN.format(**{name: Literal(is_) for name, is_ in settings(scope).items()}).as_bytes()


@contextmanager
def begun(scope: Scope) -> Iterator[Unit]:
    """Lend a unit of work whose transaction has begun; what is not committed then is undone."""
    engine = db.engine
    with said_by_sqlalchemy(engine.dialect):
        taken = engine.raw_connection()
    try:
        with said_by_sqlalchemy(engine.dialect):
            driver: psycopg.Connection[Any] = taken.driver_connection  # type: ignore[assignment]
            world, machine, rate, names = _clock_of(driver.pgconn, _beginning(scope))
        elapsed = (time.time() - float(machine)) * float(rate)
        now = EPOCH + timedelta(microseconds=int(world), seconds=elapsed)
        ring_only = None if names is None else names.decode()
        yield Unit(scope, engine, taken, driver, now, float(rate), ring_only)
    except BaseException:
        _roll_back(taken)
        raise
    finally:
        taken.close()


def _clock_of(server: PGconn, beginning: bytes) -> tuple[bytes, bytes, bytes, bytes | None]:
    """Begin a transaction; return what it reads of the world's clock."""
    found = server.exec_(beginning)
    if server.status != ConnStatus.OK:
        # What libpq says by itself has no code to tell its kind by.
        raise psycopg.OperationalError(server.get_error_message())
    if found.status != ExecStatus.TUPLES_OK:
        raise error_from_result(found)
    if found.ntuples != 1:
        message = "the world's clock has no row, so no transaction can be given its scope"
        raise RuntimeError(message)
    return cast("tuple[bytes, bytes, bytes, bytes]", [found.get_value(0, n) for n in range(4)])


def _roll_back(taken: PoolProxiedConnection) -> None:
    """Undo what is open; where a statement was cut off, the connection is good for nothing else."""
    try:
        if taken.is_valid:
            taken.rollback()
    except psycopg.Error:
        taken.invalidate()


@contextmanager
def said_by_sqlalchemy(dialect: Dialect) -> Iterator[None]:
    """Have the driver's errors be those that the application knows."""
    try:
        yield
    except psycopg.Error as error:
        if isinstance(error.__context__, JobTimeoutException):
            # What was cut off leaves its pipeline busy; that its time is up is what counts.
            raise error.__context__ from None
        said = DBAPIError.instance(
            None, None, error, psycopg.Error, hide_parameters=True, dialect=dialect
        )
        raise said from error
