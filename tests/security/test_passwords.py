"""Passwords: how they are kept, which are taken, and what a guess costs (S1 to S6)."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from uuid import UUID

import pytest
from argon2 import PasswordHasher, extract_parameters
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import text

from app.accounts import passwords, sessions
from app.accounts.contract import Origin
from app.accounts.rules import SHORTEST, complaint
from app.accounts.sign_in import by_password, change_password, device_token
from app.accounts.throttle import ACCOUNT, PAIR, admit, guesses
from app.extensions import db, valkey
from app.shared.errors import InvalidInput, TooMany
from app.shared.work import ACCOUNTS, transaction
from tests.people import HERE, PASSWORD, browser_of, make_person, person_of

EMAIL = "ada@example.org"
GOOD = "a long and private sentence"


@pytest.fixture
def ada(app: Flask) -> UUID:
    return make_person("ops_agent", "Ada Lind", email=EMAIL)


def kept_hash() -> str:
    with transaction(ACCOUNTS):
        found: str = db.session.scalar(
            text("SELECT password_hash FROM users WHERE email = :e"), {"e": EMAIL}
        )
    return found


def at(address: str, device: str | None = None) -> Origin:
    return Origin(address, "a browser", device)


def test_s1_a_password_is_kept_as_argon2id_of_19_mib_and_2_passes(ada: UUID) -> None:
    found = extract_parameters(kept_hash())

    assert found.type.name == "ID"
    assert (found.memory_cost >= 19 * 1024, found.time_cost >= 2) == (True, True)


def test_s1_a_weaker_hash_is_made_anew_when_somebody_signs_in(ada: UUID) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    with transaction(ACCOUNTS):
        db.session.execute(text("UPDATE users SET password_hash = :h"), {"h": weak})

    assert by_password(EMAIL, PASSWORD, HERE)

    assert kept_hash() != weak
    assert extract_parameters(kept_hash()).memory_cost == 19 * 1024
    assert by_password(EMAIL, PASSWORD, HERE)


def test_s1_no_more_than_two_hashes_are_made_at_once() -> None:
    assert passwords.AT_ONCE == 2
    for _ in range(passwords.AT_ONCE):
        assert passwords._turns.acquire(blocking=False)  # noqa: SLF001 - every turn is taken
    try:
        assert not passwords._turns.acquire(blocking=False)  # noqa: SLF001 - the same
    finally:
        for _ in range(passwords.AT_ONCE):
            passwords._turns.release()  # noqa: SLF001 - the same


@pytest.mark.parametrize(
    "password",
    [
        "x7#kQ9!m",
        "correct horse battery staple",
        "ALL IN CAPITALS WITHOUT A NUMBER",
        "пароль из многих слов",
        "q" + "8w" * 32,
        "🐴🔋📎✅🐴🔋📎🌧",
    ],
)
def test_s2_a_password_is_taken_whatever_it_is_made_of(password: str) -> None:
    assert complaint(password, email=EMAIL, name="Ada Lind") is None


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short77", "at least 8"),
        ("password", "guessed first"),
        ("PassWord1", "guessed first"),
        ("iloveyou", "guessed first"),
        ("aaaaaaaaaaaa", "easy to guess"),
        ("ada@example.org", "easy to guess"),
        ("Ada Lind2026", "easy to guess"),
        ("k" * 1001, "at most 1,000"),
    ],
)
def test_s2_a_password_is_refused_for_its_length_or_because_it_is_guessed(
    password: str, why: str
) -> None:
    assert why in str(complaint(password, email=EMAIL, name="Ada Lind"))


def test_s2_the_last_of_200_characters_counts(app: Flask) -> None:
    long = "b1" * 100
    kept = passwords.hash_of(long)

    assert passwords.fits(kept, long)
    assert not passwords.fits(kept, long[:-1] + "2")
    assert SHORTEST == 8


def test_s3_changing_a_password_takes_the_current_one_and_ends_other_sessions(
    app: Flask, ada: UUID
) -> None:
    here, elsewhere = browser_of(app, ada), browser_of(app, ada)
    form = {"password": GOOD, "new_password": GOOD, "new": GOOD, "end_others": "y"}

    wrong = here.post("/account/password", data=form | {"current": "guessed"})
    assert wrong.status_code == 422
    assert "not your current password" in wrong.text
    assert elsewhere.get("/account").status_code == 200

    right = here.post("/account/password", data=form | {"current": PASSWORD})
    assert right.status_code == 302
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302
    assert by_password(EMAIL, GOOD, HERE)


def test_s3_other_sessions_may_stay(app: Flask, ada: UUID) -> None:
    elsewhere = browser_of(app, ada)
    with transaction(ACCOUNTS):
        token = sessions.open_session(ada, HERE, is_proven=True)
    who = sessions.find(token)
    assert who is not None

    with pytest.raises(InvalidInput):
        change_password(who, "guessed", GOOD, end_others=False, origin=HERE)
    renewed = change_password(who, PASSWORD, GOOD, end_others=False, origin=HERE)

    assert elsewhere.get("/account").status_code == 200
    assert (sessions.find(token), sessions.find(renewed) is not None) == (None, True)


# Guessing -----------------------------------------------------------------------------------


def guess(origins: list[Origin], email: str = EMAIL) -> list[int | None]:
    """Guess once from each; return what each was told to wait, None for a plain refusal."""
    found: list[int | None] = []
    for origin in origins:
        try:
            assert by_password(email, "guessed", origin) is None
            found.append(None)
        except TooMany as refusal:
            found.append(refusal.seconds)
    return found


def without_valkey() -> None:
    valkey.client = Redis.from_url("redis://127.0.0.1:9/0", socket_connect_timeout=0.1)


@pytest.mark.parametrize("is_running", [True, False], ids=["valkey", "no-valkey"])
def test_s4_s5_twenty_wrong_passwords_from_one_address(
    app: Flask, client: FlaskClient, ada: UUID, is_running: bool
) -> None:
    if not is_running:
        without_valkey()
    answers = [
        client.post("/signin", data={"email": EMAIL, "password": f"guess {n}"}) for n in range(20)
    ]

    told = [answer.status_code for answer in answers]
    assert told == [422] * PAIR.free + [429] * (20 - PAIR.free)
    assert all(int(answer.headers["Retry-After"]) <= 15 for answer in answers[PAIR.free :])
    # The right one has to wait as well, here; from elsewhere it opens.
    right = {"email": EMAIL, "password": PASSWORD}
    assert client.post("/signin", data=right).status_code == 429
    other = {"REMOTE_ADDR": "198.51.100.7"}
    assert client.post("/signin", data=right, environ_base=other).status_code == 302


@pytest.mark.parametrize("is_running", [True, False], ids=["valkey", "no-valkey"])
def test_s4_s5_twenty_wrong_passwords_from_twenty_addresses(
    app: Flask, client: FlaskClient, ada: UUID, is_running: bool
) -> None:
    if not is_running:
        without_valkey()

    waits = guess([at(f"203.0.113.{n}") for n in range(20)])

    assert waits[: ACCOUNT.free] == [None] * ACCOUNT.free
    assert all(waits[ACCOUNT.free :])
    with pytest.raises(TooMany):
        by_password(EMAIL, PASSWORD, at("198.51.100.7"))
    # Whoever has signed in with a browser before is not kept out by others.
    assert by_password(EMAIL, PASSWORD, at("198.51.100.7", device_token(person_of(ada))))


def test_s4_waits_double_and_end(app: Flask, ada: UUID) -> None:
    waits = []
    for _ in range(16):
        with transaction(ACCOUNTS):
            db.session.execute(text("UPDATE throttles SET blocked_until = NULL"))
        guess([at("203.0.113.1")])
        with transaction(ACCOUNTS):
            pair = text(
                "SELECT extract(epoch FROM blocked_until - last_at)::int FROM throttles"
                " WHERE bucket LIKE '% pair %'"
            )
            waits.append(db.session.scalar(pair))

    assert waits[:4] == [None] * 4
    assert waits[4:] == [15, 30, 60, 120, 240, 480, 900, 900, 900, 900, 900, 900]


def test_s4_a_device_of_somebody_else_opens_nothing_sooner(app: Flask, ada: UUID) -> None:
    eve = make_person("ops_agent", "Eve", email="eve@example.org")

    waits = guess([at("203.0.113.1", device_token(person_of(eve)))] * 8)

    assert [wait is None for wait in waits] == [True] * PAIR.free + [False] * (8 - PAIR.free)


def test_s4_a_hundred_guesses_at_once_are_a_hundred_guesses(app: Flask, ada: UUID) -> None:
    """What was admitted is counted and committed before it is judged."""
    admitted = 0
    for _ in range(100):
        try:
            admit(guesses("sign-in", EMAIL, at("203.0.113.1")))
            admitted += 1
        except TooMany:
            continue

    assert admitted == PAIR.free


def test_s4_somebody_with_an_account_guesses_at_others_no_cheaper(app: Flask, ada: UUID) -> None:
    make_person("ops_agent", "Eve", email="eve@example.org")
    here = at("203.0.113.1")

    admitted = 0
    for n in range(40):
        try:
            by_password(f"victim{n}@example.org", "guessed", here)
            admitted += 1
            by_password("eve@example.org", PASSWORD, here)
        except TooMany:
            break

    assert admitted <= 21


def test_s4_one_customers_many_addresses_of_ipv6_are_one(app: Flask, ada: UUID) -> None:
    waits = guess([at(f"2001:db8:1:2::{n:x}") for n in range(1, 9)])

    assert [wait is None for wait in waits] == [True] * PAIR.free + [False] * (8 - PAIR.free)


def test_s6_a_wrong_password_and_an_unknown_address_are_told_alike(
    client: FlaskClient, ada: UUID
) -> None:
    def told(email: str, path: str = "/signin") -> tuple[int, str]:
        answer = client.post(path, data={"email": email, "password": "guessed"})
        # What differs in every answer: the form's token, the request's name, what was typed.
        return answer.status_code, re.sub(rf'csrf_token" value="[^"]*"|{email}', "", answer.text)

    assert told(EMAIL) == told("eve@example.org")
    assert told(EMAIL, "/reset") == told("eve@example.org", "/reset")


def test_s6_an_unknown_address_is_throttled_as_a_known_one(app: Flask, ada: UUID) -> None:
    def waits(email: str, octet: int) -> list[bool]:
        return [wait is None for wait in guess([at(f"203.0.113.{octet}")] * 8, email)]

    assert waits(EMAIL, 1) == waits("eve@example.org", 2)


Ask = Callable[[int], object]


def medians(known: Ask, unknown: Ask, now: Callable[[], float]) -> list[float]:
    """Return the median time of 30 of each, taken in turns so that a busy machine slows both."""
    taken: list[list[float]] = [[], []]
    for n in range(30):
        for times, ask in zip(taken, (known, unknown), strict=True):
            started = now()
            ask(n)
            times.append(now() - started)
    return [statistics.median(times) for times in taken]


# What signing in takes is the hash: the processor's time tells it however busy the machine is.
CLOCKS = {"/signin": time.thread_time, "/reset": time.perf_counter}


@pytest.mark.parametrize("path", CLOCKS)
def test_s6_a_known_and_an_unknown_address_take_the_same_time(
    app: Flask, client: FlaskClient, path: str
) -> None:
    for n in range(30):
        make_person("ops_agent", "Ada", email=f"known{n}@example.org")

    def ask(who: str, net: int) -> Ask:
        return lambda n: client.post(
            path,
            data={"email": f"{who}{n}@example.org", "password": "guessed"},
            environ_base={"REMOTE_ADDR": f"10.{net}.0.{n}"},
        )

    known, unknown = medians(ask("known", 1), ask("unknown", 2), CLOCKS[path])

    assert abs(known - unknown) <= 0.2 * max(known, unknown)
