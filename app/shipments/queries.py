"""Reading parcels and their scans."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from app.extensions import db
from app.shipments.models import Shipment, TrackingEvent


def shipments_of(order_id: UUID) -> Sequence[Shipment]:
    """Return an order's parcels, first shipped first."""
    query = select(Shipment).where(Shipment.order_id == order_id)
    return db.session.scalars(query.order_by(Shipment.shipped_at, Shipment.id)).all()


def scans_of(shipments: Sequence[Shipment]) -> Sequence[TrackingEvent]:
    """Return the scans of parcels of one order, newest first."""
    if not shipments:
        return []
    query = select(TrackingEvent).where(
        TrackingEvent.cohort == shipments[0].cohort,
        TrackingEvent.shipment_id.in_([s.id for s in shipments]),
    )
    return db.session.scalars(query.order_by(TrackingEvent.local_at.desc()).limit(500)).all()
