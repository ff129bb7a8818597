"""What can be offered and answered, and when a question has become moot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from app.choices.contract import Instead, Kind, Status

Option = Mapping[str, Any]
# What comes back later than this is no plan; it is a year that was typed wrong.
FURTHEST = timedelta(days=365)


def options_of(instead: Instead, title: str | None) -> list[dict[str, Any]]:
    """Return what a customer can choose from; `title` is what the substitute is called.

    Their money back is always among it.
    """
    options: list[dict[str, Any]] = []
    if instead.restock_on:
        options.append({"kind": Kind.WAIT, "until": instead.restock_on.isoformat()})
    if instead.substitute:
        options.append({"kind": Kind.SUBSTITUTE, "sku": instead.substitute, "title": title})
    return [*options, {"kind": Kind.REFUND}]


def option_of(options: Sequence[Option], kind: str) -> Option | None:
    """Return the option of a kind, if it is offered."""
    return next((one for one in options if one["kind"] == kind), None)


def is_restock_day(day: date, today: date) -> bool:
    """Return whether units can be said to be back on a day."""
    return today < day <= today + FURTHEST


def left_of(units: int, unrouted: int) -> int:
    """Return how many of a choice's units still wait for its answer.

    Units that routing has given to somebody, or that were called off, need none.
    """
    return min(units, unrouted)


def status_of(status: str, units: int, unrouted: int) -> Status:
    """Return how far a choice is now: an open one whose units are all taken care of is moot."""
    is_moot = status == Status.OPEN and left_of(units, unrouted) == 0
    return Status.MOOT if is_moot else Status(status)
