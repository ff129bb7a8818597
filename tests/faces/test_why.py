"""Why this vendor: what ops, the vendor and the customer read of one stored decision."""

from __future__ import annotations

import json
import re
from datetime import time
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.catalog.service import count_stock, save_listings
from app.console.priced import Priced
from app.routing.moves import Move, move_lines
from app.shared.work import OPS, transaction
from app.vendors.queries import location_ids
from app.vendors.service import save_locations
from tests.conftest import Api, Sql
from tests.faces.test_audit_page import statements
from tests.factories import (
    confirmed,
    line,
    make_order,
    make_vendor_with_stock,
    one,
    parcel,
    policy,
    references,
    routed_order,
    run,
    run_jobs,
    send,
)
from tests.people import sign_in_as, vendor_id

LINES = [line("MUG", 3, "1"), line("THROW", 2, "2"), line("LAMP", 1, "3")]


@pytest.fixture
def market(app: Flask, jobs_run_here: None) -> None:
    """Two vendors who need each other, one of them with a second place, and one that is away."""
    make_vendor_with_stock("kiln", {"MUG": 2, "THROW": 1}, cost_minor=601)
    make_vendor_with_stock("fjord", {"MUG": 2, "THROW": 5, "LAMP": 2}, cost_minor=599)
    make_vendor_with_stock("ridge", {"MUG": 9}, status="suspended")
    second_place("kiln", {"MUG": 0, "THROW": 7})
    policy("lanes", lanes=[{"destination": "*", "days": 3, "parcel": 490, "kilo": 137}])


def second_place(vendor: str, stock: dict[str, int]) -> None:
    """Give a vendor a place that takes a day longer."""
    key = vendor_id(vendor)
    place = {"code": "north", "name": "North", "zone": "UTC", "country": "SE", "region": None}
    place |= {"city": "Kiruna", "postal_code": None, "cut_off": time(15), "handling_days": 2}
    with transaction(OPS):
        save_locations([place | {"vendor_id": key}])
        where = location_ids([(vendor, "north")])[vendor, "north"].id
        listing = {"cost_minor": 610, "currency": "EUR", "is_active": True, "vendor_id": key}
        keys = save_listings(
            [listing | {"location_id": where, "sku": sku, "title": sku.title()} for sku in stock]
        )
        count_stock({keys[where, sku]: units for sku, units in stock.items()})


def weigh(sql: Sql) -> None:
    """Give everything an odd weight, so that freight does not part evenly."""
    sql("UPDATE products SET weight_g = 333")


def order(sql: Sql, lines: list[dict[str, Any]] = LINES) -> UUID:
    """Have an order placed and routed; return its key."""
    key = make_order("A-1", lines)
    weigh(sql)
    run("route_orders")
    return key


def facts_of(key: UUID) -> dict[str, Any]:
    found: dict[str, Any] = one(
        "SELECT facts FROM decisions WHERE order_id = :id ORDER BY id DESC LIMIT 1", id=key
    ).facts
    return found


