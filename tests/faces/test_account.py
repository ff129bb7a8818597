"""One's own account: what it shows, what may be changed, and how a refusal reads."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.contract import Origin
from app.accounts.sessions import open_session
from app.extensions import db
from app.shared import ids
from app.shared.work import ACCOUNTS, transaction
from app.signin.devices import device
from tests.conftest import Sql
from tests.faces.test_signin import field_error, here, plain
from tests.factories import make_vendor_with_stock
from tests.people import PASSWORD, browser_of, make_person

EMAIL, GOOD = "ada@example.org", "a long and private sentence"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"


@pytest.fixture
def ada(app: Flask) -> UUID:
    return make_person("ops_agent", "Ada Lind", email=EMAIL)


@pytest.fixture
def browser(app: Flask, ada: UUID) -> FlaskClient:
    """A browser in which Ada has signed in."""
    return browser_of(app, ada)


def elsewhere(user_id: UUID, agent: str, address: str = "192.0.2.44") -> None:
    with transaction(ACCOUNTS):
        open_session(user_id, Origin(address, agent), is_proven=True)


# The account --------------------------------------------------------------------------------


def test_the_account_says_who_somebody_is_and_how_they_are_guarded(
    browser: FlaskClient, ada: UUID
) -> None:
    elsewhere(ada, IPHONE)

    words = plain(browser.get("/account").text)

    for told in ("Ada Lind", EMAIL, "Ops agent", "Changed ", "Off Whoever learns", "and 1 more"):
        assert told in words


def test_a_vendors_person_sees_whose_they_are_and_goes_back_to_the_portal(app: Flask) -> None:
    kiln = make_vendor_with_stock("kiln")
    page = browser_of(app, make_person("vendor_owner", "Elin Berg", vendor=kiln)).get("/account")

    assert 'href="/portal/"' in page.text
    assert re.search(r"Vendor owner, .*kiln", plain(page.text), re.IGNORECASE)


def test_a_name_is_changed_and_a_bad_one_is_said_beside_its_field(browser: FlaskClient) -> None:
    done = browser.post("/account/name", data={"name": "  Ada Lovelace "})
    assert done.location == "/account"
    page = browser.get("/account").text
    assert "Your name is changed." in page
    assert "Ada Lovelace" in page

    empty, long = (browser.post("/account/name", data={"name": name}) for name in (" ", "x" * 121))
    assert (empty.status_code, long.status_code) == (422, 422)
    assert field_error(empty.text, "name") == "Enter your name."
    assert '<details class="setting-more" open>' in empty.text
    assert "x" * 121 in long.text
    assert here(browser).name == "Ada Lovelace"


# E-mail and password ------------------------------------------------------------------------


def test_s6_another_address_is_asked_for_alike_whether_anybody_has_it(
    browser: FlaskClient, sql: Sql
) -> None:
    make_person(name="Bo Ek", email="bo@example.org")

    for email in ("free@example.org", "bo@example.org"):
        assert browser.post("/account/email", data={"email": f" {email} "}).location == "/account"
        assert f"Open the link in the mail to {email}" in browser.get("/account").text

    assert sql("SELECT email FROM users WHERE email = %s", EMAIL) == [(EMAIL,)]
    asked = sql("SELECT recipient FROM notifications WHERE template = 'account_email_confirm'")
    assert sorted(asked) == [("bo@example.org",), ("free@example.org",)]


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("", "Enter your new e-mail."),
        ("two@a.example, three@b.example", "Enter one address, like ada@example.org."),
        (EMAIL, "This is your e-mail already."),
    ],
)
def test_an_address_that_will_not_do_is_said_beside_its_field(
    browser: FlaskClient, email: str, said: str
) -> None:
    answer = browser.post("/account/email", data={"email": email})

    assert answer.status_code == 422
    assert field_error(answer.text, "email") == said
    assert f'value="{email}"' in answer.text


def test_a_password_is_changed_and_the_others_are_signed_out_unless_unticked(
    browser: FlaskClient, ada: UUID, sql: Sql
) -> None:
    assert re.search(
        r'<input[^>]*checked[^>]*name="end_others"', browser.get("/account/password").text
    )
    elsewhere(ada, IPHONE)

    kept = browser.post("/account/password", data={"current": PASSWORD, "password": GOOD})
    assert kept.location == "/account"
    assert sql("SELECT count(*) FROM sessions") == [(2,)]

    data = {"current": GOOD, "password": PASSWORD, "end_others": "y"}
    assert browser.post("/account/password", data=data).location == "/account"
    assert "You are signed out everywhere else." in browser.get("/account").text
    assert sql("SELECT count(*) FROM sessions") == [(1,)]


@pytest.mark.parametrize(
    ("current", "new", "name", "said"),
    [
        ("guessed", GOOD, "current", "This is not your current password."),
        ("", GOOD, "current", "Enter your current password."),
        (PASSWORD, "", "password", "Choose a password."),
        (PASSWORD, "åtta-7!", "password", "Use at least 8 characters; 15 or more are better."),
        (PASSWORD, "x" * 1001, "password", "Use at most 1,000 characters."),
    ],
)
def test_a_password_that_will_not_do_is_said_beside_its_field(
    browser: FlaskClient, current: str, new: str, name: str, said: str
) -> None:
    answer = browser.post("/account/password", data={"current": current, "password": new})

    assert answer.status_code == 422
    assert field_error(answer.text, name) == said
    assert not {current, new} - {""} & set(re.findall(r'value="([^"]*)"', answer.text))
    # What was unticked stays so.
    assert not re.search(r'<input[^>]*checked[^>]*name="end_others"', answer.text)


# Where one is signed in ---------------------------------------------------------------------


def test_sessions_are_told_as_devices_this_one_first(browser: FlaskClient, ada: UUID) -> None:
    elsewhere(ada, WINDOWS)
    elsewhere(ada, IPHONE, "2001:db8::7")

    words = plain(browser.get("/account/sessions").text)

    assert words.index("This one") < words.index("Chrome on Windows")
    for told in ("Safari on iPhone", "192.0.2.44", "2001:db8::7", "last seen"):
        assert told in words


def test_one_session_is_ended_and_one_of_somebody_else_is_not(
    app: Flask, browser: FlaskClient, ada: UUID, sql: Sql
) -> None:
    other = browser_of(app, make_person(name="Bo Ek", email="bo@example.org"))
    elsewhere(ada, IPHONE)
    mine, theirs = here(browser).session_id, here(other).session_id
    (session_id,) = sql("SELECT id FROM sessions WHERE user_id = %s AND id <> %s", ada, mine)[0]

    assert browser.post(f"/account/sessions/{session_id}/end").location == "/account/sessions"
    assert "That browser is signed out." in browser.get("/account/sessions").text
    assert browser.post(f"/account/sessions/{theirs}/end").status_code == 404
    assert browser.post(f"/account/sessions/{session_id}/end").status_code == 404
    assert sorted(sql("SELECT id FROM sessions")) == sorted([(mine,), (theirs,)])


def test_ending_the_session_one_is_in_is_signing_out(browser: FlaskClient) -> None:
    mine = here(browser).session_id

    assert browser.post(f"/account/sessions/{mine}/end").location == "/signin"
    assert browser.get("/account").status_code == 302


def test_everywhere_else_is_ended_and_then_everywhere(
    browser: FlaskClient, ada: UUID, sql: Sql
) -> None:
    elsewhere(ada, IPHONE)
    elsewhere(ada, WINDOWS)

    others = browser.post("/account/sessions/end", data={"scope": "others"})
    assert others.location == "/account/sessions"
    assert sql("SELECT id FROM sessions") == [(here(browser).session_id,)]

    assert browser.post("/account/sessions/end", data={"scope": "all"}).location == "/signin"
    assert sql("SELECT id FROM sessions") == []
    assert sql("SELECT count(*) FROM audit WHERE action = 'sessions_ended'") == [(2,)]


@pytest.mark.parametrize(
    ("agent", "words", "icon"),
    [
        (WINDOWS, "Chrome on Windows", "laptop"),
        (IPHONE, "Safari on iPhone", "phone"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X) Version/18 Safari/605",
            "Safari on Mac",
            "laptop",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140",
            "Edge on Windows",
            "laptop",
        ),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140 Mobile Safari", "Chrome on Android", "phone"),
        ("Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/143.0", "Firefox on Linux", "laptop"),
        ("Mozilla/5.0 (X11; Linux) Something/1", "A browser on Linux", "laptop"),
        ("curl/8.5", "curl", "laptop"),
        ("", "Unknown browser", "question-circle"),
        ("<script>", "Unknown browser", "question-circle"),
    ],
)
def test_a_device_is_told_in_words(agent: str, words: str, icon: str) -> None:
    assert (device(agent).words, device(agent).icon) == (words, icon)


# Passkeys, as far as pages show them ----------------------------------------------------------


def add_passkey(user_id: UUID, name: str) -> UUID:
    key = ids.new()
    with transaction(ACCOUNTS):
        db.session.execute(
            db.text("INSERT INTO passkeys VALUES (:id, :user, :name, '', 0, :called, now(), NULL)"),
            {"id": key, "user": user_id, "name": key.bytes, "called": name},
        )
    return key


def test_passkeys_are_offered_where_a_browser_can_keep_them(
    app: Flask, browser: FlaskClient
) -> None:
    pages = {}
    for url in ("http://127.0.0.1:8000", "http://[::1]:8000", "https://onward.example"):
        app.config["PUBLIC_URL"] = url
        pages[url] = browser.get("/account").text + app.test_client().get("/signin").text

    assert ["passkey" in page for page in pages.values()] == [False, False, True]


def test_passkeys_are_listed_and_removed(browser: FlaskClient, ada: UUID, app: Flask) -> None:
    key = add_passkey(ada, "The phone")
    theirs = add_passkey(make_person(name="Bo Ek", email="bo@example.org"), "Another")

    assert "The phone" in browser.get("/account").text
    assert browser.post(f"/account/passkeys/{theirs}/remove").status_code == 404
    assert browser.post(f"/account/passkeys/{key}/remove").location == "/account"
    page = browser.get("/account").text
    assert "The passkey is removed." in page
    assert "The phone" not in page


def test_whoever_has_only_a_passkey_is_asked_for_that(app: Flask, ada: UUID) -> None:
    app.config["PUBLIC_URL"] = "https://onward.example"
    add_passkey(ada, "The phone")

    page = browser_of(app, ada, is_proven=False).get("/signin/code").text

    assert "Use your passkey" in page
    assert 'name="code"' not in page
