"""S24, S49, S51: labels that vendors send, and papers, lists and parcels that are not one's own."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from pypdf import PdfWriter
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from app.shipments.labels.vendors_own import MOST_BYTES
from tests.factories import line, make_vendor_with_stock, one, rows
from tests.handing import (
    OTHER_UPS,
    UPS,
    WRONG_UPS,
    carrier_pdf,
    form,
    labeled,
    pages,
    shipments,
    told,
)
from tests.people import browser_of, make_person

PLAIN_PDF = carrier_pdf("Label of a carrier")
BROKEN = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
# What a label needs none of, as a PDF calls it; and what stands in ours of it.
ACTIVE = (b"/JS", b"/JavaScript", b"/Launch", b"/OpenAction", b"/AA", b"/EmbeddedFile", b"/Annots")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 500})


@pytest.fixture
def noor(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_staff", "Noor Aziz", vendor=kiln))


@pytest.fixture
def rival(app: Flask) -> FlaskClient:
    """Somebody of another vendor."""
    tallow = make_vendor_with_stock("tallow", {"CANDLE": 500})
    return browser_of(app, make_person("vendor_owner", "Ruth Adler", vendor=tallow))


def png(width: int = 400, height: int = 600) -> bytes:
    packed = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(packed, "PNG")
    return packed.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def bomb(width: int, height: int) -> bytes:
    """Return a picture of few bytes that says it has very many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\x00" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body


def stream(words: str, data: bytes) -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (words.encode(), len(data), data)


def unfolding(mib: int) -> bytes:
    """Return few bytes that unfold to so many."""
    pack = zlib.compressobj()
    return b"".join(pack.compress(bytes(2**20)) for _ in range(mib)) + pack.flush()


DRAWN = zlib.compress(b"BT /A 12 Tf 20 200 Td (Label of a carrier) Tj ET")
HIDDEN = """\
<</Type/Catalog/Pages 2 0 R/OpenAction 5 0 R/Names<</EmbeddedFiles<</Names[(x) 7 0 R]>>>>>>
<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 288 432]>>
<</Type/Page/AA<</O 5 0 R>>/Annots[6 0 R]/Contents 9 0 R/Resources<</Font<</A 4 0 R>>>>>>
<</Type/Font/Subtype/Type1/BaseFont/Helvetica/AA<</O 5 0 R>>>>
<</S/JavaScript/JS(app.alert)>>
<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/Launch/F(calc.exe)>>>>
<</Type/Filespec/F(x)/EF<</F 10 0 R>>>>"""


def packed_pdf(drawn: bytes = DRAWN) -> bytes:
    """Return a PDF that runs, starts and carries something, all of it packed out of sight."""
    objects = HIDDEN.split("\n")
    starts = [sum(len(one) + 1 for one in objects[:n]) for n in range(len(objects))]
    head = " ".join(f"{n} {start}" for n, start in enumerate(starts, 1)) + " "
    about = f"/Type/ObjStm/N {len(objects)}/First {len(head)}/Filter/FlateDecode"
    bodies = [
        stream(about, zlib.compress((head + HIDDEN).encode())),
        stream("/Filter/FlateDecode", drawn),
        stream("/Type/EmbeddedFile", b"PWND"),
    ]
    made, table = b"%PDF-1.5\n", [(0, 0, 255)]
    table += [(2, 8, n) for n in range(len(objects))]
    for n, body in enumerate(bodies, 8):
        table.append((1, len(made), 0))
        made += b"%d 0 obj" % n + body + b"\nendobj\n"
    table.append((1, len(made), 0))
    cells = b"".join(bytes([kind]) + at.to_bytes(3) + bytes([n]) for kind, at, n in table)
    index = stream("/Type/XRef/Size 12/W[1 3 1]/Root 1 0 R", cells)
    return made + b"11 0 obj" + index + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(made)


def locked_pdf() -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(PLAIN_PDF))
    writer.encrypt("secret", algorithm="RC4-128")
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def send(browser: FlaskClient, package: str, content: bytes, **fields: Any) -> Any:
    file = FileStorage(io.BytesIO(content), fields.pop("name", "label.pdf"))
    # Encoded here: the client would leave a file of its own open.
    boundary, encoded = encode_multipart(MultiDict({"file": file, "number": UPS} | fields))
    kind = f"multipart/form-data; boundary={boundary}"
    return browser.post(f"/portal/packages/{package}/label", data=encoded, content_type=kind)


@pytest.mark.parametrize(("content", "ending"), [(PLAIN_PDF, "pdf"), (png(), "png")])
def test_s49_a_carriers_own_label_comes_back_as_a_file_and_never_as_a_page(
    noor: FlaskClient, content: bytes, ending: str
) -> None:
    _reference, package = labeled(noor)

    kept = send(noor, package, content, name='../../x".html\r\nSet-Cookie: a=b')
    file = noor.get(f"/portal/packages/{package}/label.pdf")

    assert kept.status_code == 303
    assert file.headers["Content-Disposition"] == f'attachment; filename="{package}-label.{ending}"'
    assert file.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.mimetype == {"pdf": "application/pdf", "png": "image/png"}[ending]
    assert file.data.startswith(content[:5])
    live = one("SELECT provider, carrier, tracking_number FROM labels WHERE voided_at IS NULL")
    assert tuple(live) == ("vendors_own", "ups", UPS)
    assert one("SELECT void_reason FROM labels WHERE voided_at IS NOT NULL").void_reason


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (SVG, "The file is neither a PDF nor a PNG."),
        (b"<!doctype html><script>alert(1)</script>", "The file is neither a PDF nor a PNG."),
        (b"GIF89a" + PLAIN_PDF, "The file is neither a PDF nor a PNG."),
        (b"\n" + PLAIN_PDF, "The file is neither a PDF nor a PNG."),
        (b"%PDF-1.4 but no end of it", "The file is neither a PDF nor a PNG."),
        (BROKEN, "The PDF cannot be read"),
        (b"%PDF-1.4\nnothing of one %%EOF", "The PDF cannot be read"),
        (locked_pdf(), "The PDF is locked with a password"),
        (carrier_pdf(*"123456789"), "The PDF has too many pages"),
        (packed_pdf(unfolding(140)), "The PDF is too heavy"),
        (bomb(20_000, 20_000), "The picture has too many pixels."),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, "The picture cannot be read."),
        (b"", "Choose the label's file: a PDF or a PNG."),
        (PLAIN_PDF + b" " * MOST_BYTES + b"%%EOF", "The file is larger than 2 MB."),
    ],
)
def test_s49_what_is_no_label_is_refused_and_nothing_is_kept(
    noor: FlaskClient, content: bytes, said: str
) -> None:
    _reference, package = labeled(noor)

    answer = send(noor, package, content)

    assert answer.status_code == 422
    assert said in told(answer.text)
    assert [row.provider for row in rows("SELECT provider FROM labels")] == ["own"]


