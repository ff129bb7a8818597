"""Open pages keep up with the world in a real browser: in place, calmly, and losing nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

import workers.job
from app.web import live
from tests.factories import line, make_order
from tests.journey.conftest import CHROMIUM, Silent, Site, Visit

pytest.importorskip("playwright", reason="no browser: playwright is missing")

from playwright.sync_api import Page, expect

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(),
    reason=f"no browser: {CHROMIUM} does not exist; name one in CHROMIUM",
)
SIGN = "#live"
IS_HIDDEN = """hidden => {
  Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden});
  document.dispatchEvent(new Event('visibilitychange'));
}"""


@pytest.fixture
def app(site: Site) -> Flask:
    """The application that is served."""
    found = workers.job._app  # noqa: SLF001 - what the site's jobs run in
    assert found is not None
    return found


def new_order(app: Flask, number: str) -> None:
    with app.app_context():
        make_order(number, [line("MUG")], placed_at="2026-12-04T15:59:00+00:00")


def is_live(page: Page) -> None:
    expect(page.locator(SIGN)).to_have_attribute("data-state", "live")
    expect(page.locator(SIGN)).to_contain_text("Live")


def test_what_changes_elsewhere_shows_in_place_and_no_row_moves(
    app: Flask, visit: Visit, signed_in: Any
) -> None:
    orders, queue, other = (visit(storage_state=signed_in) for _ in range(3))
    orders.goto("/console/orders")
    queue.goto("/console/")
    for page in (orders, queue):
        is_live(page)
    first = orders.locator("[data-key]").first
    was, at = first.get_attribute("data-key"), first.bounding_box()

    new_order(app, "W-2001")

    pill = orders.locator("[data-live-new]")
    expect(pill).to_have_text("1 new order")
    assert (first.get_attribute("data-key"), first.bounding_box()) == (was, at)
    pill.click()
    expect(orders.locator("[data-key]").first).to_contain_text("W-2001")
    expect(pill).to_be_hidden()

    # Somebody else takes a case: its row says so where it stands, once no hand is on it.
    row = queue.locator("[data-key]").filter(has_text="Critical").filter(has_text="Nobody").first
    name = row.get_attribute("data-key")
    row = queue.locator(f"[data-key='{name}']")
    row.hover()
    other.goto(f"/console/cases/{name}")
    other.get_by_role("button", name="Acknowledge").first.click()
    expect(row).to_have_class("is-stale")
    expect(row).to_contain_text("Nobody")
    queue.get_by_role("heading", level=1).hover()
    expect(row).to_contain_text("Imani Brooks")


def test_a_tab_that_nobody_sees_holds_no_connection_and_catches_up(
    app: Flask, visit: Visit, signed_in: Any
) -> None:
    seats = app.extensions["live"].seats
    page = visit(storage_state=signed_in)
    page.clock.install()
    page.goto("/console/orders")
    listens(page)
    assert seats.taken == 1

    page.evaluate(IS_HIDDEN, True)
    page.clock.run_for(6000)
    gone(page, seats)
    new_order(app, "W-2002")
    page.evaluate(IS_HIDDEN, False)

    caught_up(page, "1 new order")


def listens(page: Page) -> None:
    """Let the page's own time pass until it has its connection."""
    with page.expect_response(lambda answer: "/live?" in answer.url):
        page.clock.run_for(2000)
    is_live(page)


def gone(page: Page, seats: live.Seats) -> None:
    """Wait until the server has noticed that a browser closed its end."""
    for _ in range(50):
        if not seats.taken:
            return
        page.wait_for_load_state()
        threading.Event().wait(0.1)
    raise AssertionError("the connection is still held")


def caught_up(page: Page, words: str) -> None:
    """Let the page's own time pass until it shows that something is new."""
    pill = page.locator("[data-live-new]")
    # Whoever found nobody a few times waits for up to two minutes and a half before the next try.
    for _ in range(240):
        page.clock.run_for(1000)
        if pill.is_visible():
            break
    expect(pill).to_have_text(words)


@contextmanager
def served(app: Flask, port: int = 0) -> Iterator[int]:
    """Serve the application at a port of its own."""
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Silent)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def test_a_server_that_starts_again_is_found_again_and_nothing_is_lost(
    app: Flask, visit: Visit, signed_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visit(storage_state=signed_in)
    page.clock.install()
    with served(app) as port:
        page.goto(f"http://127.0.0.1:{port}/console/orders")
        listens(page)
        # What gunicorn says to its streams when it is told to stop.
        monkeypatch.setattr(live, "is_serving", lambda: False)
        gone(page, app.extensions["live"].seats)
    new_order(app, "W-2003")
    page.clock.run_for(60_000)
    expect(page.locator(SIGN)).to_have_attribute("data-state", "stale")
    monkeypatch.undo()

    with served(app, port):
        caught_up(page, "1 new order")
        expect(page.locator(SIGN)).to_have_attribute("data-state", "live")
