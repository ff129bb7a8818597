"""What is to be picked, packed and shipped, page by page: nothing is left out, nothing is twice."""

from __future__ import annotations

import html
import re
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.extensions import db
from app.orders import service as orders
from app.orders.contract import Action
from app.orders.service import Confirmation, confirm
from app.shared.work import OPS, transaction
from app.web.paging import SIZE
from tests.faces.test_audit_page import statements
from tests.factories import line, make_order, make_vendor_with_stock, rows, run_jobs
from tests.people import browser_of, make_person

MANY = SIZE + 7
# Several leave at the same moment, and what came last may leave first.
APART = text(
    "UPDATE fulfillment_orders f SET ship_by = ship_by + interval '1 minute' * (n.n * 7 % 11)"
    " FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM fulfillment_orders) n"
    " WHERE n.id = f.id"
)
PICKED = text(
    "UPDATE fo_lines SET picked = CASE WHEN right(f.order_number, 1) < '5' THEN confirmed ELSE 1"
    " END FROM fulfillment_orders f WHERE f.id = fo_id"
)
PICKING = text("UPDATE fulfillment_orders SET status = 'picking'")
# How each page is ordered.
ORDERS = {
    "pick": "ship_by, id",
    "pack": (
        "status = 'packed', (SELECT sum(confirmed - picked) FROM fo_lines WHERE fo_id = f.id) > 0,"
        " ship_by, id"
    ),
    "ship": "ship_by, id",
}
COSTS = {"pick": 3, "pack": 3, "ship": 5}


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def staff(app: Flask) -> FlaskClient:
    kiln: UUID = make_vendor_with_stock("kiln", {"MUG": 500})
    for n in range(MANY):
        make_order(f"P-{n:03}", [line("MUG", 2)])
    run_jobs("route_orders")
    names = references()
    with transaction(OPS) as now:
        confirm([Confirmation(name) for name in names], actor="tests", now=now)
        db.session.execute(APART)
    return browser_of(app, make_person("vendor_staff", "Noor Aziz", vendor=kiln))


def references(order: str = "id") -> list[str]:
    found = rows(f"SELECT reference FROM fulfillment_orders f ORDER BY {order}")
    return [row.reference for row in found]


def worked(page: str) -> None:
    """Bring the orders to where a page lists them."""
    with transaction(OPS) as now:
        if page == "pack":
            db.session.execute(PICKED)
            db.session.execute(PICKING)
            ready = "SELECT reference FROM fulfillment_orders WHERE right(order_number, 1) < '2'"
            packed = db.session.scalars(text(ready)).all()
            orders.act(packed, Action.PACK, actor="tests", now=now)
    if page == "ship":
        names = references()
        with transaction(OPS) as now:
            orders.act(names, Action.PACK, actor="tests", now=now)


def listed(page: str) -> list[str]:
    return re.findall(r'data-key="([^"]+)"', page)


def beside(page: str, rel: str) -> str:
    return html.unescape(re.findall(rf'href="([^"]+)" rel="{rel}"', page)[0])


def words(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


@pytest.mark.parametrize("name", ["pick", "pack", "ship"])
def test_pages_follow_one_another_and_back(staff: FlaskClient, name: str) -> None:
    worked(name)
    staff.get(f"/portal/{name}")

    with statements() as seen:
        first = staff.get(f"/portal/{name}").text
    second = staff.get(beside(first, "next")).text
    again = staff.get(beside(second, "prev")).text

    assert listed(first) + listed(second) == references(ORDERS[name])
    assert len(listed(first)) == SIZE
    assert listed(again) == listed(first)
    assert 'rel="next"' not in second
    assert "on this page" in words(first)
    assert len(seen) <= COSTS[name]


@pytest.mark.parametrize("name", ["", "pick", "pack", "ship"])
def test_a_page_whose_rows_are_done_leads_to_the_first(staff: FlaskClient, name: str) -> None:
    worked(name)
    second = beside(staff.get(f"/portal/{name}").text, "next")
    done = listed(staff.get(second).text)
    with transaction(OPS) as now:
        orders.act(done, Action.CANCEL, actor="tests", now=now)

    page = staff.get(second).text

    assert listed(page) == []
    assert "Nothing more stands here" in words(page)
    assert f'href="/portal/{name}">Go to the first page' in page


def test_a_walk_is_begun_on_any_page_and_seen_on_all(staff: FlaskClient) -> None:
    first = staff.get("/portal/pick").text
    address = beside(first, "next")
    second = staff.get(address).text
    ticked = re.findall(r'name="order" value="([^"]+)" checked', second)

    nothing = staff.post(address)
    begun = staff.post(address, data={"order": ticked[:2]})

    assert ticked == listed(second)
    assert (nothing.status_code, listed(nothing.text)) == (422, listed(second))
    assert begun.status_code == 303
    for page in ("/portal/pick", address):
        assert "Under way 1 walk." in words(staff.get(page).text)
        assert "2 orders · 0 of 4 units" in words(staff.get(page).text)


def test_papers_of_all_on_a_page_are_ticked(staff: FlaskClient) -> None:
    worked("ship")

    first = staff.get("/portal/ship").text

    assert re.findall(r'name="of" value="([^"]+)" checked', first) == listed(first)
    assert f"{SIZE} of {MANY} shown" in words(first)
