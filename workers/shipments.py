"""Following parcels in the background."""

from __future__ import annotations

from app.carriers.access import access
from app.checks.service import work_off
from app.shipments.service import ask
from app.shipments.tracking import poll
from workers.job import IsTimeUp, job


@job
def poll_shipments(is_time_up: IsTimeUp) -> int:
    """Ask carriers about every parcel that is due."""
    return poll(access, is_time_up=is_time_up)


@job
def ask_carriers(is_time_up: IsTimeUp) -> int:
    """Bring forward the questions that somebody waits for."""
    return work_off("ask_carriers", ask, is_time_up=is_time_up)
