"""Vendors: kept through the API, moved through their life, closed for days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import event, text

from app.audit.contract import Actor
from app.extensions import db
from app.notifications.texts import compose
from app.routing import moves
from app.routing.standing import BATCH, stand
from app.shared.errors import IllegalMove, InvalidInput, NotFound
from app.shared.seen import Overtaken, written
from app.shared.work import OPS, PLATFORM, transaction, vendor_scope
from app.vendors import queries, service
from app.vendors.contract import Move, Step
from tests.conftest import NOW, caller
from tests.factories import (
    at,
    confirmed,
    line,
    make_order,
    make_vendor_with_stock,
    one,
    parcel,
    references,
    routed_order,
    rows,
    run,
    run_jobs,
    send,
    vendor_key,
)

TEO = Actor("person", "Teo Marin", None, None, "127.0.0.1")
DAY = timedelta(days=1)


def do(move: Move, reason: str = "moving", until: date | None = None, **how):
    """Move kiln; return how it stood before and stands now."""
    with transaction(OPS) as now:
        moved = stand([Step("kiln", move, reason, until)], actor=TEO, now=now, **how)
    return [(str(m.was), str(m.status)) for m in moved]


def standing(code="kiln") -> str:
    with transaction(OPS):
        return str(queries.vendor(code).status)


def acts() -> list[tuple[str, str, str]]:
    found = rows("SELECT action, actor, subject FROM audit ORDER BY position")
    return [tuple(row) for row in found]


# Life ----------------------------------------------------------------------------------------


def test_a_move_is_written_down_and_told_on_screen_and_by_mail(app):
    make_vendor_with_stock()

    assert do(Move.PAUSE, "Moving the workshop", date(2026, 12, 1)) == [("active", "paused")]

    vendor = one("SELECT * FROM vendors")
    assert (vendor.status, vendor.status_reason, vendor.status_by, vendor.status_at) == (
        "paused",
        "Moving the workshop",
        "Teo Marin",
        NOW,
    )
    assert vendor.status_until == datetime.fromisoformat("2026-12-01T00:00:00+00:00")
    assert acts() == [("vendor_paused", "Teo Marin", "kiln")]
    notice = db_notice()
    assert (notice.audience, notice.kind) == (f"vendor:{vendor.id}", "vendor_moved")
    mail = one("SELECT * FROM notifications")
    assert (mail.template, mail.recipient) == ("account_vendor", "kiln@vendors.example")
    said = compose(mail.template, mail.facts, "Hearth")
    assert said.subject == "Kiln is paused in Hearth"
    assert "Moving the workshop" in said.body
    assert "From Tuesday, December 1 on you are active again by yourself." in said.body


def db_notice():
    """Return the one notice there is; ops may not read them."""
    with transaction(PLATFORM):
        return db.session.execute(text("SELECT * FROM notices")).one()


def test_the_same_move_again_changes_and_tells_nothing(app):
    make_vendor_with_stock()
    do(Move.SUSPEND, "Sold what it did not have")

    assert do(Move.SUSPEND, "Sold what it did not have") == []
    assert len(acts()) == 1
    assert len(rows("SELECT 1 FROM notifications")) == 1


def test_another_day_is_another_pause(app):
    make_vendor_with_stock()
    do(Move.PAUSE, until=date(2026, 12, 1))

    assert do(Move.PAUSE, until=date(2026, 12, 5)) == [("paused", "paused")]
    assert one("SELECT status_until FROM vendors").status_until.day == 5


def test_a_pause_ends_by_itself_when_its_day_begins_where_the_marketplace_is(app):
    app.config["TZ_DEFAULT"] = "Europe/Stockholm"
    make_vendor_with_stock()
    do(Move.PAUSE, until=date(2026, 12, 1))

    at("2026-11-30T22:59:59+00:00")
    before, nobody = standing(), references(routed_order())
    at("2026-11-30T23:00:00+00:00")

    assert (before, nobody) == ("paused", [])
    assert standing() == "active"
    assert len(references(routed_order())) == 1
    # Nobody had to write it: what was decided is still there to be read.
    assert one("SELECT status FROM vendors").status == "paused"


def test_a_pause_that_is_over_can_be_followed_by_any_move_of_an_active_vendor(app):
    make_vendor_with_stock()
    do(Move.PAUSE, until=date(2026, 12, 1))
    at("2026-12-02T00:00:00+00:00")

    assert do(Move.REVIEW, "late") == [("active", "review")]
    assert one("SELECT status, status_until FROM vendors") == ("review", None)


def test_a_vendor_under_review_is_given_work(app):
    make_vendor_with_stock()
    do(Move.REVIEW, "late")

    assert len(references(routed_order())) == 1


def test_a_move_that_leads_nowhere_changes_nothing(app):
    make_vendor_with_stock()
    do(Move.CLOSE, "gone")

    for move in set(Move) - {Move.CLOSE}:
        with pytest.raises(IllegalMove, match="taken in anew"):
            do(move)
    with pytest.raises(InvalidInput, match="told"):
        do(Move.CLOSE, "")
    with pytest.raises(NotFound), transaction(OPS) as now:
        stand([Step("nobody", Move.PAUSE, "x")], actor=TEO, now=now)

    assert (standing(), len(acts())) == ("closed", 1)


def test_a_closed_vendors_key_is_nobodys(app):
    make_vendor_with_stock()
    call = caller(app, vendor_key("kiln", "k1"))
    assert call("GET", "/fulfillment-orders").status_code == 200

    do(Move.CLOSE, "gone")

    assert call("GET", "/fulfillment-orders").status_code == 401


# Open work -----------------------------------------------------------------------------------


def test_a_vendor_that_is_stopped_finishes_its_work_unless_it_is_said_otherwise(app):
    make_vendor_with_stock()
    key = routed_order()

    do(Move.SUSPEND, "late")
    run_jobs()

    assert [r.status for r in rows("SELECT status FROM fulfillment_orders")] == ["assigned"]
    assert len(references(key)) == 1
    assert (
        "finish"
        in one("SELECT facts FROM notifications WHERE template = 'account_vendor'").facts["work"]
    )


def given() -> dict[str, list[str]]:
    found = rows(
        "SELECT v.code, f.status FROM fulfillment_orders f JOIN vendors v ON v.id = f.vendor_id"
        " ORDER BY f.id"
    )
    return {code: [r.status for r in found if r.code == code] for code in {r.code for r in found}}


def test_what_a_stopped_vendor_has_open_is_given_to_others_a_batch_at_a_time(app):
    many = BATCH + 1
    make_vendor_with_stock(stock={"MUG": many})
    for n in range(many):
        make_order(f"A-{n}", [line("MUG", 1)])
    run_jobs("route_orders")
    make_vendor_with_stock("fjord", {"MUG": many}, cost_minor=900)

    do(Move.SUSPEND, "late", takes_back=True)
    run_jobs("take_back_stopped", "route_orders")

    assert given() == {"kiln": ["rejected"] * many, "fjord": ["assigned"] * many}
    assert one(
        "SELECT on_hand, reserved FROM stock s JOIN vendors v ON v.id = s.vendor_id"
        " WHERE v.code = 'kiln'"
    ) == (many, 0)
    assert run("take_back_stopped") == 0


def test_of_two_stopped_vendors_no_order_is_waited_for_while_stock_is_held(app):
    for code, sku in (("kiln", "MUG"), ("fjord", "POT")):
        make_vendor_with_stock(code, {sku: 5})
        routed_order(lines=[line(sku, 1)])
    steps = [Step(code, Move.SUSPEND, "late") for code in ("kiln", "fjord")]
    with transaction(OPS) as now:
        stand(steps, actor=TEO, now=now, takes_back=True)
    held: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        if "FROM fulfillment_orders" in statement and "FOR NO KEY UPDATE" in statement:
            held.append("order")
        if statement.startswith("UPDATE stock"):
            held.append("stock")

    def end(_connection) -> None:
        held.append("commit")

    event.listen(db.engine, "before_cursor_execute", note)
    event.listen(db.engine, "commit", end)
    try:
        run_jobs("take_back_stopped")
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
        event.remove(db.engine, "commit", end)

    assert given() == {"kiln": ["rejected"], "fjord": ["rejected"]}
    assert held.count("stock") == 2
    assert ("stock", "order") not in pairwise(held)


def test_what_a_closed_vendor_has_not_sent_goes_to_others_and_what_has_left_stays(app):
    make_vendor_with_stock(stock={"MUG": 50})
    key = routed_order("A-1", [line("MUG", 3)])
    (reference,) = confirmed(key)
    send(reference, parcel(1, NOW, _1=1))
    make_vendor_with_stock("fjord", {"MUG": 50}, cost_minor=900)

    # Nobody is asked what becomes of it: its people and keys could do nothing about it.
    do(Move.CLOSE, "gone")
    run_jobs("take_back_stopped", "route_orders")

    assert given() == {"kiln": ["shipped"], "fjord": ["assigned"]}
    told = one("SELECT facts FROM notifications WHERE template = 'account_vendor'").facts
    assert told["work"] == "taken_back"
    assert run("take_back_stopped") == 0
    assert given() == {"kiln": ["shipped"], "fjord": ["assigned"]}
    assert rows(
        "SELECT ordered FROM fo_lines l JOIN vendors v ON v.id = l.vendor_id WHERE v.code = 'fjord'"
    ) == [(2,)]


def test_a_vendor_that_is_opened_again_meanwhile_keeps_its_work(app):
    make_vendor_with_stock()
    routed_order()
    do(Move.SUSPEND, "late", takes_back=True)
    do(Move.REOPEN, "")

    run_jobs("take_back_stopped")

    assert given() == {"kiln": ["assigned"]}


def test_what_was_taken_from_a_suspended_vendor_is_its_own_again_when_it_is_reopened(app):
    make_vendor_with_stock()
    key = routed_order()
    do(Move.SUSPEND, "late", takes_back=True)
    run_jobs("take_back_stopped", "route_orders")
    assert (given(), len(references(key))) == ({"kiln": ["rejected"]}, 1)

    do(Move.REOPEN, "")
    run_jobs("wake_waiting", "route_orders")

    assert given() == {"kiln": ["rejected", "assigned"]}


def test_work_that_was_given_while_a_vendor_was_stopped_is_found_a_minute_later(app):
    make_vendor_with_stock(stock={"MUG": 50})
    first = routed_order("A-1", [line("MUG", 1)])
    do(Move.SUSPEND, "late", takes_back=True)
    run_jobs("take_back_stopped")
    assert given()["kiln"] == ["rejected"]

    # Routing had read the vendor before it was stopped.
    with transaction(OPS):
        db.session.execute(text("UPDATE vendors SET status = 'active'"))
    late = routed_order("A-2", [line("MUG", 1)])
    with transaction(OPS):
        db.session.execute(text("UPDATE vendors SET status = 'suspended'"))
    at(NOW + timedelta(minutes=1))
    run_jobs("take_back_stopped")

    assert {*references(first)} & {*references(late)} == set()
    assert set(given()["kiln"]) == {"rejected"}


def test_a_worker_that_dies_on_the_way_loses_and_doubles_nothing(app, die_at):
    make_vendor_with_stock(stock={"MUG": 50})
    routed_order("A-1", [line("MUG", 1)])
    do(Move.SUSPEND, "late", takes_back=True)
    die_at("before the watch commits")

    with pytest.raises(BaseException, match="before the watch commits"):
        run("take_back_stopped")
    assert given() == {"kiln": ["assigned"]}
    run_jobs("take_back_stopped")

    assert given() == {"kiln": ["rejected"]}
    told = rows("SELECT 1 FROM timeline WHERE event = 'fulfillment_order_taken_back'")
    assert len(told) == 1


# Closures ------------------------------------------------------------------------------------

CLOSED = "/vendors/kiln/locations/main/closures"


def closed() -> list[tuple[str, str, str]]:
    found = rows("SELECT first_day, last_day, reason FROM closures ORDER BY first_day, last_day")
    return [(str(r.first_day), str(r.last_day), r.reason) for r in found]


def close(first: str, last: str, reason: str = "vacation") -> dict[str, str]:
    return {"first_day": first, "last_day": last, "reason": reason}


def test_days_are_closed_once_and_may_overlap(api):
    make_vendor_with_stock()

    for body in (
        close("2026-12-24", "2026-12-31"),
        close("2026-12-24", "2026-12-31", "other words"),
        close("2026-12-30", "2027-01-05", "stock-taking"),
    ):
        assert api("PUT", CLOSED, body).status_code == 200

    assert closed() == [
        ("2026-12-24", "2026-12-31", "vacation"),
        ("2026-12-30", "2027-01-05", "stock-taking"),
    ]


def test_a_closure_is_taken_back_by_its_days_and_only_once(api):
    make_vendor_with_stock()
    api("PUT", CLOSED, close("2026-12-24", "2026-12-31"))
    days = "?first_day=2026-12-24&last_day=2026-12-31"

    missed = api("DELETE", f"{CLOSED}?first_day=2026-12-24&last_day=2026-12-30")
    gone, again = api("DELETE", CLOSED + days), api("DELETE", CLOSED + days)

    assert [answer.status_code for answer in (missed, gone, again)] == [404, 200, 404]
    assert closed() == []
    assert [act for act, *_ in acts()] == ["closure_added", "closure_removed"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (close("2026-12-31", "2026-12-24"), "last_day"),
        (close("2026-11-01", "2026-11-22"), "last_day"),
        (close("2026-12-24", "2027-12-25"), "last_day"),
        (close("2026-12-24", "2026-12-31", " "), "reason"),
        ({"first_day": "2026-12-24"}, "last_day"),
    ],
)
def test_days_that_make_no_sense_are_not_closed(api, body, field):
    make_vendor_with_stock()

    answer = api("PUT", CLOSED, body)

    assert answer.status_code == 422
    assert field in {wrong["field"] for wrong in answer.json["errors"]}
    assert closed() == []


def test_a_closed_day_is_no_day_to_hand_over(api):
    make_vendor_with_stock()
    api("PUT", CLOSED, close("2026-11-23", "2026-11-25"))

    routed_order()

    # The first open day is Thursday; one working day later is Friday.
    assert one("SELECT ship_by FROM fulfillment_orders").ship_by.date() == date(2026, 11, 27)


def test_a_vendor_closes_its_own_days_in_its_own_scope(app):
    kiln = make_vendor_with_stock()

    with transaction(vendor_scope(kiln)):
        place = queries.location_of("kiln", "main")
        service.close_days(place, date(2026, 12, 24), date(2026, 12, 24), "eve", by="Elin")
    assert closed() == [("2026-12-24", "2026-12-24", "eve")]
    with transaction(vendor_scope(kiln)):
        service.open_days(
            queries.location_of("kiln", "main"), date(2026, 12, 24), date(2026, 12, 24)
        )

    assert closed() == []


# Two who change at once ----------------------------------------------------------------------


def test_whoever_comes_second_is_told_what_the_first_one_changed(app):
    make_vendor_with_stock()
    with transaction(OPS):
        values = queries.place_values(queries.location_of("kiln", "main"))
    seen = written(values)

    with transaction(OPS):
        service.change_location("kiln", "main", values | {"handling_days": 3}, seen=seen)
    with pytest.raises(Overtaken) as refused, transaction(OPS):
        service.change_location("kiln", "main", values | {"name": "Other"}, seen=seen)

    assert refused.value.changes == [("handling_days", 1, 3)]
    assert one("SELECT name, handling_days FROM locations") == ("Main", 3)


def test_taking_back_by_hand_and_by_a_stop_is_done_once(app):
    make_vendor_with_stock()
    (reference,) = references(routed_order())
    do(Move.SUSPEND, "late", takes_back=True)
    with transaction(OPS) as now:
        moves.take_back([reference], moves.Why("by hand"), actor="Teo", now=now)

    run_jobs("take_back_stopped")

    told = rows("SELECT 1 FROM timeline WHERE event = 'fulfillment_order_taken_back'")
    assert len(told) == 1
