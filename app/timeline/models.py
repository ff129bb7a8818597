"""Timeline entries and decisions, by the month their order was born."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from app.extensions import db
from app.shared.columns import Day, Id, Json, Leaf, Moment, Words


class Entry(db.Model):
    """Something that happened to an order."""

    __tablename__ = "timeline"
    id: Mapped[Leaf]
    cohort: Mapped[Day]
    order_id: Mapped[Id]
    at: Mapped[Moment]
    event: Mapped[Words]
    subject_id: Mapped[Id | None]
    actor: Mapped[Words]
    facts: Mapped[Json]
    # who stands behind it; entries of before there were sources have none
    source: Mapped[Words | None]
    # where it matters which of two people of one name it was
    actor_id: Mapped[Id | None]


class Decision(db.Model):
    """What was chosen, from what facts, by which version of which policy: codes and numbers."""

    __tablename__ = "decisions"
    id: Mapped[Leaf]
    cohort: Mapped[Day]
    order_id: Mapped[Id]
    kind: Mapped[Words]
    policy_version: Mapped[int]
    facts: Mapped[Json]
    made_at: Mapped[Moment]
