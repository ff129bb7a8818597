"""Picking on a real database: two people at once, scans sent twice, units that are not there."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from app.extensions import db
from app.shared.errors import DomainError, IllegalMove, InvalidInput, NotFound
from app.shared.work import OPS, transaction, vendor_scope
from app.shipments import picking
from app.shipments.models import Scan
from app.shipments.picking import Told
from tests.conftest import caller
from tests.factories import (
    confirmed,
    describe,
    line,
    make_vendor_with_stock,
    one,
    routed_order,
    rows,
    run_jobs,
    vendor_key,
)
from tests.flow.test_races import at_once

EAN = "4012345678901"


@pytest.fixture
def kiln(app: Flask) -> UUID:
    vendor = make_vendor_with_stock("kiln", {"MUG": 20, "BOWL": 20})
    describe("MUG", "BOWL")
    with transaction(OPS):
        db.session.execute(text("UPDATE products SET gtin = :g WHERE sku = 'MUG'"), {"g": EAN})
    return vendor


def to_pick(*lines: dict[str, Any], number: str = "") -> str:
    (reference,) = confirmed(routed_order(number, lines or [line("MUG", 2)]))
    return reference


def scan(vendor: UUID, reference: str, typed: str, key: UUID | None = None) -> Scan:
    with transaction(vendor_scope(vendor)) as now:
        found = picking.scan(reference, Told(key or uuid4(), typed, "Noor", now))
        db.session.flush()
        db.session.expunge(found)
    return found


def short(vendor: UUID, reference: str, units: int, reason: str, key: UUID | None = None) -> None:
    with transaction(vendor_scope(vendor)) as now:
        told = Told(key or uuid4(), "", "Noor", now)
        picking.short(reference, "1", units, reason, told)


def state(reference: str) -> tuple[str, int, int, int]:
    row = one(
        "SELECT fo.status, l.confirmed, l.picked, l.declined FROM fulfillment_orders fo"
        " JOIN fo_lines l ON l.fo_id = fo.id WHERE reference = :r AND l.line = '1'",
        r=reference,
    )
    return tuple(row)


def stock(sku: str = "MUG", vendor: str = "kiln") -> tuple[int, int]:
    row = one(
        "SELECT s.on_hand, s.reserved FROM stock s JOIN listings l ON l.id = s.listing_id"
        " JOIN vendors v ON v.id = l.vendor_id WHERE l.sku = :s AND v.code = :v",
        s=sku,
        v=vendor,
    )
    return tuple(row)


def events(reference: str) -> list[str]:
    found = rows(
        "SELECT t.event FROM timeline t JOIN fulfillment_orders fo ON fo.order_id = t.order_id"
        " WHERE fo.reference = :r ORDER BY t.at, t.id",
        r=reference,
    )
    return [row.event for row in found]


def test_scans_count_units_and_the_first_begins_the_picking(kiln: UUID) -> None:
    reference = to_pick()

    first = scan(kiln, reference, EAN)
    begun = state(reference)
    second = scan(kiln, reference, f"0{EAN}")
    third = scan(kiln, reference, "mug")

    assert (first.outcome, second.outcome, third.outcome) == ("right", "right", "too_many")
    assert begun == ("picking", 2, 1, 0)
    assert state(reference) == ("picking", 2, 2, 0)
    assert events(reference).count("fulfillment_order_picking") == 1


def test_a_scan_that_is_sent_twice_counts_once(kiln: UUID) -> None:
    reference, key = to_pick(), uuid4()

    outcomes = [scan(kiln, reference, EAN, key).outcome for _ in range(2)]

    assert outcomes == ["right", "right"]
    assert state(reference) == ("picking", 2, 1, 0)


@pytest.mark.parametrize("same", [True, False])
def test_two_people_at_once_pick_no_unit_twice(app: Flask, kiln: UUID, same: bool) -> None:
    reference, key = to_pick(line("MUG", 3)), uuid4()
    calls = [lambda: scan(kiln, reference, EAN, key if same else None).outcome for _ in range(5)]

    outcomes = at_once(app, *calls)

    right = outcomes.count("right")
    assert (right, state(reference)[2]) == ((5, 1) if same else (3, 3))


def test_what_is_wrong_changes_nothing_and_says_what_to_take(kiln: UUID) -> None:
    reference = to_pick()

    wrong, unknown, empty = (scan(kiln, reference, code) for code in ("BOWL", "4711", " "))

    assert (wrong.outcome, wrong.facts["title"]) == ("wrong_item", "Bowl")
    assert wrong.facts["take"]["sku"] == "MUG"
    assert (unknown.outcome, empty.outcome) == ("unknown", "unknown")
    assert state(reference) == ("confirmed", 2, 0, 0)
    assert "fulfillment_order_picking" not in events(reference)


def test_a_scan_is_put_back_once(kiln: UUID) -> None:
    reference, key = to_pick(), uuid4()
    scan(kiln, reference, f"2*{EAN}", key)

    for _ in range(2):
        with transaction(vendor_scope(kiln)) as now:
            picking.undo(key, kiln, now)

    assert state(reference) == ("picking", 2, 0, 0)


def test_what_counted_for_nothing_cannot_be_put_back(kiln: UUID) -> None:
    reference, key = to_pick(), uuid4()
    scan(kiln, reference, "BOWL", key)

    with pytest.raises(IllegalMove), transaction(vendor_scope(kiln)) as now:
        picking.undo(key, kiln, now)
    with pytest.raises(NotFound), transaction(vendor_scope(kiln)) as now:
        picking.undo(uuid4(), kiln, now)


@pytest.mark.parametrize(
    ("taps", "outcomes", "picked"),
    [
        ([1, 1, 1], ["right", "right", "too_many"], 2),
        ([1, -1, -1], ["right", "right", "too_many"], 0),
    ],
)
def test_units_without_a_code_are_counted_by_hand(
    kiln: UUID, taps: list[int], outcomes: list[str], picked: int
) -> None:
    reference, found = to_pick(), []
    for units in taps:
        with transaction(vendor_scope(kiln)) as now:
            told = Told(uuid4(), "", "Noor", now)
            found.append(picking.by_hand(reference, "1", units, told).outcome)

    assert found == outcomes
    assert state(reference)[2] == picked


@pytest.mark.parametrize("status", ["assigned", "on_hold", "packed", "canceled"])
def test_what_is_not_to_be_picked_is_refused(kiln: UUID, status: str) -> None:
    reference = to_pick()
    with transaction(OPS):
        db.session.execute(
            text("UPDATE fulfillment_orders SET status = :s WHERE reference = :r"),
            {"s": status, "r": reference},
        )

    with pytest.raises(IllegalMove, match=status):
        scan(kiln, reference, EAN)
    with transaction(OPS):
        db.session.execute(
            text("UPDATE fulfillment_orders SET status = 'confirmed' WHERE reference = :r"),
            {"r": reference},
        )

    assert state(reference) == ("confirmed", 2, 0, 0)
    assert rows("SELECT * FROM scans") == []


# What is not there ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "left"), [("not_found", (19, 1)), ("damaged", (19, 1)), ("wrong_count", (1, 1))]
)
def test_units_that_are_not_there_leave_the_stock_and_go_to_somebody_else(
    kiln: UUID, reason: str, left: tuple[int, int]
) -> None:
    reference = to_pick()
    make_vendor_with_stock("ridge", {"MUG": 5})

    short(kiln, reference, 1, reason)
    after = stock()
    run_jobs("route_orders")

    assert state(reference) == ("confirmed", 1, 0, 1)
    assert after == left
    assert stock("MUG", "ridge") == (5, 1)
    (told,) = rows("SELECT facts FROM timeline WHERE event = 'fulfillment_order_picked_short'")
    assert told.facts["short"] == 1
    assert told.facts["missing"] == reason


def test_the_same_shelf_is_not_asked_again_and_ops_are_told(kiln: UUID) -> None:
    reference = to_pick()

    short(kiln, reference, 2, "not_found")
    run_jobs()

    assert state(reference) == ("rejected", 0, 0, 2)
    assert [row.reference for row in rows("SELECT reference FROM fulfillment_orders")] == [
        reference
    ]
    (case,) = rows("SELECT kind FROM exception_cases WHERE closed_at IS NULL")
    assert case.kind == "out_of_stock"


def test_missing_units_that_are_told_twice_are_missing_once(kiln: UUID) -> None:
    reference, key = to_pick(), uuid4()

    for _ in range(2):
        short(kiln, reference, 1, "damaged", key)

    assert state(reference) == ("confirmed", 1, 0, 1)
    assert stock() == (19, 1)


@pytest.mark.parametrize(("units", "reason"), [(3, "damaged"), (0, "damaged"), (1, "eaten")])
def test_no_more_can_be_missing_than_is_to_be_picked(kiln: UUID, units: int, reason: str) -> None:
    reference = to_pick()

    with pytest.raises(InvalidInput):
        short(kiln, reference, units, reason)

    assert state(reference) == ("confirmed", 2, 0, 0)
    assert stock() == (20, 2)


def test_a_short_pick_and_a_scan_at_once_keep_the_invariants(app: Flask, kiln: UUID) -> None:
    reference = to_pick(line("MUG", 2))

    def try_short() -> str:
        try:
            short(kiln, reference, 2, "not_found")
        except DomainError as refusal:
            return type(refusal).__name__
        return "short"

    def try_scan() -> str:
        try:
            return scan(kiln, reference, EAN).outcome
        except DomainError as refusal:
            return type(refusal).__name__

    outcomes = at_once(app, try_short, try_scan)

    assert outcomes in (["short", "IllegalMove"], ["InvalidInput", "right"])


# Walks ---------------------------------------------------------------------------------------


def wave(vendor: UUID, *names: str, key: UUID | None = None) -> str:
    with transaction(vendor_scope(vendor)) as now:
        return picking.start_wave(names, Told(key or uuid4(), "", "Noor", now))


def scan_wave(vendor: UUID, name: str, typed: str) -> Scan:
    with transaction(vendor_scope(vendor)) as now:
        found = picking.scan_wave(name, Told(uuid4(), typed, "Noor", now))
        db.session.flush()
        db.session.expunge(found)
    return found


def test_on_a_walk_a_unit_goes_to_the_order_that_is_due_first(kiln: UUID) -> None:
    first, second = to_pick(line("MUG", 1)), to_pick(line("MUG", 2))
    with transaction(OPS):
        db.session.execute(
            text(
                "UPDATE fulfillment_orders SET ship_by = ship_by - interval '1 hour'"
                " WHERE reference = :r"
            ),
            {"r": second},
        )
    name = wave(kiln, first, second)

    given = [scan_wave(kiln, name, EAN).facts.get("for") for _ in range(4)]

    assert given == [[[second, 1]], [[second, 1]], [[first, 1]], None]
    assert (state(first)[2], state(second)[2]) == (1, 2)


def test_a_walk_is_begun_once_and_takes_what_is_to_be_picked(kiln: UUID) -> None:
    first, second, key = to_pick(), to_pick(), uuid4()

    names = {wave(kiln, first, second, key=key) for _ in range(2)}

    assert len(names) == 1
    assert len(rows("SELECT * FROM waves")) == 1
    assert len(rows("SELECT * FROM fulfillment_orders WHERE wave_id = :w", w=key)) == 2


def test_another_orders_unit_of_the_walk_names_its_order(kiln: UUID) -> None:
    mug, bowl = to_pick(), to_pick(line("BOWL"))
    wave(kiln, mug, bowl)

    found = scan(kiln, mug, "BOWL")

    assert (found.outcome, found.facts["owner"]) == ("wrong_order", bowl)


def test_another_vendors_orders_are_nobodys(kiln: UUID) -> None:
    other = make_vendor_with_stock("tallow", {"SOAP": 5})
    mine = to_pick()

    for try_ in (lambda: scan(other, mine, EAN), lambda: wave(other, mine)):
        with pytest.raises(NotFound):
            try_()

    assert state(mine) == ("confirmed", 2, 0, 0)


# Programs ------------------------------------------------------------------------------------


@pytest.fixture
def robot(app: Flask, kiln: UUID) -> Any:
    return caller(app, vendor_key("kiln", "onw_kiln"))


def packages(reference: str) -> list[tuple[int, int | None, dict[str, int]]]:
    found = rows(
        "SELECT p.number, p.weight_g, json_object_agg(f.line, l.quantity) AS units FROM packages p"
        " JOIN fulfillment_orders fo ON fo.id = p.fo_id JOIN package_lines l ON l.package_id = p.id"
        " JOIN fo_lines f ON f.id = l.fo_line_id WHERE fo.reference = :r GROUP BY p.id ORDER BY 1",
        r=reference,
    )
    return [tuple(row) for row in found]


def test_programs_say_what_is_picked_and_what_is_not_there(robot: Any) -> None:
    reference = to_pick(line("MUG", 3), line("BOWL", 1, "2"))
    path = f"/fulfillment-orders/{reference}/pick"

    answers = [robot("POST", path, {"lines": {"1": 2}}) for _ in range(2)]
    half = state(reference)
    short = [robot("POST", path, {"short": {"1": "not_found"}, "lines": {}}) for _ in range(2)]

    assert {answer.status_code for answer in (*answers, *short)} == {200}
    assert short[0].json["decline_code"] == "out_of_stock"
    assert half == ("picking", 3, 2, 0)
    assert state(reference) == ("picking", 2, 2, 1)
    assert events(reference).count("fulfillment_order_picked_short") == 1


@pytest.mark.parametrize(
    "body",
    [
        {"lines": {"1": 4}},
        {"lines": {"9": 1}},
        {"lines": {"1": -1}},
        {"short": {"9": "damaged"}},
        {"short": {"1": "eaten"}},
        {"lines": {"1": 1}, "surprise": 1},
    ],
)
def test_what_programs_cannot_have_picked_is_refused(robot: Any, body: dict[str, Any]) -> None:
    reference = to_pick(line("MUG", 3))

    answer = robot("POST", f"/fulfillment-orders/{reference}/pick", body)

    assert answer.status_code == 422
    assert state(reference) == ("confirmed", 3, 0, 0)


def test_programs_name_their_parcels_or_none(robot: Any) -> None:
    named, plain = to_pick(line("MUG", 3)), to_pick(line("MUG", 2))
    parcels = [{"lines": {"1": 2}, "weight_g": 700}, {"lines": {"1": 1}, "box": "Small"}]

    answers = [
        robot("POST", f"/fulfillment-orders/{named}/pack", {"parcels": parcels}),
        robot("POST", f"/fulfillment-orders/{plain}/pick"),
        robot("POST", f"/fulfillment-orders/{plain}/pack"),
        robot("POST", f"/fulfillment-orders/{plain}/pack"),
    ]

    assert [answer.json["status"] for answer in answers] == [
        "packed",
        "picking",
        "packed",
        "packed",
    ]
    assert packages(named) == [(1, 700, {"1": 2}), (2, None, {"1": 1})]
    assert packages(plain) == [(1, None, {"1": 2})]


@pytest.mark.parametrize(
    "parcels",
    [
        [{"lines": {"1": 2}}],
        [{"lines": {"1": 4}}],
        [{"lines": {"1": 3, "9": 1}}],
        [{"lines": {}}],
        [{"lines": {"1": 3}, "weight_g": 0}],
        [],
    ],
)
def test_parcels_of_programs_hold_just_what_is_picked(robot: Any, parcels: list[Any]) -> None:
    reference = to_pick(line("MUG", 3))

    answer = robot("POST", f"/fulfillment-orders/{reference}/pack", {"parcels": parcels})

    assert answer.status_code == 422
    assert (state(reference)[0], packages(reference)) == ("confirmed", [])


def test_bins_and_own_codes_come_in_with_listings(api: Any, kiln: UUID) -> None:
    listing = {"vendor": "kiln", "location": "main", "sku": "MUG", "title": "Mug", "cost": "6.00"}

    said = api("PUT", "/listings", {"listings": [listing | {"bin": "A-1", "own_code": "K-1"}]})
    kept = api("PUT", "/listings", {"listings": [listing]})
    wrong = api("PUT", "/listings", {"listings": [listing | {"bin": "A" * 41}]})
    found = api("GET", "/listings?sku=MUG").json["listings"][0]

    assert [answer.status_code for answer in (said, kept, wrong)] == [200, 200, 422]
    assert (found["bin"], found["own_code"]) == ("A-1", "K-1")
    assert scan(kiln, to_pick(), "k-1").outcome == "right"


def test_how_an_item_is_packed_comes_in_with_products(api: Any, kiln: UUID) -> None:
    product = {"sku": "MUG", "title": "Mug", "packing": ["fragile"], "packing_note": "Double box"}

    said = api("PUT", "/products", {"products": [product]})
    wrong = api("PUT", "/products", {"products": [product | {"packing": ["throw it"]}]})

    assert [answer.status_code for answer in (said, wrong)] == [200, 422]
    found = one("SELECT packing, packing_note FROM products WHERE sku = 'MUG'")
    assert tuple(found) == (["fragile"], "Double box")


def test_a_page_that_was_used_already_says_so(kiln: UUID) -> None:
    reference, key = to_pick(), uuid4()
    scan(kiln, reference, EAN, key)

    with pytest.raises(IllegalMove, match="used already"):
        scan(kiln, reference, "BOWL", key)
    with pytest.raises(IllegalMove, match="used already"):
        short(kiln, reference, 1, "damaged", key)

    assert state(reference) == ("picking", 2, 1, 0)
