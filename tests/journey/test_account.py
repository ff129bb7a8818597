"""Journeys through the door and one's own account in a real browser."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import pyotp
import pytest
from flask import Flask
from werkzeug.serving import make_server

from app.accounts import sessions
from app.accounts.contract import Origin
from app.shared.work import ACCOUNTS, transaction
from supervisor.temporary import Urls
from tests.journey.conftest import CHROMIUM, Silent, fresh_app
from tests.people import PASSWORD, make_person

pytest.importorskip("playwright", reason="no browser: playwright is missing")
pytest.importorskip("axe_playwright_python", reason="no browser: axe is missing")

from playwright.sync_api import BrowserContext, Page, expect

from tests.journey.axe import violations

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(),
    reason=f"no browser: {CHROMIUM} does not exist; name one in CHROMIUM",
)
EMAIL = "ada@example.org"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
PAGES = ("", "/email", "/password", "/display", "/sessions", "/second-factor")
STRANGERS = ("/signin", "/reset", "/reset/dead", "/invitation/dead")


@pytest.fixture(scope="module")
def served(cluster: Urls, template: str, valkey_url: str) -> Iterator[tuple[Flask, str]]:
    """The application under a name, for browsers keep passkeys for names alone."""
    with ExitStack() as closing:
        app = closing.enter_context(fresh_app(cluster, template, valkey_url))
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
        closing.callback(server.server_close)
        app.config["PUBLIC_URL"] = f"http://localhost:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        closing.callback(serving.join)
        closing.callback(server.shutdown)
        yield app, str(app.config["PUBLIC_URL"])


@pytest.fixture(scope="module")
def ada(served: tuple[Flask, str]) -> UUID:
    with served[0].app_context():
        made = make_person("ops_agent", "Ada Lind", email=EMAIL)
        with transaction(ACCOUNTS):
            sessions.open_session(made, Origin("192.0.2.44", IPHONE), is_proven=True)
    return made


Open = Callable[..., Page]


@pytest.fixture
def window(browser: Any, served: tuple[Flask, str], ada: UUID) -> Iterator[Open]:
    """Open a window: window(width=390, java_script_enabled=False) -> page."""
    contexts: list[BrowserContext] = []

    def open_window(width: int = 1440, **wanted: Any) -> Page:
        size = {"width": width, "height": 900}
        context = browser.new_context(base_url=served[1], viewport=size, **wanted)
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()


def show_password(page: Page, email: str = EMAIL) -> None:
    page.goto("/signin")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_in(page: Page, email: str = EMAIL) -> None:
    show_password(page, email)
    page.wait_for_url("**/console/")


def has_a_finger(page: Page) -> None:
    """Give the browser a device that keeps passkeys and knows its owner."""
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    able = {
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    device.send("WebAuthn.addVirtualAuthenticator", {"options": kind | able})


def test_a_passkey_is_made_signs_in_and_is_removed(window: Open) -> None:
    page = window()
    has_a_finger(page)
    sign_in(page)
    page.goto("/account")

    page.get_by_text("Add a passkey").click()
    page.get_by_label("What do you call it?").fill("Ada's finger")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("status")).to_contain_text("The passkey is added.")
    page.get_by_role("button", name="Sign out", exact=True).click()

    page.goto("/account/sessions")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Where you are signed in")).to_be_visible()

    page.goto("/account")
    page.locator(".keys summary").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_role("status")).to_contain_text("The passkey is removed.")


def test_a_device_that_does_not_answer_is_told_beside_its_button(window: Open) -> None:
    page = window()
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    device.send(
        "WebAuthn.addVirtualAuthenticator", {"options": kind | {"hasUserVerification": False}}
    )
    page.goto("/signin")

    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_role("alert")).to_contain_text("Try again.")


def test_without_script_an_app_is_set_up_asked_for_and_taken_away(
    window: Open, served: tuple[Flask, str]
) -> None:
    with served[0].app_context():
        make_person(name="Bo Ek", email="bo@example.org")
    page = window(390, java_script_enabled=False)
    sign_in(page, "bo@example.org")
    page.goto("/account")
    expect(page.get_by_text("Add a passkey")).to_be_hidden()

    page.get_by_role("link", name="Set it up").click()
    seed = re.sub(r"\s", "", page.locator(".seed").inner_text())
    page.get_by_label("Code from the app").fill(pyotp.TOTP(seed).now())
    page.get_by_role("button", name="Turn it on").click()
    codes = page.get_by_label("Ten recovery codes").inner_text().split()
    assert len(codes) == 10
    page.get_by_role("link", name="Go to your account").click()
    page.get_by_role("button", name="Sign out", exact=True).click()

    show_password(page, "bo@example.org")
    page.get_by_role("link", name="No phone at hand? Use a recovery code").click()
    page.get_by_role("textbox", name="Code").fill(codes[0])
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/console/")

    page.goto("/account/second-factor")
    page.get_by_text("Turn it off").first.click()
    page.get_by_role("button", name="Turn it off").click()
    expect(page.get_by_role("status")).to_contain_text("Your password alone opens your account")


@pytest.mark.parametrize("width", [1440, 360])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(window: Open, width: int) -> None:
    page = window(width)
    found, widths = {}, {}

    def look_at(path: str) -> None:
        page.goto(path)
        # What is folded away must be as good; and its colors, too, only change while it is shown.
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found[path] = violations(page)
        widths[path] = page.evaluate("document.scrollingElement.scrollWidth")

    for path in STRANGERS:
        look_at(path)
    sign_in(page)
    for path in PAGES:
        look_at(f"/account{path}")

    assert {path: broken for path, broken in found.items() if broken} == {}
    assert {path: wide for path, wide in widths.items() if wide != width} == {}
