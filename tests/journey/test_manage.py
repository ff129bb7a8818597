"""Journeys of those who look after people, keys and settings, and of a vendor's people."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from supervisor.temporary import Urls
from tests.factories import line, make_vendor_with_stock, policy, references, routed_order
from tests.journey.conftest import CHROMIUM, Silent, Site, fresh_app
from tests.people import browser_of, make_person

pytest.importorskip("playwright", reason="no browser: playwright is missing")
pytest.importorskip("axe_playwright_python", reason="no browser: axe is missing")

from playwright.sync_api import BrowserContext, Page, expect

from tests.journey.axe import violations

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(),
    reason=f"no browser: {CHROMIUM} does not exist; name one in CHROMIUM",
)
WITH_AND_WITHOUT_SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["js", "no-js"])
# Who opens what; `person` and `order` are found in the site's paths.
PAGES = {
    "admin": (
        "/console/people",
        "/console/people?view=invited",
        "/console/people/invite",
        "person",
        "/console/keys",
        "/console/keys/new",
        "/console/audit?outcome=done",
        "/console/settings",
        "/console/vendors",
        "/console/vendors/new",
        "/console/vendors/kiln",
        "/console/vendors/kiln/moves/suspend",
        "/console/vendors/kiln/moves/close",
        "/console/vendors/kiln/locations/main",
        "/console/catalog",
        "/console/catalog/MUG",
        "/console/products/MUG",
        "/console/listings/kiln/main/MUG",
    ),
    "owner": ("/portal/", "order", "/portal/team", "/portal/keys", "/portal/keys/new"),
}


@pytest.fixture(scope="module")
def site(cluster: Urls, template: str, valkey_url: str) -> Iterator[Site]:
    """The application with a brand, an administrator and a vendor that has work."""
    with ExitStack() as closing:
        app = closing.enter_context(fresh_app(cluster, template, valkey_url))
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
        closing.callback(server.server_close)
        found = Site(f"http://127.0.0.1:{server.server_port}")
        app.config["PUBLIC_URL"] = found.url
        with app.app_context():
            policy("marketplace", name="Hearth", accent_light="#8a1c4a", accent_dark="#f48fb1")
            kiln = make_vendor_with_stock("kiln", {"MUG": 50})
            mug = line("MUG", 2, options={"glaze": "sand"}) | {"title": "Mug 350 ml, ash"}
            (reference,) = references(routed_order("W-1", [mug]))
            people = {
                "admin": make_person("administrator", "Teo Marin"),
                "owner": make_person("vendor_owner", "Elin Berg", vendor=kiln),
            }
            found.paths["person"] = f"/console/people/{make_person('ops_agent', 'Imani Brooks')}"
            found.paths["order"] = f"/portal/orders/{reference}"
            for name, key in people.items():
                kept = browser_of(app, key).get_cookie("session")
                assert kept is not None
                found.numbers[name] = kept.value
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        closing.callback(serving.join)
        closing.callback(server.shutdown)
        yield found


Open = Callable[..., Page]


@pytest.fixture
def window(browser: Any, site: Site) -> Iterator[Open]:
    """Open a window of somebody who is signed in: window("admin", width=360) -> page."""
    contexts: list[BrowserContext] = []

    def open_window(who: str, width: int = 1440, **wanted: Any) -> Page:
        size = {"width": width, "height": 900}
        context = browser.new_context(base_url=site.url, viewport=size, **wanted)
        cookie = {"name": "session", "value": site.numbers[who], "url": site.url}
        context.add_cookies([cookie])
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()


@WITH_AND_WITHOUT_SCRIPT
def test_an_invitation_is_sent_and_taken_back(window: Open, script: bool) -> None:
    page = window("admin", java_script_enabled=script)
    page.goto("/console/people")

    page.get_by_role("link", name="Invite somebody").click()
    page.get_by_label("E-mail").fill("hugo@example.org")
    page.get_by_label("Name", exact=True).fill("Hugo Lindqvist")
    page.get_by_label("Vendor staff").check()
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_label("Vendor", exact=True)).to_have_accessible_description(
        re.compile("Choose whose people they are.")
    )
    page.get_by_label("Vendor", exact=True).select_option("Kiln")
    page.get_by_role("button", name="Send the invitation").click()

    expect(page.get_by_role("status")).to_contain_text("Hugo Lindqvist has an invitation.")
    page.locator("summary", has_text="Take back").click()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("heading", name="No invitation is open")).to_be_visible()


@WITH_AND_WITHOUT_SCRIPT
def test_a_key_is_copied_once_and_revoked(window: Open, script: bool) -> None:
    page = window("owner", 390, java_script_enabled=script)
    name = f"Scanner {script}"
    page.goto("/portal/keys/new")

    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("See fulfillment orders").uncheck()
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator(".token")).to_have_text(re.compile(r"^onw_"))
    page.get_by_role("link", name="I have copied it").click()

    expect(page.locator(".token")).to_have_count(0)
    page.locator("summary", has_text=name).click()
    page.get_by_role("button", name=f"Revoke {name}").click()
    expect(page.get_by_role("status")).to_contain_text("The key is revoked.")


@WITH_AND_WITHOUT_SCRIPT
def test_on_a_phone_every_page_is_reached_and_a_vendors_is_left_again(
    window: Open, script: bool
) -> None:
    page = window("admin", 360, java_script_enabled=script)
    page.goto("/console/")

    page.locator(".more-menu summary").click()
    page.locator(".more-menu").get_by_role("link", name="Vendors", exact=True).click()
    page.get_by_role("button", name="See what they see").click()

    expect(page.get_by_role("region", name="Looking at a vendor's portal")).to_contain_text(
        "You see what Kiln sees. Nothing can be changed from here."
    )
    page.get_by_role("link", name="Open").click()
    expect(page.get_by_role("heading", name="Where to")).to_be_visible()
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", name="Vendors", level=1)).to_be_visible()


@pytest.mark.parametrize("who", PAGES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways_on_a_small_phone(
    site: Site, window: Open, who: str
) -> None:
    page = window(who, 360)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    found, widths = {}, {}

    for name in PAGES[who]:
        page.goto(site.paths.get(name, name))
        # What is folded away must be as good.
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found[name] = violations(page)
        widths[name] = page.evaluate("document.scrollingElement.scrollWidth")

    assert {name: broken for name, broken in found.items() if broken} == {}
    assert {name: wide for name, wide in widths.items() if wide != 360} == {}
    assert complaints == []
