"""Choices."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.shared.columns import Day, Id, Key, Moment, Words


class Choice(db.Model):
    """A question put to the customer about units that their vendor cannot send as ordered.

    `options` are [{kind: wait, until} | {kind: substitute, sku, title} | {kind: refund}]; it is
    moot where the units found another way.
    """

    __tablename__ = "choices"
    id: Mapped[Key]
    vendor_id: Mapped[Id]
    order_id: Mapped[Id]
    cohort: Mapped[Day]
    order_line_id: Mapped[Id]
    fo_line_id: Mapped[Id]
    reference: Mapped[Words]
    units: Mapped[int]
    code: Mapped[Words]
    options: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    status: Mapped[Words]
    made_at: Mapped[Moment]
    made_by: Mapped[Words]
    answer: Mapped[Words | None]
    answered_at: Mapped[Moment | None]
    answered_by: Mapped[Words | None]
    note: Mapped[Words | None]
