"""The front door: who gets in, where they land, and what a stranger learns."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.people import ensure_user
from app.extensions import db
from app.shared.work import ACCOUNTS, transaction
from app.signin.views import WRONG_PAIR

EMAIL, PASSWORD = "ada@example.org", "a long and private sentence"


@pytest.fixture
def door(app: Flask, client: FlaskClient) -> FlaskClient:
    """A browser before the door; one person has an account."""
    with transaction(ACCOUNTS):
        ensure_user(EMAIL, "Ada Lind", "ops_agent", PASSWORD)
    app.config["WTF_CSRF_ENABLED"] = False
    return client


def test_the_start_page_shows_the_doors_and_how_the_parts_are(client: FlaskClient) -> None:
    page = client.get("/")

    assert page.status_code == 200
    assert "Open the ops console" in page.text
    assert "5 of 7 parts are not running" in page.text


def test_whoever_knows_the_password_lands_in_the_queue(door: FlaskClient) -> None:
    answer = door.post("/signin", data={"email": " ADA@example.org ", "password": PASSWORD})

    assert (answer.status_code, answer.location) == (302, "/console/")
    assert "Ada Lind" in door.get("/console/").text


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org"])
def test_a_wrong_pair_is_told_in_one_sentence_for_both_halves(
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
    assert 'id="password-err"' in answer.text
    assert 'id="email-err"' not in answer.text


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
def test_the_way_never_leads_to_somebody_else(door: FlaskClient, elsewhere: str) -> None:
    data = {"email": EMAIL, "password": PASSWORD, "next": elsewhere}

    assert door.post("/signin", data=data).location == "/console/"


def test_whoever_is_in_already_is_not_asked_again(door: FlaskClient) -> None:
    door.post("/signin", data={"email": EMAIL, "password": PASSWORD})

    assert door.get("/signin?next=/console/offers").location == "/console/offers"


def test_signing_out_ends_the_session(door: FlaskClient) -> None:
    door.post("/signin", data={"email": EMAIL, "password": PASSWORD})

    assert door.post("/signout").location == "/signin"
    assert door.get("/console/").status_code == 302


def test_signing_out_is_not_a_link(door: FlaskClient) -> None:
    assert door.get("/signout").status_code == 405


@pytest.mark.parametrize("path", ["/signin", "/signout"])
def test_a_form_of_another_site_is_refused(client: FlaskClient, path: str) -> None:
    assert client.post(path, data={"email": EMAIL, "password": PASSWORD}).status_code == 400
