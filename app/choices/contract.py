"""What a vendor may offer for what it cannot send, and what customers may answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Kind(StrEnum):
    """A way out: wait for the same, take something else, or have the money back."""

    WAIT = "wait"
    SUBSTITUTE = "substitute"
    REFUND = "refund"


class Status(StrEnum):
    """How far a choice is; moot: the units found another way before anybody had answered."""

    OPEN = "open"
    ANSWERED = "answered"
    MOOT = "moot"


class Fate(StrEnum):
    """What became of an answer: done, done before, or no longer needed."""

    DONE = "done"
    AGAIN = "again"
    MOOT = "moot"


@dataclass(frozen=True, slots=True)
class Instead:
    """What a vendor offers for the units of a line that it declines.

    `substitute` is the SKU of another listing of its own, `restock_on` the day from which it has
    the same again; both may be offered.
    """

    substitute: str | None = None
    restock_on: date | None = None
