"""Units of work: one transaction, one scope, one reading of the world clock, bells after commit."""

from __future__ import annotations

import logging
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
from psycopg.rows import namedtuple_row
from rq.timeouts import JobTimeoutException
from sqlalchemy import Connection, Dialect, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session, SessionTransaction

from app.extensions import db
from app.shared import connections
from app.shared.errors import DomainError

logger = logging.getLogger(__name__)
connections.watch()
Meaning = TypeVar("Meaning")


@dataclass(frozen=True, slots=True)
class Scope:
    """Who a transaction acts for: a database role and, for vendors, whose rows it may see."""

    role: str
    vendor_id: UUID | None = None
    # PostgreSQL itself refuses to write: somebody looks over a vendor's shoulder
    is_read_only: bool = False


OPS = Scope("onward_ops")
PLATFORM = Scope("onward_worker")
# People, sessions, keys and links are this role's alone.
ACCOUNTS = Scope("onward_auth")

# One statement sets the scope and reads the clock; the settings end with the transaction. It goes
# to the driver as it stands here: every request sends it, and none needs it compiled.
BEGIN = (
    "SELECT set_config('role', %(role)s, true), set_config('onward.vendor_id', %(vendor)s, true),"
    " set_config('transaction_read_only', %(read_only)s, true),"
    " anchor_world, anchor_machine, rate, ring_only FROM world_clock"
)
BECOME = text(
    "SELECT set_config('role', :role, true), set_config('onward.vendor_id', :vendor, true)"
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


@event.listens_for(Session, "after_begin")
def _enter(session: Session, nested: SessionTransaction, connection: Connection) -> None:
    scope = session.info.get("scope")
    if nested.nested or scope is None:
        return
    with _said_by_sqlalchemy(connection.dialect):
        driver = _driver_of(connection)
        read = driver.execute(BEGIN, _settings(scope)).fetchone()
    session.info["driver"] = driver
    *_, anchor_world, anchor_machine, rate, ring_only = cast("tuple[Any, ...]", read)
    elapsed = datetime.now(UTC) - anchor_machine
    session.info["now"] = anchor_world + timedelta(seconds=elapsed.total_seconds() * rate)
    session.info["rate"] = rate
    session.info["ring_only"] = ring_only


def _driver_of(connection: Connection) -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


@contextmanager
def driver() -> Iterator[psycopg.Connection[Any]]:
    """Lend the open transaction's connection as the driver has it, for what needs no compiling."""
    session = db.session()
    if session.in_nested_transaction():
        # A savepoint is not set before its connection is asked for.
        session.connection()
    with _said_by_sqlalchemy(db.engine.dialect):
        yield session.info["driver"]


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
    """Return the first row of a statement that is a transaction by itself, or None.

    For what every request asks: all of it is one journey to the database.
    """
    taken = db.engine.raw_connection()
    try:
        with _said_by_sqlalchemy(db.engine.dialect):
            driver: psycopg.Connection[Any] = taken.driver_connection  # type: ignore[assignment]
            with driver.pipeline():
                driver.execute(BEGIN, _settings(scope))
                found = driver.cursor(row_factory=namedtuple_row).execute(statement, values)
                driver.commit()
            return found.fetchone()
    finally:
        taken.close()


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
    session = db.session()
    if "scope" in session.info:
        message = "a transaction is already open; pass its session on instead of nesting"
        raise RuntimeError(message)
    session.info["scope"] = scope
    session.info["after_commit"] = {}
    try:
        session.connection()
        yield session.info["now"]
        session.commit()
        calls = session.info["after_commit"]
    except BaseException:
        _undo(session)
        raise
    finally:
        for name in ("scope", "after_commit", "now", "rate", "ring_only", "driver"):
            session.info.pop(name, None)
        session.close()
    for call in calls.values():
        _call(call)


def _undo(session: Session) -> None:
    """Roll back; where a statement was cut off, the connection is good for nothing else."""
    try:
        session.rollback()
    except DBAPIError:
        session.invalidate()


def _call(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception:
        logger.warning("bell lost", exc_info=True)


def acts_for() -> UUID | None:
    """Return the vendor that the open transaction acts for; None is anybody else."""
    scope: Scope = db.session().info["scope"]
    return scope.vendor_id


def plan_for_values() -> None:
    """Have each statement of the open transaction planned for the values it has.

    How a word begins tells which index finds it; a plan for any word would read whole tables.
    """
    db.session.execute(FOR_VALUES)


def after_commit(key: Hashable, call: Callable[[], None]) -> None:
    """Have something done once a key after the commit, and not at all after a rollback."""
    db.session().info["after_commit"][key] = call


Gathered = TypeVar("Gathered", bound=Callable[[], None])


def gathered(key: Hashable, make: Callable[[], Gathered]) -> Gathered:
    """Return what is called once a key after the commit, to gather in it; made when first asked."""
    found: Gathered = db.session().info["after_commit"].setdefault(key, make())
    return found


@contextmanager
def acting_as(scope: Scope) -> Iterator[None]:
    """Change the scope inside the open transaction: the platform's reaction to a vendor's move."""
    session = db.session()
    before: Scope = session.info["scope"]
    session.flush()
    session.execute(BECOME, _settings(scope))
    session.info["scope"] = scope
    try:
        yield
    except DomainError:
        _restore(session, before)
        raise
    # Any other error has ended the transaction: there is no role left to give back.
    session.flush()
    _restore(session, before)


def _restore(session: Session, scope: Scope) -> None:
    session.info["scope"] = scope
    session.execute(BECOME, _settings(scope))


@contextmanager
def part() -> Iterator[None]:
    """Do what is inside as a part of the transaction: an error undoes it alone, bells too."""
    session = db.session()
    calls = dict(session.info["after_commit"])
    try:
        with session.begin_nested():
            yield
    except BaseException:
        session.info["after_commit"] = calls
        raise


@contextmanager
def attempt(refusal: type[Exception]) -> Iterator[None]:
    """Do what is inside as a part of the transaction; a refusal undoes it alone, bells too.

    Any other error ends the transaction. The session hears nothing of it: no object of it may be
    changed inside.
    """
    calls = dict(db.session().info["after_commit"])
    with driver() as lent:
        lent.execute("SAVEPOINT attempt", prepare=False)
    try:
        yield
    except refusal:
        with driver() as lent:
            lent.execute("ROLLBACK TO SAVEPOINT attempt", prepare=False)
        db.session().info["after_commit"] = calls
        raise


@contextmanager
def rehearsed() -> Iterator[None]:
    """Do what is inside and undo all of it, bells too: to know what would become of it."""
    session = db.session()
    calls = session.info["after_commit"]
    session.info["after_commit"] = {}
    tried = session.begin_nested()
    try:
        yield
    finally:
        tried.rollback()
        session.info["after_commit"] = calls


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
