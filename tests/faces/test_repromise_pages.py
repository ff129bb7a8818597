"""What an order's page says of a promise that a change moved, and of a date that cannot be met."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.factories import ADDRESS, make_vendor_with_stock, one, policy, routed_order, run_jobs
from tests.people import browser_of, make_person

pytestmark = pytest.mark.usefixtures("jobs_run_here")
AMERICA = ADDRESS | {"line1": "1 Main Street", "city": "Omaha", "postal_code": "68102"}
AMERICA |= {"country": "US", "company": "", "line2": "", "region": "NE"}
LANES = [
    {"origin": "SE", "destination": "US", "days": 7, "keeps_holidays": False},
    {"origin": "SE", "days": 2, "keeps_holidays": False},
]


@pytest.fixture
def imani(app):
    policy("lanes", lanes=LANES)
    make_vendor_with_stock()
    return browser_of(app, make_person("ops_agent", "Imani Brooks"))


def path_of(key, what: str = "") -> str:
    reference = one("SELECT reference FROM orders WHERE id = :id", id=key).reference
    return f"/console/orders/{reference}{what}"


def said(page) -> str:
    """Return what a page says, without its marks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def test_the_page_says_what_was_promised_what_is_now_and_why(imani):
    key = routed_order()
    before = said(imani.get(path_of(key)))

    imani.post(path_of(key, "/address"), data=AMERICA)
    run_jobs()

    page = said(imani.get(path_of(key)))
    assert "promised Thu, Nov 26 3 d 15 h left" in before
    assert "was Thu, Nov 26 now Thu, Dec 3 because address changed 10 d left" in page
    assert "Promised for another day Was Thu, Nov 26, now Thu, Dec 3. Address changed." in page
    assert "computed by routing" in page


def test_a_promise_of_the_channel_stays_and_the_page_says_that_it_cannot_be_kept(imani):
    key = routed_order(promise={"deliver_by": "2026-11-26"})

    imani.post(path_of(key, "/address"), data=AMERICA)

    page = said(imani.get(path_of(key)))
    assert "was Thu, Nov 26 now expected Thu, Dec 3 because address changed" in page
    assert "Expected later than promised" in page
    assert "Promised for Thu, Nov 26, expected on Thu, Dec 3. Address changed." in page


def test_a_date_that_its_vendors_cannot_meet_is_put_to_a_person(imani):
    key = routed_order()

    imani.post(path_of(key, "/wishes"), data={"deliver_by": "2026-11-24"})

    page = said(imani.get(path_of(key)))
    assert "The customer needs it by Tue, Nov 24, and its vendors cannot be in time." in page
    assert "Release" in page


def test_what_the_customer_is_told_goes_by_what_the_order_is_now(imani, api):
    """By program and on the page, there and back."""
    key = routed_order("A-1")
    path = "/orders/A-1?channel=webshop"
    explanations = [api("GET", path).json["explanation"]]
    for ship_to in (AMERICA, ADDRESS | dict.fromkeys(("company", "line2", "region"), "")):
        imani.post(path_of(key, "/address"), data=ship_to)
        explanations.append(api("GET", path).json["explanation"])
        assert explanations[-1] in said(imani.get(path_of(key)))

    assert [words[-12:] for words in explanations] == [
        "Thu, Nov 26.",
        " Thu, Dec 3.",
        "Thu, Nov 26.",
    ]
