from __future__ import annotations

import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from rq.timeouts import JobTimeoutException
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.api.orders import gathering
from app.checks.service import Subject, work_off
from app.extensions import db
from app.intake.forms import OrderForm
from app.orders import intake, queries
from app.orders.locks import lock_fulfillment_orders, lock_fulfillment_orders_of, lock_orders
from app.orders.service import Confirmation, confirm
from app.routing import service as routing
from app.routing.service import route
from app.shared import chance
from app.shared.work import OPS, transaction
from app.shipments.service import Dispatch, ship
from app.timeline.service import ensure_cohorts
from tests.conftest import NOW, TOKEN, caller
from tests.factories import (
    ACTOR,
    at,
    confirmed,
    describe,
    line,
    make_order,
    make_vendor_with_stock,
    one,
    order_body,
    parcel,
    references,
    routed_order,
    rows,
    run,
    run_jobs,
)

PATIENCE = 20.0
# Sooner than whoever waits for a lock gives up.
SOON = 8.0


def at_once(app, *calls: Callable[[], Any]) -> list[Any]:
    """Do all of it at the same moment, each in a thread with its own connection."""
    start = threading.Barrier(len(calls))

    def go(call: Callable[[], Any]) -> Any:
        start.wait(PATIENCE)
        with app.app_context():
            return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [done.result(PATIENCE) for done in [pool.submit(go, call) for call in calls]]


@pytest.fixture(autouse=True)
def month(app) -> None:
    """The month is there: else whoever is second waits for its partitions, and overtakes nobody."""
    with transaction(OPS):
        ensure_cohorts({NOW.date().replace(day=1)})


def put(*orders: Mapping[str, Any], before_it_ends: Callable[[], object] = lambda: None) -> Any:
    """Take orders in as one batch."""
    forms = [OrderForm.model_validate(order) for order in orders]
    with transaction(OPS) as now:
        placed = intake.place(
            [form.to_order(now) for form in forms], zone="UTC", actor=ACTOR, now=now
        )
        before_it_ends()
    return placed


def of_customer(number: str, name: str) -> dict[str, Any]:
    return order_body(number, customer={"external_id": name, "name": name, "email": "c@x.example"})


def wait_for_locks(sql, many: int) -> None:
    """Wait until so many wait for somebody else's lock."""
    pause = threading.Event()
    for _ in range(1000):
        sql("SELECT pg_stat_clear_snapshot()")
        [(stuck,)] = sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        if stuck == many or pause.wait(0.01):
            break
    assert stuck == many


def behind_a_lock(
    app, sql, order_id, *calls: Callable[[], Any], meanwhile: Sequence[str] = ()
) -> list[Any]:
    """Let all of it run into the order's lock before any of it may go on.

    `meanwhile`: what whoever holds the lock changes.
    """

    def go(call: Callable[[], Any]) -> Any:
        with app.app_context():
            return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        sql("BEGIN")
        sql("SELECT 1 FROM orders WHERE id = %s FOR UPDATE", order_id)
        for statement in meanwhile:
            sql(statement)
        done = [pool.submit(go, call) for call in calls]
        wait_for_locks(sql, len(calls))
        sql("COMMIT")
        return [each.result(PATIENCE) for each in done]


@pytest.fixture
def post(app, api) -> Callable[[str, Any], Any]:
    """Return a function that sends an order under a key."""

    def send(key: str, body: Any) -> Any:
        return caller(app, TOKEN)("POST", "/orders", body, **{"Idempotency-Key": key})

    return send


