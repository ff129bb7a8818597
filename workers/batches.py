"""Bulk changes in the background."""

from __future__ import annotations

from app.batches.running import run
from workers.job import IsTimeUp, job


@job
def run_batches(is_time_up: IsTimeUp) -> int:
    """Work off the rows of bulk changes that are due."""
    return run(is_time_up)
