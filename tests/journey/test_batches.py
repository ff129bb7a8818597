"""A bulk change in a real browser: chosen, looked at, followed without a reload, taken back."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.serving import make_server

from app.extensions import db
from app.shared.work import OPS, transaction
from supervisor.temporary import Urls
from tests.factories import make_vendor_with_stock, routed_order, run_jobs
from tests.journey.conftest import CHROMIUM, Silent, Site, Visit, fresh_app
from tests.people import browser_of, make_person

pytest.importorskip("playwright", reason="no browser: playwright is missing")
pytest.importorskip("axe_playwright_python", reason="no browser: axe is missing")

from playwright.sync_api import Page, expect

from tests.journey.axe import violations

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(),
    reason=f"no browser: {CHROMIUM} does not exist; name one in CHROMIUM",
)
Work = Callable[[], None]
# The time is over in which what was started is taken back.
LET_BEGIN = "UPDATE batches SET due_at = now() WHERE due_at > now()"


@pytest.fixture(scope="module")
def world(cluster: Urls, template: str, valkey_url: str) -> Iterator[tuple[Site, Work]]:
    """The application with three orders and an ops lead, and what its worker would do."""
    with ExitStack() as closing:
        app = closing.enter_context(fresh_app(cluster, template, valkey_url))
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
        closing.callback(server.server_close)
        found = Site(f"http://127.0.0.1:{server.server_port}")
        with app.app_context():
            make_vendor_with_stock("kiln", {"MUG": 50})
            for number in ("W-1", "W-2", "W-3"):
                routed_order(number)
            kept = browser_of(app, make_person("ops_lead", "Jonas Weber")).get_cookie("session")
            assert kept is not None
            found.numbers["session"] = kept.value

        def work() -> None:
            with app.app_context():
                with transaction(OPS):
                    db.session.execute(
                        text("UPDATE batches SET due_at = now() WHERE due_at > now()")
                    )
                run_jobs("run_batches")

        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        closing.callback(serving.join)
        closing.callback(server.shutdown)
        yield found, work


@pytest.fixture(scope="module")
def site(world: tuple[Site, Work]) -> Site:
    return world[0]


@pytest.fixture
def page(visit: Visit, site: Site) -> Page:
    """A small phone's window in which the ops lead has signed in."""
    opened: Page = visit(360, 780)
    cookie = {"name": "session", "value": site.numbers["session"], "url": site.url}
    opened.context.add_cookies([cookie])
    return opened


def looks_well(page: Page) -> None:
    """Assert that nothing is wrong for whoever cannot see it well or has a small phone."""
    assert violations(page) == []
    assert page.evaluate("document.scrollingElement.scrollWidth") == 360


def test_orders_are_put_on_hold_and_released_and_the_page_follows_by_itself(
    page: Page, world: tuple[Site, Work]
) -> None:
    said: list[Any] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto("/console/orders")
    for n in (0, 1):
        page.locator("input[name=row]").nth(n).check()
    page.get_by_role("button", name="Put on hold").click()

    expect(page.get_by_role("heading", name="Put 2 orders on hold?")).to_be_visible()
    looks_well(page)
    page.get_by_label("Why are they put on hold?").fill("Strike")
    page.get_by_role("button", name="Put 2 orders on hold").click()

    expect(page.get_by_text(re.compile("^Begins in [0-9]+ s$"))).to_be_visible()
    page.evaluate("window.isStillHere = true")
    stop = page.get_by_role("button", name="Undo")
    stop.focus()
    # Exchanged under the hand of whoever is about to press it.
    expect(page.get_by_text(re.compile("^Begins in [1-8] s$"))).to_be_visible()
    expect(stop).to_be_focused()
    world[1]()

    expect(page.get_by_role("heading", name="2 orders put on hold")).to_be_visible()
    assert page.evaluate("window.isStillHere") is True
    looks_well(page)
    page.get_by_role("button", name="Release them again").click()
    world[1]()
    expect(page.get_by_role("heading", name="2 orders released")).to_be_visible()
    assert said == []


def test_what_cannot_be_undone_is_confirmed_by_typing(page: Page) -> None:
    page.goto("/console/orders")
    page.locator("input[name=row]").nth(2).check()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_label("Why are they canceled?").fill("Recalled")
    page.get_by_label("Type 1 to go on").fill("2")
    page.get_by_role("button", name="Cancel 1 order").click()

    wrong = page.get_by_label("Type 1 to go on")
    expect(wrong).to_have_accessible_description(re.compile("Type 1 to go on."))
    looks_well(page)
    page.get_by_role("button", name="Drop it").click()
    expect(page).to_have_url(re.compile("/console/orders"))
