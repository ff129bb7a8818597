"""Which event wakes which watcher; and how a look that failed is tried again."""

from __future__ import annotations

from datetime import datetime, timedelta

# Event -> the watchers whose check of that subject is pulled to now.
WAKES: dict[str, tuple[str, ...]] = {
    "order placed": ("route_orders", "watch"),
    "lines unrouted": ("route_orders",),
    "promise doubted": ("renew_promises",),
    "units came in": ("wake_waiting",),
    "vendor stopped": ("take_back_stopped",),
    "fulfillment order changed": ("watch",),
    "order changed": ("watch",),
    "shipment changed": ("watch",),
    "silence doubted": ("ask_carriers",),
    "answer awaited": ("watch", "compensate"),
    "case changed": ("escalate",),
    "order canceled": ("compensate",),
    "delivery judged": ("compensate",),
}

# Watchers that no event wakes: whoever makes their subject says when they look.
TIMED = ("take_back_unconfirmed", "remind_vendors", "cancel_unshipped")

# A subject that cannot be judged is tried this often before a person is asked: about eight hours.
MOST_ATTEMPTS = 10


def retry_at(now: datetime, attempts: int) -> datetime:
    """Return when to look again after a failed look: 1, 2, 4 ... minutes, at most 12 hours."""
    return now + min(timedelta(minutes=2 ** (attempts - 1)), timedelta(hours=12))
