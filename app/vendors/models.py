"""Vendors and their locations."""

from __future__ import annotations

from datetime import time

from sqlalchemy import SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.shared.columns import Id, Key, Words


class Vendor(db.Model):
    """Who ships."""

    __tablename__ = "vendors"
    id: Mapped[Key]
    code: Mapped[Words]
    name: Mapped[Words]
    email: Mapped[Words | None]
    status: Mapped[Words]


class Location(db.Model):
    """A place a vendor ships from, with its own zone, cut-off and handling time."""

    __tablename__ = "locations"
    id: Mapped[Key]
    vendor_id: Mapped[Id]
    code: Mapped[Words]
    name: Mapped[Words]
    zone: Mapped[Words]
    country: Mapped[Words]
    region: Mapped[Words | None]
    city: Mapped[Words | None]
    postal_code: Mapped[Words | None]
    cut_off: Mapped[time]
    handling_days: Mapped[int] = mapped_column(SmallInteger)
