"""Who stands behind what happens to an order, and what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Source(StrEnum):
    """Who stands behind an entry: somebody of ops or of a vendor, a program, a carrier, or us."""

    PERSON = "person"
    VENDOR = "vendor"
    VENDOR_KEY = "vendor_key"
    KEY = "key"
    CARRIER = "carrier"
    ONWARD = "onward"


# What an entry is about, by how its event's name begins.
ABOUT: Final[Mapping[str, tuple[str, ...]]] = {
    "order": ("order_",),
    "work": ("fulfillment_order_",),
    "parcels": ("parcel_",),
    "trouble": ("case_", "escalation_"),
    "money": ("payment_", "compensation_"),
    "notes": ("note_",),
}
