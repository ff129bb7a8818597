"""Passkeys, proved with an authenticator made of software: it answers as a phone or a key would."""

from __future__ import annotations

import secrets
import time
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts import sessions, throttle
from app.accounts.passkeys import CHALLENGE_LIVES, MOST
from tests.authenticator import HOST, ORIGIN, PRESENT, VERIFIED, Authenticator, data, words
from tests.conftest import Sql
from tests.factories import make_vendor_with_stock
from tests.people import PASSWORD, browser_of, make_person

UNKNOWN = "This passkey is not known here, or its answer came too late. Try again."
NOT_TAKEN = "The passkey was not taken: it came too late or not from here."
JSON = {"Accept": "application/json"}


@pytest.fixture
def app(app: Flask) -> Flask:
    app.config["PUBLIC_URL"] = ORIGIN
    return app


@pytest.fixture
def ada(app: Flask) -> UUID:
    return make_person("ops_agent", "Ada Lind", email="ada@example.org")


@pytest.fixture
def browser(app: Flask, ada: UUID) -> FlaskClient:
    """A browser in which Ada has signed in by password."""
    return browser_of(app, ada)


def post(browser: FlaskClient, path: str, **body: Any) -> TestResponse:
    return browser.post(path, json=body, headers=JSON)


def options(browser: FlaskClient, path: str) -> dict[str, Any]:
    answer = post(browser, f"{path}/options")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json
    return found


def register(browser: FlaskClient, key: Authenticator, name: str = "Ada's key") -> TestResponse:
    asked = options(browser, "/account/passkeys")
    return post(browser, "/account/passkeys", credential=key.create(asked), name=name)


def sign_in(browser: FlaskClient, key: Authenticator, **more: Any) -> TestResponse:
    asked = options(browser, "/signin/passkey")
    return post(browser, "/signin/passkey", credential=key.get(asked), **more)


@pytest.fixture
def key(browser: FlaskClient) -> Authenticator:
    """A passkey of Ada's."""
    made = Authenticator()
    assert register(browser, made).status_code == 200
    return made


def refused(answer: TestResponse, detail: str = UNKNOWN) -> bool:
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    return bool(answer.json["detail"] == detail)


# A new passkey --------------------------------------------------------------------------------


def test_s12_a_passkey_is_kept_told_and_listed(browser: FlaskClient, ada: UUID, sql: Sql) -> None:
    before = session_token(browser)

    answer = register(browser, Authenticator())

    assert (answer.status_code, answer.json) == (200, {"next": "/account"})
    assert sql("SELECT user_id, name, sign_count FROM passkeys") == [(ada, "Ada's key", 1)]
    assert sql("SELECT recipient, template FROM notifications") == [
        ("ada@example.org", "account_factor_added")
    ]
    assert sql("SELECT outcome FROM audit WHERE action = 'passkey_added'") == [("done",)]
    # The session comes to mean more, so it has another token.
    assert sessions.find(before) is None
    assert "Ada&#39;s key" in browser.get("/account").text


def session_token(browser: FlaskClient) -> str:
    with browser.session_transaction() as kept:
        return str(kept["_user_id"])


def test_s12_what_is_asked_of_a_device_names_us_and_wants_its_owner(browser: FlaskClient) -> None:
    asked = options(browser, "/account/passkeys")

    assert asked["rp"] == {"id": HOST, "name": "Onward"}
    assert asked["user"]["name"] == "ada@example.org"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert len(data(asked["challenge"])) == 32
    assert options(browser, "/account/passkeys")["challenge"] != asked["challenge"]


@pytest.mark.parametrize(
    "wrong",
    [
        Authenticator(origin="https://onward.example.evil.test"),
        Authenticator(origin="http://onward.example"),
        Authenticator(host="evil.test"),
        Authenticator(flags=PRESENT),
        Authenticator(flags=VERIFIED),
    ],
    ids=["origin", "scheme", "rpId", "not verified", "not present"],
)
def test_s12_a_passkey_made_elsewhere_is_not_taken(
    browser: FlaskClient, sql: Sql, wrong: Authenticator
) -> None:
    assert refused(register(browser, wrong), NOT_TAKEN)
    assert sql("SELECT count(*) FROM passkeys") == [(0,)]


