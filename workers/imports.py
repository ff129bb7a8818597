"""Files in the background."""

from __future__ import annotations

from app.intake.running import run
from workers.job import IsTimeUp, job


@job
def run_imports(is_time_up: IsTimeUp) -> int:
    """Work off the records of files that are due."""
    return run(is_time_up)
