from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from app import jobs
from app.carriers.access import access
from app.extensions import db
from app.jobs import JOBS
from app.shared import clock, work
from app.shared.errors import Conflict
from app.shared.work import OPS, PLATFORM, transaction
from app.shipments.tracking import _ask, _lease, take_in
from scheduler.run import heartbeat
from tests.conftest import NOW, make_app
from tests.factories import (
    at,
    line,
    make_order,
    make_vendor_with_stock,
    one,
    policy,
    references,
    rows,
    run,
    run_jobs,
    shipped_order,
)
from tests.flow.conftest import Died

MINUTE = timedelta(minutes=1)
TABLES = (
    "orders",
    "order_lines",
    "fulfillment_orders",
    "fo_lines",
    "reservations",
    "stock",
    "promises",
    "shipments",
    "polls",
    "tracking_events",
    "exception_cases",
    "escalations",
    "escalation_steps",
    "compensation_offers",
    "timeline",
    "decisions",
    "notifications",
    "checks",
    "dead_letters",
    "payments",
    "ledger",
)


@pytest.fixture
def valkey(valkey_url):
    return Redis.from_url(valkey_url)


def everything():
    return {table: sorted(map(str, rows(f"SELECT * FROM {table}"))) for table in TABLES}


def rung(valkey) -> set[str]:
    return {key.decode().removeprefix("bell:") for key in valkey.keys("bell:*")}


@pytest.fixture
def busy(carrier, post):
    """A world with something of everything, three days after the promise."""
    make_vendor_with_stock(stock={"MUG": 100})
    shipped = shipped_order(1)
    make_order(lines=[line("NONE")])
    run_jobs()
    carrier.book.add(
        shipped.number, [(NOW + 10 * 24 * 60 * MINUTE, "DL", "Delivered", "", "", "SE")]
    )
    make_order()
    at("2026-12-08T12:00:00+00:00")
    return shipped


@pytest.mark.parametrize("name", JOBS)
def test_a_job_that_runs_twice_changes_nothing_the_second_time(busy, name):
    run(name)
    before = everything()

    run(name)

    assert everything() == before


def test_all_jobs_together_come_to_rest(busy):
    assert run_jobs() > 0
    before = everything()

    assert (run_jobs(), everything()) == (0, before)
    assert one("SELECT status FROM compensation_offers").status == "offered"


@pytest.mark.parametrize("name", ["watch", "route_orders", "compensate", "escalate"])
def test_a_watcher_that_dies_before_its_commit_has_done_nothing(busy, name, die_at):
    if name in {"compensate", "escalate"}:
        run_jobs("watch", "ask_carriers", "poll_shipments")
    before = everything()
    die_at("before the watch commits")

    with pytest.raises(Died):
        run(name)

    assert everything() == before
    assert run_jobs() > 0


@pytest.mark.parametrize("point", ["after the lease of polls", "before the answers are written"])
def test_a_poller_that_dies_is_followed_by_another(busy, point, die_at, end_leases):
    die_at(point)
    with pytest.raises(Died):
        run("poll_shipments")
    assert run("poll_shipments") == 0
    assert one("SELECT status FROM shipments").status == "pending"

    end_leases()
    run_jobs("poll_shipments")

    assert one("SELECT status FROM shipments").status == "delivered"


def test_answers_of_a_lease_that_was_lost_are_dropped(busy, carrier, sql):
    token = one("SELECT gen_random_uuid() AS id").id
    leased, asked_at = _lease(token)
    heard = _ask(leased, access, asked_at)
    sql("UPDATE polls SET lease_token = gen_random_uuid()")

    with transaction(PLATFORM) as now:
        take_in(heard, token, asked_at, now)

    assert one("SELECT status FROM shipments").status == "pending"


def test_one_subject_that_cannot_be_judged_holds_up_no_other_and_ends_with_a_person(sql):
    make_vendor_with_stock()
    bad, good = make_order("BAD"), make_order("GOOD")
    # Its lines ask for a number of units that no vendor's stock can hold.
    sql("ALTER TABLE fulfillment_orders ADD CHECK (order_number <> 'BAD')")

    run_jobs("route_orders")
    assert (references(bad), len(references(good))) == ([], 1)
    for _ in range(10):
        at(one("SELECT next_check_at FROM checks WHERE watcher = 'route_orders'").next_check_at)
        run_jobs("route_orders")

    letter = one("SELECT job, subject, attempts, closed_at FROM dead_letters")
    assert (letter.job, letter.subject, letter.closed_at) == ("route_orders", f"order {bad}", None)
    sql("ALTER TABLE fulfillment_orders DROP CONSTRAINT fulfillment_orders_order_number_check")
    at(one("SELECT next_check_at FROM checks WHERE watcher = 'route_orders'").next_check_at)
    run_jobs("route_orders")
    assert len(references(bad)) == 1


