"""Bulk changes: drafted, looked at, started, worked off, canceled, taken back."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from redis import Redis

from app.batches import queries, running, service
from app.batches.contract import MOST_ROWS, Selection
from app.batches.registry import acts
from app.batches.words import reason
from app.intake.forms import OrderForm
from app.orders import intake, review
from app.orders import service as orders
from app.orders.contract import Action
from app.shared import clock, work
from app.shared.errors import IllegalMove, InvalidInput, NotAllowed, NotFound
from app.shared.work import OPS, transaction
from scheduler.run import heartbeat
from tests.factories import (
    ADDRESS,
    at,
    confirmed,
    line,
    make_order,
    make_vendor_with_stock,
    one,
    order_body,
    references,
    routed_order,
    rows,
    run,
    run_jobs,
    shipped_order,
)
from tests.flow.conftest import Died
from tests.people import make_person, person_of

REASON = {"reason": "The carrier is on strike"}


@pytest.fixture
def lead(app):
    return person_of(make_person("ops_lead", "Jonas Weber"))


def draft(who, act, *order_ids) -> str:
    named = [r.reference for r in rows(f"{REFERENCES} ORDER BY id", keys=list(order_ids))]
    with transaction(OPS):
        return service.draft(act, named, "", who, clock.machine_now())


REFERENCES = "SELECT reference FROM orders WHERE id = ANY(:keys)"


def start(who, name, **arguments) -> None:
    with transaction(OPS):
        service.start(name, arguments or REASON, who)


@pytest.fixture
def let_begin(sql):
    """Let the time be over in which what was started is taken back."""

    def let() -> None:
        sql("UPDATE batches SET due_at = now() WHERE status = 'waiting'")

    return let


def results(name) -> dict[str, str]:
    found = rows(
        "SELECT r.name, r.status, r.reason->>'code' AS code FROM batch_rows r"
        " JOIN batches b ON b.id = r.batch_id WHERE b.reference = :name ORDER BY r.position",
        name=name,
    )
    return {r.name: r.status if r.status == "done" else f"{r.status} {r.code}" for r in found}


def held() -> int:
    return one("SELECT count(*) AS n FROM fulfillment_orders WHERE status = 'on_hold'").n


def batch(name):
    return one("SELECT * FROM batches WHERE reference = :name", name=name)


@pytest.fixture
def every_kind(app):
    """An order in every state that matters to an act."""
    make_vendor_with_stock(stock={"MUG": 100})
    made = {
        "assigned": routed_order("ASSIGNED"),
        "confirmed": routed_order("CONFIRMED"),
        "held": routed_order("HELD"),
        "left": shipped_order(1, number="LEFT").order_id,
        "canceled": routed_order("CANCELED"),
        "unrouted": make_order("UNROUTED", [line("NONE")]),
        "doubted": make_order("DOUBTED", ship_to=ADDRESS | {"postal_code": "2"}),
    }
    run_jobs("route_orders")
    confirmed(made["confirmed"])
    on_hold, called_off = references(made["held"]), made["canceled"]
    with transaction(OPS) as now:
        orders.act(on_hold, Action.HOLD, actor="Kiln", now=now, reason="no box")
        orders.cancel(called_off, None, actor="Ada", reason="", now=now)
    return made


OUTCOMES = {
    "orders.review": {
        "ASSIGNED": "done",
        "CONFIRMED": "done",
        "HELD": "done",
        "LEFT": "refused left",
        "CANCELED": "refused canceled",
        "UNROUTED": "done",
        "DOUBTED": "done",
    },
    "orders.clear": {
        "ASSIGNED": "unchanged free",
        "CONFIRMED": "unchanged free",
        "HELD": "unchanged free",
        "LEFT": "unchanged free",
        "CANCELED": "unchanged free",
        "UNROUTED": "unchanged free",
        "DOUBTED": "done",
    },
    "orders.hold": {
        "ASSIGNED": "done",
        "CONFIRMED": "done",
        "HELD": "unchanged held",
        "LEFT": "refused left",
        "CANCELED": "refused canceled",
        "UNROUTED": "refused no_vendor",
        "DOUBTED": "refused no_vendor",
    },
    "orders.release": {
        "ASSIGNED": "unchanged free",
        "CONFIRMED": "unchanged free",
        "HELD": "done",
        "LEFT": "refused left",
        "CANCELED": "refused canceled",
        "UNROUTED": "refused no_vendor",
        "DOUBTED": "refused review",
    },
    "orders.cancel": {
        "ASSIGNED": "done",
        "CONFIRMED": "done",
        "HELD": "done",
        "LEFT": "refused left",
        "CANCELED": "unchanged canceled",
        "UNROUTED": "done",
        "DOUBTED": "done",
    },
}


@pytest.mark.parametrize("act", OUTCOMES)
def test_what_a_draft_foresees_comes_true(every_kind, lead, let_begin, act):
    name = draft(lead, act, *every_kind.values())
    before = rows("SELECT name, foreseen FROM batch_rows ORDER BY position")
    start(lead, name, **REASON, confirmation="5")

    let_begin()
    run_jobs("run_batches")

    assert results(name) == OUTCOMES[act]
    foreseen = {r.name: r.foreseen for r in before}
    assert foreseen == {k: None if v == "done" else v.split()[1] for k, v in OUTCOMES[act].items()}


def test_a_row_that_somebody_changed_since_is_refused_with_who_did_what(lead, let_begin):
    make_vendor_with_stock(stock={"MUG": 100})
    changed, other = routed_order("CHANGED"), routed_order("OTHER")
    name = draft(lead, "orders.hold", changed, other)
    start(lead, name)

    # That the vendor goes on with its work is no news to whoever wants it held.
    confirmed(other)
    parts = references(changed)
    with transaction(OPS) as now:
        orders.act(parts, Action.HOLD, actor="Kiln", now=now, reason="no box")
    let_begin()
    run_jobs("run_batches")

    assert results(name) == {"CHANGED": "refused changed", "OTHER": "done"}
    told = one("SELECT reason FROM batch_rows WHERE name = 'CHANGED'").reason
    with transaction(OPS) as now:
        sentence = reason(acts()["orders.hold"], told, now + timedelta(seconds=8))
    assert sentence == "Changed since you chose it: Kiln put it on hold 8 s ago."
    assert held() == 2


def test_a_colleague_who_was_quicker_is_named(lead, let_begin):
    make_vendor_with_stock(stock={"MUG": 100})
    key = routed_order("N")
    name = draft(lead, "orders.hold", key)
    start(lead, name)
    with transaction(OPS) as now:
        orders.cancel(key, None, actor="Imani", reason="", now=now)

    let_begin()
    run_jobs("run_batches")

    told = one("SELECT reason FROM batch_rows").reason
    with transaction(OPS) as now:
        sentence = reason(acts()["orders.hold"], told, now)
    assert sentence == "Changed since you chose it: Imani canceled 2 units 0 s ago."


def test_what_the_platform_does_by_itself_is_no_change_of_what_was_chosen(lead, let_begin):
    make_vendor_with_stock(stock={"MUG": 100})
    name = draft(lead, "orders.cancel", make_order("N"))
    start(lead, name, **REASON, confirmation="1")

    run_jobs("route_orders")
    let_begin()
    run_jobs("run_batches")

    assert results(name) == {"N": "done"}


def many(number: int, prefix: str = "M") -> list[UUID]:
    """Take orders in and give them to the vendor, all at once."""
    forms = [OrderForm.model_validate(order_body(f"{prefix}-{n}")) for n in range(number)]
    with transaction(OPS) as now:
        placed = intake.place([f.to_order(now) for f in forms], zone="UTC", actor="t", now=now)
    run_jobs("route_orders")
    return [one.id for one in placed]


@pytest.fixture
def sixty(app):
    """More orders than are worked off at once."""
    make_vendor_with_stock(stock={"MUG": 1000})
    return many(60)


def a_step() -> None:
    """Work off a few rows and make way."""
    looks = iter([False, True])
    running.run(lambda: next(looks))


def times_held() -> list[int]:
    found = rows(
        "SELECT count(*) AS n FROM timeline WHERE event = 'fulfillment_order_put_on_hold'"
        " GROUP BY order_id"
    )
    return [row.n for row in found]


def test_a_worker_that_dies_half_way_is_followed_by_another_and_no_row_is_done_twice(
    sixty, lead, let_begin, die_at
):
    name = draft(lead, "orders.hold", *sixty)
    start(lead, name)
    let_begin()
    a_step()

    die_at("before rows of a bulk change are committed")
    with pytest.raises(Died):
        run("run_batches")
    half = (batch(name).status, batch(name).done, held())
    run_jobs("run_batches")

    assert half == ("running", 50, 50)
    assert (batch(name).status, batch(name).done, batch(name).refused) == ("done", 60, 0)
    assert times_held() == [1] * 60


def test_the_job_twice_changes_nothing(sixty, lead, let_begin):
    name = draft(lead, "orders.hold", *sixty)
    start(lead, name)
    let_begin()
    run_jobs("run_batches")
    before = batch(name)

    assert run("run_batches") == 0
    assert (batch(name), times_held()) == (before, [1] * 60)


def test_nothing_begins_while_it_can_be_taken_back(sixty, lead, let_begin):
    name = draft(lead, "orders.hold", *sixty)
    start(lead, name)
    early = run("run_batches")

    with transaction(OPS):
        service.cancel(name, lead)
        service.cancel(name, lead)
    let_begin()

    assert (early, run("run_batches"), held()) == (0, 0, 0)
    assert (batch(name).status, batch(name).ended_by) == ("canceled", "Jonas Weber")
    assert len(rows("SELECT 1 FROM audit WHERE action = 'bulk_change_canceled'")) == 1


def test_what_is_canceled_under_way_ends_after_the_rows_in_hand(app, sixty, lead, let_begin):
    """The cancellation waits for the worker's transaction, and the worker then finds it."""
    name = draft(lead, "orders.hold", *sixty)
    start(lead, name)
    let_begin()

    def cancel() -> None:
        with app.app_context(), transaction(OPS):
            service.cancel(name, lead)

    pressed = threading.Thread(target=cancel)

    def press(here: str) -> None:
        work.armed_crash = None
        pressed.start()
        pressed.join(0.2)
        assert pressed.is_alive(), f"{here}: nobody waits"

    work.armed_crash = press
    a_step()
    pressed.join(20)
    run_jobs("run_batches")

    assert (batch(name).status, batch(name).done, held()) == ("canceled", 50, 50)
    assert Counter(results(name).values()) == {"done": 50, "waiting None": 10}


