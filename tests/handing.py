"""What tests of labels and hand-overs need: packed orders, labels, forms, and papers read back."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pypdfium2
import zxingcpp
from flask.testing import FlaskClient
from reportlab.pdfgen.canvas import Canvas

from app.extensions import db
from app.orders import service as orders
from app.orders.contract import Action
from app.shared.work import OPS, transaction
from tests.factories import confirmed, one, routed_order, rows

UPS = "1Z5R89390357567127"
OTHER_UPS = "1Z879E930346834440"
WRONG_UPS = "1Z879E930346834441"
# What a printer of labels draws.
DOTS = 203 / 72
# Each unit of an order's first line in a package of its own.
SPLIT = (
    "WITH p AS (INSERT INTO packages (id, vendor_id, order_id, fo_id, cohort, reference, number,"
    " packed_at, packed_by) SELECT gen_random_uuid(), vendor_id, order_id, id, cohort,"
    " 'PK-' || :n || right(reference, 9), :n, now(), 'tests' FROM fulfillment_orders"
    " WHERE reference = :r RETURNING id, fo_id)"
    " INSERT INTO package_lines (package_id, fo_line_id, vendor_id, quantity)"
    " SELECT p.id, l.id, l.vendor_id, 1 FROM p JOIN fo_lines l ON l.fo_id = p.fo_id"
)


def told(page: str) -> str:
    """Return what a page says, without its marks."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def packed(number: str = "A-1", **changes: Any) -> str:
    """Have an order confirmed and packed; return its fulfillment order."""
    (reference,) = confirmed(routed_order(number, **changes))
    with transaction(OPS) as now:
        orders.act([reference], Action.PACK, actor="tests", now=now)
    return reference


def in_two(reference: str) -> list[str]:
    """Pack an order of two units in two packages; return them."""
    with transaction(OPS):
        for n in (1, 2):
            db.session.execute(db.text(SPLIT), {"n": n, "r": reference})
    return packages(reference)


def packages(reference: str) -> list[str]:
    """Return a fulfillment order's packages."""
    found = rows(
        "SELECT p.reference FROM packages p JOIN fulfillment_orders f ON f.id = p.fo_id"
        " WHERE f.reference = :r ORDER BY p.number",
        r=reference,
    )
    return [row.reference for row in found]


def labeled(browser: FlaskClient, number: str = "A-1", **changes: Any) -> tuple[str, str]:
    """Have an order packed and labeled in the portal; return it and its only package."""
    reference = packed(number, **changes)
    assert browser.post(f"/portal/orders/{reference}/labels").status_code == 303
    (package,) = packages(reference)
    return reference, package


def form(package: str, number: str, carrier: str = "", **more: str) -> dict[str, str]:
    """Return the form of a hand-over of one package."""
    sent = {f"{package}-goes": "yes", f"{package}-number": number, f"{package}-carrier": carrier}
    return sent | {f"{package}-{name}": value for name, value in more.items()}


def shipments() -> list[tuple[str, str, str]]:
    """Return every parcel that has left: carrier, number, and its package or nothing."""
    found = rows(
        "SELECT s.carrier, s.tracking_number, coalesce(p.reference, '') AS package FROM shipments s"
        " LEFT JOIN packages p ON p.shipment_id = s.id ORDER BY s.tracking_number"
    )
    return [(row.carrier, row.tracking_number, row.package) for row in found]


def status(reference: str) -> str:
    """Return how far a fulfillment order is."""
    sql = "SELECT status FROM fulfillment_orders WHERE reference = :r"
    return str(one(sql, r=reference).status)


@contextmanager
def opened(content: bytes) -> Iterator[Any]:
    """Open a PDF."""
    document = pypdfium2.PdfDocument(content)
    try:
        yield document
    finally:
        document.close()


def carrier_pdf(*words: str) -> bytes:
    """Return a label as a carrier makes it: a page for each of some words."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(288, 432))
    for said in words:
        canvas.drawString(20, 200, said)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def pages(content: bytes) -> list[str]:
    """Return the words of each page of a PDF."""
    found = []
    with opened(content) as document:
        for page in document:
            text = page.get_textpage()
            found.append(text.get_text_range())
            text.close()
            page.close()
    return found


def codes(content: bytes) -> list[tuple[str, str]]:
    """Return what a reader reads on each page as a printer of labels draws it: kind and content."""
    found = []
    with opened(content) as document:
        for page in document:
            drawn = page.render(scale=DOTS)
            read = zxingcpp.read_barcodes(drawn.to_pil())
            found += [(code.format.name, code.text) for code in read]
            drawn.close()
            page.close()
    return sorted(found)
