from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
from flask import Flask

from app.integrity import broken_invariants
from app.shared import work
from app.shared.work import OPS, PLATFORM, transaction
from simulator.fedex import FedEx, ParcelBook
from simulator.http import Router, Served
from tests.conftest import Sql


@pytest.fixture(autouse=True)
def with_jobs(jobs_run_here: None) -> None:
    """Every flow may run jobs."""


@pytest.fixture(autouse=True)
def invariants_hold(app: Flask) -> Iterator[None]:
    yield
    with transaction(PLATFORM):
        assert broken_invariants() == []


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