def test_what_was_done_is_taken_back_once(sixty, lead, let_begin):
    name = draft(lead, "orders.hold", *sixty)
    start(lead, name)
    let_begin()
    run_jobs("run_batches")

    with transaction(OPS):
        back = [service.undo(name, lead) for _ in range(2)]
    run_jobs("run_batches")

    assert len(set(back)) == 1
    assert (batch(back[0]).act, batch(back[0]).done, held()) == ("orders.release", 60, 0)


def test_only_what_it_had_done_itself_is_taken_back(lead, let_begin):
    make_vendor_with_stock("kiln", {"MUG": 10})
    make_vendor_with_stock("loom", {"RUG": 10})
    key = routed_order("N", [line("MUG", 1, "1"), line("RUG", 1, "2")])
    vendors_own, _ = references(key)
    with transaction(OPS) as now:
        orders.act([vendors_own], Action.HOLD, actor="Kiln", now=now, reason="no box")
    name = draft(lead, "orders.hold", key)
    start(lead, name)
    let_begin()
    run_jobs("run_batches")

    with transaction(OPS):
        service.undo(name, lead)
    run_jobs("run_batches")

    found = rows("SELECT reference FROM fulfillment_orders WHERE status = 'on_hold'")
    assert [r.reference for r in found] == [vendors_own]


