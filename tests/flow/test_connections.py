"""Connections that lie in the pool: whatever cuts them, the next transaction has one."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.extensions import db
from app.shared import connections
from app.shared.work import OPS, transaction

WHO = text("SELECT pg_backend_pid()")


def backend() -> int:
    with transaction(OPS):
        return int(db.session.scalar(WHO) or 0)


def test_a_connection_that_the_server_ended_is_made_anew(app: Flask, sql: Any) -> None:
    with app.app_context():
        first = backend()
        assert backend() == first
        sql(f"SELECT pg_terminate_backend({first}, 5000)")
        assert backend() != first


def test_one_that_lay_for_long_is_asked(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    ask = connections._ask  # noqa: SLF001 - counted, and done all the same

    def counted(connection: Any) -> None:
        asked.append(connection)
        ask(connection)

    monkeypatch.setattr(connections, "_ask", counted)
    with app.app_context():
        first = backend()
        assert backend() == first
        assert asked == []
        monkeypatch.setattr(connections, "ASKED_AFTER_SECONDS", 0)
        assert backend() == first
    assert len(asked) == 1


def test_one_that_was_ended_unseen_is_made_anew_where_it_is_asked(
    app: Flask, sql: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "ASKED_AFTER_SECONDS", 0)
    monkeypatch.setattr(connections, "_was_told", lambda _: False)
    with app.app_context():
        first = backend()
        sql(f"SELECT pg_terminate_backend({first}, 5000)")
        assert backend() != first
