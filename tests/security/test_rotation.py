"""Keys that change: who is in stays in, open forms are taken, until the old key is dropped."""

from __future__ import annotations

import pytest
from flask import Flask

from app.extensions import db
from tests.conftest import Browser, make_app
from tests.people import PASSWORD, browser_of, make_person
from tests.security.test_production import NEW_KEY, OLD_KEY, changed, token_in


def test_s66_the_newest_key_signs_and_older_ones_are_known():
    told = changed("SECRET_KEY_FALLBACKS", "newer, older").for_flask()

    assert told["SECRET_KEY_FALLBACKS"] == ["newer", "older"]
    assert told["WTF_CSRF_SECRET_KEY"] == ["older", "newer", NEW_KEY]
    assert changed("FIELD_KEY_FALLBACKS", "newer,older").for_flask()["FIELD_KEY_FALLBACKS"] == [
        "newer",
        "older",
    ]


@pytest.fixture
def with_keys(cluster, database, valkey_url, fresh):
    """Make the application with other keys, on the same database: with_keys(SECRET_KEY=...)."""
    made = []

    def make(**keys: str) -> Flask:
        made.append(make_app(cluster, database, valkey_url, **keys))
        return made[-1]

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


def moved(browser: Browser, to: Flask) -> Browser:
    """Return a browser with the same cookies before another release of the application."""
    other = to.test_client()
    for cookie in browser._cookies.values():  # noqa: SLF001 - there is no other way to read all
        other.set_cookie(cookie.key, cookie.value, domain=cookie.domain, path=cookie.path)
    return other


@pytest.mark.parametrize(("fallbacks", "status"), [(OLD_KEY, 200), ("", 302)])
def test_s66_who_is_in_stays_in_until_the_old_key_is_dropped(with_keys, fallbacks, status):
    first = with_keys(SECRET_KEY=OLD_KEY)
    first.config["WTF_CSRF_ENABLED"] = False
    before = first.test_client()
    with first.app_context():
        make_person(email="ops@example.org")
    sent = before.post("/signin", data={"email": "ops@example.org", "password": PASSWORD})
    assert sent.status_code == 302
    after = moved(before, with_keys(SECRET_KEY=NEW_KEY, SECRET_KEY_FALLBACKS=fallbacks))

    assert after.get("/console/").status_code == status


def test_s66_the_newest_key_signs_a_cookie_while_the_old_one_is_known(with_keys):
    between = with_keys(SECRET_KEY=NEW_KEY, SECRET_KEY_FALLBACKS=OLD_KEY)
    with between.app_context():
        person = make_person()
        browser = browser_of(between, person)
    assert browser.get("/console/").status_code == 200

    after = moved(browser, with_keys(SECRET_KEY=NEW_KEY))

    assert after.get("/console/").status_code == 200


@pytest.mark.parametrize(("fallbacks", "status"), [(OLD_KEY, 422), ("", 400)])
def test_s66_a_form_opened_before_a_rotation_is_taken_while_the_old_key_is_known(
    with_keys, fallbacks, status
):
    before = with_keys(SECRET_KEY=OLD_KEY).test_client()
    token = token_in(before.get("/signin"))
    after = moved(before, with_keys(SECRET_KEY=NEW_KEY, SECRET_KEY_FALLBACKS=fallbacks))

    answer = after.post(
        "/signin",
        data={"email": "nobody@example.org", "password": "guessed wrong", "csrf_token": token},
    )

    # 422: the form was read, and the pair in it is nobody's. 400: the form was not ours.
    assert answer.status_code == status
