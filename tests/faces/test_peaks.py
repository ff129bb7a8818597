"""Whom ops should ask how it goes: the panel with the vendors' questions, and its form."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories import busy, make_vendor_with_stock, run
from tests.people import browser_of, make_person

INBOX, ASK = "/console/inbox", "/console/vendors/kiln/questions?ask=how#notes"
NOBODY = "No vendor is at peak now, beyond those written with in the last 24 hours."


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def agent(app: Flask) -> FlaskClient:
    return browser_of(app, make_person("ops_agent", "Imani Brooks"))


def words(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def proposed(page: str) -> str:
    """Return what stands in the form."""
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert found
    return html.unescape(found[1])


def test_the_most_pressed_stands_first_until_it_is_asked(app: Flask, agent: FlaskClient) -> None:
    kiln = make_vendor_with_stock("kiln", {"MUG": 50})
    make_vendor_with_stock("fjord", {"LAMP": 50})
    busy(12, "MUG")
    busy(10, "LAMP")
    run("keep_house")

    page = agent.get(INBOX).text
    form = agent.get(ASK).text
    sent = agent.post("/console/vendors/kiln/questions", data={"body": proposed(form)})
    later = words(agent.get(INBOX).text)

    assert f'href="{ASK}"' in page
    assert re.search(
        r"Worth asking now 2 .*Kiln 12 to hand over by tomorrow\. Nobody has written yet"
        r" Ask how it goes : Kiln Fjord 10 to hand over by tomorrow\.",
        words(page),
    )
    assert proposed(form) == (
        "By our numbers: 12 to hand over by tomorrow. How does it go? Will everything leave in"
        " time? Is there anything we can help with?"
    )
    assert sent.status_code == 303
    assert "Worth asking now 1" in later
    assert "Ask how it goes : Kiln" not in later
    assert "Ask how it goes : Fjord" in later
    staff = browser_of(app, make_person("vendor_staff", "Noor Aziz", vendor=kiln))
    assert "By our numbers: 12 to hand over" in words(staff.get("/portal/help").text)
    notices = agent.get("/console/notices").text
    assert "Check in with Kiln" in words(notices)
    assert f'href="{INBOX}"' in notices


def test_nobody_is_at_peak(agent: FlaskClient) -> None:
    make_vendor_with_stock("kiln", {"MUG": 50})
    busy(9, "MUG")

    page = agent.get(INBOX).text

    assert NOBODY in words(page)
    assert "ask=how" not in page


def test_a_form_without_a_peak_names_no_numbers_and_one_not_asked_for_is_empty(
    agent: FlaskClient,
) -> None:
    make_vendor_with_stock("kiln", {"MUG": 50})

    assert proposed(agent.get(ASK).text).startswith("How does it go?")
    assert proposed(agent.get("/console/vendors/kiln/questions").text) == ""


def test_what_is_refused_is_not_written_over(agent: FlaskClient) -> None:
    make_vendor_with_stock("kiln", {"MUG": 50})

    refused = agent.post(ASK, data={"body": "  "})

    assert refused.status_code == 422
    assert proposed(refused.text).strip() == ""


def test_a_vendor_sees_neither(app: Flask) -> None:
    kiln = make_vendor_with_stock("kiln", {"MUG": 50})
    staff = browser_of(app, make_person("vendor_owner", "Noor Aziz", vendor=kiln))

    assert [staff.get(path).status_code for path in (INBOX, ASK)] == [403, 403]
