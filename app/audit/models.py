"""The audit trail."""

from __future__ import annotations

from sqlalchemy import BigInteger, SmallInteger, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.shared import ids
from app.shared.columns import Id, Json, Moment, Words


class AuditEntry(db.Model):
    """One act; the database dates it and seals it into the chain when it is committed."""

    __tablename__ = "audit"
    id: Mapped[Id] = mapped_column(Uuid, primary_key=True, default=ids.new)
    position: Mapped[int | None] = mapped_column(BigInteger)
    at: Mapped[Moment]
    actor_kind: Mapped[Words]
    actor_id: Mapped[Id | None]
    actor: Mapped[Words]
    vendor_id: Mapped[Id | None]
    action: Mapped[Words]
    outcome: Mapped[Words]
    subject: Mapped[Words]
    address: Mapped[Words]
    facts: Mapped[Json]
    hash: Mapped[str | None] = mapped_column(Text)


class AuditHead(db.Model):
    """The end of the chain."""

    __tablename__ = "audit_head"
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[Words]
