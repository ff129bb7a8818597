"""Packages and labels, shipments, their lines and scans, and the due table of asking carriers."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from sqlalchemy import BigInteger, Date, Identity, LargeBinary, SmallInteger, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.shared.columns import Day, Id, Json, Key, Leaf, Moment, Words


class Shipment(db.Model):
    """One parcel with one tracking number, handed to one carrier."""

    __tablename__ = "shipments"
    id: Mapped[Key]
    reference: Mapped[Words]
    vendor_id: Mapped[Id]
    order_id: Mapped[Id]
    fo_id: Mapped[Id]
    cohort: Mapped[Day]
    carrier: Mapped[Words]
    tracking_number: Mapped[Words]
    period: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[Words]
    delay_reason: Mapped[Words | None]
    shipped_at: Mapped[Moment]
    first_scan_at: Mapped[Moment | None]
    last_scan_at: Mapped[Moment | None]
    delivered_at: Mapped[Moment | None]
    eta: Mapped[Moment | None]


class ShipmentLine(db.Model):
    """Units of a fulfillment order line in a parcel."""

    __tablename__ = "shipment_lines"
    shipment_id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    fo_line_id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    vendor_id: Mapped[Id]
    quantity: Mapped[int]


class Poll(db.Model):
    """When a carrier is asked about a parcel next, and until when its silence is known."""

    __tablename__ = "polls"
    shipment_id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    carrier: Mapped[Words]
    next_poll_at: Mapped[Moment]
    heard_at: Mapped[Moment | None]
    is_awaited: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[Moment | None]
    lease_token: Mapped[Id | None]
    last_error: Mapped[Words | None]


class TrackingEvent(db.Model):
    """One carrier scan, normalized; unique per shipment and never deleted."""

    __tablename__ = "tracking_events"
    cohort: Mapped[date] = mapped_column(Date, primary_key=True)
    shipment_id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    event_key: Mapped[Words] = mapped_column(Text, primary_key=True)
    order_id: Mapped[Id]
    vendor_id: Mapped[Id]
    occurred_at: Mapped[Moment | None]
    local_at: Mapped[Words]
    code: Mapped[Words]
    description: Mapped[Words]
    status: Mapped[Words | None]
    delay_reason: Mapped[Words | None]
    place: Mapped[Words]
    is_read: Mapped[bool]
    heard_at: Mapped[Moment]


class UnreadAnswer(db.Model):
    """Something a carrier said that no table knows: counted, never guessed."""

    __tablename__ = "unread_answers"
    id: Mapped[Leaf]
    carrier: Mapped[Words]
    what: Mapped[Words]
    sample: Mapped[Words]
    seen: Mapped[int]
    first_seen_at: Mapped[Moment]
    last_seen_at: Mapped[Moment]


class Scan(db.Model):
    """What was scanned while picking, or told by hand; sent twice it counts once.

    `counted`: what it picked, [[line id, units]]; `facts`: what the page said of it.
    """

    __tablename__ = "scans"
    vendor_id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    wave_id: Mapped[Id | None]
    fo_id: Mapped[Id | None]
    at: Mapped[Moment]
    by: Mapped[Words]
    code: Mapped[Words]
    quantity: Mapped[int]
    outcome: Mapped[Words]
    facts: Mapped[Json]
    counted: Mapped[list[Any]] = mapped_column(JSONB)
    undone_at: Mapped[Moment | None]
    # in which order they came in
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))


class Package(db.Model):
    """A parcel as it is packed; once it has left, its shipment says so."""

    __tablename__ = "packages"
    id: Mapped[Key]
    vendor_id: Mapped[Id]
    order_id: Mapped[Id]
    fo_id: Mapped[Id]
    cohort: Mapped[Day]
    reference: Mapped[Words]
    # from 1 on, within its fulfillment order
    number: Mapped[int] = mapped_column(SmallInteger)
    box: Mapped[Words | None]
    weight_g: Mapped[int | None]
    length_mm: Mapped[int | None]
    width_mm: Mapped[int | None]
    height_mm: Mapped[int | None]
    packed_at: Mapped[Moment]
    packed_by: Mapped[Words]
    shipment_id: Mapped[Id | None]


class PackageLine(db.Model):
    """Units of a fulfillment order line in a package."""

    __tablename__ = "package_lines"
    package_id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    fo_line_id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    vendor_id: Mapped[Id]
    quantity: Mapped[int]


class Label(db.Model):
    """A label of a package: drawn by a provider, or a file of the vendor's own; one is live."""

    __tablename__ = "labels"
    id: Mapped[Key]
    vendor_id: Mapped[Id]
    package_id: Mapped[Id]
    provider: Mapped[Words]
    carrier: Mapped[Words | None]
    tracking_number: Mapped[Words | None]
    service: Mapped[Words | None]
    # the faster service by which its fulfillment order went then; None: as ordered
    made_for: Mapped[Words | None]
    made_at: Mapped[Moment]
    made_by: Mapped[Words]
    media_type: Mapped[Words | None]
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    printed: Mapped[int] = mapped_column(default=0)
    voided_at: Mapped[Moment | None]
    voided_by: Mapped[Words | None]
    void_reason: Mapped[Words | None]


class NumberClaim(db.Model):
    """A vendor's fulfillment order was refused a number that another vendor's parcel has.

    Settled: ops say that it stays where it is (`is_kept`), or it was freed.
    """

    __tablename__ = "number_claims"
    id: Mapped[Key]
    fo_id: Mapped[Id]
    carrier: Mapped[Words]
    tracking_number: Mapped[Words]
    claimed_at: Mapped[Moment]
    claimed_by: Mapped[Words]
    settled_at: Mapped[Moment | None]
    settled_by: Mapped[Words | None]
    is_kept: Mapped[bool] = mapped_column(default=False)


class Pickup(db.Model):
    """When a carrier comes to a location, and whether it came; local times of the location."""

    __tablename__ = "pickups"
    id: Mapped[Key]
    vendor_id: Mapped[Id]
    location_id: Mapped[Id]
    carrier: Mapped[Words]
    day: Mapped[Day]
    from_time: Mapped[time]
    until_time: Mapped[time]
    note: Mapped[Words | None]
    made_at: Mapped[Moment]
    made_by: Mapped[Words]
    came: Mapped[bool | None]
    said_at: Mapped[Moment | None]
    said_by: Mapped[Words | None]
    canceled_at: Mapped[Moment | None]
