"""A throw-away platform full of orders, and who has signed in to it: of ops, and of a vendor."""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from limits import RateLimitItemPerMinute
from million import fill, settings
from sqlalchemy import text
from werkzeug.test import EnvironBuilder

from app import create_app
from app.accounts import sessions
from app.accounts.contract import Origin
from app.extensions import db
from app.shared import ids
from app.shared.work import ACCOUNTS, transaction
from app.web.rates import RATES
from config import Config
from supervisor.temporary import THROW_AWAY, temporary_postgres, temporary_valkey

ROOT = Path(__file__).parents[1]
LARGEST = "bench-1"
HOST = "http://127.0.0.1:8000"
PERSON = text(
    "INSERT INTO users (id, email, name, role, vendor_id, password_hash)"
    " VALUES (:id, :role || '@example.org', 'Bench Person', :role,"
    "  (SELECT id FROM vendors WHERE code = :vendor), 'none')"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser without its cost: calls the application as a server would, in this process."""

    app: Flask
    cookie: str = ""

    def get(self, path: str) -> Answer:
        """Return the whole answer at an address."""
        return self.asker(path)()

    def asker(self, path: str, **more: str) -> Callable[[], Answer]:
        """Return what asks for an address again and again; nothing is made ready twice."""
        headers = {"Cookie": self.cookie, "Accept": "text/html"} | more
        ready = EnvironBuilder(path, base_url=HOST, headers=headers).get_environ()

        def ask() -> Answer:
            told: list[Any] = []
            environ = {**ready, "wsgi.input": io.BytesIO()}
            found = self.app.wsgi_app(environ, lambda *words: told.extend(words[:2]) or print)
            body = b"".join(found)
            if hasattr(found, "close"):
                found.close()
            return Answer(int(told[0][:3]), body, dict(told[1]))

        return ask


@dataclass(frozen=True, slots=True)
class Site:
    """The application and its settings, its database's superuser, and who visits.

    `vendor` is of the vendor that has most of the work.
    """

    app: Flask
    config: Config
    superuser: str
    visitor: Visitor
    vendor: Visitor


@contextmanager
def site(orders: int, servers: Mapping[str, str] = THROW_AWAY) -> Iterator[Site]:
    """Run throw-away servers and fill them; `servers`: the settings of PostgreSQL beside ours."""
    folder = Path(tempfile.mkdtemp())
    with (
        temporary_postgres(folder / "pg", servers) as urls,
        temporary_valkey(folder / "vk") as redis_url,
    ):
        config = settings(urls.application, urls.owner, redis_url)
        app = create_app(config)
        superuser = urls.superuser.rpartition("/")[0] + "/onward"
        with app.app_context():
            upgrade(directory=str(ROOT / "migrations"))
        took = fill(superuser, orders)
        print(f"{orders:,} orders written in {took:.1f} s")
        # Counted as always, with a limit that a measurement does not reach.
        RATES.update(dict.fromkeys(("search", "page"), RateLimitItemPerMinute(10_000_000)))
        try:
            ops, vendor = signed_in(app), signed_in(app, "vendor_owner", LARGEST)
            yield Site(app, config, superuser, Visitor(app, ops), Visitor(app, vendor))
        finally:
            with app.app_context():
                db.engine.dispose()


def signed_in(app: Flask, role: str = "ops_agent", vendor: str | None = None) -> str:
    """Return the cookie of somebody who has signed in."""
    user_id = ids.new()
    with app.app_context(), transaction(ACCOUNTS):
        db.session.execute(PERSON, {"id": user_id, "role": role, "vendor": vendor})
        token = sessions.open_session(user_id, Origin("127.0.0.1", "bench"), is_proven=True)
    browser = app.test_client()
    with browser.session_transaction(base_url=HOST) as kept:
        kept["_user_id"], kept["_fresh"] = token, True
    cookie = browser.get_cookie("session", "127.0.0.1")
    return f"session={cookie.value}" if cookie else ""


def seconds_of(act: Callable[[], object], times: int) -> list[float]:
    """Return how long each of some repetitions took."""
    took = []
    for _ in range(times):
        started = time.perf_counter()
        act()
        took.append(time.perf_counter() - started)
    return took


def p95(took: Sequence[float]) -> float:
    """Return what nineteen of twenty do not exceed."""
    return quantiles(took, n=20)[-1]
