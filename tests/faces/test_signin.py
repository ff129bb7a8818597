"""The front door: who gets in, where they land, and what a stranger learns."""

from __future__ import annotations

import re
from uuid import UUID

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import factors, sessions, throttle
from app.accounts.contract import Person
from app.extensions import db
from app.shared import signed
from app.shared.work import ACCOUNTS, transaction
from app.signin.door import WRONG_CODE, WRONG_PAIR, WRONG_PROOF, WRONG_PROOFS
from tests.conftest import Sql
from tests.factories import make_vendor_with_stock
from tests.people import HERE, PASSWORD, browser_of, make_person, person_of

EMAIL = "ada@example.org"


@pytest.fixture
def ada(app: Flask) -> UUID:
    return make_person("ops_agent", "Ada Lind", email=EMAIL)


@pytest.fixture
def door(client: FlaskClient, ada: UUID) -> FlaskClient:
    """A browser before the door; one person has an account."""
    return client


@pytest.fixture
def seed(ada: UUID) -> str:
    """The seed of the app that Ada has for codes."""
    made = pyotp.random_base32()
    with transaction(ACCOUNTS):
        query = "UPDATE users SET totp_seed = :seed WHERE id = :id"
        db.session.execute(db.text(query), {"seed": signed.seal(made), "id": ada})
    return made


