"""How somebody sees every page: theme, density, zone; what was said; what a page tells scripts."""

from __future__ import annotations

import html
import re
from uuid import UUID

import pytest
from flask import Flask, flash, session
from flask.testing import FlaskClient

from app.accounts.preferences import NOBODYS, change, read
from app.shared.errors import InvalidInput
from app.shared.work import ACCOUNTS, transaction
from app.web.toasts import toast
from tests.conftest import NOW, Sql
from tests.factories import at, make_vendor_with_stock
from tests.people import browser_of, make_person

CHOSEN = {"theme": "dark", "density": "compact", "zone": "Asia/Tokyo"}
FORM = "/account/display"


@pytest.fixture
def imani(app: Flask) -> UUID:
    return make_person("ops_agent")


@pytest.fixture
def browser(app: Flask, imani: UUID) -> FlaskClient:
    """A browser in which somebody of ops has signed in."""
    return browser_of(app, imani)


def opening(page: str, tag: str) -> str:
    (found,) = re.findall(rf"<{tag} [^>]*>", page)
    return found


def stored(sql: Sql) -> list[dict]:
    return [document for (document,) in sql("SELECT document FROM preferences")]


# Choosing -----------------------------------------------------------------------------------


def test_what_somebody_chose_is_in_the_first_bytes_of_every_page_on_every_device(
    app: Flask, browser: FlaskClient, imani: UUID
) -> None:
    assert browser.post(FORM, data=CHOSEN).location == FORM
    assert "Every page now looks as you chose." in browser.get(FORM).text

    elsewhere = browser_of(app, imani)
    for page in (browser.get("/console/orders").text, elsewhere.get("/account").text):
        assert 'data-bs-theme="dark"' in opening(page, "html")
        assert 'data-density="compact"' in opening(page, "body")


def test_what_is_not_on_offer_is_refused_beside_its_field_and_nothing_is_kept(
    browser: FlaskClient, sql: Sql
) -> None:
    answer = browser.post(FORM, data=CHOSEN | {"zone": "Mars/Olympus"})

    assert answer.status_code == 422
    assert "Not a valid choice." in answer.text
    assert stored(sql) == []


def test_keys_are_off_when_their_box_is_not_ticked(browser: FlaskClient, sql: Sql) -> None:
    browser.post(FORM, data=CHOSEN)
    browser.post(FORM, data=CHOSEN | {"zone": "", "has_keys": "y"})

    (kept,) = stored(sql)
    assert (kept["has_keys"], kept["zone"]) == (True, None)


def test_two_windows_of_one_person_change_two_things_without_losing_one(
    imani: UUID, app: Flask, sql: Sql
) -> None:
    with transaction(ACCOUNTS):
        change(imani, NOBODYS, theme="dark")
    with transaction(ACCOUNTS):
        change(imani, NOBODYS, sizes={"orders": 100})

    kept = read(stored(sql)[0])
    assert (kept.theme, kept.size("orders"), kept.density) == ("dark", 100, "comfortable")


def test_what_another_release_wrote_costs_only_what_cannot_be_read() -> None:
    kept = read({"theme": "sepia", "density": "compact", "beard": True})

    assert (kept.theme, kept.density) == ("system", "compact")


def test_what_cannot_be_kept_is_named(imani: UUID, app: Flask) -> None:
    with pytest.raises(InvalidInput) as refused, transaction(ACCOUNTS):
        change(imani, NOBODYS, theme="sepia", zone="Mars/Olympus")

    assert set(refused.value.fields) == {"theme", "zone"}


# The theme ----------------------------------------------------------------------------------


def test_one_click_changes_the_theme_and_leads_back(browser: FlaskClient) -> None:
    page = browser.get("/console/orders?q=mug").text
    assert 'name="next" value="/console/orders?q=mug"' in page

    answer = browser.post("/account/theme", data={"theme": "dark", "next": "/console/orders?q=mug"})

    assert answer.location == "/console/orders?q=mug"
    assert 'data-bs-theme="dark"' in browser.get(answer.location).text


@pytest.mark.parametrize("elsewhere", ["https://evil.test/", "//evil.test", "/\\evil.test", ""])
def test_the_theme_leads_to_nobody_elses_page(browser: FlaskClient, elsewhere: str) -> None:
    answer = browser.post("/account/theme", data={"theme": "light", "next": elsewhere})

    assert answer.location == "/console/"


