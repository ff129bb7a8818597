"""The outbox in the background."""

from __future__ import annotations

from flask import current_app

from app.notifications.registry import channel
from app.notifications.sending import send_due
from app.orders.letters import fill
from workers.job import IsTimeUp, job


@job
def send_notifications(is_time_up: IsTimeUp) -> int:
    """Send every message that is due."""
    config = current_app.config
    with channel("email").open(config["SMTP_URL"], config["MAIL_FROM"]) as sender:
        return send_due(sender, is_time_up=is_time_up, fill=fill)
