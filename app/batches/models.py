"""Bulk changes and their rows."""

from __future__ import annotations

from sqlalchemy import Integer, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.shared.columns import Id, Json, Key, Moment, Words


class Batch(db.Model):
    """One act that somebody asks for many rows; people live in the machine's time."""

    __tablename__ = "batches"
    id: Mapped[Key]
    reference: Mapped[Words]
    act: Mapped[Words]
    arguments: Mapped[Json]
    query: Mapped[Words]
    made_by_id: Mapped[Id]
    made_by: Mapped[Words]
    made_at: Mapped[Moment]
    status: Mapped[Words]
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    undoes_id: Mapped[Id | None]
    due_at: Mapped[Moment | None]
    started_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]
    ended_by: Mapped[Words | None]


class BatchRow(db.Model):
    """One row of a bulk change: how it stood when it was chosen, and what became of it."""

    __tablename__ = "batch_rows"
    batch_id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    subject: Mapped[Words]
    name: Mapped[Words]
    seen: Mapped[Words]
    foreseen: Mapped[Words | None]
    status: Mapped[Words] = mapped_column(Text, default="waiting")
    reason: Mapped[Json | None]
