"""Taking orders in: many at once, each exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.catalog.queries import known_skus
from app.checks import service as checks
from app.checks.service import Subject
from app.customers import service as customers
from app.notifications.service import Message, tell
from app.orders import holds, told
from app.orders.contract import NewOrder
from app.orders.doubts import Sku, doubts_of
from app.orders.models import Order, OrderLine
from app.policies.documents import Doubts, Messages
from app.policies.queries import all_in_force
from app.promises import rules as promise_rules
from app.promises.service import Made, make
from app.shared import bulk, ids, work
from app.shared.columns import cohort_of
from app.shared.errors import Conflict
from app.timeline.service import SYSTEM, Happened, ensure_cohorts, record

EXISTING = (
    "SELECT o.id, o.reference, o.channel, o.number, o.request_sha256,"
    " o.held_since IS NOT NULL AS is_held FROM orders o JOIN"
    " unnest(CAST(%(channels)s AS text[]), CAST(%(numbers)s AS text[])) v(channel, number)"
    " ON (o.channel, o.number) = (v.channel, v.number)"
)


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that is in: now, or already before; a held one waits for a person."""

    id: UUID
    reference: str
    is_new: bool
    is_held: bool = False


# What became of an order that was written: its key, reference, digest and whether it is held.
Created = dict[tuple[str, str], tuple[UUID, str, str, bool]]


def place(
    orders: Sequence[NewOrder], *, zone: str, actor: str, now: datetime, is_told: bool = True
) -> list[Placed | Conflict]:
    """Take orders in; the same again is the first answer, another under its number is refused.

    What is doubtful is taken, too, and held for a person to release. `is_told`: each customer is
    told that the order came in.
    """
    ensure_cohorts({cohort_of(order.placed_at) for order in orders})
    known = _existing(orders)
    fresh: dict[tuple[str, str], NewOrder] = {}
    for order in orders:
        if (order.channel, order.number) not in known:
            # Of two in one batch the first one counts, as it would have one by one.
            fresh.setdefault((order.channel, order.number), order)
    created = _insert(list(fresh.values()), zone, actor, now, is_told=is_told)
    if len(created) < len(fresh):
        # Somebody placed some of them at the same moment: theirs is the first answer.
        known |= _existing(list(fresh.values()))
    first = {id(order) for order in fresh.values()}
    return [_answer(o, created, known, is_first=id(o) in first) for o in orders]


def _existing(orders: Sequence[NewOrder]) -> dict[tuple[str, str], Any]:
    asked = {"channels": [o.channel for o in orders], "numbers": [o.number for o in orders]}
    return {(row.channel, row.number): row for row in work.rows(EXISTING, asked)}


def _answer(
    order: NewOrder,
    created: Created,
    known: dict[tuple[str, str], Any],
    *,
    is_first: bool,
) -> Placed | Conflict:
    key = (order.channel, order.number)
    if key in created:
        order_id, reference, digest, is_held = created[key]
        is_new = is_first
    else:
        row = known[key]
        order_id, reference, digest, is_new = row.id, row.reference, row.request_sha256, False
        is_held = row.is_held
    if digest != order.request_sha256:
        return Conflict(
            f"Order {order.number} on {order.channel} exists as {reference} with other content;"
            " change that order instead of sending it anew."
        )
    return Placed(order_id, reference, is_new, is_held)


def _insert(
    orders: Sequence[NewOrder], zone: str, actor: str, now: datetime, *, is_told: bool
) -> Created:
    if not orders:
        return {}
    buyers = customers.save([_customer(order) for order in orders])
    rows = [_order_row(order, buyers, zone, now) for order in orders]
    inserted = bulk.insert(
        Order, rows, conflict="ON CONFLICT (channel, number) DO NOTHING", returning="id"
    )
    new_ids = {row.id for row in inserted}
    pairs = [(o, r) for o, r in zip(orders, rows, strict=True) if r["id"] in new_ids]
    doubts, messages = all_in_force([Doubts, Messages], now)
    with bulk.together():
        bulk.insert(OrderLine, [_line_row(line, r["id"]) for o, r in pairs for line in o.lines])
        _follow(pairs, actor, now)
        if is_told:
            _tell(pairs, messages.document, now)
        held = _hold(pairs, doubts.document, now)
        _wake(pairs, held, now)
    return {
        (o.channel, o.number): (r["id"], r["reference"], o.request_sha256, r["id"] in held)
        for o, r in pairs
    }