def test_what_was_released_and_held_again_meanwhile_is_not_taken_back(lead, let_begin):
    make_vendor_with_stock("kiln", {"MUG": 10})
    make_vendor_with_stock("loom", {"RUG": 10})
    again, other = routed_order("AGAIN"), routed_order("OTHER")
    both = routed_order("BOTH", [line("MUG", 1, "1"), line("RUG", 1, "2")])
    name = draft(lead, "orders.hold", again, other, both)
    start(lead, name)
    let_begin()
    run_jobs("run_batches")
    (part,), (kilns, _) = references(again), references(both)
    with transaction(OPS) as now:
        orders.act([part, kilns], Action.RELEASE, actor="Imani", now=now)
        orders.act([part], Action.HOLD, actor="Kiln", now=now, reason="no box")

    with transaction(OPS):
        back = service.undo(name, lead)
    run_jobs("run_batches")

    # What is on hold no more is left alone, and what it still holds of the same order goes on.
    assert results(back) == {"AGAIN": "refused changed_again", "OTHER": "done", "BOTH": "done"}
    assert [r.order_number for r in rows(HELD)] == ["AGAIN"]
    told = one("SELECT reason FROM batch_rows WHERE reason->>'code' = 'changed_again'").reason
    with transaction(OPS) as now:
        sentence = reason(acts()["orders.release"], told, now + timedelta(seconds=8))
    assert sentence == "Changed again since it was done: Kiln put it on hold 8 s ago."


