"""When to ask a carrier about a parcel, and what its scans add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.carriers import rules as scans_mean
from app.carriers.contract import DelayReason, Scan, TrackingStatus
from app.policies.documents import Tracking

# A carrier that fails is asked again after 1, 2, 4 ... minutes, at most after this.
LONGEST_WAIT = timedelta(hours=6)
# Nothing comes after these.
ENDED = frozenset({TrackingStatus.DELIVERED, TrackingStatus.RETURNED})


def next_poll(now: datetime, status: str, policy: Tracking) -> datetime:
    """Return the next moment to ask: the next one on the grid of hours that the status has.

    On a grid, parcels of one carrier fall due together and share calls.
    """
    is_near = status == TrackingStatus.OUT_FOR_DELIVERY
    hours = policy.out_for_delivery_every_hours if is_near else policy.every_hours
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    step = timedelta(hours=hours)
    return day + ((now - day) // step + 1) * step


def retry_poll(now: datetime, attempts: int, after: timedelta | None) -> datetime:
    """Return when to ask again after a failure; a carrier's own wish counts if it is longer."""
    wait = min(timedelta(minutes=2 ** min(attempts - 1, 10)), LONGEST_WAIT)
    return now + max(wait, after or wait)


def is_given_up(now: datetime, last_news_at: datetime, policy: Tracking) -> bool:
    """Return whether a parcel has been silent for so long that nobody asks any more."""
    days = policy.give_up_days
    return days is not None and now - last_news_at > timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Standing:
    """What all scans of a parcel add up to."""

    status: TrackingStatus
    delay_reason: DelayReason | None
    first_scan_at: datetime | None
    last_scan_at: datetime | None
    delivered_at: datetime | None


def standing(scans: Sequence[Scan]) -> Standing:
    """Return a parcel's standing: a function of the set of its scans."""
    status = scans_mean.status_of(scans) or TrackingStatus.PENDING
    return Standing(
        status,
        scans_mean.delay_of(scans),
        scans_mean.first_scan_at(scans),
        scans_mean.last_scan_at(scans),
        _delivered_at(scans) if status is TrackingStatus.DELIVERED else None,
    )


def _delivered_at(scans: Sequence[Scan]) -> datetime | None:
    scan = scans_mean.delivered_scan(scans)
    if scan is None or scan.occurred_at:
        return scan.occurred_at if scan else None
    # Without an offset only the local date is a fact; lateness goes by it.
    try:
        return datetime.fromisoformat(scan.local_at).replace(tzinfo=UTC)
    except ValueError:
        return None
