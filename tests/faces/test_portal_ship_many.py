"""Handing over many parcels: lists, what waits for its carrier, manifests, pickups."""

from __future__ import annotations

import html
import io
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from simulator.numbers import fedex_number
from tests.conftest import NOW
from tests.faces.test_audit_page import statements
from tests.factories import at, line, make_vendor_with_stock, one, rows
from tests.handing import (
    OTHER_UPS,
    UPS,
    WRONG_UPS,
    carrier_pdf,
    form,
    in_two,
    labeled,
    packed,
    pages,
    shipments,
    status,
    told,
)
from tests.people import browser_of, make_person

HOUR = timedelta(hours=1)
BOOKING = {"carrier": "ups", "location": "main", "day": "2026-11-23"}
BOOKING |= {"from": "14:00", "until": "17:00"}


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 500}, zone="Europe/Stockholm")


@pytest.fixture
def noor(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_staff", "Noor Aziz", vendor=kiln))


def sent_list(browser: FlaskClient, text: str, step: str = "") -> Any:
    return browser.post("/portal/ship/many", data={"rows": text, "step": step})


# Lists --------------------------------------------------------------------------------------


def test_a_list_is_looked_over_then_shipped_row_by_row(noor: FlaskClient) -> None:
    first, _ = labeled(noor, "A-1")
    second = packed("A-2")
    labeled(noor, "A-3")
    at(NOW + 2 * HOUR)
    text = "\n".join(
        (
            "order,carrier,number,shipped at",
            f"A-1,UPS,{UPS},2026-11-23 10:30",
            f"{second};;{fedex_number(7)}",
            f"A-9,ups,{OTHER_UPS}",
            f"A-3,ups,{WRONG_UPS}",
        )
    )

    looked = told(sent_list(noor, text).text)
    before = shipments()
    done = told(sent_list(noor, text, "ship").text)
    again = told(sent_list(noor, text, "ship").text)

    assert before == []
    for said in (
        f"2 A-1 Mon, Nov 23, 10:30 UPS {UPS} Can leave",
        "You have no order and no parcel called A-9.",
        f"{WRONG_UPS} has a wrong check digit",
        "Ship 2 parcels",
    ):
        assert said in looked
    assert "What became of it Not taken 2 Shipped 2" in done
    assert {row[1] for row in shipments()} == {UPS, fedex_number(7)}
    assert one("SELECT min(shipped_at) AS at FROM shipments").at == NOW + HOUR / 2
    assert (status(first), status(second)) == ("shipped", "shipped")
    assert again.count("You said so before; nothing changes.") == 2
    assert len(shipments()) == 2


def test_a_doubtful_row_is_shipped_and_a_repeated_number_is_not(noor: FlaskClient) -> None:
    labeled(noor, "A-1")
    labeled(noor, "A-2")

    twice = told(sent_list(noor, f"A-1,ups,{UPS}\nA-2,ups,{UPS}", "ship").text)
    doubtful = told(sent_list(noor, "A-1,dhl,ABC99999", "ship").text)

    assert twice.count("stands in the list more than once") == 2
    assert "Shipped" in doubtful
    assert [row[:2] for row in shipments()] == [("dhl", "ABC99999")]


def test_a_list_may_be_a_file_and_no_cell_is_a_formula(noor: FlaskClient) -> None:
    labeled(noor, "A-1")
    content = f"Order;Carrier;Number\n'=A-1;ups;{UPS}\nA-1;UPS;{OTHER_UPS}\n".encode("utf-8-sig")
    file = {"file": (io.BytesIO(content), "../../list.csv")}

    page = told(noor.post("/portal/ship/many", data=file).text)

    assert "You have no order and no parcel called =A-1." in page
    assert f"{OTHER_UPS} Can leave" in page


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The list is empty."),
        ("\n".join(f"A-{n},ups,{UPS}" for n in range(501)), "The list has 501 rows; 500 is"),
        ("x" * 200_001, "The list is larger than 200 kB"),
    ],
)
def test_what_is_no_list_is_refused(noor: FlaskClient, text: str, said: str) -> None:
    answer = sent_list(noor, text)

    assert answer.status_code == 422
    assert said in told(answer.text)


def test_a_sheet_that_is_no_text_is_refused(noor: FlaskClient) -> None:
    file = {"file": (io.BytesIO(b"PK\x03\x04\x00\x00"), "list.xlsx")}

    answer = noor.post("/portal/ship/many", data=file)

    assert answer.status_code == 422
    assert "This is no text. Save the sheet as CSV" in told(answer.text)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("A-1", "A row names an order or a parcel, a carrier, a number"),
        (f"A-1,ups,{UPS},soon", "soon is no moment. Write it like 2026-11-23 14:30."),
        (f"A-1,ups,{UPS},2026-11-24 10:00", "It cannot have left in the future."),
        (f"A-1,ups,{UPS},2026-11-01 10:00", "It cannot have left before you were given it."),
        (f",ups,{UPS}", "The row names no order and no parcel."),
        ('A-1,"ups', "Type the number that stands"),
    ],
)
def test_a_row_that_cannot_be_says_why(noor: FlaskClient, row: str, said: str) -> None:
    labeled(noor, "A-1")

    assert said in told(sent_list(noor, row).text)


