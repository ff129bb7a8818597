"""A file goes in by a real browser, with and without scripts, on a desk and on a phone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from supervisor.temporary import Urls
from tests.factories import make_vendor_with_stock, one, run
from tests.journey.conftest import CHROMIUM, Silent, Site, fresh_app
from tests.people import browser_of, make_person

pytest.importorskip("playwright", reason="no browser: playwright is missing")
pytest.importorskip("axe_playwright_python", reason="no browser: axe is missing")

from playwright.sync_api import Page, expect

from tests.journey.axe import violations

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(),
    reason=f"no browser: {CHROMIUM} does not exist; name one in CHROMIUM",
)
HEAD = "Order No;Ordered at;Customer;Street;Zip;Town;Country;Article;Qty;Price\n"
ROW = "{n};21.11.2026 10:15;Ada Lind;Storgatan 1;211 34;Malmö;Sweden;MUG;{units};12,50\n"
FILE = HEAD + "".join(ROW.format(n=f"{{prefix}}-{n}", units=n or "two") for n in range(3))


@pytest.fixture(scope="module")
def served(cluster: Urls, template: str, valkey_url: str) -> Iterator[tuple[Flask, Site]]:
    """The application with a vendor that has stock, and an administrator."""
    with ExitStack() as closing:
        app = closing.enter_context(fresh_app(cluster, template, valkey_url))
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
        closing.callback(server.server_close)
        site = Site(f"http://127.0.0.1:{server.server_port}")
        app.config["PUBLIC_URL"] = site.url
        with app.app_context():
            make_vendor_with_stock("kiln", {"MUG": 500})
            kept = browser_of(app, make_person("administrator", "Teo Marin")).get_cookie("session")
        assert kept is not None
        site.numbers["session"] = kept.value
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        closing.callback(serving.join)
        closing.callback(server.shutdown)
        yield app, site


Open = Callable[..., Page]


@pytest.fixture
def window(browser: Any, served: tuple[Flask, Site]) -> Iterator[Open]:
    """Open a window of the administrator: window(width=360) -> page."""
    _app, site = served
    with ExitStack() as closing:

        def open_window(width: int = 1440, **wanted: Any) -> Page:
            size = {"width": width, "height": 900}
            context = browser.new_context(base_url=site.url, viewport=size, **wanted)
            closing.callback(context.close)
            cookie = {"name": "session", "value": site.numbers["session"], "url": site.url}
            context.add_cookies([cookie])
            context.set_default_timeout(10_000)
            return context.new_page()

        yield open_window


def work(app: Flask) -> None:
    """Do what a worker would."""
    with app.app_context():
        run("run_imports")


@pytest.mark.parametrize(
    ("script", "width", "prefix"), [(True, 1440, "js"), (False, 360, "no")], ids=["js", "no-js"]
)
def test_a_file_is_arranged_tried_out_and_taken_in(
    served: tuple[Flask, Site], window: Open, script: bool, width: int, prefix: str
) -> None:
    app, _site = served
    page = window(width, java_script_enabled=script)
    page.goto("/console/imports")
    page.get_by_role("link", name="Take in a file").first.click()
    page.get_by_label("Orders").check()
    content = FILE.format(prefix=prefix).encode()
    file = {"name": f"{prefix}.csv", "mimeType": "text/csv", "buffer": content}
    page.get_by_label("File").set_input_files([file])
    page.get_by_role("button", name="Look at it").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(f"Take in {prefix}.csv")
    expect(page.get_by_label("SKU")).to_have_value("Article")
    page.get_by_label("Channel").fill("")
    page.get_by_role("button", name="Try it out").click()
    expect(page.get_by_text("Say on which channel these orders are.")).to_be_visible()
    page.get_by_label("Channel").fill("web")
    page.get_by_role("button", name="Try it out").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(f"Trying out {prefix}.csv")
    work(app)
    if not script:
        page.get_by_role("link", name="Look again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"What {prefix}.csv would do")
    expect(page.get_by_text("'two' is not a whole number.")).to_be_visible()
    page.get_by_role("button", name="Take in 2 orders").click()
    work(app)
    if not script:
        page.get_by_role("link", name="Look again").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(f"{prefix}.csv is taken in")
    with page.expect_download() as download:
        page.get_by_role("link", name="Refused records").click()
    assert download.value.suggested_filename.endswith("-refused.csv")
    width_of_page = page.evaluate("document.documentElement.scrollWidth") if script else width
    assert width_of_page == width
    with app.app_context():
        found = one("SELECT count(*) AS n FROM orders WHERE number ^@ :p", p=prefix)
    assert found.n == 2


def test_the_pages_of_files_and_shops_are_for_everybody(
    served: tuple[Flask, Site], window: Open
) -> None:
    page = window()
    page.goto("/console/sources/new")
    page.get_by_label("WooCommerce").check()
    page.get_by_label("Short name").fill("woo")
    page.get_by_label("Channel").fill("woo")
    page.get_by_role("button", name="Make the source").click()
    expect(page.get_by_text("This is the only time it is shown")).to_be_visible()
    found = violations(page)
    page.goto("/console/imports/new?kind=stock")
    file = {"name": "s.csv", "mimeType": "text/csv", "buffer": b"vendor,sku,on hand\nkiln,MUG,7\n"}
    page.get_by_label("File").set_input_files([file])
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_label("On hand")).to_have_value("on hand")
    draft = page.url

    for path in (
        draft,
        "/console/imports",
        "/console/imports/new",
        "/console/sources",
        "/console/sources/new",
        "/console/sources/woo",
    ):
        page.goto(path)
        found += [f"{path}: {one}" for one in violations(page)]

    assert found == []