HELD = "SELECT order_number FROM fulfillment_orders WHERE status = 'on_hold'"


def test_what_was_done_before_its_moment_was_written_down_is_taken_back(lead, let_begin, sql):
    make_vendor_with_stock()
    name = draft(lead, "orders.hold", routed_order("N"))
    start(lead, name)
    let_begin()
    run_jobs("run_batches")
    sql("UPDATE batch_rows SET reason = reason - 'until'")

    with transaction(OPS):
        service.undo(name, lead)
    run_jobs("run_batches")

    assert held() == 0


def test_what_was_held_for_review_is_taken_back_and_another_doubt_stays(lead, let_begin):
    make_vendor_with_stock()
    routed = routed_order("ROUTED")
    doubted = make_order("DOUBTED", ship_to=ADDRESS | {"postal_code": "2"})
    name = draft(lead, "orders.review", routed, doubted)
    start(lead, name)
    let_begin()
    run_jobs("run_batches")
    during = held()

    with transaction(OPS):
        back = service.undo(name, lead)
    run_jobs("run_batches")

    assert (during, held(), results(back)) == (1, 0, {"ROUTED": "done", "DOUBTED": "done"})
    left = rows("SELECT code FROM order_holds WHERE released_at IS NULL")
    assert [row.code for row in left] == ["address"]


def test_what_somebody_released_and_held_again_for_review_is_not_taken_back(lead, let_begin):
    make_vendor_with_stock()
    key = routed_order("N")
    name = draft(lead, "orders.review", key)
    start(lead, name)
    let_begin()
    run_jobs("run_batches")
    with transaction(OPS) as now:
        review.release([key], note="fine", actor="Imani", now=now)
        review.hold([key], reason="or not", actor="Imani", now=now)

    with transaction(OPS):
        back = service.undo(name, lead)
    run_jobs("run_batches")

    assert (results(back), held()) == ({"N": "refused changed_again"}, 1)
    told = one("SELECT reason FROM batch_rows WHERE reason->>'code' = 'changed_again'").reason
    with transaction(OPS) as now:
        sentence = reason(acts()["orders.clear"], told, now)
    assert sentence == "Changed again since it was done: Imani held it for review 0 s ago."


def test_what_has_done_nothing_or_is_final_cannot_be_taken_back(sixty, lead, let_begin):
    name = draft(lead, "orders.hold", sixty[0])
    with transaction(OPS), pytest.raises(IllegalMove, match="has done nothing yet"):
        service.undo(name, lead)
    final = draft(lead, "orders.cancel", sixty[1])
    start(lead, final, **REASON, confirmation="1")
    let_begin()
    run_jobs("run_batches")

    with transaction(OPS), pytest.raises(IllegalMove, match="cannot be taken back"):
        service.undo(final, lead)


def test_five_hundred_orders_of_which_three_are_refused(lead, let_begin, sql):
    make_vendor_with_stock(stock={"MUG": 2000})
    keys = many(497)
    keys += [shipped_order(n, number=f"LEFT-{n}").order_id for n in (1, 2, 3)]
    name = draft(lead, "orders.hold", *keys)
    start(lead, name)
    let_begin()

    run_jobs("run_batches")

    found = batch(name)
    assert (found.total, found.done, found.unchanged, found.refused) == (500, 497, 0, 3)
    refused = {k: v for k, v in results(name).items() if v != "done"}
    assert refused == {f"LEFT-{n}": "refused left" for n in (1, 2, 3)}
    [told] = sql("SELECT audience, kind, subject, facts FROM notices WHERE kind = 'batch_done'")
    facts = {"act": "Putting 500 orders on hold", "done": 497, "refused": 3}
    assert told == (f"person:{lead.id}", "batch_done", name, facts)


