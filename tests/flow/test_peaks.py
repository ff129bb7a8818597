"""Ops are told whom to ask how it goes: once a day, and nobody who was written with."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.extensions import db
from app.shared.work import ACCOUNTS, OPS, transaction
from tests.conftest import NOW
from tests.factories import at, busy, make_vendor_with_stock, run
from tests.people import browser_of, make_person

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOLD = "SELECT audience, subject, facts FROM notices WHERE kind = 'check_in' ORDER BY at, subject"
# Its own work again, handed over long ago or of late.
GONE = (
    "INSERT INTO fulfillment_orders SELECT r.* FROM (SELECT * FROM fulfillment_orders LIMIT 1) f,"
    " generate_series(1, :many) n, jsonb_populate_record(CAST(f AS fulfillment_orders),"
    "  jsonb_build_object('id', gen_random_uuid(), 'reference', 'GONE-' || n,"
    "   'status', 'shipped', 'shipped_at', CAST(:at AS timestamptz))) r"
)


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


def said() -> list[tuple[str, str, Any]]:
    """Return what ops were told of vendors at peak, look by look."""
    with transaction(ACCOUNTS):
        found = db.session.execute(db.text(TOLD)).all()
    return [tuple(row) for row in found]


def numbers() -> list[dict[str, Any]]:
    return [{k: v for k, v in facts.items() if k != "vendor"} for _, _, facts in said()]


def change(sql: str, **values: Any) -> None:
    with transaction(OPS):
        db.session.execute(db.text(sql), values)


def test_ops_are_told_once_a_day(app: Flask) -> None:
    make_vendor_with_stock("kiln", {"MUG": 50})
    make_vendor_with_stock("fjord", {"LAMP": 50})
    busy(10, "MUG")
    busy(9, "LAMP")

    for moment in (NOW, NOW + HOUR, NOW + 2 * DAY):
        at(moment)
        run("keep_house")

    kiln = {"vendor": "Kiln", "due": 10, "usual": 0}
    assert said() == [
        ("ops", "kiln", kiln),
        ("ops", "fjord", {"vendor": "Fjord", "late": 9}),
        ("ops", "kiln", kiln | {"late": 10}),
    ]


@pytest.mark.parametrize("who", ["ops_agent", "vendor_staff"])
def test_nobody_is_asked_who_was_written_with_for_a_day(app: Flask, who: str) -> None:
    kiln = make_vendor_with_stock("kiln", {"MUG": 50})
    busy(10, "MUG")
    is_ops = who == "ops_agent"
    browser = browser_of(app, make_person(who, "Noor Aziz", vendor=None if is_ops else kiln))
    path = "/console/vendors/kiln/questions" if is_ops else "/portal/help"
    assert browser.post(path, data={"body": "How does it go?"}).status_code == 303

    told = []
    for moment in (NOW + HOUR, NOW + DAY - HOUR, NOW + DAY):
        at(moment)
        run("keep_house")
        told.append(len(said()))

    assert told == [0, 0, 1]


def test_what_is_written_with_another_vendor_is_no_word_with_this_one(app: Flask) -> None:
    make_vendor_with_stock("kiln", {"MUG": 50})
    fjord = make_vendor_with_stock("fjord", {"LAMP": 50})
    busy(10, "MUG")
    busy(10, "LAMP")
    staff = browser_of(app, make_person("vendor_staff", "Olaf", vendor=fjord))
    staff.post("/portal/help", data={"body": "All is well."})

    run("keep_house")

    assert [subject for _, subject, _ in said()] == ["kiln"]


@pytest.mark.parametrize(
    ("zone", "cut_off", "handling_days", "is_told"),
    [
        ("UTC", time(15), 1, True),
        # It leaves the day after tomorrow.
        ("UTC", time(15), 2, False),
        # Tomorrow evening over there; here it is the day after.
        ("America/Los_Angeles", time(23), 1, True),
        ("America/Los_Angeles", time(23), 2, False),
    ],
)
def test_tomorrow_ends_by_the_clock_of_the_vendor(
    app: Flask, zone: str, cut_off: time, handling_days: int, is_told: bool
) -> None:
    make_vendor_with_stock(
        "kiln", {"MUG": 50}, zone=zone, cut_off=cut_off, handling_days=handling_days
    )
    busy(10, "MUG")

    run("keep_house")

    assert bool(said()) == is_told


@pytest.mark.parametrize(
    ("many", "gone_at", "expected"),
    [
        # Over the twenty days of four weeks on which it works.
        (100, NOW - 3 * DAY, [{"due": 10, "usual": 5}]),
        (120, NOW - 3 * DAY, []),
        (120, NOW - 29 * DAY, [{"due": 10, "usual": 0}]),
    ],
)
def test_usual_is_what_left_of_late(
    app: Flask, many: int, gone_at: datetime, expected: list[dict[str, int]]
) -> None:
    make_vendor_with_stock("kiln", {"MUG": 50})
    busy(10, "MUG")
    change(GONE, many=many, at=gone_at)

    run("keep_house")
    # They have no parcels, which is no state that the platform leaves.
    change("DELETE FROM fulfillment_orders WHERE reference ^@ 'GONE-'")

    assert numbers() == expected


def test_more_than_it_can_is_a_peak_and_a_closed_vendor_has_none(app: Flask) -> None:
    kiln: UUID = make_vendor_with_stock("kiln", {"MUG": 50})
    busy(5, "MUG")
    change("UPDATE locations SET daily_capacity = 2 WHERE vendor_id = :id", id=kiln)

    run("keep_house")
    at(NOW + DAY)
    change("UPDATE vendors SET status = 'closed' WHERE id = :id", id=kiln)
    run("keep_house")

    assert numbers() == [{"due": 5, "most": 2}]
