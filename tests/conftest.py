"""Real PostgreSQL and Valkey for every test: one database a worker, emptied for each test."""

from __future__ import annotations

import contextvars
import gc
import os
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from redis import Redis

import workers.job
from app import create_app
from app.accounts.keys import ensure_key
from app.extensions import db, valkey
from app.shared import logs
from app.shared.work import ACCOUNTS, transaction
from app.timeline.service import known_cohorts
from app.web import rates
from config import Config
from simulator import mailbox
from simulator.mailbox import Mailbox
from supervisor.temporary import Urls, temporary_postgres, temporary_valkey
from tests.leaks import every_record_is_looked_over, nothing_leaks  # noqa: F401 - for every test
from tests.people import browser_of, make_person

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TOKEN = "onw_marketplace"

real_connect = socket.socket.connect


def pytest_collection_finish() -> None:
    """Have the collector of garbage leave alone what stays anyway: modules and collected tests."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest journeys, so that no worker is left alone with one at the end."""
    first = ("test_replay", "test_browser")
    items.sort(key=lambda item: item.path.stem not in first)


def only_loopback(self: socket.socket, address: Any) -> None:
    """Refuse to connect to anything but this machine."""
    if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "localhost", "::1"}:
        message = f"a test wanted to reach {address}"
        raise RuntimeError(message)
    real_connect(self, address)


@pytest.fixture(scope="session", autouse=True)
def closed_network() -> Iterator[None]:
    """Refuse sockets to anywhere else for the whole run."""
    socket.socket.connect = only_loopback
    yield
    socket.socket.connect = real_connect


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Urls]:
    """A throw-away PostgreSQL."""
    with temporary_postgres(tmp_path_factory.mktemp("postgres")) as urls:
        yield urls


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A throw-away Valkey."""
    with temporary_valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield url


def other_database(url: str, name: str) -> str:
    """Return the address of another database on the same server."""
    return url.rpartition("/")[0] + "/" + name


@pytest.fixture(scope="session")
def template(cluster: Urls, valkey_url: str) -> str:
    """The name of a migrated database that others are cloned from."""
    app = make_app(cluster, "onward", valkey_url)
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        db.engine.dispose()
    return "onward"


class Browser(FlaskClient):
    """A client whose every request starts from nothing, as it would from outside."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        return contextvars.Context().run(super().open, *args, **kwargs)


def make_app(cluster: Urls, database: str, valkey_url: str, **settings: str) -> Flask:
    """Return an application on a database of the cluster."""
    given = {
        "DATABASE_URL": other_database(cluster.application, database),
        "DATABASE_OWNER_URL": other_database(cluster.owner, database),
        "REDIS_URL": valkey_url,
        "ENVIRONMENT": "test",
        "LOG_LEVEL": "INFO",
        "SECRET_KEY": "a secret of the tests",
        "FEDEX_CLIENT_ID": "demo",
        "FEDEX_CLIENT_SECRET": "demo",
    }
    app = create_app(Config.from_environment(given | settings))
    app.test_client_class = Browser
    return app


@pytest.fixture(scope="session")
def database(cluster: Urls, template: str) -> str:
    """This worker's own clone of the template."""
    name = f"test_{os.getpid()}"
    with psycopg.connect(cluster.superuser, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    return name


# The audit trail refuses to be emptied; who replicates a database is not asked. What a test has
# filled is little, and deleting little is ten times as quick as truncating everything.
EMPTY = """
DO $$
DECLARE
    name text;
BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);
    FOR name IN SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
        AND relnamespace = 'public'::regnamespace
        AND relname NOT IN ('world_clock', 'alembic_version', 'audit_head')
    LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    PERFORM setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences
        WHERE last_value IS NOT NULL AND schemaname = 'public';
    UPDATE audit_head SET position = 0, hash = '';
END $$
"""


@pytest.fixture(scope="session")
def superuser(cluster: Urls, database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the worker's database to which no rule applies."""
    with psycopg.connect(other_database(cluster.superuser, database)) as connection:
        yield connection


@pytest.fixture
def fresh(superuser: psycopg.Connection[Any], valkey_url: str) -> None:
    """Empty the worker's database and Valkey, and stop its world at NOW."""
    Redis.from_url(valkey_url).flushall()
    # Another test of this process may have worked on another database.
    known_cohorts.clear()
    superuser.execute(EMPTY)
    superuser.execute("UPDATE world_clock SET anchor_world = %s, rate = 0, ring_only = NULL", [NOW])
    superuser.commit()


@pytest.fixture(scope="session")
def made(cluster: Urls, database: str, valkey_url: str) -> Flask:
    """The worker's application, made once: its hundred routes take their time to compile."""
    return make_app(cluster, database, valkey_url)


@pytest.fixture
def app(made: Flask, fresh: None) -> Iterator[Flask]:
    """The application on an empty database and Valkey, its world stopped at NOW."""
    settings, extensions = dict(made.config), dict(made.extensions)
    # Other applications of this process may have been connected, and told how to log, since.
    valkey.init_app(made)
    rates.register(made)
    logs.set_up(made.config["LOG_LEVEL"])
    # What is sent here comes from no form; the tests of forms' tokens ask for them.
    made.config["WTF_CSRF_ENABLED"] = False
    with made.app_context():
        yield made
        db.engine.dispose()
    for now, before in ((made.config, settings), (made.extensions, extensions)):
        now.clear()
        now.update(before)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that has not signed in."""
    return app.test_client()


@pytest.fixture
def ops_client(app: Flask) -> FlaskClient:
    """A browser in which an ops agent has signed in."""
    return browser_of(app, make_person(email="ops@example.org"))


Api = Callable[..., Any]


@pytest.fixture
def api(app: Flask) -> Api:
    """Call the API with the marketplace's key: api("POST", "/orders", body) -> answer."""
    with transaction(ACCOUNTS):
        ensure_key("tests", TOKEN)
    return caller(app, TOKEN)


def caller(app: Flask, token: str) -> Api:
    """Return a function that calls the API with a key."""
    browser = app.test_client()

    def call(method: str, path: str, body: Any = None, **headers: str) -> Any:
        return browser.open(
            f"/api/v1{path}",
            method=method,
            json=body,
            headers={"Authorization": f"Bearer {token}", **headers},
        )

    return call


# Nothing listens there: an outside world that is away, not one that is mocked.
NOWHERE = "127.0.0.1:9"
Sql = Callable[..., list[Any]]


@pytest.fixture
def jobs_run_here(app: Flask) -> Iterator[None]:
    """Let jobs run in the test, as a worker would run them."""
    app.config["FEDEX_URL"], app.config["SMTP_URL"] = f"http://{NOWHERE}/fedex", f"smtp://{NOWHERE}"
    workers.job._app = app  # noqa: SLF001 - what a worker makes of its environment
    yield
    workers.job._app = None  # noqa: SLF001 - the same


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