@pytest.fixture
def gather(post, sql) -> Callable[..., list[Future[Any]]]:
    """Return a function that sends orders, all but the first while that waits to be written.

    They are given their time by whoever has called: a pool of threads, and who is patient.
    """

    def send(
        pool: ThreadPoolExecutor, first: tuple[str, Any], *rest: tuple[str, Any]
    ) -> list[Future[Any]]:
        waiting, pause = gathering(db.engine, "tests"), threading.Event()
        waiting.patience_seconds = PATIENCE
        sql("BEGIN")
        sql("SAVEPOINT before")
        sql("LOCK TABLE idempotency IN ACCESS EXCLUSIVE MODE")
        told = [pool.submit(post, *first)]
        wait_for_locks(sql, 1)
        for many, asked in enumerate(rest, 1):
            told.append(pool.submit(post, *asked))
            for _ in range(1000):
                if len(waiting) == many or pause.wait(0.01):
                    break
            assert len(waiting) == many
        sql("ROLLBACK TO before")
        return told

    usual = gathering(db.engine, "tests").patience_seconds
    yield send
    gathering(db.engine, "tests").patience_seconds = usual


@pytest.fixture
def gathered(gather, sql) -> Callable[..., list[Any]]:
    """Return a function that sends orders so and returns their answers."""

    def send(*asked: tuple[str, Any]) -> list[Any]:
        with ThreadPoolExecutor(len(asked)) as pool:
            told = gather(pool, *asked)
            sql("COMMIT")
            return [each.result(PATIENCE) for each in told]

    return send


def test_64_orders_for_50_units_sell_exactly_50(app):
    make_vendor_with_stock(stock={"MUG": 50})
    keys = [make_order(lines=[line(quantity=1)]) for _ in range(64)]

    at_once(app, *[lambda: run("route_orders")] * 2)
    run_jobs("route_orders")

    assert one("SELECT on_hand, reserved FROM stock") == (50, 50)
    assert one("SELECT sum(ordered) AS n FROM fo_lines").n == 50
    assert one("SELECT sum(unrouted) AS n FROM order_lines").n == 14
    assert sum(len(references(key)) for key in keys) == 50


def test_64_orders_routed_by_two_callers_one_by_one_sell_exactly_50(app):
    make_vendor_with_stock(stock={"MUG": 50})
    keys = [make_order(lines=[line(quantity=1)]) for _ in range(64)]

    def sell(mine):
        for key in mine:
            with transaction(OPS) as now:
                route([Subject(key, "order", key)], now)

    at_once(app, lambda: sell(keys[::2]), lambda: sell(keys[1::2]))

    assert one("SELECT on_hand, reserved FROM stock") == (50, 50)
    assert one("SELECT count(*) AS n FROM fulfillment_orders").n == 50
    run_jobs("route_orders")


def test_an_order_placed_twice_at_once_is_one_order(app, api):
    def place(key):
        body = {"orders": [order_body("A-1")]}
        return caller(app, TOKEN)("POST", "/orders/batch", body).json["results"][0]

    results = at_once(app, lambda: place("a"), lambda: place("b"))

    assert sorted(r["status"] for r in results) == [200, 201]
    assert len({r["id"] for r in results}) == 1
    assert one("SELECT count(*) FROM orders").count == 1


@pytest.mark.parametrize("number", ["A-1", "A-3"], ids=["the same order", "the same new customer"])
def test_whoever_is_overtaken_while_placing_finds_what_is_there(app, sql, number):
    """One places an order and does not commit yet; another, who saw nothing of it, has to wait."""
    describe("MUG")
    started, may_end = threading.Event(), threading.Event()

    def be_slow() -> None:
        started.set()
        may_end.wait(PATIENCE)

    def place(*numbers: str, is_slow: bool = False) -> Any:
        with app.app_context():
            end = be_slow if is_slow else lambda: None
            return put(*(order_body(each) for each in numbers), before_it_ends=end)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(place, "A-1", is_slow=True)
        started.wait(PATIENCE)
        second = pool.submit(place, number, "A-2")
        wait_for_locks(sql, 1)
        may_end.set()
        (earlier,), (same, other) = first.result(PATIENCE), second.result(PATIENCE)

    assert (earlier.is_new, other.is_new) == (True, True)
    assert same.is_new is (number == "A-3")
    assert (same.id == earlier.id) is (number == "A-1")
    assert one("SELECT count(*) FROM orders").count == len({"A-1", "A-2", number})
    assert one("SELECT count(*) FROM customers").count == 1


