"""The time of the world as the platform tells it; outside it, nobody else knows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import requests

# Often enough that a step or a change of speed is seen at once by a person watching.
EVERY = 2.0
TIMEOUT = (3.0, 10.0)

Machine = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Anchor:
    """The world's time at a moment of the machine's counter, and how fast it runs."""

    world: datetime
    machine: float
    rate: float

    def at(self, machine: float) -> datetime:
        """Return the world's time at a later moment of the machine."""
        return self.world + timedelta(seconds=(machine - self.machine) * self.rate)


class WorldClock:
    """Follows the platform's clock and runs on between its answers."""

    def __init__(self, platform_url: str, key: str, *, machine: Machine = time.monotonic) -> None:
        """Know where to ask and as whom; nothing is asked yet."""
        self._url = f"{platform_url.rstrip('/')}/api/v1/clock"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {key}"
        self._machine = machine
        self._anchor = Anchor(datetime.now(UTC), machine(), 1.0)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __call__(self) -> datetime:
        """Return the world's time now."""
        return self._anchor.at(self._machine())

    @property
    def rate(self) -> float:
        """Return how many world seconds pass in a real one."""
        return self._anchor.rate

    def start(self) -> None:
        """Ask once, so that the first time given is the world's, then keep asking."""
        self.ask()
        self._thread.start()

    def close(self) -> None:
        """Stop asking."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._session.close()

    def ask(self) -> bool:
        """Take the platform's word; without one the clock runs on as before. Return if it came."""
        try:
            before = self._machine()
            told = self._session.get(self._url, timeout=TIMEOUT, allow_redirects=False)
            told.raise_for_status()
            self._anchor = _anchor(told.json(), (before + self._machine()) / 2)
        except (requests.RequestException, ValueError, KeyError, TypeError):
            return False
        return True

    def _follow(self) -> None:
        while not self._stopping.wait(EVERY):
            self.ask()


class SteppedClock:
    """Stands where it was set."""

    def __init__(self, at: datetime) -> None:
        """Stand at a moment."""
        self._at = at

    def __call__(self) -> datetime:
        """Return where the clock stands."""
        return self._at

    def set(self, at: datetime) -> None:
        """Stand at another moment."""
        self._at = at


def _anchor(told: dict[str, object], machine: float) -> Anchor:
    world = datetime.fromisoformat(str(told["now"]))
    if world.tzinfo is None:
        raise ValueError("The platform told a time without an offset.")
    return Anchor(world.astimezone(UTC), machine, float(str(told["rate"])))
