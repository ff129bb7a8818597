"""Picking as a page: scans are answered, and nothing wrong is ever counted."""

from __future__ import annotations

import html
import re
from typing import Any
from uuid import UUID, uuid4

import pypdfium2
import pytest
import zxingcpp
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.extensions import db
from app.shared.work import OPS, transaction
from tests.faces.test_audit_page import statements
from tests.factories import (
    confirmed,
    describe,
    line,
    make_vendor_with_stock,
    one,
    routed_order,
    rows,
)
from tests.people import browser_of, make_person

EAN = "4012345678901"
BY_SCRIPT = {"X-Scan": "1"}


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    vendor = make_vendor_with_stock("kiln", {"MUG-RED": 50, "MUG-BLUE": 50, "THROW": 9})
    describe("MUG-RED", "MUG-BLUE", "THROW")
    with transaction(OPS):
        db.session.execute(
            text(
                "UPDATE products SET gtin = :gtin, packing = '[\"fragile\"]',"
                " packing_note = 'Double box' WHERE sku = 'MUG-RED'"
            ),
            {"gtin": EAN},
        )
        db.session.execute(text("UPDATE listings SET title = 'Mug, blue' WHERE sku = 'MUG-BLUE'"))
        db.session.execute(
            text("UPDATE listings SET bin = 'B-07-2', own_code = 'K-77' WHERE sku = 'MUG-RED'")
        )
    return vendor


@pytest.fixture
def staff(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_staff", "Noor Aziz", vendor=kiln))


def to_pick(*lines: dict[str, Any], number: str = "", **changes: Any) -> str:
    mugs = line("MUG-RED", 2, title="Mug, red")
    (reference,) = confirmed(routed_order(number, lines or [mugs], **changes))
    return reference


def words(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def answer_of(page: str) -> str:
    found = re.search(r'<div class="scan-say".*?</div>', page, re.DOTALL)
    return words(found[0]).strip() if found else ""


def tone_of(page: str) -> str:
    return re.findall(r'class="scan-say" data-tone="(\w+)"', page)[0]


def picked(reference: str) -> int:
    return int(
        one(
            "SELECT sum(l.picked) AS n FROM fo_lines l"
            " JOIN fulfillment_orders fo ON fo.id = l.fo_id"
            " WHERE fo.reference = :r",
            r=reference,
        ).n
    )


def test_an_order_is_shown_by_bin_with_what_must_be_seen_to(staff: FlaskClient) -> None:
    wishes = {"gift_wrap": True, "gift_message": "Grattis!"}
    reference = to_pick(
        line("THROW", 1, "2", title="Wool throw"),
        line("MUG-RED", 2, title="Mug, red", options={"glaze": "sand"}),
        preferences=wishes,
    )

    page = staff.get(f"/portal/orders/{reference}/pick").text

    told = words(page)
    assert "0 of 3 units" in told
    assert told.index("B-07-2 Mug, red MUG-RED · K-77 · ends in 8901 · glaze: sand") < told.index(
        "no bin Wool throw"
    )
    for wish in ("Gift wrap", "Gift message", "Grattis!", "Fragile : Mug, red", "Double box"):
        assert wish in told
    assert "Pack, 3 left" in told


@pytest.mark.parametrize(
    ("code", "tone", "said"),
    [
        (EAN, "good", "Right 1 \N{MULTIPLICATION SIGN} Mug, red"),
        (f"2*{EAN}", "good", "Right 2 \N{MULTIPLICATION SIGN} Mug, red"),
        ("k-77", "good", "Right 1 \N{MULTIPLICATION SIGN} Mug, red"),
        ("MUG-BLUE", "crit", "Wrong variant You scanned Mug, blue . Take Mug, red from B-07-2 ."),
        ("THROW", "crit", "Wrong item You scanned Throw . Take Mug, red from B-07-2 ."),
        ("4711", "crit", "Unknown code Nothing of yours is called 4711 . Take Mug, red from"),
        (f"3*{EAN}", "warn", "Too many Only 2 units of Mug, red are still wanted."),
    ],
)
@pytest.mark.parametrize("headers", [{}, BY_SCRIPT])
def test_each_answer_has_its_ground_and_its_words(
    staff: FlaskClient, headers: dict[str, str], code: str, tone: str, said: str
) -> None:
    reference = to_pick()

    answer = staff.post(
        f"/portal/orders/{reference}/pick",
        data={"code": code, "scan": str(uuid4())},
        headers=headers,
    )
    page = answer.text if headers else staff.get(answer.location).text

    assert answer.status_code == (200 if headers else 303)
    assert tone_of(page) == tone
    assert answer_of(page).startswith(said)
    assert picked(reference) == (0 if tone != "good" else 2 if "*" in code else 1)


def test_the_last_unit_opens_the_way_to_the_parcels(staff: FlaskClient) -> None:
    reference, path = to_pick(), "/portal/orders/{}/pick"

    half = staff.post(path.format(reference), data={"code": EAN}, headers=BY_SCRIPT).text
    whole = staff.post(path.format(reference), data={"code": EAN}, headers=BY_SCRIPT).text
    again = staff.post(path.format(reference), data={"code": EAN}, headers=BY_SCRIPT).text

    assert "Pack, 1 left" in words(half)
    assert f'href="/portal/orders/{reference}/pack"' in whole
    assert answer_of(again) == "One too many All of Mug, red is picked already. Put it back."


def test_a_scan_that_is_sent_twice_counts_once(staff: FlaskClient) -> None:
    reference, sent = to_pick(), {"code": EAN, "scan": str(uuid4())}

    for _ in range(2):
        staff.post(f"/portal/orders/{reference}/pick", data=sent)

    assert picked(reference) == 1


def test_the_last_scan_is_put_back_and_units_are_counted_by_hand(staff: FlaskClient) -> None:
    reference, key = to_pick(), str(uuid4())
    path = f"/portal/orders/{reference}/pick"
    staff.post(path, data={"code": EAN, "scan": key})

    undone = staff.post(f"{path}/undo", data={"scan": key}, headers=BY_SCRIPT).text
    by_hand = staff.post(f"{path}/hand", data={"line": "1", "units": "1"}, headers=BY_SCRIPT).text
    back = staff.post(f"{path}/hand", data={"line": "1", "units": "-1"}, headers=BY_SCRIPT).text

    assert answer_of(undone) == "Put back 1 \N{MULTIPLICATION SIGN} Mug, red"
    assert answer_of(by_hand).endswith("Mug, red Next: Mug, red B-07-2")
    assert answer_of(back).startswith("Put back 1 \N{MULTIPLICATION SIGN} Mug, red")
    assert picked(reference) == 0


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"line": "1", "units": "x"}, 422),
        ({"line": "1", "units": "99999999"}, 422),
        ({"line": "9", "units": "1"}, 404),
    ],
)
def test_what_cannot_be_counted_changes_nothing(
    staff: FlaskClient, sent: dict[str, str], status: int
) -> None:
    reference = to_pick()

    answer = staff.post(f"/portal/orders/{reference}/pick/hand", data=sent)

    assert answer.status_code == status
    assert picked(reference) == 0


