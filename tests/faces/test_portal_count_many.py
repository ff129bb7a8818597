"""A vendor's counts from a list: looked over, then taken row by row, each by itself."""

from __future__ import annotations

import html
import io
import re
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.catalog.service import count_stock, save_listings, save_products
from app.shared.work import OPS, transaction
from app.vendors.queries import location_ids
from app.vendors.service import save_locations
from tests.faces.test_portal_stock import GTIN, count, on_hand, send, words
from tests.factories import line, make_vendor_with_stock, one, routed_order
from tests.people import browser_of, make_person


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    vendor = make_vendor_with_stock("kiln", {"MUG": 40, "MUG-2": 5, "BOWL": 0, "LAMP": 12})
    with transaction(OPS):
        save_products([{"sku": "MUG", "title": "Mug, red", "gtin": GTIN}])
    return vendor


@pytest.fixture
def noor(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_staff", "Noor Aziz", vendor=kiln))


def annex(vendor: UUID, stock: dict[str, int]) -> None:
    """Open another place of a vendor, which has something, too."""
    place = {"code": "annex", "name": "Annex", "zone": "UTC", "country": "SE", "region": None}
    place |= {"city": "Lund", "postal_code": None, "cut_off": "15:00", "handling_days": 1}
    with transaction(OPS):
        save_locations([place | {"vendor_id": vendor}])
        where = location_ids([("kiln", "annex")])["kiln", "annex"].id
        terms = {"cost_minor": 600, "currency": "EUR", "is_active": True, "vendor_id": vendor}
        found = save_listings(
            [terms | {"location_id": where, "sku": sku, "title": sku.title()} for sku in stock]
        )
        count_stock({found[where, sku]: n for sku, n in stock.items()})


def seen_in(page: str) -> str:
    (seen,) = re.findall(r'name="seen" value="([^"]+)"', page)
    return html.unescape(seen)


def test_a_list_is_looked_over_then_counted_row_by_row(noor: FlaskClient, kiln: UUID) -> None:
    annex(kiln, {"LAMP": 2})
    routed_order("A-1", [line("MUG", 3)])
    text = f"{GTIN}, 41\nMUG-2, 5\nbowl, 6\nLAMP, 1\nLAMP, annex, 1\nVASE, 2\nMUG-2, cellar, 1\nX"

    looked = send(noor, text)
    before = [on_hand(sku) for sku in ("MUG", "BOWL")]
    done = send(noor, text, "count", seen_in(looked.text))
    again = send(noor, text, "count", seen_in(looked.text))

    said = words(looked.text)
    assert before == [40, 0]
    for part in (
        "1 MUG Main 40 41 Can be counted",
        "You sell LAMP at annex, main: name the place.",
        "You sell nothing that is called VASE.",
        "Save 3 counts",
    ):
        assert part in said
    assert "What became of it As it is 1 Not taken 4 Counted 3" in words(done.text)
    assert (on_hand("MUG"), on_hand("BOWL"), on_hand("LAMP", "annex")) == (41, 6, 1)
    assert (on_hand("LAMP"), on_hand("MUG-2")) == (12, 5)
    assert "As it is 4" in words(again.text)
    assert one("SELECT facts FROM audit WHERE action = 'stock_list_counted'").facts == {"count": 3}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("MUG, 1\nmug, 2", "MUG stands in the list more than once."),
        ("MUG, 2", "MUG has 3 units held for orders; decline those first."),
        ("MUG-2, cellar, 1", "You sell MUG-2 at main, not at cellar."),
        ("MUG, x", "x is no number of units."),
    ],
)
def test_a_row_that_cannot_be_taken_says_why(noor: FlaskClient, text: str, told: str) -> None:
    routed_order("A-1", [line("MUG", 3)])

    done = send(noor, text, "count")

    assert told in words(done.text)
    assert on_hand("MUG") == 40


def test_what_changed_since_the_list_was_looked_over_is_not_overwritten(noor: FlaskClient) -> None:
    looked = send(noor, "MUG, 30\nLAMP, 13")
    count(noor, "MUG", 7, 40)

    done = send(noor, "MUG, 30\nLAMP, 13", "count", seen_in(looked.text))

    assert "Somebody changed it from 40 to 7 meanwhile." in words(done.text)
    assert (on_hand("MUG"), on_hand("LAMP")) == (7, 13)


@pytest.mark.parametrize(
    "seen", ["", "no", "[]", "null", '{"x": 1}', f'{{"{UUID(int=1)}": Infinity}}', "[" * 9999]
)
def test_what_a_form_says_was_seen_may_be_nonsense(noor: FlaskClient, seen: str) -> None:
    assert send(noor, "LAMP, 13", "count", seen).status_code == 200
    assert on_hand("LAMP") == 13


def test_a_file_is_taken_as_what_is_pasted(noor: FlaskClient) -> None:
    sent = {"file": (io.BytesIO("\ufeffSKU;On hand\nMÜG;1\nMUG;39".encode()), "stock.csv")}
    image = {"file": (io.BytesIO(b"\x00PNG"), "stock.png")}

    looked = noor.post("/portal/stock/count", data=sent, content_type="multipart/form-data")
    wrong = noor.post("/portal/stock/count", data=image, content_type="multipart/form-data")

    assert "Can be counted 1" in words(looked.text)
    assert "You sell nothing that is called MÜG." in words(looked.text)
    assert wrong.status_code == 422


def test_two_lists_at_once_are_one_after_the_other(
    app: Flask, noor: FlaskClient, kiln: UUID
) -> None:
    texts = [f"MUG, {n}\nLAMP, {n}\nBOWL, {n}" for n in (21, 22)]
    other = browser_of(app, make_person("vendor_owner", "Ada", vendor=kiln))

    with ThreadPoolExecutor(2) as pool:
        work = zip((noor, other), texts, strict=True)
        done = list(pool.map(lambda it: send(*it, "count").status_code, work))

    assert done == [200, 200]
    assert len({on_hand(sku) for sku in ("MUG", "LAMP", "BOWL")}) == 1