def test_a_row_that_breaks_holds_up_no_other(lead, let_begin, sql):
    make_vendor_with_stock(stock={"MUG": 100})
    keys = [routed_order(name) for name in ("GOOD", "BAD", "FINE")]
    name = draft(lead, "orders.hold", *keys)
    start(lead, name)
    let_begin()
    sql("ALTER TABLE fulfillment_orders ADD CHECK (order_number <> 'BAD' OR status <> 'on_hold')")

    run_jobs("run_batches")

    sql("ALTER TABLE fulfillment_orders DROP CONSTRAINT fulfillment_orders_check")
    assert results(name) == {"GOOD": "done", "BAD": "refused failed", "FINE": "done"}
    assert (batch(name).status, held()) == ("done", 2)


def test_a_short_one_does_not_wait_for_a_long_one(sixty, lead, let_begin):
    long = draft(lead, "orders.hold", *sixty[1:])
    short = draft(lead, "orders.hold", sixty[0])
    for name in (long, short):
        start(lead, name)
    let_begin()

    a_step()
    a_step()

    assert (batch(long).status, batch(long).done) == ("running", 50)
    assert (batch(short).status, batch(short).done) == ("done", 1)


def test_too_many_and_none_are_refused_before_anything_is_written(lead, sql):
    sql(
        "INSERT INTO dead_letters (job, subject, reason, attempts, raised_at)"
        " SELECT 'watch', 'order ' || n, 'r', 1, now() FROM generate_series(1, %s) n",
        MOST_ROWS + 1,
    )
    # As autovacuum would have: what is guessed of a table that just grew may take minutes.
    sql("ANALYZE")
    everything, nothing = Selection("SELECT id FROM dead_letters"), Selection("SELECT 0 AS id")
    for chosen, told in ((everything, "more than 50,000 dead letters"), (nothing, "at least one")):
        with pytest.raises(InvalidInput, match=told), transaction(OPS):
            service.draft("dead_letters.close", chosen, "", lead, clock.machine_now())

    assert rows("SELECT 1 FROM batches UNION ALL SELECT 1 FROM batch_rows") == []


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"confirmation": "1"}, "reason"),
        ({"reason": "x" * 201, "confirmation": "1"}, "reason"),
        ({"reason": "two\nlines", "confirmation": "1"}, "reason"),
        ({"reason": "x", "confirmation": "2"}, "confirmation"),
        ({"reason": "x"}, "confirmation"),
    ],
)
def test_what_is_asked_must_be_answered(lead, arguments, field):
    make_vendor_with_stock(stock={"MUG": 100})
    name = draft(lead, "orders.cancel", routed_order())

    with pytest.raises(InvalidInput) as refusal, transaction(OPS):
        service.start(name, arguments, lead)

    assert set(refusal.value.fields) == {field}
    assert batch(name).status == "draft"


def test_what_would_change_nothing_does_not_start(lead):
    name = draft(lead, "orders.hold", make_order(lines=[line("NONE")]))

    with pytest.raises(InvalidInput, match="Nothing would be changed"), transaction(OPS):
        service.start(name, REASON, lead)


def test_an_agent_cancels_no_orders_and_starts_nobody_elses_draft(lead):
    make_vendor_with_stock(stock={"MUG": 100})
    key = routed_order()
    agent = person_of(make_person("ops_agent"))
    name = draft(lead, "orders.hold", key)

    with pytest.raises(NotAllowed, match="not for your role"):
        draft(agent, "orders.cancel", key)
    with pytest.raises(NotAllowed, match="only they start it"), transaction(OPS):
        service.start(name, REASON, agent)
    with pytest.raises(NotFound), transaction(OPS):
        queries.batch(name, agent.id)
    assert batch(name).status == "draft"


@pytest.mark.parametrize("rate", [0, 1, 1800])
def test_the_heartbeat_rings_for_it_however_fast_the_world_runs(app, lead, sql, valkey_url, rate):
    make_vendor_with_stock(stock={"MUG": 100})
    start(lead, draft(lead, "orders.hold", routed_order()))
    sql("UPDATE world_clock SET rate = %s, anchor_machine = now()", rate)
    heartbeat(app)
    valkey = Redis.from_url(valkey_url)
    early = valkey.exists("bell:run_batches")

    sql("UPDATE batches SET due_at = now()")
    heartbeat(app)

    assert (early, valkey.exists("bell:run_batches")) == (0, 1)


