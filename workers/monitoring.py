"""The watch in the background."""

from __future__ import annotations

from app.checks.service import work_off
from app.monitoring.service import watch as look
from workers.job import IsTimeUp, job


@job
def watch(is_time_up: IsTimeUp) -> int:
    """Look at everything that is due."""
    return work_off("watch", look, is_time_up=is_time_up)
