"""Orders: in, out, called off, paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.blueprints import BlueprintSetupState
from sqlalchemy import Engine
from werkzeug.routing import PathConverter

from app.api.access import caller
from app.api.documents import order_document
from app.api.forms import BatchForm, CancelForm, PaymentForm, PaymentsForm, body, read
from app.api.idempotency import Answer, Keyed, acted, keyed, once_each
from app.api.placed import placed_documents
from app.extensions import db
from app.intake import service as intake
from app.intake.forms import OrderForm
from app.orders.contract import NewOrder
from app.orders.documents import Document
from app.orders.intake import Placed
from app.orders.locks import lock_orders
from app.orders.queries import ids_by_name, order_id_called, order_id_of
from app.payments import service as payments
from app.shared.columns import cohort_of
from app.shared.errors import Conflict, DomainError, InvalidInput
from app.shared.group_commit import GroupCommit
from app.shared.work import OPS, transaction, wait_for_no_lock_longer
from app.shipments import service as shipments
from app.web.fields import Amounts, check, digest, seen

# How our own references of orders begin.
OURS = "OR-"
# So long a group of orders waits for somebody else's lock, in milliseconds, before each of them
# waits by itself.
GROUPS_WAIT_MS = 250


class NumberConverter(PathConverter):
    """An order's number: whatever a shop calls it, slashes and all."""

    regex = ".+?"
    part_isolating = False


def know_numbers(state: BlueprintSetupState) -> None:
    """Have addresses know what an order's number is."""
    state.app.url_map.converters["number"] = NumberConverter


def mount(blueprint: Blueprint) -> None:
    """Add the routes."""
    blueprint.record(know_numbers)
    add = blueprint.add_url_rule
    add("/orders", view_func=place, methods=["POST"])
    add("/orders/batch", view_func=place_many, methods=["POST"])
    add("/orders/<number:number>", view_func=show, methods=["GET"])
    add("/orders/<number:number>/cancel", view_func=cancel, methods=["POST"])
    add("/orders/<number:number>/payments", view_func=pay, methods=["POST"])
    add("/payments/batch", view_func=pay_many, methods=["POST"])


def place() -> Answer:
    """Take one order in, together with those that the same program sends at this moment."""
    form = _said(body())
    asked = keyed(digest(form), form)
    return gathering(db.engine, asked.principal).ask(asked)


@cache
def gathering(_: Engine, actor: str) -> GroupCommit[Keyed, Answer]:
    """Return where a program's orders gather, of one database; each program has its own."""
    return GroupCommit(partial(_place_each, actor))


def _place_each(actor: str, asked: Sequence[Keyed]) -> list[Answer | DomainError | None]:
    with transaction(OPS) as now:
        if len(asked) > 1:
            # Who is stuck is so alone.
            wait_for_no_lock_longer(GROUPS_WAIT_MS)
        return once_each(asked, now, lambda new: _place_new(actor, new, now))


def _said(data: Any) -> OrderForm:
    """Return what was said as an order, judged before a transaction is open."""
    try:
        return check(OrderForm, data)
    except InvalidInput:
        # Whether it lies in the future, too, the world's clock says.
        return OrderForm.said(data, _world_now())


def _world_now() -> datetime:
    with transaction(OPS) as now:
        return now


def _place_new(actor: str, asked: Sequence[Keyed], now: datetime) -> list[Answer | DomainError]:
    orders = [_as_order(one.said, now) for one in asked]
    outcomes = _take_in(orders, actor, now)
    for refusal in outcomes:
        if isinstance(refusal, Conflict):
            # What was written on the way to it is undone, so a group is done one by one.
            raise refusal
    pairs = list(zip(orders, outcomes, strict=True))
    documents = placed_documents(
        {
            placed.id: cohort_of(order.placed_at)
            for order, placed in pairs
            if isinstance(order, NewOrder) and isinstance(placed, Placed) and placed.is_new
        }
    )
    return [
        _answer(one.said, placed, documents) for one, placed in zip(asked, outcomes, strict=True)
    ]


