"""Labels and parcels by the API and the services: made, fetched, shipped with their packages."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.shared.errors import Conflict, IllegalMove
from app.shared.work import OPS, transaction
from app.shipments import labeling, pickups
from app.shipments.pickups import Booking, pickup_missed
from app.shipments.service import Dispatch, Parcel, ship
from simulator.numbers import fedex_number
from tests.conftest import NOW
from tests.factories import (
    at,
    confirmed,
    line,
    make_vendor_with_stock,
    one,
    routed_order,
    rows,
    vendor_key,
)
from tests.handing import (
    UPS,
    WRONG_UPS,
    carrier_pdf,
    codes,
    in_two,
    packages,
    packed,
    shipments,
    status,
)
from tests.pictures import photo

Ask = Callable[..., Any]


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> None:
    make_vendor_with_stock("kiln", {"MUG": 500})


@pytest.fixture
def ask(app: Flask, kiln: None) -> Ask:
    """Ask the API with a vendor's key."""
    key = {"Authorization": f"Bearer {vendor_key('kiln', 'onw_of_kiln')}"}

    def asked(path: str, body: Any = None) -> Any:
        client = app.test_client()
        if body is None:
            return client.get(f"/api/v1/{path}", headers=key)
        return client.post(f"/api/v1/{path}", json=body, headers=key)

    return asked


# The API ------------------------------------------------------------------------------------


def test_a_label_without_a_word_makes_one_for_all_and_readies_it(ask: Ask) -> None:
    reference = packed("A-1")

    made = ask(f"fulfillment-orders/{reference}/label", {})
    again = ask(f"fulfillment-orders/{reference}/label", {})

    (package,) = packages(reference)
    (label,) = made.json["labels"]
    assert (made.status_code, made.json["status"]) == (200, "ready")
    assert (label["package"], label["provider"], label["tracking_number"]) == (package, "own", None)
    assert set(label["links"]) == {"pdf", "zpl"}
    assert again.json["labels"] == made.json["labels"]
    assert len(rows("SELECT 1 FROM labels")) == 1


def test_a_label_with_a_number_is_fetched_and_read_back(ask: Ask) -> None:
    reference = packed("A-1")
    wanted = {"carrier": "ups", "tracking_number": UPS, "service": "ground"}

    made = ask(f"fulfillment-orders/{reference}/label", {"parcels": [wanted]})
    (label,) = made.json["labels"]
    paths = {form: link.partition("/api/v1/")[2] for form, link in label["links"].items()}
    pdf, zpl = ask(paths["pdf"]).json, ask(paths["zpl"]).json

    assert pdf["media_type"] == "application/pdf"
    read = codes(base64.b64decode(pdf["content"]))
    assert [code for code in read if code[0] == "Code128"] == [
        ("Code128", UPS),
        ("Code128", label["package"]),
    ]
    assert f"^FD{UPS}^FS" in base64.b64decode(zpl["content"]).decode()
    assert ask(f"packages/{label['package']}/label?form=gif").status_code == 422
    assert ask("packages/PK-NONE/label").status_code == 404


def test_a_label_is_answered_as_the_file_itself_to_whoever_asks_for_one(
    app: Flask, ask: Ask
) -> None:
    reference = packed("A-1")
    ask(f"fulfillment-orders/{reference}/label", {})
    (package,) = packages(reference)
    key = {"Authorization": "Bearer onw_of_kiln"}

    def fetched(accept: str, form: str = "") -> Any:
        address = f"/api/v1/packages/{package}/label{form}"
        return app.test_client().get(address, headers=key | {"Accept": accept})

    pdf, zpl = fetched("application/pdf"), fetched("application/zpl, */*;q=0.1")
    named = fetched("application/pdf;q=0.5, application/zpl", "?form=pdf")
    usual = [fetched(accept) for accept in ("*/*", "application/json", "text/html")]

    assert (pdf.mimetype, pdf.data[:5]) == ("application/pdf", b"%PDF-")
    assert ("Code128", package) in codes(pdf.data)
    shown = f'attachment; filename="{package}-label.pdf"'
    assert pdf.headers["Content-Disposition"] == shown
    assert "Accept" in pdf.vary
    assert (zpl.mimetype, zpl.data[:3]) == ("application/zpl", b"^XA")
    assert named.mimetype == "application/pdf"
    assert {answer.mimetype for answer in usual} == {"application/json"}
    missing = app.test_client().get(
        "/api/v1/packages/PK-1/label", headers=key | {"Accept": "application/pdf"}
    )
    assert (missing.status_code, missing.mimetype) == (404, "application/problem+json")


