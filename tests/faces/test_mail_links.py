"""What links from mails open: a new password, an invitation, another address; and what is dead."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import links, throttle
from app.accounts.models import Link
from app.extensions import db
from app.shared import clock, ids, signed
from app.shared.work import ACCOUNTS, transaction
from tests.conftest import Sql
from tests.faces.test_signin import field_error, here, plain
from tests.factories import make_vendor_with_stock
from tests.people import make_person

EMAIL, GOOD = "ada@example.org", "a long and private sentence"


@pytest.fixture
def ada(app: Flask) -> UUID:
    return make_person("ops_agent", "Ada Lind", email=EMAIL)


@pytest.fixture
def door(client: FlaskClient, ada: UUID) -> FlaskClient:
    """A browser before the door; one person has an account."""
    return client


def make_link(purpose: str, age: timedelta = timedelta(), **values: object) -> str:
    """Return what opens a new link."""
    link_id, now = ids.new(), clock.machine_now() - age
    lives = {"made_at": now, "expires_at": now + links.LIVES[purpose]}
    with transaction(ACCOUNTS):
        made_by = values.pop("made_by", "Imani Brooks")
        row = {"id": link_id, "purpose": purpose, "made_by": made_by} | lives | values
        db.session.execute(db.insert(Link).values(**row))
    return signed.token(purpose, link_id)


# A new password -----------------------------------------------------------------------------


def test_s6_asking_for_a_link_is_answered_alike_whoever_has_the_address(
    door: FlaskClient, ada: UUID, sql: Sql
) -> None:
    pages = [door.post("/reset", data={"email": email}) for email in (EMAIL, "nobody@example.org")]

    assert [page.status_code for page in pages] == [200, 200]
    known, unknown = (page.text for page in pages)
    assert known.replace(EMAIL, "nobody@example.org") == unknown
    assert "If an account has the address" in known
    assert sql("SELECT recipient, template FROM notifications") == [(EMAIL, "account_reset")]


def test_an_address_that_is_none_is_said_beside_its_field(door: FlaskClient) -> None:
    answer = door.post("/reset", data={"email": "ada@@example"})

    assert answer.status_code == 422
    assert field_error(answer.text, "email") == "Enter one address, like ada@example.org."
    assert 'value="ada@@example"' in answer.text


def test_too_many_asked_links_are_told_on_the_form(door: FlaskClient) -> None:
    answers = [door.post("/reset", data={"email": EMAIL}) for _ in range(throttle.MAIL.free + 1)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert "Retry-After" in answers[-1].headers
    assert "then try again" in answers[-1].text


def test_a_link_lets_choose_a_new_password_and_sends_to_the_door(
    door: FlaskClient, ada: UUID
) -> None:
    path = f"/reset/{make_link('reset', user_id=ada, email=EMAIL)}"

    assert EMAIL in door.get(path).text
    answer = door.post(path, data={"password": GOOD})

    assert answer.location == "/signin"
    assert "Your password is changed. Sign in with the new one." in door.get("/signin").text
    assert door.post("/signin", data={"email": EMAIL, "password": GOOD}).status_code == 302


def test_a_weak_password_is_said_beside_its_field_and_the_link_stays_good(
    door: FlaskClient, ada: UUID
) -> None:
    path = f"/reset/{make_link('reset', user_id=ada, email=EMAIL)}"

    answer = door.post(path, data={"password": "password1"})

    assert answer.status_code == 422
    said = field_error(answer.text, "password")
    assert said == "This is one of the passwords that are guessed first. Choose another."
    assert "password1" not in answer.text
    assert door.get(path).status_code == 200


DEAD = "This link opens nothing any more"


@pytest.mark.parametrize("kind", ["reset", "invitation", "email"])
def test_a_dead_link_is_one_calm_page_whatever_killed_it(
    door: FlaskClient, ada: UUID, sql: Sql, kind: str
) -> None:
    whose = {"role": "ops_agent"} if kind == "invitation" else {"user_id": ada}
    old = make_link(kind, timedelta(days=4), email="old@example.org", **whose)
    used, revoked = (
        make_link(kind, email=f"{name}@example.org", **whose) for name in ("used", "revoked")
    )
    sql("UPDATE links SET used_at = now() WHERE email = 'used@example.org'")
    sql("UPDATE links SET revoked_at = now() WHERE email = 'revoked@example.org'")
    path = "/account/email" if kind == "email" else f"/{kind}"

    tokens = (old, used, revoked, "nonsense", signed.token("other", ids.new()))
    pages = [door.get(f"{path}/{token}") for token in tokens]
    posted = door.post(f"{path}/{old}", data={"password": GOOD, "name": "Ada"})

    assert {page.status_code for page in (*pages, posted)} == {404}
    assert len({page.text for page in pages}) == 1
    assert DEAD in pages[0].text
    assert posted.text == pages[0].text


def test_a_dead_link_offers_a_new_one(door: FlaskClient) -> None:
    assert 'href="/reset">Send me a new link' in door.get("/reset/x").text
    assert "Ask whoever invited you to send it again" in door.get("/invitation/x").text
    assert 'href="/account/email">Change your e-mail' in door.get("/account/email/x").text


# An invitation ------------------------------------------------------------------------------


def test_an_invitation_says_who_invites_to_what_and_lets_in(
    app: Flask, client: FlaskClient
) -> None:
    kiln = make_vendor_with_stock("kiln")
    token = make_link(
        "invitation", email="elin@example.org", name="Elin", role="vendor_owner", vendor_id=kiln
    )

    page = client.get(f"/invitation/{token}")
    words = plain(page.text)
    assert "Imani Brooks invites you to work for kiln" in words.replace("Kiln", "kiln")
    assert "elin@example.org" in words
    assert "Vendor owner" in words
    assert 'value="Elin"' in page.text

    answer = client.post(f"/invitation/{token}", data={"name": "Elin Berg", "password": GOOD})
    assert answer.location == "/portal/"
    assert here(client).name == "Elin Berg"


def test_a_refused_invitation_keeps_the_name_and_stays_good(
    client: FlaskClient, app: Flask
) -> None:
    path = f"/invitation/{make_link('invitation', email='elin@example.org', role='ops_agent')}"

    nameless = client.post(path, data={"name": " ", "password": GOOD})
    short = client.post(path, data={"name": "Elin Berg", "password": "short"})

    assert (nameless.status_code, short.status_code) == (422, 422)
    assert field_error(nameless.text, "name") == "Enter your name."
    assert "Use at least 8 characters" in str(field_error(short.text, "password"))
    assert 'value="Elin Berg"' in short.text
    assert "short" not in re.findall(r'value="([^"]*)"', short.text)
    assert client.get(path).status_code == 200


def test_an_invitation_to_an_address_that_has_an_account_by_now_says_so(
    door: FlaskClient, ada: UUID, sql: Sql
) -> None:
    path = f"/invitation/{make_link('invitation', email=EMAIL, role='administrator')}"

    answer = door.post(path, data={"name": "Ada", "password": GOOD})

    assert answer.status_code == 409
    assert "This address has an account already. Sign in with it." in answer.text
    assert sql("SELECT role FROM users") == [("ops_agent",)]


# Another e-mail -----------------------------------------------------------------------------


def test_looking_at_the_link_of_a_new_address_changes_nothing_following_it_does(
    door: FlaskClient, ada: UUID, sql: Sql
) -> None:
    path = f"/account/email/{make_link('email', user_id=ada, email='new@example.org')}"

    page = door.get(path).text
    assert sql("SELECT email FROM users") == [(EMAIL,)]
    assert "new@example.org" in page
    assert door.post(path).location == "/signin"

    assert sql("SELECT email FROM users") == [("new@example.org",)]
    assert "You sign in with new@example.org from now on." in door.get("/signin").text


def test_a_new_address_that_somebody_took_meanwhile_is_told(
    door: FlaskClient, ada: UUID, sql: Sql
) -> None:
    make_person(name="Bo Ek", email="bo@example.org")
    path = f"/account/email/{make_link('email', user_id=ada, email='bo@example.org')}"

    answer = door.post(path)

    assert answer.status_code == 409
    assert "This address has an account of its own. Choose another." in answer.text
