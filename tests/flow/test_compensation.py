from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.checks import service as checks
from app.checks.service import Subject
from app.shared.work import OPS, transaction
from simulator.fedex import Fault
from tests.factories import (
    at,
    make_vendor_with_stock,
    one,
    policy,
    rows,
    run_jobs,
    shipped_order,
)

LEFT = datetime.fromisoformat("2026-11-23T09:00:00+00:00")
DELIVER_BY = datetime.fromisoformat("2026-11-30T00:00:00+00:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LOST = DELIVER_BY + 30 * DAY
WORK = ("watch", "escalate", "compensate", "ask_carriers", "poll_shipments")


@pytest.fixture
def underway(carrier):
    """An order of 25.00 and 4.90 freight that left in time, promised for November 29."""
    make_vendor_with_stock()
    shipped = shipped_order()
    carrier.book.add(shipped.number, [(LEFT, "PU", "Picked up", "Malmö", "", "SE")])
    run_jobs(*WORK)
    return shipped


def arrives(carrier, shipped, moment: datetime) -> None:
    scans = [
        (LEFT, "PU", "Picked up", "Malmö", "", "SE"),
        (moment, "DL", "Delivered", "Malmö", "", "SE"),
    ]
    carrier.book.add(shipped.number, scans)


def offers():
    found = rows("SELECT rule, amount_minor, status FROM compensation_offers ORDER BY made_at, id")
    return [tuple(o) for o in found]


@pytest.mark.parametrize(
    ("days", "rule", "minor"),
    [
        (1, "late_1", 245),
        (3, "late_1", 245),
        (4, "late_4", 490),
        (7, "late_4", 490),
        (8, "late_8", 740),
    ],
)
def test_a_late_order_is_offered_its_tier(underway, carrier, days, rule, minor):
    arrives(carrier, underway, DELIVER_BY + (days - 1) * DAY + 8 * HOUR)
    at(DELIVER_BY + days * DAY)

    run_jobs(*WORK)
    run_jobs(*WORK)

    assert offers() == [(rule, minor, "offered")]
    told = one("SELECT facts FROM notifications WHERE template = 'compensation_offered'").facts
    assert (told["minor"], told["currency"], told["rule"]) == (minor, "EUR", rule)
    decided = one("SELECT facts FROM decisions WHERE kind = 'compensation'").facts
    assert (decided["days_late"], decided["items_minor"], decided["freight_minor"]) == (
        days,
        2500,
        490,
    )


def test_an_order_in_time_is_offered_nothing(underway, carrier):
    arrives(carrier, underway, DELIVER_BY - HOUR)
    at(DELIVER_BY + 9 * DAY)

    run_jobs(*WORK)

    assert offers() == []


def test_an_order_that_is_late_and_not_here_yet_is_offered_nothing_yet(underway):
    at(LOST)

    run_jobs(*WORK)

    assert offers() == []


def test_a_lost_order_is_offered_all_of_it_after_its_carrier_was_asked(underway, carrier):
    at(LOST - HOUR)
    run_jobs(*WORK)
    at(LOST + HOUR)

    run_jobs("compensate")
    assert offers() == []
    run_jobs(*WORK)

    assert offers() == [("lost", 2990, "offered")]


def test_a_lost_parcel_that_arrives_after_all_is_late_instead(underway, carrier):
    at(LOST + HOUR)
    run_jobs(*WORK)
    arrives(carrier, underway, LOST + DAY)
    moment = at(LOST + 2 * DAY)

    run_jobs(*WORK)

    assert offers() == [("lost", 2990, "withdrawn"), ("late_8", 740, "offered")]
    old = one("SELECT ended_at, end_reason FROM compensation_offers WHERE rule = 'lost'")
    assert old == (moment, "replaced by late_8")


# However long nobody looked: the carrier is asked before its silence is.
def test_an_arrival_found_together_with_the_loss_is_never_lost(underway, carrier):
    arrives(carrier, underway, LOST - HOUR)
    at(LOST + 5 * DAY)

    run_jobs(*WORK)

    assert offers() == [("late_8", 740, "offered")]


def test_an_offer_that_was_accepted_is_not_taken_back(underway, carrier, sql):
    at(LOST + HOUR)
    run_jobs(*WORK)
    sql("UPDATE compensation_offers SET status = 'accepted'")
    arrives(carrier, underway, LOST + DAY)
    at(LOST + 2 * DAY)

    run_jobs(*WORK)

    assert offers() == [("lost", 2990, "accepted")]


def look_again(shipped) -> None:
    with transaction(OPS) as now:
        checks.wake("delivery judged", [Subject(shipped.order_id, "order", shipped.order_id)], now)
    run_jobs(*WORK)


def test_an_offer_of_another_amount_takes_the_place_of_the_old_one(underway, carrier):
    arrives(carrier, underway, DELIVER_BY + HOUR)
    at(DELIVER_BY + DAY)
    run_jobs(*WORK)
    policy("compensation", tiers=[{"from_days": 1, "freight_bp": 10_000, "items_bp": 0}])

    look_again(underway)

    live = [o for o in offers() if o[2] != "withdrawn"]
    assert live == [("late_1", 490, "offered")]


def test_an_order_that_was_not_late_after_all_keeps_no_offer(underway, carrier):
    carrier.fedex.break_down(Fault.FAILING)
    for moment in (DELIVER_BY + DAY, LOST + HOUR, LOST + DAY):
        at(moment)
        run_jobs(*WORK)
    assert offers() == [("lost", 2990, "offered")]
    carrier.fedex.break_down(None)
    arrives(carrier, underway, DELIVER_BY - HOUR)
    at(LOST + 2 * DAY)

    run_jobs(*WORK)

    assert offers() == [("lost", 2990, "withdrawn")]
