"""Orders and fulfillment orders."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Computed, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import db
from app.shared.columns import Day, Id, Json, Key, Minor, Moment, Words


class Order(db.Model):
    """What one customer placed at one time on one channel."""

    __tablename__ = "orders"
    id: Mapped[Key]
    reference: Mapped[Words]
    channel: Mapped[Words]
    number: Mapped[Words]
    cohort: Mapped[Day]
    placed_at: Mapped[Moment]
    received_at: Mapped[Moment]
    customer_id: Mapped[Id]
    currency: Mapped[Words]
    items_minor: Mapped[Minor]
    freight_minor: Mapped[Minor]
    ship_to: Mapped[Json]
    # made by the database, for lists
    country: Mapped[Words | None] = mapped_column(Computed("ship_to->>'country'", persisted=True))
    shipping: Mapped[Json]
    preferences: Mapped[Json]
    status: Mapped[Words]
    deliver_on: Mapped[Day | None]
    deliver_by: Mapped[Moment | None]
    promise_zone: Mapped[Words]
    delivered_at: Mapped[Moment | None]
    unfilled_since: Mapped[Moment | None]
    # kept true with its fulfillment orders, for lists
    has_part_on_hold: Mapped[bool] = mapped_column(default=False)
    held_since: Mapped[Moment | None]
    request_sha256: Mapped[Words]


class OrderLine(db.Model):
    """One SKU with a quantity and a price; everything is tracked at this level."""

    __tablename__ = "order_lines"
    id: Mapped[Key]
    order_id: Mapped[Id]
    external_id: Mapped[Words]
    sku: Mapped[Words]
    title: Mapped[Words]
    options: Mapped[Json]
    quantity: Mapped[int]
    unrouted: Mapped[int]
    canceled: Mapped[int] = mapped_column(default=0)
    unit_price_minor: Mapped[Minor]
    shipping_minor: Mapped[Minor]
    vendor: Mapped[Words | None]
    ship_by: Mapped[Moment | None]


class OrderHold(db.Model):
    """One doubt about an order; while one is open the order is given to nobody."""

    __tablename__ = "order_holds"
    id: Mapped[Key]
    order_id: Mapped[Id]
    code: Mapped[Words]
    facts: Mapped[Json]
    held_at: Mapped[Moment]
    held_by: Mapped[Words]
    released_at: Mapped[Moment | None]
    released_by: Mapped[Words | None]
    release_note: Mapped[Words | None]


class FulfillmentOrder(db.Model):
    """The part of an order that one vendor location must fulfill."""

    __tablename__ = "fulfillment_orders"
    id: Mapped[Key]
    reference: Mapped[Words]
    vendor_id: Mapped[Id]
    location_id: Mapped[Id]
    order_id: Mapped[Id]
    order_number: Mapped[Words]
    # when its order was placed: a vendor's orders are listed by it
    placed_at: Mapped[Moment]
    cohort: Mapped[Day]
    status: Mapped[Words]
    held_from: Mapped[Words | None]
    hold_reason: Mapped[Words | None]
    # why, as one of our codes where there is one, and since when
    hold_code: Mapped[Words | None]
    held_at: Mapped[Moment | None]
    # why units were declined: our code, and the vendor's words
    decline_code: Mapped[Words | None]
    decline_reason: Mapped[Words | None]
    assigned_at: Mapped[Moment]
    confirm_by: Mapped[Moment | None]
    ship_by: Mapped[Moment]
    confirmed_at: Mapped[Moment | None]
    # The latest hand-over so far; shipped_at is the last one, when all has left.
    last_parcel_at: Mapped[Moment | None]
    shipped_at: Mapped[Moment | None]
    delivered_at: Mapped[Moment | None]
    # the day from which what is bought in for it is there
    waits_until: Mapped[Day | None]
    # the vendor has said that it has the units, and the day on which it means to hand them over
    has_attested: Mapped[bool] = mapped_column(default=False)
    ship_on: Mapped[Day | None]
    # what whoever packed has ticked: [{code, by, at}]
    ticks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    wave_id: Mapped[Id | None]
    # the service that the order asks for; a faster one that ops chose, and what it costs more
    ordered_service: Mapped[Words] = mapped_column(default="standard")
    service: Mapped[Words | None]
    service_minor: Mapped[Minor | None]
    # when it ends unless it leaves, as its vendor was told; and when it ended because it never did
    cancel_at: Mapped[Moment | None]
    lapsed_at: Mapped[Moment | None]
    ship_to: Mapped[Json]
    preferences: Mapped[Json]
    lines: Mapped[list[FoLine]] = relationship(lazy="raise", order_by="FoLine.line")

    @property
    def sent_by(self) -> str:
        """Return the service in force."""
        return self.service or self.ordered_service


class FoLine(db.Model):
    """One line of a fulfillment order; quantities, not flags."""

    __tablename__ = "fo_lines"
    id: Mapped[Key]
    fo_id: Mapped[Id] = mapped_column(ForeignKey("fulfillment_orders.id"))
    vendor_id: Mapped[Id]
    order_id: Mapped[Id]
    order_line_id: Mapped[Id]
    listing_id: Mapped[Id]
    line: Mapped[Words]
    sku: Mapped[Words]
    title: Mapped[Words]
    options: Mapped[Json]
    ordered: Mapped[int]
    is_bought_in: Mapped[bool] = mapped_column(default=False)
    declined: Mapped[int] = mapped_column(default=0)
    # its place may be given these units again: the customer waits for them, or it was not at fault
    is_awaited: Mapped[bool] = mapped_column(default=False)
    confirmed: Mapped[int] = mapped_column(default=0)
    picked: Mapped[int] = mapped_column(default=0)
    packed: Mapped[int] = mapped_column(default=0)
    shipped: Mapped[int] = mapped_column(default=0)
    delivered: Mapped[int] = mapped_column(default=0)
    canceled: Mapped[int] = mapped_column(default=0)


class Wave(db.Model):
    """Fulfillment orders of one location that are picked on one walk."""

    __tablename__ = "waves"
    id: Mapped[Key]
    vendor_id: Mapped[Id]
    location_id: Mapped[Id]
    reference: Mapped[Words]
    made_at: Mapped[Moment]
    made_by: Mapped[Words]
