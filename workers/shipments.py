"""Following parcels in the background."""

from __future__ import annotations

from app.carriers.access import access
from app.shipments.tracking import poll
from workers.job import IsTimeUp, job


@job
def poll_shipments(is_time_up: IsTimeUp) -> int:
    """Ask carriers about every parcel that is due."""
    return poll(access, is_time_up=is_time_up)
