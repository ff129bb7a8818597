"""M1, the route census: who gets through which door, for every route there is."""

from __future__ import annotations

import pytest
from flask import Flask

from app.accounts.contract import MARKETPLACE_RIGHTS, OPS_ROLES, ROLES, VENDOR_RIGHTS
from app.accounts.keys import ensure_key
from app.doors.table import CENSUS, DOORS, Audience
from app.extensions import db
from app.shared.work import ACCOUNTS, transaction
from app.web.rates import RATES
from supervisor.temporary import Urls
from tests.conftest import make_app
from tests.factories import make_vendor_with_stock
from tests.people import browser_of, make_person, sign_in_as
from tests.security.census import NOT_COUNTED, Way, knock, ways

PAGES = {Audience.PERSON, Audience.OPS, Audience.VENDOR}
SAFE = {"GET"}
# Programs: they carry a key, or sign what they send.
SIGNING = {Audience.KEY, Audience.SHOP}


def pages(app: Flask) -> list[Way]:
    return [way for way in ways(app) if way.door.audience in PAGES]


def test_m1_every_route_is_in_the_census_and_nothing_else_is(app: Flask) -> None:
    routes = {
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - NOT_COUNTED
    }

    assert routes == set(DOORS)


def test_m1_no_door_stands_in_two_lines() -> None:
    lines = sum(
        len([m for m in words.split() if m.isupper()])
        * len([e for e in words.split() if not e.isupper()])
        for words in CENSUS
    )

    assert lines == len(DOORS)


def test_m1_every_door_names_a_pace_a_right_and_roles_that_exist() -> None:
    rights = {*MARKETPLACE_RIGHTS, *VENDOR_RIGHTS}
    for door in DOORS.values():
        assert door.rate in RATES
        assert door.roles <= set(ROLES)
        assert (door.right in rights) == (door.audience is Audience.KEY)
        assert bool(door.roles) == (door.audience in PAGES)


def test_s15_a_route_that_is_in_no_table_is_opened_to_nobody(
    app: Flask, cluster: Urls, database: str, valkey_url: str
) -> None:
    other = make_app(cluster, database, valkey_url)
    other.add_url_rule("/forgotten", "forgotten", lambda: "open")
    admin = make_person("administrator", "Teo Marin")

    for browser in (other.test_client(), browser_of(other, admin)):
        answer = browser.get("/forgotten")
        assert answer.status_code == 403
        assert "open</" not in answer.text
    with other.app_context():
        db.engine.dispose()


def test_s15_nobody_gets_through_but_by_the_public_doors(app: Flask) -> None:
    browser = app.test_client()
    for way in ways(app):
        answer = knock(browser, way)
        told = f"{way.method} {way.path}: {answer.status_code}"
        if way.door.audience in SIGNING:
            assert answer.status_code == 401, told
        elif way.door.audience in PAGES:
            assert answer.status_code == 302, told
            assert answer.location.startswith("/signin"), told
        else:
            assert answer.status_code not in {401, 403, 500}, told


