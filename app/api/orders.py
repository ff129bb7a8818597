"""Orders: in, out, called off, paid."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, request

from app.api.access import caller
from app.api.documents import order_document
from app.api.forms import (
    BatchForm,
    CancelForm,
    PaymentForm,
    PaymentsForm,
    read,
)
from app.api.idempotency import Answer, once
from app.api.placed import placed_document
from app.intake import service as intake
from app.intake.forms import OrderForm
from app.orders.contract import NewOrder
from app.orders.intake import Placed
from app.orders.locks import lock_orders
from app.orders.queries import ids_by_name, order_id_of
from app.payments import service as payments
from app.shared.columns import cohort_of
from app.shared.errors import Conflict, DomainError, InvalidInput
from app.shared.work import OPS, transaction
from app.shipments import service as shipments
from app.web.fields import Amounts, digest


def mount(blueprint: Blueprint) -> None:
    """Add the routes."""
    add = blueprint.add_url_rule
    add("/orders", view_func=place, methods=["POST"])
    add("/orders/batch", view_func=place_many, methods=["POST"])
    add("/orders/<number>", view_func=show, methods=["GET"])
    add("/orders/<number>/cancel", view_func=cancel, methods=["POST"])
    add("/orders/<number>/payments", view_func=pay, methods=["POST"])
    add("/payments/batch", view_func=pay_many, methods=["POST"])


def place() -> Answer:
    """Take one order in."""
    form = read(OrderForm)
    with transaction(OPS) as now:
        return once(digest(form), now, lambda: _place_one(form, now))


def _place_one(form: OrderForm, now: datetime) -> Answer:
    order = form.to_order(now)
    (placed,) = intake.place([order], actor=caller().name, now=now)
    if isinstance(placed, Conflict):
        raise placed
    if not placed.is_new:
        raise Conflict(f"Order {order.number} on {order.channel} exists as {placed.reference}.")
    return placed_document(placed.id, cohort_of(order.placed_at)), 201


def place_many() -> Answer:
    """Take many orders in; an order that is known with this content is answered again."""
    form = read(BatchForm)
    with transaction(OPS) as now:
        parsed = [_parse(data, now) for data in form.orders]
        good = [order for order in parsed if isinstance(order, NewOrder)]
        placed = iter(intake.place(good, actor=caller().name, now=now))
        outcomes = [next(placed) if isinstance(p, NewOrder) else p for p in parsed]
    return {"results": [_result(o) for o in outcomes]}, 200


def _parse(data: Any, now: datetime) -> NewOrder | DomainError:
    try:
        return read(OrderForm, data).to_order(now)
    except DomainError as refusal:
        return refusal


def _result(outcome: Placed | DomainError) -> dict[str, Any]:
    if isinstance(outcome, Placed):
        status = 201 if outcome.is_new else 200
        return {"status": status, "id": outcome.reference, "is_held": outcome.is_held}
    errors = [{"field": k, "detail": v} for k, v in outcome.fields.items()]
    return {"status": outcome.status, "detail": outcome.detail, "errors": errors}


def order_asked(number: str) -> UUID:
    """Return the key of the order that an address names, with its channel."""
    channel = request.args.get("channel", "")
    if not channel:
        raise InvalidInput("Name the order's channel: ?channel=…", channel="missing")
    return order_id_of(channel, number)


def show(number: str) -> dict[str, Any]:
    """Return an order with all that belongs to it."""
    with transaction(OPS):
        return order_document(order_asked(number))


def cancel(number: str) -> dict[str, Any]:
    """Call an order off, or units of its lines, as far as they have not shipped."""
    form = read(CancelForm)
    with transaction(OPS) as now:
        order_id = order_asked(number)
        shipments.cancel(order_id, form.lines, actor=caller().name, reason=form.reason, now=now)
        return order_document(order_id)


def pay(number: str) -> dict[str, Any]:
    """Note what happened to an order's money."""
    form = read(PaymentForm)
    with transaction(OPS) as now:
        order_id = order_asked(number)
        (order,) = lock_orders([order_id])
        _note([(order, form)], now)
        return order_document(order_id)


def pay_many() -> dict[str, Any]:
    """Note what happened to many orders' money; orders nobody knows are named."""
    forms = read(PaymentsForm).payments
    with transaction(OPS) as now:
        known = ids_by_name((f.channel, f.number) for f in forms)
        pairs = [(known[f.channel, f.number], f) for f in forms if (f.channel, f.number) in known]
        noted = _note(pairs, now)
    unknown = [f.number for f in forms if (f.channel, f.number) not in known]
    return {"noted": noted, "unknown": unknown}


def _note(pairs: Sequence[tuple[Any, PaymentForm]], now: datetime) -> int:
    wrong: dict[str, str] = {}
    words = [
        payments.Word(
            order_id=order.id,
            status=form.status,
            amount_minor=Amounts(order.currency, wrong).of("amount", form.amount),
            currency=order.currency,
            reference=form.reference,
            happened_at=form.at or now,
        )
        for order, form in pairs
    ]
    if wrong:
        raise InvalidInput("The payment was not noted.", **wrong)
    return payments.note(words, actor=caller().name, now=now)
