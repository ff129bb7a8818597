"""Every page in a language that marks what was asked for: what reads as English never was.

In en-XA a text comes back in brackets, with accents. Data is no text: names, numbers and codes
stand in `<bdi>`, `<time>` or the like (DATA), and what nobody is to translate says so.
"""

from __future__ import annotations

import base64
import hmac
import html.parser
import io
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from app.accounts import keys, people
from app.accounts.preferences import NOBODYS, change
from app.doors.table import Audience, door_of
from app.shared.language import ACCENTED
from app.shared.work import ACCOUNTS, transaction
from app.web import languages
from supervisor.temporary import Urls
from tests.faces.test_mail_links import make_link
from tests.factories import rows, run_jobs
from tests.journey.conftest import Site, build, fresh_app, outside_world
from tests.people import browser_of, make_person, person_of, vendor_id
from tests.security.census import Way, knock, ways

DATA = {"bdi", "time", "kbd", "code", "pre", "script", "style", "textarea"}
SPOKEN = {
    "aria-label",
    "aria-description",
    "aria-roledescription",
    "aria-valuetext",
    "title",
    "placeholder",
    "alt",
    "label",
    "summary",
}
BUTTONS = {"submit", "button", "reset"}
VOID = re.compile("area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr")
# Within these, a text may go on behind a mark of its own; it never goes on behind another.
INLINE = re.compile("a|abbr|b|bdi|br|code|em|i|kbd|mark|q|small|span|strong|su[bp]|svg|time|use")
WORD = re.compile(r"[A-Za-z]{2,}")
# A word that a text would have with an accent: a fact, which is fine if it is data; codes are.
FACT = re.compile(r"(?<!\w)(?=[A-Za-z]{2})[A-Za-z]*[aceinosuy][A-Za-z]*(?!\w)")
ADDRESS = re.compile(r"\S+@\S+")
# What the marketplace is called where nobody has said so.
NAME = "Onward"
# Of whom sentences speak, and the days, which testers read as in English.
NAMED = re.compile(
    "Onward|Ada|Aziz|Eva|Falk|FedEx|Holm|Jonas|Kiln|Marin|Nia|Noor|Omaha|Teo"
    "|Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
)
# No pages: files, and news for scripts; the documentation is in English, like what it describes.
NOT_PAGES = {
    "docs.show",
    "docs.openapi",
    "static",
    "bootstrap.static",
    "brand.css",
    "live.stream",
    "live.since",
    "console.export",
    "console.batch_results",
    "console.import_refusals",
}
# How many pages of one kind are looked at: orders in several states, lists in several views.
OF_A_KIND = 12
# How many texts of a page are named.
AT_MOST = 40
# A form that takes whatever is sent, and would have its reader speak another language.
TAKES_ANYTHING = {"signin.display", "signin.told", "console.leave_view"}


class Page(html.parser.HTMLParser):
    """Collects the texts of a page that nobody asked a catalog for, and where its links lead."""

    def __init__(self, markup: str) -> None:
        """Read a page."""
        super().__init__()
        self.data: set[str] = set()
        self.links: list[str] = []
        self.silent: list[str] = []
        self.titles: list[str] = []
        self.texts: list[str] = []
        self.text = ""
        self.is_title = False
        self.feed(markup)
        self.close()
        self._end_of_text()
        # A title, or what is only heard, cannot mark its data; it stands on the page as well.
        known = sorted(self.data - {""}, key=len, reverse=True)
        data = re.compile("|".join(rf"(?<!\w){re.escape(d)}(?!\w)" for d in known) or "(?!)")
        words = {word for text in known for word in WORD.findall(text)}
        marked = [*self.texts, *(data.sub("", text) for text in self.titles)]
        self.english = list(filter(None, (english(text, words) for text in marked)))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at an element's attributes, and whether what stands in it is data."""
        has = {name: value or "" for name, value in attrs}
        if not INLINE.fullmatch(tag):
            self._end_of_text()
        self.is_title = tag == "title"
        self.links += [has[name] for name in ("href", "hx-get") if has.get(name)]
        is_data = tag in DATA or "code" in has.get("class", "").split()
        # What says which language it is in is in no other.
        is_data = is_data or has.get("translate") == "no" or ("lang" in has and tag != "html")
        if not self.silent and not is_data:
            said = [value for name, value in has.items() if name in SPOKEN]
            if tag == "button" or (tag == "input" and has.get("type") in BUTTONS):
                said.append(has.get("value", "") if tag == "input" else "")
            self.titles += said
        if (self.silent or is_data) and not VOID.fullmatch(tag):
            self.silent.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Note that an element is over."""
        if not INLINE.fullmatch(tag):
            self._end_of_text()
        if tag in self.silent:
            while self.silent.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Keep a text, also what stands behind a mark in it."""
        if self.silent:
            self.data.add(" ".join(data.split()))
        self.text += " " if self.silent else data

    def _end_of_text(self) -> None:
        (self.titles if self.is_title else self.texts).append(self.text)
        self.text = ""


