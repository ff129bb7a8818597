"""A vendor's calendar: what its owner changes, what that does to promises, and what stays ops'."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.audit.contract import PLATFORM_ACTOR
from app.routing.standing import stand
from app.shared.work import OPS, transaction
from app.vendors.contract import Move, Step
from tests.conftest import NOW, Sql
from tests.faces.test_audit_page import statements
from tests.factories import at, line, make_vendor_with_stock, one, routed_order, rows
from tests.people import browser_of, make_person

DAY = timedelta(days=1)
WEEK = ["1", "2", "3", "4", "5"]


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 100}, zone="Europe/Stockholm")


@pytest.fixture
def owner(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_owner", "Ada Owner", vendor=kiln))


@pytest.fixture
def staff(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_staff", "Noor Aziz", vendor=kiln))


@pytest.fixture
def place(kiln: UUID) -> str:
    return f"/portal/calendar/{one('SELECT id FROM locations').id}"


def words(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def form(browser: FlaskClient, place: str, **changes: Any) -> dict[str, Any]:
    """Return the calendar's form as it was opened, with some of it changed."""
    (seen,) = re.findall(r'name="seen"[^>]* value="([^"]+)"', browser.get(place).text)
    sent = {"cut_off": "15:00", "working_days": WEEK, "holidays": "", "daily_capacity": ""}
    return sent | {"seen": html.unescape(seen)} | changes


def ship_by(number: str) -> datetime:
    """Return by when a new order is to be handed over."""
    routed_order(number, [line("MUG", 1)])
    moment: datetime = one(
        "SELECT ship_by FROM fulfillment_orders WHERE order_number = :n", n=number
    ).ship_by
    return moment


def test_everybody_of_a_vendor_sees_when_it_works_and_what_is_promised(
    staff: FlaskClient, owner: FlaskClient, place: str
) -> None:
    page = staff.get("/portal/calendar").text

    assert "An order that comes now is promised to leave by Tue, Nov 24, 15:00." in words(page)
    assert "Active" in words(page)
    assert place not in page
    assert "Go away for a while" not in page
    assert place in owner.get("/portal/calendar").text


def test_what_the_owner_changes_moves_the_promises_that_come(
    owner: FlaskClient, place: str
) -> None:
    before = ship_by("A-1")

    answer = owner.post(place, data=form(owner, place, cut_off="09:30", working_days=["1", "4"]))
    page = words(owner.get(answer.location).text)

    # At 10:00 in Stockholm today's cut-off is over: work begins on Thursday, and takes a day.
    promised = "Mon, Nov 30, 09:30"
    assert answer.status_code == 303
    assert f"Saved. An order that comes now is promised to leave by {promised}." in page
    assert ship_by("A-2") == datetime.fromisoformat("2026-11-30T08:30:00+00:00")
    first = one("SELECT ship_by FROM fulfillment_orders WHERE order_number = 'A-1'")
    assert first.ship_by == before
    acts = [tuple(r) for r in rows("SELECT action, actor, subject FROM audit ORDER BY position")]
    assert acts == [("location_saved", "Ada Owner", "kiln, main")]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"cut_off": "late"}, "Not a valid time value."),
        ({"working_days": []}, "Choose at least one day."),
        ({"daily_capacity": "many"}, "Enter a whole number."),
        ({"daily_capacity": "0"}, "Between 1 and 1,000,000."),
        ({"holidays": "Narnia"}, "Public holidays of Narnia are not known."),
    ],
)
def test_what_is_wrong_with_a_calendar_stands_beside_its_field(
    owner: FlaskClient, place: str, changes: dict[str, Any], sentence: str
) -> None:
    before = one("SELECT l::text FROM locations l")

    answer = owner.post(place, data=form(owner, place, **changes))

    assert answer.status_code == 422
    assert sentence in words(answer.text)
    assert one("SELECT l::text FROM locations l") == before


def test_what_ops_changed_meanwhile_is_shown_and_not_overwritten(
    owner: FlaskClient, place: str, sql: Sql
) -> None:
    stale = form(owner, place, daily_capacity="7")
    sql("UPDATE locations SET cut_off = '12:00'")

    refused = owner.post(place, data=stale)

    assert refused.status_code == 409
    assert "Somebody was quicker" in words(refused.text)
    assert one("SELECT daily_capacity FROM locations").daily_capacity is None


def test_closed_days_are_added_once_and_taken_back(owner: FlaskClient, place: str) -> None:
    days = {"first_day": "2026-11-24", "last_day": "2026-11-25", "reason": "Stock-taking"}

    twice = [owner.post(f"{place}/closures", data=days).status_code for _ in range(2)]
    page = words(owner.get(place).text)
    closed = ship_by("A-1")
    gone = {"first": "2026-11-24", "last": "2026-11-25"}
    back = [owner.post(f"{place}/closures/remove", data=gone).status_code for _ in range(2)]

    assert (twice, back) == ([303, 303], [303, 404])
    assert "promised to leave by Thu, Nov 26, 15:00" in page
    assert "Stock-taking Ada Owner" in page
    assert closed == datetime.fromisoformat("2026-11-26T14:00:00+00:00")
    assert ship_by("A-2") == datetime.fromisoformat("2026-11-24T14:00:00+00:00")
    assert rows("SELECT 1 FROM closures") == []


