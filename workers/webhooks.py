"""Vendors' webhooks in the background."""

from __future__ import annotations

from flask import current_app

from app.shared.pinned import Pinned
from app.webhooks.feeding import feed
from app.webhooks.sending import send_due
from workers.job import IsTimeUp, job


@job
def feed_webhooks(_is_time_up: IsTimeUp) -> int:
    """Queue for vendors' programs what their vendors were told."""
    return feed()


@job
def send_webhooks(is_time_up: IsTimeUp) -> int:
    """Deliver everything that is due."""
    caller = Pinned(is_strict=current_app.config["PUBLIC_WEBHOOKS_ONLY"])
    return send_due(caller, is_time_up=is_time_up)
