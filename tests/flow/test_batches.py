"""Bulk changes: drafted, looked at, started, worked off, canceled, taken back."""

from __future__ import annotations

import threading

import pytest

from app.batches import queries, service
from app.batches.contract import MOST_ROWS, Selection
from app.batches.registry import acts
from app.batches.words import reason
from app.extensions import db
from app.orders import service as orders
from app.orders.contract import Action
from app.shared import clock
from app.shared.errors import IllegalMove, InvalidInput, NotAllowed, NotFound
from app.shared.work import OPS, transaction
from tests.factories import (
    at,
    confirmed,
    line,
    make_order,
    make_vendor_with_stock,
    one,
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


def reference(order_id) -> str:
    return one("SELECT reference FROM orders WHERE id = :id", id=order_id).reference


def draft(who, act, *order_ids) -> str:
    with transaction(OPS):
        named = [reference_of(key) for key in order_ids]
        return service.draft(act, named, "", who, clock.machine_now())


def reference_of(order_id) -> str:
    found = db.session.execute(
        db.text("SELECT reference FROM orders WHERE id = :id"), {"id": order_id}
    ).one()
    return found.reference


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


def statuses(order_id) -> set[str]:
    found = rows("SELECT status FROM fulfillment_orders WHERE order_id = :id", id=order_id)
    return {r.status for r in found}


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
    }
    run_jobs("route_orders")
    confirmed(made["confirmed"])
    with transaction(OPS) as now:
        orders.act(_references(made["held"]), Action.HOLD, actor="Kiln", now=now, reason="no box")
        orders.cancel(made["canceled"], None, actor="Ada", reason="", now=now)
    return made


def _references(order_id):
    found = db.session.execute(
        db.text("SELECT reference FROM fulfillment_orders WHERE order_id = :id"), {"id": order_id}
    )
    return [row.reference for row in found]


OUTCOMES = {
    "orders.hold": {
        "ASSIGNED": "done",
        "CONFIRMED": "done",
        "HELD": "unchanged held",
        "LEFT": "refused left",
        "CANCELED": "refused canceled",
        "UNROUTED": "refused no_vendor",
    },
    "orders.release": {
        "ASSIGNED": "unchanged free",
        "CONFIRMED": "unchanged free",
        "HELD": "done",
        "LEFT": "refused left",
        "CANCELED": "refused canceled",
        "UNROUTED": "refused no_vendor",
    },
    "orders.cancel": {
        "ASSIGNED": "done",
        "CONFIRMED": "done",
        "HELD": "done",
        "LEFT": "refused left",
        "CANCELED": "unchanged canceled",
        "UNROUTED": "done",
    },
}


@pytest.mark.parametrize("act", OUTCOMES)
def test_what_a_draft_foresees_comes_true(every_kind, lead, let_begin, act):
    name = draft(lead, act, *every_kind.values())
    before = rows("SELECT name, foreseen FROM batch_rows ORDER BY position")
    start(lead, name, **REASON, confirmation="4")

    let_begin()
    run_jobs("run_batches")

    assert results(name) == OUTCOMES[act]
    foreseen = {r.name: r.foreseen for r in before}
    assert foreseen == {k: None if v == "done" else v.split()[1] for k, v in OUTCOMES[act].items()}
