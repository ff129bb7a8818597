"""What is to be told to the platform later: captures, cancelations, refunds."""

from __future__ import annotations

import heapq
from datetime import datetime, timedelta
from typing import NamedTuple

from simulator.onward import Document, Onward

MOST_A_ROUND = 3
# What was not heard is said again after 1, 2, 4 ... hours; after some ten days it is let go.
FIRST_WAIT, MOST_TRIES = timedelta(hours=1), 8


class Errand(NamedTuple):
    """A body to post to a path when its time has come."""

    at: datetime
    number: int
    path: str
    body: Document
    tries: int = 0


class Errands:
    """Keeps errands until they are due, then runs them, a few a round."""

    def __init__(self, onward: Onward) -> None:
        """Nothing is to be told yet."""
        self._onward = onward
        self._waiting: list[Errand] = []
        self._count = 0

    def later(self, at: datetime, path: str, body: Document) -> None:
        """Keep an errand until a moment."""
        self._count += 1
        heapq.heappush(self._waiting, Errand(at, self._count, path, body))

    def run(self, now: datetime) -> None:
        """Run what is due."""
        for _ in range(MOST_A_ROUND):
            if not self._waiting or self._waiting[0].at > now:
                return
            errand = heapq.heappop(self._waiting)
            if self._onward.post(errand.path, errand.body) is None:
                self._put_off(errand, now)

    def _put_off(self, errand: Errand, now: datetime) -> None:
        tries = errand.tries + 1
        if tries < MOST_TRIES:
            again_at = now + FIRST_WAIT * 2**errand.tries
            heapq.heappush(self._waiting, errand._replace(at=again_at, tries=tries))
