"""Routing in the background."""

from __future__ import annotations

from app.checks.service import work_off
from app.orders import waiting
from app.routing import moves, repromise, standing
from app.routing.ahead import fair
from app.routing.service import route
from workers.job import IsTimeUp, job

# A third of a second's work: whoever comes during a burst waits for one such batch.
ROUTED_AT_ONCE = 250


@job
def route_orders(is_time_up: IsTimeUp) -> int:
    """Route every order that is due."""
    return work_off("route_orders", route, is_time_up=is_time_up, size=ROUTED_AT_ONCE, ahead=fair)


@job
def renew_promises(is_time_up: IsTimeUp) -> int:
    """Promise orders anew whose customers' changes make them come later."""
    return work_off("renew_promises", repromise.renew_promises, is_time_up=is_time_up)


@job
def take_back_unconfirmed(is_time_up: IsTimeUp) -> int:
    """Give work that its vendor has not confirmed in time to the next best."""
    look = moves.take_back_unconfirmed
    return work_off("take_back_unconfirmed", look, is_time_up=is_time_up)


@job
def take_back_stopped(is_time_up: IsTimeUp) -> int:
    """Give others what vendors that were stopped have open."""
    return work_off("take_back_stopped", standing.take_back_stopped, is_time_up=is_time_up)


@job
def wake_waiting(is_time_up: IsTimeUp) -> int:
    """Have orders routed that wait for units that came in."""
    return work_off("wake_waiting", waiting.wake_waiting, is_time_up=is_time_up)
