"""Journeys by keyboard alone: the palette, the sheet of keys, and rows that are walked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journey.conftest import CHROMIUM, EMAIL, Site, Visit
from tests.people import PASSWORD

pytest.importorskip("playwright", reason="no browser: playwright is missing")
pytest.importorskip("axe_playwright_python", reason="no browser: axe is missing")

from playwright.sync_api import Page, expect

from tests.journey.axe import AXE, THEMES

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(),
    reason=f"no browser: {CHROMIUM} does not exist; name one in CHROMIUM",
)


@pytest.fixture
def page(visit: Visit, signed_in) -> Iterator[Page]:
    """A window in which an ops agent has signed in, and in which nothing complains."""
    window = visit(storage_state=signed_in)
    complaints = []
    window.on("console", lambda said: complaints.append((window.url, said.text)))
    window.on("pageerror", lambda error: complaints.append((window.url, str(error))))
    yield window
    assert complaints == []


# What is folded away behind it never comes to the end of its change of color.
COLORS_STAND = (
    "Promise.all(document.querySelector('dialog[open]').getAnimations({subtree: true})"
    ".map(moving => moving.finished)).then(() => 0)"
)
OPEN = "how => axe.run('dialog[open]', {preload: false, ...how}).then(it => it.violations)"


def violations(page: Page) -> list[str]:
    """Return what axe finds in what stands open over the page, in light and in dark."""
    found = []
    page.evaluate(AXE)
    for scheme, how in THEMES.items():
        page.emulate_media(color_scheme=scheme)
        page.evaluate(COLORS_STAND)
        for rule in page.evaluate(OPEN, {"resultTypes": ["violations"], **how}):
            found += [f"{scheme}, {rule['id']}: {node['target']}" for node in rule["nodes"]]
    return found


def palette(page: Page):
    return page.get_by_role("dialog", name="Find and do")


def asks(page: Page, q: str):
    """Open the palette and ask for a word; return what is chosen when the answer is there."""
    page.keyboard.press("Control+k")
    field = palette(page).get_by_role("combobox")
    expect(field).to_be_focused()
    page.keyboard.type(q)
    expect(palette(page).locator("[role=listbox]")).to_have_attribute("data-q", q)
    return palette(page).get_by_role("option", selected=True)


def test_a_morning_by_keyboard_alone(site: Site, visit: Visit) -> None:
    page = visit()
    complaints = []
    page.on("console", lambda said: complaints.append((page.url, said.text)))
    page.on("pageerror", lambda error: complaints.append((page.url, str(error))))
    focused = page.locator(":focus")
    # In by the keyboard.
    page.goto("/signin")
    page.get_by_label("E-mail").focus()
    page.keyboard.type(EMAIL)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_title("Queue · Onward")
    page.wait_for_load_state()
    # To the orders, down, down, up, open.
    page.keyboard.type("go")
    expect(page).to_have_url(re.compile("/console/orders"))
    page.wait_for_load_state()
    rows = page.locator("a.row-link")
    page.keyboard.type("jj")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.type("jk")
    expect(rows.nth(1)).to_be_focused()
    number = rows.nth(1).inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(number)
    page.wait_for_load_state()
    # A tracking number that is scanned: typed at once, with Enter at its end.
    page.keyboard.press("Control+k")
    page.keyboard.insert_text(site.numbers["parcel"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("W-1001")
    page.wait_for_load_state()
    # The sheet says what works, and goes again.
    page.keyboard.type("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_contain_text("Escalations")
    expect(sheet.get_by_text("Next row, row before")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    # Letters typed into a field are letters.
    page.keyboard.type("/")
    expect(focused).to_have_attribute("type", "search")
    page.keyboard.type("go?")
    expect(focused).to_have_value("go?")
    expect(sheet).to_be_hidden()

    assert complaints == []


def test_the_list_of_the_palette_is_walked_and_done(page: Page) -> None:
    page.goto("/console/")
    field = palette(page).get_by_role("combobox")

    first = asks(page, "W-100")
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(first).to_have_id(field.get_attribute("aria-activedescendant") or "")
    options = palette(page).get_by_role("option")
    for key, n in (("ArrowDown", 1), ("End", -1), ("ArrowDown", 0), ("ArrowUp", -1), ("Home", 0)):
        page.keyboard.press(key)
        option = options.nth(n) if n >= 0 else options.last
        expect(option).to_have_attribute("aria-selected", "true")
    expect(palette(page).get_by_role("status")).to_have_text(re.compile(r"^\d+ results?$"))
    page.keyboard.press("Escape")
    expect(palette(page)).to_be_hidden()

    expect(asks(page, "nothing at all")).to_have_count(0)
    expect(field).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Escape")
    expect(asks(page, "dark")).to_contain_text("Use the dark theme")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(palette(page)).to_be_hidden()
    expect(asks(page, "automatic")).to_contain_text("Use the theme of this device")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "system")


def test_keys_press_what_stands_on_the_page(page: Page) -> None:
    page.goto("/console/")
    page.keyboard.type("jx")
    expect(page.locator("input[name=row]").first).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary")).to_contain_text("nobody owns it")

    page.keyboard.type("?")
    here = page.get_by_role("dialog", name="Keys").locator("[data-keys-here]")
    expect(here).to_contain_text("Tick the row")
    expect(here).to_contain_text("Acknowledge")
    page.keyboard.press("Escape")
    page.keyboard.type("a")

    expect(page.get_by_role("complementary")).to_contain_text("Imani Brooks owns it")
    page.goto("/console/components")
    page.keyboard.type("n")
    expect(page).to_have_url(re.compile("#table$"))


@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_in_what_opens_over_a_page(visit: Visit, signed_in, width: int) -> None:
    page = visit(width, storage_state=signed_in)
    page.goto("/console/orders")
    found = {}

    for name, q in (("palette", "W-1001"), ("nothing", "no such thing")):
        asks(page, q)
        found[name] = violations(page)
        page.keyboard.press("Escape")
        expect(palette(page)).to_be_hidden()
    page.keyboard.type("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    found["sheet"] = violations(page)

    assert {name: broken for name, broken in found.items() if broken} == {}
