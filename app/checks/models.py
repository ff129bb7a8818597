"""The due table of the watchers, and the dead letters that a person sees."""

from __future__ import annotations

from sqlalchemy import SmallInteger, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.shared.columns import Id, Leaf, Moment, Words


class Check(db.Model):
    """One watcher's next look at one subject; a change of state pulls it to now."""

    __tablename__ = "checks"
    subject_id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    watcher: Mapped[Words] = mapped_column(Text, primary_key=True)
    subject_kind: Mapped[Words]
    order_id: Mapped[Id]
    next_check_at: Mapped[Moment]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)


class DeadLetter(db.Model):
    """Work that was given up after its last attempt, until a person closes it."""

    __tablename__ = "dead_letters"
    id: Mapped[Leaf]
    job: Mapped[Words]
    subject: Mapped[Words]
    reason: Mapped[Words]
    attempts: Mapped[int]
    raised_at: Mapped[Moment]
    closed_at: Mapped[Moment | None]
    closed_by: Mapped[Words | None]
    closed_by_id: Mapped[Id | None]
