"""Products, listings and stock: kept through the API, never oversold, and waking who waits."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import text

from app.audit.contract import Actor
from app.catalog import service as catalog
from app.catalog.queries import listing_ids, skus_at
from app.catalog.service import SoldOut, count_stock
from app.extensions import db
from app.orders.service import cancel
from app.routing.standing import stand
from app.shared import ids
from app.shared.errors import Conflict
from app.shared.seen import Overtaken
from app.shared.work import OPS, transaction
from app.vendors.contract import Move, Step
from tests.conftest import NOW, TOKEN, caller
from tests.factories import (
    ACTOR,
    confirmed,
    line,
    make_order,
    make_vendor_with_stock,
    one,
    references,
    routed_order,
    rows,
    run,
    run_jobs,
    vendor_key,
)

PATIENCE = 30.0
TEO = Actor("person", "Teo Marin", None, None, "127.0.0.1")


def listing(sku: str = "MUG", vendor: str = "kiln") -> UUID:
    name = (vendor, "main", sku)
    with transaction(OPS):
        return listing_ids([name])[name]


def count(units: int, sku: str = "MUG") -> None:
    key = listing(sku)
    with transaction(OPS):
        count_stock({key: units})


# Who waits is woken --------------------------------------------------------------------------


def due() -> list[str]:
    """Return the orders that routing is to look at now."""
    found = rows(
        "SELECT o.number FROM checks c JOIN orders o ON o.id = c.subject_id"
        " WHERE c.watcher = 'route_orders' AND c.next_check_at <= :now ORDER BY o.number",
        now=NOW,
    )
    return [row.number for row in found]


@pytest.fixture
def waiting(app) -> list[UUID]:
    """Two orders that wait for mugs and one that waits for a lamp."""
    make_vendor_with_stock(stock={"MUG": 0, "LAMP": 0})
    wanted = [("A-1", "MUG"), ("A-2", "MUG"), ("B-1", "LAMP")]
    keys = [make_order(number, [line(sku, 1)]) for number, sku in wanted]
    run_jobs("route_orders", "wake_waiting")
    assert due() == []
    return keys


def test_units_that_come_in_wake_the_orders_that_wait_for_them(waiting):
    count(1)
    assert run("wake_waiting") == 1

    assert due() == ["A-1", "A-2"]
    run_jobs("route_orders")
    assert [len(references(key)) for key in waiting] == [1, 0, 0]
    assert run("wake_waiting") == 0


def test_units_that_a_cancellation_frees_wake_who_waits(waiting):
    count(1)
    run_jobs("wake_waiting", "route_orders")
    assert [len(references(key)) for key in waiting] == [1, 0, 0]

    with transaction(OPS) as now:
        cancel(waiting[0], None, actor=ACTOR, reason="", now=now)
    run_jobs("wake_waiting", "route_orders")

    assert [len(references(key)) for key in waiting] == [1, 1, 0]


@pytest.mark.parametrize("units", [0, 5])
def test_a_count_that_finds_no_more_wakes_nobody(waiting, units):
    count(5)
    run_jobs("wake_waiting", "route_orders")
    make_order("A-3", [line("MUG", 50)])
    run_jobs("route_orders")

    count(max(units, one("SELECT reserved FROM stock WHERE reserved > 0").reserved))

    assert rows("SELECT 1 FROM checks WHERE watcher = 'wake_waiting'") == []
    assert due() == []


def test_a_listing_that_is_on_sale_again_wakes_who_waits(waiting, api):
    terms = {"vendor": "kiln", "location": "main", "sku": "MUG", "title": "Mug", "cost": "6.00"}
    api("PUT", "/listings", {"listings": [terms | {"is_active": False, "stock": 3}]})
    run_jobs("wake_waiting", "route_orders")
    assert [len(references(key)) for key in waiting] == [0, 0, 0]

    api("PUT", "/listings", {"listings": [terms | {"is_active": True}]})
    run_jobs("wake_waiting", "route_orders")

    assert [len(references(key)) for key in waiting] == [1, 1, 0]


def test_another_vendors_new_listing_wakes_who_waits(waiting):
    make_vendor_with_stock("fjord", {"LAMP": 1})
    run_jobs("wake_waiting", "route_orders")

    assert [len(references(key)) for key in waiting] == [0, 0, 1]


def test_a_vendor_that_is_opened_again_wakes_who_waits(app):
    make_vendor_with_stock(stock={"MUG": 3}, status="suspended")
    key = routed_order()
    assert references(key) == []

    with transaction(OPS) as now:
        stand([Step("kiln", Move.REOPEN)], actor=TEO, now=now)
    run_jobs("wake_waiting", "route_orders")

    assert len(references(key)) == 1


def test_a_location_that_opens_days_again_wakes_who_waits(waiting, api):
    days = {"first_day": "2026-12-24", "last_day": "2026-12-24", "reason": "eve"}
    api("PUT", "/vendors/kiln/locations/main/closures", days)
    api("DELETE", "/vendors/kiln/locations/main/closures?first_day=2026-12-24&last_day=2026-12-24")

    run("wake_waiting")

    assert due() == ["A-1", "A-2", "B-1"]


def test_an_order_that_is_held_is_not_woken(waiting):
    with transaction(OPS):
        db.session.execute(
            text("UPDATE orders SET held_since = :now WHERE number = 'A-1'"), {"now": NOW}
        )

    count(5)
    run("wake_waiting")

    assert due() == ["A-2"]
    with transaction(OPS):
        db.session.execute(text("UPDATE orders SET held_since = NULL"))


def test_a_vendor_that_counts_its_own_stock_wakes_who_waits(waiting, app):
    call = caller(app, vendor_key("kiln", "k1"))
    counted = {"location": "main", "sku": "MUG", "on_hand": 2}

    assert call("POST", "/stock", {"stock": [counted]}).json == {"counted": 1}
    run_jobs("wake_waiting", "route_orders")

    assert [len(references(key)) for key in waiting] == [1, 1, 0]


def test_skus_are_found_by_listing_location_and_vendor(app):
    kiln = make_vendor_with_stock(stock={"MUG": 1, "LAMP": 1})
    make_vendor_with_stock("fjord", {"BOWL": 1})
    place = one("SELECT id FROM locations WHERE vendor_id = :id", id=kiln).id

    with transaction(OPS):
        found = [sorted(skus_at([key])) for key in (kiln, place)]
    with transaction(OPS):
        one_listing = skus_at([listing_ids([("fjord", "main", "BOWL")])["fjord", "main", "BOWL"]])

    assert found == [["LAMP", "MUG"]] * 2
    assert one_listing == ["BOWL"]


# No unit is sold twice -----------------------------------------------------------------------


def at_once(app, *calls):
    """Do all of it at the same moment, each in a thread with its own connection."""
    start = threading.Barrier(len(calls))

    def go(call):
        start.wait(PATIENCE)
        with app.app_context():
            return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [done.result(PATIENCE) for done in [pool.submit(go, call) for call in calls]]


def test_64_orders_for_50_units_sell_50_while_they_are_counted_and_called_off(app, api):
    make_vendor_with_stock(stock={"MUG": 50})
    keys = [make_order(f"A-{n}", [line(quantity=1)]) for n in range(64)]
    sold = listing()

    def call_off():
        told = [
            caller(app, TOKEN)("POST", f"/orders/A-{n}/cancel?channel=webshop", {}).status_code
            for n in range(0, 64, 8)
        ]
        return set(told)

    def recount():
        for _ in range(10):
            with transaction(OPS):
                count_stock({sold: 50})

    at_once(app, lambda: run("route_orders"), lambda: run("route_orders"), call_off, recount)
    run_jobs("wake_waiting", "route_orders")

    stock = one("SELECT on_hand, reserved FROM stock")
    asked = 64 - len(rows("SELECT 1 FROM orders WHERE status = 'canceled'"))
    assert (stock.on_hand, stock.reserved) == (50, min(50, asked))
    held = one("SELECT coalesce(sum(quantity), 0) AS n FROM reservations").n
    assert held == stock.reserved
    assert sum(bool(references(key)) for key in keys) >= stock.reserved


def test_holding_releasing_sending_and_counting_in_any_order_keep_the_books(app):
    """Four hands at one shelf, each by a chance of its own: the books are right in the end."""
    make_vendor_with_stock(stock={"MUG": 30})
    key = routed_order("A-1", [line("MUG", 1)])
    confirmed(key)
    shelf = listing()
    (fo_line,) = rows("SELECT * FROM fo_lines")
    with transaction(OPS):
        lines = [ids.new() for _ in range(24)]
        db.session.execute(
            text(
                "INSERT INTO fo_lines (id, fo_id, vendor_id, order_id, order_line_id, listing_id,"
                " line, sku, title, options, ordered) SELECT n, :fo, :vendor, :order, :line,"
                " :listing, 'x' || n, 'MUG', 'Mug', '{}', 3 FROM unnest(CAST(:ids AS uuid[])) n"
            ),
            {
                "fo": fo_line.fo_id,
                "vendor": fo_line.vendor_id,
                "order": fo_line.order_id,
                "line": fo_line.order_line_id,
                "listing": shelf,
                "ids": lines,
            },
        )
    sent: list[int] = []

    def hold_and_let_go(mine, seed):
        chance = random.Random(seed)
        for line_id in mine:
            held = {"fo_line_id": line_id, "listing_id": shelf, "vendor_id": fo_line.vendor_id}
            try:
                with transaction(OPS):
                    catalog.reserve([held | {"quantity": 3}])
            except SoldOut:
                continue
            leaves = chance.random() < 0.3
            with transaction(OPS):
                (catalog.consume if leaves else catalog.release)({line_id: 3})
            if leaves:
                sent.append(3)

    def recount(seed):
        chance = random.Random(seed)
        for _ in range(20):
            try:
                with transaction(OPS):
                    count_stock({shelf: chance.randint(0, 40)})
            except Conflict:
                continue

    at_once(
        app,
        *[lambda i=i: hold_and_let_go(lines[i::3], i) for i in range(3)],
        lambda: recount(7),
    )

    stock = one("SELECT on_hand, reserved FROM stock")
    held = one("SELECT coalesce(sum(quantity), 0) AS n FROM reservations").n
    assert stock.reserved == held == 1
    assert stock.on_hand >= stock.reserved
    with transaction(OPS):
        db.session.execute(text("DELETE FROM fo_lines WHERE id = ANY(:ids)"), {"ids": lines})


def test_a_count_below_what_is_held_is_refused_and_changes_nothing(app, api):
    make_vendor_with_stock(stock={"MUG": 10, "LAMP": 10})
    routed_order("A-1", [line("MUG", 4)])
    counts = [
        {"vendor": "kiln", "location": "main", "sku": "LAMP", "on_hand": 3},
        {"vendor": "kiln", "location": "main", "sku": "MUG", "on_hand": 3},
    ]

    answer = api("POST", "/stock", {"stock": counts})

    assert (answer.status_code, answer.json["detail"]) == (
        409,
        "MUG has 4 units held for orders; decline those first.",
    )
    assert {r.on_hand for r in rows("SELECT on_hand FROM stock")} == {10}


def test_a_recount_of_what_has_moved_since_is_refused(app):
    make_vendor_with_stock(stock={"MUG": 10})
    key = listing()
    count(8)

    with pytest.raises(Overtaken) as refused, transaction(OPS):
        count_stock({key: 12}, seen={key: 10})

    assert refused.value.changes == [("on_hand", 10, 8)]
    assert one("SELECT on_hand FROM stock").on_hand == 8


# Through the API -----------------------------------------------------------------------------

MUG = {"sku": "MUG", "title": "Mug, 350 ml", "gtin": "4006381333931", "weight_g": 420}
TERMS = {"vendor": "kiln", "location": "main", "sku": "MUG", "title": "Mug", "cost": "6.00"}


def test_products_come_in_by_sku_and_what_is_left_out_stays(api):
    api("PUT", "/products", {"products": [MUG | {"most_units": 24, "length_mm": 120}]})

    changed = {"sku": "MUG", "title": "Mug, red", "weight_g": None}
    assert api("PUT", "/products", {"products": [changed]}).json == {"saved": 1}

    found = one("SELECT * FROM products WHERE sku = 'MUG'")
    assert (found.title, found.gtin, found.weight_g, found.length_mm, found.most_units) == (
        "Mug, red",
        "4006381333931",
        None,
        120,
        24,
    )


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"gtin": "4006381333932"}, "gtin", "its last digit should be 1"),
        ({"gtin": "123"}, "gtin", "8, 12, 13 or 14 digits"),
        ({"weight_g": 0}, "weight_g", "greater than or equal to 1"),
        ({"height_mm": 10_001}, "height_mm", "less than or equal to 10000"),
        ({"most_units": 0}, "most_units", "greater than or equal to 1"),
        ({"title": ""}, "title", "at least 1 character"),
        ({"colour": "red"}, "colour", "not permitted"),
    ],
)
def test_a_product_that_makes_no_sense_is_refused_and_none_is_saved(api, change, field, told):
    answer = api("PUT", "/products", {"products": [MUG | {"sku": "OK"}, MUG | change]})

    assert answer.status_code == 422
    (wrong,) = answer.json["errors"]
    assert wrong["field"] == f"products.1.{field}"
    assert told in wrong["detail"]
    assert rows("SELECT 1 FROM products") == []


def test_listings_come_in_with_all_their_terms_and_are_read_again(api):
    make_vendor_with_stock(stock={})
    more = {"price": "12.50", "buy_in_days": 5, "restock_on": "2026-12-01", "stock": 7}
    more |= {"bin": "A-02-1", "own_code": "K-1"}

    api("PUT", "/listings", {"listings": [TERMS | more | {"currency": "EUR"}]})
    api("PUT", "/listings", {"listings": [TERMS | {"cost": "6.50", "currency": "EUR"}]})

    assert api("GET", "/listings?sku=MUG&vendor=kiln").json == {
        "listings": [
            {
                "vendor": "kiln",
                "location": "main",
                "sku": "MUG",
                "title": "Mug",
                "currency": "EUR",
                "is_active": True,
                "buy_in_days": 5,
                "restock_on": "2026-12-01",
                "bin": "A-02-1",
                "own_code": "K-1",
                "on_hand": 7,
                "reserved": 0,
                "available": 7,
                "cost": "6.50",
                "price": "12.50",
            }
        ],
        "after": None,
    }
    api("PUT", "/listings", {"listings": [TERMS | {"price": None, "restock_on": None}]})
    (read,) = api("GET", "/listings?sku=MUG").json["listings"]
    assert (read["price"], read["restock_on"], read["buy_in_days"]) == (None, None, 5)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({}, (650, 1200, "JPY", False)),
        ({"currency": None, "cost": "6.50"}, (650, 1200, "EUR", False)),
        ({"is_active": True}, (650, 1200, "JPY", True)),
    ],
)
def test_the_currency_of_a_listing_and_that_it_is_off_sale_stay_until_somebody_says_otherwise(
    api, said, kept
):
    make_vendor_with_stock(stock={})
    first = {"cost": "600", "price": "1200", "currency": "JPY", "is_active": False}
    api("PUT", "/listings", {"listings": [TERMS | first]})

    assert api("PUT", "/listings", {"listings": [TERMS | {"cost": "650"} | said]}).json == {
        "saved": 1
    }

    assert one("SELECT cost_minor, price_minor, currency, is_active FROM listings") == kept


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"price": "12.505"}, 422, "price"),
        ({"price": "-1"}, 422, "price"),
        ({"cost": "1e3"}, 422, "cost"),
        ({"buy_in_days": 366}, 422, "listings.0.buy_in_days"),
        ({"restock_on": "1999-12-31"}, 422, "listings.0.restock_on"),
        ({"location": "nowhere"}, 404, None),
    ],
)
def test_a_listing_that_makes_no_sense_is_refused(api, change, status, field):
    make_vendor_with_stock(stock={})

    answer = api("PUT", "/listings", {"listings": [TERMS | change]})

    assert answer.status_code == status
    assert [wrong["field"] for wrong in answer.json.get("errors", [])] == ([field] * bool(field))
    assert rows("SELECT 1 FROM listings") == []


@pytest.mark.parametrize("query", ["?after=x", "?sku=%00"])
def test_a_list_that_cannot_be_read_is_told_so(api, query):
    assert api("GET", f"/listings{query}").status_code == 422


def test_listings_of_nobody_are_none(api):
    assert api("GET", "/listings?vendor=nobody").json == {"listings": [], "after": None}


def test_a_marketplaces_key_says_whose_stock_it_counts(app, api):
    make_vendor_with_stock(stock={"MUG": 1})
    counted = {"location": "main", "sku": "MUG", "on_hand": 9}

    unnamed = api("POST", "/stock", {"stock": [counted]})
    named = api("POST", "/stock", {"stock": [counted | {"vendor": "kiln"}]})

    assert (unnamed.status_code, named.status_code) == (422, 200)
    assert one("SELECT on_hand FROM stock").on_hand == 9


def test_a_vendors_key_counts_nobody_elses_stock_by_naming_them(app):
    make_vendor_with_stock(stock={"MUG": 1})
    fjord = make_vendor_with_stock("fjord", {"MUG": 5})
    counted = {"vendor": "fjord", "location": "main", "sku": "MUG", "on_hand": 0}

    answer = caller(app, vendor_key("kiln", "k1"))("POST", "/stock", {"stock": [counted]})

    assert answer.status_code == 404
    assert one("SELECT on_hand FROM stock WHERE vendor_id = :id", id=fjord).on_hand == 5


def test_saving_the_same_again_writes_and_wakes_nothing(api):
    make_vendor_with_stock(stock={})
    body = {"listings": [TERMS | {"stock": 3}]}
    api("PUT", "/listings", body)
    api("PUT", "/products", {"products": [MUG]})
    run_jobs("wake_waiting")
    before = one(
        "SELECT l.xmin::text, p.xmin::text AS p FROM listings l, products p WHERE p.sku = 'MUG'"
    )

    api("PUT", "/listings", body)
    api("PUT", "/products", {"products": [MUG]})

    assert (
        one(
            "SELECT l.xmin::text, p.xmin::text AS p FROM listings l, products p WHERE p.sku = 'MUG'"
        )
        == before
    )
    assert rows("SELECT 1 FROM checks WHERE watcher = 'wake_waiting'") == []