def english(text: str, known: set[str]) -> str | None:
    """Return a text that has words outside brackets, or facts inside that are no data."""
    depth, inside, outside = 0, "", ""
    for char in text:
        depth -= char == "⟧"
        inside += char if depth else " "
        outside += " " if depth or char in "⟦⟧" else char
        depth += char == "⟦"
    said = " ".join(text.split())
    if WORD.search(outside.replace(NAME, "")):
        return said
    facts = {word for word in FACT.findall(ADDRESS.sub("", inside)) if not NAMED.fullmatch(word)}
    return f"{', '.join(sorted(facts - known))} in {said}" if facts - known else None


@dataclass
class Place:
    """A filled marketplace with somebody of each side whose pages mark what was asked for."""

    app: Flask
    people: dict[str, UUID]
    known: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def place(cluster: Urls, template: str, valkey_url: str) -> Iterator[Place]:
    """Two weeks of a marketplace in trouble, with everything in it that pages can show."""
    with ExitStack() as closing:
        app = closing.enter_context(fresh_app(cluster, template, valkey_url))
        app.config["WTF_CSRF_ENABLED"] = False
        with outside_world(app) as (book, box), app.app_context():
            build(Site(""), book, box)
            found = furnish(app)
        yield found


@pytest.fixture(autouse=True)
def inside(place: Place) -> Iterator[None]:
    """Let tests look into the database, too."""
    with place.app.app_context():
        yield


def furnish(app: Flask) -> Place:
    """Add people, an invitation, keys, a bulk change, notes and who they tell."""
    kiln = vendor_id("kiln")
    boss = make_person("administrator", "Teo Marin")
    owner = make_person("vendor_owner", "Noor Aziz", vendor=kiln)
    packer = make_person("vendor_staff", "Odd Ruud", vendor=kiln)
    with transaction(ACCOUNTS):
        for user_id in (boss, owner):
            change(user_id, NOBODYS, language=ACCENTED)
    admin, head = person_of(boss), person_of(owner)
    with transaction(ACCOUNTS):
        people.invite("new@example.org", "Nia Falk", "ops_lead", None, admin)
        people.invite("pack@example.org", "Eva Holm", "vendor_staff", kiln, head)
        keys.create("shop", ["orders:read", "orders:write"], None, admin)
        keys.create("robot", ["fulfillment:read"], kiln, head)
    browser = browser_of(app, boss)
    orders = [row.reference for row in rows("SELECT reference FROM orders ORDER BY number")]
    note = {"body": "@Noor is it packed?", "sees": f"vendor:{kiln}", "mention": str(owner)}
    for act in ("orders.hold", "orders.cancel"):
        draft = browser.post("/console/batches", data={"act": act, "row": orders}).location
        if act == "orders.hold":
            browser.post(draft, data={"reason": "Strike"})
    for reference in orders[:2]:
        browser.post(f"/console/orders/{reference}/notes", data=note | {"once": str(uuid4())})
    take_in(browser)
    run_jobs()
    return Place(
        app,
        {"administrator": boss, "vendor_owner": owner},
        {"code": "kiln", "user_id": packer},
    )


def take_in(browser: FlaskClient) -> None:
    """Add files in every state, and shops of which one sent what cannot be read."""
    head = "Order,Ordered at,Customer,Street,City,Country,SKU,Qty,Price\n"
    row = "I-{n},2026-11-21 10:15,Ada Lind,Storgatan 1,Omaha,SE,MUG,{units},12.50\n"
    content = head + row.format(n=1, units=2) + row.format(n=2, units="two")
    for last in ("", "try", "start", "cancel"):
        file = (io.BytesIO(content.encode()), "orders.csv")
        path = browser.post("/console/imports/new", data={"kind": "orders", "file": file}).location
        newest = rows("SELECT mapping FROM imports ORDER BY made_at DESC LIMIT 1")[0]
        form = {f"column:{name}": column for name, column in newest.mapping.items()}
        for act in ("try", "start", "cancel") if last else ():
            browser.post(f"{path}/{act}", data=form | {"channel": "web"})
            if act != "start" or last == "start":
                run_jobs("run_imports")
            if act == last:
                break
    # One that has a vendor's name is found under what the doors are knocked at with.
    for code, kind in (("kiln", "shopify"), ("woo", "woocommerce")):
        form = {"kind": kind, "code": code, "channel": code, "secret": "s" * 32}
        browser.post("/console/sources/new", data=form)
    mac = base64.b64encode(hmac.digest(b"s" * 32, b"{}", "sha256")).decode()
    headers = {"X-Shopify-Hmac-Sha256": mac, "X-Shopify-Topic": "orders/create"}
    browser.post("/webhooks/sources/kiln", data=b"{}", headers=headers)


