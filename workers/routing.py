"""Routing in the background."""

from __future__ import annotations

from app.checks.service import work_off
from app.routing.service import route
from workers.job import IsTimeUp, job


@job
def route_orders(is_time_up: IsTimeUp) -> int:
    """Route every order that is due."""
    return work_off("route_orders", route, is_time_up=is_time_up)
