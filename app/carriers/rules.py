"""What a set of scans means; the order in which they were read never matters."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from app.carriers.contract import DelayReason, Scan, TrackingStatus

# At one moment the word that says more about the parcel counts; carriers pair their scans.
RANK = {
    status: rank
    for rank, status in enumerate(
        (
            TrackingStatus.PENDING,
            TrackingStatus.EXPIRED,
            TrackingStatus.INFO_RECEIVED,
            TrackingStatus.IN_TRANSIT,
            TrackingStatus.OUT_FOR_DELIVERY,
            TrackingStatus.EXCEPTION,
            TrackingStatus.ATTEMPT_FAILED,
            TrackingStatus.AVAILABLE_FOR_PICKUP,
            TrackingStatus.LOST,
            TrackingStatus.DELIVERED,
            TrackingStatus.RETURNED,
        )
    )
}
# A label or a booked pickup is paper: the carrier does not hold the parcel yet.
PAPER = frozenset(
    {None, TrackingStatus.PENDING, TrackingStatus.INFO_RECEIVED, TrackingStatus.EXPIRED}
)
# From here on an earlier delay is over; what follows is a new fact.
PAST_DELAY = frozenset({TrackingStatus.OUT_FOR_DELIVERY, TrackingStatus.AVAILABLE_FOR_PICKUP})
ENDED = (TrackingStatus.RETURNED, TrackingStatus.DELIVERED)
# The east of the world begins a date this long before UTC does.
EARLIEST_ZONE = timedelta(hours=14)
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)

Place = tuple[datetime, str, int, str, str, str, str]


def in_order(scans: Iterable[Scan]) -> list[Scan]:
    """Return the scans oldest first, the same for every order they come in."""
    return sorted(scans, key=place_in_time)


def place_in_time(scan: Scan) -> Place:
    """Return where a scan stands among the others; without UTC, the earliest its date can mean."""
    # The event's own words end every tie, as its key would, without hashing a scan to sort it.
    at, local = scan.occurred_at, ""
    if not at:
        at, local = _earliest(scan.local_at), scan.local_at
    rank = RANK[scan.status] if scan.status else -1
    words = (scan.code, scan.description, scan.place, scan.delay_reason or "")
    return at, local, rank, *words


def status_of(scans: Iterable[Scan]) -> TrackingStatus | None:
    """Return the status: turned back beats delivered, delivered beats all else, then the newest."""
    told = [scan for scan in scans if scan.status]
    said = {scan.status for scan in told}
    final = next((status for status in ENDED if status in said), None)
    if final or not told:
        return final
    return max(told, key=place_in_time).status


def delivered_scan(scans: Iterable[Scan]) -> Scan | None:
    """Return the scan that first handed over a parcel that was not turned back."""
    told = list(scans)
    if status_of(told) is not TrackingStatus.DELIVERED:
        return None
    handed = [scan for scan in told if scan.status is TrackingStatus.DELIVERED]
    return min(handed, key=lambda scan: (scan.occurred_at is None, place_in_time(scan)))


def delivered_at(scans: Iterable[Scan]) -> datetime | None:
    """Return when the parcel was handed over, None where that is not known in UTC."""
    scan = delivered_scan(scans)
    return scan.occurred_at if scan else None


def delay_of(scans: Iterable[Scan]) -> DelayReason | None:
    """Return the newest reason for a delay that nothing later has overcome."""
    told = in_order(scans)
    if status_of(told) in ENDED:
        return None
    speaking = (scan for scan in reversed(told) if scan.delay_reason or scan.status in PAST_DELAY)
    return next((scan.delay_reason for scan in speaking), None)


def first_scan_at(scans: Iterable[Scan]) -> datetime | None:
    """Return when the carrier first held the parcel; paper does not count."""
    held = (scan.occurred_at for scan in scans if scan.status not in PAPER)
    return min((moment for moment in held if moment), default=None)


def last_scan_at(scans: Iterable[Scan]) -> datetime | None:
    """Return when the carrier last said anything, readable or not."""
    return max((scan.occurred_at for scan in scans if scan.occurred_at), default=None)


def _earliest(local_at: str) -> datetime:
    # A scan without an offset may be newest only when it is so in every zone of the world.
    try:
        day = datetime.fromisoformat(local_at[:10]).replace(tzinfo=UTC)
        return day - EARLIEST_ZONE
    except (ValueError, OverflowError):
        return BEFORE_ALL