def test_rows_of_one_order_take_its_parcels_in_turn(noor: FlaskClient) -> None:
    reference = packed("A-1", lines=[line("MUG", 2)])
    first, second = in_two(reference)

    alone = told(sent_list(noor, f"A-1,ups,{UPS}").text)
    sent_list(noor, f"A-1,ups,{UPS}\nA-1,fedex,{fedex_number(1)}", "ship")

    assert f"waits in 2 parcels; name each: {first}, {second}." in alone
    assert set(shipments()) == {("ups", UPS, first), ("fedex", fedex_number(1), second)}


def test_what_has_left_is_not_shipped_again_with_another_number(noor: FlaskClient) -> None:
    reference, package = labeled(noor)
    noor.post(f"/portal/orders/{reference}/ship", data=form(package, UPS))

    page = told(sent_list(noor, f"A-1,ups,{OTHER_UPS}", "ship").text)

    assert f"All of {reference} has left already." in page
    assert len(shipments()) == 1


# What waits ---------------------------------------------------------------------------------


def test_what_is_packed_stands_by_its_carrier(noor: FlaskClient) -> None:
    reference, package = labeled(noor)
    packed("A-2")
    file = {"file": (io.BytesIO(carrier_pdf("UPS")), "l.pdf"), "number": UPS}
    noor.post(f"/portal/packages/{package}/label", data=file)
    noor.post("/portal/ship/pickups", data=BOOKING)

    page = told(noor.get("/portal/ship").text)

    assert page.index("UPS 1 order · comes today, 14:00\N{EN DASH}17:00") < page.index(
        "No carrier yet"
    )
    assert reference in page


@pytest.mark.parametrize("path", ["/portal/ship", "/portal/ship/manifest"])
def test_the_pages_of_dispatch_cost_few_statements(noor: FlaskClient, path: str) -> None:
    labeled(noor, "A-1")
    labeled(noor, "A-2")
    noor.get(path)

    with statements() as seen:
        noor.get(path)

    assert len(seen) <= 5


# The day ------------------------------------------------------------------------------------


def test_the_manifest_lists_what_a_carrier_was_handed(noor: FlaskClient) -> None:
    first, package = labeled(noor, "A-1")
    second, other = labeled(noor, "A-2")
    noor.post(f"/portal/orders/{first}/ship", data=form(package, UPS))
    noor.post(f"/portal/orders/{second}/ship", data=form(other, fedex_number(1), "fedex"))

    page = noor.get("/portal/ship/manifest").text
    (path,) = re.findall(r'href="([^"]+manifest\.pdf[^"]+carrier=ups[^"]*)"', page)
    (sheet,) = pages(noor.get(html.unescape(path)).data)
    yesterday = noor.get("/portal/ship/manifest?day=2026-11-22").text

    assert "UPS from Main 1 parcel" in told(page)
    assert UPS in sheet
    assert "1 parcel" in sheet
    assert fedex_number(1) not in sheet
    assert "Nothing was handed over" in yesterday
    assert noor.get("/portal/ship/manifest.pdf?carrier=dhl&location=main").status_code == 404


def test_a_pickup_is_booked_once_and_can_be_canceled(noor: FlaskClient) -> None:
    booked = noor.post("/portal/ship/pickups", data=BOOKING)
    twice = noor.post("/portal/ship/pickups", data=BOOKING)
    pickup = one("SELECT id FROM pickups").id
    coming = told(noor.get("/portal/ship/manifest").text)
    canceled = noor.post(f"/portal/ship/pickups/{pickup}/cancel")
    again = noor.post("/portal/ship/pickups", data=BOOKING)

    assert (booked.status_code, twice.status_code) == (303, 409)
    assert "UPS comes to Main on that day already" in told(twice.text)
    assert "14:00\N{EN DASH}17:00 Main · booked by Noor Aziz" in coming
    assert (canceled.status_code, again.status_code) == (303, 303)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"day": "2026-11-22"}, "Choose a day from today"),
        ({"day": ""}, "Choose a day."),
        ({"from": "x"}, "Say from when."),
        ({"until": "13:00"}, "It ends after it begins."),
        ({"from": "06:00", "until": "08:00"}, "That is over already today."),
        ({"location": "moon"}, "You have no place of that name."),
        ({"carrier": "UPS!"}, "Choose a carrier."),
    ],
)
def test_a_pickup_that_cannot_be_is_refused(
    noor: FlaskClient, changes: dict[str, str], said: str
) -> None:
    answer = noor.post("/portal/ship/pickups", data=BOOKING | changes)

    assert answer.status_code == 422
    assert said in told(answer.text)
    assert rows("SELECT 1 FROM pickups") == []


def test_that_a_carrier_came_is_said_when_its_time_has_come(noor: FlaskClient) -> None:
    noor.post("/portal/ship/pickups", data=BOOKING)
    pickup = one("SELECT id FROM pickups").id

    early = noor.post(f"/portal/ship/pickups/{pickup}/came")
    at(NOW + 5 * HOUR)
    came = noor.post(f"/portal/ship/pickups/{pickup}/came")
    over = noor.post(f"/portal/ship/pickups/{pickup}/cancel")

    assert (early.status_code, came.status_code, over.status_code) == (409, 303, 409)
    assert tuple(one("SELECT came, said_by FROM pickups")) == (True, "Noor Aziz")
