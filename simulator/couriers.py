"""Hands parcels to the carrier, and takes up those that an earlier run handed over."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import quote

from simulator.characters import BY_CODE, Character, Hours, draw
from simulator.customers import channel_of
from simulator.fedex import ParcelBook
from simulator.onward import Document, Onward
from simulator.parcels import FATES, plan_trip, remaining, scans_of, signature
from simulator.people import TOWNS
from simulator.places import EUROPE, Place

CARRIER = "fedex"
# Rounds between two looks for parcels that nobody here has handed over.
LOOK_EVERY = 60
READ_A_ROUND = 10
USUAL_HOURS: Hours = (0.5, 4.0)
# Where a parcel that has been seen there waits for its van.
NEAR = frozenset({"out_for_delivery", "attempt_failed", "available_for_pickup"})
OVER = frozenset({"delivered", "returned"})


class Couriers:
    """The parcels on the road."""

    def __init__(self, onward: Onward, book: ParcelBook, chance: random.Random) -> None:
        """Know nothing yet of what is on the road already."""
        self._onward, self._book, self._chance = onward, book, chance
        self._known: set[str] = set()
        self._unread: deque[str] = deque()
        self._wait = 0
        self.has_caught_up = False

    def hand_over(self, number: str, who: Character, fo: Document, at: datetime) -> None:
        """Take a parcel of a fulfillment order in, with whatever will befall it."""
        after = timedelta(hours=self._chance.uniform(*who.hands_over))
        ship_to = fo["ship_to"]
        to = place_of(ship_to)
        trip = plan_trip(who.place, to, at, after, self._chance, service=fo["service"])
        scans = scans_of(trip, draw(self._chance, FATES))
        self._book.add(number, scans, trip.delivered_at, signature(str(ship_to.get("name", ""))))

    def know(self, fulfillment_order: str) -> None:
        """Remember that all parcels of a fulfillment order are ours."""
        self._known.add(fulfillment_order)

    def catch_up(self) -> None:
        """Take up parcels on the road that nobody here knows, some a round."""
        if not self._unread and not self._look():
            return
        for _ in range(min(READ_A_ROUND, len(self._unread))):
            number = self._unread[0]
            path = f"/orders/{quote(number, safe='')}"
            order = self._onward.get(path, channel=channel_of(number))
            if order is None:
                return
            self._take_up(order)
            self._unread.popleft()
        self.has_caught_up = self.has_caught_up or not self._unread

    def _look(self) -> bool:
        """Return whether the parcels on the road could be read, if it is time to."""
        self._wait -= 1
        if self._wait > 0:
            return False
        shipped = self._shipped()
        if shipped is None:
            return False
        self._wait = LOOK_EVERY
        names = {fo["id"] for fo in shipped}
        news = [fo["order_number"] for fo in shipped if fo["id"] not in self._known]
        self._unread.extend(dict.fromkeys(news))
        self._known = names
        return True

    def _shipped(self) -> list[Document] | None:
        found: list[Document] = []
        after: str | None = ""
        while after is not None:
            page = self._onward.get("/fulfillment-orders", status="shipped", after=after)
            if page is None:
                return None
            found += page.get("fulfillment_orders", [])
            after = page.get("after")
        return found

    def _take_up(self, order: Document) -> None:
        origin = _origin(order.get("fulfillment_orders", ()))
        services = {fo["id"]: fo["service"] for fo in order.get("fulfillment_orders", ())}
        for shipment in order.get("shipments", ()):
            is_ours = shipment["carrier"] == CARRIER and shipment["status"] not in OVER
            if is_ours and not self._book.find(shipment["tracking_number"]):
                service = services[shipment["fulfillment_order"]]
                self._go_on(shipment, origin, order["ship_to"], service)

    def _go_on(self, shipment: Document, origin: Place, ship_to: Document, service: str) -> None:
        shipped_at = datetime.fromisoformat(shipment["shipped_at"])
        after = timedelta(hours=self._chance.uniform(*USUAL_HOURS))
        to = place_of(ship_to)
        trip = plan_trip(origin, to, shipped_at, after, self._chance, service=service)
        scans = scans_of(trip)
        if last := shipment.get("last_scan_at"):
            is_near = shipment["status"] in NEAR
            scans = remaining(scans, datetime.fromisoformat(last), is_near=is_near)
        signed_by = signature(str(ship_to.get("name", "")))
        self._book.add(shipment["tracking_number"], scans, trip.delivered_at, signed_by)


def place_of(ship_to: Document) -> Place:
    """Return where an address lies; a town nobody knows keeps UTC."""
    city, country = str(ship_to.get("city", "")), str(ship_to.get("country", ""))
    town = TOWNS.get((country, city))
    return Place(city, ship_to.get("region") or "", country, town.zone if town else "UTC")


def _origin(fulfillment_orders: Iterable[Document]) -> Place:
    """Return where an order's parcels come from, as far as its vendors tell."""
    makers = (BY_CODE.get(fo["vendor"]) for fo in fulfillment_orders)
    return next((who.place for who in makers if who), EUROPE)