def test_a_picture_is_a_page_to_whoever_asks_for_a_pdf(app: Flask, ask: Ask) -> None:
    reference = packed("A-1")
    file = base64.b64encode(photo(kind="PNG")).decode()
    label = {"provider": "vendors_own", "carrier": "ups", "tracking_number": UPS, "file": file}
    ask(f"fulfillment-orders/{reference}/label", {"parcels": [label]})
    (package,) = packages(reference)
    key = {"Authorization": "Bearer onw_of_kiln", "Accept": "application/pdf"}

    answer = app.test_client().get(f"/api/v1/packages/{package}/label", headers=key)
    in_json = ask(f"packages/{package}/label")

    assert (answer.mimetype, answer.data[:5]) == ("application/pdf", b"%PDF-")
    assert in_json.json["media_type"] == "image/png"


def test_a_label_for_each_of_several_parcels_is_asked_for_by_name(ask: Ask) -> None:
    reference = packed("A-1", lines=[line("MUG", 2)])
    first, second = in_two(reference)
    path = f"fulfillment-orders/{reference}/label"

    unnamed = ask(path, {"parcels": [{"carrier": "ups", "tracking_number": UPS}]})
    foreign = ask(path, {"parcels": [{"package": "PK-OTHER"}]})
    named = ask(path, {"parcels": [{"package": second, "carrier": "ups", "tracking_number": UPS}]})

    assert (unnamed.status_code, foreign.status_code, named.status_code) == (422, 422, 200)
    assert "is packed in 2 parcels; say which one" in unnamed.json["detail"]
    assert [label["package"] for label in named.json["labels"]] == [second]
    assert first != second


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"carrier": "ups", "tracking_number": WRONG_UPS}, 422),
        ({"provider": "vendors_own", "carrier": "ups", "tracking_number": UPS}, 422),
        (
            {
                "provider": "vendors_own",
                "carrier": "ups",
                "tracking_number": UPS,
                "file": "no base64!",
            },
            422,
        ),
        (
            {
                "provider": "vendors_own",
                "carrier": "ups",
                "tracking_number": UPS,
                "file": base64.b64encode(carrier_pdf("UPS")).decode(),
            },
            200,
        ),
    ],
)
def test_a_label_that_is_wrong_is_refused_and_nothing_is_made(
    ask: Ask, wanted: dict[str, str], code: int
) -> None:
    reference = packed("A-1")

    answer = ask(f"fulfillment-orders/{reference}/label", {"parcels": [wanted]})

    assert answer.status_code == code
    assert len(rows("SELECT 1 FROM labels")) == (code == 200)
    assert status(reference) == ("ready" if code == 200 else "packed")


def test_what_is_not_packed_gets_no_label(ask: Ask) -> None:
    (reference,) = confirmed(routed_order("A-1"))

    answer = ask(f"fulfillment-orders/{reference}/label", {})

    assert answer.status_code == 409
    assert rows("SELECT 1 FROM packages") == []


