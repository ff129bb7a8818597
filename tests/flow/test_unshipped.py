"""What its vendor never hands over: told of its end an open day before, then canceled, once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.choices.contract import Instead
from app.choices.service import confirm as offer
from app.notifications.texts import compose
from app.orders import review
from app.orders.confirmations import Confirmation
from app.orders.contract import UNSHIPPED, Action, DeclineCode
from app.orders.service import act, cancel, confirm
from app.payments.service import Word, note
from app.shared.errors import IllegalMove
from app.shared.work import OPS, transaction
from app.shipments.service import Dispatch, ship
from app.unshipped.service import find
from app.vendors.queries import location_of
from app.vendors.service import close_days
from simulator.replay.drive import POLICIES
from tests.conftest import Sql
from tests.faces.test_audit_page import statements
from tests.factories import (
    ACTOR,
    at,
    confirmed,
    line,
    make_order,
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
from tests.flow.conftest import Died
from tests.flow.test_races import behind_a_lock
from tests.handing import packed

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
# Placed on Monday, November 23: to be handed over on Tuesday at three, by Stockholm's clock.
SHIP_BY = datetime(2026, 11, 24, 14, tzinfo=UTC)
WARNED, END = datetime(2026, 12, 2, 14, tzinfo=UTC), datetime(2026, 12, 3, 14, tzinfo=UTC)
JOB = "cancel_unshipped"


@pytest.fixture
def kiln() -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 500, "BOWL": 50}, zone="Europe/Stockholm")


def look_at(moment: datetime) -> None:
    """Step to a moment and do what is due there, with what the night finds."""
    at(moment)
    run("keep_house")
    run_jobs(JOB)


def paid(number: str = "A-1", lines: Any = (), minor: int = 2990, says: str = "captured") -> UUID:
    """Have an order placed, paid and routed; return its key."""
    key = routed_order(number, lines)
    with transaction(OPS) as now:
        note([Word(key, says, minor, "EUR", f"pi_{number}", now)], actor="shop", now=now)
    return key


def wait_until_the_end() -> None:
    """Let the vendor be told of the end, and then let it come."""
    look_at(WARNED)
    look_at(END)


def work(reference: str) -> Any:
    return one(
        "SELECT status, cancel_at, lapsed_at,"
        " (SELECT sum(canceled) FROM fo_lines WHERE fo_id = f.id) AS canceled"
        " FROM fulfillment_orders f WHERE reference = :r",
        r=reference,
    )


def mails(template: str, audience: str = "customer") -> list[dict[str, Any]]:
    found = rows(
        "SELECT facts FROM notifications WHERE template = :t AND audience = :a ORDER BY id",
        t=template,
        a=audience,
    )
    return [row.facts for row in found]


def entries(event: str) -> list[dict[str, Any]]:
    found = rows("SELECT facts FROM timeline WHERE event = :e ORDER BY id", e=event)
    return [row.facts for row in found]


def decisions() -> list[Any]:
    return list(
        rows("SELECT policy_version, facts FROM decisions WHERE kind = 'unshipped' ORDER BY id")
    )


def money() -> Any:
    return one("SELECT captured_minor, refunded_minor, pending_minor FROM payments")


# The end, and the word before it -----------------------------------------------------------------


def test_what_leaves_in_time_is_never_looked_at(kiln: UUID) -> None:
    (reference,) = confirmed(routed_order("A-1"))
    send(reference, parcel(1, at(SHIP_BY - DAY)))

    look_at(END + 30 * DAY)

    assert rows("SELECT 1 FROM checks WHERE watcher = :w", w=JOB) == []
    assert work(reference).status == "shipped"


def test_its_vendor_is_told_an_open_day_before_and_once(kiln: UUID, sql: Sql) -> None:
    (reference,) = confirmed(routed_order("A-1"))

    look_at(WARNED - MINUTE)
    assert mails("work_reminder", "vendor") == []
    assert work(reference).cancel_at is None
    look_at(WARNED)
    look_at(WARNED + MINUTE)

    (facts,) = mails("work_reminder", "vendor")
    assert facts == {
        "fulfillment_order": reference,
        "asks": "cancel",
        "due_at": "2026-12-03T14:00:00+00:00",
    }
    assert work(reference)[:2] == ("confirmed", END)
    told = sql("SELECT subject, facts->>'asks' FROM notices WHERE kind = 'work_reminder'")
    assert told == [(reference, "cancel")]
    text = compose("work_reminder", facts)
    assert text.subject == f"Will be canceled unless it leaves: {reference}"
    assert "by Thursday, December 3, 14:00 (UTC)" in text.body
    assert "What has not left by then is canceled, and the customer is paid back." in text.body


def test_what_never_left_is_canceled_with_all_that_hangs_on_it(kiln: UUID, sql: Sql) -> None:
    policy("promises", cancel_unshipped_days=7, transit_days=4)
    key = paid()
    (reference,) = confirmed(key)
    run_jobs()

    wait_until_the_end()
    run_jobs()

    fo, order = work(reference), one("SELECT status, id FROM orders")
    assert (fo.status, fo.cancel_at, fo.lapsed_at, fo.canceled) == ("canceled", None, END, 2)
    assert order == ("canceled", key)
    assert one("SELECT sum(on_hand) AS n, sum(reserved) AS r FROM stock") == (550, 0)
    # The money: all of it was taken, and all of it is to be paid back.
    assert money() == (2990, 0, 2990)
    assert entries("payment_refund_due") == [{"minor": 2990}]
    assert [
        tuple(r) for r in rows("SELECT kind, amount_minor FROM ledger WHERE kind <> 'captured'")
    ] == [("refund_due", 2990)]
    # Who is told, and how often.
    (mail,) = mails("order_canceled")
    assert (mail["why"], mail["back"], mail["currency"]) == ("unshipped", 2990, "EUR")
    (changed,) = mails("work_changed", "vendor")
    assert changed == {"fulfillment_order": reference, "changed": "unshipped"}
    assert sql("SELECT facts->>'changed' FROM notices WHERE kind = 'work_changed'") == [
        ("unshipped",)
    ]
    # What is kept: one entry, one decision.
    (entry,) = entries("order_canceled")
    assert entry == {
        "units": 2,
        "why": UNSHIPPED,
        "fulfillment_orders": [reference],
        "quantities": [["MUG", 2, 0]],
    }
    (decision,) = decisions()
    assert decision.policy_version == 1
    assert decision.facts == {
        "outcome": "canceled",
        "days": 7,
        "minor": 2990,
        "back": 2990,
        "works": [
            {
                "vendor": "kiln",
                "fulfillment_order": reference,
                "ship_by": "2026-11-24T14:00:00+00:00",
                "told": "2026-12-03T14:00:00+00:00",
                "units": 2,
            }
        ],
    }
    # The cases that warned of it are over.
    assert rows("SELECT 1 FROM exception_cases WHERE closed_at IS NULL") == []
    assert rows("SELECT 1 FROM checks WHERE watcher = :w", w=JOB) == []


def test_the_same_look_again_changes_nothing(kiln: UUID) -> None:
    (reference,) = confirmed(paid())
    wait_until_the_end()
    seen = work(reference), money(), len(decisions()), len(rows("SELECT 1 FROM timeline"))
    with transaction(OPS) as now:
        assert find(now) == 0
    rows(
        "INSERT INTO checks (subject_id, watcher, subject_kind, order_id, next_check_at)"
        " SELECT id, :w, 'fulfillment_order', order_id, :now FROM fulfillment_orders RETURNING 1",
        w=JOB,
        now=END,
    )

    assert run_jobs(JOB) == 1

    assert (work(reference), money()) == seen[:2]
    assert (len(decisions()), len(rows("SELECT 1 FROM timeline"))) == seen[2:]
    assert len(mails("order_canceled")) == 1


def test_a_worker_that_dies_in_between_leaves_nothing_half_done(kiln: UUID, die_at: Any) -> None:
    (reference,) = confirmed(paid())
    look_at(WARNED)
    at(END)
    die_at("before the watch commits")
    with pytest.raises(Died):
        run(JOB)
    assert work(reference)[:2] == ("confirmed", END)
    assert (money().pending_minor, mails("order_canceled"), decisions()) == (0, [], [])

    run_jobs(JOB)

    assert work(reference).status == "canceled"
    assert (money().pending_minor, len(decisions())) == (2990, 1)


def test_after_days_away_its_vendor_is_told_first_all_the_same(kiln: UUID) -> None:
    (reference,) = confirmed(routed_order("A-1"))

    # A Saturday, long after its end: Monday is the next open day.
    look_at(datetime(2027, 1, 16, 12, tzinfo=UTC))
    assert work(reference)[:2] == ("confirmed", datetime(2027, 1, 18, 14, tzinfo=UTC))
    look_at(datetime(2027, 1, 18, 14, tzinfo=UTC) - MINUTE)
    assert work(reference).status == "confirmed"
    look_at(datetime(2027, 1, 25, 8, tzinfo=UTC))

    assert work(reference).status == "canceled"


def test_what_was_late_before_anybody_said_it_ends_ends_too(kiln: UUID) -> None:
    policy("promises", cancel_unshipped_days=None)
    (reference,) = confirmed(routed_order("A-1"))
    look_at(END + 30 * DAY)
    assert rows("SELECT 1 FROM checks WHERE watcher = :w", w=JOB) == []
    assert work(reference)[:2] == ("confirmed", None)

    policy("promises", cancel_unshipped_days=7)
    look_at(END + 31 * DAY)
    assert work(reference).cancel_at is not None
    # Somebody thinks better of it: nothing ends, and nobody's page says it does.
    policy("promises", cancel_unshipped_days=None)
    look_at(END + 33 * DAY)

    assert work(reference)[:2] == ("confirmed", None)


def test_a_history_that_is_lived_through_again_ends_nothing(kiln: UUID) -> None:
    policy("promises", **POLICIES["promises"])
    (reference,) = confirmed(routed_order("A-1"))

    look_at(END)
    look_at(END + 300 * DAY)

    assert work(reference)[:2] == ("confirmed", None)


# What it leaves alone ----------------------------------------------------------------------------


def hold(reference: str) -> None:
    with transaction(OPS) as now:
        act([reference], Action.HOLD, actor=ACTOR, now=now, reason="a doubt")


def release(reference: str) -> None:
    with transaction(OPS) as now:
        act([reference], Action.RELEASE, actor=ACTOR, now=now)


def test_what_is_on_hold_waits_and_its_vendor_is_told_anew(kiln: UUID) -> None:
    (reference,) = confirmed(routed_order("A-1"))
    look_at(WARNED)
    hold(reference)
    look_at(END)
    assert work(reference)[:2] == ("on_hold", None)

    release(reference)
    look_at(END + DAY)
    assert work(reference)[:2] == ("confirmed", datetime(2026, 12, 7, 14, tzinfo=UTC))
    look_at(datetime(2026, 12, 7, 14, tzinfo=UTC))

    assert work(reference).status == "canceled"
    assert len(mails("work_reminder", "vendor")) == 2


def test_what_waits_with_its_whole_order_waits(kiln: UUID) -> None:
    key = routed_order("A-1")
    (reference,) = confirmed(key)
    with transaction(OPS) as now:
        review.hold([key], reason="Is this a real name?", actor="Imani", now=now)

    wait_until_the_end()
    look_at(END + 5 * DAY)

    assert work(reference)[:2] == ("on_hold", None)


def test_what_its_customer_is_asked_about_waits(kiln: UUID) -> None:
    (reference,) = references(routed_order("A-1", [line("MUG", 3)]))
    word = Confirmation(reference, {"1": 1}, code=DeclineCode.OUT_OF_STOCK)
    with transaction(OPS) as now:
        offer([word], {reference: {"1": Instead("BOWL")}}, actor="kiln", now=now)

    wait_until_the_end()
    look_at(END + 5 * DAY)

    assert work(reference)[:2] == ("confirmed", None)


def test_who_is_away_by_its_own_wish_comes_back(kiln: UUID, sql: Sql) -> None:
    (reference,) = confirmed(routed_order("A-1"))
    sql("UPDATE vendors SET status = 'paused'")
    wait_until_the_end()
    assert work(reference)[:2] == ("confirmed", None)

    sql("UPDATE vendors SET status_until = %s", END)
    look_at(END + DAY)

    assert work(reference).cancel_at == datetime(2026, 12, 7, 14, tzinfo=UTC)


def test_days_on_which_its_place_is_closed_do_not_count(kiln: UUID) -> None:
    (reference,) = confirmed(routed_order("A-1"))
    look_at(WARNED)
    with transaction(OPS):
        place = location_of("kiln", "main")
        close_days(place, date(2026, 12, 3), date(2026, 12, 9), "Flu", by="Elin")

    look_at(END)
    assert work(reference)[:2] == ("confirmed", datetime(2026, 12, 10, 14, tzinfo=UTC))
    assert len(mails("work_reminder", "vendor")) == 2
    look_at(datetime(2026, 12, 10, 14, tzinfo=UTC))
    assert work(reference).status == "canceled"


def test_a_ship_by_that_moved_later_moves_its_end(kiln: UUID, sql: Sql) -> None:
    (reference,) = confirmed(routed_order("A-1"))
    look_at(WARNED)
    sql("UPDATE fulfillment_orders SET ship_by = ship_by + interval '7 days'")

    look_at(END)
    assert work(reference)[:2] == ("confirmed", None)
    look_at(END + 7 * DAY - DAY)
    assert work(reference).cancel_at == END + 7 * DAY


def test_a_later_day_that_its_vendor_named_is_waited_for(kiln: UUID) -> None:
    (reference,) = references(routed_order("A-1"))
    with transaction(OPS) as now:
        confirm([Confirmation(reference, ship_on=date(2026, 12, 1))], actor=ACTOR, now=now)

    wait_until_the_end()

    assert work(reference)[:2] == ("confirmed", None)


def test_a_label_alone_is_not_shipped_and_a_parcel_without_a_scan_is(kiln: UUID) -> None:
    labeled = packed("A-1")
    with transaction(OPS) as now:
        act([labeled], Action.LABEL, actor=ACTOR, now=now)
    said = shipped_order(2, number="A-2").reference

    wait_until_the_end()

    # What its vendor says has left is the watch's: a carrier that never scans it is a case.
    assert (work(labeled).status, work(said).status) == ("canceled", "shipped")


# Parts -------------------------------------------------------------------------------------------


def test_what_has_left_of_it_stays_and_only_the_rest_is_canceled(kiln: UUID) -> None:
    (reference,) = confirmed(paid("A-1", [line("MUG", 3)]))
    send(reference, parcel(1, at(SHIP_BY - DAY), _1=1))

    wait_until_the_end()

    assert work(reference) == ("shipped", None, END, 2)
    assert one("SELECT status FROM orders").status == "shipped"
    # Three mugs cost 37.50 and 4.90; less was taken, so less is to be paid back than they cost.
    assert money().pending_minor == 2990 - (1250 + 490)
    (mail,) = mails("order_changed")
    assert mail["items"] == [["Mug", 1]]
    assert "a part of order A-1 was never handed over" in compose("order_changed", mail).body
    assert mails("order_canceled") == []


def test_what_had_arrived_before_is_all_of_it_then(kiln: UUID) -> None:
    (reference,) = confirmed(routed_order("A-1", [line("MUG", 3)]))
    send(reference, parcel(1, at(SHIP_BY - DAY), _1=1))
    one(
        "UPDATE shipments SET status = 'delivered', delivered_at = :at RETURNING 1 AS n",
        at=SHIP_BY,
    )
    one("UPDATE fo_lines SET delivered = 0 RETURNING 1 AS n")

    wait_until_the_end()

    assert work(reference).status == "delivered"
    assert one("SELECT status FROM orders").status == "delivered"


def test_the_same_line_at_another_vendor_stays_there(kiln: UUID, sql: Sql) -> None:
    make_vendor_with_stock("fjord", {"MUG": 5}, zone="Europe/Stockholm")
    sql("UPDATE stock SET on_hand = 3 WHERE on_hand = 500")
    key = paid("A-1", [line("MUG", 8)], 10_490)
    late, sent = confirmed(key)
    send(sent, parcel(1, at(SHIP_BY - DAY)))
    units = one(
        "SELECT sum(ordered) AS n FROM fo_lines l JOIN fulfillment_orders f ON f.id = l.fo_id"
        " WHERE f.reference = :r",
        r=late,
    ).n

    wait_until_the_end()

    assert (work(late).status, work(sent).status) == ("canceled", "shipped")
    assert one("SELECT canceled, unrouted FROM order_lines") == (units, 0)
    assert money().pending_minor == units * 1250


def test_two_parts_of_one_order_are_told_of_at_once(kiln: UUID) -> None:
    make_vendor_with_stock("fjord", {"LAMP": 5}, zone="Europe/Stockholm")
    key = paid("A-1", [line("MUG", 1), line("LAMP", 1, name="2")])
    names = confirmed(key)

    wait_until_the_end()

    assert {work(name).status for name in names} == {"canceled"}
    assert [len(mails(t)) for t in ("order_canceled", "order_changed")] == [1, 0]
    assert [len(entries(e)) for e in ("order_canceled", "payment_refund_due")] == [1, 1]
    (decision,) = decisions()
    assert sorted(w["vendor"] for w in decision.facts["works"]) == ["fjord", "kiln"]
    assert len(mails("work_changed", "vendor")) == 2


# The money ---------------------------------------------------------------------------------------


def test_nothing_is_owed_where_nothing_was_taken(kiln: UUID) -> None:
    confirmed(paid("A-1", says="authorized"))
    confirmed(routed_order("A-2"))

    wait_until_the_end()

    assert money() == (0, 0, 0)
    assert [mail["back"] for mail in mails("order_canceled")] == [0, 0]
    assert entries("payment_refund_due") == []


def test_a_channel_that_pays_back_settles_what_is_due(kiln: UUID) -> None:
    key = paid()
    confirmed(key)
    wait_until_the_end()
    for n, minor in enumerate((1000, 1990)):
        word = Word(key, "refunded", minor, "EUR", f"re_{n}", END)
        with transaction(OPS) as now:
            assert note([word, word], actor="shop", now=now) == 1

    assert money() == (2990, 2990, 0)


# Others ------------------------------------------------------------------------------------------


def test_others_send_it_where_the_policy_wants_that(kiln: UUID) -> None:
    policy("promises", when_unshipped="others")
    key = paid()
    (late,) = confirmed(key)
    make_vendor_with_stock("fjord", {"MUG": 5})

    wait_until_the_end()
    run_jobs("route_orders")

    _, other = references(key)
    assert (work(late).status, work(other).status) == ("rejected", "assigned")
    assert one("SELECT status FROM orders").status == "open"
    assert money().pending_minor == 0
    (taken,) = mails("work_taken_back", "vendor")
    assert taken["reason"] == UNSHIPPED
    (decision,) = decisions()
    assert (decision.facts["outcome"], decision.facts["works"][0]["units"]) == ("others", 2)
    assert mails("order_canceled") == []


UNFIT = {
    "ships elsewhere": "UPDATE locations SET ships_to = '{DE}' FROM vendors v"
    " WHERE v.id = vendor_id AND v.code = 'fjord'",
    "place is shut": "UPDATE locations SET is_active = false FROM vendors v"
    " WHERE v.id = vendor_id AND v.code = 'fjord'",
    "other currency": "UPDATE listings SET currency = 'SEK' FROM vendors v"
    " WHERE v.id = vendor_id AND v.code = 'fjord'",
}


@pytest.mark.parametrize("has", ["too few", "had it before", "pinned", *UNFIT])
def test_what_no_other_can_send_is_canceled(kiln: UUID, sql: Sql, has: str) -> None:
    policy("promises", when_unshipped="others")
    pinned = {"vendor": "kiln"} if has == "pinned" else {}
    key = routed_order("A-1", [line("MUG", 2, **pinned)])
    others = {"MUG": 1 if has == "too few" else 9}
    make_vendor_with_stock("fjord", others, zone="Europe/Stockholm")
    if has in UNFIT:
        sql(UNFIT[has])
    names = references(key)
    if has == "had it before":
        with transaction(OPS) as now:
            word = Confirmation(names[0], {"1": 0}, code=DeclineCode.OUT_OF_STOCK)
            confirm([word], actor=ACTOR, now=now)
        run_jobs("route_orders")
        names = references(key)[1:]
    with transaction(OPS) as now:
        confirm([Confirmation(name) for name in names], actor=ACTOR, now=now)

    wait_until_the_end()

    assert work(names[0]).status == "canceled"
    assert one("SELECT status FROM orders").status == "canceled"


# At one moment -----------------------------------------------------------------------------------


def test_a_vendor_that_ships_in_the_same_moment_wins_or_loses_alone(app: Any, sql: Sql) -> None:
    make_vendor_with_stock("kiln", {"MUG": 500}, zone="Europe/Stockholm")
    key = paid()
    (reference,) = confirmed(key)
    look_at(WARNED)
    at(END)

    def say() -> Any:
        with transaction(OPS) as now:
            (outcome,) = ship([Dispatch(reference, [parcel(1, END)])], actor=ACTOR, now=now)
            return getattr(outcome, "status", outcome)

    said, seen = behind_a_lock(app, sql, key, say, lambda: run(JOB))

    assert seen == 1
    if isinstance(said, IllegalMove):
        assert (work(reference).status, money().pending_minor) == ("canceled", 2990)
        assert rows("SELECT 1 FROM shipments") == []
    else:
        assert (said, work(reference).status) == ("shipped", "shipped")
        assert (money().pending_minor, decisions(), mails("order_canceled")) == (0, [], [])


def test_what_is_put_on_hold_in_the_same_moment_stays(app: Any, sql: Sql) -> None:
    make_vendor_with_stock("kiln", {"MUG": 500}, zone="Europe/Stockholm")
    key = routed_order("A-1")
    (reference,) = confirmed(key)
    look_at(WARNED)
    at(END)

    held = (
        "UPDATE fulfillment_orders SET status = 'on_hold', held_from = 'confirmed'",
        "UPDATE orders SET has_part_on_hold = true",
    )
    behind_a_lock(app, sql, key, lambda: run(JOB), meanwhile=held)

    assert work(reference)[:2] == ("on_hold", None)


def test_a_customer_who_cancels_in_the_same_moment_is_told_once(app: Any, sql: Sql) -> None:
    make_vendor_with_stock("kiln", {"MUG": 500}, zone="Europe/Stockholm")
    key = routed_order("A-1")
    confirmed(key)
    look_at(WARNED)
    at(END)

    def call_off() -> None:
        with transaction(OPS) as now:
            cancel(key, None, actor=ACTOR, reason="changed my mind", now=now)

    behind_a_lock(app, sql, key, call_off, lambda: run(JOB))

    assert one("SELECT status FROM orders").status == "canceled"
    assert len(mails("order_canceled")) == len(entries("order_canceled")) == 1


def test_it_costs_the_same_however_much_ends(kiln: UUID) -> None:
    counts = []
    for batch in (2, 12):
        for n in range(batch):
            make_order(f"S-{batch}-{n}")
        run_jobs("route_orders")
        for name in rows("SELECT reference FROM fulfillment_orders WHERE status = 'assigned'"):
            with transaction(OPS) as now:
                confirm([Confirmation(name.reference)], actor=ACTOR, now=now)
        latest = one("SELECT max(ship_by) AS at FROM fulfillment_orders").at
        look_at(latest + 13 * DAY)
        at(one("SELECT max(cancel_at) AS at FROM fulfillment_orders").at)
        with statements() as seen:
            assert run(JOB) == batch
        counts.append(len(seen))

    assert counts[1] - counts[0] <= 2
    assert one("SELECT count(*) AS n FROM orders WHERE status = 'canceled'").n == 14
