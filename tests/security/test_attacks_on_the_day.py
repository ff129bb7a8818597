"""S20-S27, S49-S54: the vendor's day, attacked: numbers, days and moments nobody means."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.shared.work import vendor_scope, transaction
from app.shipments import packing
from app.shipments.pack_rules import Parcel
from simulator.numbers import fedex_number
from tests.conftest import NOW, caller
from tests.factories import (
    confirmed,
    line,
    make_vendor_with_stock,
    one,
    references,
    routed_order,
    rows,
    vendor_key,
)
from tests.handing import UPS, OTHER_UPS, form, labeled, packages, packed, shipments, status, told
from tests.people import browser_of, make_person


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 500, "BOWL": 500}, zone="Europe/Stockholm")


@pytest.fixture
def noor(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_owner", "Noor Aziz", vendor=kiln))


def in_parcels(vendor: UUID, *units: int) -> tuple[str, list[str]]:
    """Have an order picked and packed in parcels of so many units; return it and them."""
    (reference,) = confirmed(routed_order(lines=[line("MUG", sum(units))]))
    with transaction(vendor_scope(vendor)) as now:
        packing.pack(reference, [Parcel({"1": n}) for n in units], ticks=None, actor="t", now=now)
    return reference, packages(reference)


FIRST, LAST = "0001-01-01", "9999-12-31"


@pytest.mark.parametrize("day", [FIRST, LAST])
@pytest.mark.parametrize(
    "path",
    [
        "/portal/ship/manifest?day={d}",
        "/portal/ship/manifest.pdf?day={d}&carrier=ups&location=main",
    ],
)
def test_manifest(noor, day, path):
    assert noor.get(path.format(d=day)).status_code < 500


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:00-14:00",
        "0001-01-01 00:00",
        "9999-12-31 23:59",
    ],
)
@pytest.mark.parametrize("step", ["", "ship"])
def test_list(noor, moment, step):
    reference, package = labeled(noor)
    a = noor.post(
        "/portal/ship/many", data={"rows": f"{reference},ups,{UPS},{moment}", "step": step}
    )
    assert a.status_code < 500
    assert shipments() == []


@pytest.mark.parametrize("at", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_ship(noor, at):
    reference, package = labeled(noor)
    a = noor.post(f"/portal/orders/{reference}/ship", data=form(package, UPS, at=at))
    assert a.status_code < 500
    assert shipments() == []


@pytest.mark.parametrize(
    "sent",
    [
        {"p0-weight": "1e99999999"},
        {"p0-weight": "1e999999"},
        {"p0-weight": "NaN"},
        {"p0-weight": "-Infinity"},
        {"p0-weight": "9" * 50000},
        {"p0-length_mm": "1e-9999999"},
        {"p0-weight": "sNaN"},
        {"do": "remove-1", "parcels": "2", "p0-units-1": "9" * 5000, "p1-units-1": "1"},
        {"do": "remove-1", "parcels": "2", "p0-units-1": "²", "p1-units-1": "²"},
        {"do": "remove-²", "parcels": "2"},
        {"do": "remove-٣", "parcels": "2"},
        {"parcels": "²"},
        {"p0-units-1": "99999"},
        {"p0-box": "x" * 5000},
        {"p0-weight-unit": "tons", "p0-weight": "1"},
        {"seen": "x" * 9999},
    ],
)
def test_pack(noor, sent):
    (reference,) = confirmed(routed_order())
    noor.post(f"/portal/orders/{reference}/pick/hand", data={"line": "1", "units": "2"})
    a = noor.post(
        f"/portal/orders/{reference}/pack",
        data={"do": "pack", "parcels": "1", "p0-units-1": "2"} | sent,
    )
    assert a.status_code < 500


@pytest.mark.parametrize("day", [FIRST, LAST])
def test_confirm(noor, day):
    (reference,) = references(routed_order())
    base = {"attest": "y", "units0": "1", "code": "out_of_stock", "do": "part"}
    assert (
        noor.post(f"/portal/orders/{reference}/confirm", data=base | {"ship_on": day}).status_code
        < 500
    )
    assert (
        noor.post(f"/portal/orders/{reference}/confirm", data=base | {"restock0": day}).status_code
        < 500
    )
    for say in ({}, {"say": "1"}):
        assert (
            noor.post(
                "/portal/confirm",
                data={"order": reference, "attest": "y", "when": "day", "ship_on": day} | say,
            ).status_code
            < 500
        )
    assert status(reference) == "assigned"


@pytest.mark.parametrize("day", [FIRST, LAST])
def test_calendar(noor, kiln, day):
    (place,) = rows("SELECT id FROM locations")
    for a in (
        noor.post("/portal/calendar/away", data={"until": day, "reason": "x"}),
        noor.get("/portal/calendar"),
        noor.post(
            f"/portal/calendar/{place.id}/closures",
            data={"first_day": day, "last_day": LAST, "reason": "x"},
        ),
        noor.get("/portal/calendar"),
        noor.get(f"/portal/calendar/{place.id}"),
        noor.post(
            f"/portal/calendar/{place.id}/closures/remove", data={"first": day, "last": LAST}
        ),
    ):
        assert a.status_code < 500


@pytest.mark.parametrize("day", [FIRST, LAST, "2026-11-24"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"from": "14:00+14:00"},
        {"carrier": "x" * 99},
        {"location": "nobody"},
        {"note": "x" * 9999},
        {"until": "24:00"},
    ],
)
def test_pickup(noor, day, more):
    sent = {
        "carrier": "ups",
        "location": "main",
        "day": day,
        "from": "14:00",
        "until": "17:00",
    } | more
    assert noor.post("/portal/ship/pickups", data=sent).status_code < 500


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"order": "nobody"},
        {"order": ["x"] * 500},
    ],
)
def test_picking(noor, sent):
    assert noor.post("/portal/pick", data=sent).status_code < 500


@pytest.mark.parametrize(
    "code",
    [
        "9" * 5000,
        "²*MUG",
        "999*MUG",
        "0*MUG",
        "1" * 14,
        "\u202eGUM",
        "' OR 1=1",
        "5*" * 999,
        "\x1d01" + "9" * 14,
        "FO-\u0660000000000",
    ],
)
def test_scan(noor, code):
    (reference,) = confirmed(routed_order())
    a = noor.post(f"/portal/orders/{reference}/pick", data={"code": code, "scan": str(uuid4())})
    assert a.status_code < 500
    wave = noor.post("/portal/pick", data={"order": reference}).location
    assert noor.post(wave, data={"code": code, "scan": str(uuid4())}).status_code < 500
    assert one("SELECT sum(picked) AS n FROM fo_lines").n == 0


@pytest.mark.parametrize(
    "q",
    [
        "carrier=&number=",
        "carrier=x&number=" + "9" * 999,
        "number=%00",
        "carrier=%00&number=12345",
        "number=12345&of=%00",
        "number=%ff%fe",
    ],
)
def test_check(noor, q):
    assert noor.get("/portal/ship/check?" + q).status_code < 500


@pytest.mark.parametrize(
    "path",
    [
        "/portal/ship/papers.pdf?of=%00",
        "/portal/find?q=%00",
        "/portal/ship/manifest?day=%00",
        "/portal/ship/manifest.pdf?location=%00",
        "/portal/orders/x/trouble?what=%00",
        "/portal/webhooks/new?x=%00",
        "/portal/orders/x%00/ship",
        "/portal/help?notes=%00",
    ],
)
def test_nul(noor, path):
    assert noor.get(path).status_code < 500


@pytest.mark.parametrize(
    "at", ["1970-01-02T00:00:00Z", "0001-01-01T00:00:00+14:00", "2026-11-22T09:00:00Z"]
)
def test_backdated(app, noor, kiln, at):
    vendor_key("kiln", "onw_k")
    ask = caller(app, "onw_k")
    reference, package = labeled(noor)
    a = ask(
        "POST",
        f"/fulfillment-orders/{reference}/ship",
        {"parcels": [{"carrier": "ups", "tracking_number": UPS, "shipped_at": at}]},
    )
    print(a.status_code, a.json)
    assert shipments() == []