def test_what_cannot_be_judged_is_tried_later_and_later(sql):
    make_vendor_with_stock()
    make_order("BAD")
    sql("ALTER TABLE fulfillment_orders ADD CHECK (order_number <> 'BAD')")

    waits = []
    for _ in range(3):
        run_jobs("route_orders")
        due = one("SELECT next_check_at FROM checks WHERE watcher = 'route_orders'").next_check_at
        with transaction(OPS) as now:
            waits.append(due - now)
        at(due)

    assert waits == [MINUTE, 2 * MINUTE, 4 * MINUTE]
    sql("ALTER TABLE fulfillment_orders DROP CONSTRAINT fulfillment_orders_order_number_check")


# Bells and the heartbeat ---------------------------------------------------------------------


def test_a_change_rings_after_its_commit_and_not_after_a_rollback(app, valkey):
    with pytest.raises(ZeroDivisionError), transaction(OPS):  # noqa: PT012 - it fails after
        jobs.ring("watch")
        raise ZeroDivisionError
    assert rung(valkey) == set()

    make_order()

    assert rung(valkey) >= {"route_orders", "send_notifications"}


def test_what_is_only_rehearsed_rings_no_bell(app, valkey):
    with transaction(OPS):
        jobs.ring("watch")
        with work.rehearsed():
            jobs.ring("escalate")

    assert rung(valkey) == {"watch"}


def test_a_bell_that_rings_already_is_not_queued_again(app, valkey):
    for _ in range(3):
        jobs.ring_now("watch")
    assert valkey.llen("rq:queue:default") == 1

    jobs.answer_bell("watch")
    jobs.ring_now("watch")

    assert valkey.llen("rq:queue:default") == 2


def test_an_order_is_taken_without_valkey(cluster, database, app):
    alone = make_app(cluster, database, "redis://127.0.0.1:9/0")

    with alone.app_context():
        make_order()
        db.engine.dispose()

    assert one("SELECT status FROM orders").status == "received"


def test_a_sweep_rings_for_what_is_due_after_all_of_valkey_was_lost(app, valkey):
    make_order()
    valkey.flushall()

    heartbeat(app)

    assert rung(valkey) >= {"route_orders", "send_notifications"}
    assert "escalate" not in rung(valkey)


def test_a_sweep_does_not_ring_for_what_is_under_a_lease(app, valkey, sql):
    make_order()
    run_jobs("route_orders", "watch")
    sql("UPDATE notifications SET leased_until = now() + interval '1 hour'")
    valkey.flushall()

    heartbeat(app)

    assert "send_notifications" not in rung(valkey)


def test_two_schedulers_claim_a_tick_once(app, cluster, database, valkey_url, valkey):
    other = make_app(cluster, database, valkey_url)
    for each in (app, other, app):
        heartbeat(each)
    with other.app_context():
        db.engine.dispose()

    ticks = rows("SELECT job, tick FROM job_runs ORDER BY job")
    assert [(t.job, t.tick.isoformat()) for t in ticks] == [
        ("feed_webhooks", "2026-11-23T09:00:00+00:00"),
        ("keep_house", "2026-11-23T03:10:00+00:00"),
        ("mail_notices", "2026-11-23T09:00:00+00:00"),
        ("sweep", "2026-11-23T09:00:00+00:00"),
    ]
    assert valkey.llen("rq:queue:slow") == 3


def test_a_missed_tick_is_made_up_once(app, valkey):
    heartbeat(app)
    jobs.answer_bell("keep_house")
    at(NOW + timedelta(days=4))

    heartbeat(app)

    assert [
        r.tick.day for r in rows("SELECT tick FROM job_runs WHERE job = 'keep_house' ORDER BY 1")
    ] == [23, 27]
    # The bells of the two other jobs of this queue still ring.
    assert valkey.llen("rq:queue:slow") == 4


