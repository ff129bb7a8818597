"""Every screen in a real browser, walked as each role and as nobody (the census says which)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.serving import make_server

from app.accounts import keys, people
from app.accounts.contract import OPS_ROLES, ROLES, Person
from app.doors.table import Audience
from app.shared.work import ACCOUNTS, transaction
from supervisor.temporary import Urls
from tests.factories import line, make_vendor_with_stock, one, references, routed_order
from tests.journey.axe import THEMES, violations
from tests.journey.conftest import CHROMIUM, Silent, Visit, fresh_app
from tests.journey.test_account import PAGES as ACCOUNT
from tests.journey.test_browser import LISTS
from tests.journey.test_manage import PAGES as MANAGED
from tests.people import browser_of, make_person, person_of
from tests.security.census import Way, ways

pytest.importorskip("playwright", reason="no browser: playwright is missing")
pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(),
    reason=f"no browser: {CHROMIUM} does not exist; name one in CHROMIUM",
)
# Nothing of these is a page: files, states for programs, and what a case needs to exist.
NOT_PAGES = {
    "static",
    "bootstrap.static",
    "brand.css",
    "health.healthz",
    "health.readyz",
    "live.stream",
    "live.since",
    "console.list_counts",
    "console.export",
    "console.import_refusals",
    "console.notice_news",
    "docs.openapi",
    "portal.notice_news",
    "portal.check_number",
    "portal.pick_list",
    "portal.wave_list",
    "portal.manifest_pdf",
    "portal.many_papers",
    "portal.order_papers",
    "portal.receipt",
    "portal.gift_note",
    "portal.label",
    "portal.packing_slip",
    "portal.return_slip",
    "portal.stock_file",
}
# Pages that exist only while there is a case, a file or a link, which other journeys look at.
ELSEWHERE = {
    "console.case",
    "console.one_import",
    "console.source",
    "console.batch",
    "console.batch_results",
    "console.photo",
    "portal.photo",
    "portal.wave",
    "portal.webhook",
    "signin.reset",
    "signin.invitation",
    "signin.confirm_email",
}
# What names a fulfillment order as others name an order.
A_PART = "fulfillment order"

PHONE = 360
# What other journeys judge, with more in it: in both widths, ops' lists, full and empty, and the
# account; on a phone, what is managed. A list offers a lead more to do than an agent.
JUDGED = {f"/console/{name}" for name in LISTS} - {"/console/orders"}
JUDGED |= {f"/account{path}" for path in ACCOUNT}
JUDGED_ON_A_PHONE = {path.partition("?")[0] for paths in MANAGED.values() for path in paths}


@dataclass
class Place:
    """A served application with somebody of every role, and what addresses name in it."""

    app: Flask
    url: str
    people: dict[str, Person]
    known: dict[str, Any]


def furnish(app: Flask) -> tuple[dict[str, Person], dict[str, Any]]:
    """Give the marketplace a vendor with work, people of every role, an invitation and a key."""
    vendor = make_vendor_with_stock("kiln", {"MUG": 10})
    order = routed_order("W-1", [line("MUG")])
    everybody = {role: somebody(role, vendor) for role in ROLES}
    boss, owner = everybody["administrator"], everybody["vendor_owner"]
    with transaction(ACCOUNTS):
        people.invite("new@example.org", "Nia Falk", "ops_lead", None, boss)
        people.invite("pack@example.org", "Odd Ruud", "vendor_staff", vendor, owner)
        keys.create("shop", ["orders:read", "orders:write"], None, boss)
        keys.create("robot", ["fulfillment:read"], vendor, owner)
    number = one("SELECT reference FROM orders WHERE id = :id", id=order).reference
    known = {"code": "kiln", "user_id": everybody["vendor_staff"].id, "reference": number}
    known |= {"sku": "MUG", "vendor": "kiln", "location": "main", "kind": "routing"}
    known |= {"name": "pause", "fulfillment_order": references(order)[0]}
    known |= {"location_id": one("SELECT id FROM locations").id}
    known |= {"listing_id": one("SELECT id FROM listings").id}
    return everybody, known


def somebody(role: str, vendor: UUID) -> Person:
    name = f"{role.replace('_', ' ').title()} One"
    return person_of(make_person(role, name, vendor=None if role in OPS_ROLES else vendor))


@pytest.fixture(scope="module")
def place(cluster: Urls, template: str, valkey_url: str) -> Iterator[Place]:
    """The application on loopback."""
    with ExitStack() as closing:
        app = closing.enter_context(fresh_app(cluster, template, valkey_url))
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
        closing.callback(server.server_close)
        with app.app_context():
            everybody, known = furnish(app)
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        closing.callback(serving.join)
        closing.callback(server.shutdown)
        yield Place(app, f"http://127.0.0.1:{server.server_port}", everybody, known)


@pytest.fixture
def site(place: Place) -> Place:
    """Where windows open."""
    return place


def signed_in(place: Place, role: str) -> dict[str, Any]:
    """Return what a browser keeps in which somebody of a role has signed in."""
    with place.app.app_context():
        browser = browser_of(place.app, place.people[role].id)
    cookie = browser.get_cookie("session")
    assert cookie is not None
    kept = {"name": "session", "value": cookie.value, "url": place.url}
    return {"cookies": [kept | {"expires": -1}], "origins": []}


def pages_of(place: Place, role: str | None) -> list[Way]:
    """Return every page that is open to a role, or to nobody."""
    known = dict(place.known)
    fulfillment_order = known.pop("fulfillment_order")
    with place.app.app_context():
        found = [
            *(w for w in ways(place.app, **known) if w.door.names != A_PART),
            *(w for w in ways(place.app, reference=fulfillment_order) if w.door.names == A_PART),
        ]
    return [way for way in found if is_open(way, role)]


def is_open(way: Way, role: str | None) -> bool:
    if way.method != "GET" or way.endpoint in NOT_PAGES | ELSEWHERE | {"signin.code"}:
        return False
    if way.door.audience is Audience.PUBLIC:
        return role is None
    return role in way.door.roles


@pytest.mark.parametrize("role", [None, *ROLES])
def test_every_page_opens_to_each_of_its_roles_and_none_complains(
    place: Place, visit: Visit, role: str | None
) -> None:
    complaints: list[tuple[str, str]] = []
    hosts, sideways = set(), {}
    state = {"storage_state": signed_in(place, role)} if role else {}
    page = visit(PHONE, 740, **state)
    page.on("console", lambda said: complaints.append((page.url, said.text)))
    page.on("pageerror", lambda error: complaints.append((page.url, str(error))))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    for way in pages_of(place, role):
        answer = page.goto(way.path)
        assert (answer.status, urlsplit(page.url).path) == (200, way.path)
        sideways[way.path] = page.evaluate("document.scrollingElement.scrollWidth")

    assert {path: width for path, width in sideways.items() if width != PHONE} == {}
    assert complaints == []
    assert hosts == {urlsplit(place.url).netloc}


def is_judged(path: str, role: str, width: int) -> bool:
    """Return whether another journey looks at a page as this role sees it."""
    on_a_phone = width == PHONE and path in JUDGED_ON_A_PHONE
    return on_a_phone or (role in OPS_ROLES and path in JUDGED)


@pytest.mark.parametrize("width", [1440, PHONE])
@pytest.mark.parametrize("role", ["administrator", "vendor_owner"])
def test_axe_finds_nothing_on_any_page_of_the_census_in_light_and_dark(
    place: Place, visit: Visit, role: str, width: int
) -> None:
    page = visit(width, storage_state=signed_in(place, role))
    found = {}
    # What has other colors at a desk, ops' rail and wide lists, other journeys judge in dark.
    themes = ["light"] if width > PHONE and role in OPS_ROLES else THEMES
    for way in pages_of(place, role):
        if is_judged(way.path, role, width):
            continue
        page.goto(way.path)
        found[way.path] = violations(page, themes)

    assert {path: broken for path, broken in found.items() if broken} == {}


def test_nobody_is_shown_the_door_instead(place: Place, visit: Visit) -> None:
    page = visit()

    for path in ("/console/people", "/portal/", "/account"):
        page.goto(path)
        assert page.url == f"{place.url}/signin?next={path}"
