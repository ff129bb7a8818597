"""The catalog for ops: what is sold, one SKU, its listings and their stock."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.catalog.service import save_products
from app.shared.work import OPS, transaction
from tests.faces.test_vendor_pages import errors, hidden, words
from tests.factories import (
    line,
    make_order,
    make_vendor_with_stock,
    one,
    routed_order,
    rows,
    run_jobs,
)
from tests.people import sign_in_as

MUG = {"sku": "MUG", "title": "Mug, 350 ml", "gtin": "4006381333931", "weight_g": 420}


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def lead(app: Flask) -> FlaskClient:
    return sign_in_as(app, "ops_lead")


def describe(**changes: object) -> None:
    with transaction(OPS):
        save_products([MUG | changes])


def skus(browser: FlaskClient, path: str) -> list[str]:
    page = browser.get(path).text
    return [html.unescape(s) for s in re.findall(r'class="row-link code"[^>]*>([^<]+)<', page)]


# The list ------------------------------------------------------------------------------------


def test_what_is_sold_or_described_is_listed_once_by_sku(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln", {"MUG": 3, "BOWL": 0})
    make_vendor_with_stock("fjord", {"MUG": 4}, cost_minor=500)
    describe()
    describe(sku="ZINC", title="Zinc bucket", gtin=None)

    said = words(lead.get("/console/catalog").text)

    assert skus(lead, "/console/catalog") == ["BOWL", "MUG", "ZINC"]
    assert "MUG Mug, 350 ml 4006381333931 2 2 vendors €5.00 7 available 0 7" in said


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("mu", ["MUG", "MUG-2"]),
        ("MUG-", ["MUG", "MUG-2"]),
        ("MUG-2", ["MUG-2"]),
        ("4006381333931", ["MUG"]),
        ("400638133393", []),
        ("Mug, 3", ["MUG"]),
        ("350 mu", ["MUG"]),
        ("bowl", ["B/1 %_x"]),
        ("ödd", ["B/1 %_x"]),
        ("o", []),
        ("B/1 %", ["B/1 %_x"]),
        ("%", []),
        ("_", []),
        ("nothing", []),
    ],
)
def test_it_is_searched_by_how_a_sku_or_a_word_of_its_title_begins_and_by_gtin(
    lead: FlaskClient, q: str, found: list[str]
) -> None:
    make_vendor_with_stock("kiln", {"MUG": 1, "MUG-2": 1, "LAMP": 1})
    make_vendor_with_stock("fjord", {"B/1 %_x": 1})
    describe()
    with transaction(OPS):
        save_products([{"sku": "B/1 %_x", "title": "Bowl, odd"}])

    answer = lead.get("/console/catalog", query_string={"q": q})

    assert answer.status_code == 200
    got = [html.unescape(s) for s in re.findall(r'row-link code"[^>]*>([^<]+)<', answer.text)]
    assert got == found


def test_a_page_of_the_catalog_leads_to_the_next_and_back(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln", {f"S-{n:03}": n for n in range(60)})

    first = lead.get("/console/catalog").text
    (href,) = re.findall(r'href="([^"]+)" rel="next"', first)
    second = lead.get(html.unescape(href)).text
    (back,) = re.findall(r'href="([^"]+)" rel="prev"', second)

    assert 'rel="next"' not in second
    assert skus(lead, html.unescape(href)) == [f"S-{n:03}" for n in range(50, 60)]
    assert skus(lead, html.unescape(back)) == [f"S-{n:03}" for n in range(50)]


# One SKU -------------------------------------------------------------------------------------


def test_one_sku_shows_who_sells_it_for_whom_it_is_held_and_who_waits(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln", {"MUG": 3})
    make_vendor_with_stock("tallow", {"MUG": 9}, status="suspended", cost_minor=900)
    describe(most_units=24)
    routed_order("A-1", [line("MUG", 2)])
    make_order("A-2", [line("MUG", 20)])
    make_order("A-3", [line("MUG", 90)])
    run_jobs("route_orders")

    page = lead.get("/console/catalog/MUG")
    said = words(page.text)

    assert "Kiln Main €6.00 \u2013 0 available 3 3 Count or change Kiln" in said
    assert "Tallow Suspended Main €9.00 \u2013 9 available 0 9" in said
    assert "9 available of 12" in said
    assert re.search(r"A-1 FO-\w+ Kiln Assigned Tue, Nov 24, 15:00 2", said)
    assert "1 order waits for 19 units of it." in said
    assert "Weight 420 g Length not known" in said
    assert '/console/orders?q=MUG&amp;view=unrouted"' in page.text


@pytest.mark.parametrize("sku", ["A/B", "A B", "Ä-1", "50%", "a+b", "x?y#z"])
def test_a_sku_of_any_signs_has_its_pages(lead: FlaskClient, sku: str) -> None:
    make_vendor_with_stock("kiln", {sku: 3})

    catalog = lead.get("/console/catalog").text
    (href,) = re.findall(r'row-link code" href="([^"]+)"', catalog)
    page = lead.get(html.unescape(href))
    (change,) = re.findall(r'href="([^"]*/listings/[^"]+)"', page.text)

    assert page.status_code == 200
    assert lead.get(html.unescape(change)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/console/catalog/NOTHING",
        "/console/products/NOTHING",
        "/console/listings/kiln/main/NOTHING",
        "/console/listings/kiln/nowhere/MUG",
        "/console/listings/nobody/main/MUG",
    ],
)
def test_what_nobody_sells_or_describes_is_404(lead: FlaskClient, path: str) -> None:
    make_vendor_with_stock("kiln")

    assert lead.get(path).status_code == 404


# Changing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["ops_agent", "senior_management"])
def test_whoever_only_reads_changes_and_counts_nothing(app: Flask, role: str) -> None:
    make_vendor_with_stock("kiln")
    browser = sign_in_as(app, role)

    page = browser.get("/console/catalog/MUG")
    refused = [
        browser.get("/console/products/MUG"),
        browser.post("/console/products/MUG", data={"title": "x"}),
        browser.get("/console/listings/kiln/main/MUG"),
        browser.post("/console/listings/kiln/main/MUG", data={"on_hand": "0", "seen_units": "10"}),
    ]

    assert page.status_code == 200
    assert "/listings/" not in page.text
    assert {answer.status_code for answer in refused} == {403}
    assert one("SELECT on_hand FROM stock").on_hand == 10


def test_a_sku_is_described_and_described_anew(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln")
    path = "/console/products/MUG"
    body = {"title": "Mug", "gtin": "96385074", "weight_g": "400", "most_units": "12"}
    body |= {"packing": ["fragile", "insert"], "packing_note": "Card on top"}

    first = lead.post(path, data=body | {"seen": hidden(lead.get(path).text, "seen")})
    late = lead.post(path, data=body | {"title": "Other", "seen": "{}"})

    assert (first.location, late.status_code) == ("/console/catalog/MUG", 409)
    assert "Title: none Mug" in words(late.text)
    found = one("SELECT * FROM products")
    assert (found.title, found.gtin, found.weight_g, found.length_mm) == (
        "Mug",
        "96385074",
        400,
        None,
    )
    assert (found.packing, found.packing_note) == (["fragile", "insert"], "Card on top")


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"title": ""}, "title", "Enter what it is called."),
        ({"gtin": "96385075"}, "gtin", "The last digit should be 4. Please type it again."),
        ({"gtin": "9638507"}, "gtin", "A GTIN has 8, 12, 13 or 14 digits."),
        ({"weight_g": "0"}, "weight_g", "Between 1 and 1,000,000 g."),
        ({"weight_g": "4.2"}, "weight_g", "Enter a whole number."),
        ({"height_mm": "10001"}, "height_mm", "Between 1 and 10,000 mm."),
        ({"most_units": "-1"}, "most_units", "Between 1 and 100,000."),
    ],
)
def test_a_description_that_makes_no_sense_is_refused_beside_its_field(
    lead: FlaskClient, change: dict[str, str], field: str, told: str
) -> None:
    make_vendor_with_stock("kiln")
    path = "/console/products/MUG"
    seen = hidden(lead.get(path).text, "seen")

    answer = lead.post(path, data={"title": "Mug", "seen": seen} | change)

    assert (answer.status_code, errors(answer.text)[field]) == (422, told)
    assert rows("SELECT 1 FROM products") == []


LISTING = "/console/listings/kiln/main/MUG"
TERMS = {"title": "Mug, ash", "cost": "6.50", "price": "12.00", "is_active": "y"}


def test_the_terms_of_a_listing_are_changed(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln")
    seen = hidden(lead.get(LISTING).text, "seen")
    more = {"buy_in_days": "4", "restock_on": "2026-12-01", "seen": seen}
    more |= {"bin": "A-02-1", "own_code": "K-7"}

    done = lead.post(LISTING, data=TERMS | more)
    late = lead.post(LISTING, data=TERMS | {"cost": "1.00", "seen": seen})

    assert (done.location, late.status_code) == ("/console/catalog/MUG", 409)
    found = one("SELECT * FROM listings")
    assert (found.title, found.cost_minor, found.price_minor, found.buy_in_days) == (
        "Mug, ash",
        650,
        1200,
        4,
    )
    assert (str(found.restock_on), found.is_active) == ("2026-12-01", True)
    assert (found.bin, found.own_code) == ("A-02-1", "K-7")
    assert "Cost: 600 650" in words(late.text)
    acts = rows("SELECT action, subject FROM audit")
    assert [tuple(act) for act in acts] == [("listing_changed", "MUG, kiln")]


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"cost": ""}, "cost", "Enter what the vendor gets for one."),
        ({"cost": "six"}, "cost", "Write an amount like 12.50."),
        ({"cost": "-1"}, "cost", "Write an amount like 12.50."),
        ({"price": "1.005"}, "price", "Write an amount like 12.50."),
        ({"buy_in_days": "366"}, "buy_in_days", "Between 0 and 365 days."),
        ({"restock_on": "soon"}, "restock_on", "Not a valid date value."),
    ],
)
def test_terms_that_make_no_sense_are_refused_beside_their_field(
    lead: FlaskClient, change: dict[str, str], field: str, told: str
) -> None:
    make_vendor_with_stock("kiln")
    seen = hidden(lead.get(LISTING).text, "seen")

    answer = lead.post(LISTING, data=TERMS | {"seen": seen} | change)

    assert (answer.status_code, errors(answer.text)[field]) == (422, told)
    assert one("SELECT cost_minor FROM listings").cost_minor == 600


def test_stock_is_counted_and_whoever_waits_gets_it(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln", {"MUG": 0})
    routed_order("A-1", [line("MUG", 2)])

    done = lead.post(LISTING, data={"on_hand": "5", "seen_units": "0"})
    run_jobs("wake_waiting", "route_orders")

    assert done.location == "/console/catalog/MUG"
    assert one("SELECT on_hand, reserved FROM stock") == (5, 2)
    act = one("SELECT action, facts FROM audit")
    assert (act.action, act.facts) == ("stock_counted", {"was": "0", "now": "5"})


@pytest.mark.parametrize(
    ("data", "status", "told"),
    [
        ({"on_hand": "1", "seen_units": "10"}, 409, "MUG has 2 units held for orders"),
        ({"on_hand": "12", "seen_units": "9"}, 409, "MUG has changed since you opened it"),
        ({"on_hand": "12", "seen_units": "x"}, 409, "MUG has changed since you opened it"),
        ({"on_hand": "", "seen_units": "10"}, 422, "Enter how many there are."),
        ({"on_hand": "-1", "seen_units": "10"}, 422, "Between 0 and 100,000,000."),
        ({"on_hand": "1.5", "seen_units": "10"}, 422, "Enter a whole number."),
    ],
)
def test_a_count_that_cannot_be_is_refused_and_changes_nothing(
    lead: FlaskClient, data: dict[str, str], status: int, told: str
) -> None:
    make_vendor_with_stock("kiln")
    routed_order("A-1", [line("MUG", 2)])

    answer = lead.post(LISTING, data=data)

    assert answer.status_code == status
    assert told in words(answer.text)
    assert one("SELECT on_hand FROM stock").on_hand == 10
    # What was shown is what there is now: sent again, it counts.
    assert hidden(answer.text, "seen_units") == "10" or status == 422
