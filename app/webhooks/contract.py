"""What vendors' programs are told, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from app.shared.language import later

ASSIGNED: Final = "fulfillment_order.assigned"
CHANGED: Final = "fulfillment_order.changed"
CANCELED: Final = "fulfillment_order.canceled"
TAKEN_BACK: Final = "fulfillment_order.taken_back"
HELD: Final = "fulfillment_order.held"
REMINDER: Final = "fulfillment_order.reminder"
# What the button sends.
TEST: Final = "endpoint.test"
# The events, and what each says.
EVENTS: Final[Mapping[str, str]] = {
    ASSIGNED: later("New work is yours"),
    CHANGED: later("Its address, units or wishes are changed"),
    CANCELED: later("Nothing of it is wanted any more"),
    TAKEN_BACK: later("It is given to somebody else"),
    HELD: later("Somebody else puts it on hold"),
    REMINDER: later("Your word, or the parcel, is due soon"),
}
# Notices that are events, too: what people are told on screen, programs are told as well.
OF_NOTICES: Final[Mapping[str, str]] = {
    "work_assigned": ASSIGNED,
    "work_changed": CHANGED,
    "work_taken_back": TAKEN_BACK,
    "work_held": HELD,
    "work_reminder": REMINDER,
}
# What a notice knows of its cause goes along; what it says else stands in the document.
TOLD: Final = ("changed", "reason", "asks", "due_at")
# What was delivered is kept this long, for whoever asks what became of it.
KEPT_DAYS: Final = 30
MOST_ENDPOINTS: Final = 10


class Fate(StrEnum):
    """How a delivery stands."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    # its endpoint is gone
    DROPPED = "dropped"


class Stopped(StrEnum):
    """Why an endpoint is sent nothing any more."""

    BY_HAND = "by_hand"
    # it answered 410: nobody there wants anything
    GONE = "gone"
    # nothing arrived for days
    FAILING = "failing"
