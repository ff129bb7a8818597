"""Journeys of an ops agent in a real browser, with script and without, by mouse and by keyboard."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.journey.conftest import CHROMIUM, EMAIL, Site, Visit
from tests.people import PASSWORD

pytest.importorskip("playwright", reason="no browser: playwright is missing")
from playwright.sync_api import Page, expect

from tests.journey.axe import violations

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(),
    reason=f"no browser: {CHROMIUM} does not exist; name one in CHROMIUM",
)
WITH_AND_WITHOUT_SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["js", "no-js"])
LISTS = ("", "orders", "escalations", "offers", "messages", "notices", "system")
# Late and offered, not handed over, nobody's: what an order's page can say.
ORDERS = ("W-1001", "W-1004", "W-1007")


def every_page(site: Site) -> dict[str, str]:
    """Return every page behind the door by its name, with lists full and empty."""
    empty = ("orders?q=nobody", "offers?view=accepted")
    plain = ["/", *(f"/console/{name}" for name in (*LISTS, *empty))]
    return {path: path for path in plain} | {name: site.paths[name] for name in ("case", *ORDERS)}


def sign_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def find(page: Page, word: str) -> None:
    page.get_by_role("searchbox").fill(word)
    page.get_by_role("searchbox").press("Enter")


def section(page: Page, heading: str):
    return page.get_by_role("region", name=heading, exact=True)


# The door -----------------------------------------------------------------------------------


@WITH_AND_WITHOUT_SCRIPT
def test_a_stranger_signs_in_and_lands_where_they_wanted(visit: Visit, script: bool) -> None:
    page = visit(java_script_enabled=script)

    page.goto("/console/messages?view=failed")
    expect(page).to_have_title("Sign in · Onward")
    sign_in(page)

    expect(page).to_have_url(re.compile(r"/console/messages\?view=failed$"))
    expect(page.get_by_role("banner")).to_contain_text("Imani Brooks")


@WITH_AND_WITHOUT_SCRIPT
def test_a_wrong_password_is_said_at_the_fields_and_keeps_the_email(
    visit: Visit, script: bool
) -> None:
    page = visit(java_script_enabled=script)
    page.goto("/signin")
    fields = page.get_by_label("E-mail"), page.get_by_label("Password")

    sign_in(page, "guessed")

    for field in fields:
        expect(field).to_have_accessible_description(re.compile("^No account has this e-mail and"))
    expect(page.get_by_role("alert")).to_be_visible()
    expect(fields[0]).to_have_value(EMAIL)
    expect(fields[1]).to_have_value("")


@WITH_AND_WITHOUT_SCRIPT
def test_a_missing_password_is_said_beside_its_field_only(visit: Visit, script: bool) -> None:
    page = visit(java_script_enabled=script)
    page.goto("/signin")

    sign_in(page, "")

    described = page.get_by_label("Password")
    expect(described).to_have_accessible_description("Enter your password.")
    expect(page.get_by_label("E-mail")).to_have_accessible_description("")
    expect(page.get_by_label("E-mail")).to_have_value(EMAIL)


@WITH_AND_WITHOUT_SCRIPT
def test_whoever_signs_out_has_to_sign_in_again(visit: Visit, script: bool) -> None:
    page = visit(java_script_enabled=script)
    page.goto("/signin")
    sign_in(page)

    page.get_by_role("button", name="Sign out").click()
    page.goto("/console/")

    expect(page).to_have_title("Sign in · Onward")


# The day of an ops agent --------------------------------------------------------------------


@WITH_AND_WITHOUT_SCRIPT
def test_the_most_urgent_case_of_nobody_is_taken_by_whoever_acknowledges_it(
    visit: Visit, signed_in, script: bool
) -> None:
    page = visit(java_script_enabled=script, storage_state=signed_in)
    page.goto("/console/")
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("Critical")
    expect(rows.last).to_contain_text("Warning")

    page.get_by_role("link", name="Nobody's").click()
    rows.nth(1).locator(".row-link").click()
    case = page.get_by_role("complementary")
    expect(case).to_contain_text("nobody owns it")
    page.get_by_role("button", name="Acknowledge", exact=True).click()

    expect(page.get_by_role("status")).to_contain_text("You own this case now.")
    expect(case).to_contain_text("Imani Brooks owns it")
    expect(case.get_by_role("button")).to_have_text(["Resolve"])


@WITH_AND_WITHOUT_SCRIPT
@pytest.mark.parametrize("known_by", ["late", "parcel"])
def test_a_found_order_tells_why_this_vendor_what_happened_and_what_is_offered(
    site: Site, visit: Visit, signed_in, known_by: str, script: bool
) -> None:
    page = visit(java_script_enabled=script, storage_state=signed_in)
    page.goto("/console/")

    find(page, site.numbers[known_by])

    expect(page.get_by_role("heading", level=1)).to_contain_text("W-1001 Delivered")
    expect(section(page, "Promise and estimate")).to_contain_text("arrived Thu, Dec 3")
    why = section(page, "Why this vendor")
    expect(why).to_contain_text("Kiln ships 3 units.")
    expect(why.get_by_role("row", name="Ridge")).to_contain_text("No stock")
    expect(section(page, "Offer")).to_contain_text("€4.90")
    expect(section(page, "Offer")).to_contain_text("It came 4 days late.")
    told = section(page, "Timeline").locator(".t")
    expect(told.first).to_contain_text("€4.90 back offered")
    expect(told.last).to_contain_text("Order placed")


@WITH_AND_WITHOUT_SCRIPT
def test_an_order_that_nobody_can_fill_says_what_is_missing(
    site: Site, visit: Visit, signed_in, script: bool
) -> None:
    page = visit(java_script_enabled=script, storage_state=signed_in)
    page.goto("/console/orders")

    find(page, site.numbers["unfilled"])

    expect(section(page, "Not with a vendor")).to_contain_text("Paper lantern")
    expect(section(page, "Why no vendor")).to_contain_text("2 units found no vendor")
    page.get_by_role("link", name="Open the case").click()
    expect(page.get_by_role("complementary")).to_contain_text("Missing: 2 of LAMP.")


@WITH_AND_WITHOUT_SCRIPT
def test_the_system_page_names_its_parts_and_forgets_a_letter_that_was_dealt_with(
    visit: Visit, signed_in, script: bool
) -> None:
    page = visit(java_script_enabled=script, storage_state=signed_in)
    page.goto("/console/system")
    letters = page.locator(".dead")
    before = letters.count()
    for part in ("PostgreSQL", "Valkey", "scheduler", "worker-tracking"):
        expect(page.get_by_role("heading", name=part)).to_be_visible()
    expect(letters.filter(has_text="No such mailbox here").first).to_be_visible()

    letters.last.get_by_role("button", name="Dealt with").click()

    expect(page.get_by_role("status")).to_contain_text("you have dealt with it")
    expect(letters).to_have_count(before - 1)


def test_the_keyboard_alone_opens_the_first_case(visit: Visit, signed_in) -> None:
    page = visit(storage_state=signed_in)
    page.goto("/console/")
    focused = page.locator(":focus")

    page.keyboard.press("Tab")
    expect(focused).to_have_text("Skip to the content")
    expect(focused).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(focused).to_have_id("main")
    first = page.locator(".row-link").first
    # Past the tabs, the filters and what arranges the list.
    for _ in range(40):
        page.keyboard.press("Tab")
        if first.evaluate("link => link === document.activeElement"):
            break
    expect(first).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Late delivery, W-1003")
    expect(page).to_have_url(re.compile("/console/cases/CA-"))


# Every page ---------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_on_any_page_in_light_and_dark(
    site: Site, visit: Visit, signed_in, width: int
) -> None:
    page = visit(width, storage_state=signed_in)
    found = {}

    for name, path in (every_page(site) | {"not found": "/console/orders/OR-NONE"}).items():
        page.goto(path)
        found[name] = violations(page)
    page.context.clear_cookies()
    page.goto("/signin")
    sign_in(page, "guessed")
    expect(page.get_by_role("alert")).to_be_visible()
    found["refused"] = violations(page)

    assert {name: broken for name, broken in found.items() if broken} == {}


def test_no_page_complains_or_loads_anything_from_elsewhere(
    site: Site, visit: Visit, signed_in
) -> None:
    page = visit(storage_state=signed_in)
    complaints, hosts = [], set()
    page.on("console", lambda said: complaints.append((page.url, said.text)))
    page.on("pageerror", lambda error: complaints.append((page.url, str(error))))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))

    for path in every_page(site).values():
        answer = page.goto(path)
        assert "default-src 'none'" in answer.headers["content-security-policy"]

    assert complaints == []
    assert hosts == {urlsplit(site.url).netloc}


def test_no_page_scrolls_sideways_on_a_small_phone(site: Site, visit: Visit, signed_in) -> None:
    page = visit(360, 740, storage_state=signed_in)
    widths = {}

    for name, path in every_page(site).items():
        page.goto(path)
        widths[name] = page.evaluate("document.scrollingElement.scrollWidth")

    assert {name: width for name, width in widths.items() if width != 360} == {}
