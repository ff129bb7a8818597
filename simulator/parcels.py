"""What happens to a parcel on its way: the usual scans, and the fates that change them."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from simulator.fedex import ParcelBook, ScanFacts
from simulator.places import STANDARD, Place, days_between, hub_of

DAY = timedelta(days=1)
# Longer than the platform asks about one of them; after that nobody here knows the number.
KEPT = 5_000
# Share of the way, code, what it says, and where.
ORIGIN, FIRST_HUB, LAST_HUB, DESTINATION = range(4)
WAY = (
    (0.0, "PU", "Picked up", ORIGIN),
    (0.08, "AR", "Arrived at FedEx location", ORIGIN),
    (0.2, "DP", "Left FedEx origin facility", ORIGIN),
    (0.35, "AR", "Arrived at FedEx hub", FIRST_HUB),
    (0.45, "DP", "Departed FedEx hub", FIRST_HUB),
    (0.6, "IT", "In transit", LAST_HUB),
    (0.85, "AR", "At local FedEx facility", DESTINATION),
)
LABEL, LAST_MILE = "Shipment information sent to FedEx", 2
VAN_HOURS = (1.0, 4.0)
DOOR_HOURS = (9, 18)


@dataclass(frozen=True, slots=True)
class Fate:
    """What befalls a parcel instead of its scan `at`: a trouble, and days lost until it goes on."""

    name: str
    at: int
    days: int
    # The scan it goes on with, None: it is never seen again.
    goes_on: int | None
    code: str = ""
    said: str = ""


FINE = Fate("fine", 10, 0, 10)
AT_THE_HUB, FROM_THE_HUB, ON_THE_VAN, AT_THE_DOOR = 5, 6, 8, 9
STORM = ("DY", "Delay: severe weather at the hub")
NOBODY_HOME = ("DE:08", "Customer not available or business closed")
FATES = (
    (82, FINE),
    (4, Fate("weather", AT_THE_HUB, 2, AT_THE_HUB, *STORM)),
    (4, Fate("weather", AT_THE_HUB, 3, AT_THE_HUB, *STORM)),
    (6, Fate("attempt", AT_THE_DOOR, 1, ON_THE_VAN, *NOBODY_HOME)),
    (3, Fate("stalled", FROM_THE_HUB, 8, FROM_THE_HUB)),
    (1, Fate("lost", FROM_THE_HUB, 0, None)),
)


@dataclass(frozen=True, slots=True)
class Trip:
    """A parcel's way as it was planned."""

    origin: Place
    destination: Place
    shipped_at: datetime
    picked_up_at: datetime
    on_van_at: datetime
    delivered_at: datetime


def plan_trip(  # noqa: PLR0913 - a trip is all of that
    origin: Place,
    destination: Place,
    shipped_at: datetime,
    handed_over_after: timedelta,
    chance: random.Random,
    *,
    service: str = STANDARD,
) -> Trip:
    """Return a usual way from one place to another, ending at a door by day."""
    picked_up_at = shipped_at + handed_over_after
    zone = ZoneInfo(destination.zone)
    day = picked_up_at.astimezone(zone).date()
    day += timedelta(days=chance.choice(days_between(origin, destination, service)))
    hours = chance.uniform(*DOOR_HOURS)
    delivered_at = datetime.combine(day, time(), zone) + timedelta(hours=hours)
    on_van_at = delivered_at - timedelta(hours=chance.uniform(*VAN_HOURS))
    return Trip(origin, destination, shipped_at, picked_up_at, on_van_at, delivered_at)


def scans_of(trip: Trip, fate: Fate = FINE) -> tuple[ScanFacts, ...]:
    """Return every scan of a parcel's way, oldest first, with what befalls it."""
    usual = _usual(trip)
    if fate.goes_on is None:
        return usual[: fate.at]
    rest = _put_off(usual[fate.goes_on :], timedelta(days=fate.days))
    if not fate.code:
        return usual[: fate.at] + rest
    _, _, _, *where = usual[fate.at]
    trouble: ScanFacts = (usual[fate.at][0], fate.code, fate.said, where[0], where[1], where[2])
    return (*usual[: fate.at], trouble, *rest)


def remaining(
    scans: Sequence[ScanFacts], last_scan_at: datetime, *, is_near: bool
) -> tuple[ScanFacts, ...]:
    """Return the scans that are still to come; near its door a parcel only needs the van again."""
    rest = tuple(scan for scan in scans if scan[0] > last_scan_at)
    if len(rest) > LAST_MILE and not is_near:
        return rest
    last_mile = tuple(scans[-LAST_MILE:])
    late = math.floor((last_scan_at - last_mile[0][0]) / DAY) + 1
    return _put_off(last_mile, max(0, late) * DAY)


def signature(name: str) -> str:
    """Return how a carrier writes down who took a parcel."""
    first, *others = name.upper().split() or ["?"]
    return f"{first[0]}.{others[-1]}" if others else first


def _usual(trip: Trip) -> tuple[ScanFacts, ...]:
    stops = (
        trip.origin,
        hub_of(trip.origin.country),
        hub_of(trip.destination.country),
        trip.destination,
    )
    driven = trip.on_van_at - trip.picked_up_at
    return (
        _scan(trip.shipped_at, "OC", LABEL, trip.origin),
        *(
            _scan(trip.picked_up_at + share * driven, code, said, stops[where])
            for share, code, said, where in WAY
        ),
        _scan(trip.on_van_at, "OD", "On FedEx vehicle for delivery", trip.destination),
        _scan(trip.delivered_at, "DL", "Delivered", trip.destination),
    )


def _scan(at: datetime, code: str, said: str, place: Place) -> ScanFacts:
    local = at.astimezone(ZoneInfo(place.zone)).replace(microsecond=0)
    return local, code, said, place.city, place.state, place.country


def _put_off(scans: Sequence[ScanFacts], by: timedelta) -> tuple[ScanFacts, ...]:
    return tuple((at + by, *rest) for at, *rest in scans)  # type: ignore[misc]


class RecentParcels(ParcelBook):
    """A parcel book that forgets its oldest parcels, so that it does not grow for ever."""

    def add(
        self,
        number: str,
        scans: Iterable[ScanFacts],
        eta: datetime | None = None,
        signed_by: str | None = None,
    ) -> None:
        """Know a parcel, and forget the oldest above what is kept."""
        super().add(number, scans, eta, signed_by)
        with self._lock:
            for oldest in list(islice(self._parcels, max(0, len(self._parcels) - KEPT))):
                del self._parcels[oldest]
