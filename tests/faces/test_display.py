"""How somebody sees every page: theme, density, language, zone; what was said, and to scripts."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask, flash, session
from flask.testing import FlaskClient

from app.accounts.preferences import NOBODYS, change, read
from app.policies import marketplace
from app.shared import language
from app.shared.errors import InvalidInput
from app.shared.work import ACCOUNTS, transaction
from app.web import languages
from app.web.toasts import toast
from tests.conftest import NOW, ROOT, Api, Sql
from tests.factories import at, make_vendor_with_stock, policy
from tests.people import browser_of, make_person

CHOSEN = {"theme": "dark", "density": "compact", "zone": "Asia/Tokyo"}
FORM = "/account/display"
STATIC = ROOT / "app" / "static"
# As much German as these tests need; what it lacks is said in English.
GERMAN = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "How pages look"
msgstr "Wie Seiten aussehen"

msgid "Every page now looks as you chose."
msgstr "Jede Seite sieht nun so aus, wie Sie es wollen."

msgid "Sign in"
msgstr "Anmelden"

msgid "Not found"
msgstr "Nicht gefunden"

msgid "Not Found"
msgstr "Nichts da"

msgid "{span} ago"
msgstr "vor {span}"

msgid "{n} new case"
msgid_plural "{n} new cases"
msgstr[0] "{n} neuer Fall"
msgstr[1] "{n} neue Fälle"
"""


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


# The language -------------------------------------------------------------------------------


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A release that speaks some German, and no other language."""
    catalog = tmp_path / "de" / "LC_MESSAGES" / "messages.po"
    catalog.parent.mkdir(parents=True)
    catalog.write_text(GERMAN)
    monkeypatch.setattr(language, "FOLDER", tmp_path)
    kept = (language.available, language._read, languages._script_words)  # noqa: SLF001 - what they remember
    for known in kept:
        known.cache_clear()
    yield
    for known in kept:
        known.cache_clear()


def offer(*codes: str) -> None:
    """Let the marketplace offer languages, its own first."""
    policy("marketplace", languages=codes)
    marketplace.look(at_once=True)


def spoken(page: str) -> tuple[str, str]:
    """Return a page's language, and where its lines begin."""
    (found,) = re.findall(r'<html lang="([^"]+)" dir="(\w+)"', page)
    return found


@pytest.mark.usefixtures("german")
def test_every_page_is_in_the_language_somebody_chose_on_every_device(
    app: Flask, browser: FlaskClient, imani: UUID
) -> None:
    assert spoken(browser.get(FORM).text) == ("en", "ltr")

    browser.post(FORM, data=CHOSEN | {"language": "de"})

    page = browser.get(FORM).text
    assert "Jede Seite sieht nun so aus" in page
    assert "<h1>Wie Seiten aussehen</h1>" in page
    assert '<option selected value="de">Deutsch</option>' in page
    for one in (page, browser_of(app, imani).get("/account").text, browser.get("/nowhere").text):
        assert spoken(one) == ("de", "ltr")
    # What the catalog lacks is said in English, and not left out.
    assert "Time zone" in page


@pytest.mark.parametrize(("code", "way"), [("en-XA", "ltr"), ("ar-XB", "rtl")])
def test_a_language_of_testers_marks_what_is_said_and_may_turn_the_page(
    browser: FlaskClient, code: str, way: str
) -> None:
    browser.post(FORM, data=CHOSEN | {"language": code})

    page = browser.get(FORM).text
    assert spoken(page) == (code, way)
    assert "<h1>⟦Höw págéš löök⟧</h1>" in page


@pytest.mark.usefixtures("german")
def test_english_again_is_a_choice_and_no_choice_is_the_browsers(
    browser: FlaskClient, sql: Sql
) -> None:
    offer("en", "de")
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    seen = []
    for code in ("en", ""):
        browser.post(FORM, data=CHOSEN | {"language": code})
        seen.append((spoken(browser.get(FORM).text)[0], stored(sql)[0]["language"]))

    assert seen == [("en", "en"), ("de", None)]


