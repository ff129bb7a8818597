"""Vendors are told of their work with all it needs, and reminded before it is due: once each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.notifications.texts import compose
from app.orders.contract import Action
from app.orders.letters import fill
from app.orders.reminders import first_look, reminders
from app.orders.service import act
from app.policies.documents import Promises
from app.shared.work import OPS, transaction
from simulator.mailbox import MailFault
from tests.conftest import NOW, Sql
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
)
from tests.flow.conftest import Died

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def kiln() -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 500}, zone="Europe/Stockholm")


def deadlines() -> Any:
    return one("SELECT assigned_at, confirm_by, ship_by FROM fulfillment_orders")


def told(what: str = "work_reminder") -> list[str]:
    """Return which reminders are in the outbox, and see that as many stand on screen."""
    found = rows(
        "SELECT facts->>'asks' AS asks FROM notifications WHERE template = :what ORDER BY id",
        what=what,
    )
    return [row.asks for row in found]


def on_screen(sql: Sql) -> list[tuple[str, str]]:
    return sql("SELECT subject, facts->>'asks' FROM notices WHERE kind = 'work_reminder'")


# What new work says ----------------------------------------------------------------------------


def test_new_work_names_its_items_where_to_its_wishes_and_its_times(post, kiln: UUID) -> None:
    wishes = {"gift_wrap": True, "gift_message": "Grattis!\nAda", "delivery_instructions": "Ring"}
    (reference,) = references(
        routed_order("A-1", [line("MUG", 2, options={"colour": "red"})], preferences=wishes)
    )

    run("send_notifications")

    (mail,) = [mail for mail in post.newest() if mail.subject.startswith("New work")]
    assert mail.recipients == ("kiln@vendors.example",)
    assert mail.text.split("\n\n") == [
        (
            f"Fulfillment order {reference} is yours. Please hand it over by"
            " Tuesday, November 24, 15:00 (Europe/Stockholm)."
        ),
        "Confirm by Tuesday, November 24, 10:00 (Europe/Stockholm).",
        "Order A-1, from Main:\n2 \N{MULTIPLICATION SIGN} Mug (MUG), colour: red",
        "Ship to:\nAda Lind\nStorgatan 1\n211 34 Malmö\nSE",
        "Please note:\nWrap it as a gift\nGift message: Grattis! Ada\nFor the carrier: Ring",
        f"Open it here: http://127.0.0.1:8000/portal/orders/{reference}",
        "Onward, for your marketplace\n",
    ]


def test_where_to_lies_in_no_outbox(kiln: UUID) -> None:
    routed_order("A-1")

    row = one("SELECT facts FROM notifications WHERE template = 'work_assigned'")
    assert sorted(row.facts) == ["fulfillment_order", "ship_by"]


def test_work_that_was_called_off_meanwhile_gives_no_address_away(post, kiln: UUID) -> None:
    (reference,) = references(routed_order("A-1"))
    with transaction(OPS) as now:
        act([reference], Action.HOLD, actor=ACTOR, now=now, reason="a doubt")
    with transaction(OPS) as now:
        filled = fill([("work_assigned", {"fulfillment_order": reference})], now)
    assert filled[0]["work"]["address"][0] == "Ada Lind"
    rows_ = "UPDATE fulfillment_orders SET status = 'canceled' WHERE reference = :r RETURNING id"
    one(rows_, r=reference)

    run("send_notifications")

    (mail,) = [mail for mail in post.newest() if mail.subject.startswith("New work")]
    assert "there is nothing to do" in mail.text
    assert "Storgatan" not in mail.text
    one(
        "UPDATE fulfillment_orders SET status = 'on_hold' WHERE reference = :r RETURNING 1",
        r=reference,
    )


def many(count: int) -> list[str]:
    for n in range(count):
        make_order(f"M-{n}")
    run_jobs("route_orders")
    return [row.reference for row in rows("SELECT reference FROM fulfillment_orders ORDER BY id")]


def vendor_mails(post) -> list[Any]:
    return [mail for mail in post.newest() if "kiln@vendors.example" in mail.recipients]


@pytest.mark.parametrize(("count", "mails"), [(5, 5), (6, 1)])
def test_work_that_arrives_together_is_one_mail(post, kiln: UUID, count: int, mails: int) -> None:
    names = many(count)

    run("send_notifications")
    again = run("send_notifications")

    found = vendor_mails(post)
    assert (len(found), again) == (mails, 0)
    assert all(any(name in mail.text for mail in found) for name in names)
    assert {r.status for r in rows("SELECT status FROM notifications")} == {"sent"}
    if mails == 1:
        assert found[0].subject == "New work: 6 fulfillment orders"
        assert found[0].text.count("Storgatan 1") == 6


def test_work_of_two_vendors_is_never_one_mail(post, kiln: UUID) -> None:
    make_vendor_with_stock("fjord", {"LAMP": 100})
    for n in range(6):
        make_order(f"K-{n}")
        make_order(f"F-{n}", [line("LAMP", 1)])
    run_jobs("route_orders")

    run("send_notifications")

    by_vendor = {
        m.recipients: m.text for m in post.newest() if "vendors.example" in m.recipients[0]
    }
    assert [text.count("Mug (MUG)") for text in by_vendor.values()].count(0) == 1
    assert sorted(text.count("Lamp (LAMP)") for text in by_vendor.values()) == [0, 6]


def test_a_server_that_is_busy_gets_all_of_it_again_as_one(post, kiln: UUID) -> None:
    many(6)
    post.fault = MailFault.AFTER_DATA
    run("send_notifications")
    post.fault = None
    at(NOW + MINUTE)

    run("send_notifications")

    assert len([m for m in vendor_mails(post) if "6 fulfillment orders" in m.subject]) >= 1
    assert {r.status for r in rows("SELECT status FROM notifications")} == {"sent"}


def test_a_worker_that_dies_with_many_in_hand_says_none_of_them_twice(
    post, kiln: UUID, die_at, end_leases, sql: Sql
) -> None:
    many(6)
    sql("UPDATE notifications SET status = 'superseded' WHERE audience = 'customer'")
    die_at("after the message left")
    with pytest.raises(Died):
        run("send_notifications")
    end_leases()

    run("send_notifications")

    assert len(vendor_mails(post)) == 1
    assert {
        r.status for r in rows("SELECT status FROM notifications WHERE audience = 'vendor'")
    } == {"uncertain"}


# Reminders -------------------------------------------------------------------------------------


def moments(confirm_hours: int | None, ship_hours: int | None) -> list[tuple[str, datetime]]:
    asked = Promises(remind_confirm_hours=confirm_hours, remind_ship_hours=ship_hours)
    given = reminders(NOW, NOW + 10 * HOUR, NOW + 20 * HOUR, asked)
    return [(r.asks, r.at) for r in given]


@pytest.mark.parametrize(
    ("confirm", "ship", "expected"),
    [
        (2, 4, [("confirm", NOW + 8 * HOUR), ("ship", NOW + 16 * HOUR)]),
        # At the earliest halfway: a short time is not reminded of at its beginning.
        (9, 48, [("confirm", NOW + 5 * HOUR), ("ship", NOW + 10 * HOUR)]),
        (None, 4, [("ship", NOW + 16 * HOUR)]),
        (None, None, []),
    ],
)
def test_reminders_come_hours_before_at_the_earliest_halfway(
    confirm: int | None, ship: int | None, expected: list[tuple[str, datetime]]
) -> None:
    assert moments(confirm, ship) == expected


def test_what_nobody_is_reminded_of_is_never_looked_at() -> None:
    asked = Promises(remind_confirm_hours=None, remind_ship_hours=None)

    assert first_look(NOW, NOW + HOUR, NOW + HOUR, asked) is None
    assert first_look(NOW, None, NOW + 10 * HOUR, Promises()) == NOW + 6 * HOUR


def test_a_vendor_is_reminded_of_its_word_and_then_of_its_parcel_once_each(
    sql: Sql, kiln: UUID
) -> None:
    (reference,) = references(routed_order("A-1"))
    due = deadlines()

    at(due.confirm_by - 2 * HOUR - MINUTE)
    run_jobs("remind_vendors")
    assert told() == []
    at(due.confirm_by - 2 * HOUR)
    run("remind_vendors")
    run("remind_vendors")
    assert told() == ["confirm"]
    with transaction(OPS) as now:
        act([reference], Action.HOLD, actor=ACTOR, now=now, reason="x")
    with transaction(OPS) as now:
        act([reference], Action.RELEASE, actor=ACTOR, now=now)
    at(due.ship_by - 3 * HOUR)
    run_jobs("remind_vendors")
    at(due.ship_by + HOUR)
    run_jobs("remind_vendors")

    assert told() == ["confirm", "ship"]
    assert sorted(on_screen(sql)) == [(reference, "confirm"), (reference, "ship")]
    assert rows("SELECT 1 FROM checks WHERE watcher = 'remind_vendors'") == []


def test_who_has_confirmed_and_shipped_in_time_is_left_alone(kiln: UUID) -> None:
    key = routed_order("A-1")
    due = deadlines()
    (reference,) = confirmed(key)
    at(due.confirm_by - HOUR)
    run_jobs("remind_vendors")
    send(reference, parcel(1, due.confirm_by - HOUR))
    at(due.ship_by - HOUR)

    run_jobs("remind_vendors")

    assert told() == []


def test_what_is_on_hold_is_asked_for_when_it_goes_on(kiln: UUID) -> None:
    (reference,) = confirmed(routed_order("A-1"))
    due = deadlines()
    with transaction(OPS) as now:
        act([reference], Action.HOLD, actor=ACTOR, now=now, reason="a doubt")
    at(due.ship_by - 3 * HOUR)
    run_jobs("remind_vendors")
    assert told() == []

    with transaction(OPS) as now:
        act([reference], Action.RELEASE, actor=ACTOR, now=now)
    at(due.ship_by - 2 * HOUR)
    run_jobs("remind_vendors")

    assert told() == ["ship"]


def test_a_look_that_is_too_late_says_nothing(kiln: UUID) -> None:
    routed_order("A-1")
    at(deadlines().ship_by + HOUR)

    run_jobs("remind_vendors")

    assert told() == []


def test_who_wants_no_reminders_gets_none(kiln: UUID) -> None:
    policy("promises", remind_confirm_hours=None, remind_ship_hours=None)
    routed_order("A-1")
    at(deadlines().ship_by - HOUR)

    assert run("remind_vendors") == 0
    assert told() == []


def test_a_reminder_says_what_is_asked_for_and_by_when(kiln: UUID) -> None:
    (reference,) = references(routed_order("A-1"))
    at(deadlines().ship_by - HOUR)
    run_jobs("remind_vendors")

    row = one("SELECT facts FROM notifications WHERE template = 'work_reminder'")
    text = compose("work_reminder", row.facts)
    assert text.subject == f"Soon to be handed over: {reference}"
    assert "Please hand over" in text.body


def test_reminders_that_are_due_together_are_one_mail(post, kiln: UUID) -> None:
    names = many(6)
    run("send_notifications")
    at(one("SELECT max(confirm_by) AS by FROM fulfillment_orders").by - HOUR)
    run_jobs("remind_vendors")

    run("send_notifications")

    (mail,) = [m for m in vendor_mails(post) if m.subject.startswith("Soon due")]
    assert mail.subject == "Soon due: 6 fulfillment orders"
    assert all(f"Please confirm or decline {name} by Tuesday" in mail.text for name in names)


def test_reminders_cost_the_same_however_many_are_due(kiln: UUID) -> None:
    counts = []
    for batch in (2, 12):
        for n in range(batch):
            make_order(f"S-{batch}-{n}")
        run_jobs("route_orders")
        due = one("SELECT max(confirm_by) AS by FROM fulfillment_orders").by
        at(due - HOUR)
        with statements() as seen:
            assert run("remind_vendors") >= batch
        counts.append(len(seen))

    # Facts, policy, notices, mails; then what is done with, and what is looked at again.
    assert max(counts) <= 6
    assert told() == ["confirm"] * 14
