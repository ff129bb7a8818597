"""The second factor on its pages: setting up an app, recovery codes shown once, taking it away."""

from __future__ import annotations

import html
import re
from textwrap import wrap
from uuid import UUID

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import factors
from app.shared.work import ACCOUNTS, transaction
from app.signin.second_factor import WRONG_CODE, square
from tests.conftest import Sql
from tests.faces.test_signin import field_error, plain
from tests.people import browser_of, make_person


@pytest.fixture
def ada(app: Flask) -> UUID:
    return make_person("ops_agent", "Ada Lind", email="ada@example.org")


@pytest.fixture
def browser(app: Flask, ada: UUID) -> FlaskClient:
    """A browser in which Ada has signed in."""
    return browser_of(app, ada)


def enrol(browser: FlaskClient) -> tuple[str, str]:
    """Set up an app as somebody would; return its seed and the page of recovery codes."""
    page = browser.get("/account/second-factor").text
    seed = re.sub(r"\s|<[^>]+>", "", re.findall(r'class="seed".*?</p>', page, re.DOTALL)[0])
    seed = seed.partition(">")[2]
    answer = browser.post("/account/second-factor", data={"code": pyotp.TOTP(seed).now()})
    assert answer.status_code == 200
    return seed, answer.text


def codes_in(page: str) -> list[str]:
    return re.findall(r"\b[0-9A-F]{5}(?:-[0-9A-F]{5}){3}\b", page)


# The second factor --------------------------------------------------------------------------


def test_an_app_is_set_up_and_the_recovery_codes_are_shown_once(
    browser: FlaskClient, ada: UUID
) -> None:
    _, page = enrol(browser)

    assert "They are not shown again." in page
    assert len(set(codes_in(page))) == 10
    assert 'href="/console/"' in page
    account = browser.get("/account").text
    assert "10 of 10 recovery codes left." in plain(account)
    again = browser.get("/account/second-factor").text
    assert codes_in(account) == codes_in(again) == []
    with transaction(ACCOUNTS):
        assert factors.takes(ada, codes_in(page)[3])


def test_a_wrong_first_code_is_said_beside_its_field_and_the_square_stays(
    browser: FlaskClient,
) -> None:
    before = browser.get("/account/second-factor").text

    answer = browser.post("/account/second-factor", data={"code": "313131"})

    drawn = re.compile(r'<path d="[^"]+"')
    assert answer.status_code == 422
    assert field_error(answer.text, "code") == WRONG_CODE
    assert "313131" not in answer.text
    assert drawn.findall(answer.text) == drawn.findall(before)


def test_the_square_holds_what_the_text_says(browser: FlaskClient, ada: UUID) -> None:
    page = browser.get("/account/second-factor").text

    uri = html.unescape(re.findall(r'href="(otpauth:[^"]+)"', page)[0])
    seed = re.findall(r"secret=([A-Z2-7]+)", uri)[0]
    assert [f"<span>{four}</span>" in page for four in wrap(seed, 4)] == [True] * 8
    assert f'd="{square(uri)["path"]}"' in page
    assert "Onward" in uri


def test_a_drawn_square_is_the_code_cell_by_cell() -> None:
    drawn = square("otpauth://totp/Onward:ada?secret=ABC")
    size, path = int(str(drawn["size"])), str(drawn["path"])

    cells = set()
    for x, y, width, back in re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", path):
        assert width == back
        cells |= {(int(x) + step, int(y)) for step in range(int(width))}
    corners = [(0, 0), (size - 7, 0), (0, size - 7)]
    for left, top in corners:
        assert all(
            (left + step, top) in cells and (left + step, top + 6) in cells for step in range(7)
        )
        assert (left + 1, top + 1) not in cells
        assert (left + 3, top + 3) in cells


def test_where_ops_must_have_one_the_page_says_why_and_nothing_else_opens(
    app: Flask, ada: UUID
) -> None:
    app.config["NEEDS_SECOND_FACTOR"] = True
    browser = browser_of(app, ada, is_proven=False)

    assert browser.get("/console/").location == "/account/second-factor"
    page = browser.get("/account/second-factor").text
    assert "a password alone is not enough" in page
    # The brand leads to the start, which is everybody's; the code's own address is the app's.
    links = {link for link in re.findall(r'<a [^>]*href="([^"]+)"', page) if link[0] == "/"}
    assert links == {"/"}
    assert set(re.findall(r'action="([^"]+)"', page)) == {"/account/second-factor", "/signout"}

    enrol(browser)
    assert browser.get("/console/").status_code == 200


def test_another_app_replaces_the_first(browser: FlaskClient, ada: UUID, sql: Sql) -> None:
    seed, _ = enrol(browser)
    assert "Set up another app" in browser.get("/account/second-factor").text
    page = browser.get("/account/second-factor?another=").text
    (fresh,) = set(re.findall(r"secret=([A-Z2-7]+)", page))
    assert fresh != seed

    answer = browser.post("/account/second-factor", data={"code": pyotp.TOTP(fresh).now()})

    assert len(codes_in(answer.text)) == 10
    assert sql("SELECT count(*) FROM recovery_codes") == [(10,)]


def test_new_recovery_codes_are_shown_once(browser: FlaskClient) -> None:
    _, page = enrol(browser)

    answer = browser.post("/account/recovery-codes")

    assert answer.status_code == 200
    assert len(codes_in(answer.text)) == 10
    assert not set(codes_in(answer.text)) & set(codes_in(page))


def test_the_last_recovery_codes_are_warned_of(browser: FlaskClient, sql: Sql) -> None:
    enrol(browser)
    sql(
        "UPDATE recovery_codes SET used_at = now()"
        " WHERE hash < (SELECT max(hash) FROM recovery_codes)"
    )

    assert "1 recovery code left. Make new ones." in plain(browser.get("/account").text)


def test_without_an_app_there_are_no_recovery_codes_to_make(browser: FlaskClient) -> None:
    answer = browser.post("/account/recovery-codes")

    assert answer.status_code == 409
    assert "set up the app first" in answer.text


def test_the_second_factor_is_taken_away(browser: FlaskClient) -> None:
    enrol(browser)

    assert browser.post("/account/second-factor/remove").location == "/account"
    page = plain(browser.get("/account").text)
    assert "Your password alone opens your account now." in page
    assert "Set it up" in page


def test_where_ops_must_have_one_it_is_not_taken_away(app: Flask, browser: FlaskClient) -> None:
    enrol(browser)
    app.config["NEEDS_SECOND_FACTOR"] = True

    assert "Turn it off" not in browser.get("/account/second-factor").text
    assert browser.post("/account/second-factor/remove").status_code == 403
    assert "10 of 10" in browser.get("/account").text
