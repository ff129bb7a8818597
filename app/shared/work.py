"""Units of work: one transaction, one scope, one reading of the world clock, bells after commit."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

import orjson
import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn
from psycopg.rows import namedtuple_row
from psycopg.sql import SQL, Literal
from rq.timeouts import JobTimeoutException
from sqlalchemy import Dialect, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import PoolProxiedConnection

from app.extensions import db
from app.shared import connections
from app.shared.errors import DomainError
from app.unit import OPEN, Scope, Unit, current

logger = logging.getLogger(__name__)
connections.watch()
Meaning = TypeVar("Meaning")


OPS = Scope("onward_ops")
PLATFORM = Scope("onward_worker")
# People, sessions, keys and links are this role's alone.
ACCOUNTS = Scope("onward_auth")

# A transaction begins, gets its scope until it ends, and reads the clock: in one journey by libpq
# itself. Every request makes it, and the driver would make two of it, each as long.
BEGIN = SQL(
    "BEGIN; SELECT CAST(extract(epoch FROM anchor_world) * 1000000 AS bigint),"
    " extract(epoch FROM anchor_machine), rate, ring_only,"
    " set_config('role', {role}, true), set_config('onward.vendor_id', {vendor}, true),"
    " set_config('transaction_read_only', {read_only}, true) FROM world_clock"
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BECOME = (
    "SELECT set_config('role', %(role)s, true), set_config('onward.vendor_id', %(vendor)s, true)"
)

FOR_VALUES = text("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)")


def vendor_scope(vendor_id: UUID, *, is_read_only: bool = False) -> Scope:
    """Return the scope that sees one vendor's rows and no other's."""
    return Scope("onward_vendor", vendor_id, is_read_only)


def _settings(scope: Scope) -> dict[str, str]:
    return {
        "role": scope.role,
        "vendor": str(scope.vendor_id or ""),
        "read_only": "on" if scope.is_read_only else "off",
    }


@cache
def _beginning(scope: Scope) -> bytes:
    return BEGIN.format(**{name: Literal(is_) for name, is_ in _settings(scope).items()}).as_bytes()


@contextmanager
def _begun(scope: Scope) -> Iterator[Unit]:
    """Lend a unit of work whose transaction has begun; what is not committed then is undone."""
    engine = db.engine
    with _said_by_sqlalchemy(engine.dialect):
        taken = engine.raw_connection()
    try:
        with _said_by_sqlalchemy(engine.dialect):
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


def _session() -> Session | None:
    """Return the session that somebody asked for, if anybody did."""
    return db.session() if db.session.registry.has() else None


@contextmanager
def driver() -> Iterator[psycopg.Connection[Any]]:
    """Lend the open transaction's connection as the driver has it, for what needs no compiling."""
    unit, session = current(), _session()
    if session is not None and session.in_nested_transaction():
        # A savepoint is not set before its connection is asked for.
        session.connection()
    with _said_by_sqlalchemy(unit.engine.dialect):
        yield unit.driver


def rows(statement: str, values: Mapping[str, object]) -> Sequence[Any]:
    """Return what a statement finds in the open transaction, for what every order asks."""
    with driver() as lent:
        return lent.cursor(row_factory=namedtuple_row).execute(statement, values).fetchall()


def rows_together(
    statements: Sequence[str], values: Mapping[str, object]
) -> Sequence[Sequence[Any]]:
    """Return what each statement finds in the open transaction, asked in one journey."""
    with driver() as lent:
        with lent.pipeline():
            asked = [lent.cursor(row_factory=namedtuple_row) for _ in statements]
            for cursor, statement in zip(asked, statements, strict=True):
                cursor.execute(statement, values)
        return [cursor.fetchall() for cursor in asked]


@dataclass(frozen=True, slots=True)
class Question(Generic[Meaning]):
    """What is asked of the database, with its values, and what the rows of the answer mean.

    The rows are what JSON can say: their keys and moments are texts.
    """

    sql: str
    values: Mapping[str, object]
    read: Callable[[Sequence[Any]], Meaning]


def answer(question: Question[Meaning]) -> Meaning:
    """Return what a question finds in the open transaction."""
    (found,) = answers(question)
    return cast("Meaning", found)


def answers(*questions: Question[Any]) -> list[Any]:
    """Return what questions find in the open transaction, asked as one statement."""
    sql = _asked_at_once(tuple(question.sql for question in questions))
    values = {
        f"q{n}_{name}": value
        for n, question in enumerate(questions)
        for name, value in question.values.items()
    }
    with driver() as lent:
        found = lent.execute(sql, values).fetchone()
    told = [orjson.loads(rows or "[]") for rows in cast("tuple[Any, ...]", found)]
    return [
        question.read([SimpleNamespace(**row) for row in rows])
        for question, rows in zip(questions, told, strict=True)
    ]


@cache
def _asked_at_once(statements: tuple[str, ...]) -> str:
    parts = (
        f"(SELECT CAST(json_agg(q) AS text) FROM ({sql.replace('%(', f'%(q{n}_')}) q)"
        for n, sql in enumerate(statements)
    )
    return f"SELECT {', '.join(parts)}"


def one_row(scope: Scope, statement: str, values: Mapping[str, object]) -> Any:
    """Return the first row of a statement that is a transaction by itself, or None."""
    with _begun(scope) as unit, _said_by_sqlalchemy(unit.engine.dialect):
        found = unit.driver.cursor(row_factory=namedtuple_row).execute(statement, values)
        unit.driver.commit()
        return found.fetchone()


