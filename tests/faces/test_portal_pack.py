"""Packing as a page: nothing unverified is packed, and parcels hold just what was picked."""

from __future__ import annotations

import html
import io
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.extensions import db
from app.integrity import broken_invariants
from app.orders import service as orders
from app.shared.work import OPS, PLATFORM, transaction
from tests.conftest import NOW
from tests.faces.test_audit_page import statements
from tests.factories import (
    confirmed,
    describe,
    line,
    make_vendor_with_stock,
    one,
    parcel,
    routed_order,
    rows,
    send,
)
from tests.people import browser_of, make_person
from tests.pictures import photo


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    vendor = make_vendor_with_stock("kiln", {"MUG": 50, "BOWL": 50})
    describe("MUG", "BOWL")
    with transaction(OPS):
        db.session.execute(
            text(
                "UPDATE products SET weight_g = CASE sku WHEN 'MUG' THEN 350 ELSE 900 END,"
                " packing = CASE sku WHEN 'BOWL' THEN '[\"fragile\"]'::jsonb END"
            )
        )
    return vendor


@pytest.fixture
def staff(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_staff", "Noor Aziz", vendor=kiln))


def picked(staff: FlaskClient, *lines: dict[str, Any], **changes: Any) -> str:
    """Return an order whose units are all scanned."""
    wanted = list(lines) or [line("MUG", 2)]
    (reference,) = confirmed(routed_order(lines=wanted, **changes))
    for good in wanted:
        code = f"{good['quantity']}*{good['sku']}"
        staff.post(f"/portal/orders/{reference}/pick", data={"code": code})
    return reference


def path(reference: str) -> str:
    return f"/portal/orders/{reference}/pack"


def words(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def seen(page: str) -> str:
    return html.unescape(re.findall(r'name="seen" value="([^"]*)"', page)[0])


def sent(*parcels: dict[str, str], **more: Any) -> dict[str, Any]:
    fields = {f"p{n}-{name}": value for n, p in enumerate(parcels) for name, value in p.items()}
    return {"do": "pack", "parcels": str(len(parcels)), **fields, **more}


def parcels_of(reference: str) -> list[tuple[Any, ...]]:
    found = rows(
        "SELECT p.number, p.box, p.weight_g, p.length_mm,"
        " (SELECT json_object_agg(f.line, l.quantity) FROM package_lines l JOIN fo_lines f"
        "  ON f.id = l.fo_line_id WHERE l.package_id = p.id) AS units"
        " FROM packages p JOIN fulfillment_orders fo ON fo.id = p.fo_id"
        " WHERE fo.reference = :r ORDER BY p.number",
        r=reference,
    )
    return [tuple(row) for row in found]


def status(reference: str) -> str:
    row = one("SELECT status FROM fulfillment_orders WHERE reference = :r", r=reference)
    return str(row.status)


def whole() -> None:
    with transaction(PLATFORM):
        assert broken_invariants() == []


def test_all_of_it_goes_into_one_parcel_with_its_weight(staff: FlaskClient) -> None:
    reference = picked(staff)
    page = staff.get(path(reference)).text

    answer = staff.post(
        path(reference), data=sent({"units-1": "2", "weight": "0.9", "weight-unit": "kg"})
    )

    assert 'name="p0-weight" value="700"' in page
    assert "The items weigh 700 g; add the box." in words(page)
    assert answer.status_code == 303
    assert status(reference) == "packed"
    assert parcels_of(reference) == [(1, None, 900, None, {"1": 2})]
    assert one("SELECT packed FROM fo_lines").packed == 2
    whole()


def test_lines_are_spread_over_parcels_and_boxes_are_offered_again(staff: FlaskClient) -> None:
    reference = picked(staff, line("MUG", 3), line("BOWL", 1, "2"))
    two = staff.post(path(reference), data=sent({"units-1": "3", "units-2": "1"}, do="add")).text
    box = {"box": "Small", "length_mm": "30", "side-unit": "cm", "weight": "700"}

    answer = staff.post(
        path(reference),
        data=sent({"units-1": "2", **box}, {"units-1": "1", "units-2": "1"}, tick="fragile"),
    )
    again = staff.get(path(picked(staff))).text

    assert "Parcel 2 of 2" in words(two)
    assert status(reference) == "packed"
    assert answer.status_code == 303
    assert parcels_of(reference) == [
        (1, "Small", 700, 300, {"1": 2}),
        (2, None, None, None, {"1": 1, "2": 1}),
    ]
    assert '<option value="Small">' in again
    whole()


def test_units_of_a_parcel_that_is_removed_fall_to_another(staff: FlaskClient) -> None:
    reference = picked(staff)

    page = staff.post(
        path(reference), data=sent({"units-1": "1"}, {"units-1": "1"}, do="remove-1")
    ).text

    assert re.findall(r'name="p\d-units-1" value="(\d+)"', page) == ["2"]
    assert status(reference) == "picking"


@pytest.mark.parametrize(
    ("parcels", "told"),
    [
        ([{"units-1": "1"}], "Every unit that was picked lies in one parcel"),
        ([{"units-1": "3"}], "Every unit that was picked lies in one parcel"),
        ([{"units-1": "2"}, {"units-1": "0"}], "no parcel is empty"),
        ([{"units-1": "2", "weight": "101", "weight-unit": "kg"}], "Enter a weight up to 100 kg."),
        ([{"units-1": "2", "height_mm": "x"}], "Enter a length up to 300 cm."),
        ([{"units-1": "x"}], "Enter how many units."),
        ([{"units-1": "2", "box": "x" * 61}], "Use at most 60 characters."),
    ],
)
def test_parcels_that_cannot_be_are_told_so(
    staff: FlaskClient, parcels: list[dict[str, str]], told: str
) -> None:
    reference = picked(staff)

    answer = staff.post(path(reference), data=sent(*parcels))

    assert answer.status_code == 422
    assert told in words(answer.text)
    assert (status(reference), parcels_of(reference)) == ("picking", [])


def test_what_is_not_wholly_picked_cannot_be_packed(staff: FlaskClient) -> None:
    (reference,) = confirmed(routed_order(lines=[line("MUG", 2)]))
    staff.post(f"/portal/orders/{reference}/pick", data={"code": "MUG"})

    page = staff.get(path(reference)).text
    answer = staff.post(path(reference), data=sent({"units-1": "1"}))

    assert "1 unit is not picked yet" in words(page)
    assert 'value="pack"' not in page
    assert answer.status_code == 409
    assert f"1 unit of {reference} is not picked yet. Scan it first." in words(answer.text)
    assert (status(reference), parcels_of(reference)) == ("picking", [])


def test_every_instruction_is_ticked_and_kept_with_who_did(staff: FlaskClient) -> None:
    wishes = {"gift_wrap": True, "gift_message": "Grattis!"}
    reference = picked(staff, line("BOWL", 1), preferences=wishes)
    whole_parcel = {"units-1": "1"}

    refused = staff.post(path(reference), data=sent(whole_parcel, tick=["gift_wrap", "fragile"]))
    ticks = ["gift_wrap", "gift_message", "fragile", "made up"]
    done = staff.post(path(reference), data=sent(whole_parcel, tick=ticks))

    assert refused.status_code == 422
    assert f"Tick every instruction once it is seen to; then {reference}" in words(refused.text)
    assert done.status_code == 303
    kept = one("SELECT ticks FROM fulfillment_orders").ticks
    assert [tick["code"] for tick in kept] == ticks[:3]
    assert {tick["by"] for tick in kept} == {"Noor Aziz"}
    assert "Noor Aziz , Mon, Nov 23" in words(staff.get(path(reference)).text)


def test_it_is_packed_anew_until_it_has_a_label_and_keeps_its_names(staff: FlaskClient) -> None:
    reference = picked(staff)
    staff.post(path(reference), data=sent({"units-1": "2"}))
    (name,) = [row.reference for row in rows("SELECT reference FROM packages")]
    page = staff.get(path(reference)).text
    two = ({"units-1": "1"}, {"units-1": "1"})

    again = staff.post(path(reference), data=sent(*two, seen=seen(page)))
    stale = staff.post(path(reference), data=sent({"units-1": "2"}, seen=seen(page)))
    with transaction(OPS):
        db.session.execute(
            text(
                "INSERT INTO labels (id, vendor_id, package_id, provider, made_at, made_by)"
                " SELECT :id, vendor_id, id, 'own', :now, 'Noor' FROM packages WHERE number = 1"
            ),
            {"id": uuid4(), "now": NOW},
        )
    labeled = staff.post(path(reference), data=sent({"units-1": "2"}))

    assert [answer.status_code for answer in (again, stale, labeled)] == [303, 409, 409]
    assert f"Somebody else has packed {reference} meanwhile." in words(stale.text)
    assert "has a label. Void it first" in words(labeled.text)
    assert [units for *_, units in parcels_of(reference)] == [{"1": 1}, {"1": 1}]
    assert rows("SELECT reference FROM packages WHERE number = 1")[0].reference == name
    whole()


def test_the_same_parcels_twice_change_nothing(staff: FlaskClient) -> None:
    reference = picked(staff)
    form = sent({"units-1": "2"}, seen="")

    answers = [staff.post(path(reference), data=form).status_code for _ in range(2)]

    assert answers == [303, 303]
    assert len(parcels_of(reference)) == 1
    told = rows("SELECT * FROM timeline WHERE event = 'fulfillment_order_packed'")
    assert len(told) == 1


def test_what_is_called_off_comes_out_of_its_parcel(staff: FlaskClient) -> None:
    key = routed_order(lines=[line("MUG", 3)])
    (reference,) = confirmed(key)
    staff.post(f"/portal/orders/{reference}/pick", data={"code": "3*MUG"})
    staff.post(path(reference), data=sent({"units-1": "2"}, {"units-1": "1"}))

    with transaction(OPS) as now:
        orders.cancel(key, {"1": 2}, actor="ops", reason="", now=now)

    assert [units for *_, units in parcels_of(reference)] == [{"1": 1}, None]
    whole()


def test_what_left_without_a_parcel_breaks_nothing(staff: FlaskClient) -> None:
    (reference,) = confirmed(routed_order(lines=[line("MUG", 3)]))
    send(reference, parcel(1, NOW, _1=1))
    staff.post(f"/portal/orders/{reference}/pick", data={"code": "2*MUG"})

    answer = staff.post(path(reference), data=sent({"units-1": "2"}))

    assert answer.status_code == 303
    assert parcels_of(reference)[-1] == (1, None, None, None, {"1": 2})
    whole()


def test_what_is_to_be_packed_stands_in_its_order(staff: FlaskClient) -> None:
    (half,) = confirmed(routed_order(lines=[line("MUG", 2)]))
    staff.post(f"/portal/orders/{half}/pick", data={"code": "MUG"})
    ready, packed = picked(staff), picked(staff)
    staff.post(path(packed), data=sent({"units-1": "2"}))

    page = staff.get("/portal/pack").text

    assert re.findall(r'<h3><a class="code" href="[^"]+">([^<]+)', page) == [ready, half, packed]
    for told in ("To pack 1 order.", "Still being picked 1 order.", "Packed 1 order.", "1 parcel"):
        assert told in words(page)


def test_whoever_looks_sees_the_parcels_and_changes_none(app: Flask, staff: FlaskClient) -> None:
    reference = picked(staff)
    staff.post(path(reference), data=sent({"units-1": "2"}))
    agent = browser_of(app, make_person("ops_agent"))
    agent.post("/console/vendors/kiln/view")

    page = agent.get(path(reference)).text
    tried = agent.post(path(reference), data=sent({"units-1": "1"}, {"units-1": "1"}))

    assert tried.status_code == 403
    assert "Parcel 1 of 1" in words(page)
    assert 'method="post" novalidate' not in page
    assert 'name="do"' not in page
    assert len(parcels_of(reference)) == 1


def test_another_vendors_parcels_do_not_exist(app: Flask, staff: FlaskClient) -> None:
    other = make_vendor_with_stock("tallow", {"SOAP": 5})
    reference = picked(staff)
    stranger = browser_of(app, make_person("vendor_staff", "Ida", vendor=other))

    answers = [
        stranger.get(path(reference)),
        stranger.post(path(reference), data=sent({"units-1": "2"})),
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert parcels_of(reference) == []


def test_pages_cost_few_statements(staff: FlaskClient) -> None:
    reference = picked(staff)
    picked(staff)
    costs = []
    for page in ("/portal/pack", path(reference)):
        staff.get(page)
        with statements() as asked:
            staff.get(page)
        costs.append(len(asked))

    assert costs == [3, 6]


# Photos --------------------------------------------------------------------------------------


def shot(color: str = "#a03020", name: str = "IMG_1.jpg") -> tuple[io.BytesIO, str]:
    return io.BytesIO(photo(color=color)), name


def test_photos_are_taken_where_it_is_packed_and_shown_on_its_package(
    app: Flask, staff: FlaskClient
) -> None:
    reference = picked(staff)
    agent = browser_of(app, make_person("ops_agent", "Imani Brooks"))
    form = sent({"units-1": "1"}, {"units-1": "1"})

    answer = staff.post(
        path(reference),
        data=form | {"p1-photos": [shot(), shot("#102030", "b.jpg")]},
        content_type="multipart/form-data",
    )
    _first, second = (
        row.reference for row in rows("SELECT reference FROM packages ORDER BY number")
    )
    taken = rows("SELECT id, taken_by, note_id FROM photos ORDER BY id")
    pages = [
        staff.get(path(reference)).text,
        staff.get(f"/portal/orders/{reference}/ship").text,
        agent.get(f"/console/orders/{one('SELECT reference FROM orders').reference}").text,
    ]

    assert answer.status_code == 303
    assert [(row.taken_by, row.note_id) for row in taken] == [("Noor Aziz", None)] * 2
    for page in pages:
        for n, row in enumerate(taken, 1):
            assert f"/photos/{row.id}" in page
            assert f'alt="Photo {n} of {second}"' in page
    for browser, face in ((staff, "portal"), (agent, "console")):
        assert browser.get(f"/{face}/photos/{taken[0].id}").mimetype == "image/jpeg"
    assert rows("SELECT 1 FROM notes") == []


def test_the_same_photo_is_kept_once_and_more_than_four_are_refused(staff: FlaskClient) -> None:
    reference = picked(staff)
    form = sent({"units-1": "2"})

    def pack(*colors: str) -> Any:
        shots = {"p0-photos": [shot(color) for color in colors]}
        return staff.post(path(reference), data=form | shots, content_type="multipart/form-data")

    codes = [pack("#111111").status_code, pack("#111111", "#222222", "#222222").status_code]
    many = pack("#333333", "#444444", "#555555")

    assert codes == [303, 303]
    assert many.status_code == 422
    assert "has 4 photos at most." in words(many.text)
    assert one("SELECT count(*) FROM photos").count == 2
    assert status(reference) == "packed"


def test_more_photos_than_can_be_drawn_at_once_pack_nothing(staff: FlaskClient) -> None:
    reference = picked(staff, line("MUG", 7))
    form = sent(*[{"units-1": "1"}] * 7)
    shots = {f"p{n}-photos": [shot(), shot("#222222")] for n in range(7)}

    answer = staff.post(path(reference), data=form | shots, content_type="multipart/form-data")

    assert answer.status_code == 422
    assert "Choose at most 12 photos at once; add the others then." in words(answer.text)
    assert (status(reference), parcels_of(reference)) == ("picking", [])


def test_a_file_that_is_no_picture_packs_nothing(staff: FlaskClient) -> None:
    reference = picked(staff)
    bad = {"p0-photos": (io.BytesIO(b"<svg/>"), "x.jpg")}

    answer = staff.post(
        path(reference), data=sent({"units-1": "2"}) | bad, content_type="multipart/form-data"
    )

    assert answer.status_code == 422
    assert "x.jpg cannot be read as a JPEG, PNG or WebP picture." in words(answer.text)
    assert 'aria-describedby="p0-photos-hint p0-photos-err"' in answer.text
    assert (status(reference), parcels_of(reference)) == ("picking", [])


def test_photos_of_a_parcel_that_is_no_more_go_with_it(staff: FlaskClient) -> None:
    reference = picked(staff)
    two = sent({"units-1": "1"}, {"units-1": "1"})
    staff.post(
        path(reference),
        data=two | {"p0-photos": [shot()], "p1-photos": [shot("#222222")]},
        content_type="multipart/form-data",
    )

    staff.post(path(reference), data=sent({"units-1": "2"}))

    kept = rows("SELECT p.number FROM photos h JOIN packages p ON p.id = h.package_id")
    assert [row.number for row in kept] == [1]
