"""Choices of customers on the console: answered by ops, once, and what a vendor sees of it."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.choices.contract import Instead
from app.choices.service import close_moot, confirm
from app.orders.confirmations import Confirmation
from app.orders.contract import DeclineCode
from app.shared.work import OPS, PLATFORM, transaction
from tests.conftest import NOW
from tests.factories import (
    line,
    make_vendor_with_stock,
    one,
    references,
    routed_order,
    rows,
    run_jobs,
)
from tests.people import browser_of, make_person

BACK = NOW.date() + timedelta(days=7)


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 10, "BOWL": 10})


@pytest.fixture
def agent(app: Flask) -> FlaskClient:
    return browser_of(app, make_person("ops_agent"))


@pytest.fixture
def choice(kiln: UUID) -> Any:
    """A choice between waiting, something else and the money back for two of three mugs."""
    (reference,) = references(routed_order("A-1", [line(quantity=3)]))
    word = Confirmation(reference, {"1": 1}, code=DeclineCode.OUT_OF_STOCK)
    with transaction(OPS) as now:
        confirm([word], {reference: {"1": Instead("BOWL", BACK)}}, actor="Noor Aziz", now=now)
    return one(
        "SELECT c.reference, o.reference AS order_reference, o.id AS order_id FROM choices c"
        " JOIN orders o ON o.id = c.order_id"
    )


def words(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def reply(browser: FlaskClient, choice: Any, kind: str = "refund", note: str = "by phone") -> Any:
    sent = {"kind": kind, "note": note}
    return browser.post(f"/console/choices/{choice.reference}/answer", data=sent)


def show(browser: FlaskClient, choice: Any) -> str:
    return words(browser.get(f"/console/orders/{choice.order_reference}").text)


def canceled() -> int:
    return int(one("SELECT sum(canceled) AS n FROM order_lines").n)


def test_customers_to_ask_are_listed_with_what_is_offered(agent: FlaskClient, choice: Any) -> None:
    page = words(agent.get("/console/choices").text)

    for word in ("Mug", "A-1", "Ada Lind", "Kiln", "Out of stock", "Take Bowl instead"):
        assert word in page
    assert "Wait until Mon, Nov 30" in page
    assert "Money back for 2 units" in page
    assert "Choices 1 to answer" in page


def test_without_any_nobody_is_to_be_asked(agent: FlaskClient) -> None:
    assert "Nobody is to be asked" in words(agent.get("/console/choices").text)


def test_ops_are_told_of_a_new_one(agent: FlaskClient, choice: Any) -> None:
    page = words(agent.get("/console/notices").text)

    assert "Kiln cannot send 2 of MUG" in page


def test_an_answer_is_done_told_and_kept(agent: FlaskClient, choice: Any) -> None:
    before = show(agent, choice)

    answer = reply(agent, choice, note="by phone, Mon morning")

    assert "Do what they said" in before
    assert (answer.status_code, answer.location) == (
        303,
        f"/console/orders/{choice.order_reference}#choices",
    )
    assert canceled() == 2
    page = show(agent, choice)
    assert "Noted: the units are called off." in page
    assert "Do what they said" not in page
    assert "by phone, Mon morning" in page
    assert "The customer chose" in page
    audited = one("SELECT actor, subject FROM audit WHERE action = 'choice_answered'")
    assert audited.subject == choice.order_reference
    assert "Answered last" in words(agent.get("/console/choices").text)


@pytest.mark.parametrize(
    ("kind", "note", "told"),
    [
        ("", "by phone", "Choose what the customer said."),
        ("fortune", "by phone", "Choose what the customer said."),
        ("refund", "  ", "Write how the customer said it."),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_done(
    agent: FlaskClient, choice: Any, kind: str, note: str, told: str
) -> None:
    answer = reply(agent, choice, kind, note)

    assert answer.status_code == 422
    assert told in words(answer.text)
    assert f'value="{note.strip()}"' in answer.text
    assert canceled() == 0
    assert rows("SELECT * FROM audit WHERE action = 'choice_answered'") == []


def test_a_second_press_does_nothing_more(agent: FlaskClient, choice: Any) -> None:
    reply(agent, choice)

    assert reply(agent, choice).status_code == 303
    assert canceled() == 2
    assert len(rows("SELECT * FROM audit WHERE action = 'choice_answered'")) == 1


def test_who_answers_otherwise_afterwards_is_told_who_was_quicker(
    agent: FlaskClient, choice: Any
) -> None:
    reply(agent, choice)

    answer = reply(agent, choice, "substitute")

    assert answer.status_code == 409
    assert canceled() == 2
    assert rows("SELECT * FROM order_lines WHERE sku = 'BOWL'") == []


def test_what_found_another_way_is_said_to_be_so(agent: FlaskClient, choice: Any) -> None:
    make_vendor_with_stock("other", {"MUG": 10})
    run_jobs("wake_waiting", "route_orders")

    seen = show(agent, choice)
    answer = reply(agent, choice)

    assert "No longer needed" in seen
    assert "Do what they said" not in seen
    assert answer.status_code == 303
    assert "its units have found another way" in show(agent, choice)
    assert canceled() == 0
    assert "Nobody is to be asked" in words(agent.get("/console/choices").text)


def test_what_found_another_way_is_closed_at_night(agent: FlaskClient, choice: Any) -> None:
    with transaction(PLATFORM) as now:
        assert close_moot(now) == 0
    make_vendor_with_stock("other", {"MUG": 10})
    run_jobs("wake_waiting", "route_orders")

    with transaction(PLATFORM) as now:
        assert (close_moot(now), close_moot(now)) == (1, 0)
    assert one("SELECT status FROM choices").status == "moot"
    assert len(rows("SELECT * FROM timeline WHERE event = 'choice_moot'")) == 1


def test_management_looks_and_answers_nothing(app: Flask, choice: Any) -> None:
    manager = browser_of(app, make_person("senior_management", "Ines Duarte"))

    assert "Ask the customer" in words(manager.get("/console/choices").text)
    assert "Do what they said" not in show(manager, choice)
    assert reply(manager, choice).status_code == 403
    assert canceled() == 0


def test_a_choice_nobody_knows_is_not_there(agent: FlaskClient) -> None:
    assert agent.post("/console/choices/CH-NONE/answer", data={}).status_code == 404


def test_a_vendor_sees_what_it_offered_and_not_how_it_was_said(
    app: Flask, agent: FlaskClient, kiln: UUID, choice: Any
) -> None:
    staff = browser_of(app, make_person("vendor_staff", "Noor Aziz", vendor=kiln))
    reference = one("SELECT reference FROM fulfillment_orders").reference
    before = words(staff.get(f"/portal/orders/{reference}/confirm").text)

    reply(agent, choice, "wait", note="she called twice")

    after = words(staff.get(f"/portal/orders/{reference}/confirm").text)
    assert "The customer is asked" in before
    assert "The customer waits" in after
    assert "she called twice" not in after
