"""Listings, stock and reservations."""

from __future__ import annotations

from sqlalchemy import Boolean, Computed, SmallInteger, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.shared.columns import Day, Id, Key, Minor, Moment, Words


class Product(db.Model):
    """What a SKU is, whoever sells it."""

    __tablename__ = "products"
    sku: Mapped[Words] = mapped_column(Text, primary_key=True)
    title: Mapped[Words]
    gtin: Mapped[Words | None]
    weight_g: Mapped[int | None]
    length_mm: Mapped[int | None]
    width_mm: Mapped[int | None]
    height_mm: Mapped[int | None]
    most_units: Mapped[int | None]
    # how it is packed: of PACKING in app/catalog/rules.py; and in words
    packing: Mapped[list[str] | None] = mapped_column(JSONB)
    packing_note: Mapped[Words | None]
    changed_at: Mapped[Moment]


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
    price_minor: Mapped[Minor | None]
    # working days in which the location can buy in what it lacks; None: it cannot
    buy_in_days: Mapped[int | None] = mapped_column(SmallInteger)
    restock_on: Mapped[Day | None]
    # where it lies, and what the vendor's own labels say where that is not the SKU
    bin: Mapped[Words | None]
    own_code: Mapped[Words | None]
    # as they are sought, by how they begin
    title_sought: Mapped[Words] = mapped_column(Text, Computed("lower(title)", persisted=True))
    own_code_sought: Mapped[Words | None] = mapped_column(
        Text, Computed("upper(own_code)", persisted=True)
    )


class Stock(db.Model):
    """Units of a listing: available is on hand less reserved."""

    __tablename__ = "stock"
    listing_id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    vendor_id: Mapped[Id]
    on_hand: Mapped[int]
    reserved: Mapped[int]
    # no more are free than FEW of app/catalog/rules.py
    is_few: Mapped[bool] = mapped_column(
        Boolean, Computed("on_hand - reserved <= 5", persisted=True)
    )


class Reservation(db.Model):
    """Units held for one line of a fulfillment order until they ship or are released."""

    __tablename__ = "reservations"
    fo_line_id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    listing_id: Mapped[Id]
    vendor_id: Mapped[Id]
    quantity: Mapped[int]
