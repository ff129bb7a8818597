"""Dead letters: a list of what was given up, tried again or dealt with many at once."""

from __future__ import annotations

import pytest

from app.checks.service import give_up
from app.shared.work import OPS, transaction
from tests.factories import make_order, one, rows, run_jobs
from tests.people import browser_of, make_person

LIST = "/console/system/dead-letters"


@pytest.fixture
def order(app, jobs_run_here):
    """An order that has just come in, A-1."""
    return make_order("A-1")


@pytest.fixture
def lead(app):
    return browser_of(app, make_person("ops_lead", "Jonas Weber"))


def message_given_up(order, status="failed"):
    """Have the outbox give up the order's first message; return its key."""
    values = {"order": order, "status": status}
    key = one(
        "UPDATE notifications SET status = :status, attempts = 16, started_at = now()"
        " WHERE order_id = :order AND template = 'order_received' RETURNING id",
        **values,
    ).id
    letter("send_notifications", f"notification {key}", f"{status}: mailbox full")
    return key


def letter(job, subject, why) -> str:
    """Write a dead letter; return the word of its row."""
    with transaction(OPS) as now:
        give_up(job, subject, why, 16, now)
    return str(one("SELECT max(id) AS id FROM dead_letters").id)


def changed(browser, sql, act, *, chosen=None, **arguments) -> str:
    """Do something to dead letters, chosen or all that are open; return what became of it."""
    rows_of = {"row": chosen} if chosen else {"all": "1", "list": "dead_letters", "query": ""}
    drafted = browser.post("/console/batches", data={"act": f"dead_letters.{act}"} | rows_of)
    assert drafted.status_code == 302, drafted.text
    started = browser.post(drafted.location, data=arguments)
    assert started.status_code == 302, started.text
    sql("UPDATE batches SET due_at = now() WHERE status = 'waiting'")
    run_jobs("run_batches")
    return browser.get(drafted.location).text


def open_letters() -> int:
    return one("SELECT count(*) AS n FROM dead_letters WHERE closed_at IS NULL").n


def test_a_letter_is_told_by_its_message_and_order_and_is_a_page_away(order, lead):
    message_given_up(order)
    letter("watch", f"order {order}", "ValueError: no such day")
    letter("mail_notices", "something old", "it broke")

    page, system = lead.get(LIST).text, lead.get("/console/system").text

    assert f'href="{LIST}"' in system
    for words in ("Order received", ">A-1</a>", "failed: mailbox full", "ValueError: no such day"):
        assert words in page
    # Where no order is known, the subject is all there is.
    assert '<span class="code">something old</span>' in page
    assert "3 open: work that was given up; a person must look." in page


def test_letters_are_filtered_by_job_turned_by_page_and_taken_along(order, lead):
    for n in range(30):
        letter("watch", f"order {n}", f"reason {n}")
    letter("route_orders", "order 99", "no route")
    lead.post("/console/lists/dead_letters/display", data={"size": "25", "column": ["why"]})

    routed = lead.get(f"{LIST}?job=route_orders").text
    first = lead.get(f"{LIST}?job=watch").text
    onward = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    second = lead.get(onward.replace("&amp;", "&")).text
    file = lead.get("/console/lists/dead_letters/export.csv?job=route_orders", buffered=True).text

    assert "no route" in routed
    assert "reason 1" not in routed
    assert (first.count("data-key="), second.count("data-key=")) == (25, 5)
    assert "Job,Subject,What,Order,Why" in file
    assert "route_orders,order 99,Order,,no route" in file


def test_what_failed_is_sent_and_looked_at_again(order, lead, sql):
    key = message_given_up(order)
    sql("UPDATE checks SET next_check_at = next_check_at + interval '9 hours', attempts = 10")
    letter("watch", f"order {order}", "ValueError: no such day")

    told = changed(lead, sql, "retry", confirmation="2")

    assert "2 dead letters tried again" in told
    assert "A-1 order_received" in told
    message = one("SELECT status, attempts, started_at FROM notifications WHERE id = :key", key=key)
    assert tuple(message) == ("queued", 0, None)
    check = one(
        "SELECT next_check_at <= anchor_world AS is_due FROM checks, world_clock"
        " WHERE watcher = 'watch' AND subject_id = :key",
        key=order,
    )
    assert check.is_due
    assert open_letters() == 0
    run_jobs("send_notifications")
    # Here is no mail server: it was attempted once more.
    assert one("SELECT attempts FROM notifications WHERE id = :key", key=key).attempts == 1


def test_what_may_have_arrived_and_what_is_over_is_not_tried_again(order, lead, sql):
    key = message_given_up(order, "uncertain")
    letter("compensate", f"order {order}", "it broke")
    failed = letter("watch", f"order {order}", "it broke")

    told = changed(lead, sql, "retry", confirmation="1")

    assert "It may have arrived, and nothing is sent twice." in told
    assert "There is nothing left of it to be done." in told
    assert one("SELECT status FROM notifications WHERE id = :key", key=key).status == "uncertain"
    closed = rows("SELECT id, closed_by FROM dead_letters WHERE closed_at IS NOT NULL")
    assert [(str(row.id), row.closed_by) for row in closed] == [(failed, "Jonas Weber")]


def test_trying_again_asks_for_a_typed_number_and_dealing_with_them_does_not(order, lead, sql):
    chosen = [letter("watch", f"order {n}", "it broke") for n in range(2)]
    message_given_up(order)
    data = {"act": "dead_letters.retry", "all": "1", "list": "dead_letters", "query": ""}
    where = lead.post("/console/batches", data=data).location

    assert "This cannot be undone." in lead.get(where).text
    assert lead.post(where, data={"confirmation": "3"}).status_code == 422
    assert open_letters() == 3

    told = changed(lead, sql, "close", chosen=chosen)
    assert "2 dead letters dealt with" in told
    assert open_letters() == 1
    done = lead.get(f"{LIST}?view=closed").text
    assert done.count("data-key=") == 2
    assert "<bdi>Jonas Weber</bdi>" in done
    assert f"/console/dead-letters/{chosen[0]}/close" not in done