def test_what_is_not_there_is_given_back(staff: FlaskClient) -> None:
    reference = to_pick()
    sent = {"line": "1", "units": "1", "reason": "damaged", "scan": str(uuid4())}
    path = f"/portal/orders/{reference}/pick"

    answers = [staff.post(f"{path}/short", data=sent) for _ in range(2)]
    page = words(staff.get(path).text)
    wrong = staff.post(f"{path}/short", data=sent | {"reason": "", "scan": str(uuid4())})

    assert [answer.status_code for answer in (*answers, wrong)] == [303, 303, 422]
    assert "1 unit is given back. Somebody else is asked for it." in page
    assert "0 of 1 units" in page


def test_a_bin_is_set_where_one_stands_before_it(staff: FlaskClient) -> None:
    reference = to_pick()
    path = f"/portal/orders/{reference}/pick/bin"

    staff.post(path, data={"line": "1", "bin": " C-1 "})
    refused = staff.post(path, data={"line": "1", "bin": "X" * 41})

    assert refused.status_code == 422
    assert one("SELECT bin FROM listings WHERE sku = 'MUG-RED'").bin == "C-1"


def test_what_is_not_to_be_picked_any_more_is_told_so(staff: FlaskClient) -> None:
    reference = to_pick()
    with transaction(OPS):
        db.session.execute(text("UPDATE fulfillment_orders SET status = 'packed'"))
    path = f"/portal/orders/{reference}/pick"

    page = staff.get(path).text
    late = staff.post(path, data={"code": EAN}, headers=BY_SCRIPT)

    assert 'name="code"' not in page
    assert "There is nothing to pick." in words(page)
    assert late.status_code == 409
    assert answer_of(late.text).startswith(f"Not counted {reference} is packed")
    with transaction(OPS):
        db.session.execute(text("UPDATE fulfillment_orders SET status = 'confirmed'"))


# Walks ---------------------------------------------------------------------------------------


def test_a_walk_takes_ticked_orders_and_names_the_totes(staff: FlaskClient) -> None:
    first = to_pick(line("MUG-RED", 1, title="Mug, red"), number="A-1")
    second = to_pick(line("MUG-RED", 1, title="Mug, red"), number="A-2")
    listed = staff.get("/portal/pick").text

    begun = staff.post("/portal/pick", data={"order": [first, second], "scan": str(uuid4())})
    page = staff.get(begun.location).text
    scanned = staff.post(begun.location, data={"code": EAN}, headers=BY_SCRIPT).text

    assert re.findall(r'name="order" value="([^"]+)" checked', listed) == [first, second]
    assert begun.status_code == 303
    assert "Tote 1 , " + first in words(page)
    into = f"Right 1 \N{MULTIPLICATION SIGN} Mug, red 1 into tote 1 , {first}"
    assert answer_of(scanned) == f"{into} Next: Mug, red B-07-2"
    assert f"Wave {begun.location[-13:]} , order 2 of 2" in words(
        staff.get(f"/portal/orders/{second}/pick").text
    )
    under_way = staff.get("/portal/pick").text
    assert re.findall(r'name="order" value="([^"]+)" checked', under_way) == []
    assert "2 orders · 1 of 2 units" in words(under_way)


