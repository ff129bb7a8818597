"""The sheet of keys: what it offers, and that single keys can be switched off (WCAG 2.1.4)."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient

from tests.factories import make_vendor_with_stock
from tests.people import browser_of, make_person, sign_in_as


def goes(html: str) -> dict[str, str]:
    """Return where each letter after "g" leads."""
    return {key: href for href, key in re.findall(r'<a href="([^"]+)" data-go="(\w)"', html)}


def test_the_pages_of_the_rail_have_letters(ops_client: FlaskClient) -> None:
    html = ops_client.get("/console/orders").text

    assert 'data-keys="on"' in html
    assert goes(html) == {
        "q": "/console/",
        "o": "/console/orders",
        "e": "/console/escalations",
        "f": "/console/offers",
        "m": "/console/messages",
        "b": "/console/batches",
        "v": "/console/vendors",
        "c": "/console/catalog",
        "s": "/console/system",
    }


def test_a_letter_leads_only_where_somebody_may_go(app: Flask) -> None:
    kiln = make_vendor_with_stock("kiln")
    staff, owner = (sign_in_as(app, role, vendor=kiln) for role in ("vendor_staff", "vendor_owner"))

    theirs = {
        "w": "/portal/",
        "p": "/portal/pick",
        "a": "/portal/pack",
        "s": "/portal/ship",
        "h": "/portal/help",
        "i": "/portal/stock",
        "d": "/portal/calendar",
    }
    assert goes(staff.get("/portal/").text) == theirs
    assert goes(owner.get("/portal/").text) == theirs | {
        "t": "/portal/team",
        "k": "/portal/keys",
    }


def test_ones_own_account_has_the_keys_and_the_palette_of_ones_own_side(
    app: Flask, ops_client: FlaskClient
) -> None:
    owner = sign_in_as(app, "vendor_owner", vendor=make_vendor_with_stock("kiln"))

    for browser, home in ((ops_client, "/console/"), (owner, "/portal/")):
        account = browser.get("/account").text
        assert goes(account) == goes(browser.get(f"{home}notices").text)
        assert f'hx-get="{home}find"' in account


def test_single_keys_are_off_for_whoever_switched_them_off(app: Flask) -> None:
    browser = browser_of(app, make_person())
    chosen = {"theme": "system", "density": "comfortable", "zone": ""}
    assert browser.post("/account/display", data=chosen).status_code == 302

    html = browser.get("/console/").text

    assert 'data-keys="off"' in html
    assert goes(html) == {}
    assert "The other keys are off, as you chose." in html


def test_a_move_names_the_key_that_presses_it(app: Flask, ops_client: FlaskClient) -> None:
    html = ops_client.get("/console/components").text

    assert re.search(
        r'<button class="btn btn-primary" type="submit" data-key="a">Acknowledge<', html
    )
