"""Listings, stock and reservations."""

from __future__ import annotations

from sqlalchemy import Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.shared.columns import Id, Key, Minor, Words


class Listing(db.Model):
    """One vendor location's way to sell one SKU."""

    __tablename__ = "listings"
    id: Mapped[Key]
    vendor_id: Mapped[Id]
    location_id: Mapped[Id]
    sku: Mapped[Words]
    title: Mapped[Words]
    cost_minor: Mapped[Minor]
    currency: Mapped[Words]
    is_active: Mapped[bool]


class Stock(db.Model):
    """Units of a listing: available is on hand less reserved."""

    __tablename__ = "stock"
    listing_id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    vendor_id: Mapped[Id]
    on_hand: Mapped[int]
    reserved: Mapped[int]


class Reservation(db.Model):
    """Units held for one line of a fulfillment order until they ship or are released."""

    __tablename__ = "reservations"
    fo_line_id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    listing_id: Mapped[Id]
    vendor_id: Mapped[Id]
    quantity: Mapped[int]
