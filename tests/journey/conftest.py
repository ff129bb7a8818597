"""A small marketplace in trouble, served on loopback, and a real browser to look at it with."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BufferedReader
from typing import Any

import psycopg
import pytest
from flask import Flask
from redis import Redis
from werkzeug.serving import WSGIRequestHandler, make_server

import workers.job
from app import timeline
from app.accounts.people import ensure_user
from app.extensions import db, valkey
from app.shared import live
from app.shared.work import ACCOUNTS, OPS, transaction
from simulator import mailbox
from simulator.fedex import FedEx, ParcelBook
from simulator.http import Router, Served
from simulator.mailbox import Mailbox, MailFault
from simulator.numbers import fedex_number
from supervisor.temporary import Urls
from tests.conftest import NOW, make_app, other_database
from tests.factories import (
    at,
    confirmed,
    line,
    make_order,
    make_vendor_with_stock,
    one,
    parcel,
    rows,
    run_jobs,
    send,
)
from tests.people import PASSWORD, make_person, vendor_id

EMAIL, NOOR = "imani@example.org", "noor@example.org"
CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# A Friday afternoon: some of it went well, some of it did not.
TODAY = datetime.fromisoformat("2026-12-04T16:00:00+00:00")


class Heard(BufferedReader):
    """What a browser sends; one that hangs up in the middle has simply nothing more to say."""

    def read(self, size: int | None = -1) -> bytes:
        """Return nothing where the connection is gone."""
        try:
            return super().read(size)
        except ConnectionError:
            return b""


class Silent(WSGIRequestHandler):
    """Serves without a word: what matters is what the browser sees."""

    def setup(self) -> None:
        """Have it hear the end of a connection without an error.

        Werkzeug reads what is left to read before it closes its answer: the error would leave the
        file that is sent open.
        """
        super().setup()
        self.rfile = Heard(self.rfile.detach())

    def log_request(self, *_: Any) -> None:
        """Say nothing."""


@dataclass
class Site:
    """Where the application is served, and what its world calls the things in it."""

    url: str
    numbers: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)


def clone(cluster: Urls, template: str, name: str) -> None:
    """Make a database that is a copy of another one, to which nobody is connected."""
    with psycopg.connect(cluster.superuser, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')


@contextmanager
def fresh_app(
    cluster: Urls, template: str, valkey_url: str, moment: datetime = NOW
) -> Iterator[Flask]:
    """Make the application on a clone of the template, its world stopped at a moment."""
    name = f"journey{os.getpid()}"
    clone(cluster, template, name)
    with psycopg.connect(other_database(cluster.owner, name), autocommit=True) as owner:
        owner.execute("UPDATE world_clock SET anchor_world = %s, rate = 0", [moment])
    Redis.from_url(valkey_url).flushall()
    timeline.service.known_cohorts.clear()
    app = make_app(cluster, name, valkey_url)
    workers.job._app = app  # noqa: SLF001 - what a worker makes of its environment
    try:
        yield app
    finally:
        workers.job._app = None  # noqa: SLF001 - the same
        with app.app_context():
            db.engine.dispose()
        with psycopg.connect(cluster.superuser, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def outside_world(app: Flask) -> Iterator[tuple[ParcelBook, Mailbox]]:
    """Give the application a carrier and a mail server that live in its world's time."""

    def now() -> datetime:
        with app.app_context(), transaction(OPS) as moment:
            return moment

    book, box, router = ParcelBook(now), Mailbox(), Router()
    FedEx(book).mount(router)
    with ExitStack() as closing:
        carrier, post = Served(router, 0), mailbox.Served(box)
        closing.callback(carrier.close)
        closing.callback(post.close)
        app.config["FEDEX_URL"], app.config["SMTP_URL"] = f"{carrier.url}/fedex", post.url
        yield book, box


def order(number: str, name: str, *lines: dict[str, Any], placed: datetime = NOW) -> Any:
    """Take an order of a customer in, and let the platform react."""
    person = name.split(maxsplit=1)[0].lower()
    customer = {"external_id": f"C-{person}", "name": name, "email": f"{person}@example.org"}
    to = {"name": name, "line1": "Storgatan 1", "postal_code": "211 34", "city": "Malmö"}
    key = make_order(
        number,
        lines,
        placed_at=placed.isoformat(),
        customer=customer,
        ship_to=to | {"country": "SE"},
    )
    run_jobs()
    return key


def ship(order_id: Any, n: int, at_moment: datetime) -> str:
    """Have the vendor confirm and ship all of an order; return the parcel's number."""
    (reference,) = confirmed(order_id)
    send(reference, parcel(n, at_moment))
    return fedex_number(n)


def scans(left: datetime, *later: tuple[datetime, str, str]) -> list[Any]:
    """Return a parcel's scans, the first at its vendor's door."""
    seen = [(left + 2 * HOUR, "PU", "Picked up"), *later]
    return [(moment, code, words, "Malmö", "", "SE") for moment, code, words in seen]


def mornings(first: int, end: int) -> datetime:
    """Let the platform look on the mornings after some days; return the last of them."""
    for days in range(first, end):
        moment = at(NOW + days * DAY)
        run_jobs()
    return moment


