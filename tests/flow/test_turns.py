"""Whose turn it is: of orders that come in a burst, and of jobs that share a queue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from redis import Redis

import workers.job
from app import jobs
from app.checks.service import CROWD, work_off
from app.intake.forms import OrderForm
from app.jobs import JOBS
from app.orders import intake
from app.routing.ahead import fair
from app.routing.service import route
from app.shared.work import OPS, PLATFORM, transaction
from tests.conftest import NOW
from tests.factories import (
    ACTOR,
    at,
    describe,
    line,
    make_order,
    make_vendor_with_stock,
    order_body,
    references,
    rows,
    run,
)
from tests.flow.conftest import Died
from workers.job import BUDGET_SECONDS, TURN_SECONDS, Turn
from workers.routing import ROUTED_AT_ONCE

SECOND = timedelta(seconds=1)
# More than a crowd, even when the first few of them have had their turn.
MANY = 2 * CROWD


def crowd(many: int = MANY, sku: str = "MUG") -> list[UUID]:
    """Take orders of one unit in, all of them in one delivery; return their keys."""
    describe(sku)
    forms = [OrderForm.model_validate(order_body(lines=[line(sku, 1)])) for _ in range(many)]
    with transaction(OPS) as now:
        orders = [form.to_order(now) for form in forms]
        placed = intake.place(orders, zone="UTC", actor=ACTOR, now=now)
    return [one.id for one in placed if isinstance(one, intake.Placed)]


def single(sku: str = "MUG") -> UUID:
    """Take one order in, a second after what came before."""
    at(NOW + SECOND)
    return make_order(lines=[line(sku, 1)])


def route_one_batch(size: int, ahead=fair) -> int:
    """Have the watcher end after its first batch, and whom it lets ahead then."""
    is_over = iter((False, True))
    return work_off("route_orders", route, is_time_up=lambda: next(is_over), size=size, ahead=ahead)


def routed(keys: list[UUID]) -> list[bool]:
    return [bool(references(key)) for key in keys]


def test_who_comes_alone_waits_for_one_batch_and_not_for_the_crowd(app):
    make_vendor_with_stock(stock={"MUG": 100})
    many, one = crowd(), single()

    assert route_one_batch(4) == 5

    assert (routed([one]), sum(routed(many))) == ([True], 4)


def test_who_comes_in_another_crowd_waits_in_line(app):
    make_vendor_with_stock(stock={"MUG": 100})
    first = crowd()
    at(NOW + SECOND)
    second = crowd()

    assert route_one_batch(4) == 4

    assert (sum(routed(first)), sum(routed(second))) == (4, 0)


@pytest.mark.parametrize(
    ("cups", "goes_ahead"), [(MANY, False), (MANY + 1, True), (0, True)], ids=str
)
def test_who_could_leave_those_before_without_units_waits_in_line(app, cups, goes_ahead):
    # Another place has enough for all of them: those before would still lose the nearer one.
    make_vendor_with_stock(stock={"CUP": cups})
    make_vendor_with_stock("tallow", stock={"CUP": 100})
    many, one = crowd(sku="CUP"), single("CUP")

    route_one_batch(4)

    # What the first batch took is neither there nor waited for any more.
    assert (routed([one]), sum(routed(many))) == ([goes_ahead], 4)


def test_first_placed_is_first_served_of_what_is_short(app):
    make_vendor_with_stock(stock={"MUG": MANY, "CUP": 100})
    many, late, other = crowd(), single(), make_order(lines=[line("CUP", 1)])

    route_one_batch(4)
    assert routed([late, other]) == [False, True]
    run("route_orders")

    assert all(routed(many))
    assert routed([late]) == [False]


def test_a_worker_that_dies_over_those_ahead_loses_nothing(app, die_at):
    make_vendor_with_stock(stock={"MUG": 100})
    many, one = crowd(), single()

    def armed(ids):
        die_at("before the watch commits")
        return fair(ids)

    with pytest.raises(Died):
        route_one_batch(4, armed)
    assert (routed([one]), sum(routed(many))) == ([False], 4)
    run("route_orders")

    assert all(routed([one, *many]))
    assert len(rows("SELECT 1 FROM reservations")) == len(many) + 1


def test_who_cannot_be_let_ahead_is_looked_at_in_line(app):
    make_vendor_with_stock(stock={"MUG": 100})
    many, one = crowd(), single()

    def broken(ids):
        raise ZeroDivisionError

    assert route_one_batch(4, broken) == 4
    run("route_orders")

    assert all(routed([one, *many]))
    assert rows("SELECT 1 FROM dead_letters") == []


def test_the_job_lets_ahead_and_does_nothing_the_second_time(app):
    make_vendor_with_stock(stock={"MUG": 1000})
    crowd(ROUTED_AT_ONCE + CROWD)
    one = single()

    assert run("route_orders") == ROUTED_AT_ONCE + CROWD + 1

    turn = "SELECT order_id FROM timeline WHERE event = 'order_routed' ORDER BY id"
    assert [row.order_id for row in rows(turn)].index(one) == ROUTED_AT_ONCE
    assert run("route_orders") == 0


class Seconds:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def valkey(valkey_url: str) -> Iterator[Redis]:
    with Redis.from_url(valkey_url) as client:
        yield client


def ring(name: str) -> None:
    with transaction(PLATFORM):
        jobs.ring(name)


@pytest.mark.parametrize(
    ("name", "waiting", "seconds"),
    [
        ("route_orders", None, BUDGET_SECONDS),
        ("route_orders", "route_orders", BUDGET_SECONDS),
        ("route_orders", "watch", BUDGET_SECONDS),
        ("route_orders", "wake_waiting", TURN_SECONDS),
        # It keeps nothing of what it has done: cut short it would never come to its end.
        ("keep_house", "run_imports", BUDGET_SECONDS),
    ],
)
def test_a_job_makes_way_sooner_where_another_of_its_queue_waits(app, name, waiting, seconds):
    clock = Seconds()
    turn = Turn(name, clock=clock)
    if waiting:
        ring(waiting)

    clock.now = seconds
    assert not turn.is_up()
    clock.now += 0.1
    assert turn.is_up()


def test_a_job_that_must_make_way_must_even_where_nobody_waits_any_more(app, valkey):
    clock = Seconds()
    turn = Turn("route_orders", clock=clock)
    ring("wake_waiting")
    clock.now = TURN_SECONDS + 1
    assert turn.is_up()

    valkey.flushall()

    assert turn.is_up()


@pytest.mark.parametrize(("name", "bells"), [("route_orders", 1), ("keep_house", 0)])
def test_a_job_that_made_way_rings_again(app, valkey, monkeypatch, name, bells):
    make_vendor_with_stock()
    key = make_order()
    valkey.flushall()
    monkeypatch.setattr(workers.job.Stop, "asked", True)

    run(name)

    assert valkey.exists(f"bell:{name}") == valkey.llen(f"rq:queue:{JOBS[name].queue}") == bells
    assert routed([key]) == [False]


def test_routing_waits_for_no_mail_server():
    assert JOBS["send_notifications"].queue != JOBS["route_orders"].queue