def test_a_walk_of_nothing_is_refused(staff: FlaskClient) -> None:
    to_pick()

    answer = staff.post("/portal/pick", data={"scan": str(uuid4())})

    assert answer.status_code == 422
    assert rows("SELECT * FROM waves") == []


def test_the_pick_list_is_read_by_a_scanner(staff: FlaskClient) -> None:
    mug = line("MUG-RED", 2, title="Mug, red")
    throw = line("THROW", 1, "2", title="Wool throw")
    first, second = to_pick(mug, throw, number="A-1"), to_pick(mug, number="A-2")
    begun = staff.post("/portal/pick", data={"order": [first, second]})

    for path, orders in (
        (f"{begun.location}/pick-list.pdf", {first, second}),
        (f"/portal/orders/{first}/pick-list.pdf", {first}),
    ):
        answer = staff.get(path)
        assert answer.mimetype == "application/pdf"
        codes = set()
        document = pypdfium2.PdfDocument(answer.data)
        for sheet in document:
            image = sheet.render(scale=203 / 72).to_pil()
            codes |= {found.text for found in zxingcpp.read_barcodes(image)}
        document.close()
        assert codes == {EAN, "THROW"} | orders


# Who may -------------------------------------------------------------------------------------


def test_whoever_looks_over_a_shoulder_sees_no_form_and_counts_nothing(
    app: Flask, kiln: UUID
) -> None:
    reference = to_pick()
    agent = browser_of(app, make_person("ops_agent"))
    agent.post("/console/vendors/kiln/view")
    path = f"/portal/orders/{reference}/pick"

    pages = [agent.get(p).text for p in (path, "/portal/pick")]
    tried = [
        agent.post(path, data={"code": EAN}),
        agent.post("/portal/pick", data={"order": reference}),
        agent.post(f"{path}/short", data={"line": "1", "units": "1", "reason": "damaged"}),
    ]

    assert not [p for p in pages if "data-scan-act" in p or 'name="order"' in p]
    assert {answer.status_code for answer in tried} == {403}
    assert picked(reference) == 0


def test_another_vendors_orders_and_walks_do_not_exist(app: Flask, staff: FlaskClient) -> None:
    other = make_vendor_with_stock("tallow", {"SOAP": 5})
    reference = to_pick()
    begun = staff.post("/portal/pick", data={"order": [reference]})
    stranger = browser_of(app, make_person("vendor_staff", "Ida", vendor=other))
    path = f"/portal/orders/{reference}/pick"

    answers = [
        stranger.get(path),
        stranger.post(path, data={"code": EAN}),
        stranger.post(f"{path}/hand", data={"line": "1", "units": "1"}),
        stranger.post(f"{path}/undo", data={"scan": str(uuid4())}),
        stranger.post(f"{path}/short", data={"line": "1", "units": "1", "reason": "damaged"}),
        stranger.post(f"{path}/bin", data={"line": "1", "bin": "A"}),
        stranger.get(f"{path}-list.pdf"),
        stranger.get(begun.location),
        stranger.post(begun.location, data={"code": EAN}),
        stranger.post(f"{begun.location}/undo"),
        stranger.get(f"{begun.location}/pick-list.pdf"),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert picked(reference) == 0
    assert one("SELECT bin FROM listings WHERE sku = 'MUG-RED'").bin == "B-07-2"


@pytest.mark.parametrize("many", [1, 6])
def test_pages_cost_three_statements_besides_the_frame(staff: FlaskClient, many: int) -> None:
    names = [to_pick(number=f"A-{n}") for n in range(many)]
    begun = staff.post("/portal/pick", data={"order": names})
    paths = ("/portal/pick", f"/portal/orders/{names[0]}/pick", begun.location)
    costs = []
    for path in paths:
        staff.get(path)
        with statements() as seen:
            staff.get(path)
        costs.append(len(seen))

    assert costs == [3, 5, 6]


def test_the_code_of_an_order_opens_it(staff: FlaskClient) -> None:
    first, second = to_pick(number="A-1"), to_pick(number="A-2")
    path = f"/portal/orders/{first}/pick"

    plain = staff.post(path, data={"code": second.lower()})
    script = staff.post(path, data={"code": second}, headers=BY_SCRIPT)
    nobodys = staff.post(path, data={"code": "FO-0000000000"}, headers=BY_SCRIPT)

    assert plain.location == script.headers["X-Go"] == f"/portal/orders/{second}/pick"
    assert answer_of(nobodys.text).startswith("Unknown code")


def test_what_is_wholly_picked_is_to_be_packed_and_not_to_be_picked(staff: FlaskClient) -> None:
    done, half = to_pick(number="A-1"), to_pick(number="A-2")
    staff.post(f"/portal/orders/{done}/pick", data={"code": f"2*{EAN}"})
    staff.post(f"/portal/orders/{half}/pick", data={"code": EAN})

    page = staff.get("/portal/pick").text

    assert re.findall(r'name="order" value="([^"]+)"', page) == [half]