def test_the_api_ships_a_package_by_its_name(ask: Ask) -> None:
    reference = packed("A-1", lines=[line("MUG", 2)])
    first, second = in_two(reference)
    path = f"fulfillment-orders/{reference}/ship"

    def parcel(package: str, n: int) -> dict[str, Any]:
        return {"carrier": "fedex", "tracking_number": fedex_number(n), "package": package}

    ask(path, {"parcels": [parcel(first, 1)]})
    twice = ask(path, {"parcels": [parcel(first, 2)]})
    unknown = ask(path, {"parcels": [parcel("PK-OTHER", 2)]})
    rest = ask(path, {"parcels": [parcel(second, 2)]})

    assert (twice.status_code, unknown.status_code) == (409, 422)
    assert f"{first} has left already, with another number." in twice.json["detail"]
    assert rest.json["status"] == "shipped"
    assert {row[2] for row in shipments()} == {first, second}
    found = rows("SELECT quantity FROM shipment_lines")
    assert [row.quantity for row in found] == [1, 1]


# The services -------------------------------------------------------------------------------


def test_what_ships_without_a_word_about_parcels_is_the_one_package_there_is(kiln: None) -> None:
    reference = packed("A-1")
    with transaction(OPS) as now:
        labeling.make(reference, (), actor="tests", now=now)
    parcel = Parcel("fedex", fedex_number(1), NOW)

    with transaction(OPS) as now:
        ship([Dispatch(reference, [parcel])], actor="tests", now=now)

    assert shipments() == [("fedex", fedex_number(1), *packages(reference))]


def test_a_package_whose_units_left_otherwise_leaves_no_more(kiln: None) -> None:
    reference = packed("A-1", lines=[line("MUG", 2)])
    first, _second = in_two(reference)
    parcel = Parcel("fedex", fedex_number(1), NOW, package=first)
    with transaction(OPS) as now:
        ship(
            [Dispatch(reference, [Parcel("fedex", fedex_number(2), NOW, {"1": 2})])],
            actor="tests",
            now=now,
        )

    with transaction(OPS) as now:
        (outcome,) = ship([Dispatch(reference, [parcel])], actor="tests", now=now)

    assert isinstance(outcome, Conflict)
    assert outcome.detail == f"What {first} held is wanted no more, or left otherwise."
    assert len(shipments()) == 1


HELD = (
    "SELECT p.reference, l.quantity FROM packages p JOIN package_lines l ON l.package_id = p.id"
    " WHERE p.shipment_id IS NULL ORDER BY p.number"
)


def told_left(n: int, **facts: Any) -> dict[str, Any]:
    return {"carrier": "fedex", "tracking_number": fedex_number(n)} | facts


def test_a_parcel_with_the_lines_of_a_package_is_that_package(ask: Ask) -> None:
    reference = packed("A-1", lines=[line("MUG", 2)])
    first, second = in_two(reference)
    work = f"fulfillment-orders/{reference}/ship"

    one_left = ask(work, {"parcels": [told_left(1, lines={"1": 1})]})
    rest = ask(work, {"parcels": [told_left(2)]})

    assert (one_left.status_code, rest.status_code) == (200, 200)
    assert shipments() == [
        ("fedex", fedex_number(1), first),
        ("fedex", fedex_number(2), second),
    ]
    assert rows(HELD) == []


def test_what_goes_otherwise_than_it_is_packed_leaves_no_package_behind(ask: Ask) -> None:
    reference = packed("A-1", lines=[line("MUG", 3)])
    ask(f"fulfillment-orders/{reference}/label", {})
    (package,) = packages(reference)
    work = f"fulfillment-orders/{reference}/ship"

    ask(work, {"parcels": [told_left(1, lines={"1": 1})]})
    held = [tuple(row) for row in rows(HELD)]
    ask(work, {"parcels": [told_left(2, lines={"1": 2})]})

    assert held == [(package, 2)]
    assert shipments() == [("fedex", fedex_number(1), ""), ("fedex", fedex_number(2), package)]
    assert (status(reference), rows(HELD)) == ("shipped", [])


def test_all_in_one_parcel_empties_the_packages_it_was_packed_in(ask: Ask) -> None:
    reference = packed("A-1", lines=[line("MUG", 2)])
    in_two(reference)

    answer = ask(f"fulfillment-orders/{reference}/ship", {"parcels": [told_left(1)]})

    assert answer.status_code == 200
    assert shipments() == [("fedex", fedex_number(1), "")]
    assert (status(reference), rows(HELD)) == ("shipped", [])


