"""The facts the watch looks at and what it finds in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """When lateness is critical, what counts as a stall, and how long to wait for a carrier."""

    dispatch_critical_after: timedelta
    delivery_critical_after: timedelta
    stalled_after: timedelta
    patience: timedelta


@dataclass(frozen=True, slots=True)
class DispatchFacts:
    """A fulfillment order's hand-over: promised, happened, or no longer asked for."""

    ship_by: datetime
    shipped_at: datetime | None
    is_called_off: bool
    # since when its vendor cannot send it to where it should go
    unaddressed_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryFacts:
    """An order's arrival; `heard_at` is until when its carriers' silence is known to be silence."""

    deliver_by: datetime | None
    delivered_at: datetime | None
    is_called_off: bool
    heard_at: datetime | None
    unfilled_since: datetime | None
    # A carrier has been asked again and again and gives no answer.
    is_unanswered: bool = False


@dataclass(frozen=True, slots=True)
class TransitFacts:
    """A parcel's scans on its way; it left at the first moment of `moments`."""

    moments: Sequence[datetime]
    delivered_at: datetime | None
    has_ended: bool
    heard_at: datetime | None
    is_unanswered: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong: since when, critical since when, over since when; times of events."""

    kind: str
    occurred_at: datetime
    critical_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that is or was wrong with a subject, when to look again, and whether to ask first."""

    findings: tuple[Finding, ...] = ()
    look_again_at: datetime | None = None
    must_ask: bool = False
