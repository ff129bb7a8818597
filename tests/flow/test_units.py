"""A unit of work: begun with its scope and clock, kept whole or not at all, given back clean."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from factories import make_vendor_with_stock, rows
from flask import Flask
from rq.timeouts import JobTimeoutException
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from app.extensions import db
from app.shared import clock, connections, work
from app.shared.work import OPS, PLATFORM, acting_as, part, transaction, vendor_scope
from app.unit import OPEN

PID = "SELECT pg_backend_pid() AS pid"


@pytest.fixture(autouse=True)
def given_back(app: Flask) -> Iterator[None]:
    """Whatever a test does to a unit, the next one works, and nothing is left of it."""
    with app.app_context():
        yield
        assert OPEN.get() is None
        with transaction(OPS):
            (one,) = work.rows("SELECT current_user AS who", {})
            assert one.who == OPS.role
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def count() -> int:
    return len(rows("SELECT 1 FROM vendors"))


def add_by_driver(code: str) -> None:
    work.rows(
        "INSERT INTO vendors (id, code, name, status) VALUES (uuidv7(), %(c)s, %(c)s, 'active')"
        " RETURNING id",
        {"c": code},
    )


def test_a_connection_cut_as_it_begins_is_an_outage_and_no_bug(
    sql: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_was_told", lambda _: False)
    with transaction(OPS):
        (one,) = work.rows(PID, {})
    sql(f"SELECT pg_terminate_backend({one.pid}, 5000)")

    with pytest.raises(OperationalError), transaction(OPS):
        pass


def test_without_a_clock_nothing_begins(sql: Any) -> None:
    sql("CREATE TABLE put_by AS SELECT * FROM world_clock; DELETE FROM world_clock")
    try:
        with pytest.raises(RuntimeError, match="no row"), transaction(OPS):
            pass
    finally:
        sql("INSERT INTO world_clock SELECT * FROM put_by; DROP TABLE put_by")


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 11, 23, 9, 0, 0, 123457, tzinfo=UTC),
        datetime(2999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ],
)
def test_a_world_that_stands_is_read_to_the_microsecond(at: datetime) -> None:
    with transaction(OPS):
        clock.step(at)

    with transaction(OPS) as now:
        assert now == clock.now() == at


def test_a_swallowed_error_is_not_taken_for_a_commit() -> None:
    told = []
    with pytest.raises(RuntimeError, match="swallowed"), transaction(OPS):  # noqa: PT012 - at its end
        add_by_driver("kiln")
        work.after_commit("told", lambda: told.append(1))
        with suppress(DBAPIError):
            work.rows("SELECT 1/0", {})

    assert (count(), told) == (0, [])


def test_what_a_session_and_the_driver_write_is_kept_together_or_not_at_all() -> None:
    with transaction(OPS):
        make = text(
            "INSERT INTO vendors (id, code, name, status) VALUES (uuidv7(), 'a', 'a', 'active')"
        )
        db.session.execute(make)
        add_by_driver("b")
    assert count() == 2

    with pytest.raises(ZeroDivisionError), transaction(OPS):  # noqa: PT012 - it fails after
        add_by_driver("c")
        db.session.execute(text("DELETE FROM vendors WHERE code = 'a'"))
        raise ZeroDivisionError
    assert count() == 2


def test_a_part_that_is_undone_gives_its_scope_back() -> None:
    kiln = make_vendor_with_stock("kiln")
    with transaction(vendor_scope(kiln)):
        with suppress(ZeroDivisionError), part(), acting_as(PLATFORM):
            raise ZeroDivisionError
        assert work.acts_for() == kiln
        with acting_as(PLATFORM):
            pass
        (one,) = work.rows("SELECT current_user AS who", {})
        assert one.who == vendor_scope(kiln).role


@pytest.mark.parametrize("is_inside_a_part", [False, True])
def test_what_is_cut_off_in_a_statement_says_that_time_is_up(*, is_inside_a_part: bool) -> None:
    def up(*_: object) -> None:
        raise JobTimeoutException

    before = signal.signal(signal.SIGALRM, up)
    try:
        with pytest.raises(JobTimeoutException), transaction(OPS):  # noqa: PT012 - either way
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            if is_inside_a_part:
                with part():
                    work.rows("SELECT pg_sleep(5)", {})
            work.rows("SELECT pg_sleep(5)", {})
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