@pytest.mark.parametrize("way", ["name", "label"])
def test_a_package_with_other_lines_than_it_holds_is_refused(ask: Ask, way: str) -> None:
    reference = packed("A-1", lines=[line("MUG", 2, title="Mug")])
    label = {"carrier": "fedex", "tracking_number": fedex_number(1)}
    ask(f"fulfillment-orders/{reference}/label", {"parcels": [label]})
    (package,) = packages(reference)
    named = {"package": package} if way == "name" else {}
    sent = told_left(1, lines={"1": 1}, **named)

    answer = ask(f"fulfillment-orders/{reference}/ship", {"parcels": [sent]})

    assert answer.status_code == 422
    assert answer.json["detail"] == (
        f"{package} was packed with 2 x Mug. Leave out its lines, or pack it again first."
    )
    assert (status(reference), shipments()) == ("ready", [])


def test_two_parcels_are_not_one_package(kiln: None) -> None:
    reference = packed("A-1", lines=[line("MUG", 2)])
    first, _second = in_two(reference)
    parcels = [Parcel("fedex", fedex_number(n), NOW, package=first) for n in (1, 2)]

    with transaction(OPS) as now:
        (outcome,) = ship([Dispatch(reference, parcels)], actor="tests", now=now)

    assert "two parcels are one package" in outcome.detail
    assert shipments() == []


def test_a_label_is_told_in_the_orders_story(kiln: None) -> None:
    reference = packed("A-1")
    with transaction(OPS) as now:
        labeling.make(reference, (), actor="Noor", now=now)
    (package,) = packages(reference)
    with transaction(OPS) as now:
        labeling.void(package, " smeared \n twice ", actor="Noor", now=now)

    made, void = rows("SELECT event, actor, facts FROM timeline WHERE event ~ 'label_' ORDER BY id")
    assert (made.event, made.actor) == ("fulfillment_order_label_made", "Noor")
    assert void.facts["reason"] == "smeared twice"
    assert void.facts["package"] == package


def test_a_carrier_that_did_not_come_is_noted_once_its_time_has_begun(kiln: None) -> None:
    noon = Booking("main", "ups", NOW.date(), NOW.time(), (NOW + timedelta(hours=2)).time())
    later = NOW + timedelta(hours=1)
    with transaction(OPS) as now:
        pickup = pickups.book(noon, by="Noor", now=now - timedelta(hours=1)).id

    with pytest.raises(IllegalMove), transaction(OPS):
        pickup_missed(pickup, "Noor", NOW - timedelta(minutes=1))
    at(later)
    for _ in range(2):
        with transaction(OPS) as now:
            pickup_missed(pickup, "Noor", now)

    found = one("SELECT came, said_at, said_by FROM pickups")
    assert tuple(found) == (False, later, "Noor")


def test_a_carrier_that_has_come_has_not_missed_and_one_that_is_late_has_come(kiln: None) -> None:
    noon = Booking("main", "ups", NOW.date(), NOW.time(), (NOW + timedelta(hours=2)).time())
    with transaction(OPS) as now:
        pickup = pickups.book(noon, by="Noor", now=now - timedelta(hours=1)).id
    at(NOW + timedelta(hours=1))
    with transaction(OPS) as now:
        pickup_missed(pickup, "Noor", now)
        pickups.pickup_came(pickup, "Ruth", now + timedelta(minutes=30))

    stale = NOW + timedelta(hours=2)
    with pytest.raises(IllegalMove, match=r"Ruth said at .* that UPS came"), transaction(OPS):
        pickup_missed(pickup, "Noor", stale)
    with transaction(OPS):
        pickups.pickup_came(pickup, "Imani", stale)

    found = one("SELECT came, said_at, said_by FROM pickups")
    assert tuple(found) == (True, NOW + timedelta(hours=1, minutes=30), "Ruth")
