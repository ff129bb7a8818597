"""What never left, on the pages: its vendor and ops see it coming, and read why it ended."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.payments.service import Word, note
from app.shared.work import OPS, transaction
from tests.factories import (
    at,
    confirmed,
    line,
    make_vendor_with_stock,
    one,
    parcel,
    policy,
    routed_order,
    run,
    run_jobs,
    send,
    vendor_key,
)
from tests.handing import told
from tests.people import browser_of, make_person

SHIP_BY = datetime(2026, 11, 24, 14, tzinfo=UTC)
WARNED, END = datetime(2026, 12, 2, 14, tzinfo=UTC), datetime(2026, 12, 3, 14, tzinfo=UTC)


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 500}, zone="Europe/Stockholm")


@pytest.fixture
def staff(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_staff", "Noor Aziz", vendor=kiln))


def late_order(number: str = "A-1", units: int = 2) -> str:
    """Have an order placed, paid and confirmed; return its fulfillment order."""
    key = routed_order(number, [line("MUG", units)])
    with transaction(OPS) as now:
        note([Word(key, "captured", 2990, "EUR", f"pi_{number}", now)], actor="shop", now=now)
    (reference,) = confirmed(key)
    return reference


def wait(*moments: datetime) -> None:
    for moment in moments:
        at(moment)
        run("keep_house")
        run_jobs("cancel_unshipped")


def order_page(browser: FlaskClient, number: str = "A-1") -> str:
    reference = one("SELECT reference FROM orders WHERE number = :n", n=number).reference
    return told(browser.get(f"/console/orders/{reference}").text)


def test_ops_see_it_coming(kiln: UUID, ops_client: FlaskClient) -> None:
    late_order()
    send(late_order("A-2"), parcel(1, at(SHIP_BY - timedelta(hours=2))))
    before = ops_client.get("/console/orders?view=ending").text

    wait(WARNED)

    page = ops_client.get("/console/orders?view=ending").text
    assert ("A-1" in before, "A-1" in page, "A-2" in page) == (False, True, False)
    assert "Canceled on Thu, Dec 3, 14:00 unless it leaves." in order_page(ops_client)


def test_the_order_says_why_it_ended_and_what_is_to_be_paid_back(
    kiln: UUID, ops_client: FlaskClient
) -> None:
    reference = late_order()

    wait(WARNED)
    run_jobs("watch")
    wait(END)

    run_jobs("watch")
    page = order_page(ops_client)
    assert "it had not left, and should have by" in page
    assert "Kiln never handed it over" in page
    assert "Why it ended" in page
    assert "Kiln had 2 units to hand over by Tue, Nov 24, 14:00, and did not." in page
    assert "It was told that this ends on Thu, Dec 3, 14:00." in page
    assert "7 open days are waited for after that." in page
    assert "So it was canceled: €29.90 of the order. €29.90 is to be paid back." in page
    assert "To be paid back \N{MINUS SIGN}€29.90" in page
    # Its story.
    assert "2 units. MUG: 2 → 0. Not handed over in time." in page
    assert reference in page


def test_ops_read_that_others_send_it(kiln: UUID, ops_client: FlaskClient) -> None:
    policy("promises", when_unshipped="others", cancel_unshipped_days=1)
    late_order()
    make_vendor_with_stock("fjord", {"MUG": 5})

    wait(SHIP_BY + timedelta(hours=1), SHIP_BY + timedelta(days=1))

    page = order_page(ops_client)
    assert "1 open day is waited for after that." in page
    assert "Others have all of it, so it went back to routing." in page


def test_its_vendor_sees_it_coming_and_reads_why(kiln: UUID, staff: FlaskClient) -> None:
    reference = late_order()
    path = f"/portal/orders/{reference}"
    assert "canceled" not in staff.get(path).text

    wait(WARNED)
    page, work = told(staff.get(path).text), told(staff.get("/portal/").text)
    assert "It will be canceled Hand it over by Thu, Dec 3, 15:00" in page
    assert "1 d left canceled Thu, Dec 3, 15:00" in work
    wait(END)

    page = told(staff.get(path).text)
    assert "It is canceled It had not left, and should have by Tue, Nov 24, 15:00." in page
    assert "Do not send it any more." in page
    # It is wanted no more, so nobody need know where it was to go.
    assert "Storgatan" not in page
    assert reference not in staff.get("/portal/").text
    shipped = staff.post(f"{path}/ship", data={})
    assert shipped.status_code in {409, 422}


def test_a_vendor_that_sent_a_part_reads_what_became_of_the_rest(
    kiln: UUID, staff: FlaskClient, ops_client: FlaskClient
) -> None:
    reference = late_order(units=3)
    send(reference, parcel(1, at(SHIP_BY - timedelta(hours=2)), _1=1))

    wait(WARNED, END)

    page = told(staff.get(f"/portal/orders/{reference}").text)
    assert "The rest is canceled The rest had not left, and should have by" in page
    assert "2 canceled" in page
    assert "Kiln had 2 units to hand over by" in order_page(ops_client)


def test_a_vendor_whose_work_went_to_others_reads_why(kiln: UUID, staff: FlaskClient) -> None:
    policy("promises", when_unshipped="others", cancel_unshipped_days=1)
    reference = late_order()
    make_vendor_with_stock("fjord", {"MUG": 5})

    wait(SHIP_BY + timedelta(hours=1), SHIP_BY + timedelta(days=1))

    page = told(staff.get(f"/portal/orders/{reference}").text)
    assert "It was taken back It had not left by Tue, Nov 24, 15:00, when it should have" in page


def test_programs_read_when_it_ends_and_what_is_to_be_paid_back(
    app: Flask, api: Any, kiln: UUID
) -> None:
    from tests.conftest import caller  # noqa: PLC0415

    reference = late_order()
    kiln_calls = caller(app, vendor_key("kiln", "onw_kiln"))

    wait(WARNED)
    mine = kiln_calls("GET", f"/fulfillment-orders/{reference}").json
    assert datetime.fromisoformat(mine["cancel_at"]) == END
    wait(END)

    order = api("GET", "/orders/A-1?channel=webshop").json
    assert (order["status"], order["payment"]["refund_due"]) == ("canceled", "29.90")
    assert kiln_calls("GET", f"/fulfillment-orders/{reference}").json["cancel_at"] is None


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("3", 3), ("", None), ("0", "refused"), ("91", "refused"), ("soon", "refused")],
)
def test_the_policy_is_changed_in_its_form(app: Flask, sent: str, kept: object) -> None:
    lead = browser_of(app, make_person("ops_lead", email="lead@example.org"))
    page = lead.get("/console/policies/promises").text
    assert "Canceled after ship-by" in page
    form = {"confirm_within_hours": "24", "transit_days": "5", "remind_confirm_hours": "2"}
    form |= {"remind_ship_hours": "4", "when_unshipped": "cancel", "cancel_unshipped_days": sent}

    looked = lead.post("/console/policies/promises", data=form)

    if kept == "refused":
        assert looked.status_code == 422
    else:
        (seen,) = re.findall(r'name="seen" value="([^"]*)"', looked.text)
        form |= {"seen": seen, "publish": "1"}
        answer = lead.post("/console/policies/promises", data=form)
        stored = one("SELECT document FROM policies WHERE kind = 'promises'").document
        assert (answer.status_code, stored["cancel_unshipped_days"]) == (302, kept)
        assert "Canceled after ship-by" in lead.get("/console/policies/promises").text
