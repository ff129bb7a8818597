"""Compensation in the background."""

from __future__ import annotations

from app.checks.service import work_off
from app.compensation.service import compensate as judge
from workers.job import IsTimeUp, job


@job
def compensate(is_time_up: IsTimeUp) -> int:
    """Judge every late order that is due."""
    return work_off("compensate", judge, is_time_up=is_time_up)
