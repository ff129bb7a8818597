"""Escalations in the background."""

from __future__ import annotations

from app.checks.service import work_off
from app.escalations.service import escalate as climb
from workers.job import IsTimeUp, job


@job
def escalate(is_time_up: IsTimeUp) -> int:
    """Climb every rung that is due."""
    return work_off("escalate", climb, is_time_up=is_time_up)
