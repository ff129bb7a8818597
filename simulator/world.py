"""The lively demonstration: customers, vendors and couriers, one round after another."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import count

from simulator.couriers import Couriers
from simulator.customers import Customers
from simulator.errands import Errands
from simulator.fedex import Fault, FedEx, ParcelBook
from simulator.numbers import fedex_number
from simulator.onward import Complaints, Onward
from simulator.vendors import Vendors
from simulator.worldclock import WorldClock

# Seconds the outside world's watches run behind: the platform takes nothing from the future.
BEHIND = 0.5
# Each run prints numbers of its own; two runs hardly ever meet among so many.
FIRST_NUMBERS = 29_000_000_000


class World:
    """Everybody outside the platform."""

    def __init__(
        self,
        onward: Onward,
        complaints: Complaints,
        carrier: tuple[FedEx, ParcelBook],
        clock: WorldClock,
        chance: random.Random,
    ) -> None:
        """Bring them together; nothing happens before the first round."""
        self._fedex, book = carrier
        self._clock = clock
        errands = Errands(onward)
        self._errands, self._couriers = errands, Couriers(onward, book, chance)
        self._customers = Customers(onward, errands, complaints, chance)
        self._vendors = Vendors(onward, self._couriers, errands, new_numbers(chance), chance)
        # Parcels of an earlier run are not unknown: their carrier is still looking for its book.
        self._fedex.break_down(Fault.FAILING)

    def go_round(self) -> None:
        """Let everybody do what is due."""
        now = self._clock() - timedelta(seconds=BEHIND * self._clock.rate)
        self._couriers.catch_up()
        if self._couriers.has_caught_up:
            self._fedex.break_down(None)
        self._customers.order(now)
        self._vendors.work(now)
        self._errands.run(now)


def new_numbers(chance: random.Random) -> Iterator[str]:
    """Return tracking numbers that no other run is likely to have given out."""
    return map(fedex_number, count(chance.randrange(FIRST_NUMBERS)))
