from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from carrier_world import NOON, Tokens, World

from simulator.fedex import FedEx, ParcelBook
from simulator.http import Reply, Router, Served
from simulator.worldclock import SteppedClock


@pytest.fixture
def world() -> Iterator[World]:
    clock = SteppedClock(NOON)
    book, router = ParcelBook(clock), Router()
    fedex = FedEx(book)
    fedex.mount(router)
    served = Served(router, 0)
    yield World(clock, book, fedex, served.url, Tokens())
    served.close()


@pytest.fixture
def serving() -> Iterator[Callable[[Reply], str]]:
    """Return a function that serves one reply at an address and tells which."""
    router, numbers = Router(), count()
    served = Served(router, 0)

    def serve(reply: Reply) -> str:
        path = f"/{next(numbers)}"
        router.add("GET", path, lambda _: reply)
        return f"{served.url}{path}"

    yield serve
    served.close()
