"""Noting what a channel says of the money, once a cause."""

from __future__ import annotations

import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.payments.models import LedgerEntry
from app.shared import bulk
from app.shared.errors import Conflict
from app.shared.money import Money
from app.timeline.service import Happened, record

# What a word adds to the sums; a payment that failed moves nothing.
SUMS = {
    "authorized": "authorized_minor",
    "captured": "captured_minor",
    "refunded": "refunded_minor",
}
OPEN = text(
    "INSERT INTO payments (order_id, status, currency) SELECT id, :status, currency FROM"
    " unnest(CAST(:ids AS uuid[]), CAST(:currencies AS text[])) v(id, currency)"
    " ON CONFLICT (order_id) DO NOTHING"
)
ADD = (
    "UPDATE payments p SET status = CASE WHEN CAST(:rank AS integer)"
    " >= (CAST(:ranks AS jsonb) ->> p.status)::integer THEN :status ELSE p.status END{change}"
    " FROM (SELECT id, sum(amount) AS amount FROM"
    " unnest(CAST(:ids AS uuid[]), CAST(:amounts AS bigint[])) u(id, amount) GROUP BY id) v"
    " WHERE p.order_id = v.id"
)
# What is paid back is counted towards what is to be paid back, whoever asked for it.
SETTLES = {"refunded": ", pending_minor = greatest(p.pending_minor - v.amount, 0)"}
KEPT = text("SELECT order_id, cause, amount_minor FROM ledger WHERE cause = ANY(:causes)")
OWE = text(
    "UPDATE payments p SET pending_minor = p.pending_minor + v.amount FROM (SELECT id, sum(amount)"
    " AS amount FROM unnest(CAST(:ids AS uuid[]), CAST(:amounts AS bigint[])) u(id, amount)"
    " GROUP BY id) v WHERE p.order_id = v.id"
)
# A word that comes late does not turn back a later one.
RANKS = {"pending": 0, "authorized": 1, "failed": 1, "captured": 2, "refunded": 3}


@dataclass(frozen=True, slots=True)
class Word:
    """What a channel says happened to an order's money, and when."""

    order_id: UUID
    status: str
    amount_minor: int
    currency: str
    reference: str | None
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Owed:
    """Money that is to be paid back, and why, as a name that no other cause of its order has."""

    order_id: UUID
    cohort: date
    amount_minor: int
    currency: str
    cause: str


@dataclass(frozen=True, slots=True)
class _Order:
    id: UUID
    cohort: Any
    number: str


def note(words: Sequence[Word], *, actor: str, now: datetime) -> int:
    """Add words to the ledger and the sums; return how many were news.

    The same word again is no news; a Conflict is another amount under a reference that is taken.
    """
    if not words:
        return 0
    orders = _lock({word.order_id for word in words})
    causes: dict[str, Word] = {}
    for word in words:
        first = causes.setdefault(_cause(word), word)
        _require_same(word, first.amount_minor, orders[word.order_id])
    rows = [
        {
            "order_id": w.order_id,
            "cause": cause,
            "kind": w.status,
            "amount_minor": w.amount_minor,
            "currency": w.currency,
            "reference": w.reference,
            "happened_at": w.happened_at,
            "noted_at": now,
        }
        for cause, w in causes.items()
    ]
    inserted = bulk.insert(
        LedgerEntry, rows, conflict="ON CONFLICT (cause) DO NOTHING", returning="cause"
    )
    news = [causes[row.cause] for row in inserted]
    for row in _kept(causes.keys() - {row.cause for row in inserted}):
        _require_same(causes[row.cause], row.amount_minor, orders[row.order_id])
    for status in RANKS:
        _add(status, [w for w in news if w.status == status])
    record(
        [
            Happened(
                w.order_id,
                orders[w.order_id].cohort,
                f"payment_{w.status}",
                actor,
                facts={"minor": w.amount_minor},
            )
            for w in news
        ],
        now,
    )
    return len(news)


def owe(debts: Sequence[Owed], now: datetime) -> None:
    """Note what is to be paid back, once a cause; a channel that pays says so ("refunded").

    The orders are locked, and no more is named than was taken and is not given back.
    """
    rows = [
        {
            "order_id": d.order_id,
            "cause": f"{d.order_id}:refund_due:{d.cause}",
            "kind": "refund_due",
            "amount_minor": d.amount_minor,
            "currency": d.currency,
            "reference": None,
            "happened_at": now,
            "noted_at": now,
        }
        for d in debts
        if d.amount_minor
    ]
    inserted = bulk.insert(
        LedgerEntry, rows, conflict="ON CONFLICT (cause) DO NOTHING", returning="order_id, cause"
    )
    if not inserted:
        return
    amounts = {row["cause"]: row["amount_minor"] for row in rows}
    cohorts = {d.order_id: d.cohort for d in debts}
    news = [(row.order_id, amounts[row.cause]) for row in inserted]
    db.session.execute(OWE, {"ids": [key for key, _ in news], "amounts": [n for _, n in news]})
    record(
        [
            Happened(key, cohorts[key], "payment_refund_due", facts={"minor": amount})
            for key, amount in news
        ],
        now,
    )


def _cause(word: Word) -> str:
    """Return what tells one word from another: its reference, or its amount and moment."""
    name = word.reference or f"{word.amount_minor}@{word.happened_at.isoformat()}"
    return f"{word.order_id}:{word.status}:{name}"


def _kept(causes: AbstractSet[str]) -> Sequence[Any]:
    """Return the entries of causes that the ledger knows already."""
    return db.session.execute(KEPT, {"causes": list(causes)}).all() if causes else []


def _require_same(word: Word, minor: int, order: _Order) -> None:
    """Refuse a word whose reference stands for another amount: it would count for nothing."""
    if word.amount_minor == minor:
        return
    known, said = (str(Money(n, word.currency)) for n in (minor, word.amount_minor))
    raise Conflict(
        f"The reference '{word.reference}' stands for {known} {word.currency} {word.status} of"
        f" order {order.number}; send {said} {word.currency} under a reference of its own.",
        reference=f"stands for {known} {word.currency} {word.status}",
    )


def _lock(order_ids: set[UUID]) -> dict[UUID, _Order]:
    rows = db.session.execute(
        text(
            "SELECT id, cohort, number FROM orders WHERE id = ANY(:ids) ORDER BY id"
            " FOR NO KEY UPDATE"
        ),
        {"ids": sorted(order_ids)},
    )
    return {row.id: _Order(row.id, row.cohort, row.number) for row in rows}


def _add(status: str, words: Sequence[Word]) -> None:
    """Add the amounts of one kind of word to the sums of their orders."""
    if not words:
        return
    values = {
        "status": status,
        "rank": RANKS[status],
        "ranks": json.dumps(RANKS),
        "ids": [w.order_id for w in words],
        "currencies": [w.currency for w in words],
        "amounts": [w.amount_minor for w in words],
    }
    db.session.execute(OPEN, values)
    column = SUMS.get(status)
    change = f", {column} = p.{column} + v.amount" if column else ""
    change += SETTLES.get(status, "")
    try:
        db.session.execute(text(ADD.format(change=change)), values)
    except IntegrityError:
        raise Conflict("More would be given back than was taken; check the amounts.") from None
