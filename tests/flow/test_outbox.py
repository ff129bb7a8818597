from __future__ import annotations

from datetime import timedelta

import pytest

from app.checks.service import close_dead_letter
from app.notifications.service import Message, tell
from app.shared import ids
from app.shared.who import Who
from app.shared.work import OPS, transaction
from simulator.mailbox import MailFault
from tests.conftest import NOW
from tests.factories import at, make_order, make_vendor_with_stock, one, routed_order, rows, run
from tests.flow.conftest import Died

MINUTE = timedelta(minutes=1)
MESSAGE = "SELECT status, attempts, last_error FROM notifications ORDER BY id"


def statuses() -> list[str]:
    return [m.status for m in rows(MESSAGE)]


def letters():
    return rows("SELECT job, subject, reason, attempts, closed_at FROM dead_letters ORDER BY id")


def test_a_message_is_sent_once_with_a_name_of_its_own(post):
    make_order("A-1")

    assert (run("send_notifications"), run("send_notifications")) == (1, 0)

    [mail] = post.newest()
    key = one("SELECT id FROM notifications").id
    assert (mail.recipients, mail.subject) == (("ada@example.org",), "We have your order A-1")
    assert mail.message_id == f"<{key}@onward.example>"
    assert one("SELECT status, sent_at FROM notifications") == ("sent", NOW)


def test_a_cause_is_told_once_however_often_it_happens(post):
    make_vendor_with_stock()
    routed_order()
    run("route_orders")

    run("send_notifications")

    assert sorted(m.subject[:8] for m in post.newest()) == ["New work", "We have "]


def test_who_has_no_address_is_told_nothing(post):
    make_order(customer={"external_id": "C-2", "name": "Nobody"})

    assert rows("SELECT 1 FROM notifications") == []


def test_a_message_of_a_transaction_that_failed_is_never_sent(post):
    key = make_order(customer={"external_id": "C-2", "name": "Nobody"})
    message = Message(key, NOW.date().replace(day=1), "customer", "a@b.example", "order_received")

    with pytest.raises(ZeroDivisionError), transaction(OPS) as now:  # noqa: PT012 - it fails after
        tell([message], now)
        raise ZeroDivisionError

    assert (run("send_notifications"), post.received) == (0, 0)


def test_a_refused_address_fails_and_a_person_is_told(post):
    make_order()
    post.fault = MailFault.REJECT

    run("send_notifications")
    post.fault = None
    at(NOW + 600 * MINUTE)
    run("send_notifications")

    [letter] = letters()
    assert (statuses(), post.received) == (["failed"], 0)
    assert (letter.reason[:11], letter.attempts) == ("failed: 550", 1)


def test_a_message_that_may_have_arrived_is_never_sent_again(post):
    make_order()
    post.fault = MailFault.DROP

    run("send_notifications")
    post.fault = None
    at(NOW + 600 * MINUTE)
    run("send_notifications")

    assert (statuses(), post.received, post.doubled()) == (["uncertain"], 1, {})
    assert [x.reason.split(":")[0] for x in letters()] == ["uncertain"]


def test_a_server_that_says_later_is_tried_later_and_later(post):
    make_order()
    post.fault = MailFault.AFTER_DATA

    run("send_notifications")
    assert one("SELECT due_at FROM notifications").due_at == NOW + MINUTE
    assert run("send_notifications") == 0
    at(NOW + MINUTE)
    run("send_notifications")
    assert one("SELECT due_at, attempts FROM notifications") == (NOW + 3 * MINUTE, 2)
    post.fault = None
    at(NOW + 3 * MINUTE)
    run("send_notifications")

    assert (statuses(), post.received, letters()) == (["sent"], 1, [])


def test_a_server_that_never_takes_it_ends_in_a_dead_letter(post, sql):
    make_order()
    post.fault = MailFault.AFTER_DATA
    sql("UPDATE notifications SET attempts = 15")

    run("send_notifications")

    assert [(m.status, m.attempts) for m in rows(MESSAGE)] == [("failed", 16)]
    assert [x.attempts for x in letters()] == [16]


def test_a_server_that_is_away_costs_no_message():
    make_order()

    run("send_notifications")

    assert one("SELECT status, started_at, leased_until FROM notifications") == (
        "queued",
        None,
        None,
    )


def test_a_worker_that_dies_after_sending_leaves_it_uncertain(post, die_at, end_leases):
    make_order()
    die_at("after the message left")
    with pytest.raises(Died):
        run("send_notifications")
    assert (run("send_notifications"), statuses()) == (0, ["queued"])

    end_leases()
    run("send_notifications")

    assert (statuses(), post.received) == (["uncertain"], 1)
    assert [(x.reason, x.attempts) for x in letters()] == [
        ("uncertain: the worker died while sending", 1)
    ]


def test_a_worker_that_dies_before_the_call_sends_the_others_once(post, die_at, end_leases):
    for _ in range(3):
        make_order()
    die_at("before the message leaves")
    with pytest.raises(Died):
        run("send_notifications")
    end_leases()

    run("send_notifications")
    run("send_notifications")

    # The first was started, so nobody knows; the others were only leased.
    assert (statuses(), post.received, post.doubled()) == (["uncertain", "sent", "sent"], 2, {})


def test_a_lease_that_was_lost_has_no_effect(post, sql):
    make_order()
    sql(
        "UPDATE notifications SET leased_until = now() + interval '1 hour',"
        " lease_token = gen_random_uuid()"
    )

    assert (run("send_notifications"), post.received) == (0, 0)

    sql("UPDATE notifications SET leased_until = now() - interval '1 second'")
    assert (run("send_notifications"), post.received) == (1, 1)


def test_a_message_that_cannot_be_sent_holds_up_no_other(post, end_leases):
    make_order(customer={"external_id": "C", "name": "A", "email": "björn@example.org"})
    make_order("A-2")

    run("send_notifications")

    assert [m.subject for m in post.newest()][:1] == ["We have your order A-2"]
    assert statuses()[0] in {"failed", "sent"}
    assert statuses()[1] == "sent"


def test_a_message_whose_facts_are_broken_ends_in_a_dead_letter_and_holds_up_no_other(post, sql):
    make_order("A-1")
    make_order("A-2")
    sql("UPDATE notifications SET facts = '{}' WHERE facts->>'number' = 'A-1'")

    run("send_notifications")

    assert statuses() == ["failed", "sent"]
    assert [x.subject.split()[0] for x in letters()] == ["notification"]


def test_a_closed_dead_letter_stays_closed(post):
    make_order()
    post.fault = MailFault.REJECT
    run("send_notifications")
    letter = one("SELECT id FROM dead_letters").id

    for name in ("Imani", "Jonas"):
        with transaction(OPS) as now:
            close_dead_letter(letter, Who(ids.new(), name), now)

    assert one("SELECT closed_at, closed_by FROM dead_letters") == (NOW, "Imani")