@dataclass
class Walk:
    """Goes from page to page in one browser, and keeps what it reads in English."""

    app: Flask
    browser: FlaskClient
    seen: set[str] = field(default_factory=set)
    visits: dict[str, int] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    found: dict[str, list[str]] = field(default_factory=dict)

    def read(self, where: str, answer: TestResponse) -> Page | None:
        """Look over an answer if it is a page; a text is reported where it is met first."""
        if answer.mimetype != "text/html" or answer.location:
            return None
        page = Page(answer.text)
        new = dict.fromkeys(text for text in page.english if text not in self.known)
        self.known.update(new)
        if new:
            self.found[where] = [text[:90] for text in new]
        return page

    def follow(self, way: Way) -> None:
        """Look at a page and at all that it leads to."""
        waiting = [way.path]
        while waiting:
            path = waiting.pop(0)
            if not self._is_new(path):
                continue
            answer = self.browser.get(path)
            assert answer.status_code < 500, path
            if answer.location:
                waiting.append(urljoin(path, answer.location))
            answer.get_data()
            answer.close()
            page = self.read(path, answer)
            if page:
                waiting += [urljoin(path, link) for link in page.links]

    def _is_new(self, link: str) -> bool:
        """Return whether a link leads to a page of ours that has not been read too often."""
        found = urlsplit(link)
        path = f"{found.path}?{found.query}" if found.query else found.path
        if found.netloc not in {"", "localhost"} or path in self.seen:
            return False
        self.seen.add(path)
        try:
            endpoint, _ = self.app.url_map.bind("localhost").match(found.path, "GET")
        except HTTPException:
            return True
        self.visits[endpoint] = self.visits.get(endpoint, 0) + 1
        return endpoint not in NOT_PAGES and self.visits[endpoint] <= OF_A_KIND

    def judge(self) -> None:
        """Fail with the texts by page, if there are any."""
        if not self.found:
            return
        texts = sum(map(len, self.found.values()))
        lines = [f"{texts} texts on {len(self.found)} pages read as English:"]
        for where, said in sorted(self.found.items()):
            more = [f"and {len(said) - AT_MOST} more"] if len(said) > AT_MOST else []
            lines.append(f"{where}: {' | '.join([*said[:AT_MOST], *more])}")
        pytest.fail("\n".join(lines), pytrace=False)


@pytest.mark.parametrize("role", ["administrator", "vendor_owner"])
def test_every_text_of_every_page_is_asked_for(place: Place, role: str) -> None:
    walk = Walk(place.app, browser_of(place.app, place.people[role]))
    doors = [way for way in ways(place.app, **place.known) if role in way.door.roles]
    for way in doors:
        if way.method == "GET" and "nobody" not in way.path:
            walk.follow(way)
    for path in ("/nowhere", "/console/people", "/portal/team"):
        walk.read(path, walk.browser.get(path))
    # Forms that are sent empty say what they lack.
    for way in doors:
        is_form = way.method == "POST" and door_of(way.endpoint, "GET") is not None
        if is_form and way.endpoint not in TAKES_ANYTHING:
            answer = knock(walk.browser, way, data={})
            walk.read(f"POST {way.path}", answer)

    walk.judge()


def test_every_text_of_a_vendor_that_is_looked_over_the_shoulder_is_asked_for(place: Place) -> None:
    walk = Walk(place.app, browser_of(place.app, place.people["administrator"]))
    walk.browser.post("/console/vendors/kiln/view")
    for way in ways(place.app):
        if way.method == "GET" and way.door.audience is Audience.VENDOR:
            walk.read(way.path, knock(walk.browser, way))

    walk.judge()


def test_every_text_before_the_door_is_asked_for(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(languages, "_accepted", lambda _offered: ACCENTED)
    walk = Walk(place.app, place.app.test_client())
    boss = place.people["administrator"]
    links = {
        "reset": make_link("reset", user_id=boss, email="t@example.org"),
        "invitation": make_link("invitation", email="n@example.org", name="Nia", role="ops_lead"),
        "account/email": make_link("email", user_id=boss, email="u@example.org"),
    }
    for name in ("signin", "reset", "nowhere", *(f"{kind}/dead" for kind in links)):
        walk.read(f"/{name}", walk.browser.get(f"/{name}"))
    for kind, token in links.items():
        walk.read(f"/{kind}/...", walk.browser.get(f"/{kind}/{token}"))
        walk.read(f"POST /{kind}/...", walk.browser.post(f"/{kind}/{token}"))
    for name in ("signin", "reset"):
        walk.read(f"POST /{name}", walk.browser.post(f"/{name}"))
    wrong = {"email": "t@example.org", "password": "not the right one"}
    walk.read("POST /signin", walk.browser.post("/signin", data=wrong))

    walk.judge()