def test_orders_are_written_by_their_numbers_whoever_is_new(app):
    """So that of two batches one waits for the other, and never each for the other."""
    describe("MUG")
    put(*(of_customer(f"A-{n:02}", f"C-{n}") for n in range(40)))

    put(*(of_customer(f"B-{n:02}", f"C-{n}") for n in range(40)), of_customer("B-90", "C-90"))

    found = [r.number for r in rows("SELECT number FROM orders WHERE number ^@ 'B' ORDER BY ctid")]
    assert found == sorted(found)


def test_batches_of_the_same_orders_at_once_are_each_taken_once(app):
    describe("MUG")
    put(*(of_customer(f"A-{n}", f"C-{n}") for n in range(100)))
    same = [of_customer(f"B-{n}", f"C-{n % 100}") for n in range(200)]

    one_way, other_way = at_once(
        app,
        lambda: put(*same),
        lambda: put(*reversed(same), of_customer("B-900", "C-900")),
    )

    assert [placed.id for placed in one_way] == [placed.id for placed in other_way[-2::-1]]
    assert sum(placed.is_new for placed in (*one_way, *other_way)) == len(same) + 1


def test_a_reference_that_is_taken_is_made_anew(app, monkeypatch):
    describe("MUG")
    made = []
    for number in ("A-1", "A-2"):
        # Chance says the same again.
        monkeypatch.setattr(chance, "source", random.Random(1))
        made += put(order_body(number))

    assert [placed.is_new for placed in made] == [True, True]
    assert len({placed.reference for placed in made}) == len(made)


@pytest.mark.parametrize("waits_at", ["take", "in order", "market"])
def test_a_job_whose_time_is_up_behind_a_lock_says_so(app, sql, monkeypatch, waits_at):
    make_vendor_with_stock(stock={"MUG": 5, "CUP": 5})
    more = [line("CUP", 1, "2")] if waits_at == "in order" else []
    key = make_order(lines=[line("MUG", 1), *more])
    if waits_at == "market":
        # As for whoever was overtaken twice.
        monkeypatch.setattr(routing, "TRIES", (True,))

    def ring(*_: object) -> None:
        raise JobTimeoutException

    sql("BEGIN")
    sql("SELECT 1 FROM stock FOR UPDATE")
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(JobTimeoutException):
            work_off("route_orders", route, is_time_up=lambda: False)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        sql("ROLLBACK")
    run_jobs("route_orders")
    assert len(references(key)) == 1


def test_one_idempotency_key_at_once_is_one_answer(app, api):
    def place():
        return caller(app, TOKEN)("POST", "/orders", order_body("A-1"), **{"Idempotency-Key": "k"})

    first, second = at_once(app, place, place)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json == second.json


def test_orders_that_come_while_one_is_written_are_written_together(api, gathered):
    describe("MUG")
    numbers = ["A-2", "A-3", "A-4"]
    first, *rest = gathered(*[(n, order_body(n)) for n in ["A-1", *numbers]])

    assert [(r.status_code, r.json["number"]) for r in rest] == [(201, n) for n in numbers]
    assert first.status_code == 201
    transactions = one("SELECT count(DISTINCT xmin::text) AS n FROM orders").n
    events = rows("SELECT 1 FROM timeline WHERE event = 'order_placed'")
    assert (transactions, len(events)) == (2, 4)
    # Each is answered as it is read later.
    read = [api("GET", f"/orders/{n}?channel=webshop").json for n in numbers]
    assert [r.json for r in rest] == read


