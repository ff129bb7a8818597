"""Units of work: one transaction, one scope, one reading of the world clock, bells after commit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session, SessionTransaction

from app.extensions import db
from app.shared.errors import DomainError

logger = logging.getLogger(__name__)


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

# One statement sets the scope and reads the clock; the settings end with the transaction.
BEGIN = text(
    "SELECT set_config('role', :role, true), set_config('onward.vendor_id', :vendor, true),"
    " set_config('transaction_read_only', :read_only, true),"
    " anchor_world, anchor_machine, rate, ring_only FROM world_clock"
)
BECOME = text(
    "SELECT set_config('role', :role, true), set_config('onward.vendor_id', :vendor, true)"
)


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
    row = connection.execute(BEGIN, _settings(scope)).one()
    elapsed = datetime.now(UTC) - row.anchor_machine
    session.info["now"] = row.anchor_world + timedelta(seconds=elapsed.total_seconds() * row.rate)
    session.info["rate"] = row.rate
    session.info["ring_only"] = row.ring_only


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
        session.rollback()
        raise
    finally:
        for name in ("scope", "after_commit", "now", "rate", "ring_only"):
            session.info.pop(name, None)
        session.close()
    for call in calls.values():
        _call(call)


def _call(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception:
        logger.warning("bell lost", exc_info=True)


def acts_for() -> UUID | None:
    """Return the vendor that the open transaction acts for; None is anybody else."""
    scope: Scope = db.session().info["scope"]
    return scope.vendor_id


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


def crashpoint(name: str) -> None:
    """Do nothing, until a test or a simulation arms the name to die here."""
    if armed_crash is not None:
        armed_crash(name)


armed_crash: Callable[[str], None] | None = None
