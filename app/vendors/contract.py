"""What vendors are: their kinds, how they stand, and what is done about that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class Kind(StrEnum):
    """What sort of vendor: sells its own goods, ships others', or has its suppliers ship."""

    MERCHANT = "merchant"
    FULFILLMENT_HOUSE = "fulfillment_house"
    DROP_SHIPPER = "drop_shipper"


class Status(StrEnum):
    """How a vendor stands."""

    ACTIVE = "active"
    # watched, and given work all the same
    REVIEW = "review"
    # away by its own wish; given nothing
    PAUSED = "paused"
    # given nothing by ours
    SUSPENDED = "suspended"
    # for good: its people and keys are nobody's
    CLOSED = "closed"


class Move(StrEnum):
    """What is done about how a vendor stands."""

    REVIEW = "review"
    CLEAR = "clear"
    PAUSE = "pause"
    SUSPEND = "suspend"
    REOPEN = "reopen"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Step:
    """A move of one vendor: why, and the day from which it is active again by itself."""

    code: str
    move: Move
    reason: str = ""
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A vendor that stands otherwise than before; `until` is when the day begins that was named."""

    id: UUID
    code: str
    name: str
    email: str | None
    step: Step
    was: Status
    status: Status
    until: datetime | None
