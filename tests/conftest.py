"""Real PostgreSQL and Valkey for every test: one cluster a worker, one clone of a template a test."""

from __future__ import annotations

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
from redis import Redis

from supervisor.temporary import Urls, temporary_postgres, temporary_valkey

PASSWORD = "correct horse battery staple"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TOKEN = "onw_marketplace"

real_connect = socket.socket.connect


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
    """The name of a migrated database that tests are cloned from."""
    from flask_migrate import upgrade

    app = make_app(cluster, "onward", valkey_url)
    with app.app_context():
        upgrade(directory=str(Path(__file__).parents[1] / "migrations"))
        from app.extensions import db

        db.engine.dispose()
    return "onward"


def make_app(cluster: Urls, database: str, valkey_url: str, **settings: str) -> Flask:
    """Return an application on a database of the cluster."""
    from app import create_app
    from config import Config

    given = {
        "DATABASE_URL": other_database(cluster.application, database),
        "DATABASE_OWNER_URL": other_database(cluster.owner, database),
        "REDIS_URL": valkey_url,
        "ENVIRONMENT": "test",
        "LOG_LEVEL": "WARNING",
        "SECRET_KEY": "a secret of the tests",
        "FEDEX_CLIENT_ID": "demo",
        "FEDEX_CLIENT_SECRET": "demo",
    }
    return create_app(Config.from_environment(given | settings))


@pytest.fixture
def database(cluster: Urls, template: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh clone of the template, gone after the test."""
    name = f"t{os.getpid()}_{abs(hash(request.node.nodeid)) % 10**12}"
    with psycopg.connect(cluster.superuser, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    yield name
    with psycopg.connect(cluster.superuser, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def app(cluster: Urls, database: str, valkey_url: str) -> Iterator[Flask]:
    """The application on a fresh database and an empty Valkey, its world stopped at NOW."""
    Redis.from_url(valkey_url).flushall()
    app = make_app(cluster, database, valkey_url)
    with psycopg.connect(other_database(cluster.owner, database), autocommit=True) as owner:
        owner.execute("UPDATE world_clock SET anchor_world = %s, rate = 0", [NOW])
    from app import timeline

    timeline.service._known_cohorts.clear()
    with app.app_context():
        yield app
        from app.extensions import db

        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that has not signed in."""
    return app.test_client()


@pytest.fixture
def ops_client(app: Flask) -> FlaskClient:
    """A browser in which an ops agent has signed in."""
    from app.accounts.service import ensure_user
    from app.shared.work import OPS, transaction

    with transaction(OPS):
        ensure_user("ops@example.org", "Imani Brooks", "ops_agent", PASSWORD)
    app.config["WTF_CSRF_ENABLED"] = False
    browser = app.test_client()
    answer = browser.post("/signin", data={"email": "ops@example.org", "password": PASSWORD})
    assert answer.status_code == 302
    return browser


Api = Callable[..., Any]


@pytest.fixture
def api(app: Flask) -> Api:
    """Call the API with the marketplace's key: api("POST", "/orders", body) -> answer."""
    from app.accounts.service import ensure_key
    from app.shared.work import OPS, transaction

    with transaction(OPS):
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
