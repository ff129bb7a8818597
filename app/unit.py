"""The open unit of work: its connection and its clock, and what waits for its end.

Most of what the platform does is a few statements that go to the driver as they stand. So a unit
has the driver's connection, and a session of SQLAlchemy joins it where one is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from flask_sqlalchemy.session import Session
from sqlalchemy import Connection, Engine
from sqlalchemy.pool import PoolProxiedConnection


@dataclass(frozen=True, slots=True)
class Scope:
    """Who a transaction acts for: a database role and, for vendors, whose rows it may see."""

    role: str
    vendor_id: UUID | None = None
    # PostgreSQL itself refuses to write: somebody looks over a vendor's shoulder
    is_read_only: bool = False


@dataclass(slots=True)
class Unit:
    """A transaction: for whom, over which connection, and the world's clock as it began.

    `ring_only`: the only bells that may ring, if not all. `waiting`: statements of a block that are
    sent together at its end.
    """

    scope: Scope
    engine: Engine
    taken: PoolProxiedConnection
    driver: psycopg.Connection[Any]
    now: datetime
    rate: float
    ring_only: str | None
    after_commit: dict[Hashable, Callable[[], None]] = field(default_factory=dict)
    waiting: list[Any] | None = None
    _joined: Connection | None = None

    def connection(self) -> Connection:
        """Return the connection as SQLAlchemy has it."""
        if self._joined is None:
            self._joined = Connection(self.engine, self.taken)
        return self._joined


OPEN: ContextVar[Unit | None] = ContextVar("open unit of work", default=None)


def current() -> Unit:
    """Return the open unit; without one, RuntimeError: what asked needs a transaction around it."""
    unit = OPEN.get()
    if unit is None:
        message = "no transaction is open: what was called belongs inside one"
        raise RuntimeError(message)
    return unit


class JoiningSession(Session):
    """A session that speaks over the open unit's connection; without one, over its own."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        """Return whom to speak to."""
        unit = OPEN.get()
        return unit.connection() if unit else super().get_bind(*args, **kwargs)