def test_s15_a_program_that_asks_for_a_page_is_told_401(app: Flask) -> None:
    answer = app.test_client().get("/console/people", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")


@pytest.mark.parametrize("role", ROLES)
def test_s16_a_role_gets_through_its_own_doors_and_no_other(app: Flask, role: str) -> None:
    vendor = None if role in OPS_ROLES else make_vendor_with_stock("kiln")
    user_id = make_person(role, "Some Body", vendor=vendor)
    found, expected = {}, {}
    for way in pages(app):
        # Some of the doors end the session.
        browser = browser_of(app, user_id)
        answer = knock(browser, way)
        assert answer.status_code < 500, f"{way.method} {way.path}"
        found[way.method, way.endpoint] = answer.status_code != 403
        expected[way.method, way.endpoint] = role in way.door.roles

    # Going over one's own head is refused further in, by whose it is rather than by the door.
    for name in ("signin.remove_factor",):
        found.pop(("POST", name), None), expected.pop(("POST", name), None)
    assert found == expected


def test_s16_head_is_asked_for_as_get_is(app: Flask) -> None:
    nobody, staff = app.test_client(), sign_in_as(app, "ops_agent")

    assert nobody.head("/console/people").status_code == 302
    assert staff.head("/console/people").status_code == 403
    assert staff.head("/console/").status_code == 200


def test_s16_a_key_gets_through_with_the_right_of_the_door_and_no_other(app: Flask) -> None:
    vendor = make_vendor_with_stock("kiln")
    for owner, rights in ((None, MARKETPLACE_RIGHTS), (vendor, VENDOR_RIGHTS)):
        for right in rights:
            token = f"{owner} {right}".replace(" ", "-")
            with transaction(ACCOUNTS):
                ensure_key("one right", token, owner, [right])
            for way in ways(app):
                if way.door.audience is not Audience.KEY:
                    continue
                answer = knock(
                    app.test_client(),
                    way,
                    json=None if way.method == "GET" else {},
                    headers={"Authorization": f"Bearer {token}"},
                )
                is_theirs = way.door.right == right and not (owner and way.door.is_marketplace)
                told = f"{token}: {way.method} {way.path} {answer.status_code}"
                assert (answer.status_code != 403) == is_theirs, told


def test_s35_every_form_needs_its_token(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    nobody, lead = app.test_client(), sign_in_as(app, "administrator")
    forms = [way for way in ways(app) if way.door.is_form and way.method not in SAFE]

    answers = {
        (way.endpoint, browser.post(way.path).status_code)
        for way in forms
        for browser in (nobody, lead)
    }

    assert {status for _, status in answers} == {400}
    assert len(answers) == len(forms) > 20


def test_s35_a_form_from_another_sites_page_is_refused(app: Flask) -> None:
    browser = sign_in_as(app, "administrator")
    for headers in (
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        for way in ways(app):
            if way.door.is_form and way.method not in SAFE:
                answer = browser.post(way.path, headers=headers)
                assert answer.status_code == 403, f"{way.path} with {headers}"


def test_s35_a_form_of_ours_is_taken(app: Flask) -> None:
    browser = sign_in_as(app, "ops_agent")
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}

    assert browser.post("/account/name", data={"name": "Ada"}, headers=own).status_code == 302


def test_s35_what_no_form_sends_carries_a_key_that_no_browser_sends(app: Flask) -> None:
    changing = [way for way in ways(app) if not way.door.is_form and way.method not in SAFE]

    assert {way.door.audience for way in changing if way.endpoint != "reports.csp"} == SIGNING


def test_s43_other_methods_are_not_there(app: Flask) -> None:
    browser, map_ = sign_in_as(app, "administrator"), app.url_map.bind("localhost")
    for path in {way.path for way in ways(app)}:
        for method in ("TRACE", "OPTIONS", "PATCH", "DELETE", "PUT", "POST", "GET"):
            if method == "OPTIONS" or not map_.test(path, method):
                answer = browser.open(path, method=method)
                assert answer.status_code == 405, f"{method} {path}: {answer.status_code}"


HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=()",
}


def test_s38_every_answer_has_its_headers_refusals_and_errors_too(app: Flask) -> None:
    admin = sign_in_as(app, "administrator")
    for browser in (app.test_client(), admin):
        for way in [*ways(app), Way("", "GET", "/nowhere", DOORS["signin.start", "GET"])]:
            answer = knock(browser, way)
            for name, begins in HEADERS.items():
                assert answer.headers.get(name, "").startswith(begins), f"{name} {way.path}"
            if answer.mimetype == "text/html":
                assert answer.content_type == "text/html; charset=utf-8"


def test_s39_nothing_that_somebody_signed_in_sees_is_kept_by_a_browser(app: Flask) -> None:
    user_id = make_person("administrator", "Teo Marin")
    for way in pages(app):
        answer = knock(browser_of(app, user_id), way)
        assert answer.headers["Cache-Control"] == "no-store", way.path
