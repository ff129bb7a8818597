"""Sessions: they live on the server, change at every step, and really end (S7 to S10)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import factors, keys, links, people, sessions
from app.accounts.contract import Person
from app.accounts.keys import ensure_key, principal_of
from app.accounts.sign_in import by_password
from app.audit.service import verify_chain
from app.shared.errors import Conflict, NotAllowed
from app.shared.work import ACCOUNTS, transaction
from tests.conftest import Sql, caller
from tests.factories import make_vendor_with_stock, run
from tests.people import HERE, PASSWORD, browser_of, make_person, person_of

EMAIL = "ada@example.org"


def token_in(browser: FlaskClient) -> str | None:
    with browser.session_transaction() as kept:
        found: str | None = kept.get("_user_id")
    return found


def sign_in(browser: FlaskClient, email: str = EMAIL) -> None:
    assert browser.post("/signin", data={"email": email, "password": PASSWORD}).status_code == 302


def test_s7_signing_in_takes_nothing_over_from_before(app: Flask, client: FlaskClient) -> None:
    make_person(email=EMAIL)
    with client.session_transaction() as kept:
        kept["_user_id"], kept["planted"] = "planted", "by somebody else"

    sign_in(client)

    with client.session_transaction() as kept:
        assert "planted" not in kept
        assert kept["_user_id"] != "planted"
    assert len(token_in(client) or "") >= 43


def test_s7_a_planted_cookie_is_nobodys(app: Flask, client: FlaskClient) -> None:
    client.set_cookie("session", "eyJfdXNlcl9pZCI6ICJwbGFudGVkIn0.aSDx.c2lnbmF0dXJl")
    assert client.get("/console/").status_code == 302
    with client.session_transaction() as kept:
        kept["_user_id"] = "planted"
    assert client.get("/console/").status_code == 302


def test_s7_the_second_factor_and_proving_again_change_the_token(app: Flask) -> None:
    ada = make_person(email=EMAIL)
    browser = browser_of(app, ada)
    before = token_in(browser)

    answer = browser.post("/signin/confirm", data={"password": PASSWORD, "next": "/account"})

    assert (answer.status_code, answer.location) == (302, "/account")
    assert token_in(browser) != before
    assert sessions.find(before or "") is None


def test_s8_a_cookie_that_was_copied_is_dead_after_signing_out(app: Flask) -> None:
    ada = make_person(email=EMAIL)
    browser, thief = browser_of(app, ada), app.test_client()
    with browser.session_transaction() as kept, thief.session_transaction() as copied:
        copied.update(kept)
    assert thief.get("/console/").status_code == 200

    browser.post("/signout")

    assert thief.get("/console/").status_code == 302
    assert thief.get("/console/", headers={"Accept": "application/json"}).status_code == 401


def test_s8_only_a_hash_of_the_token_is_kept(app: Flask, sql: Sql) -> None:
    browser = browser_of(app, make_person(email=EMAIL))

    ((row,),) = sql("SELECT s::text FROM sessions s")

    assert (token_in(browser) or "") not in row
    assert sessions.hash_of(token_in(browser) or "") in row


OPS_IDLE, OPS_END = timedelta(minutes=30), timedelta(hours=12)
VENDOR_IDLE, VENDOR_END = timedelta(hours=12), timedelta(days=7)
SECOND = timedelta(seconds=5)


@pytest.mark.parametrize(
    ("role", "ages", "is_in"),
    [
        ("ops_agent", (OPS_IDLE - SECOND, OPS_IDLE), True),
        ("ops_agent", (OPS_IDLE + SECOND, OPS_IDLE + SECOND), False),
        ("administrator", (SECOND, OPS_END - SECOND), True),
        ("administrator", (SECOND, OPS_END + SECOND), False),
        ("vendor_staff", (VENDOR_IDLE - SECOND, VENDOR_IDLE), True),
        ("vendor_staff", (VENDOR_IDLE + SECOND, VENDOR_IDLE + SECOND), False),
        ("vendor_owner", (SECOND, VENDOR_END - SECOND), True),
        ("vendor_owner", (SECOND, VENDOR_END + SECOND), False),
    ],
)
def test_s9_a_session_ends_unused_and_in_any_case(
    app: Flask, sql: Sql, role: str, ages: tuple[timedelta, timedelta], is_in: bool
) -> None:
    vendor = make_vendor_with_stock() if role.startswith("vendor") else None
    browser = browser_of(app, make_person(role, vendor=vendor))
    sql("UPDATE sessions SET seen_at = seen_at - %s, created_at = created_at - %s", *ages)

    assert (browser.get("/account").status_code == 200) is is_in


def test_s9_using_a_session_keeps_it(app: Flask, sql: Sql) -> None:
    browser = browser_of(app, make_person())
    for _ in range(3):
        sql("UPDATE sessions SET seen_at = seen_at - interval '29 minutes'")
        assert browser.get("/account").status_code == 200


# What bites on the very next request --------------------------------------------------------


Change = Callable[[Person, UUID], object]
CHANGES: dict[str, Change] = {
    "switched off": lambda by, who: people.set_active(who, False, by),
    "signed out": lambda by, who: people.sign_out_person(who, by),
    "another role": lambda by, who: people.change_role(who, "ops_lead", by),
    "factor forgotten": lambda by, who: people.forget_factor(who, by),
}


@pytest.mark.parametrize("name", CHANGES)
def test_s10_what_an_administrator_does_bites_at_once(app: Flask, name: str) -> None:
    ada, boss = make_person(email=EMAIL), person_of(make_person("administrator", "Teo"))
    browser = browser_of(app, ada)
    assert browser.get("/console/").status_code == 200

    with transaction(ACCOUNTS):
        CHANGES[name](boss, ada)

    assert browser.get("/console/").status_code == 302
    assert browser.get("/console/", headers={"Accept": "application/json"}).status_code == 401


def test_s10_a_closed_vendors_people_and_keys_are_nobodys_at_once(app: Flask, sql: Sql) -> None:
    vendor = make_vendor_with_stock()
    browser = browser_of(app, make_person("vendor_owner", vendor=vendor))
    with transaction(ACCOUNTS):
        ensure_key("robot", "onw_robot", vendor)
    call = caller(app, "onw_robot")
    assert (
        browser.get("/portal/").status_code,
        call("GET", "/fulfillment-orders").status_code,
    ) == (
        200,
        200,
    )

    sql("UPDATE vendors SET status = 'closed'")

    assert browser.get("/portal/").status_code == 302
    assert call("GET", "/fulfillment-orders").status_code == 401


def test_s10_a_revoked_key_is_nobodys_at_once(app: Flask) -> None:
    boss = person_of(make_person("administrator", "Teo"))
    with transaction(ACCOUNTS):
        token = keys.create("shop", ["orders:read"], None, boss)
        (row,) = keys.keys()
    assert principal_of(token) is not None

    with transaction(ACCOUNTS):
        keys.revoke(row.id, boss)

    assert principal_of(token) is None
    with pytest.raises(Conflict), transaction(ACCOUNTS):
        keys.revoke(row.id, boss)


def test_s10_nobody_changes_themselves_and_the_last_administrator_stays(app: Flask) -> None:
    first, second = make_person("administrator", "Teo"), make_person("administrator", "Ada")
    boss, other = person_of(first), person_of(second)

    with pytest.raises(NotAllowed), transaction(ACCOUNTS):
        people.set_active(boss.id, False, boss)
    with transaction(ACCOUNTS):
        people.change_role(second, "ops_agent", boss)
    with pytest.raises(Conflict, match="last administrator"), transaction(ACCOUNTS):
        people.set_active(first, False, other)


# The second factor's stages -----------------------------------------------------------------


def enrol(who: Person) -> str:
    """Give somebody a second factor; return its seed."""
    with transaction(ACCOUNTS):
        seed = factors.pending_seed(who)
        found = factors.confirm_seed(who, pyotp.TOTP(seed).at(int(time.time())))
    assert found is not None
    return seed


def test_s7_a_factor_that_is_still_to_be_shown_opens_only_its_own_page(app: Flask) -> None:
    ada = make_person(email=EMAIL)
    browser = browser_of(app, ada)
    seed = enrol(person_of(ada))
    pending = browser_of(app, ada, is_proven=False)

    assert browser.get("/console/").status_code == 200
    for path in ("/console/", "/account", "/account/second-factor", "/signin/confirm"):
        assert pending.get(path).location == "/signin/code"
    before = token_in(pending)
    code = pyotp.TOTP(seed).at(int(time.time()) + 30)
    assert pending.post("/signin/code", data={"code": code}).status_code == 302
    assert token_in(pending) != before
    assert pending.get("/console/").status_code == 200


def test_s8_what_people_left_behind_is_put_away_at_night_and_the_trails_end_is_told(
    app: Flask, jobs_run_here: None, sql: Sql, caplog: pytest.LogCaptureFixture
) -> None:
    ada = make_person(email=EMAIL)
    browser = browser_of(app, ada)
    by_password("eve@example.org", "guessed", HERE)
    links.ask_reset(EMAIL, HERE)
    left = "SELECT (SELECT count(*) FROM {}), (SELECT count(*) FROM {}), (SELECT count(*) FROM {})"
    counted = left.format("sessions", "throttles WHERE bucket LIKE 'sign-in%%'", "links")
    run("keep_house")
    assert sql(counted) == [(1, 3, 1)]
    assert browser.get("/account").status_code == 200

    sql("UPDATE sessions SET created_at = now() - interval '9 days'")
    sql("UPDATE throttles SET last_at = now() - interval '2 days'")
    sql("UPDATE links SET expires_at = now() - interval '31 days'")
    caplog.set_level("INFO")
    run("keep_house")
    run("keep_house")

    assert sql(counted) == [(0, 0, 0)]
    ends = [vars(told)["anchor"] for told in caplog.records if told.message == "audit anchor"]
    assert {verify_chain(end).broken for end in ends} == {None}
    assert len(ends) == 3