def words(page: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def page_of(browser: FlaskClient, key: UUID) -> str:
    reference = one("SELECT reference FROM orders WHERE id = :id", id=key).reference
    return words(browser.get(f"/console/orders/{reference}").text)


def priced(facts: dict[str, Any]) -> Priced:
    return Priced(facts, {}, "EUR")


def move(reference: str, quantities: dict[str, int] | None = None) -> None:
    """Have somebody move work to the place up north."""
    with transaction(OPS) as now:
        word = Move(reference, "kiln", "north", quantities)
        move_lines(word, reason="closer", actor="Imani", now=now)


def amounts(facts: dict[str, Any]) -> tuple[int, int]:
    """Return what the rows of a plan add up to, and what stands under them."""
    *rows, total = priced(facts).plan()
    assert total["is_total"]
    return sum(row["minor"] for row in rows), total["minor"]


# What ops read ------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["balanced", "cheapest", "fastest", "fewest_parcels"])
def test_the_rows_of_a_plan_add_up_to_its_score(market, sql, strategy) -> None:
    policy("routing", strategy=strategy)

    facts = facts_of(order(sql))

    assert facts["unfilled"] == 0
    assert facts["parcels"] > 1
    assert amounts(facts) == (facts["score"], facts["score"])
    assert not any(row.get("note") for row in priced(facts).plan()[-1:])


def test_a_balanced_plan_is_the_plain_sum_of_what_is_shown(market, sql) -> None:
    facts = facts_of(order(sql))

    parts = ("goods", "kilos", "late", "standing")
    lines = sum(part[name] for part in facts["chosen"] for name in parts)
    parcels = {(part["vendor"], part["place"]): part["parcel"] for part in facts["chosen"]}
    assert facts["score"] == lines + sum(parcels.values()) + facts["split"]
    assert amounts(facts)[1] == facts["score"]


def test_what_parted_lines_lose_in_rounding_is_a_row_of_its_own(market, sql) -> None:
    facts = facts_of(order(sql)) | {"score": facts_of_score(sql) + 2}

    label = [row["label"] for row in priced(facts).plan() if "label" in row][-2]

    assert label == "Rounding"
    assert amounts(facts) == (facts["score"], facts["score"])


def facts_of_score(sql: Sql) -> int:
    ((score,),) = sql("SELECT (facts->>'score')::int FROM decisions")
    return int(score)


def test_a_score_that_the_strategy_would_not_reach_today_is_not_explained_away(market, sql) -> None:
    facts = facts_of(order(sql)) | {"strategy": "of another release", "score": 999_999}

    assert priced(facts).plan()[-1]["note"] == "as it was weighed then"


def test_the_page_shows_each_part_once_and_the_sum(market, sql, ops_client) -> None:
    key = order(sql)

    page = page_of(ops_client, key)

    assert "rate card, version 1" in page
    assert "built-in routing policy" in page
    assert "built-in promises policy" in page
    facts = facts_of(key)
    assert page.count("Freight of this parcel €4.90") == facts["parcels"]
    assert "1 further parcel, for the customer's patience €2.00" in page
    assert f"The plan in all €{facts['score'] / 100:.2f}" in page
    assert "of 2 there" in page
    assert "leaves by Tue, Nov 24, 15:00" in page
    # Where a vendor has several places, who was not chosen is named with the place.
    assert "Kiln north 1 No stock" in page
    assert "Ridge 1 Vendor not active" in page
    assert "+ €4.90 a parcel" in page


def test_what_a_strategy_does_not_count_is_said(market, sql, ops_client) -> None:
    policy("routing", strategy="cheapest")

    page = page_of(ops_client, order(sql))

    assert "Lateness, not counted" in page
    assert "Standing, not counted" in page
    assert "for the customer's patience" not in page


def test_a_weight_that_outweighs_everything_is_said(market, sql, ops_client) -> None:
    policy("routing", strategy="fewest_parcels")

    page = page_of(ops_client, order(sql))

    assert "€1,000,000.00 of it so that they are few €1,000,002.00" in page


def test_many_who_were_not_chosen_are_folded(jobs_run_here, ops_client) -> None:
    skus = [f"SKU-{n}" for n in range(5)]
    for name in ("kiln", "fjord", "ridge"):
        make_vendor_with_stock(name, dict.fromkeys(skus, 5))

    page = page_of(ops_client, routed_order("A-1", [line(sku, 1, sku) for sku in skus]))

    assert "10 not chosen" in page


def test_what_was_moved_by_hand_has_a_sum_and_no_score(market, sql, ops_client) -> None:
    key = order(sql, [line("THROW", 2)])
    (reference,) = references(key)
    move(reference)

    *rows, total = priced(facts_of(key)).plan()

    assert total["minor"] == sum(row["minor"] for row in rows) > 0
    assert "Imani moved it by hand: closer." in page_of(ops_client, key)
    assert "The marketplace gave it to you by hand." in page_of(ops_client, key)


NEWER = ("parcels", "split", "policies", "is_whole", "one_place")
NEWER_OF_ONE = ("has", "kilos", "parcel", "ship_by")


def grow_old(sql: Sql, key: UUID, *more: str) -> None:
    """Have a decision lack what releases before this one did not keep."""
    facts = {name: told for name, told in facts_of(key).items() if name not in NEWER}
    for of in ("chosen", "others"):
        for told in facts[of]:
            for name in (*NEWER_OF_ONE, *more):
                told.pop(name, None)
    for told in facts["excluded"]:
        told.pop("place", None)
    sql("UPDATE decisions SET facts = %s WHERE order_id = %s", json.dumps(facts), key)


@pytest.mark.parametrize("more", [(), ("goods", "freight", "late", "standing")])
def test_older_records_stay_readable(market, sql, ops_client, more) -> None:
    key = order(sql)
    score = facts_of(key)["score"]
    grow_old(sql, key, *more)

    page = page_of(ops_client, key)

    note = "a parcel's freight counts once, but stands in each of its lines"
    assert f"The plan in all {note} €{score / 100:.2f}" in page
    assert "Freight of this parcel" not in page
    assert "2 parcels should be with you, the last one by" in page
    assert "no single place" not in page
    assert "Ridge 1 Vendor not active" in page


# What its vendor reads ----------------------------------------------------------------------


def of_vendor(key: UUID, code: str) -> str:
    found: str = one(
        "SELECT f.reference FROM fulfillment_orders f JOIN vendors v ON v.id = f.vendor_id"
        " WHERE f.order_id = :id AND v.code = :code ORDER BY f.id DESC LIMIT 1",
        id=key,
        code=code,
    ).reference
    return found


WEIGHED = "Price, time, standing and parcels were weighed."


def test_a_vendor_reads_why_it_was_chosen_and_of_nobody_else(app, market, sql) -> None:
    key = order(sql)
    staff = sign_in_as(app, "vendor_staff", vendor=vendor_id("kiln"))

    page = staff.get(f"/portal/orders/{of_vendor(key, 'kiln')}").text

    assert f"You were chosen: from you it could be there on Fri, Nov 27. {WEIGHED}" in words(page)
    for other in ("fjord", "ridge", "no single place"):
        assert other not in page.lower()
    hidden = staff.get(f"/portal/orders/{of_vendor(key, 'fjord')}")
    assert (hidden.status_code, "You were chosen" in hidden.text) == (404, False)


def test_each_part_has_the_decision_that_gave_it(app, market, sql) -> None:
    key = order(sql, [line("THROW", 2), line("LAMP", 1, "2")])
    (first,) = references(key)
    move(first, {"1": 1})
    staff = sign_in_as(app, "vendor_staff", vendor=vendor_id("kiln"))
    other = sign_in_as(app, "vendor_owner", vendor=vendor_id("fjord"))

    moved = words(staff.get(f"/portal/orders/{of_vendor(key, 'kiln')}").text)
    kept = words(other.get(f"/portal/orders/{first}").text)

    assert "The marketplace gave it to you by hand." in moved
    assert "You were chosen" not in moved
    assert "You were chosen: from you it could be there on Fri, Nov 27." in kept
    assert "by hand" not in kept


def test_the_sentence_costs_one_statement(app, market, sql) -> None:
    key = order(sql)
    staff = sign_in_as(app, "vendor_staff", vendor=vendor_id("kiln"))
    path = f"/portal/orders/{of_vendor(key, 'kiln')}"
    staff.get(path)

    with statements() as seen:
        staff.get(path)

    assert len([said for said in seen if "decisions" in said]) == 1


# What the customer's shop is told ------------------------------------------------------------

PATH = "/orders/A-1?channel=webshop"


def test_a_shop_is_told_how_an_order_comes(market, sql, api: Api) -> None:
    key = make_order("A-1", LINES)
    before = api("GET", PATH).get_json()["explanation"]
    run_jobs("route_orders")

    told = api("GET", PATH).get_json()["explanation"]

    assert before is None
    assert told.startswith("It comes in 2 parcels, because no single place can send all of it")
    for name in ("kiln", "fjord"):
        assert name not in told.lower()
    assert facts_of(key)["is_whole"]


def test_a_part_that_was_routed_again_is_called_a_part(market, sql, api: Api) -> None:
    key = order(sql, [line("THROW", 2), line("LAMP", 1, "2")])
    whole = api("GET", PATH).get_json()["explanation"]
    (first,) = references(key)
    move(first, {"1": 1})

    part = api("GET", PATH).get_json()["explanation"]

    assert whole == "All of it comes from one place and should be with you by Fri, Nov 27."
    assert part == "Part of it comes from one place and should be with you by Mon, Nov 30."


def test_nothing_is_explained_of_what_has_ended(market, api: Api) -> None:
    routed_order("A-1", [line("THROW", 1)])

    api("POST", PATH.replace("?", "/cancel?"), {"reason": "the customer asked for it"})

    assert api("GET", PATH).get_json()["explanation"] is None


def test_an_order_is_read_with_as_many_statements_however_often_it_was_routed(
    market, sql, api: Api
) -> None:
    key = order(sql, [line("THROW", 2), line("LAMP", 1, "2")])
    api("GET", PATH)
    with statements() as once:
        api("GET", PATH)
    (first,) = references(key)
    move(first, {"1": 1})

    with statements() as twice:
        api("GET", PATH)

    assert len(once) == len(twice)
    assert len([said for said in twice if "decisions" in said]) == 1


def test_what_has_all_shipped_is_not_said_to_have_shipped_in_part(market, api: Api) -> None:
    key = routed_order("A-1", [line("THROW", 1)])
    (name,) = confirmed(key)
    send(name, parcel(1, "2026-11-23T09:00:00+00:00"))

    answer = api("POST", PATH.replace("?", "/cancel?"), {"reason": "too late"})

    assert answer.status_code == 409
    assert answer.get_json()["detail"] == (
        "Order A-1 has shipped; it can no longer be canceled. Open a return instead."
    )
