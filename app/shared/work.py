"""Units of work: one transaction, one scope, one reading of the world clock, bells after commit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

import orjson
import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import namedtuple_row
from rq.timeouts import JobTimeoutException
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from app.extensions import db
from app.shared.beginning import begun, said_by_sqlalchemy, settings
from app.shared.errors import DomainError
from app.unit import OPEN, Scope, Unit, current

logger = logging.getLogger(__name__)
Meaning = TypeVar("Meaning")


OPS = Scope("onward_ops")
PLATFORM = Scope("onward_worker")
# People, sessions, keys and links are this role's alone.
ACCOUNTS = Scope("onward_auth")

BECOME = (
    "SELECT set_config('role', %(role)s, true), set_config('onward.vendor_id', %(vendor)s, true)"
)

LOCK_TIMEOUT = "SELECT set_config('lock_timeout', %(most)s, true)"
FOR_VALUES = text("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)")


def vendor_scope(vendor_id: UUID, *, is_read_only: bool = False) -> Scope:
    """Return the scope that sees one vendor's rows and no other's."""
    return Scope("onward_vendor", vendor_id, is_read_only)


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
    with said_by_sqlalchemy(unit.engine.dialect):
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
    with begun(scope) as unit, said_by_sqlalchemy(unit.engine.dialect):
        found = unit.driver.cursor(row_factory=namedtuple_row).execute(statement, values)
        unit.driver.commit()
        return found.fetchone()


@contextmanager
def transaction(scope: Scope) -> Iterator[datetime]:
    """Run a block as one transaction of a scope, yield the world's time; it refuses to nest."""
    if OPEN.get() is not None:
        message = "a transaction is already open; pass its session on instead of nesting"
        raise RuntimeError(message)
    with begun(scope) as unit:
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
    with said_by_sqlalchemy(unit.engine.dialect):
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


def wait_for_no_lock_longer(milliseconds: int) -> None:
    """Have each statement of the open transaction fail that waits longer for somebody's lock."""
    with driver() as lent:
        lent.execute(LOCK_TIMEOUT, {"most": f"{milliseconds}ms"})


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
        lent.execute(BECOME, settings(scope))
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
