"""Whatever is done to orders, in whatever order: what must hold of them holds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import count
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from app.intake import changes
from app.integrity import broken_invariants
from app.orders import review
from app.orders.changes import Change
from app.orders.contract import Action
from app.orders.service import Confirmation, act, confirm
from app.shared.errors import DomainError
from app.shared.work import OPS, transaction
from app.shipments import service as shipments
from tests.conftest import NOW
from tests.factories import (
    ACTOR,
    ADDRESS,
    at,
    line,
    make_order,
    make_vendor_with_stock,
    parcel,
    references,
    run_jobs,
    send,
)

LINES = ("1", "2")
parcels = count(1)
moments = count(1)
# What somebody does to an order, how many units it is about, and of which line.
Step = Callable[[UUID, int, str], None]


def _route(_key: UUID, _units: int, _name: str) -> None:
    run_jobs("route_orders")


def _confirm(key: UUID, units: int, name: str) -> None:
    words = [Confirmation(r, {name: units}, "short") for r in references(key)]
    with transaction(OPS) as now:
        confirm(words, actor=ACTOR, now=now)


def _confirm_all(key: UUID, _units: int, _name: str) -> None:
    words = [Confirmation(reference) for reference in references(key)]
    with transaction(OPS) as now:
        confirm(words, actor=ACTOR, now=now)


def _decline(key: UUID, _units: int, _name: str) -> None:
    words = [Confirmation(r, {}, "cannot") for r in references(key)[-1:]]
    with transaction(OPS) as now:
        confirm(words, actor=ACTOR, now=now)


def _pack(key: UUID, _units: int, _name: str) -> None:
    names = references(key)
    with transaction(OPS) as now:
        act(names, Action.PACK, actor=ACTOR, now=now)


def _ship(key: UUID, units: int, name: str) -> None:
    for reference in references(key):
        send(reference, parcel(next(parcels), NOW, **{f"_{name}": units}))


def _change(key: UUID, units: int, name: str) -> None:
    with transaction(OPS) as now:
        changes.change(key, {name: units}, {"gift_wrap": units % 2 == 0}, Change(ACTOR, now))


def _cancel(key: UUID, units: int, name: str) -> None:
    with transaction(OPS) as now:
        shipments.cancel(key, {name: units}, actor=ACTOR, reason="", now=now)


def _cancel_all(key: UUID, _units: int, _name: str) -> None:
    with transaction(OPS) as now:
        shipments.cancel(key, None, actor=ACTOR, reason="", now=now)


def _readdress(key: UUID, units: int, _name: str) -> None:
    with transaction(OPS) as now:
        changes.readdress(key, ADDRESS | {"line1": f"Storgatan {units}"}, Change(ACTOR, now))


def _hold(key: UUID, _units: int, _name: str) -> None:
    with transaction(OPS) as now:
        review.hold([key], reason="?", actor=ACTOR, now=now)


def _release(key: UUID, _units: int, _name: str) -> None:
    with transaction(OPS) as now:
        review.release([key], note="!", actor=ACTOR, now=now)


STEPS: tuple[Step, ...] = (
    *(_route,) * 3,
    *(_confirm_all,) * 2,
    *(_change,) * 3,
    *(_hold, _release) * 2,
    *(_confirm, _decline, _pack, _ship, _cancel, _cancel_all, _readdress),
)
stories = some.lists(
    some.tuples(some.sampled_from(STEPS), some.integers(0, 5), some.sampled_from(LINES)),
    max_size=10,
)


@given(story=stories, units=some.integers(1, 4), is_doubtful=some.booleans())
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_is_done_to_an_order_nothing_is_broken(app, story, units, is_doubtful):
    at(NOW + timedelta(minutes=next(moments)))
    make_vendor_with_stock("kiln", {"MUG": 1000, "RUG": 3}, cost_minor=100)
    make_vendor_with_stock("loom", {"MUG": 1000, "RUG": 1000}, cost_minor=900)
    to = ADDRESS | ({"postal_code": "x"} if is_doubtful else {})

    key = make_order("", [line("MUG", units, "1"), line("RUG", units, "2")], ship_to=to)
    for step, number, name in story:
        with suppress(DomainError):
            step(key, number, name)
    with transaction(OPS):
        assert broken_invariants() == []
