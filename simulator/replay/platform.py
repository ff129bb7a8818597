"""Speaks to the platform through its public API, patiently: parts of it may be restarting."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import requests

CHUNK = 400
TIMEOUT_SECONDS = 60
# A part that was killed is back within seconds; its leases run out within two minutes.
PATIENCE_SECONDS = 300
PAUSE_SECONDS = 0.02
PASSING = {429, 500, 502, 503, 504}


class Platform:
    """The platform's API with a marketplace key."""

    def __init__(self, url: str, key: str) -> None:
        """Remember where and as whom."""
        self.url = url.rstrip("/") + "/api/v1"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {key}"
        self.calls = 0

    def call(
        self, method: str, path: str, body: Any = None, *, accept: tuple[int, ...] = ()
    ) -> dict[str, Any]:
        """Return the answer's document; what is passing is tried again, all else is an error."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self._send(method, path, body)
            if answer is not None and (answer.ok or answer.status_code in accept):
                document: dict[str, Any] = answer.json()
                return document
            is_passing = answer is None or answer.status_code in PASSING
            if not is_passing or time.monotonic() > end:
                told = answer.text[:500] if answer is not None else "no answer"
                message = f"{method} {path}: {told}"
                raise RuntimeError(message)
            time.sleep(0.5)

    def _send(self, method: str, path: str, body: Any) -> requests.Response | None:
        self.calls += 1
        try:
            return self.session.request(method, self.url + path, json=body, timeout=TIMEOUT_SECONDS)
        except requests.RequestException:
            return None

    def in_chunks(
        self, path: str, name: str, items: Sequence[Any], method: str = "POST"
    ) -> list[dict[str, Any]]:
        """Send items in chunks under one name; return the answers' documents."""
        return [
            self.call(method, path, {name: items[i : i + CHUNK]})
            for i in range(0, len(items), CHUNK)
        ]

    def clock(self) -> dict[str, Any]:
        """Return how the world stands."""
        return self.call("GET", "/clock")

    def now(self) -> datetime:
        """Return the world's time."""
        return datetime.fromisoformat(self.clock()["now"])

    def hold(self, ring_only: Sequence[str], to: datetime | None = None) -> None:
        """Step the world, if asked, and let only these jobs run from now on."""
        body: dict[str, Any] = {"ring_only": list(ring_only)}
        if to is not None:
            body["now"] = to.isoformat()
        self.call("PUT", "/clock", body)

    def let_go(self) -> None:
        """Let every job run again."""
        self.call("PUT", "/clock", {})

    def wait_until_quiet(self, only: str | None = None) -> dict[str, Any]:
        """Wait until nothing is due or under way, or one job has nothing left; return the clock."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            state = self.clock()
            if not state["busy"] or (only and only not in state["busy"]):
                return state
            if time.monotonic() > end:
                message = f"still due after {PATIENCE_SECONDS} s: {state['busy']}"
                raise RuntimeError(message)
            time.sleep(PAUSE_SECONDS)
