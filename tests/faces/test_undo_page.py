"""Undo on the screen, and two people who press at once: one is told of the other."""

from __future__ import annotations

import pytest

from app.checks import service as checks
from app.shared.work import OPS, transaction
from tests.factories import at, make_vendor_with_stock, one, routed_order, run_jobs
from tests.people import browser_of, make_person


@pytest.fixture
def case(app, jobs_run_here) -> str:
    make_vendor_with_stock()
    routed_order()
    at("2026-11-26T20:00:00+00:00")
    run_jobs("watch", "escalate")
    return one("SELECT reference FROM exception_cases WHERE kind = 'late_dispatch'").reference


@pytest.fixture
def two(app):
    """Browsers of two people, Imani's and Jonas'."""
    imani = browser_of(app, make_person("ops_agent", "Imani Brooks"))
    return imani, browser_of(app, make_person("ops_lead", "Jonas Weber"))


def owner() -> str | None:
    return one(
        "SELECT e.acknowledged_by FROM escalations e JOIN exception_cases c ON c.id = e.case_id"
        " WHERE c.kind = 'late_dispatch'"
    ).acknowledged_by


def test_a_case_is_taken_and_given_back_by_the_button_that_the_page_then_shows(two, case):
    imani, _ = two
    assert 'name="seen" value="open:"' in imani.get(f"/console/cases/{case}").text

    imani.post(f"/console/cases/{case}/acknowledge", data={"seen": "open:"})
    said = imani.get(f"/console/cases/{case}").text
    taken = owner()
    imani.post(f"/console/cases/{case}/unacknowledge")

    assert f'action="/console/cases/{case}/unacknowledge"' in said
    assert (taken, owner()) == ("Imani Brooks", None)


def test_a_resolved_case_is_opened_again_by_its_undo(two, case):
    imani, _ = two

    imani.post(f"/console/cases/{case}/resolve", data={"seen": "open:"})
    said = imani.get(f"/console/cases/{case}").text
    imani.post(f"/console/cases/{case}/reopen")

    assert f'action="/console/cases/{case}/reopen"' in said
    assert one("SELECT count(*) AS n FROM escalations WHERE closed_by = 'Imani Brooks'").n == 0


def test_of_two_who_take_the_same_case_the_second_is_told_of_the_first(two, case):
    imani, jonas = two
    pages = [browser.get(f"/console/cases/{case}").text for browser in two]

    answers = [
        browser.post(f"/console/cases/{case}/acknowledge", data={"seen": "open:"})
        for browser in (jonas, imani)
    ]
    told = imani.get(answers[1].location).text

    assert all('name="seen" value="open:"' in page for page in pages)
    assert "Jonas Weber acknowledged it 0 s ago. You saw it owned by nobody." in told
    assert owner() == "Jonas Weber"


def test_a_dead_letter_is_opened_again_by_its_undo(two):
    imani, jonas = two
    with transaction(OPS) as now:
        checks.give_up("watch", "order 1", "it broke", 10, now)
    letter = one("SELECT id FROM dead_letters").id

    imani.post(f"/console/dead-letters/{letter}/close", data={"seen": ""})
    said = imani.get("/console/system").text
    jonas.post(f"/console/dead-letters/{letter}/close", data={"seen": ""})
    told = jonas.get("/console/system").text
    imani.post(f"/console/dead-letters/{letter}/reopen")

    assert f'action="/console/dead-letters/{letter}/reopen"' in said
    assert "Imani Brooks dealt with it 0 s ago. You saw it open." in told
    assert one("SELECT closed_at FROM dead_letters").closed_at is None


def test_of_two_people_of_one_name_each_finds_their_own_cases(app, two, case):
    namesake = browser_of(app, make_person("ops_lead", "Imani Brooks"))
    two[0].post(f"/console/cases/{case}/acknowledge", data={"seen": "open:"})

    found = [case in who.get("/console/?view=mine").text for who in (two[0], namesake)]
    namesake.post(f"/console/cases/{case}/unacknowledge")

    assert found == [True, False]
    assert "Only they take that back." in namesake.get(f"/console/cases/{case}").text
    assert owner() == "Imani Brooks"