def test_of_a_group_each_order_is_answered_as_if_it_came_alone(post, gathered):
    describe("MUG")
    ahead = order_body("A-3", placed_at="2099-01-01T00:00:00Z")
    paid = {"status": "captured", "amount": "29.90", "reference": "p"}
    asked = [
        ("k-1", order_body("A-1")),
        ("k-2", order_body("A-2", payment=paid)),
        ("k-2", order_body("A-2", payment=paid)),
        ("k-2", order_body("A-9")),
        ("k-3", order_body("A-2", payment=paid)),
        ("k-4", ahead),
        ("k-5", order_body("A-5", placed_at="2020-01-31T12:00:00Z")),
    ]

    told = gathered(*asked)

    assert [r.status_code for r in told] == [201, 201, 201, 409, 409, 422, 201]
    assert told[1].json == told[2].json
    assert "used for another request" in told[3].json["detail"]
    assert "exists as" in told[4].json["detail"]
    assert [e["field"] for e in told[5].json["errors"]] == ["placed_at"]
    again = [post(*one) for one in asked]
    assert [r.status_code for r in again] == [r.status_code for r in told]
    assert again[6].json == told[6].json
    assert [o.number for o in rows("SELECT number FROM orders ORDER BY number")] == [
        "A-1",
        "A-2",
        "A-5",
    ]
    assert one("SELECT count(*) AS n FROM ledger").n == 1


def renamed(number: str, name: str) -> dict[str, Any]:
    return of_customer(number, name) | {"customer": {"external_id": name, "name": "Bo Ek"}}


def test_who_is_stuck_is_so_alone(post, gather, sql):
    describe("MUG")
    put(of_customer("A-0", "C-8"))
    with ThreadPoolExecutor(4) as pool:
        sql("BEGIN")
        sql("SELECT 1 FROM customers FOR UPDATE")
        # One of a group is stuck: the other is not.
        first, among, other = gather(
            pool,
            ("k-1", order_body("A-1")),
            ("k-2", renamed("A-2", "C-8")),
            ("k-3", of_customer("A-3", "C-3")),
        )
        answered = [first.result(SOON), other.result(SOON)]
        # Who acts is stuck: who comes afterwards is not.
        gathering(db.engine, "tests").patience_seconds = 0.01
        alone = pool.submit(post, "k-4", renamed("A-4", "C-8"))
        wait_for_locks(sql, 2)
        answered.append(post("k-5", of_customer("A-5", "C-5")))
        are_stuck = not among.done() and not alone.done()
        sql("ROLLBACK")

    answered += [among.result(), alone.result()]
    assert are_stuck
    assert [one.status_code for one in answered] == [201] * 5


def test_an_order_that_is_refused_leaves_nothing_behind(app, post, sql):
    describe("MUG")
    started, may_end = threading.Event(), threading.Event()
    assert post("k-1", of_customer("A-0", "C-8")).status_code == 201
    partitions = "SELECT count(*) FROM pg_inherits"
    before = one(partitions)

    def elsewhere() -> None:
        with app.app_context():
            put(order_body("A-1"), before_it_ends=lambda: started.set() or may_end.wait(PATIENCE))

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(elsewhere)
        assert started.wait(PATIENCE)
        overtaken = pool.submit(post, "k-2", renamed("A-1", "C-8"))
        wait_for_locks(sql, 1)
        may_end.set()
        first.result(PATIENCE)
    (old,) = put(of_customer("A-0", "C-8") | {"placed_at": "2019-05-01T00:00:00Z"})

    assert (overtaken.result().status_code, old.status) == (409, 409)
    assert one("SELECT name FROM customers WHERE external_id = 'C-8'").name == "C-8"
    assert one(partitions) == before


def test_a_confirmation_given_twice_at_once_is_given_once(app, sql):
    make_vendor_with_stock()
    key = routed_order()
    (reference,) = references(key)

    def say():
        with transaction(OPS) as now:
            return confirm([Confirmation(reference)], actor=ACTOR, now=now)[0].status

    assert behind_a_lock(app, sql, key, say, say) == ["confirmed", "confirmed"]

    told = rows("SELECT 1 FROM timeline WHERE event = 'fulfillment_order_confirmed'")
    assert len(told) == 1