@contextmanager
def _said_by_sqlalchemy(dialect: Dialect) -> Iterator[None]:
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


@contextmanager
def transaction(scope: Scope) -> Iterator[datetime]:
    """Run a block as one transaction of a scope, yield the world's time; it refuses to nest."""
    if OPEN.get() is not None:
        message = "a transaction is already open; pass its session on instead of nesting"
        raise RuntimeError(message)
    with _begun(scope) as unit:
        try:
            OPEN.set(unit)
            yield unit.now
            _commit(unit)
        except BaseException:
            _forget()
            raise
        finally:
            OPEN.set(None)
    for call in unit.after_commit.values():
        _call(call)


def _commit(unit: Unit) -> None:
    session = _session()
    if session is not None:
        session.flush()
    if unit.driver.pgconn.transaction_status in {TransactionStatus.INERROR, TransactionStatus.IDLE}:
        # PostgreSQL would say yes to a commit that keeps nothing.
        message = "the transaction ended before its commit: an error in it was swallowed"
        raise RuntimeError(message)
    if session is not None and session.in_transaction():
        session.commit()
        # What it read is read anew by the next unit.
        session.close()
    with _said_by_sqlalchemy(unit.engine.dialect):
        # Nothing, if the session did it.
        unit.driver.commit()


def _forget() -> None:
    """Have nothing left of what a session read and did."""
    if (session := _session()) is not None:
        try:
            session.close()
        except DBAPIError:
            session.invalidate()


def _call(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception:
        logger.warning("bell lost", exc_info=True)


def acts_for() -> UUID | None:
    """Return the vendor that the open transaction acts for; None is anybody else."""
    return current().scope.vendor_id


def plan_for_values() -> None:
    """Have each statement of the open transaction planned for the values it has.

    How a word begins tells which index finds it; a plan for any word would read whole tables.
    """
    db.session.execute(FOR_VALUES)


def after_commit(key: Hashable, call: Callable[[], None]) -> None:
    """Have something done once a key after the commit, and not at all after a rollback."""
    current().after_commit[key] = call


Gathered = TypeVar("Gathered", bound=Callable[[], None])


def gathered(key: Hashable, make: Callable[[], Gathered]) -> Gathered:
    """Return what is called once a key after the commit, to gather in it; made when first asked."""
    return cast("Gathered", current().after_commit.setdefault(key, make()))


@contextmanager
def acting_as(scope: Scope) -> Iterator[None]:
    """Change the scope inside the open transaction: the platform's reaction to a vendor's move."""
    before = current().scope
    _become(scope)
    try:
        yield
    except DomainError:
        _become(before, is_flushed=False)
        raise
    # Any other error has ended the transaction: there is no role left to give back.
    _become(before)


def _become(scope: Scope, *, is_flushed: bool = True) -> None:
    if is_flushed and (session := _session()) is not None:
        session.flush()
    with driver() as lent:
        lent.execute(BECOME, _settings(scope))
    current().scope = scope


@contextmanager
def _undoable() -> Iterator[None]:
    """Have an error undo what the unit keeps, as a savepoint undoes what is written."""
    unit = current()
    calls, scope = dict(unit.after_commit), unit.scope
    try:
        yield
    except BaseException:
        unit.after_commit, unit.scope = calls, scope
        raise


@contextmanager
def part() -> Iterator[None]:
    """Do what is inside as a part of the transaction: an error undoes it alone, bells too."""
    cut_off = None
    try:
        with _undoable(), db.session().begin_nested():
            try:
                yield
            except JobTimeoutException as error:
                cut_off = error
                raise
    except DBAPIError:
        # A statement that was cut off cannot be undone; that time is up is what counts.
        if cut_off:
            raise cut_off from None
        raise


@contextmanager
def attempt(refusal: type[Exception]) -> Iterator[None]:
    """Do what is inside as a part of the transaction; a refusal undoes it alone, bells too.

    Any other error ends the transaction. The session hears nothing of it: no object of it may be
    changed inside.
    """
    with driver() as lent:
        lent.execute("SAVEPOINT attempt", prepare=False)
    try:
        with _undoable():
            yield
    except refusal:
        with driver() as lent:
            lent.execute("ROLLBACK TO SAVEPOINT attempt", prepare=False)
        raise


@contextmanager
def rehearsed() -> Iterator[None]:
    """Do what is inside and undo all of it, bells too: to know what would become of it."""
    unit = current()
    calls, scope = unit.after_commit, unit.scope
    unit.after_commit = {}
    tried = db.session().begin_nested()
    try:
        yield
    finally:
        tried.rollback()
        unit.after_commit, unit.scope = calls, scope


# The PostgreSQL error classes that say nothing of a row: another try finds it as it was.
PASSING = ("08", "40", "53", "55", "57")


def raise_if_passing(error: Exception) -> None:
    """Raise again what says nothing of a row: time is up, or the database is not itself."""
    code = getattr(getattr(error, "orig", None), "sqlstate", None) or ""
    is_passing = isinstance(error, OperationalError) or code[:2] in PASSING
    if isinstance(error, JobTimeoutException) or (isinstance(error, DBAPIError) and is_passing):
        raise error


def crashpoint(name: str) -> None:
    """Do nothing, until a test or a simulation arms the name to die here."""
    if armed_crash is not None:
        armed_crash(name)


armed_crash: Callable[[str], None] | None = None