def test_s12_a_challenge_makes_one_passkey(browser: FlaskClient, sql: Sql) -> None:
    asked = options(browser, "/account/passkeys")
    first, second = (
        post(browser, "/account/passkeys", credential=made.create(asked), name="Key")
        for made in (Authenticator(), Authenticator())
    )

    assert first.status_code == 200
    assert refused(second, NOT_TAKEN)
    assert sql("SELECT count(*) FROM passkeys") == [(1,)]


def test_s12_a_challenge_that_failed_once_is_spent(browser: FlaskClient, sql: Sql) -> None:
    asked, made = options(browser, "/account/passkeys"), Authenticator(origin="https://evil.test")
    post(browser, "/account/passkeys", credential=made.create(asked), name="Key")
    made.origin = ORIGIN

    answer = post(browser, "/account/passkeys", credential=made.create(asked), name="Key")

    assert refused(answer, NOT_TAKEN)
    assert sql("SELECT count(*) FROM passkeys") == [(0,)]


def test_s12_a_challenge_is_good_for_minutes(browser: FlaskClient, sql: Sql) -> None:
    asked = options(browser, "/account/passkeys")
    ago = int(CHALLENGE_LIVES.total_seconds()) + 1
    sql(
        "UPDATE sessions SET challenge = split_part(challenge, ' ', 1) || ' '"
        " || (split_part(challenge, ' ', 2)::bigint - %s)",
        ago,
    )

    made = Authenticator().create(asked)
    assert refused(post(browser, "/account/passkeys", credential=made, name="Key"), NOT_TAKEN)


def test_s12_a_challenge_is_one_sessions(app: Flask, browser: FlaskClient, ada: UUID) -> None:
    asked, other = options(browser, "/account/passkeys"), browser_of(app, ada)

    made = Authenticator().create(asked)
    assert refused(post(other, "/account/passkeys", credential=made, name="Key"), NOT_TAKEN)


def test_s12_one_passkey_is_known_once(app: Flask, browser: FlaskClient, sql: Sql) -> None:
    made = Authenticator()
    register(browser, made)
    bo = browser_of(app, make_person(name="Bo Ek", email="bo@example.org"))

    answer = register(bo, made)

    assert answer.status_code == 409
    assert answer.json["detail"] == "This passkey is known already."
    asked = options(browser, "/account/passkeys")
    assert [data(one["id"]) for one in asked["excludeCredentials"]] == [made.name]
    assert sql("SELECT count(*) FROM passkeys") == [(1,)]


def test_s12_passkeys_have_a_name_and_an_end(browser: FlaskClient, sql: Sql) -> None:
    nameless = register(browser, Authenticator(), "  ")
    assert nameless.json["errors"] == [{"field": "name", "detail": "Give the passkey a name."}]

    sql(
        "INSERT INTO passkeys SELECT gen_random_uuid(), id, decode(md5(n::text), 'hex'), '', 0,"
        " 'Key', now(), NULL FROM users, generate_series(1, %s) n",
        MOST,
    )
    assert post(browser, "/account/passkeys/options").status_code == 409


