"""Where parcels come from, pass through and go to."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """A town as a carrier's scan names it, and the zone its clocks show."""

    city: str
    state: str
    country: str
    zone: str


EUROPE = Place("Köln", "", "DE", "Europe/Berlin")
AMERICA = Place("Memphis", "TN", "US", "America/Chicago")
ASIA = Place("Osaka", "27", "JP", "Asia/Tokyo")
HUBS = {"US": AMERICA, "CA": AMERICA, "JP": ASIA}
# Days from the hand-over to the door: in one country, on one side of the sea, and across it.
DAYS_HOME, DAYS_NEAR, DAYS_FAR = (1, 1, 2, 2), (2, 2, 3, 3, 4), (4, 5, 6, 6, 8)
# And by whatever is faster than the standard service.
FAST_HOME, FAST_NEAR, FAST_FAR = (1,), (1, 1, 1, 2), (2, 3, 3, 4)
STANDARD = "standard"


def hub_of(country: str) -> Place:
    """Return the hub that serves a country."""
    return HUBS.get(country, EUROPE)


def days_between(origin: Place, destination: Place, service: str = STANDARD) -> tuple[int, ...]:
    """Return the transit days that are usual from one place to another by a service."""
    is_fast = service != STANDARD
    if origin.country == destination.country:
        return FAST_HOME if is_fast else DAYS_HOME
    if hub_of(origin.country) == hub_of(destination.country):
        return FAST_NEAR if is_fast else DAYS_NEAR
    return FAST_FAR if is_fast else DAYS_FAR