def test_a_theme_that_does_not_exist_is_refused(browser: FlaskClient, sql: Sql) -> None:
    assert browser.post("/account/theme", data={"theme": "sepia"}).status_code == 422
    assert stored(sql) == []


def test_pages_before_the_door_look_like_those_behind_it(browser: FlaskClient) -> None:
    browser.post("/account/theme", data={"theme": "dark"})
    browser.post("/signout")

    for path in ("/", "/signin", "/no/such/page"):
        assert 'data-bs-theme="dark"' in opening(browser.get(path).text, "html")


def test_another_browser_learns_the_theme_with_the_first_page(
    app: Flask, browser: FlaskClient, imani: UUID
) -> None:
    browser.post("/account/theme", data={"theme": "dark"})
    elsewhere = browser_of(app, imani)

    answer = elsewhere.get("/account")
    assert re.match(r"theme=dark; .*HttpOnly.*SameSite=Lax", answer.headers["Set-Cookie"])
    again = elsewhere.get("/account").headers.get("Set-Cookie", "")

    assert not again.startswith("theme=")


def test_a_strangers_cookie_says_no_more_than_a_theme(client: FlaskClient) -> None:
    client.set_cookie("theme", 'dark" onload="alert(1)')

    assert 'data-bs-theme="system"' in opening(client.get("/signin").text, "html")


# Times --------------------------------------------------------------------------------------


def test_the_console_is_in_the_zone_of_the_browser_until_somebody_chooses(
    browser: FlaskClient,
) -> None:
    shown = []
    browser.set_cookie("zone", "America/New_York")
    shown.append(browser.get("/console/system").text)
    browser.post(FORM, data=CHOSEN)
    shown.append(browser.get("/console/system").text)

    assert 'title="Mon, Nov 23, 04:00, New York time (UTC' in html.unescape(shown[0])
    assert "Times are shown in" not in shown[0]
    assert 'title="Mon, Nov 23, 18:00, Tokyo time (UTC+9)"' in shown[1]
    assert "Times are shown in Asia/Tokyo." in shown[1]


def test_the_portal_keeps_to_the_vendors_place_until_somebody_chooses(app: Flask) -> None:
    kiln = make_vendor_with_stock("kiln", zone="Europe/Stockholm")
    elin = browser_of(app, make_person("vendor_owner", "Elin Berg", vendor=kiln))
    elin.set_cookie("zone", "America/New_York")

    before = elin.get("/portal/team").text
    elin.post(FORM, data=CHOSEN)
    after = elin.get("/portal/team").text

    assert "Times are shown in Europe/Stockholm." in before
    assert "Times are shown in Asia/Tokyo." in after


def test_a_page_tells_its_scripts_the_worlds_time_and_pace(browser: FlaskClient) -> None:
    at(NOW)

    told = opening(browser.get("/console/system").text, "html")
    stranger = opening(browser.get("/account").text, "html")

    assert f'data-now="{NOW.isoformat()}" data-rate="0.0"' in told
    assert "data-machine=" in stranger
    assert "data-now" not in stranger


# What was said ------------------------------------------------------------------------------


def test_an_undo_is_a_button_that_posts_what_it_takes_back(
    app: Flask, browser: FlaskClient
) -> None:
    with app.test_request_context():
        toast("Snoozed <b>", undo=("Undo", "/console/undo", {"reference": 'CA-1"'}))
        flash("A plain flash")
        said = session["_flashes"]
    with browser.session_transaction() as kept:
        kept["_flashes"] = said

    first, second = browser.get("/console/orders").text, browser.get("/console/orders").text

    assert re.search(
        r'data-tone="good" role="status">.*?<p>Snoozed &lt;b&gt;</p>', first, re.DOTALL
    )
    assert '<form action="/console/undo" method="post">' in first
    assert '<input type="hidden" name="reference" value="CA-1&#34;">' in first
    assert re.search(r'data-tone="info" role="status">.*?<p>A plain flash</p>', first, re.DOTALL)
    assert "Snoozed" not in second


def test_what_went_wrong_is_an_alert(app: Flask, browser: FlaskClient) -> None:
    with browser.session_transaction() as kept:
        kept["_flashes"] = [("crit", "It is not sent.")]

    assert 'data-tone="crit" role="alert"' in browser.get("/console/orders").text
