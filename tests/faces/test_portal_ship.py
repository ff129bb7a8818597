"""Handing over one order in the portal: its parcels, their numbers, their labels and papers."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from simulator.numbers import fedex_number
from tests.conftest import NOW
from tests.faces.test_audit_page import statements
from tests.factories import (
    at,
    confirmed,
    line,
    make_vendor_with_stock,
    one,
    parcel,
    routed_order,
    rows,
    send,
)
from tests.handing import (
    UPS,
    WRONG_UPS,
    form,
    in_two,
    labeled,
    packages,
    packed,
    shipments,
    status,
    told,
)
from tests.people import browser_of, make_person

HOUR = timedelta(hours=1)


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 500, "BOWL": 500}, zone="Europe/Stockholm")


@pytest.fixture
def noor(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_staff", "Noor Aziz", vendor=kiln))


@pytest.fixture
def omar(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_owner", "Omar Diaz", vendor=kiln))


# Numbers ------------------------------------------------------------------------------------


def test_a_number_alone_ships_a_parcel_and_tells_its_carrier(noor: FlaskClient) -> None:
    reference, package = labeled(noor)

    answer = noor.post(f"/portal/orders/{reference}/ship", data=form(package, UPS))
    page = told(noor.get(answer.location).text)

    assert answer.status_code == 303
    assert shipments() == [("ups", UPS, package)]
    assert status(reference) == "shipped"
    assert "1 parcel is shipped." in page
    assert f"UPS {UPS}" in page


def test_the_same_press_again_changes_nothing_and_says_so(noor: FlaskClient) -> None:
    reference, package = labeled(noor)
    sent = form(package, UPS)

    noor.post(f"/portal/orders/{reference}/ship", data=sent)
    again = noor.post(f"/portal/orders/{reference}/ship", data=sent)

    assert again.status_code == 303
    assert "That was known already. Nothing was changed." in told(noor.get(again.location).text)
    assert shipments() == [("ups", UPS, package)]
    assert len(rows("SELECT 1 FROM notifications WHERE template = 'order_shipped'")) == 1


def test_a_colleague_was_quicker_with_another_number(noor: FlaskClient, omar: FlaskClient) -> None:
    reference, package = labeled(noor)
    omar.post(f"/portal/orders/{reference}/ship", data=form(package, fedex_number(1), "fedex"))

    late = noor.post(f"/portal/orders/{reference}/ship", data=form(package, UPS))

    assert late.status_code == 409
    assert f"{package} has left meanwhile, with another number." in told(late.text)
    assert shipments() == [("fedex", fedex_number(1), package)]


def test_a_colleague_was_quicker_with_what_was_not_packed(
    noor: FlaskClient, omar: FlaskClient
) -> None:
    (reference,) = confirmed(routed_order("A-1"))
    sent = {"parcels": "1", "p0-u-1": "2"}
    omar.post(f"/portal/orders/{reference}/ship", data=sent | {"p0-number": fedex_number(1)})

    late = noor.post(f"/portal/orders/{reference}/ship", data=sent | {"p0-number": UPS})

    assert late.status_code == 409
    assert f"All of {reference} has left meanwhile." in told(late.text)
    assert len(shipments()) == 1


@pytest.mark.parametrize(
    ("number", "carrier", "said"),
    [
        (WRONG_UPS, "ups", "has a wrong check digit; compare it with the label."),
        ("", "ups", "Type the number that stands on the carrier's label"),
        ("0307!x", "", "Type the number that stands"),
        ("ABCDE12345", "", "does not tell its carrier. Choose the carrier."),
        (UPS, "Not A Carrier", "No carrier is called Not A Carrier."),
    ],
)
def test_a_wrong_number_is_refused_beside_its_field(
    noor: FlaskClient, number: str, carrier: str, said: str
) -> None:
    reference, package = labeled(noor)

    answer = noor.post(f"/portal/orders/{reference}/ship", data=form(package, number, carrier))

    assert answer.status_code == 422
    assert said in told(answer.text)
    assert f'value="{number}"' in answer.text
    assert shipments() == []


def test_a_format_that_nobody_knows_is_a_doubt_and_no_refusal(noor: FlaskClient) -> None:
    reference, package = labeled(noor)

    answer = noor.post(f"/portal/orders/{reference}/ship", data=form(package, UPS, "fedex"))
    page = told(noor.get(answer.location).text)

    assert "is in no format we know of FedEx; check the carrier." in page
    assert "It would be right for UPS." in page
    assert shipments() == [("fedex", UPS, package)]


def test_another_parcels_number_is_refused(noor: FlaskClient) -> None:
    first, a = labeled(noor, "A-1")
    second, b = labeled(noor, "A-2")
    noor.post(f"/portal/orders/{first}/ship", data=form(a, UPS))

    answer = noor.post(f"/portal/orders/{second}/ship", data=form(b, UPS))

    assert answer.status_code == 422
    assert f"{UPS} is another parcel's number" in told(answer.text)
    assert status(second) == "ready"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2026-11-23T10:30", "That is still to come."),
        ("2026-11-20T10:00", "It cannot have left before you were given it."),
        ("soon", "This is no moment."),
    ],
)
def test_a_moment_that_cannot_be_is_refused(noor: FlaskClient, typed: str, said: str) -> None:
    reference, package = labeled(noor)

    answer = noor.post(f"/portal/orders/{reference}/ship", data=form(package, UPS, at=typed))

    assert answer.status_code == 422
    assert said in told(answer.text)
    assert shipments() == []


def test_a_moment_is_one_of_the_vendors_place(noor: FlaskClient) -> None:
    reference, package = labeled(noor)
    at(NOW + 3 * HOUR)

    noor.post(f"/portal/orders/{reference}/ship", data=form(package, UPS, at="2026-11-23T11:15"))

    assert one("SELECT shipped_at FROM shipments").shipped_at == NOW + HOUR + HOUR / 4


@pytest.mark.parametrize(
    ("asked", "tone", "carrier"),
    [
        ({"number": UPS}, "good", "ups"),
        ({"number": WRONG_UPS, "carrier": "ups"}, "crit", "ups"),
        ({"number": UPS, "carrier": "dhl"}, "warn", "dhl"),
        ({"number": "12"}, "crit", None),
        ({"number": "9" * 500, "carrier": "<script>"}, "crit", None),
    ],
)
def test_a_number_is_checked_while_it_is_typed(
    noor: FlaskClient, asked: dict[str, str], tone: str, carrier: str | None
) -> None:
    answer = noor.get("/portal/ship/check", query_string=asked)

    assert answer.json["tone"] == tone
    assert answer.json["carrier"] == carrier or carrier is None
    assert answer.json["told"].endswith(".")


def test_a_number_of_another_parcel_is_told_while_it_is_typed(noor: FlaskClient) -> None:
    reference, package = labeled(noor)
    noor.post(f"/portal/orders/{reference}/ship", data=form(package, UPS))

    anew = noor.get("/portal/ship/check", query_string={"number": UPS}).json
    again = noor.get("/portal/ship/check", query_string={"number": UPS, "of": reference}).json

    assert (anew["tone"], again["tone"]) == ("crit", "good")
    assert "another parcel's number" in anew["told"]


# Parcels ------------------------------------------------------------------------------------


def test_what_is_not_packed_leaves_in_parcels_now_and_later(noor: FlaskClient) -> None:
    (reference,) = confirmed(routed_order("A-1", [line("MUG", 3), line("BOWL", 1, "2")]))
    url = f"/portal/orders/{reference}/ship"
    two = {"parcels": "2", "p0-number": UPS, "p1-number": fedex_number(1), "p1-carrier": "fedex"}

    opened = noor.get(f"{url}?parcels=2").text
    too_many = noor.post(url, data=two | {"p0-u-1": "3", "p0-u-2": "1", "p1-u-1": "9"})
    empty = noor.post(url, data=two | {"p0-u-1": "3"})
    noor.post(url, data=two | {"p0-u-1": "1", "p1-u-1": "1"})
    later = noor.get(url).text
    noor.post(
        url, data={"parcels": "1", "p0-number": fedex_number(2), "p0-u-1": "1", "p0-u-2": "1"}
    )

    assert 'name="p1-u-2"' in opened
    assert (too_many.status_code, "0 to 3 are left to ship." in told(too_many.text)) == (422, True)
    assert (empty.status_code, "This parcel would be empty." in told(empty.text)) == (422, True)
    assert "1 unit is left." in told(later)
    found = rows("SELECT sum(quantity) AS n FROM shipment_lines GROUP BY shipment_id ORDER BY 1")
    assert [row.n for row in found] == [1, 1, 2]
    assert status(reference) == "shipped"


def test_one_package_leaves_now_and_the_other_later(noor: FlaskClient) -> None:
    reference = packed("A-1", lines=[line("MUG", 2)])
    first, second = in_two(reference)
    noor.post(f"/portal/orders/{reference}/labels")

    noor.post(f"/portal/orders/{reference}/ship", data=form(first, UPS))
    between = status(reference)
    noor.post(f"/portal/orders/{reference}/ship", data=form(second, fedex_number(4), "fedex"))

    assert between == "ready"
    assert set(shipments()) == {("ups", UPS, first), ("fedex", fedex_number(4), second)}
    assert status(reference) == "shipped"


def test_nothing_ticked_ships_nothing(noor: FlaskClient) -> None:
    reference, package = labeled(noor)

    answer = noor.post(f"/portal/orders/{reference}/ship", data={f"{package}-number": UPS})

    assert answer.status_code == 422
    assert "Tick at least one parcel that leaves now." in told(answer.text)


def test_two_presses_at_once_ship_once(app: Flask, noor: FlaskClient, omar: FlaskClient) -> None:
    reference, package = labeled(noor)
    answers: list[int] = []
    begin = threading.Barrier(2)

    def press(browser: FlaskClient) -> None:
        begin.wait()
        sent = form(package, UPS)
        answers.append(browser.post(f"/portal/orders/{reference}/ship", data=sent).status_code)

    threads = [threading.Thread(target=press, args=[browser]) for browser in (noor, omar)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [303, 303]
    assert shipments() == [("ups", UPS, package)]


def test_what_was_shipped_by_a_program_has_no_package_and_is_shown(noor: FlaskClient) -> None:
    (reference,) = confirmed(routed_order("A-1"))
    send(reference, parcel(1, NOW))

    page = told(noor.get(f"/portal/orders/{reference}/ship").text)

    assert f"FedEx {fedex_number(1)}" in page
    assert "It has left" not in page


def test_what_is_not_confirmed_says_what_comes_first(noor: FlaskClient) -> None:
    routed_order("A-1")
    reference = one("SELECT reference FROM fulfillment_orders").reference

    answer = noor.post(f"/portal/orders/{reference}/ship", data={"p0-number": UPS, "p0-u-1": "1"})

    assert "Confirm it first" in told(noor.get(f"/portal/orders/{reference}/ship").text)
    assert answer.status_code in {409, 422}
    assert shipments() == []


def test_the_page_of_a_hand_over_costs_three_statements_besides_its_frame(
    noor: FlaskClient,
) -> None:
    reference, _package = labeled(noor)
    noor.get(f"/portal/orders/{reference}/ship")

    with statements() as seen:
        noor.get(f"/portal/orders/{reference}/ship")

    assert len(seen) <= 5


# Who may ------------------------------------------------------------------------------------


def test_whoever_looks_over_a_shoulder_is_offered_no_form(app: Flask, noor: FlaskClient) -> None:
    reference, package = labeled(noor)
    agent = browser_of(app, make_person("ops_agent"))
    agent.post("/console/vendors/kiln/view")

    paths = ("ship", "ship/many", "ship/manifest", f"orders/{reference}/ship")
    seen = [agent.get(f"/portal/{path}") for path in paths]
    refused = [
        agent.post(f"/portal/orders/{reference}/ship", data=form(package, UPS)),
        agent.post(f"/portal/packages/{package}/void", data={"reason": "x"}),
        agent.post("/portal/ship/many", data={"rows": f"A-1,ups,{UPS}", "step": "ship"}),
        agent.post("/portal/ship/pickups"),
    ]

    actions = re.findall(r'action="([^"]+)" method="post"', " ".join(p.text for p in seen))
    assert {page.status_code for page in seen} == {200}
    assert set(actions) == {"/console/leave-view", "/account/theme", "/signout"}
    assert {answer.status_code for answer in refused} == {403}
    assert (shipments(), packages(reference)) == ([], [package])
