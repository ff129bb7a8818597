"""Notes on the pages of an order: written, refused, looked at, and hidden from whom they must."""

from __future__ import annotations

import html
import io
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import encode_multipart

from app.threads import forms
from tests.factories import line, make_vendor_with_stock, one, routed_order, rows
from tests.people import browser_of, make_person
from tests.pictures import photo, telling_photo

SECRET = "Only ops may read this"


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 50})


@pytest.fixture
def ridge(app: Flask) -> UUID:
    return make_vendor_with_stock("ridge", {"LAMP": 50})


@pytest.fixture
def order(kiln: UUID, ridge: UUID) -> str:
    """An order that both vendors fulfill."""
    routed_order("A-1", [line("MUG"), line("LAMP", name="2")])
    return str(one("SELECT reference FROM orders").reference)


@pytest.fixture
def vendors(kiln: UUID, ridge: UUID) -> tuple[UUID, UUID]:
    return kiln, ridge


@pytest.fixture
def noor(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_staff", "Noor Aziz", vendor=kiln))


@pytest.fixture
def bo(app: Flask, ridge: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_owner", "Bo Ek", vendor=ridge))


People = tuple[FlaskClient, FlaskClient, FlaskClient]


@pytest.fixture
def people(ops_client: FlaskClient, noor: FlaskClient, bo: FlaskClient) -> People:
    return ops_client, noor, bo


def work_of(vendor: UUID) -> str:
    found = one("SELECT reference FROM fulfillment_orders WHERE vendor_id = :id", id=vendor)
    return str(found.reference)


def write(
    browser: FlaskClient, path: str, body: str = "", *files: tuple[str, bytes], **fields: Any
) -> Any:
    sent = [FileStorage(io.BytesIO(content), name) for name, content in files]
    form = {"body": body, "once": str(uuid4()), "sees": "internal", "photos": sent} | fields
    # Encoded here: the client would leave a file of its own open.
    boundary, encoded = encode_multipart(MultiDict(form))
    kind = f"multipart/form-data; boundary={boundary}"
    return browser.post(f"{path}/notes", data=encoded, content_type=kind)


def words(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def thread(page: str) -> str:
    return page[page.index('<ul class="plain notes">') :].partition("</section>")[0]


def test_ops_choose_who_sees_a_note_and_it_says_so_in_full_words(
    ops_client: FlaskClient, order: str, kiln: UUID
) -> None:
    path = f"/console/orders/{order}"
    form = words(ops_client.get(path).text)
    assert "Internal Never leaves ops." in form
    assert f"The vendor sees this Kiln reads it at {work_of(kiln)}." in form
    # The customer has no page yet that would show it.
    assert "The customer sees this" not in form

    assert write(ops_client, path, SECRET).headers["Location"] == f"{path}#notes"
    write(ops_client, path, "Nothing for you to do.", sees=f"vendor:{kiln}")

    told = words(thread(ops_client.get(path).text))
    assert told.index("The vendor sees this ( Kiln )") < told.index("Nothing for you to do.")
    assert told.index("Nothing for you to do.") < told.index("Internal Only ops may read this")


def test_a_vendor_writes_to_ops_and_its_team_and_to_nobody_else(
    people: People, order: str, vendors: tuple[UUID, UUID]
) -> None:
    (ops_client, noor, bo), (kiln, ridge) = people, vendors
    path = f"/portal/orders/{work_of(kiln)}"
    assert "Ops and your team see this" in words(noor.get(path).text)

    # Whatever the form is made to say, a vendor's note is for ops and its team.
    assert write(noor, path, "One is cracked.", sees="internal").status_code == 302

    assert "One is cracked." in noor.get(path).text
    assert "One is cracked." in ops_client.get(f"/console/orders/{order}").text
    assert "One is cracked." not in bo.get(f"/portal/orders/{work_of(ridge)}").text


def test_no_page_photo_or_refusal_tells_a_vendor_of_a_note_that_is_not_its_own(
    people: People, order: str, vendors: tuple[UUID, UUID]
) -> None:
    (ops_client, noor, bo), (kiln, ridge) = people, vendors
    ops, path = f"/console/orders/{order}", f"/portal/orders/{work_of(kiln)}"
    before = noor.get(path).text
    write(ops_client, ops, SECRET, ("internal.jpg", photo()))
    write(ops_client, ops, SECRET, ("ridges.jpg", photo()), sees=f"vendor:{ridge}")
    hidden = [row.id for row in rows("SELECT id FROM photos ORDER BY id")]

    after = noor.get(path).text
    assert '<ul class="plain notes">' not in after
    assert same(after) == same(before)
    for key in hidden:
        never, theirs = (noor.get(f"/portal/photos/{k}") for k in (uuid4(), key))
        assert (theirs.status_code, never.status_code) == (404, 404)
        assert strip_request(theirs.text) == strip_request(never.text)
        assert noor.get(f"/console/photos/{key}").status_code == 403
    assert bo.get(f"/portal/photos/{hidden[1]}").status_code == 200
    answer = write(noor, f"/portal/orders/{work_of(ridge)}", "Hello")
    assert answer.status_code == 404
    assert SECRET not in answer.text
    assert one("SELECT count(*) AS n FROM notes").n == 2


def same(page: str) -> str:
    """Return what a page shows, but for what is new on it each time."""
    new = r'name="(?:once|csrf_token)" value="[^"]+"'
    return re.sub(new, "", page[page.index("<main") :])


def strip_request(page: str) -> str:
    """Return a refusal without the request's name, the address that was asked and the time."""
    return re.sub(r'[0-9a-f-]{36}|\b[0-9a-f]{12}\b|data-[a-z]+="[^"]+"', "", page)


def test_a_stranger_sees_no_photo(ops_client: FlaskClient, client: FlaskClient, order: str) -> None:
    write(ops_client, f"/console/orders/{order}", "x", ("a.jpg", photo()))
    key = one("SELECT id FROM photos").id

    for face in ("console", "portal"):
        answer = client.get(f"/{face}/photos/{key}")
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/signin")


def test_a_photo_is_served_as_a_picture_that_can_do_nothing(
    ops_client: FlaskClient, order: str
) -> None:
    path = f"/console/orders/{order}"
    write(ops_client, path, "", ("../sh<elf/cr;ack.jpg", telling_photo()))
    row = one("SELECT id, content FROM photos")

    page, answer = ops_client.get(path).text, ops_client.get(f"/console/photos/{row.id}")

    assert "crack.jpg, photo with the note of Imani Brooks" in page
    assert answer.data == bytes(row.content)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Disposition"] == "inline; filename=crack.jpg"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ([("page.jpg", b"<script>alert(1)</script>")], "page.jpg cannot be read as a JPEG"),
        ([("a.jpg", photo()), ("b.gif", photo(kind="GIF"))], "b.gif cannot be read as a JPEG"),
        ([("a.jpg", photo())] * 5, "Add at most 4 photos to a note; these are 5."),
        ([("big.jpg", photo() + b"0" * (8 << 20))], "big.jpg is larger than 8 MB."),
    ],
)
def test_a_file_that_is_no_photo_is_named_and_nothing_is_written(
    ops_client: FlaskClient, order: str, files: list[tuple[str, bytes]], told: str
) -> None:
    answer = write(ops_client, f"/console/orders/{order}", "What I wrote", *files)

    assert answer.status_code == 422
    assert told in words(answer.text)
    assert "What I wrote</textarea>" in answer.text
    assert rows("SELECT 1 FROM notes") == []


def test_photos_for_a_whole_note_fit_and_more_is_not_read(
    ops_client: FlaskClient, client: FlaskClient, order: str, kiln: UUID
) -> None:
    path = f"/console/orders/{order}"
    heavy = photo() + b"\0" * (5 << 20)

    assert write(ops_client, path, "x", *[("a.jpg", heavy)] * 4).status_code == 302
    assert write(ops_client, path, "x", ("a.jpg", b"0" * forms.MOST_BYTES)).status_code == 413
    # Nobody who has not come in sends us that much.
    assert write(client, path, "x", *[("a.jpg", heavy)] * 2).status_code == 413


@pytest.mark.parametrize("sees", ["", "customer", "vendor", "vendor:nobody"])
def test_a_choice_that_was_not_offered_is_refused(
    ops_client: FlaskClient, order: str, sees: str
) -> None:
    answer = write(ops_client, f"/console/orders/{order}", "Hello", sees=sees)

    assert answer.status_code == 422
    assert "Choose who sees this note." in answer.text
    assert rows("SELECT 1 FROM notes") == []


def test_a_note_is_not_for_a_vendor_that_has_no_part_in_the_order(
    ops_client: FlaskClient, order: str
) -> None:
    other = make_vendor_with_stock("other", {"X": 1})

    answer = write(ops_client, f"/console/orders/{order}", "Hello", sees=f"vendor:{other}")

    assert answer.status_code == 422
    assert rows("SELECT 1 FROM notes") == []


def test_an_empty_note_keeps_the_choice_that_was_made(
    ops_client: FlaskClient, order: str, kiln: UUID
) -> None:
    answer = write(ops_client, f"/console/orders/{order}", " ", sees=f"vendor:{kiln}")

    assert answer.status_code == 422
    assert "Write something, or add a photo." in answer.text
    assert re.search(rf'value="vendor:{kiln}"[^>]* checked', answer.text)


def test_a_form_sent_twice_is_one_note(ops_client: FlaskClient, order: str) -> None:
    once = str(uuid4())

    for _ in range(2):
        answer = write(ops_client, f"/console/orders/{order}", "Twice", once=once)
        assert answer.status_code == 302

    assert one("SELECT count(*) AS n FROM notes").n == 1


def test_whoever_writes_is_told_which_names_reach_somebody(
    app: Flask, ops_client: FlaskClient, order: str
) -> None:
    for name in ("Jonas Weber", "Jonas Berg", "Edith Moreau"):
        make_person("ops_lead", name, email=f"{name.replace(' ', '.').lower()}@example.org")
    path = f"/console/orders/{order}"

    write(ops_client, path, "@edith, ask @Jonas or @Nobody\n<b>@Edith Moreau</b>")

    page = ops_client.get(path).text
    told = words(page)
    assert "Written. Edith Moreau is told." in told
    assert "@Jonas fits several people." in told
    assert "Nobody who sees this note is called @Nobody." in told
    assert '&lt;b&gt;<b class="named">@Edith Moreau</b>&lt;/b&gt;' in page


def test_a_vendor_is_offered_its_team_and_who_of_ops_has_written(
    app: Flask, ops_client: FlaskClient, noor: FlaskClient, order: str, kiln: UUID
) -> None:
    make_person("ops_lead", "Jonas Weber")
    path = f"/portal/orders/{work_of(kiln)}"
    offered = re.compile(r'<option value="([^"]+)"')
    assert offered.findall(noor.get(path).text) == ["Noor Aziz"]

    write(ops_client, f"/console/orders/{order}", "Hello", sees=f"vendor:{kiln}")

    assert offered.findall(noor.get(path).text) == ["Imani Brooks", "Noor Aziz"]


def test_a_vendor_is_told_whom_it_can_name_and_not_who_there_is(
    app: Flask, noor: FlaskClient, order: str, kiln: UUID
) -> None:
    make_person("ops_lead", "Jonas Weber")
    path = f"/portal/orders/{work_of(kiln)}"

    write(noor, path, "@Jonas, please look; @Noor, you too, and @Nobody")

    told = words(noor.get(path).text)
    assert (
        "Nobody of your team, or of ops who have written here, is called @Jonas or @Nobody."
        " It stands as text."
    ) in told
    assert "Nobody who sees this note" not in told


def test_ops_who_look_over_a_vendors_shoulder_read_and_cannot_write(
    app: Flask, ops_client: FlaskClient, noor: FlaskClient, order: str, kiln: UUID
) -> None:
    path = f"/portal/orders/{work_of(kiln)}"
    write(noor, path, "One is cracked.", ("a.jpg", photo()))
    write(ops_client, f"/console/orders/{order}", SECRET)
    ops_client.post("/console/vendors/kiln/view")

    page = ops_client.get(path).text

    assert "One is cracked." in page
    assert SECRET not in page
    assert "Write the note" not in page
    assert ops_client.get(f"/portal/photos/{one('SELECT id FROM photos').id}").status_code == 200
    assert write(ops_client, path, "Hello").status_code == 403
    assert one("SELECT count(*) AS n FROM notes").n == 2


def test_long_threads_show_twenty_and_then_all(ops_client: FlaskClient, order: str) -> None:
    path = f"/console/orders/{order}"
    for n in range(22):
        write(ops_client, path, f"Note {n:02d}.")

    few, everything = ops_client.get(path).text, ops_client.get(f"{path}?notes=all").text

    assert "2 earlier notes" in few
    assert "Note 01." not in few
    assert "Note 01." in everything
    assert "earlier note" not in everything
