"""Vendors and their locations."""

from __future__ import annotations

from datetime import time

from sqlalchemy import ARRAY, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.shared.columns import Day, Id, Key, Moment, Words


class Vendor(db.Model):
    """Who ships."""

    __tablename__ = "vendors"
    id: Mapped[Key]
    code: Mapped[Words]
    name: Mapped[Words]
    email: Mapped[Words | None]
    status: Mapped[Words]
    kind: Mapped[Words] = mapped_column(default="merchant")
    status_reason: Mapped[Words | None]
    status_by: Mapped[Words | None]
    status_at: Mapped[Moment | None]
    # from then on it is active again by itself
    status_until: Mapped[Moment | None]


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
    # ISO weekdays; whose public holidays are kept ("DE-BY"), None: none
    working_days: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    holidays: Mapped[Words | None]
    # fulfillment orders a day, None: no limit; countries, None: everywhere
    daily_capacity: Mapped[int | None]
    ships_to: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    is_active: Mapped[bool] = mapped_column(default=True)


class Closure(db.Model):
    """Days on which a location hands nothing over."""

    __tablename__ = "closures"
    id: Mapped[Key]
    vendor_id: Mapped[Id]
    location_id: Mapped[Id]
    first_day: Mapped[Day]
    last_day: Mapped[Day]
    reason: Mapped[Words]
    made_at: Mapped[Moment]
    made_by: Mapped[Words]
