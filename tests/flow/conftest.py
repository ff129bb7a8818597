from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import pytest
from flask import Flask

import workers.job
from app.integrity import broken_invariants
from app.shared import work
from app.shared.work import OPS, PLATFORM, transaction
from simulator import mailbox
from simulator.fedex import FedEx, ParcelBook
from simulator.http import Router, Served
from simulator.mailbox import Mailbox
from supervisor.temporary import Urls
from tests.conftest import other_database

Sql = Callable[..., list[Any]]
# Nothing listens there: an outside world that is away, not one that is mocked.
NOBODY = "127.0.0.1:9"


@pytest.fixture(autouse=True)
def jobs_use_the_tests_application(app: Flask) -> Iterator[None]:
    app.config["FEDEX_URL"], app.config["SMTP_URL"] = f"http://{NOBODY}/fedex", f"smtp://{NOBODY}"
    workers.job._app = app  # noqa: SLF001 - what a worker makes of its environment
    yield
    workers.job._app = None  # noqa: SLF001 - the same


@pytest.fixture(autouse=True)
def invariants_hold(app: Flask) -> Iterator[None]:
    yield
    with transaction(PLATFORM):
        assert broken_invariants() == []


@pytest.fixture
def sql(cluster: Urls, database: str) -> Iterator[Sql]:
    """Run SQL as the superuser, to whom no rule applies."""
    with psycopg.connect(
        other_database(cluster.superuser, database), autocommit=True
    ) as connection:

        def execute(query: str, *values: Any) -> list[Any]:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

        yield execute


@pytest.fixture
def post(app: Flask) -> Iterator[Mailbox]:
    """A mail server that the outbox is sent to."""
    box = Mailbox()
    served = mailbox.Served(box)
    app.config["SMTP_URL"] = served.url
    yield box
    served.close()


@dataclass
class FedExWorld:
    book: ParcelBook
    fedex: FedEx


@pytest.fixture
def carrier(app: Flask) -> Iterator[FedExWorld]:
    """A FedEx on loopback that lives in the world's time."""

    def now() -> datetime:
        with app.app_context(), transaction(OPS) as moment:
            return moment

    book, router = ParcelBook(now), Router()
    fedex = FedEx(book)
    fedex.mount(router)
    served = Served(router, 0)
    app.config["FEDEX_URL"] = f"{served.url}/fedex"
    yield FedExWorld(book, fedex)
    served.close()


class Died(BaseException):
    """A worker was killed here."""


@pytest.fixture
def die_at() -> Iterator[Callable[[str], None]]:
    """Arm a crashpoint: whoever comes by dies there, once."""

    def arm(name: str) -> None:
        def crash(here: str) -> None:
            if here == name:
                work.armed_crash = None
                raise Died(name)

        work.armed_crash = crash

    yield arm
    work.armed_crash = None


@pytest.fixture
def end_leases(sql: Sql) -> Callable[[], None]:
    """Let every lease run out."""

    def end() -> None:
        for table in ("polls", "notifications"):
            past = "leased_until = now() - interval '1 second'"
            sql(f"UPDATE {table} SET {past} WHERE leased_until IS NOT NULL")

    return end