def test_s14_a_passkey_is_added_and_removed_by_whoever_showed_who_they_are(
    browser: FlaskClient, key: Authenticator, sql: Sql
) -> None:
    sql("UPDATE sessions SET confirmed_at = now() - interval '11 minutes'")
    ((passkey_id,),) = sql("SELECT id FROM passkeys")

    answers = [
        post(browser, path)
        for path in (
            "/account/passkeys/options",
            "/account/passkeys",
            f"/account/passkeys/{passkey_id}/remove",
        )
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert sql("SELECT count(*) FROM passkeys") == [(1,)]


# Signing in -----------------------------------------------------------------------------------


def test_s12_a_passkey_signs_in_with_both_factors_and_the_way_goes_on(
    app: Flask, client: FlaskClient, key: Authenticator, sql: Sql
) -> None:
    app.config["NEEDS_SECOND_FACTOR"] = True

    answer = sign_in(client, key, next="/console/orders")

    assert answer.json == {"next": "/console/orders"}
    assert "Ada Lind" in client.get("/console/").text
    assert sql("SELECT sign_count FROM passkeys WHERE used_at IS NOT NULL") == [(2,)]
    assert sql("SELECT facts FROM audit WHERE action = 'signed_in'") == [({"by": "passkey"},)]


@pytest.mark.parametrize("elsewhere", ["https://evil.test/", "//evil.test", 7, None])
def test_s42_the_way_leads_to_nobody_else(
    client: FlaskClient, key: Authenticator, elsewhere: Any
) -> None:
    assert sign_in(client, key, next=elsewhere).json == {"next": "/console/"}


def test_s12_a_password_alone_does_not_open_what_a_passkey_guards(
    app: Flask, client: FlaskClient, ada: UUID, key: Authenticator
) -> None:
    answer = client.post("/signin", data={"email": "ada@example.org", "password": PASSWORD})

    assert answer.location == "/signin/code"
    assert client.get("/console/").location == "/signin/code"
    assert sign_in(client, key).json == {"next": "/console/"}
    assert client.get("/console/").status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://onward.example.evil.test"},
        {"origin": "https://onward.example:8443"},
        {"host": "evil.test"},
        {"flags": PRESENT},
        {"key": ec.generate_private_key(ec.SECP256R1())},
        {"name": b"never registered"},
        {"count": -1},
    ],
    ids=["origin", "port", "rpId", "not verified", "other key", "unknown", "cloned"],
)
def test_s12_a_wrong_answer_opens_nothing(
    client: FlaskClient, key: Authenticator, sql: Sql, change: dict[str, Any]
) -> None:
    before = sql("SELECT sign_count, used_at FROM passkeys")
    for name, value in change.items():
        setattr(key, name, value)

    assert refused(sign_in(client, key))

    assert client.get("/console/").status_code == 302
    assert sql("SELECT sign_count, used_at FROM passkeys") == before
    assert sql("SELECT outcome FROM audit WHERE action = 'signed_in'") == [("refused",)]


def test_s12_a_challenge_signs_in_once_even_when_the_old_cookie_is_sent_again(
    app: Flask, client: FlaskClient, key: Authenticator
) -> None:
    asked = options(client, "/signin/passkey")
    cookie = client.get_cookie("session")
    assert cookie is not None
    first, again = key.get(asked), key.get(asked)

    thief = app.test_client()
    thief.set_cookie("session", cookie.value)
    assert post(client, "/signin/passkey", credential=first).status_code == 200

    for replayed in (first, again):
        thief.set_cookie("session", cookie.value)
        assert refused(post(thief, "/signin/passkey", credential=replayed))
    assert thief.get("/console/").status_code == 302


def test_s12_a_challenge_that_was_answered_wrongly_is_spent(
    client: FlaskClient, key: Authenticator
) -> None:
    asked, cookie = options(client, "/signin/passkey"), client.get_cookie("session")
    assert cookie is not None
    key.origin = "https://evil.test"
    assert refused(post(client, "/signin/passkey", credential=key.get(asked)))
    key.origin = ORIGIN
    client.set_cookie("session", cookie.value)

    assert refused(post(client, "/signin/passkey", credential=key.get(asked)))


def test_s12_a_challenge_to_sign_in_runs_out(client: FlaskClient, key: Authenticator) -> None:
    asked = options(client, "/signin/passkey")
    with client.session_transaction() as kept:
        challenge, _, until = kept["passkey"].partition(" ")
        assert int(until) - time.time() <= CHALLENGE_LIVES.total_seconds()
        kept["passkey"] = f"{challenge} {int(time.time()) - 1}"

    assert refused(post(client, "/signin/passkey", credential=key.get(asked)))


@pytest.mark.parametrize("kept", [None, "", "words", "words later", "!! 99999999999"])
def test_s12_without_a_challenge_of_ours_nothing_opens(
    client: FlaskClient, key: Authenticator, kept: str | None
) -> None:
    asked = {"challenge": words(secrets.token_bytes(32))}
    with client.session_transaction() as cookie:
        cookie["passkey"] = kept

    assert refused(post(client, "/signin/passkey", credential=key.get(asked)))


def test_s10_a_passkey_of_somebody_switched_off_opens_nothing(
    app: Flask, client: FlaskClient, sql: Sql
) -> None:
    kiln, made = make_vendor_with_stock("kiln"), Authenticator()
    register(browser_of(app, make_person("vendor_owner", "Elin Berg", vendor=kiln)), made)
    assert sign_in(app.test_client(), made).json == {"next": "/portal/"}

    sql("UPDATE vendors SET status = 'closed'")
    assert refused(sign_in(client, made))
    sql("UPDATE vendors SET status = 'active'")
    sql("UPDATE users SET is_active = false WHERE name = 'Elin Berg'")
    assert refused(sign_in(client, made))