@pytest.mark.parametrize("code", ["tlh", "de_DE", "en-US", "../../etc", "English"])
def test_a_language_that_nobody_here_speaks_is_refused(
    browser: FlaskClient, sql: Sql, code: str
) -> None:
    answer = browser.post(FORM, data=CHOSEN | {"language": code})

    assert answer.status_code == 422
    assert "Not a valid choice." in answer.text
    assert stored(sql) == []


def test_a_language_that_is_spoken_no_more_is_the_browsers_again() -> None:
    kept = read({"language": "tlh", "density": "compact"})

    assert (kept.language, kept.density) == (None, "compact")


def test_the_languages_of_testers_are_not_offered_where_business_is_done(
    app: Flask, browser: FlaskClient, sql: Sql
) -> None:
    assert 'value="en-XA"' in browser.get(FORM).text

    app.config["ENVIRONMENT"] = "production"

    assert 'value="en-XA"' not in browser.get(FORM).text
    assert browser.post(FORM, data=CHOSEN | {"language": "en-XA"}).status_code == 422


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(
    ("offered", "accepted", "said"),
    [
        (("en", "de"), "de-AT, en;q=0.5", "de"),
        (("en", "de"), "fr, de;q=0.4", "de"),
        (("en", "de"), "fr", "en"),
        (("en", "de"), "", "en"),
        # A browser's wish is heard among what the marketplace offers; its own comes first.
        (("en",), "de", "en"),
        (("de",), "en", "de"),
        (("de", "en"), "*", "de"),
        # What no catalog is for is offered to customers alone.
        (("sv", "de"), "de", "de"),
        (("en", "de"), "x" * 2000, "en"),
    ],
)
def test_before_the_door_a_browser_chooses_among_the_marketplaces_languages(
    client: FlaskClient, offered: tuple[str, ...], accepted: str, said: str
) -> None:
    offer(*offered)

    for path in ("/", "/signin", "/no/such/page"):
        page = client.get(path, headers={"Accept-Language": accepted}).text
        assert spoken(page) == (said, "ltr")


@pytest.mark.usefixtures("german")
def test_programs_hear_english_whatever_they_accept(api: Api, client: FlaskClient) -> None:
    offer("de")
    wants = {"Accept-Language": "de", "Accept": "application/json"}

    order = api("GET", "/orders/A-1?channel=web", **wants)
    nowhere = api("GET", "/nowhere", **wants)
    page = client.get("/nowhere", headers=wants)

    assert (order.status_code, order.json["title"]) == (404, "Not found")
    assert nowhere.json["title"] == "Not Found"
    # A script of a page is answered as its reader speaks.
    assert page.json["title"] == "Nichts da"


@pytest.mark.usefixtures("german")
def test_scripts_are_told_what_they_say_unless_that_is_english(browser: FlaskClient) -> None:
    english = browser.get("/account").text
    browser.post(FORM, data=CHOSEN | {"language": "de"})

    (told,) = re.findall(r'<body [^>]*data-words="([^"]+)"', browser.get("/account").text)
    words = json.loads(html.unescape(told))

    assert "data-words" not in english
    assert words["{span} ago"] == "vor {span}"
    assert words["Dismiss"] == "Dismiss"
    assert words["{n} new cases"] == {"one": "{n} neuer Fall", "other": "{n} neue Fälle"}


def test_whatever_scripts_say_is_told_to_them() -> None:
    scripts = [*(STATIC / "js").glob("*.js"), STATIC / "passkeys.js"]
    code = "".join(path.read_text() for path in scripts if path.name != "words.js")
    texts = re.findall(r"""\b_\(["'`](.+?)["'`][,)]""", code)
    counted = re.findall(r"""\b_n\(["'`].+?["'`], ["'`](.+?)["'`],""", code)

    def said(known: set[str], text: str) -> bool:
        """Return whether a text is known, with any noun of a list in it."""
        pattern = re.sub(r"\\\$\\\{\w+\\\}", r"\\w+", re.escape(text))
        return any(re.fullmatch(pattern, one) for one in known)

    assert len(texts) > 15
    assert len(counted) == 4
    assert [text for text in texts if not said(set(languages.SCRIPTS), text)] == []
    assert [text for text in counted if not said(set(languages.COUNTED), text)] == []


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
