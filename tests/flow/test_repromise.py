"""What a customer's change makes of what was promised, and of a date by which they need it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.extensions import db
from app.intake import changes
from app.integrity import broken_invariants
from app.notifications.texts import compose
from app.orders.changes import Change
from app.orders.review import release
from app.orders.service import Confirmation, confirm
from app.shared.work import OPS, transaction
from tests.conftest import NOW
from tests.factories import (
    ADDRESS,
    at,
    confirmed,
    line,
    make_vendor_with_stock,
    one,
    order_body,
    parcel,
    policy,
    references,
    routed_order,
    rows,
    run,
    run_jobs,
    send,
)

NORWAY = ADDRESS | {"city": "Bergen", "postal_code": "5003", "country": "NO"}
AMERICA = ADDRESS | {"line1": "1 Main Street", "city": "Omaha", "postal_code": "68102"}
AMERICA |= {"region": "NE", "country": "US"}
FAR = {"days": 7, "keeps_holidays": False}
LANES = [
    {"origin": "SE", "destination": "US", **FAR},
    {"origin": "SE", "days": 2, "keeps_holidays": False},
]
# An order of NOW is handed over on Tuesday: two working days from there, and seven.
NEAR, LATER = "2026-11-26", "2026-12-03"
NEAR_ENDS, LATER_ENDS = datetime(2026, 11, 27, tzinfo=UTC), datetime(2026, 12, 4, tzinfo=UTC)
SAYS = {"Idempotency-Key": "k"}


@pytest.fixture(autouse=True)
def lanes(app):
    """Parcels to Sweden and Norway take two days, to America seven; and nothing is broken."""
    policy("lanes", lanes=LANES)
    yield
    with transaction(OPS):
        assert broken_invariants() == []


def readdress(key, ship_to):
    with transaction(OPS) as now:
        changes.readdress(key, ship_to, Change("Imani", now))


def change(key, units=None, **wishes):
    with transaction(OPS) as now:
        changes.change(key, units or {}, wishes, Change("Imani", now))


def settle():
    """Run every job until nothing is due, and once more: the second time does nothing."""
    run_jobs()
    assert run_jobs() == 0


def promised(key) -> str:
    row = one("SELECT deliver_on, deliver_by FROM orders WHERE id = :id", id=key)
    assert row.deliver_by.date() - row.deliver_on == timedelta(days=1)
    return f"{row.deliver_on}"


def versions(key):
    found = rows(
        "SELECT version, due_at, reason FROM promises WHERE subject_id = :id ORDER BY version",
        id=key,
    )
    return [tuple(row) for row in found]


def story(event):
    return [r.facts for r in rows("SELECT facts FROM timeline WHERE event = :e", e=event)]


def mails():
    """Return what the customer is told of changes, first told first."""
    query = "SELECT facts FROM notifications WHERE template = 'order_changed' ORDER BY made_at, id"
    return [compose("order_changed", row.facts).body for row in rows(query)]


def holds():
    return [
        tuple(row)
        for row in rows("SELECT code, facts->>'date' FROM order_holds WHERE released_at IS NULL")
    ]


def statuses(key):
    query = "SELECT status FROM fulfillment_orders WHERE order_id = :id ORDER BY id"
    return [row.status for row in rows(query, id=key)]


# Another country ------------------------------------------------------------------------------


def test_what_goes_farther_is_promised_anew_with_its_reason():
    make_vendor_with_stock()
    key = routed_order("A-1")
    assert promised(key) == NEAR

    readdress(key, AMERICA)
    readdress(key, AMERICA)
    settle()

    assert promised(key) == LATER
    assert versions(key) == [
        (1, NEAR_ENDS, "routing"),
        (2, LATER_ENDS, "address changed"),
    ]
    facts = {"was_promised": NEAR, "promised": LATER, "why": "address changed"}
    assert story("order_promised_anew") == [facts]
    (mail,) = mails()
    assert (
        "We promised it for Thursday, November 26. With this change it takes longer:"
        " we promise it for Thursday, December 3 now." in mail
    )


def test_it_is_promised_what_an_order_of_that_moment_would_be():
    make_vendor_with_stock()
    moved, new = routed_order(), routed_order(ship_to=AMERICA)

    readdress(moved, AMERICA)
    settle()

    assert promised(moved) == promised(new) == LATER


def test_the_watch_goes_by_the_new_day():
    make_vendor_with_stock()
    key = routed_order()
    settle()

    readdress(key, AMERICA)
    settle()

    late = "SELECT occurred_at FROM exception_cases WHERE kind = 'late_delivery'"
    at(NEAR_ENDS + timedelta(hours=1))
    run_jobs("watch")
    assert rows(late) == []
    at(LATER_ENDS + timedelta(hours=1))
    run_jobs("watch")
    assert [row.occurred_at for row in rows(late)] == [LATER_ENDS]


def test_what_comes_earlier_keeps_its_promise_there_and_back():
    make_vendor_with_stock()
    key = routed_order(ship_to=AMERICA)

    readdress(key, ADDRESS)
    readdress(key, AMERICA)
    settle()

    assert versions(key) == [(1, LATER_ENDS, "routing")]
    assert promised(key) == LATER
    assert [facts["arrives"] for facts in story("order_expected_anew")] == [NEAR, LATER]
    first, second = mails()
    assert "We expect it on Thursday, November 26.\n" in first
    assert "We expect it on Thursday, December 3.\n" in second


def test_another_street_of_the_same_country_changes_no_date():
    make_vendor_with_stock()
    key = routed_order()

    readdress(key, ADDRESS | {"line1": "Södergatan 2"})
    settle()

    assert story("order_promised_anew") == story("order_expected_anew") == []
    assert not any("expect" in mail for mail in mails())


def test_a_vendor_that_is_late_is_not_what_the_address_made():
    make_vendor_with_stock()
    key = routed_order()
    at("2026-11-26T16:00:00+00:00")

    readdress(key, NORWAY)
    settle()

    assert versions(key) == [(1, NEAR_ENDS, "routing")]
    assert story("order_promised_anew") == []


@pytest.fixture
def half_gone():
    """An order whose mug took longest and has left early; its rug is there to be sent."""
    make_vendor_with_stock("kiln", {"MUG": 10}, handling_days=5)
    make_vendor_with_stock("loom", {"RUG": 10})
    key = routed_order(lines=[line("MUG", 1, "1"), line("RUG", 1, "2")])
    assert promised(key) == "2026-12-02"
    confirmed(key)
    first = "SELECT f.reference FROM fulfillment_orders f JOIN fo_lines l ON l.fo_id = f.id"
    send(one(f"{first} WHERE l.sku = 'MUG'").reference, parcel(1, NOW))
    return key


def test_what_has_left_does_not_go_elsewhere(half_gone):
    readdress(half_gone, AMERICA)

    assert promised(half_gone) == LATER


def test_what_has_left_is_never_too_late(half_gone):
    change(half_gone, deliver_by=NEAR)

    assert holds() == []


def test_what_the_channel_promised_stays_and_the_customer_is_told_the_truth():
    make_vendor_with_stock()
    key = routed_order(promise={"deliver_by": NEAR})

    readdress(key, AMERICA)
    settle()

    assert versions(key) == [(1, NEAR_ENDS, "given with the order")]
    assert promised(key) == NEAR
    facts = {"promised": NEAR, "arrives": LATER, "why": "address changed"}
    assert story("order_expected_late") == [facts]
    (mail,) = mails()
    assert "We expect it on Thursday, December 3. That is later than we promised" in mail
    assert "service" not in mail


def test_a_promise_that_is_broken_is_not_mended_by_another_address():
    make_vendor_with_stock()
    key = routed_order()
    at(NEAR_ENDS + timedelta(hours=9))
    settle()

    readdress(key, AMERICA)
    settle()

    assert versions(key) == [(1, NEAR_ENDS, "routing")]
    late = "SELECT closed_at FROM exception_cases WHERE kind = 'late_delivery'"
    assert [row.closed_at for row in rows(late)] == [None]
    assert len(story("order_expected_late")) == 1


def test_who_takes_over_what_nobody_else_ships_there_makes_the_promise():
    make_vendor_with_stock("kiln", cost_minor=100)
    make_vendor_with_stock("loom", cost_minor=900, handling_days=4)
    with transaction(OPS):
        db.session.execute(
            text(
                "UPDATE locations SET ships_to = '{SE}' FROM vendors v"
                " WHERE v.id = vendor_id AND v.code = 'kiln'"
            )
        )
    key = routed_order()

    readdress(key, NORWAY)
    assert promised(key) == NEAR
    settle()

    assert [(v, why) for v, _, why in versions(key)] == [(1, "routing"), (2, "address changed")]
    assert promised(key) == "2026-12-01"
    assert ["we promise it for Tuesday, December 1 now" in mail for mail in mails()] == [
        False,
        True,
    ]


# More units -----------------------------------------------------------------------------------


def test_more_units_that_come_later_are_promised_with_their_reason():
    make_vendor_with_stock("kiln", {"MUG": 2}, cost_minor=100)
    make_vendor_with_stock("loom", {"MUG": 9}, cost_minor=900, handling_days=4)
    key = routed_order()

    change(key, {"1": 5})
    assert promised(key) == NEAR
    settle()

    assert [(v, why) for v, _, why in versions(key)] == [(1, "routing"), (2, "more units wanted")]
    assert promised(key) == "2026-12-01"
    assert ["we promise it for" in mail for mail in mails()] == [False, True]


@pytest.mark.parametrize("units", [1, 4])
def test_other_units_that_come_in_time_change_no_promise(units):
    make_vendor_with_stock()
    key = routed_order()

    change(key, {"1": units})
    settle()

    assert versions(key) == [(1, NEAR_ENDS, "routing")]
    assert len(mails()) == 1


def test_units_that_nobody_has_yet_are_promised_when_somebody_has_them():
    make_vendor_with_stock("kiln", {"MUG": 2})
    key = routed_order()

    change(key, {"1": 3})
    settle()
    assert promised(key) == NEAR

    at("2026-11-24T09:00:00+00:00")
    make_vendor_with_stock("loom", {"MUG": 5})
    settle()
    at("2026-11-24T10:30:00+00:00")
    settle()

    assert promised(key) == "2026-11-27"
    assert [why for *_, why in versions(key)] == ["routing", "more units wanted"]
    assert len(mails()) == 2


def test_what_a_person_looks_at_first_is_promised_when_they_have():
    policy("doubts", most_units=4)
    make_vendor_with_stock("kiln", {"MUG": 2}, cost_minor=100)
    make_vendor_with_stock("loom", {"MUG": 9}, cost_minor=900, handling_days=4)
    key = routed_order()

    change(key, {"1": 5})
    settle()
    assert (promised(key), [code for code, _ in holds()]) == (NEAR, ["quantity"])
    with transaction(OPS) as now:
        release([key], note="fine", actor="Imani", now=now)
    settle()
    at(NOW + timedelta(hours=1))
    settle()

    assert promised(key) == "2026-12-01"


def test_an_order_that_somebody_changes_just_now_is_looked_at_a_moment_later(sql):
    make_vendor_with_stock("kiln", {"MUG": 2}, cost_minor=100)
    make_vendor_with_stock("loom", {"MUG": 9}, cost_minor=900, handling_days=4)
    key = routed_order()
    change(key, {"1": 5})
    run_jobs("route_orders")
    sql("BEGIN")
    sql("SELECT 1 FROM orders FOR NO KEY UPDATE")
    run("renew_promises")
    sql("COMMIT")

    assert promised(key) == NEAR
    at(NOW + timedelta(seconds=1))
    settle()
    assert promised(key) == "2026-12-01"


def test_a_vendor_that_declines_moves_no_promise():
    make_vendor_with_stock("kiln", {"MUG": 10}, cost_minor=100)
    make_vendor_with_stock("loom", {"MUG": 10}, cost_minor=900, handling_days=6)
    key = routed_order()
    change(key, {"1": 3})
    settle()
    at(NOW + timedelta(hours=2))
    words = [Confirmation(name, {"1": 0}, reason="broken") for name in references(key)]
    with transaction(OPS) as now:
        confirm(words, actor="Kiln", now=now)
    settle()
    change(key, {"1": 2})
    settle()

    assert versions(key) == [(1, NEAR_ENDS, "routing")]


# Needed by ------------------------------------------------------------------------------------


def test_a_need_by_that_its_vendors_miss_is_a_persons_question():
    make_vendor_with_stock()
    key = routed_order()

    change(key, deliver_by="2026-11-24")
    change(key, deliver_by="2026-11-24")
    settle()

    assert holds() == [("need_by", "2026-11-24")]
    assert statuses(key) == ["on_hold"]
    assert [facts["doubts"] for facts in story("order_held")] == [["need_by"]]
    assert versions(key) == [(1, NEAR_ENDS, "routing")]


def test_who_releases_it_has_let_it_be_late_for_that_date():
    make_vendor_with_stock()
    key = routed_order()
    change(key, deliver_by="2026-11-24")

    with transaction(OPS) as now:
        release([key], note="they take it later", actor="Imani", now=now)
    settle()
    readdress(key, AMERICA)
    settle()

    assert (holds(), statuses(key)) == ([], ["assigned"])
    change(key, deliver_by="2026-11-25")
    assert holds() == [("need_by", "2026-11-25")]


def test_a_date_that_can_be_met_lets_the_vendors_go_on():
    make_vendor_with_stock()
    key = routed_order()
    change(key, deliver_by="2026-11-24")

    change(key, deliver_by=NEAR)
    settle()

    assert (holds(), statuses(key)) == ([], ["assigned"])


@pytest.mark.parametrize("day", [NEAR, None])
def test_a_date_that_is_met_is_no_question(day):
    make_vendor_with_stock()
    key = routed_order(preferences={"deliver_by": "2026-12-24"})

    change(key, deliver_by=day)

    assert (holds(), statuses(key)) == ([], ["assigned"])


def test_where_a_need_by_is_a_wish_nobody_is_asked():
    policy("routing", need_by="prefer")
    make_vendor_with_stock()
    key = routed_order()

    change(key, deliver_by="2026-11-24")

    assert (holds(), statuses(key)) == ([], ["assigned"])


def test_farther_away_may_be_too_far_for_the_need_by():
    make_vendor_with_stock()
    key = routed_order(preferences={"deliver_by": "2026-11-30"})

    readdress(key, AMERICA)
    settle()

    assert (holds(), statuses(key)) == ([("need_by", "2026-11-30")], ["on_hold"])
    assert promised(key) == LATER


# Where it is read -----------------------------------------------------------------------------


def test_a_program_reads_both_promises(api):
    make_vendor_with_stock()
    api("POST", "/orders", order_body("A-1"), **SAYS)
    run_jobs("route_orders")

    answer = api("POST", "/orders/A-1/address?channel=webshop", {"ship_to": AMERICA}).json

    assert answer["deliver_on"] == LATER
    found = [p for p in answer["promises"] if p["kind"] == "deliver_by"]
    assert [(p["version"], p["reason"]) for p in found] == [(1, "routing"), (2, "address changed")]
    assert answer["holds"] == []
