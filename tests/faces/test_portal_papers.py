"""Papers in the portal: labels, slips, receipts and gift notes, printed, printed again, voided."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.shared.work import OPS, transaction
from tests.conftest import NOW
from tests.factories import (
    at,
    confirmed,
    line,
    make_vendor_with_stock,
    one,
    policy,
    routed_order,
    rows,
)
from tests.handing import UPS, form, labeled, packed, pages, status, told
from tests.people import browser_of, make_person


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 500}, zone="Europe/Stockholm")


@pytest.fixture
def noor(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_staff", "Noor Aziz", vendor=kiln))


def test_all_papers_are_printed_with_one_button_and_counted(noor: FlaskClient) -> None:
    reference = packed("A-1", lines=[line("MUG", 2)])
    to = {"name": "Bo Ek", "line1": "Gatan 9", "city": "Lund", "postal_code": "222 22"}
    other = packed("A-2", ship_to=to | {"country": "SE"})

    answer = noor.post(f"/portal/orders/{reference}/print")
    file = noor.get(answer.location)
    noor.post(f"/portal/orders/{reference}/print")

    label, slip, receipt = pages(file.data)
    shown = f'inline; filename="{reference}-papers.pdf"'
    assert (file.mimetype, file.headers["Content-Disposition"]) == ("application/pdf", shown)
    assert "NOT A CARRIER LABEL" in label
    assert "Packing slip" in slip
    assert "€25.00" in receipt
    assert not [page for page in (label, slip, receipt) if "Bo Ek" in page or other in page]
    assert one("SELECT printed FROM labels").printed == 2
    assert status(reference) == "ready"


def test_a_gift_gets_its_note_and_no_price(noor: FlaskClient) -> None:
    wishes = {"gift_wrap": True, "gift_message": "Happy birthday, Ada"}
    reference, _package = labeled(noor, preferences=wishes)

    found = pages(noor.get(f"/portal/orders/{reference}/papers.pdf").data)
    note = pages(noor.get(f"/portal/orders/{reference}/gift.pdf").data)

    assert ["Happy birthday, Ada" in page for page in found] == [False, False, True]
    assert not [page for page in found if "€" in page or "12.50" in page]
    assert "Happy birthday, Ada" in note[0]
    assert noor.get(f"/portal/orders/{reference}/receipt.pdf").status_code == 404


def test_the_marketplace_says_what_goes_into_parcels(noor: FlaskClient) -> None:
    policy("papers", slip_copies=2, encloses_receipt=False, encloses_return_slip=True, size="label")
    reference, package = labeled(noor)

    found = pages(noor.get(f"/portal/orders/{reference}/papers.pdf").data)

    words = ["NOT A CARRIER", "copy 1 of 2", "copy 2 of 2", "Return slip"]
    assert [word in page for word, page in zip(words, found, strict=True)] == [True] * 4
    for name in ("slip", "return"):
        assert package in pages(noor.get(f"/portal/packages/{package}/{name}.pdf").data)[0]


def test_papers_of_several_orders_keep_to_their_pages(noor: FlaskClient) -> None:
    a, b = packed("A-1"), packed("A-2")

    answer = noor.post("/portal/ship/print", data={"of": [a, b]})
    found = pages(noor.get(answer.location).data)

    whose = [("A-1" in page, "A-2" in page) for page in found]
    assert whose == [(True, False)] * 3 + [(False, True)] * 3
    assert noor.post("/portal/ship/print").status_code == 422


def test_papers_of_what_is_not_packed_are_refused(noor: FlaskClient) -> None:
    (reference,) = confirmed(routed_order("A-1"))

    answer = noor.get(f"/portal/orders/{reference}/papers.pdf")

    assert answer.status_code == 409
    assert f"{reference} is not packed yet" in told(answer.text)


def test_where_it_went_is_not_printed_when_it_is_not_shown_any_more(noor: FlaskClient) -> None:
    reference, package = labeled(noor)
    noor.post(f"/portal/orders/{reference}/ship", data=form(package, UPS))
    arrived = "UPDATE fulfillment_orders SET status = 'delivered', delivered_at = :now"
    with transaction(OPS) as now:
        db.session.execute(db.text(arrived), {"now": now})
    at(NOW + timedelta(days=400))

    refused = [
        noor.get(f"/portal/{path}")
        for path in (
            f"packages/{package}/label.pdf",
            f"packages/{package}/slip.pdf",
            f"orders/{reference}/papers.pdf",
            f"orders/{reference}/receipt.pdf",
        )
    ]

    assert {answer.status_code for answer in refused} == {409}
    assert "is not shown any more, so it is not printed" in told(refused[0].text)
    assert "Storgatan" not in noor.get(f"/portal/orders/{reference}/ship").text


def test_a_label_is_printed_again_voided_and_made_anew(noor: FlaskClient) -> None:
    reference, package = labeled(noor)

    printed = noor.post(f"/portal/packages/{package}/print")
    without = noor.post(f"/portal/packages/{package}/void", data={"reason": "  "})
    noor.post(f"/portal/packages/{package}/void", data={"reason": "smeared"})
    gone = noor.get(f"/portal/packages/{package}/label.pdf")
    noor.post(f"/portal/orders/{reference}/labels")

    assert noor.get(printed.location).mimetype == "application/pdf"
    assert (without.status_code, "Say why the label is void." in told(without.text)) == (422, True)
    assert (gone.status_code, "has no label yet" in told(gone.text)) == (409, True)
    found = rows("SELECT printed, voided_by, void_reason FROM labels ORDER BY made_at, id")
    assert [tuple(row) for row in found] == [(1, "Noor Aziz", "smeared"), (0, None, None)]


def test_a_label_of_what_has_left_stays(noor: FlaskClient) -> None:
    reference, package = labeled(noor)
    noor.post(f"/portal/orders/{reference}/ship", data=form(package, UPS))

    answer = noor.post(f"/portal/packages/{package}/void", data={"reason": "late"})

    assert answer.status_code == 409
    assert f"{package} has left; its label stays as it is." in told(answer.text)
    assert one("SELECT voided_at FROM labels").voided_at is None


def test_a_label_comes_for_printers_that_speak_zpl(noor: FlaskClient) -> None:
    _reference, package = labeled(noor)

    file = noor.get(f"/portal/packages/{package}/label.zpl")

    assert file.mimetype == "application/zpl"
    assert file.headers["Content-Disposition"] == f'attachment; filename="{package}-label.zpl"'
    assert file.text.startswith("^XA^CI28")
    assert f"^FD{package}^FS" in file.text