def _hold(
    pairs: Sequence[tuple[NewOrder, dict[str, Any]]], policy: Doubts, now: datetime
) -> set[UUID]:
    """Hold what is doubtful; return those orders."""
    rows = known_skus(line.sku for order, _ in pairs for line in order.lines)
    known = {row.sku: Sku(row.is_known, row.most_units) for row in rows}
    doubts = {r["id"]: doubts_of(order, known, policy) for order, r in pairs}
    found = [holds.Held(r["id"], r["cohort"], doubts[r["id"]]) for _, r in pairs if doubts[r["id"]]]
    holds.hold(found, actor=SYSTEM, now=now)
    return {one.order_id for one in found}


def _wake(pairs: Sequence[tuple[NewOrder, dict[str, Any]]], held: set[UUID], now: datetime) -> None:
    """Have orders routed and watched; a held one waits for its release, and is watched."""
    for event, is_held in (("order placed", False), ("order changed", True)):
        subjects = [
            Subject(r["id"], "order", r["id"]) for _, r in pairs if (r["id"] in held) is is_held
        ]
        checks.wake(event, subjects, now)


def _follow(pairs: Sequence[tuple[NewOrder, dict[str, Any]]], actor: str, now: datetime) -> None:
    """Write what follows from new orders: promise and timeline."""
    make(
        [
            Made(r["id"], r["id"], "deliver_by", r["deliver_by"], "given with the order")
            for _, r in pairs
            if r["deliver_by"]
        ],
        now,
    )
    record(
        [
            Happened(r["id"], r["cohort"], "order_placed", actor, r["id"], {"lines": len(o.lines)})
            for o, r in pairs
        ],
        now,
    )


def _tell(
    pairs: Sequence[tuple[NewOrder, dict[str, Any]]], policy: Messages, now: datetime
) -> None:
    """Tell customers that their orders came in, if the policy does."""
    tell(
        [
            Message(
                r["id"],
                r["cohort"],
                "customer",
                o.customer.email,
                "order_received",
                facts=_told(o, r),
            )
            for o, r in pairs
        ],
        now,
        policy,
    )


def _told(order: NewOrder, row: dict[str, Any]) -> dict[str, Any]:
    lines = [(line.title, line.quantity) for line in order.lines]
    return {
        "number": order.number,
        "name": order.customer.name,
        "language": order.customer.locale,
        "minor": row["items_minor"] + row["freight_minor"],
        "currency": order.currency,
        **told.contents(lines, order.ship_to),
    }


def _customer(order: NewOrder) -> dict[str, Any]:
    buyer = order.customer
    return {
        "channel": order.channel,
        "external_id": buyer.external_id,
        "name": buyer.name,
        "email": buyer.email,
        "phone": buyer.phone,
        "locale": buyer.locale,
    }


def _order_row(
    order: NewOrder, buyers: dict[tuple[str, str], UUID], zone: str, now: datetime
) -> dict[str, Any]:
    day = order.deliver_on
    return {
        "id": ids.new(),
        "reference": ids.reference("OR"),
        "channel": order.channel,
        "number": order.number,
        "cohort": cohort_of(order.placed_at),
        "placed_at": order.placed_at,
        "received_at": now,
        "customer_id": buyers[order.channel, order.customer.external_id],
        "currency": order.currency,
        "items_minor": sum(line.quantity * line.unit_price_minor for line in order.lines),
        "freight_minor": order.shipping_minor + sum(line.shipping_minor for line in order.lines),
        "ship_to": order.ship_to,
        "shipping": order.shipping,
        "preferences": order.preferences,
        "status": "received",
        "deliver_on": day,
        "deliver_by": promise_rules.end_of(day, zone) if day else None,
        "promise_zone": zone,
        "request_sha256": order.request_sha256,
    }


def _line_row(line: Any, order_id: UUID) -> dict[str, Any]:
    return {
        "id": ids.new(),
        "order_id": order_id,
        "external_id": line.external_id,
        "sku": line.sku,
        "title": line.title,
        "options": line.options or {},
        "quantity": line.quantity,
        "unrouted": line.quantity,
        "unit_price_minor": line.unit_price_minor,
        "shipping_minor": line.shipping_minor,
        "vendor": line.vendor,
        "ship_by": line.ship_by,
    }
