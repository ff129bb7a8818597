"""Customers."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from app.extensions import db
from app.shared.columns import Key, Words


class Customer(db.Model):
    """A person who buys on one channel."""

    __tablename__ = "customers"
    id: Mapped[Key]
    channel: Mapped[Words]
    external_id: Mapped[Words]
    name: Mapped[Words]
    email: Mapped[Words | None]
    phone: Mapped[Words | None]
    locale: Mapped[Words | None]
