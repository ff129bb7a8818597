"""The second factor: mandatory for ops, each code good once, and what if it is lost (S11)."""

from __future__ import annotations

import time
from uuid import UUID

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import factors
from app.accounts.contract import Origin
from app.accounts.sign_in import by_code
from app.accounts.throttle import ACCOUNT
from app.commands import reseal
from app.shared import signed
from app.shared.errors import TooMany
from app.shared.work import ACCOUNTS, transaction
from tests.conftest import Sql
from tests.factories import make_vendor_with_stock
from tests.people import HERE, PASSWORD, browser_of, make_person, person_of


@pytest.fixture
def app(app: Flask) -> Flask:
    """The application as production has it: ops need a second factor."""
    app.config["NEEDS_SECOND_FACTOR"] = True
    return app


@pytest.fixture
def ada(app: Flask) -> UUID:
    return make_person("ops_agent", "Ada Lind", email="ada@example.org")


def code_of(seed: str, steps: int = 0) -> str:
    return pyotp.TOTP(seed).at(int(time.time()) + 30 * steps)


def enrol(user_id: UUID) -> tuple[str, list[str]]:
    """Give somebody a second factor; return its seed and their recovery codes."""
    who = person_of(user_id)
    with transaction(ACCOUNTS):
        seed = factors.pending_seed(who)
        found = factors.confirm_seed(who, code_of(seed, -1))
    assert found is not None
    return seed, found[1]


def test_s11_ops_without_a_second_factor_reach_the_enrolment_page_only(
    app: Flask, ada: UUID
) -> None:
    browser = browser_of(app, ada, is_proven=False)

    for path in ("/console/", "/console/orders", "/account", "/account/sessions"):
        assert browser.get(path).location == "/account/second-factor", path
    page = browser.get("/account/second-factor")
    assert page.status_code == 200
    assert "Sign out" in page.text


def test_s11_vendors_may_do_without(app: Flask) -> None:
    vendor = make_vendor_with_stock()
    browser = browser_of(app, make_person("vendor_owner", vendor=vendor), is_proven=False)

    assert browser.get("/portal/").status_code == 200


def test_s11_enrolling_takes_a_right_code_and_lets_in(app: Flask, ada: UUID, sql: Sql) -> None:
    browser = browser_of(app, ada, is_proven=False)
    browser.get("/account/second-factor")
    ((sealed,),) = sql("SELECT pending_seed FROM sessions WHERE pending_seed IS NOT NULL")
    seed = signed.unseal(sealed)

    wrong = browser.post("/account/second-factor", data={"code": "000000"})
    assert (wrong.status_code, browser.get("/console/").status_code) == (422, 302)
    right = browser.post("/account/second-factor", data={"code": code_of(seed)})

    assert right.status_code in {200, 302}
    assert browser.get("/console/").status_code == 200
    assert sql("SELECT count(*) FROM recovery_codes") == [(10,)]


def test_s11_a_code_is_good_once_and_half_a_minute_early_or_late(app: Flask, ada: UUID) -> None:
    seed, _ = enrol(ada)
    pending = person_of(ada, is_proven=False)

    early = by_code(pending, code_of(seed, 3), HERE)
    first = by_code(pending, code_of(seed), HERE)
    again = by_code(person_of(ada, is_proven=False), code_of(seed), HERE)
    before = by_code(person_of(ada, is_proven=False), code_of(seed, -1), HERE)
    after = by_code(person_of(ada, is_proven=False), code_of(seed, 1), HERE)

    assert [early, first is not None, again, before, after is not None] == [
        None,
        True,
        None,
        None,
        True,
    ]


def test_s11_a_recovery_code_is_good_once_however_it_is_typed(app: Flask, ada: UUID) -> None:
    _, codes = enrol(ada)
    typed = f" {codes[0].lower().replace('-', ' ')} "

    first = by_code(person_of(ada, is_proven=False), typed, HERE)
    again = by_code(person_of(ada, is_proven=False), codes[0], HERE)
    other = by_code(person_of(ada, is_proven=False), codes[1], HERE)

    assert (first is not None, again, other is not None) == (True, None, True)
    with transaction(ACCOUNTS):
        assert factors.codes_left(ada) == 8


def test_s11_recovery_codes_are_random_and_kept_as_hashes(app: Flask, ada: UUID, sql: Sql) -> None:
    _, codes = enrol(ada)

    kept = str(sql("SELECT hash FROM recovery_codes"))

    assert len(set(codes)) == 10
    assert all(len(code.replace("-", "")) * 4 >= 80 for code in codes)
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)


def test_s11_new_recovery_codes_kill_the_old_ones(app: Flask, ada: UUID) -> None:
    _, old = enrol(ada)
    who = person_of(ada)
    with transaction(ACCOUNTS):
        new = factors.renew_recovery_codes(who)

    assert by_code(person_of(ada, is_proven=False), old[0], HERE) is None
    assert by_code(person_of(ada, is_proven=False), new[0], HERE)


def test_s11_codes_are_guessed_no_faster_than_passwords(app: Flask, ada: UUID) -> None:
    enrol(ada)
    pending, refused = person_of(ada, is_proven=False), 0
    for n in range(20):
        try:
            assert by_code(pending, f"{n:06}", HERE) is None
        except TooMany:
            refused += 1

    assert refused == 15


def test_s11_nor_are_codes_guessed_from_many_addresses(app: Flask, ada: UUID) -> None:
    enrol(ada)
    pending, refused = person_of(ada, is_proven=False), 0
    for n in range(20):
        try:
            by_code(pending, f"{n:06}", Origin(f"203.0.113.{n}", "a browser"))
        except TooMany:
            refused += 1

    assert refused == 20 - ACCOUNT.free


def test_s11_the_seed_is_sealed_at_rest(app: Flask, ada: UUID, sql: Sql) -> None:
    seed, _ = enrol(ada)

    ((kept,),) = sql("SELECT totp_seed FROM users WHERE totp_seed IS NOT NULL")

    assert seed not in str(sql("SELECT u::text, s::text FROM users u, sessions s"))
    assert signed.unseal(kept) == seed


def test_s66_seeds_outlive_their_key_once_they_are_sealed_anew(app: Flask, ada: UUID) -> None:
    old = app.config["FIELD_KEY"]
    seed, _ = enrol(ada)
    app.config |= {"FIELD_KEY": "the new field key", "FIELD_KEY_FALLBACKS": [old]}
    assert by_code(person_of(ada, is_proven=False), code_of(seed), HERE)

    result = app.test_cli_runner().invoke(reseal)
    app.config["FIELD_KEY_FALLBACKS"] = []

    assert result.output == "1 sealed with the newest key\n"
    assert by_code(person_of(ada, is_proven=False), code_of(seed, 1), HERE)


def test_s66_a_seed_whose_key_is_gone_is_told_and_opens_nothing(app: Flask, ada: UUID) -> None:
    seed, _ = enrol(ada)
    app.config |= {"FIELD_KEY": "another field key", "FIELD_KEY_FALLBACKS": []}

    with pytest.raises(ValueError, match="FIELD_KEY"):
        by_code(person_of(ada, is_proven=False), code_of(seed), HERE)


def test_s11_a_forgotten_factor_is_enrolled_anew_before_anything_else(
    app: Flask, client: FlaskClient, ada: UUID
) -> None:
    enrol(ada)
    with transaction(ACCOUNTS):
        factors.forget(ada)

    client.post("/signin", data={"email": "ada@example.org", "password": PASSWORD})

    assert client.get("/console/").location == "/account/second-factor"
