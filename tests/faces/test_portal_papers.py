"""Papers in the portal: labels, slips, receipts and gift notes, printed, printed again, voided."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from uuid import UUID

import pytest
import zxingcpp
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from zxingcpp import BarcodeFormat

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
from tests.handing import (
    OTHER_UPS,
    UPS,
    carrier_pdf,
    codes,
    form,
    labeled,
    packed,
    pages,
    status,
    told,
)
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


def bring(browser: FlaskClient, package: str, content: bytes, number: str) -> None:
    """Bring a carrier's own label for a package."""
    sent = {"file": (io.BytesIO(content), "label"), "number": number}
    assert browser.post(f"/portal/packages/{package}/label", data=sent).status_code == 303


def bars(number: str) -> bytes:
    """Return a carrier's label as a picture: wide, as carriers' web pages give it."""
    drawn = BarcodeFormat.Code128
    code = zxingcpp.write_barcode_to_image(zxingcpp.create_barcode(number, drawn), scale=4)
    picture = Image.new("L", (1200, 800), "white")
    picture.paste(Image.fromarray(code), (100, 200))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def test_carriers_labels_lie_among_the_papers_of_their_parcels(noor: FlaskClient) -> None:
    a, first = labeled(noor, "A-1")
    b, second = labeled(noor, "A-2")
    bring(noor, first, carrier_pdf("Carrier page 1", "Carrier page 2"), UPS)
    bring(noor, second, bars(OTHER_UPS), OTHER_UPS)

    file = noor.get(f"/portal/ship/papers.pdf?of={a}&of={b}")

    found = pages(file.data)
    words = ["Carrier page 1", "Carrier page 2", "Packing slip", "€", "", "Packing slip", "€"]
    assert [word in page for word, page in zip(words, found, strict=True)] == [True] * 7
    assert found[4] == ""
    assert "A-2" in found[5]
    assert ("Code128", OTHER_UPS) in codes(file.data)
    assert file.headers["Content-Disposition"] == 'inline; filename="papers.pdf"'


def test_a_carriers_label_that_cannot_be_read_any_more_is_said_in_its_place(
    noor: FlaskClient,
) -> None:
    a, first = labeled(noor, "A-1")
    b, second = labeled(noor, "A-2")
    bring(noor, first, carrier_pdf("Lost"), UPS)
    bring(noor, second, carrier_pdf("Carrier page"), OTHER_UPS)
    with transaction(OPS):
        broken = "UPDATE labels SET content = '%PDF-1.4 %%EOF' WHERE tracking_number = :n"
        db.session.execute(db.text(broken), {"n": UPS})

    found = pages(noor.get(f"/portal/ship/papers.pdf?of={a}&of={b}").data)

    assert f"label of {first} cannot be put" in re.sub(r"\s+", " ", found[0])
    assert found[3] == "Carrier page"
    assert len(found) == 6


def test_labels_that_are_too_heavy_together_are_not_bound(noor: FlaskClient) -> None:
    reference, package = labeled(noor, "A-1")
    bring(noor, package, carrier_pdf("Carrier page"), UPS)
    heavy = (
        "INSERT INTO labels (id, vendor_id, package_id, provider, made_at, made_by, media_type,"
        " content) SELECT gen_random_uuid(), p.vendor_id, p.id, 'vendors_own', now(), 'x',"
        " 'application/pdf', CAST(repeat('x', 2000000) AS bytea) FROM packages p"
        " WHERE p.number > 1"
    )
    more = (
        "INSERT INTO packages (id, vendor_id, order_id, fo_id, cohort, reference, number,"
        " packed_at, packed_by) SELECT gen_random_uuid(), vendor_id, order_id, fo_id, cohort,"
        " 'PK-' || n, n, now(), 'x' FROM packages, generate_series(2, 14) n"
    )
    held = (
        "INSERT INTO package_lines (package_id, fo_line_id, vendor_id, quantity) SELECT p.id,"
        " l.id, l.vendor_id, 1 FROM packages p JOIN fo_lines l ON l.fo_id = p.fo_id"
        " WHERE p.number > 1"
    )
    with transaction(OPS):
        for sql in (more, heavy, held):
            db.session.execute(db.text(sql))

    answer = noor.get(f"/portal/orders/{reference}/papers.pdf")

    assert answer.status_code == 409
    assert "too heavy for one file. Print fewer at once." in told(answer.text)


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
