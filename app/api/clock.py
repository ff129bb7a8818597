"""The world clock: read by anybody with a key; stepped in a demonstration or a replay only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app
from redis.exceptions import RedisError

from app import jobs
from app.api.access import caller
from app.api.forms import ClockForm, read
from app.extensions import valkey
from app.orders.queries import has_orders
from app.shared import clock
from app.shared.errors import Conflict, NotAllowed
from app.shared.work import OPS, transaction
from app.web.health import CLOCK_CHANNEL


def mount(blueprint: Blueprint) -> None:
    """Add the routes."""
    blueprint.add_url_rule("/clock", view_func=show_clock, methods=["GET"])
    blueprint.add_url_rule("/clock", view_func=step, methods=["PUT"])


def _document(now: Any) -> dict[str, Any]:
    """Return the time, the pace, and what is due, is being worked on, and comes next."""
    found = jobs.backlogs(now)
    busy = {due.job for due in found if due.ready or due.leased}
    # What is due in the machine's time comes by itself: no step leads there.
    oldest = [due.oldest for due in found if due.oldest and not due.by_machine]
    return {
        "now": now.isoformat(),
        "rate": clock.read().rate,
        "busy": sorted(busy),
        "next_due_at": min(oldest).isoformat() if oldest else None,
    }


def show_clock() -> dict[str, Any]:
    """Return how the world stands."""
    with transaction(OPS) as now:
        return _document(now)


def step() -> dict[str, Any]:
    """Step the world to a moment; with `ring_only`, only those jobs run until it is let go.

    Stepping is refused while anything that is due is unclaimed or under a lease.
    """
    if current_app.config["ENVIRONMENT"] not in {"demo", "test"}:
        raise NotAllowed("The world clock of a real marketplace is the real time.")
    form = read(ClockForm)
    with transaction(OPS) as now:
        document = _document(now)
        if form.now is not None and form.now != now:
            if document["busy"]:
                raise Conflict(f"Still due at {now.isoformat()}: {', '.join(document['busy'])}.")
            if form.now < now and has_orders():
                raise Conflict("The world has begun; its clock never goes back.")
            clock.step(form.now)
        clock.hold(None if form.ring_only is None else tuple(form.ring_only))
    if form.ring_only is None:
        _announce()
    return {"now": (form.now or now).isoformat(), "by": caller().name}


def _announce() -> None:
    try:
        valkey.client.publish(CLOCK_CHANNEL, "step")
    except RedisError:
        # The scheduler's own beat finds it a second later.
        return