JUNK: tuple[Any, ...] = (
    None,
    "words",
    7,
    [],
    {},
    {"rawId": 7},
    {"rawId": "!"},
    {"id": "AA", "rawId": "AA", "type": "public-key", "response": {}},
)


@pytest.mark.parametrize("junk", JUNK, ids=str)
def test_s12_what_is_no_passkey_is_refused_and_breaks_nothing(
    browser: FlaskClient, client: FlaskClient, junk: Any
) -> None:
    options(client, "/signin/passkey")
    options(browser, "/account/passkeys")

    assert refused(post(client, "/signin/passkey", credential=junk))
    assert refused(post(browser, "/account/passkeys", credential=junk, name="Key"), NOT_TAKEN)
    assert client.post("/signin/passkey", data="[", headers=JSON).status_code == 422


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature"])
@pytest.mark.parametrize("with_", ["", "AA", "~", "oWFhoWFh"])
def test_s12_a_broken_part_is_refused_and_breaks_nothing(
    client: FlaskClient, key: Authenticator, part: str, with_: str
) -> None:
    answer = key.get(options(client, "/signin/passkey"))
    answer["response"][part] = with_

    assert refused(post(client, "/signin/passkey", credential=answer))


def test_s4_wrong_passkeys_are_slowed_down(client: FlaskClient, key: Authenticator) -> None:
    key.name = b"never registered"
    codes = [sign_in(client, key).status_code for _ in range(throttle.ADDRESS.free + 1)]

    assert codes == [422] * throttle.ADDRESS.free + [429]


def test_s67_an_answer_is_not_endless(client: FlaskClient) -> None:
    answer = post(client, "/signin/passkey", credential={"rawId": "A" * 70_000})

    assert refused(answer, "This is no passkey.")


# Being there, and leaving ---------------------------------------------------------------------


def test_s12_a_passkey_shows_that_it_is_still_its_owner(
    browser: FlaskClient, key: Authenticator, sql: Sql
) -> None:
    sql("UPDATE sessions SET confirmed_at = now() - interval '11 minutes'")
    before = session_token(browser)

    assert sign_in(browser, key, next="/account/email").json == {"next": "/account/email"}

    assert browser.get("/account/email").status_code == 200
    assert session_token(browser) != before
    assert sql("SELECT count(*) FROM sessions") == [(1,)]


def test_s12_somebody_elses_passkey_does_not_speak_for_whoever_is_in(
    app: Flask, key: Authenticator, sql: Sql
) -> None:
    bo = browser_of(app, make_person(name="Bo Ek", email="bo@example.org"))
    sql("UPDATE sessions SET confirmed_at = now() - interval '11 minutes'")

    assert refused(sign_in(bo, key))
    assert bo.get("/account/email").status_code == 302
    assert "Bo Ek" in bo.get("/account").text


def test_s11_ops_keep_one_second_factor(
    app: Flask, browser: FlaskClient, key: Authenticator, sql: Sql
) -> None:
    app.config["NEEDS_SECOND_FACTOR"] = True
    ((first,),) = sql("SELECT id FROM passkeys")

    answer = browser.post(f"/account/passkeys/{first}/remove")
    assert answer.status_code == 403
    assert "Set up an app or another passkey first." in answer.text

    register(browser, Authenticator(), "Another")
    assert browser.post(f"/account/passkeys/{first}/remove").location == "/account"
    assert sql("SELECT name FROM passkeys") == [("Another",)]
    assert browser.get("/console/").status_code == 200


def test_s11_a_passkey_will_do_where_ops_must_have_a_second_factor(app: Flask, ada: UUID) -> None:
    app.config["NEEDS_SECOND_FACTOR"] = True
    browser = browser_of(app, ada, is_proven=False)
    assert browser.get("/console/").location == "/account/second-factor"

    assert register(browser, Authenticator()).json == {"next": "/console/"}
    assert browser.get("/console/").status_code == 200


def test_s12_where_browsers_keep_no_passkeys_nothing_is_said_of_them(
    app: Flask, browser: FlaskClient
) -> None:
    app.config["PUBLIC_URL"] = "http://127.0.0.1:8000"

    for path in ("/signin/passkey", "/account/passkeys"):
        assert post(browser, f"{path}/options").status_code == 404
        assert post(browser, path).status_code == 404
