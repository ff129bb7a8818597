"""`python -m simulator.run`: the outside world of the demonstration, until it is asked to stop."""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from simulator import mailbox, mailpage
from simulator.fedex import FedEx
from simulator.http import Router, Served
from simulator.mailbox import Mailbox
from simulator.onward import Complaints, Onward
from simulator.parcels import RecentParcels
from simulator.world import World
from simulator.worldclock import WorldClock

logger = logging.getLogger(__name__)
ROUND_SECONDS = 1.0
# A server that hangs on a client must not keep the process from ending.
CLOSING_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What the supervisor says in the environment."""

    onward_url: str
    key: str
    port: int
    smtp_port: int
    fedex_client: tuple[str, str]
    seed: str | None

    @classmethod
    def from_environment(cls, given: Mapping[str, str]) -> Settings:
        """Return the settings, with the platform's own defaults."""
        return cls(
            onward_url=given.get("ONWARD_URL") or "http://127.0.0.1:8000",
            key=given.get("SIMULATOR_API_KEY", ""),
            port=int(given.get("SIMULATOR_PORT") or 8025),
            smtp_port=int(given.get("SIMULATOR_SMTP_PORT") or 8026),
            fedex_client=(
                given.get("FEDEX_CLIENT_ID") or "demo",
                given.get("FEDEX_CLIENT_SECRET") or "demo",
            ),
            seed=given.get("SIMULATOR_SEED") or None,
        )


class Outside:
    """The servers of the outside world, and the thread in which it lives."""

    def __init__(self, settings: Settings) -> None:
        """Put it together and open its doors."""
        self.stopping = threading.Event()
        self.exit_code = 0
        self._complaints = Complaints()
        self._clock = WorldClock(settings.onward_url, settings.key)
        book, box, router = RecentParcels(self._clock), Mailbox(), Router()
        fedex = FedEx(book, settings.fedex_client)
        onward = Onward(settings.onward_url, settings.key, self._complaints)
        chance = random.Random(settings.seed)  # noqa: S311 - nothing here has to be unguessable
        self._world = World(onward, self._complaints, (fedex, book), self._clock, chance)
        fedex.mount(router)
        mailpage.mount(router, box)
        self._doors = (mailbox.Served(box, settings.smtp_port), Served(router, settings.port))

    def run(self) -> int:
        """Live until somebody asks to stop; return the exit code."""
        threading.Thread(target=self._live, daemon=True).start()
        self.stopping.wait()
        self._complaints.is_silent = True
        closing = threading.Thread(target=self._close, daemon=True)
        closing.start()
        closing.join(CLOSING_SECONDS)
        return self.exit_code

    def _live(self) -> None:
        try:
            self._await_platform()
            while not self.stopping.is_set():
                started = time.monotonic()
                self._world.go_round()
                self.stopping.wait(max(0.0, started + ROUND_SECONDS - time.monotonic()))
        except Exception:
            # A fault of ours is for whoever started us: it is logged, and we are started anew.
            logger.exception("the outside world came to an end")
            self.exit_code = 1
        finally:
            self.stopping.set()

    def _await_platform(self) -> None:
        """Wait for the world's time: before it is known, nothing can happen."""
        while not self._clock.ask() and not self.stopping.wait(ROUND_SECONDS):
            self._complaints.about("no clock", "the platform does not tell the time yet")
        self._clock.start()

    def _close(self) -> None:
        for door in self._doors:
            door.close()


def main() -> int:
    """Run the outside world; return the exit code."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    outside = Outside(Settings.from_environment(os.environ))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: outside.stopping.set())
    return outside.run()


if __name__ == "__main__":
    sys.exit(main())
