"""When a vendor is at peak, so that somebody asks it how things go before they go wrong.

Its work of today and tomorrow, with what is late of it, against two days of what it usually hands
over, and of what it says it can. A vendor with less than ten to hand over is never called busy:
one good day of a small shop is no peak.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

# Today and tomorrow: with two usual days to hand over both are full, and more comes in.
# Amazon takes more than 4% late for too much: of a peak's 125, that is five.
DAYS, LEAST_DUE, LEAST_LATE = 2, 10, 5
# What is usual is the mean of so many weeks, over the days on which it works.
WEEKS = 4
# Whoever was written with so lately was asked.
SILENCE = timedelta(hours=24)


class Why(StrEnum):
    """Why a vendor is at peak: work is late, more than usual is due, or more than it can do."""

    LATE = "late"
    BUSY = "busy"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Load:
    """What a vendor has to do, in fulfillment orders that have not left.

    `late` now; `due` by the end of tomorrow, the late ones with them; `usual` and `capacity` a day,
    where it says what it can.
    """

    late: int
    due: int
    usual: int
    capacity: int | None = None


def peak(load: Load) -> tuple[Why, ...]:
    """Return why a vendor is at peak; nothing where it is not."""
    found = {
        Why.BUSY: load.due >= max(LEAST_DUE, DAYS * load.usual),
        Why.FULL: load.capacity is not None and load.due > DAYS * load.capacity,
        Why.LATE: load.late >= LEAST_LATE,
    }
    return tuple(why for why, holds in found.items() if holds)


def pressure(load: Load) -> tuple[int, int]:
    """Return by what vendors are compared: the most late, then the most to hand over."""
    return load.late, load.due


def facts(load: Load) -> dict[str, int]:
    """Return the numbers that say why a vendor is at peak, by their names; none where it is not."""
    why = peak(load)
    found: dict[str, int] = {}
    if Why.BUSY in why or Why.FULL in why:
        found["due"] = load.due
    if Why.BUSY in why:
        found["usual"] = load.usual
    if Why.FULL in why and load.capacity is not None:
        found["most"] = load.capacity
    if Why.LATE in why:
        found["late"] = load.late
    return found