def plain(page: str) -> str:
    """Return the words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def here(browser: FlaskClient) -> Person:
    """Return who has signed in with a browser."""
    with browser.session_transaction() as kept:
        found = sessions.find(kept["_user_id"])
    assert found is not None
    return found


def field_error(page: str, name: str) -> str | None:
    """Return what is said beside a field."""
    found = re.search(rf'id="{name}-err">.*?<span>(.*?)</span>', page, re.DOTALL)
    return found[1] if found else None


# The start ----------------------------------------------------------------------------------


def test_the_start_page_shows_the_doors_and_how_the_parts_are(client: FlaskClient) -> None:
    page = client.get("/")

    assert page.status_code == 200
    assert "Open the ops console" in page.text
    assert "parts are not running" in page.text


# By password --------------------------------------------------------------------------------


def test_whoever_knows_the_password_lands_in_the_queue(door: FlaskClient) -> None:
    answer = door.post("/signin", data={"email": " ADA@example.org ", "password": PASSWORD})

    assert (answer.status_code, answer.location) == (302, "/console/")
    assert "Ada Lind" in door.get("/console/").text


def test_somebody_of_a_vendor_lands_in_the_portal(app: Flask, client: FlaskClient) -> None:
    make_person("vendor_staff", "Elin Berg", email=EMAIL, vendor=make_vendor_with_stock("kiln"))

    answer = client.post("/signin", data={"email": EMAIL, "password": PASSWORD})

    assert answer.location == "/portal/"


def test_the_sign_in_page_leads_to_whoever_forgot(door: FlaskClient) -> None:
    page = door.get("/signin").text

    assert '<a href="/reset">Forgot your password?</a>' in page


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org"])
def test_s6_a_wrong_pair_is_told_in_one_sentence_for_both_halves(
    door: FlaskClient, email: str
) -> None:
    answer = door.post("/signin", data={"email": email, "password": "guessed"})

    assert answer.status_code == 422
    assert WRONG_PAIR in answer.text
    assert f'value="{email}"' in answer.text
    assert "guessed" not in answer.text
    assert door.get("/console/").status_code == 302


def test_what_is_missing_is_said_beside_its_field(door: FlaskClient) -> None:
    answer = door.post("/signin", data={"email": EMAIL, "password": ""})

    assert answer.status_code == 422
    assert field_error(answer.text, "password") == "Enter your password."
    assert field_error(answer.text, "email") is None


def test_too_many_tries_are_told_on_the_form_with_how_long_to_wait(door: FlaskClient) -> None:
    for _ in range(throttle.PAIR.free):
        throttle.admit(throttle.guesses("sign-in", EMAIL, HERE))

    answer = door.post("/signin", data={"email": EMAIL, "password": PASSWORD})

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= throttle.PAIR.first.total_seconds()
    assert re.search(r"too many .*Wait \d+ s, then try again\.", answer.text)
    assert f'value="{EMAIL}"' in answer.text


def test_an_account_that_was_switched_off_does_not_get_in(door: FlaskClient) -> None:
    with transaction(ACCOUNTS):
        db.session.execute(db.text("UPDATE users SET is_active = false"))

    answer = door.post("/signin", data={"email": EMAIL, "password": PASSWORD})

    assert answer.status_code == 422


def test_the_way_goes_on_to_where_somebody_wanted_to_be(door: FlaskClient) -> None:
    sent = door.get("/console/orders?q=A-1")
    form = door.get(sent.location)
    wanted = re.search(r'name="next" value="([^"]*)"', form.text)

    assert sent.location == "/signin?next=/console/orders?q%3DA-1"
    assert wanted is not None
    data = {"email": EMAIL, "password": PASSWORD, "next": wanted[1]}
    assert door.post("/signin", data=data).location == "/console/orders?q=A-1"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.test/",
        "//evil.test/",
        "/\\evil.test/",
        "///evil.test",
        "https:evil.test",
        "javascript:alert(1)",
        "/\t/evil.test",
        "/a\r\nSet-Cookie: x=1",
        "console/",
        "",
    ],
)
def test_s42_the_way_never_leads_to_somebody_else(door: FlaskClient, elsewhere: str) -> None:
    data = {"email": EMAIL, "password": PASSWORD, "next": elsewhere}

    assert door.post("/signin", data=data).location == "/console/"


def test_whoever_is_in_already_is_not_asked_again(app: Flask, ada: UUID) -> None:
    browser = browser_of(app, ada)

    assert browser.get("/signin?next=/console/offers").location == "/console/offers"
    assert browser.get("/signin").location == "/console/"


def test_signing_out_ends_the_session(app: Flask, ada: UUID) -> None:
    browser = browser_of(app, ada)

    assert browser.post("/signout").location == "/signin"
    assert "You are signed out." in browser.get("/signin").text
    assert browser.get("/console/").status_code == 302


def test_signing_out_is_not_a_link(door: FlaskClient) -> None:
    assert door.get("/signout").status_code == 405


@pytest.mark.parametrize("path", ["/signin", "/signout", "/reset"])
def test_a_form_of_another_site_is_refused(app: Flask, client: FlaskClient, path: str) -> None:
    app.config["WTF_CSRF_ENABLED"] = True

    data = {"email": EMAIL, "password": PASSWORD}
    assert client.post(path, data=data).status_code in {302, 400}
    assert client.get("/console/").status_code == 302


# The second factor --------------------------------------------------------------------------


def test_after_the_password_comes_the_code_and_the_way_goes_on(
    door: FlaskClient, seed: str
) -> None:
    data = {"email": EMAIL, "password": PASSWORD, "next": "/console/offers"}

    asked = door.post("/signin", data=data)
    assert asked.location == "/signin/code?next=/console/offers"
    page = door.get(asked.location).text
    assert 'autocomplete="one-time-code"' in page
    assert 'inputmode="numeric"' in page

    data = {"code": pyotp.TOTP(seed).now(), "next": "/console/offers"}
    assert door.post("/signin/code", data=data).location == "/console/offers"
    assert door.get("/console/").status_code == 200


def test_a_wrong_code_is_said_beside_its_field_and_is_not_shown_again(
    app: Flask, ada: UUID, seed: str
) -> None:
    browser = browser_of(app, ada, is_proven=False)

    wrong, none = (browser.post("/signin/code", data={"code": code}) for code in ("313131", ""))

    assert (wrong.status_code, none.status_code) == (422, 422)
    assert field_error(wrong.text, "code") == WRONG_CODE
    assert "313131" not in wrong.text
    assert field_error(none.text, "code") == "Enter the code."
    assert browser.get("/console/").location == "/signin/code"


def test_too_many_codes_are_told_on_the_form(app: Flask, ada: UUID, seed: str) -> None:
    browser = browser_of(app, ada, is_proven=False)
    for _ in range(throttle.PAIR.free):
        throttle.admit(throttle.guesses("code", EMAIL, HERE))

    answer = browser.post("/signin/code", data={"code": "313131"})

    assert answer.status_code == 429
    assert "Retry-After" in answer.headers
    assert re.search(r"too many .*then try again\.", answer.text)


def test_a_recovery_code_opens_the_door_once(app: Flask, ada: UUID) -> None:
    who = person_of(ada)
    with transaction(ACCOUNTS):
        seed = factors.pending_seed(who)
        enrolled = factors.confirm_seed(who, pyotp.TOTP(seed).now())
    assert enrolled is not None
    first, second = (browser_of(app, ada, is_proven=False) for _ in range(2))
    page = first.get("/signin/code?recovery=&next=/console/offers").text
    assert "Enter a recovery code" in page
    assert "numeric" not in page

    answers = [
        browser.post("/signin/code?recovery=", data={"code": f" {enrolled[1][0].lower()} "})
        for browser in (first, second)
    ]

    assert [answer.status_code for answer in answers] == [302, 422]
    assert "Enter a recovery code" in answers[1].text


def test_whoever_waits_for_a_code_may_begin_again_as_somebody_else(
    app: Flask, ada: UUID, seed: str
) -> None:
    browser = browser_of(app, ada, is_proven=False)

    assert "Sign in as somebody else" in browser.get("/signin/code").text
    assert browser.post("/signout").location == "/signin"
    assert browser.get("/signin/code").location == "/signin?next=/signin/code"


# Showing again who one is -------------------------------------------------------------------


def long_ago(sql: Sql) -> None:
    sql("UPDATE sessions SET confirmed_at = now() - interval '11 minutes'")


def test_what_is_sensitive_asks_first_and_the_way_goes_on(app: Flask, ada: UUID, sql: Sql) -> None:
    browser = browser_of(app, ada)
    long_ago(sql)

    sent = browser.get("/account/email")
    assert sent.location == "/signin/confirm?next=/account/email"
    page = browser.get(sent.location).text
    assert 'id="code"' not in page

    data = {"password": PASSWORD, "next": "/account/email"}
    assert browser.post("/signin/confirm", data=data).location == "/account/email"
    assert browser.get("/account/email").status_code == 200


def test_a_wrong_proof_is_told_and_the_way_is_kept(
    app: Flask, ada: UUID, sql: Sql, seed: str
) -> None:
    browser = browser_of(app, ada)
    data = {"password": PASSWORD, "code": "313131", "next": "/account/email"}

    answer = browser.post("/signin/confirm", data=data)

    assert answer.status_code == 422
    assert WRONG_PROOFS in answer.text
    assert 'name="next" value="/account/email"' in answer.text
    assert PASSWORD not in answer.text
    assert "313131" not in answer.text


def test_without_an_app_the_password_alone_is_judged(app: Flask, ada: UUID) -> None:
    answer = browser_of(app, ada).post("/signin/confirm", data={"password": "guessed"})

    assert answer.status_code == 422
    assert WRONG_PROOF in answer.text
