from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from app.checks.service import Subject
from app.escalations.service import acknowledge, resolve
from app.orders.service import Confirmation, confirm
from app.shared import ids
from app.shared.errors import IllegalMove, NotFound
from app.shared.who import Who
from app.shared.work import OPS, transaction
from app.shipments.service import ask
from simulator.fedex import Fault
from simulator.http import Reply, Router, Served
from simulator.numbers import fedex_number
from tests.factories import (
    ACTOR,
    at,
    confirmed,
    line,
    make_vendor_with_stock,
    one,
    parcel,
    policy,
    references,
    routed_order,
    rows,
    run,
    run_jobs,
    send,
    shipped_order,
)

# The promises of an order placed and routed at NOW.
SHIP_BY = datetime.fromisoformat("2026-11-24T15:00:00+00:00")
DELIVER_BY = datetime.fromisoformat("2026-11-30T00:00:00+00:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
IMANI = Who(ids.new(), "Imani")
CONSEQUENCES = ("route_orders", "watch", "escalate", "compensate", "ask_carriers", "poll_shipments")


def cases(kind: str):
    return rows("SELECT * FROM exception_cases WHERE kind = :kind ORDER BY occurred_at", kind=kind)


def delivery(*moments: tuple[datetime, str, str]):
    """Return scans as FedEx keeps them."""
    return [(when, code, words, "Malmö", "", "SE") for when, code, words in moments]


def handed_in(carrier, number: str, shipped_at: datetime, delivered_at: datetime | None = None):
    scans = [(shipped_at, "PU", "Picked up")]
    if delivered_at:
        scans.append((delivered_at, "DL", "Delivered"))
    carrier.book.add(number, delivery(*scans))


@pytest.fixture
def routed():
    make_vendor_with_stock()
    key = routed_order()
    run_jobs("watch")
    return key


@pytest.fixture
def underway(carrier):
    """An order that left in time; its carrier's book is empty yet."""
    make_vendor_with_stock()
    shipped = shipped_order(carrier="fedex")
    handed_in(carrier, shipped.number, at("2026-11-23T09:00:00+00:00"))
    run_jobs(*CONSEQUENCES)
    return shipped


# Dispatch ------------------------------------------------------------------------------------


def test_nothing_is_late_at_ship_by_itself(routed):
    at(SHIP_BY)
    run_jobs("watch")

    assert cases("late_dispatch") == []


def test_a_late_dispatch_is_raised_once_and_twice_is_the_same(routed):
    looked = at(SHIP_BY + HOUR)

    assert (run("watch"), run("watch")) == (1, 0)

    [case] = cases("late_dispatch")
    assert (case.occurred_at, case.raised_at, case.severity) == (SHIP_BY, looked, "warning")
    assert (case.critical_at, case.closed_at, case.subject_kind) == (
        None,
        None,
        "fulfillment_order",
    )
    assert len(rows("SELECT 1 FROM timeline WHERE event = 'case_raised'")) == 1


def test_a_late_dispatch_is_critical_48_hours_later(routed):
    for moment in (SHIP_BY + HOUR, SHIP_BY + 48 * HOUR, SHIP_BY + 49 * HOUR):
        at(moment)
        run_jobs("watch")

    [case] = cases("late_dispatch")
    assert (case.critical_at, case.severity) == (SHIP_BY + 48 * HOUR, "critical")
    assert case.raised_at == SHIP_BY + HOUR


def test_a_late_dispatch_ends_at_its_hand_over_and_not_when_we_hear_of_it(routed):
    (reference,) = confirmed(routed)
    at(SHIP_BY + HOUR)
    run_jobs("watch")
    heard = at(SHIP_BY + 9 * HOUR)

    send(reference, parcel(1, SHIP_BY + 2 * HOUR, "dhl"))
    run_jobs("watch")

    [case] = cases("late_dispatch")
    assert (case.ended_at, case.closed_at) == (SHIP_BY + 2 * HOUR, heard)


def test_a_hand_over_that_was_late_between_two_looks_still_counts(routed):
    (reference,) = confirmed(routed)
    at(SHIP_BY + 50 * HOUR)

    send(reference, parcel(1, SHIP_BY + 49 * HOUR, "dhl"))
    run_jobs("watch")

    [case] = cases("late_dispatch")
    assert (case.occurred_at, case.critical_at, case.ended_at) == (
        SHIP_BY,
        SHIP_BY + 48 * HOUR,
        SHIP_BY + 49 * HOUR,
    )


def test_a_hand_over_in_time_that_is_told_late_is_no_case(routed):
    (reference,) = confirmed(routed)
    at(SHIP_BY + HOUR)
    run_jobs("watch")

    send(reference, parcel(1, SHIP_BY, "dhl"))
    run_jobs("watch")

    [case] = cases("late_dispatch")
    assert case.closed_at == SHIP_BY + HOUR
    assert references(routed) == [reference]


def test_what_is_called_off_is_late_no_more(routed, api):
    at(SHIP_BY + HOUR)
    run_jobs("watch")
    number = one("SELECT number FROM orders").number

    api("POST", f"/orders/{number}/cancel?channel=webshop", {})
    run_jobs("watch")

    assert [c.closed_at for c in cases("late_dispatch")] == [SHIP_BY + HOUR]


@pytest.mark.parametrize("hours", [1, 6, 25])
def test_the_ticks_do_not_matter(routed, hours):
    (reference,) = confirmed(routed)
    moment = SHIP_BY - 30 * HOUR
    while moment < SHIP_BY + 100 * HOUR:
        moment = at(max(moment + hours * HOUR, at_now()))
        if moment >= SHIP_BY + 60 * HOUR and not rows("SELECT 1 FROM shipments"):
            send(reference, parcel(1, SHIP_BY + 60 * HOUR, "dhl"))
        run_jobs("watch")

    [case] = cases("late_dispatch")
    assert (case.occurred_at, case.critical_at, case.ended_at) == (
        SHIP_BY,
        SHIP_BY + 48 * HOUR,
        SHIP_BY + 60 * HOUR,
    )


def at_now() -> datetime:
    with transaction(OPS) as now:
        return now


# Delivery ------------------------------------------------------------------------------------


def test_a_carrier_is_asked_before_its_silence_counts(underway, carrier):
    policy("tracking", every_hours=24)
    run_jobs(*CONSEQUENCES)
    calls = carrier.fedex.calls
    at(DELIVER_BY + HOUR)

    run_jobs("watch")
    assert (cases("late_delivery"), carrier.fedex.calls) == ([], calls)
    run_jobs(*CONSEQUENCES)

    [case] = cases("late_delivery")
    assert (case.occurred_at, case.ended_at, carrier.fedex.calls) == (DELIVER_BY, None, calls + 1)


def test_a_delivery_in_time_that_nobody_asked_about_is_not_late(underway, carrier):
    handed_in(carrier, underway.number, SHIP_BY, DELIVER_BY - HOUR)
    at(DELIVER_BY + 5 * HOUR)

    run_jobs(*CONSEQUENCES)

    assert cases("late_delivery") == []
    assert one("SELECT status, delivered_at FROM orders") == ("delivered", DELIVER_BY - HOUR)


def test_a_delivery_between_two_looks_was_late_all_the_same(underway, carrier):
    handed_in(carrier, underway.number, SHIP_BY, DELIVER_BY + HOUR)
    at(DELIVER_BY + 5 * HOUR)

    run_jobs(*CONSEQUENCES)

    [case] = cases("late_delivery")
    assert (case.occurred_at, case.ended_at) == (DELIVER_BY, DELIVER_BY + HOUR)
    assert rows("SELECT 1 FROM notifications WHERE template = 'order_late'") == []


def test_after_an_outage_of_ours_carriers_are_asked_before_anybody_is_told(underway, carrier):
    handed_in(carrier, underway.number, SHIP_BY, DELIVER_BY - HOUR)
    at(DELIVER_BY + 4 * DAY)

    run_jobs(*CONSEQUENCES)

    assert rows("SELECT 1 FROM notifications WHERE template = 'order_late'") == []
    assert cases("late_delivery") == []


def test_a_late_order_is_told_once_and_its_delivery_closes_and_settles_all(underway, carrier):
    at(DELIVER_BY + HOUR)
    run_jobs(*CONSEQUENCES)
    handed_in(carrier, underway.number, SHIP_BY, DELIVER_BY + 26 * HOUR)
    heard = at(DELIVER_BY + 30 * HOUR)

    run_jobs(*CONSEQUENCES)

    [case] = cases("late_delivery")
    assert (case.ended_at, case.closed_at) == (DELIVER_BY + 26 * HOUR, heard)
    assert one("SELECT status FROM fulfillment_orders").status == "delivered"
    assert one("SELECT status, delivered_at FROM orders") == ("delivered", DELIVER_BY + 26 * HOUR)
    assert one("SELECT delivered FROM fo_lines").delivered == 2
    assert rows("SELECT 1 FROM polls") == []
    told = rows("SELECT template, status FROM notifications ORDER BY made_at, template")
    assert ("order_late", "superseded") in told
    assert [t.template for t in told].count("order_late") == 1
    assert [t.template for t in told].count("order_delivered") == 1


def test_an_order_is_delivered_with_the_last_of_its_parcels(carrier):
    make_vendor_with_stock()
    key = routed_order()
    (reference,) = confirmed(key)
    left = at_now()
    for n in (1, 2):
        send(reference, parcel(n, left, _1=1))
        handed_in(carrier, fedex_number(n), left, left + n * DAY)

    at(left + 36 * HOUR)
    run_jobs(*CONSEQUENCES)
    assert one("SELECT status FROM orders").status == "shipped"
    at(left + 60 * HOUR)
    run_jobs(*CONSEQUENCES)

    assert one("SELECT status, delivered_at FROM orders") == ("delivered", left + 2 * DAY)


def test_a_carrier_that_is_down_is_waited_for_and_then_judged(underway, carrier):
    carrier.fedex.break_down(Fault.FAILING)
    at(DELIVER_BY + 11 * HOUR)
    run_jobs(*CONSEQUENCES)
    assert cases("late_delivery") == []

    at(DELIVER_BY + 13 * HOUR)
    run_jobs(*CONSEQUENCES)

    assert [c.ended_at for c in cases("late_delivery")] == [None]


def test_a_delivery_in_time_that_a_carrier_told_late_takes_the_case_back(underway, carrier):
    carrier.fedex.break_down(Fault.FAILING)
    at(DELIVER_BY + 13 * HOUR)
    run_jobs(*CONSEQUENCES)
    at(DELIVER_BY + 14 * HOUR)
    run_jobs(*CONSEQUENCES)
    carrier.fedex.break_down(None)
    handed_in(carrier, underway.number, SHIP_BY, DELIVER_BY - HOUR)

    at(DELIVER_BY + 40 * HOUR)
    run_jobs(*CONSEQUENCES)

    assert [c.closed_at for c in cases("late_delivery")] == [DELIVER_BY + 40 * HOUR]
    assert one("SELECT status FROM orders").status == "delivered"


def test_a_silence_is_known_until_the_question_and_not_until_the_answer(app, underway, carrier):
    # The world runs on while the carrier answers: what happens then is not in the answer.
    seen = Router()

    def slow_world(request):
        answer = carrier.fedex.track(request)
        with app.app_context():
            at(DELIVER_BY + 2 * HOUR)
        return answer

    seen.add("POST", "/fedex/oauth/token", carrier.fedex.grant)
    seen.add("POST", "/fedex/track/v1/trackingnumbers", slow_world)
    served = Served(seen, 0)
    app.config["FEDEX_URL"] = f"{served.url}/fedex"
    handed_in(carrier, underway.number, SHIP_BY, DELIVER_BY - HOUR)
    at(DELIVER_BY - 2 * HOUR)
    with transaction(OPS) as now:
        ask([Subject(underway.order_id, "order", underway.order_id)], now)

    run("poll_shipments")
    served.close()

    assert one("SELECT heard_at FROM polls").heard_at <= DELIVER_BY - 2 * HOUR


def answering(app, document) -> Served:
    """Serve a FedEx that gives one answer to every question."""
    router = Router()
    token = json.dumps({"access_token": "t", "expires_in": 3600}).encode()
    router.add("POST", "/fedex/oauth/token", lambda _: Reply(body=token))
    router.add("POST", "/fedex/track", lambda _: Reply(body=json.dumps(document).encode()))
    served = Served(router, 0)
    app.config["FEDEX_URL"] = f"{served.url}/fedex"
    return served


def result(number: str, **told):
    about = {"trackingNumberInfo": {"trackingNumber": number}} | told
    return {"trackingNumber": number, "trackResults": [about]}


def test_a_carriers_own_fault_about_one_parcel_is_not_known_silence(app, underway, sql):
    fault = {"error": {"code": "INTERNAL.SERVER.ERROR", "message": "Try again"}}
    served = answering(
        app, {"output": {"completeTrackResults": [result(underway.number, **fault)]}}
    )
    sql("UPDATE polls SET heard_at = NULL")
    at(DELIVER_BY + HOUR)

    run_jobs("poll_shipments")
    served.close()

    poll = one("SELECT heard_at, attempts, last_error FROM polls")
    assert (poll.heard_at, poll.attempts, poll.last_error) == (None, 1, "server_error")


def test_a_parcel_with_an_unreadable_delivery_holds_up_no_other(app, carrier):
    make_vendor_with_stock()
    shipped_order(1)
    shipped_order(2)
    scan = {"eventType": "DL", "eventDescription": "Delivered", "date": ""}
    fine = scan | {"date": "2026-11-23T08:30:00+00:00"}
    told = [result(fedex_number(1), scanEvents=[scan]), result(fedex_number(2), scanEvents=[fine])]
    served = answering(app, {"output": {"completeTrackResults": told}})
    at("2026-11-23T12:00:00+00:00")

    run_jobs("poll_shipments")
    served.close()

    found = rows("SELECT tracking_number, status FROM shipments ORDER BY tracking_number")
    assert [s.status for s in found] == ["delivered", "delivered"]


def test_an_unread_code_changes_no_status_and_is_counted(underway, carrier):
    scans = delivery((at_now(), "ZZ", "Nobody knows"), (at_now(), "PU", "Picked up"))
    carrier.book.add(underway.number, scans)

    for hours in (6, 12):
        at(datetime.fromisoformat("2026-11-23T09:00:00+00:00") + hours * HOUR)
        run_jobs(*CONSEQUENCES)

    assert one("SELECT status FROM shipments").status == "in_transit"
    assert [(r.what, r.seen, r.sample) for r in rows("SELECT * FROM unread_answers")] == [
        ("code ZZ", 1, "Nobody knows")
    ]


def test_a_spent_day_is_waited_out_in_the_worlds_time(underway, carrier):
    carrier.fedex.break_down(Fault.QUOTA)
    at("2026-11-25T12:00:00+00:00")

    run_jobs("poll_shipments")

    assert (
        one("SELECT next_poll_at FROM polls").next_poll_at.isoformat()
        == "2026-11-26T00:00:00+00:00"
    )


def test_a_carrier_that_throttles_is_asked_later_and_hears_nothing_meanwhile(underway, carrier):
    carrier.fedex.break_down(Fault.THROTTLED)
    moment = at("2026-11-23T12:00:00+00:00")
    calls = carrier.fedex.calls

    run_jobs("poll_shipments")

    poll = one("SELECT next_poll_at, attempts, last_error FROM polls")
    assert poll == (moment + timedelta(minutes=1), 1, "throttled")
    assert carrier.fedex.calls == calls + 1


def test_a_parcel_that_stalls_is_raised_and_ends_with_the_next_scan(underway, carrier):
    policy("promises", transit_days=60)
    left = datetime.fromisoformat("2026-11-23T09:00:00+00:00")
    at(left + 5 * DAY + HOUR)
    run_jobs(*CONSEQUENCES)
    [case] = cases("stalled")
    assert (case.occurred_at, case.ended_at) == (left + 5 * DAY, None)

    carrier.book.add(
        underway.number,
        delivery((left, "PU", "Picked up"), (left + 6 * DAY, "AR", "Arrived")),
    )
    at(left + 6 * DAY + 5 * HOUR)
    run_jobs(*CONSEQUENCES)

    assert [(c.occurred_at, c.ended_at) for c in cases("stalled")] == [
        (left + 5 * DAY, left + 6 * DAY)
    ]


def test_several_stalls_are_found_at_one_late_look(underway, carrier):
    left = datetime.fromisoformat("2026-11-23T09:00:00+00:00")
    carrier.book.add(
        underway.number,
        delivery(
            (left, "PU", "Picked up"),
            (left + 6 * DAY, "AR", "Arrived"),
            (left + 13 * DAY, "DL", "Delivered"),
        ),
    )
    at(left + 20 * DAY)

    run_jobs(*CONSEQUENCES)

    assert [(c.occurred_at, c.ended_at) for c in cases("stalled")] == [
        (left + 5 * DAY, left + 6 * DAY),
        (left + 11 * DAY, left + 13 * DAY),
    ]


def test_a_parcel_whose_carrier_cannot_be_asked_does_not_stall():
    make_vendor_with_stock()
    shipped_order(carrier="pigeon")
    at(DELIVER_BY + 30 * DAY)

    run_jobs("watch", "ask_carriers")

    assert cases("stalled") == []
    assert [c.severity for c in cases("late_delivery")] == ["critical"]


def test_a_parcel_that_was_silent_too_long_is_given_up_and_says_so(underway, carrier):
    at("2027-02-25T12:00:00+00:00")
    run_jobs(*CONSEQUENCES)

    assert rows("SELECT 1 FROM polls") == []
    assert one("SELECT status FROM shipments").status == "expired"
    assert [c.ended_at for c in cases("late_delivery")] == [None]


# Escalations ---------------------------------------------------------------------------------

CRITICAL = SHIP_BY + 48 * HOUR
CLIMB = ("watch", "escalate")


OF_DISPATCH = "e JOIN exception_cases c ON c.id = e.case_id AND c.kind = 'late_dispatch'"


def escalation():
    return one(f"SELECT e.* FROM escalations {OF_DISPATCH}")


def rungs():
    steps = "JOIN escalation_steps s ON s.escalation_id = e.id ORDER BY s.rung"
    found = rows(f"SELECT s.* FROM escalations {OF_DISPATCH} {steps}")
    return [(r.rung, r.level, r.due_at) for r in found]


def case_reference() -> str:
    return cases("late_dispatch")[0].reference


def owned(act) -> None:
    case = case_reference()
    with transaction(OPS) as now:
        act(case, actor=IMANI, now=now)


@pytest.fixture
def critical(routed):
    at(CRITICAL + 5 * HOUR)
    run_jobs(*CLIMB)
    return routed


def test_an_escalation_opens_at_the_time_of_its_event(critical):
    assert (escalation().opened_at, escalation().raised_at) == (CRITICAL, CRITICAL + 5 * HOUR)
    assert rungs() == [(0, "ops", CRITICAL)]


def test_a_warning_has_no_escalation(routed):
    at(SHIP_BY + 47 * HOUR)
    run_jobs(*CLIMB)

    assert rows("SELECT 1 FROM escalations") == []
    with pytest.raises(NotFound, match="has no escalation: it is not critical"):
        owned(acknowledge)


def test_every_rung_is_taken_once_and_tells_its_level(critical):
    for hours in (23, 24, 25, 71, 72, 500):
        at(max(at_now(), CRITICAL + hours * HOUR))
        run_jobs(*CLIMB)

    assert rungs() == [
        (0, "ops", CRITICAL),
        (1, "ops_lead", CRITICAL + 24 * HOUR),
        (2, "senior_management", CRITICAL + 72 * HOUR),
    ]
    told = rows(
        "SELECT recipient FROM notifications WHERE template = 'escalation_step'"
        " AND facts->>'kind' = 'late_dispatch' ORDER BY made_at, id"
    )
    assert [t.recipient for t in told] == [
        "ops@onward.example",
        "ops-lead@onward.example",
        "management@onward.example",
    ]
    assert (escalation().rung, escalation().level) == (2, "senior_management")


def test_a_night_that_was_missed_takes_all_its_rungs_at_once(critical):
    at(CRITICAL + 90 * HOUR)
    assert run_jobs(*CLIMB) > 0

    assert [r[0] for r in rungs()] == [0, 1, 2]
    assert run_jobs(*CLIMB) == 0


def test_an_acknowledged_escalation_climbs_no_further(critical):
    owned(acknowledge)
    owned(acknowledge)
    at(CRITICAL + 500 * HOUR)
    run_jobs(*CLIMB)

    assert [r[0] for r in rungs()] == [0]
    assert (escalation().acknowledged_by, escalation().closed_at) == ("Imani", None)
    assert len(rows("SELECT 1 FROM timeline WHERE event = 'escalation_acknowledged'")) == 1


def hand_over(key, moment: datetime) -> None:
    (reference,) = references(key)
    with transaction(OPS) as now:
        confirm([Confirmation(reference)], actor=ACTOR, now=now)
    send(reference, parcel(1, moment, "dhl"))
    run_jobs(*CLIMB)


def test_an_escalation_nobody_touched_closes_with_its_cause(critical):
    moment = at(CRITICAL + 30 * HOUR)

    hand_over(critical, CRITICAL + 20 * HOUR)

    found = escalation()
    assert (found.ended_at, found.closed_at, found.closed_by) == (
        CRITICAL + 20 * HOUR,
        moment,
        "onward",
    )
    # The second rung was due after the hand-over.
    assert [r[0] for r in rungs()] == [0]


def test_an_escalation_that_a_person_took_is_closed_by_that_person(critical):
    owned(acknowledge)
    at(CRITICAL + 30 * HOUR)
    hand_over(critical, CRITICAL + 20 * HOUR)
    assert (escalation().ended_at, escalation().closed_at) == (CRITICAL + 20 * HOUR, None)

    owned(resolve)
    owned(resolve)

    assert (escalation().closed_at, escalation().closed_by) == (CRITICAL + 30 * HOUR, "Imani")
    assert len(rows("SELECT 1 FROM timeline WHERE event = 'escalation_resolved'")) == 1
    with pytest.raises(IllegalMove, match="is closed already; there is nothing left to own"):
        owned(acknowledge)


def test_an_escalation_that_was_over_before_anybody_looked_is_told_in_order(routed):
    at(CRITICAL + 30 * HOUR)

    hand_over(routed, CRITICAL + 20 * HOUR)

    assert (escalation().opened_at, escalation().ended_at) == (CRITICAL, CRITICAL + 20 * HOUR)
    events = rows("SELECT event FROM timeline WHERE event LIKE 'escalation%' ORDER BY id")
    assert [e.event for e in events] == [
        "escalation_opened",
        "escalation_climbed",
        "escalation_closed",
    ]


def test_a_line_nobody_sells_is_not_late_to_leave():
    routed_order(lines=[line("NONE")])
    at(SHIP_BY + 99 * HOUR)

    run_jobs(*CLIMB)

    assert cases("late_dispatch") == []
