"""A vendor's stock: found by a scan, counted in place or from a list, never below what is held."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.catalog.service import save_listings, save_products
from app.shared.work import OPS, transaction
from app.vendors.queries import location_ids
from tests.faces.test_audit_page import statements
from tests.factories import (
    line,
    make_order,
    make_vendor_with_stock,
    one,
    routed_order,
    rows,
    run_jobs,
)
from tests.people import browser_of, make_person

GTIN = "4006381333931"


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


def listing_of(sku: str, place: str = "main") -> UUID:
    key: UUID = one(
        "SELECT l.id FROM listings l JOIN locations c ON c.id = l.location_id"
        " WHERE l.sku = :sku AND c.code = :place",
        sku=sku,
        place=place,
    ).id
    return key


def on_hand(sku: str, place: str = "main") -> int:
    key = listing_of(sku, place)
    found: int = one("SELECT on_hand FROM stock WHERE listing_id = :id", id=key).on_hand
    return found


def words(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def skus(browser: FlaskClient, path: str = "/portal/stock", **query: str) -> list[str]:
    page = browser.get(path, **({"query_string": query} if query else {})).text
    return [html.unescape(one) for one in re.findall(r'row-link code"[^>]*>([^<]+)<', page)]


def count(browser: FlaskClient, sku: str, units: object, seen: object, back: str = "") -> Any:
    data = {"on_hand": units, "seen_units": seen, "back": back}
    return browser.post(f"/portal/stock/{listing_of(sku)}/count", data=data)


def send(browser: FlaskClient, text: str, step: str = "", seen: str = "{}") -> Any:
    return browser.post("/portal/stock/count", data={"rows": text, "step": step, "seen": seen})


# The list ------------------------------------------------------------------------------------


def test_the_list_shows_what_is_sold_and_how_much_of_it_is_there(noor: FlaskClient) -> None:
    routed_order("A-1", [line("MUG", 3)])

    page = noor.get("/portal/stock")

    assert page.status_code == 200
    assert skus(noor) == ["BOWL", "LAMP", "MUG", "MUG-2"]
    assert re.search(rf"MUG Mug {GTIN} 37 free 3 on hand Save MUG", words(page.text))
    assert 'value="40"' in page.text


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("mu", ["MUG", "MUG-2"]),
        ("MUG-", ["MUG-2"]),
        (GTIN, ["MUG"]),
        (f"0{GTIN}", ["MUG"]),
        (GTIN[:-1], []),
        ("bow", ["BOWL"]),
        ("k-04", ["LAMP"]),
        ("%", []),
        ("_", []),
        ("nothing", []),
    ],
)
def test_it_is_sought_by_how_a_name_begins_and_by_gtin(
    noor: FlaskClient, q: str, found: list[str]
) -> None:
    noor.post(
        f"/portal/stock/{listing_of('LAMP')}", data=shelf(noor, "LAMP") | {"own_code": "K-0417"}
    )

    assert skus(noor, q=q) == found


def test_a_scan_leads_to_its_row_and_the_next_scan_finds_the_box_again(noor: FlaskClient) -> None:
    empty, scanned = noor.get("/portal/stock").text, noor.get(f"/portal/stock?q={GTIN}").text
    begun = noor.get("/portal/stock?q=mu").text

    assert re.findall(r"<input[^>]*\bautofocus", empty)[0].startswith('<input type="search"')
    (focused,) = re.findall(r"<input[^>]*\bautofocus", scanned)
    assert 'name="on_hand" value="40"' in focused
    assert 'name="back" value="/portal/stock"' in scanned
    assert 'name="back" value="/portal/stock?q=mu"' in begun


@pytest.mark.parametrize(
    ("view", "found"),
    [
        ("out", ["BOWL"]),
        ("low", ["MUG-2"]),
        ("waited", ["BOWL"]),
        ("inactive", ["LAMP"]),
        ("nonsense", ["BOWL", "LAMP", "MUG", "MUG-2"]),
    ],
)
def test_its_parts_are_what_is_out_low_waited_for_and_not_on_sale(
    noor: FlaskClient, view: str, found: list[str], sql: Any
) -> None:
    sql("UPDATE listings SET is_active = false WHERE sku = 'LAMP'")
    make_order("A-1", [line("BOWL", 4)])
    run_jobs("route_orders")

    assert skus(noor, view=view) == found
    if view == "waited":
        assert "4 units are waited for" in words(noor.get("/portal/stock?view=waited").text)


def test_nobody_is_told_of_what_waits_for_somebody_else_or_for_a_person(
    noor: FlaskClient, sql: Any
) -> None:
    make_vendor_with_stock("fjord", {"BOWL": 0})
    for number, changes in (("A-1", {"vendor": "fjord"}), ("A-2", {})):
        make_order(number, [line("BOWL", 4, **changes)])
    sql("UPDATE orders SET held_since = now() WHERE number = 'A-2'")

    assert skus(noor, view="waited") == []
    assert "waited for" not in words(noor.get(f"/portal/stock/{listing_of_kiln('BOWL')}").text)


def listing_of_kiln(sku: str) -> UUID:
    key: UUID = one(
        "SELECT l.id FROM listings l JOIN vendors v ON v.id = l.vendor_id"
        " WHERE l.sku = :sku AND v.code = 'kiln'",
        sku=sku,
    ).id
    return key


def test_a_page_leads_to_the_next_and_back_and_keeps_its_part(app: Flask, sql: Any) -> None:
    vendor = make_vendor_with_stock("kiln", {f"S-{n:03}": n % 2 for n in range(130)})
    browser = browser_of(app, make_person("vendor_owner", vendor=vendor))

    first = browser.get("/portal/stock?view=low").text
    (href,) = (html.unescape(x) for x in re.findall(r'href="([^"]+)" rel="next"', first))
    second = browser.get(href).text
    (back,) = (html.unescape(x) for x in re.findall(r'href="([^"]+)" rel="prev"', second))

    odd = [f"S-{n:03}" for n in range(130) if n % 2]
    assert skus(browser, href) == odd[50:]
    assert skus(browser, back) == odd[:50]
    assert 'rel="next"' not in second


@pytest.mark.parametrize("place", ["{key}~%00", "{key}~%ed%a0%80", "%00~MUG", "{key}~"])
def test_a_place_that_is_none_is_some_page(noor: FlaskClient, place: str) -> None:
    for way in ("after", "before"):
        address = f"/portal/stock?{way}={place.format(key=listing_of('MUG'))}"
        assert noor.get(address).status_code == 200


def test_it_costs_three_statements_however_much_is_sold(app: Flask, noor: FlaskClient) -> None:
    costs = []
    for more in (0, 120):
        with transaction(OPS):
            place = location_ids([("kiln", "main")])["kiln", "main"]
            terms = {"cost_minor": 1, "currency": "EUR", "vendor_id": place.vendor_id}
            terms |= {"location_id": place.id, "title": "T"}
            names = [terms | {"sku": f"N-{n}"} for n in range(more)]
            if names:
                save_listings(names)
        for query in ("", "?q=mu", f"?q={GTIN}", "?view=out", "?view=waited"):
            noor.get(f"/portal/stock{query}")
            with statements() as seen:
                assert noor.get(f"/portal/stock{query}").status_code == 200
            costs.append(len(seen))

    assert max(costs) <= 3


def test_the_file_is_what_the_list_shows_and_can_be_sent_back(noor: FlaskClient) -> None:
    answer = noor.get("/portal/stock.csv?q=mug", buffered=True)
    found = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))

    assert answer.mimetype == "text/csv"
    assert [(row["SKU"], row["On hand"], row["Free"]) for row in found] == [
        ("MUG", "40", "40"),
        ("MUG-2", "5", "5"),
    ]
    looked = words(send(noor, answer.text.replace(",40,", ",39,")).text)
    assert "Can be counted 1 As it is 1" in looked


# One listing ---------------------------------------------------------------------------------


def test_a_count_is_saved_said_and_written_down(noor: FlaskClient) -> None:
    answer = count(noor, "MUG", 38, 40, "/portal/stock?q=mu")
    page = noor.get("/portal/stock?q=mu").text

    assert (answer.status_code, answer.location) == (303, "/portal/stock?q=mu")
    assert on_hand("MUG") == 38
    assert "38 units of MUG are there." in words(page)
    assert tuple(one("SELECT actor, subject, facts FROM audit WHERE action = 'stock_counted'")) == (
        "Noor Aziz",
        "MUG, main",
        {"was": "40", "now": "38"},
    )


def test_a_count_can_be_taken_back(noor: FlaskClient) -> None:
    count(noor, "MUG", 4, 40)
    page = noor.get("/portal/stock").text
    (undo,) = re.findall(
        r'<form action="([^"]+/count)" method="post">(.*?)</form>', page, re.DOTALL
    )[:1]
    data = dict(re.findall(r'name="(\w+)" value="([^"]*)"', undo[1]))

    noor.post(undo[0], data=data)

    assert data["on_hand"] == "40"
    assert on_hand("MUG") == 40


def test_the_same_count_twice_is_one(noor: FlaskClient) -> None:
    first, second = (count(noor, "MUG", 38, 40) for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 303)
    assert on_hand("MUG") == 38
    assert len(rows("SELECT 1 FROM audit WHERE action = 'stock_counted'")) == 1
    assert "So many were there already" in words(noor.get("/portal/stock").text)


def test_whoever_was_overtaken_is_told_by_what_and_can_count_again(noor: FlaskClient) -> None:
    count(noor, "MUG", 7, 40)

    answer = count(noor, "MUG", 9, 40)
    again = count(
        noor, "MUG", 9, re.findall(r'name="seen_units"[^>]*value="(\d+)"', answer.text)[0]
    )

    assert answer.status_code == 409
    assert "Somebody changed it to 7 meanwhile. Save again to put 9 in its place." in words(
        answer.text
    )
    assert re.search(r'name="on_hand"[^>]*value="9"', answer.text)
    assert again.status_code == 303
    assert on_hand("MUG") == 9


@pytest.mark.parametrize(
    ("units", "told"),
    [
        ("", "Enter how many there are."),
        ("-1", "Between 0 and 100,000,000."),
        ("many", "Enter a whole number."),
        ("99999999999", "Enter a whole number."),
    ],
)
def test_what_is_no_count_changes_nothing(noor: FlaskClient, units: str, told: str) -> None:
    answer = count(noor, "MUG", units, 40)

    assert answer.status_code == 422
    assert told in words(answer.text)
    assert on_hand("MUG") == 40


def test_what_is_held_is_not_counted_away_and_the_page_says_for_whom(noor: FlaskClient) -> None:
    routed_order("A-1", [line("MUG", 3)])
    (held,) = rows("SELECT reference FROM fulfillment_orders")

    answer = count(noor, "MUG", 2, 40)
    enough = count(noor, "MUG", 3, 40)

    assert answer.status_code == 409
    said = words(answer.text)
    assert "MUG has 3 units held for orders; decline those first." in said
    assert f"Held for {held.reference} 3 units" in said
    assert enough.status_code == 303
    assert on_hand("MUG") == 3


def test_what_is_counted_in_is_given_to_whoever_waits_for_it(noor: FlaskClient) -> None:
    order = routed_order("A-1", [line("BOWL", 4)])
    before = rows("SELECT 1 FROM fulfillment_orders WHERE order_id = :id", id=order)

    count(noor, "BOWL", 10, 0)
    run_jobs()

    assert before == []
    assert one("SELECT reserved FROM stock WHERE listing_id = :id", id=listing_of("BOWL")) == (4,)
    assert len(rows("SELECT 1 FROM fulfillment_orders WHERE order_id = :id", id=order)) == 1


def shelf(browser: FlaskClient, sku: str) -> dict[str, str]:
    page = browser.get(f"/portal/stock/{listing_of(sku)}").text
    (seen,) = re.findall(r'name="seen"[^>]*value="([^"]+)"', page)
    return {"seen": html.unescape(seen), "bin": "", "own_code": ""}


def test_where_it_lies_and_what_its_label_says_are_noted(noor: FlaskClient) -> None:
    path, seen = f"/portal/stock/{listing_of('MUG')}", shelf(noor, "MUG")

    saved = noor.post(path, data=seen | {"bin": " A-02 ", "own_code": "K-0417"})
    overtaken = noor.post(path, data=seen | {"bin": "B-01", "own_code": ""})
    long = noor.post(path, data=shelf(noor, "MUG") | {"bin": "B" * 41})
    row = one("SELECT bin, own_code FROM listings WHERE sku = 'MUG'")

    assert [a.status_code for a in (saved, overtaken, long)] == [303, 409, 422]
    assert tuple(row) == ("A-02", "K-0417")
    assert "A-02" in words(overtaken.text)
    assert "Somebody was quicker" in words(overtaken.text)


def test_staff_count_and_neither_others_nor_whoever_looks_on(
    app: Flask, noor: FlaskClient, kiln: UUID
) -> None:
    fjord = make_vendor_with_stock("fjord", {"DISH": 10})
    other = browser_of(app, make_person("vendor_owner", "Olaf", vendor=fjord))
    agent = browser_of(app, make_person("ops_agent"))
    agent.post("/console/vendors/kiln/view")
    path = f"/portal/stock/{listing_of('MUG')}"

    for browser, seen, sent in ((other, 404, 404), (agent, 200, 403)):
        assert browser.get(path).status_code == seen
        assert count(browser, "MUG", 1, 40).status_code == sent
        assert browser.post(path, data={"bin": "X"}).status_code == sent
    page = agent.get("/portal/stock")
    assert page.status_code == 200
    assert 'name="on_hand"' not in page.text
    assert agent.post("/portal/stock/count", data={"rows": "MUG, 1"}).status_code == 403
    assert "Only the vendor counts" in words(agent.get("/portal/stock/count").text)
    assert on_hand("MUG") == 40
