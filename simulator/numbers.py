"""Tracking numbers a carrier could have printed, by running number."""

from __future__ import annotations

EXPRESS_WEIGHTS = (3, 1, 7)
# Real numbers of today begin with a 7; a run of numbers keeps clear of leading zeros.
EXPRESS_FIRST = 70_000_000_000
GROUND_FIRST = 41_441_760_000_000


def fedex_number(n: int) -> str:
    """Return the n-th FedEx Express number: eleven digits and their check digit."""
    digits = f"{EXPRESS_FIRST + n:011d}"
    total = sum(int(d) * EXPRESS_WEIGHTS[i % 3] for i, d in enumerate(digits))
    return f"{digits}{total % 11 % 10}"


def fedex_ground_number(n: int) -> str:
    """Return the n-th FedEx Ground number: fourteen digits and their check digit."""
    digits = f"{GROUND_FIRST + n:014d}"
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits))
    return f"{digits}{-total % 10}"