def test_s49_a_label_that_is_far_too_large_is_not_even_read(noor: FlaskClient) -> None:
    _reference, package = labeled(noor)

    answer = send(noor, package, PLAIN_PDF + b" " * (2 * MOST_BYTES))

    assert answer.status_code == 413


@pytest.mark.parametrize(
    "content",
    [
        packed_pdf(),
        PLAIN_PDF.replace(b"/Type /Catalog", b"/Type /Catalog /OpenAction <</S/JavaScript/JS(x)>>"),
    ],
)
def test_s49_a_pdf_keeps_nothing_but_what_is_drawn_on_its_pages(
    noor: FlaskClient, content: bytes
) -> None:
    _reference, package = labeled(noor)

    kept = send(noor, package, content)
    file = noor.get(f"/portal/packages/{package}/label.pdf")
    stored = one("SELECT content FROM labels WHERE voided_at IS NULL").content

    assert kept.status_code == 303
    assert pages(file.data) == ["Label of a carrier"]
    for found in (file.data, stored):
        assert [word for word in (*ACTIVE, b"alert", b"calc", b"PWND") if word in found] == []


def test_s49_a_picture_keeps_nothing_but_its_pixels(noor: FlaskClient) -> None:
    _reference, package = labeled(noor)
    hidden = png()[:-12] + chunk(b"tEXt", b"Comment\x00PWND") + png()[-12:] + b"<script>"

    send(noor, package, hidden)
    file = noor.get(f"/portal/packages/{package}/label.pdf")

    assert file.mimetype == "image/png"
    assert b"PWND" not in file.data
    assert b"<script>" not in file.data


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"number": ""}, "Type the number that stands on the label."),
        ({"number": WRONG_UPS, "carrier": "ups"}, "has a wrong check digit"),
        ({"number": "ABCDE12345"}, "Choose the carrier: the number does not tell it."),
    ],
)
def test_s51_a_label_without_a_right_number_is_refused(
    noor: FlaskClient, fields: dict[str, str], said: str
) -> None:
    _reference, package = labeled(noor)

    answer = send(noor, package, PLAIN_PDF, **fields)

    assert answer.status_code == 422
    assert said in told(answer.text)


def test_s51_one_number_is_on_one_label(noor: FlaskClient) -> None:
    _first, a = labeled(noor, "A-1")
    _second, b = labeled(noor, "A-2")
    send(noor, a, PLAIN_PDF)

    answer = send(noor, b, PLAIN_PDF)

    assert answer.status_code == 409
    assert f"{UPS} is another parcel's number" in told(answer.text)


def test_s24_names_in_a_form_or_a_question_reach_nothing_of_another_vendor(
    noor: FlaskClient, rival: FlaskClient
) -> None:
    reference, package = labeled(noor)
    _theirs, candle = labeled(rival, "B-1", lines=[line("CANDLE")])
    before = rows("SELECT l::text, p::text FROM labels l JOIN packages p ON p.id = l.package_id")

    answers = [
        rival.get(f"/portal/ship/papers.pdf?of={reference}"),
        rival.post("/portal/ship/print", data={"of": [_theirs, reference]}),
        rival.get(f"/portal/packages/{package}/label.pdf"),
        rival.post(f"/portal/orders/{reference}/ship", data=form(package, UPS)),
    ]
    listed = rival.post(
        "/portal/ship/many",
        data={"rows": f"{reference},ups,{UPS}\n{package},ups,{OTHER_UPS}\nA-1,ups,{UPS}9"},
    )
    swapped = rival.post(
        f"/portal/orders/{_theirs}/ship", data=form(package, UPS) | form(candle, OTHER_UPS)
    )

    assert {answer.status_code for answer in answers} == {404}
    assert told(listed.text).count("You have no order and no parcel called") == 3
    assert swapped.status_code == 303
    assert [row[1] for row in shipments()] == [OTHER_UPS]
    after = rows("SELECT l::text, p::text FROM labels l JOIN packages p ON p.id = l.package_id")
    mine = [tuple(row) for row in after if package in row[1]]
    assert mine == [tuple(row) for row in before if package in row[1]]


@pytest.mark.parametrize(
    "path",
    [
        "/portal/packages/../orders/label.pdf",
        "/portal/packages/..%2f..%2fetc%2fpasswd/label.pdf",
        "/portal/packages/PK-1%00/label.pdf",
        "/portal/packages/%2e%2e/slip.pdf",
    ],
)
def test_s24_no_path_leads_out(noor: FlaskClient, path: str) -> None:
    assert noor.get(path).status_code in {404, 422}