def build(site: Site, book: ParcelBook, box: Mailbox) -> None:
    """Let two weeks pass in which not everything goes well."""
    mug = line("MUG", 2) | {"title": "Mug, red"}
    throw = line("THROW", 1, "2") | {"title": "Wool throw, grey", "unit_price": "89.00"}
    make_vendor_with_stock("kiln", {"MUG": 50, "THROW": 9}, cost_minor=600)
    make_vendor_with_stock("ridge", {"MUG": 0}, cost_minor=550)
    with transaction(ACCOUNTS):
        ensure_user(EMAIL, "Imani Brooks", "ops_agent", PASSWORD)

    late, fine, stuck = (
        order("W-1001", "Ada Lind", mug, throw),
        order("W-1002", "Bo Ek", mug),
        order("W-1003", "Chidi Okafor", throw),
    )
    left = at(NOW + 21 * HOUR)
    for n, key in enumerate((late, fine, stuck), start=1):
        ship(key, n, left)
    snow = (left + 2 * DAY, "DY", "Severe weather")
    book.add(fedex_number(1), scans(left, snow, (left + 9 * DAY, "DL", "Delivered")))
    book.add(fedex_number(2), scans(left, (left + 2 * DAY, "DL", "Delivered")))
    book.add(fedex_number(3), scans(left, snow))
    run_jobs()

    # Mail that was refused, and mail that may or may not have arrived: a person must look.
    placed = mornings(2, 8)
    for number, name, fault in (
        ("W-1004", "Dana Whitfield", MailFault.REJECT),
        ("W-1005", "Edith Moreau", MailFault.DROP),
        ("W-1006", "Femi Adeyemi", None),
    ):
        box.fault = fault
        order(number, name, mug, placed=placed)
    box.fault = None
    order("W-1007", "Greta Sandström", line("LAMP") | {"title": "Paper lantern"}, placed=placed)

    mornings(8, 12)
    at(TODAY)
    order("W-1008", "Hugo Lindqvist", mug, throw, placed=TODAY - HOUR)

    for row in rows("SELECT number, reference FROM orders"):
        site.paths[row.number] = f"/console/orders/{row.reference}"
    site.numbers |= {"late": "W-1001", "parcel": fedex_number(1), "unfilled": "W-1007"}
    worst = one(
        "SELECT reference FROM exception_cases WHERE severity = 'critical' AND closed_at IS NULL"
        " ORDER BY occurred_at, id LIMIT 1"
    )
    site.paths["case"] = f"/console/cases/{worst.reference}"


@pytest.fixture(scope="session")
def life(cluster: Urls, template: str, valkey_url: str) -> tuple[str, Site]:
    """The name of a database two weeks into a made-up life, and what is in it: made once."""
    name, found = f"life{os.getpid()}", Site("")
    with fresh_app(cluster, template, valkey_url) as app:
        with outside_world(app) as (book, box), app.app_context():
            build(found, book, box)
            made_in = str(db.engine.url.database)
            db.engine.dispose()
        clone(cluster, made_in, name)
    return name, found


@pytest.fixture(scope="module")
def site(cluster: Urls, valkey_url: str, life: tuple[str, Site]) -> Iterator[Site]:
    """The application on loopback, two weeks into a made-up life."""
    name, known = life
    with ExitStack() as closing:
        app = closing.enter_context(fresh_app(cluster, name, valkey_url, TODAY))
        # Two weeks were talked of before: no page need think that it has missed something.
        valkey.client.xadd(live.OPS_STREAM, {"topic": live.BEGIN}, id="1-0")
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
        closing.callback(server.server_close)
        found = Site(f"http://127.0.0.1:{server.server_port}", known.numbers, known.paths)
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        closing.callback(serving.join)
        closing.callback(server.shutdown)
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for all journeys."""
    api = pytest.importorskip("playwright.sync_api", reason="no browser: playwright is missing")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield running
        running.close()


def kept_of(browser: Any, site: Site, email: str, door: str) -> Any:
    """Return what a browser keeps after somebody has signed in."""
    context = browser.new_context(base_url=site.url)
    page = context.new_page()
    page.goto("/signin")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{door}")
    kept = context.storage_state()
    context.close()
    return kept


@pytest.fixture(scope="module")
def signed_in(browser: Any, site: Site) -> Any:
    """What a browser keeps after an ops agent has signed in."""
    return kept_of(browser, site, EMAIL, "/console/")


@contextmanager
def behind() -> Iterator[None]:
    """Do what is inside as the application that the site serves."""
    app = workers.job._app  # noqa: SLF001 - nobody else knows it
    assert app is not None
    with app.app_context():
        yield


@pytest.fixture(scope="module")
def noor(browser: Any, site: Site) -> Any:
    """What a browser keeps after somebody of a vendor has signed in."""
    with behind():
        make_person("vendor_staff", "Noor Aziz", email=NOOR, vendor=vendor_id("kiln"))
    return kept_of(browser, site, NOOR, "/portal/")


Visit = Callable[..., Any]


@pytest.fixture
def visit(browser: Any, site: Site) -> Iterator[Visit]:
    """Open a browser window of its own: visit(width=390, color_scheme="dark") -> page."""
    contexts = []

    def open_window(width: int = 1440, height: int = 900, **wanted: Any) -> Any:
        size = {"width": width, "height": height}
        context = browser.new_context(base_url=site.url, viewport=size, **wanted)
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()