def test_nothing_rings_while_facts_are_told_to_a_held_world(app, valkey):
    with transaction(OPS):
        clock.hold(())
    make_order()

    heartbeat(app)

    assert (rung(valkey), rows("SELECT 1 FROM job_runs")) == (set(), [])
    assert valkey.exists("alive:scheduler")


def test_only_the_named_bells_ring_in_a_held_world_and_all_once_it_is_let_go(app, api, valkey):
    api("PUT", "/clock", {"ring_only": ["route_orders"]})
    make_order()
    assert rung(valkey) == {"route_orders"}

    api("PUT", "/clock", {})
    heartbeat(app)

    assert rung(valkey) >= {"route_orders", "send_notifications"}


def test_a_bell_lost_in_a_held_world_is_rung_anew(app, api, valkey):
    api("PUT", "/clock", {"ring_only": ["route_orders"]})
    make_order()
    valkey.flushall()

    heartbeat(app)

    assert (rung(valkey), rows("SELECT 1 FROM job_runs")) == ({"route_orders"}, [])


def test_the_world_is_not_stepped_while_anything_is_due(api):
    make_order()

    answer = api("PUT", "/clock", {"now": "2026-11-24T09:00:00+00:00"})

    assert answer.status_code == 409
    assert "Still due at 2026-11-23T09:00:00+00:00: " in answer.json["detail"]
    assert api("GET", "/clock").json["now"] == "2026-11-23T09:00:00+00:00"


def test_the_world_steps_forward_and_never_back(api):
    forward = api("PUT", "/clock", {"now": "2026-11-24T09:00:00+00:00"})
    with transaction(OPS), pytest.raises(Conflict, match="never goes back"):
        clock.step(NOW)

    assert forward.json["now"] == "2026-11-24T09:00:00+00:00"
    assert api("GET", "/clock").json | {"next_due_at": None} == {
        "now": "2026-11-24T09:00:00+00:00",
        "rate": 0.0,
        "busy": [],
        "next_due_at": None,
    }


def test_a_world_that_has_begun_is_never_put_back_even_while_it_runs(api, sql, post):
    make_order()
    run_jobs()
    sql("UPDATE world_clock SET rate = 1, anchor_machine = now()")

    answer = api("PUT", "/clock", {"now": "2026-11-22T09:00:00+00:00"})

    assert answer.status_code == 409
    assert one("SELECT anchor_world FROM world_clock").anchor_world == NOW


def test_the_world_runs_at_its_rate_between_two_moments(app, sql):
    sql(
        "UPDATE world_clock SET rate = 3600, anchor_machine = %s",
        datetime.now(UTC) - timedelta(seconds=10),
    )

    with transaction(OPS) as now:
        assert clock.now() == now

    assert timedelta(hours=10) <= now - NOW < timedelta(hours=11)


def test_one_transaction_has_one_time(app, sql):
    sql("UPDATE world_clock SET rate = 1e6")

    with transaction(OPS) as now:
        times = {clock.now() for _ in range(100)}

    assert times == {now}


def test_the_real_world_is_not_stepped(app, api):
    app.config["ENVIRONMENT"] = "production"

    answer = api("PUT", "/clock", {"now": "2026-11-24T09:00:00+00:00"})

    assert answer.status_code == 403
    with transaction(OPS) as now:
        assert now == NOW


def test_housekeeping_drops_what_is_past_its_time_only(app, sql):
    sql(
        "INSERT INTO job_runs VALUES ('a', %s), ('b', %s)",
        NOW - timedelta(days=8),
        NOW - timedelta(days=6),
    )

    run("keep_house")

    assert [r.job for r in rows("SELECT job FROM job_runs")] == ["b"]
    assert one("SELECT to_regclass('timeline_202612') IS NOT NULL AS there").there


def test_a_policy_in_force_is_the_newest_and_the_same_again_is_no_new_one(app):
    policy("watch", stalled_days=7)
    policy("watch", stalled_days=7)
    policy("watch", stalled_days=9)

    assert [
        (p.version, p.document["stalled_days"])
        for p in rows("SELECT * FROM policies ORDER BY version")
    ] == [
        (1, 7),
        (2, 9),
    ]


def test_a_job_that_was_rung_before_the_world_was_held_does_nothing(app, api):
    make_order()
    api("PUT", "/clock", {"ring_only": ["watch"]})

    assert run("route_orders") == 0

    api("PUT", "/clock", {})
    assert run("route_orders") == 1