def test_days_that_make_no_sense_are_refused(owner: FlaskClient, place: str) -> None:
    days = {"first_day": "2026-11-25", "last_day": "2026-11-24", "reason": "x"}

    answer = owner.post(f"{place}/closures", data=days)

    assert answer.status_code == 422
    assert rows("SELECT 1 FROM closures") == []


def test_a_full_day_moves_the_promise_on(owner: FlaskClient, place: str) -> None:
    owner.post(place, data=form(owner, place, daily_capacity="1"))
    ship_by("A-1")

    page = words(owner.get("/portal/calendar").text)

    assert "promised to leave by Wed, Nov 25, 15:00" in page
    assert "1 of 1" in page


# Away ------------------------------------------------------------------------


def status() -> Any:
    return one("SELECT status, status_reason, status_until FROM vendors")


def test_who_goes_away_gets_no_new_work_until_the_day_they_named(
    owner: FlaskClient, staff: FlaskClient, sql: Sql
) -> None:
    answer = owner.post("/portal/calendar/away", data={"until": "2026-12-01", "reason": "Vacation"})
    page = words(staff.get("/portal/calendar").text)
    routed_order("A-1")

    assert answer.status_code == 303
    assert status()[:2] == ("paused", "Vacation")
    assert "Away You are given no new work." in page
    assert "Active again by yourself from" in page
    assert rows("SELECT 1 FROM fulfillment_orders") == []
    assert one("SELECT action, actor FROM audit") == ("vendor_paused", "Ada Owner")
    at(NOW + 10 * DAY)
    assert "You are given new work." in words(staff.get("/portal/calendar").text)


def test_who_is_back_earlier_says_so_and_twice_is_once(owner: FlaskClient) -> None:
    owner.post("/portal/calendar/away", data={"until": "", "reason": "Moving"})

    for _ in range(2):
        assert owner.post("/portal/calendar/back").status_code == 303

    assert status() == ("active", None, None)
    acts = [row.action for row in rows("SELECT action FROM audit ORDER BY position")]
    assert acts == ["vendor_paused", "vendor_reopened"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"until": "2026-12-01", "reason": " "}, "Say why"),
        ({"until": "2026-11-01", "reason": "x"}, "Name a day after today"),
    ],
)
def test_going_away_asks_for_what_makes_sense(
    owner: FlaskClient, data: dict[str, str], sentence: str
) -> None:
    answer = owner.post("/portal/calendar/away", data=data)

    assert answer.status_code == 422
    assert sentence in words(answer.text)
    assert status().status == "active"


@pytest.mark.parametrize("move", [Move.SUSPEND, Move.REVIEW])
@pytest.mark.parametrize("act", ["away", "back"])
def test_what_ops_decided_no_owner_undoes(owner: FlaskClient, move: Move, act: str) -> None:
    with transaction(OPS) as now:
        stand([Step("kiln", move, "Too late")], actor=PLATFORM_ACTOR, now=now)
    before = status()

    owner.post(f"/portal/calendar/{act}", data={"until": "", "reason": "x"})

    assert status() == before


def test_only_owners_change_and_only_their_own(app: Flask, staff: FlaskClient, place: str) -> None:
    fjord = make_vendor_with_stock("fjord", {"LAMP": 10})
    other = browser_of(app, make_person("vendor_owner", "Olaf", vendor=fjord))
    agent = browser_of(app, make_person("ops_agent"))
    agent.post("/console/vendors/kiln/view")
    days = {"first_day": "2026-11-24", "last_day": "2026-11-24", "reason": "x"}

    def tries(browser: FlaskClient) -> set[int]:
        knocks: list[Callable[[], Any]] = [
            lambda: browser.get(place),
            lambda: browser.post(place, data={"cut_off": "01:00", "working_days": ["1"]}),
            lambda: browser.post(f"{place}/closures", data=days),
            lambda: browser.post(f"{place}/closures/remove", data={"first": "2026-11-24"} | days),
        ]
        return {knock().status_code for knock in knocks[:3]}

    assert tries(staff) == {403}
    assert tries(other) == {404}
    assert tries(agent) == {403}
    for browser in (staff, agent):
        assert browser.post("/portal/calendar/away", data={"reason": "x"}).status_code == 403
    assert agent.get("/portal/calendar").status_code == 200
    assert "Change it" not in agent.get("/portal/calendar").text
    assert one("SELECT status FROM vendors WHERE code = 'kiln'").status == "active"
    assert rows("SELECT 1 FROM closures") == []


def test_the_calendar_costs_few_statements(owner: FlaskClient, place: str) -> None:
    counts = []
    for path in ("/portal/calendar", place):
        owner.get(path)
        with statements() as seen:
            assert owner.get(path).status_code == 200
        counts.append(len(seen))

    assert max(counts) <= 8
