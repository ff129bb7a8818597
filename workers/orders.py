"""Vendors' work in the background."""

from __future__ import annotations

from app.checks.service import work_off
from app.orders.reminders import WATCHER, remind
from app.unshipped import service as unshipped
from workers.job import IsTimeUp, job


@job
def remind_vendors(is_time_up: IsTimeUp) -> int:
    """Remind vendors of what is due soon."""
    return work_off(WATCHER, remind, is_time_up=is_time_up)


@job
def cancel_unshipped(is_time_up: IsTimeUp) -> int:
    """Warn of the end of what never left, and end it when its time has come."""
    return work_off(unshipped.WATCHER, unshipped.look, is_time_up=is_time_up)