def test_a_parcel_told_twice_at_once_ships_once(app, sql):
    make_vendor_with_stock()
    key = routed_order()
    (reference,) = confirmed(key)

    def say():
        with transaction(OPS) as now:
            (outcome,) = ship([Dispatch(reference, [parcel(1, NOW)])], actor=ACTOR, now=now)
            return getattr(outcome, "status", outcome)

    assert behind_a_lock(app, sql, key, say, say) == ["shipped", "shipped"]

    assert one("SELECT count(*) FROM shipments").count == 1
    assert one("SELECT on_hand, reserved FROM stock") == (8, 0)


def test_a_confirmation_and_a_cancellation_at_once_leave_one_truth(app, api, sql):
    make_vendor_with_stock()
    key = routed_order("A-1")
    (reference,) = references(key)

    def say():
        return caller(app, TOKEN)(
            "POST", f"/fulfillment-orders/{reference}/confirm", {}
        ).status_code

    def call_off():
        return caller(app, TOKEN)("POST", "/orders/A-1/cancel?channel=webshop", {}).status_code

    said, called_off = behind_a_lock(app, sql, key, say, call_off)

    assert (called_off, said) in {(200, 200), (200, 409)}
    assert one("SELECT status FROM orders").status == "canceled"
    assert one("SELECT reserved FROM stock").reserved == 0


def test_what_its_vendor_confirms_just_now_is_not_taken_back(app, sql):
    make_vendor_with_stock()
    key = routed_order()
    make_vendor_with_stock("fjord")
    at("2026-11-24T10:00:00+00:00")

    confirms = (
        "UPDATE fulfillment_orders SET status = 'confirmed', confirmed_at = now()",
        "UPDATE fo_lines SET confirmed = ordered",
    )
    late = behind_a_lock(app, sql, key, lambda: run("take_back_unconfirmed"), meanwhile=confirms)

    assert late == [1]
    assert one("SELECT status, confirmed_at IS NOT NULL FROM fulfillment_orders") == (
        "confirmed",
        True,
    )


@pytest.mark.parametrize("is_by_order", [True, False])
def test_whoever_locks_sees_what_others_did_since_they_looked(app, sql, is_by_order):
    make_vendor_with_stock()
    key = routed_order()
    (reference,) = references(key)
    with transaction(OPS):
        order, (fo,) = queries.order(key), queries.fulfillment_orders_of(key)
        sql("UPDATE orders SET number = 'other'")
        sql("UPDATE fulfillment_orders SET status = 'confirmed'")
        sql("UPDATE fo_lines SET confirmed = 2")

        assert lock_orders([key]) == [order]
        if is_by_order:
            assert lock_fulfillment_orders_of([key]) == [fo]
        else:
            assert lock_fulfillment_orders([reference]) == {reference: fo}
        assert (order.number, fo.status, fo.lines[0].confirmed) == ("other", "confirmed", 2)


def test_two_watches_at_once_open_one_case(app):
    for _ in range(20):
        make_order(lines=[line("NONE", 1)])
    run_jobs("route_orders")
    at("2026-11-23T09:30:00+00:00")

    at_once(app, *[lambda: run("watch")] * 2)

    found = Counter(r.subject_id for r in rows("SELECT subject_id FROM exception_cases"))
    assert (len(found), set(found.values())) == (20, {1})


def test_waiting_too_long_for_a_lock_is_told_as_that(app, sql):
    make_vendor_with_stock()
    key = routed_order()
    (reference,) = references(key)
    sql("BEGIN")
    sql("SELECT 1 FROM orders WHERE id = %s FOR UPDATE", key)

    with pytest.raises(OperationalError, match="lock timeout"), transaction(OPS) as now:  # noqa: PT012
        db.session.execute(text("SET LOCAL lock_timeout = '20ms'"))
        confirm([Confirmation(reference)], actor=ACTOR, now=now)

    sql("COMMIT")
    assert one("SELECT status FROM fulfillment_orders").status == "assigned"
