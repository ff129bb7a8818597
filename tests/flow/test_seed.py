"""The demonstration marketplace: filled once, and added to where it was filled before."""

from __future__ import annotations

from datetime import date

import pytest

from app import demo, demo_day, demo_market
from app.shared.errors import NotAllowed
from app.shared.work import OPS, transaction
from app.vendors import queries, service
from tests.factories import line, make_vendor_with_stock, one, policy, routed_order, rows, run_jobs

TABLES = ("vendors", "locations", "closures", "products", "listings", "stock", "policies", "checks")
# The test's week begins on 23 November.
NEXT_WEEK = (date(2026, 11, 30), date(2026, 12, 4))
HOMES = {"SE": ("Malmö", "211 34"), "DE": ("Berlin", "10115"), "US": ("Chicago", "60607")}


def seed() -> list[str]:
    return list(demo.seed())


def everything() -> dict[str, list[str]]:
    return {
        name: sorted(row.said for row in rows(f"SELECT t::text AS said FROM {name} t"))
        for name in TABLES
    }


def test_a_second_seed_changes_nothing_and_undoes_nothing(app):
    told = seed()
    with transaction(OPS):
        ridge = queries.location_of("ridge", "main")
        service.save_locations(
            [
                queries.place_values(ridge)
                | {"vendor_id": ridge.vendor_id, "code": "main", "handling_days": 4}
            ]
        )
        service.open_days(ridge, *NEXT_WEEK)
    before = everything()

    assert seed() == told
    assert everything() == before
    assert before["closures"] == []


def test_an_older_marketplace_gets_what_is_missing_and_keeps_what_it_has(app):
    make_vendor_with_stock("kiln", {"MUG-RED": 7})
    policy("lanes", parcel=444)

    seed()

    found = rows(
        "SELECT s.on_hand, p.holidays, l.price_minor FROM stock s JOIN listings l"
        " ON l.id = s.listing_id JOIN locations p ON p.id = l.location_id"
        " JOIN vendors v ON v.id = l.vendor_id WHERE (v.code, l.sku) = ('kiln', 'MUG-RED')"
    )
    assert [tuple(row) for row in found] == [(7, "SE", 1250)]
    assert one("SELECT count(*) AS n FROM listings").n == len(demo_market.SHELVES)
    assert one("SELECT document->>'parcel' AS parcel FROM policies").parcel == "444"


@pytest.mark.parametrize(
    ("country", "vendor", "day"),
    [("SE", "kiln", 26), ("DE", "harbor", 27), ("US", "harbor", 4)],
    ids=["at home", "within Europe", "overseas, with a holiday"],
)
def test_who_is_chosen_depends_on_where_the_customer_is(app, country, vendor, day):
    seed()
    city, code = HOMES[country]
    ship_to = {"name": "Ada Lind", "line1": "Storgatan 1", "country": country}

    routed_order(lines=[line("MUG-RED", 1)], ship_to=ship_to | {"city": city, "postal_code": code})

    found = one(
        "SELECT v.code, o.deliver_on FROM fulfillment_orders f JOIN vendors v ON v.id = f.vendor_id"
        " JOIN orders o ON o.id = f.order_id"
    )
    assert (found.code, found.deliver_on.day) == (vendor, day)


def test_a_real_marketplace_is_not_filled(app):
    app.config["ENVIRONMENT"] = "production"

    with pytest.raises(NotAllowed):
        seed()

    assert rows("SELECT 1 FROM vendors") == []


def test_a_slow_world_has_a_days_work_for_a_person(app, jobs_run_here, monkeypatch):
    monkeypatch.setenv("SPEED", "1")

    told = seed()
    run_jobs("route_orders")
    seed()

    assert any("owner@hearth.demo.example" in line for line in told)
    found = rows(
        "SELECT f.status, l.bin FROM fulfillment_orders f JOIN vendors v ON v.id = f.vendor_id"
        " JOIN fo_lines x ON x.fo_id = f.id JOIN listings l ON l.id = x.listing_id"
        " WHERE v.code = 'hearth'"
    )
    lines = sum(len(buyer.lines) for buyer in demo_day.BUYERS)
    assert (len(found), {row.status for row in found}) == (lines, {"assigned"})
    assert all(row.bin for row in found)
    assert one("SELECT count(*) AS n FROM orders WHERE held_since IS NOT NULL").n == 0
