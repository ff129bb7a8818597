"""The vendor's day is sent days, moments, numbers and codes that nobody means: it says so."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories import confirmed, make_vendor_with_stock, one, references, routed_order, rows
from tests.handing import UPS, labeled, packages, shipments, status, told
from tests.people import browser_of, make_person

FIRST, LAST = "0001-01-01", "9999-12-31"


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 500}, zone="Europe/Stockholm")


@pytest.fixture
def noor(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_owner", "Noor Aziz", vendor=kiln))


@pytest.mark.parametrize("day", [FIRST, LAST])
@pytest.mark.parametrize("path", ["manifest?x=", "manifest.pdf?carrier=ups&location=main"])
def test_a_manifest_of_no_day_of_ours_is_todays(noor: FlaskClient, path: str, day: str) -> None:
    assert noor.get(f"/portal/ship/{path}&day={day}").status_code in {200, 404}


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:00-14:00",
        "0001-01-01 00:00",
        "31.12.9999 9:00",
    ],
)
@pytest.mark.parametrize("step", ["", "ship"])
def test_a_list_knows_no_moments_that_never_come(noor: FlaskClient, moment: str, step: str) -> None:
    reference, _ = labeled(noor)
    sent = {"rows": f"{reference},ups,{UPS},{moment}", "step": step}

    answer = noor.post("/portal/ship/many", data=sent)

    assert "is no moment" in told(answer.text)
    assert shipments() == []


@pytest.mark.parametrize(
    "sent",
    [
        {"p0-weight": "1e99999999"},
        {"p0-weight": "sNaN"},
        {"p0-weight": "-Infinity"},
        {"p0-length_mm": "1e-9999999"},
        {"p0-box": "x" * 5_000},
        {"p0-units-1": "99999"},
        {"p0-units-1": "²"},
    ],
)
def test_measures_that_are_none_are_refused(noor: FlaskClient, sent: dict[str, str]) -> None:
    (reference,) = confirmed(routed_order())
    noor.post(f"/portal/orders/{reference}/pick/hand", data={"line": "1", "units": "2"})
    asked = {"do": "pack", "parcels": "1", "p0-units-1": "2"} | sent

    assert noor.post(f"/portal/orders/{reference}/pack", data=asked).status_code == 422
    assert packages(reference) == []


@pytest.mark.parametrize("units", ["9" * 5_000, "²", ""])
def test_a_parcel_is_taken_away_whatever_was_typed_in_it(noor: FlaskClient, units: str) -> None:
    (reference,) = confirmed(routed_order())
    sent = {"do": "remove-1", "parcels": "2", "p0-units-1": units, "p1-units-1": "1"}

    assert noor.post(f"/portal/orders/{reference}/pack", data=sent).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/portal/ship/check?number=%00",
        "/portal/ship/check?number=12345&of=%00",
        "/portal/ship/papers.pdf?of=%00",
        "/portal/find?q=%00",
        "/portal/?%00=1",
    ],
)
def test_no_table_is_asked_for_a_nul(noor: FlaskClient, path: str) -> None:
    assert noor.get(path).status_code in {200, 404}


@pytest.mark.parametrize("day", [FIRST, LAST])
def test_no_word_is_taken_for_a_day_out_of_reason(noor: FlaskClient, day: str) -> None:
    (reference,) = references(routed_order())
    part = {"do": "part", "attest": "y", "units0": "1", "code": "out_of_stock"}
    many = {"order": reference, "attest": "y", "when": "day", "ship_on": day}

    answers = [
        noor.post(f"/portal/orders/{reference}/confirm", data=part | {"ship_on": day}),
        noor.post(f"/portal/orders/{reference}/confirm", data=part | {"restock0": day}),
        noor.post("/portal/confirm", data=many),
        noor.post("/portal/confirm", data=many | {"say": "1"}),
        noor.post(f"/portal/orders/{reference}/ship", data={"p0-number": UPS, "p0-at": f"{day}T0"}),
        noor.post("/portal/ship/pickups", data={"day": day, "from": "14:00", "until": "15:00"}),
    ]

    assert all(answer.status_code < 500 for answer in answers)
    assert status(reference) == "assigned"
    assert rows("SELECT id FROM pickups") == []


@pytest.mark.parametrize(
    "code",
    [
        "9" * 5_000,
        "²*MUG",
        "999*MUG",
        "0*MUG",
        "\u202eGUM",
        "' OR 1=1",
        "5*" * 999,
        "FO-\u0660000000000",
    ],
)
def test_a_code_that_means_nothing_picks_nothing(noor: FlaskClient, code: str) -> None:
    (reference,) = confirmed(routed_order())
    walk = noor.post("/portal/pick", data={"order": reference}).location

    for path in (f"/portal/orders/{reference}/pick", walk):
        assert noor.post(path, data={"code": code, "scan": str(uuid4())}).status_code == 303

    assert one("SELECT sum(picked) AS n FROM fo_lines").n == 0
