"""Vendors' work in the background."""

from __future__ import annotations

from app.checks.service import work_off
from app.orders.reminders import WATCHER, remind
from workers.job import IsTimeUp, job


@job
def remind_vendors(is_time_up: IsTimeUp) -> int:
    """Remind vendors of what is due soon."""
    return work_off(WATCHER, remind, is_time_up=is_time_up)
