"""One version of one policy."""

from __future__ import annotations

from sqlalchemy import Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.shared.columns import Json, Moment, Words


class Policy(db.Model):
    """A document in force from a moment on, until a later version's moment."""

    __tablename__ = "policies"
    kind: Mapped[Words] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    document: Mapped[Json]
    valid_from: Mapped[Moment]
    made_at: Mapped[Moment]
    made_by: Mapped[Words]
