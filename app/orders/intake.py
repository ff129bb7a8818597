"""Taking orders in: many at once, each exactly once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.catalog.queries import known_skus, pins_astray
from app.checks import service as checks
from app.checks.service import Subject
from app.customers import service as customers
from app.notifications.service import Message, tell
from app.orders import holds, told
from app.orders.contract import NewOrder
from app.orders.doubts import Astray, Sku, doubts_of
from app.orders.holds import Held
from app.orders.models import Order, OrderLine
from app.policies.documents import Doubts, Messages
from app.policies.queries import which_in_force
from app.promises import rules as promise_rules
from app.promises.service import Made, make
from app.shared import bulk, ids, work
from app.shared.columns import cohort_of
from app.shared.errors import Conflict
from app.timeline.service import SYSTEM, Happened, ensure_cohorts, record

EXISTING = (
    "SELECT o.id, o.reference, o.channel, o.number, o.request_sha256,"
    " o.held_since IS NOT NULL AS is_held FROM orders o JOIN"
    " unnest((SELECT CAST(%(channels)s AS text[])), (SELECT CAST(%(numbers)s AS text[])))"
    " v(channel, number) ON (o.channel, o.number) = (v.channel, v.number)"
)
# Whoever is overtaken looks again, and finds what overtook them; so often is nobody.
MOST_TURNS = 10
# By what a channel knows an order.
Name = tuple[str, str]
# Of an order that somebody else writes at the same moment nothing is written here but its customer.
FIRST = bulk.Leader(Order.__tablename__, hanging_by="order_id")
PLACED = bulk.Ties(
    # Somebody places one of them at this moment; or a reference is taken, and is made anew.
    "ON CONFLICT DO NOTHING",
    shown="id",
    looked_up=customers.BUYER,
    # In one order everywhere, so that of two batches one waits for the other.
    in_order=("channel", "number"),
)
# An order and the row that is written of it.
Pairs = Sequence[tuple[NewOrder, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that is in: now, or already before; a held one waits for a person."""

    id: UUID
    reference: str
    is_new: bool
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class In:
    """An order that is in, the digest of its content, and what was sent where it is new."""

    id: UUID
    reference: str
    digest: str
    is_held: bool
    first: NewOrder | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is looked up about orders that come in, all of it in one journey.

    `orders` that are in already, by channel and number; the `buyers` we know; the `skus` anybody
    sells; the pins to a vendor that go `astray`; and the policies.
    """

    orders: Mapping[Name, In]
    buyers: Mapping[customers.Name, Any]
    skus: Mapping[str, Sku]
    astray: Astray
    doubts: Doubts
    messages: Messages


def place(
    orders: Sequence[NewOrder], *, zone: str, actor: str, now: datetime, is_told: bool = True
) -> list[Placed | Conflict]:
    """Take orders in; the same again is the first answer, another under its number is refused.

    What is doubtful is taken, too, and held for a person to release. `is_told`: each customer is
    told that the order came in.
    """
    found: dict[Name, In] = {}
    left = orders
    for _ in range(MOST_TURNS):
        known = _known(left, now)
        found |= known.orders
        fresh: dict[Name, NewOrder] = {}
        for order in left:
            if _name(order) not in found:
                # Of two in one batch the first one counts, as it would have one by one.
                fresh.setdefault(_name(order), order)
        ensure_cohorts({cohort_of(order.placed_at) for order in fresh.values()})
        found |= _write(_pairs(list(fresh.values()), zone, now), known, actor, now, is_told=is_told)
        left = [order for order in left if _name(order) not in found]
        if not left:
            return [_answer(order, found[_name(order)]) for order in orders]
    message = f"order {left[0].number} was overtaken {MOST_TURNS} times"
    raise RuntimeError(message)


def _name(order: NewOrder) -> Name:
    return order.channel, order.number


def _known(orders: Sequence[NewOrder], now: datetime) -> Known:
    named = {"channels": [o.channel for o in orders], "numbers": [o.number for o in orders]}
    lines = [line for order in orders for line in order.lines]
    pins = {(line.vendor, line.sku) for line in lines if line.vendor}
    existing, buyers, skus, (doubts, messages), *astray = work.answers(
        work.Question(EXISTING, named, _are_in),
        customers.who_is_known([_customer(order) for order in orders]),
        known_skus(line.sku for line in lines),
        which_in_force([Doubts, Messages], now),
        *([pins_astray(pins)] if pins else []),
    )
    usual = {row.sku: Sku(row.is_known, row.most_units) for row in skus}
    found = astray[0] if astray else {}
    return Known(existing, buyers, usual, found, doubts.document, messages.document)


def _are_in(rows: Sequence[Any]) -> dict[Name, In]:
    return {
        (row.channel, row.number): In(UUID(row.id), row.reference, row.request_sha256, row.is_held)
        for row in rows
    }


def _answer(order: NewOrder, found: In) -> Placed | Conflict:
    if found.digest != order.request_sha256:
        return Conflict(
            f"Order {order.number} on {order.channel} exists as {found.reference} with other"
            " content; change that order instead of sending it anew."
        )
    return Placed(found.id, found.reference, order is found.first, found.is_held)


def _pairs(orders: Sequence[NewOrder], zone: str, now: datetime) -> Pairs:
    return [(order, _order_row(order, zone, now)) for order in orders]


def _write(
    pairs: Pairs, known: Known, actor: str, now: datetime, *, is_told: bool
) -> dict[Name, In]:
    """Write new orders and what follows from them; return those that nobody else wrote first."""
    if not pairs:
        return {}
    doubts = {r["id"]: doubts_of(o, known.skus, known.astray, known.doubts) for o, r in pairs}
    held = {key for key, found in doubts.items() if found}
    with bulk.together(led_by=FIRST) as written:
        buyers = customers.save([_customer(order) for order, _ in pairs], known.buyers)
        for order, row in pairs:
            row["customer_id"] = buyers[order.channel, order.customer.external_id]
        bulk.insert_tied(Order, [row for _, row in pairs], PLACED)
        bulk.insert(OrderLine, [_line_row(line, r["id"]) for o, r in pairs for line in o.lines])
        _follow(pairs, actor, now)
        if is_told:
            _tell(pairs, known.messages, now)
        _wake(pairs, held, now)
    ours = [(order, row) for order, row in pairs if row["id"] in written]
    holds.hold(
        [Held(r["id"], r["cohort"], doubts[r["id"]]) for _, r in ours if r["id"] in held],
        actor=SYSTEM,
        now=now,
    )
    return {
        _name(o): In(r["id"], r["reference"], o.request_sha256, r["id"] in held, o) for o, r in ours
    }


def _wake(pairs: Pairs, held: set[UUID], now: datetime) -> None:
    """Have orders routed and watched; a held one waits for its release, and is watched."""
    for event, is_held in (("order placed", False), ("order changed", True)):
        subjects = [
            Subject(r["id"], "order", r["id"]) for _, r in pairs if (r["id"] in held) is is_held
        ]
        checks.wake(event, subjects, now)


def _follow(pairs: Pairs, actor: str, now: datetime) -> None:
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


def _tell(pairs: Pairs, policy: Messages, now: datetime) -> None:
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


def _order_row(order: NewOrder, zone: str, now: datetime) -> dict[str, Any]:
    day = order.deliver_on
    return {
        "id": ids.new(),
        "reference": ids.reference("OR"),
        "channel": order.channel,
        "number": order.number,
        "cohort": cohort_of(order.placed_at),
        "placed_at": order.placed_at,
        "received_at": now,
        "buyer": order.customer.external_id,
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
