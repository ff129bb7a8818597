"""Compensation offers."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from app.extensions import db
from app.shared.columns import Id, Json, Key, Minor, Moment, Words


class CompensationOffer(db.Model):
    """What the policy proposes to give a customer; not money until it is accepted."""

    __tablename__ = "compensation_offers"
    id: Mapped[Key]
    reference: Mapped[Words]
    order_id: Mapped[Id]
    case_id: Mapped[Id]
    remedy: Mapped[Words]
    rule: Mapped[Words]
    amount_minor: Mapped[Minor]
    currency: Mapped[Words]
    facts: Mapped[Json]
    status: Mapped[Words]
    made_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    end_reason: Mapped[Words | None]
    policy_version: Mapped[int]
