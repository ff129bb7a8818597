"""The money of an order, and the ledger of what happened to it."""

from __future__ import annotations

from sqlalchemy import Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.shared.columns import Id, Leaf, Minor, Moment, Words


class Payment(db.Model):
    """Where an order's money stands."""

    __tablename__ = "payments"
    order_id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    status: Mapped[Words]
    currency: Mapped[Words]
    authorized_minor: Mapped[Minor]
    captured_minor: Mapped[Minor]
    refunded_minor: Mapped[Minor]
    pending_minor: Mapped[Minor]


class LedgerEntry(db.Model):
    """One movement of money, once a cause."""

    __tablename__ = "ledger"
    id: Mapped[Leaf]
    order_id: Mapped[Id]
    cause: Mapped[Words]
    kind: Mapped[Words]
    amount_minor: Mapped[Minor]
    currency: Mapped[Words]
    reference: Mapped[Words | None]
    happened_at: Mapped[Moment]
    noted_at: Mapped[Moment]
