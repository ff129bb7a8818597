"""Exception cases."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from app.extensions import db
from app.shared.columns import Id, Json, Key, Moment, Words


class ExceptionCase(db.Model):
    """Something wrong with an order, fulfillment order or shipment, open until closed."""

    __tablename__ = "exception_cases"
    id: Mapped[Key]
    reference: Mapped[Words]
    kind: Mapped[Words]
    subject_kind: Mapped[Words]
    subject_id: Mapped[Id]
    order_id: Mapped[Id]
    vendor_id: Mapped[Id | None]
    severity: Mapped[Words]
    occurred_at: Mapped[Moment]
    critical_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]
    raised_at: Mapped[Moment]
    closed_at: Mapped[Moment | None]
    policy_version: Mapped[int]
    facts: Mapped[Json]