def test_drafts_of_yesterday_and_what_is_long_over_are_put_away(sixty, lead, let_begin, sql):
    kept, old, draft_of_today = (draft(lead, "orders.hold", key) for key in sixty[:3])
    gone = draft(lead, "orders.hold", sixty[3])
    for name in (kept, old):
        start(lead, name)
    let_begin()
    run_jobs("run_batches")
    age = "UPDATE batches SET made_at = made_at - make_interval(days => %s) WHERE reference = %s"
    for days, name in ((2, kept), (91, old), (2, gone)):
        sql(age, days, name)

    run("keep_house")

    left = {r.reference for r in rows("SELECT reference FROM batches")}
    assert left == {kept, draft_of_today}
    assert len(rows("SELECT 1 FROM batch_rows")) == 2


def test_of_too_many_drafts_the_oldest_are_forgotten(lead, sql):
    make_vendor_with_stock(stock={"MUG": 100})
    key = routed_order()
    agent = person_of(make_person("ops_agent"))
    started, others = draft(lead, "orders.hold", key), draft(agent, "orders.hold", key)
    start(lead, started)
    made = [draft(lead, "orders.hold", key) for _ in range(service.MOST_DRAFTS + 2)]

    left = [r.reference for r in rows("SELECT reference FROM batches ORDER BY made_at, id")]
    assert left == [started, others, *made[2:]]
    assert len(rows("SELECT 1 FROM batch_rows")) == len(left)


def test_cases_are_acknowledged_and_given_back(lead, let_begin):
    make_vendor_with_stock(stock={"MUG": 100})
    routed_order("N")
    at("2026-12-20T09:00:00+00:00")
    run_jobs("watch", "escalate")
    named = [r.reference for r in rows("SELECT reference FROM exception_cases")]
    with transaction(OPS):
        name = service.draft("cases.acknowledge", named, "", lead, clock.machine_now())
    start(lead, name)
    let_begin()
    run_jobs("run_batches")
    owners = {r.acknowledged_by for r in rows("SELECT acknowledged_by FROM escalations")}

    with transaction(OPS):
        back = service.undo(name, lead)
    run_jobs("run_batches")

    assert (len(named) > 1, owners, batch(name).done) == (True, {"Jonas Weber"}, len(named))
    assert batch(back).done == len(named)
    assert {r.acknowledged_by for r in rows("SELECT acknowledged_by FROM escalations")} == {None}


def test_nobody_takes_back_what_a_namesake_did(lead, let_begin):
    make_vendor_with_stock()
    routed_order("N")
    at("2026-12-20T09:00:00+00:00")
    run_jobs("watch", "escalate")
    named = [r.reference for r in rows("SELECT reference FROM exception_cases")]
    with transaction(OPS):
        name = service.draft("cases.acknowledge", named, "", lead, clock.machine_now())
    start(lead, name)
    let_begin()
    run_jobs("run_batches")
    namesake = person_of(make_person("ops_agent", lead.name))

    with transaction(OPS):
        back = service.undo(name, namesake)
    run_jobs("run_batches")

    assert set(results(back).values()) == {"refused others"}
    owners = {r.acknowledged_by_id for r in rows("SELECT acknowledged_by_id FROM escalations")}
    assert owners == {lead.id}


def test_dead_letters_are_dealt_with_and_opened_again(lead, let_begin, sql):
    sql(
        "INSERT INTO dead_letters (job, subject, reason, attempts, raised_at)"
        " SELECT 'watch', 'order ' || n, 'r', 1, now() FROM generate_series(1, 3) n"
    )
    with transaction(OPS):
        all_of_them = Selection("SELECT id FROM dead_letters")
        name = service.draft("dead_letters.close", all_of_them, "", lead, clock.machine_now())
    start(lead, name)
    let_begin()
    run_jobs("run_batches")
    closed = {r.closed_by for r in rows("SELECT closed_by FROM dead_letters")}
    # It was given up once more: that one is open, and there is one open letter a subject.
    sql(
        "INSERT INTO dead_letters (job, subject, reason, attempts, raised_at)"
        " VALUES ('watch', 'order 2', 'r', 1, now())"
    )

    with transaction(OPS):
        back = service.undo(name, lead)
    run_jobs("run_batches")

    assert closed == {"Jonas Weber"}
    assert results(back) == {"order 1": "done", "order 2": "refused again", "order 3": "done"}
