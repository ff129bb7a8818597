"""Escalations and the steps they took."""

from __future__ import annotations

from sqlalchemy import SmallInteger, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.shared.columns import Id, Key, Moment, Words


class Escalation(db.Model):
    """The climb of one case."""

    __tablename__ = "escalations"
    id: Mapped[Key]
    case_id: Mapped[Id]
    order_id: Mapped[Id]
    rung: Mapped[int] = mapped_column(SmallInteger, default=0)
    level: Mapped[Words]
    opened_at: Mapped[Moment]
    raised_at: Mapped[Moment]
    acknowledged_at: Mapped[Moment | None]
    acknowledged_by: Mapped[Words | None]
    acknowledged_by_id: Mapped[Id | None]
    ended_at: Mapped[Moment | None]
    closed_at: Mapped[Moment | None]
    closed_by: Mapped[Words | None]
    closed_by_id: Mapped[Id | None]
    policy_version: Mapped[int]


class EscalationStep(db.Model):
    """One rung, taken once."""

    __tablename__ = "escalation_steps"
    escalation_id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    rung: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    level: Mapped[Words]
    due_at: Mapped[Moment]
    done_at: Mapped[Moment]
