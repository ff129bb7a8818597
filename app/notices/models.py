"""Notices, and up to when people have seen them."""

from __future__ import annotations

from sqlalchemy import Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.shared.columns import Id, Json, Key, Moment, Words


class Notice(db.Model):
    """Something that an audience is told: a person, a role, all of ops, or a vendor's people."""

    __tablename__ = "notices"
    id: Mapped[Key]
    audience: Mapped[Words]
    kind: Mapped[Words]
    subject: Mapped[Words]
    facts: Mapped[Json]
    once: Mapped[Words]
    at: Mapped[Moment]


class NoticeMark(db.Model):
    """Up to when somebody has looked, was mailed at once, and had their digest."""

    __tablename__ = "notice_marks"
    user_id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    seen_until: Mapped[Moment]
    mailed_until: Mapped[Moment]
    digested_until: Mapped[Moment]