def _answer(
    form: OrderForm, outcome: Placed | DomainError, documents: Mapping[UUID, Document]
) -> Answer | DomainError:
    if not isinstance(outcome, Placed):
        return outcome
    if not outcome.is_new:
        return Conflict(f"Order {form.number} on {form.channel} exists as {outcome.reference}.")
    return documents[outcome.id], 201


def _as_order(form: OrderForm, now: datetime) -> NewOrder | DomainError:
    try:
        return form.to_order(now)
    except DomainError as refusal:
        return refusal


def _take_in(
    orders: Sequence[NewOrder | DomainError], actor: str, now: datetime
) -> list[Placed | DomainError]:
    """Take in what is an order; what was refused stays refused."""
    good = [order for order in orders if isinstance(order, NewOrder)]
    placed = iter(intake.place(good, actor=actor, now=now))
    return [next(placed) if isinstance(order, NewOrder) else order for order in orders]


def place_many() -> Answer:
    """Take many orders in; an order that is known with this content is answered again."""
    said, asked_at = read(BatchForm).orders, _world_now()
    parsed = [_parse(data, asked_at) for data in said]

    def act(now: datetime) -> dict[str, Any]:
        return {"results": [_result(o) for o in _take_in(parsed, caller().name, now)]}

    return acted(OPS, said, act)


def _parse(data: Any, now: datetime) -> NewOrder | DomainError:
    try:
        return _as_order(OrderForm.said(data, now), now)
    except DomainError as refusal:
        return refusal


def _result(outcome: Placed | DomainError) -> dict[str, Any]:
    if isinstance(outcome, Placed):
        status = 201 if outcome.is_new else 200
        return {"status": status, "id": outcome.reference, "is_held": outcome.is_held}
    errors = [{"field": k, "detail": v} for k, v in outcome.fields.items()]
    return {"status": outcome.status, "detail": outcome.detail, "errors": errors}


def order_asked(number: str) -> UUID:
    """Return the key of the order that an address names: with its channel, or as we call it."""
    channel, named = seen(request.args.get("channel", "")), seen(number)
    if channel:
        return order_id_of(channel, named)
    if named.startswith(OURS):
        return order_id_called(named)
    raise InvalidInput(
        "Name the order's channel (?channel=…), or the order by our own reference (OR-…).",
        channel="missing",
    )


def show(number: str) -> dict[str, Any]:
    """Return an order with all that belongs to it."""
    with transaction(OPS):
        return order_document(order_asked(number))


def cancel(number: str) -> Answer:
    """Call an order off, or units of its lines, as far as they have not shipped."""
    form = read(CancelForm)

    def act(now: datetime) -> dict[str, Any]:
        order_id = order_asked(number)
        shipments.cancel(order_id, form.lines, actor=caller().name, reason=form.reason, now=now)
        return order_document(order_id)

    return acted(OPS, form, act)


def pay(number: str) -> Answer:
    """Note what happened to an order's money.

    What has a `reference` counts once under it; another amount under the same one is refused.
    """
    form = read(PaymentForm)

    def act(now: datetime) -> dict[str, Any]:
        order_id = order_asked(number)
        (order,) = lock_orders([order_id])
        _note([(order, form)], now)
        return order_document(order_id)

    return acted(OPS, form, act)


def pay_many() -> Answer:
    """Note what happened to many orders' money; orders nobody knows are named."""
    form = read(PaymentsForm)

    def act(now: datetime) -> dict[str, Any]:
        known = ids_by_name((f.channel, f.number) for f in form.payments)
        named = [((f.channel, f.number), f) for f in form.payments]
        noted = _note([(known[name], f) for name, f in named if name in known], now)
        return {"noted": noted, "unknown": [f.number for name, f in named if name not in known]}

    return acted(OPS, form, act)


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
