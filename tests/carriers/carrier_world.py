"""The outside world of these tests: a FedEx on loopback and a place to keep tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.carriers.contract import CarrierAccess
from app.shared.outbound import Client
from simulator.fedex import FedEx, ParcelBook
from simulator.worldclock import SteppedClock

SECRET = "demo"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SHORT = timedelta(seconds=0.3)


class Tokens:
    """A token store that forgets nothing by itself and remembers what it was told."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.lives: list[timedelta] = []

    def get(self, key: str) -> str | None:
        return self.kept.get(key)

    def put(self, key: str, value: str, ttl: timedelta) -> None:
        self.kept[key] = value
        self.lives.append(ttl)

    def forget(self, key: str) -> None:
        self.kept.pop(key, None)


@dataclass
class World:
    clock: SteppedClock
    book: ParcelBook
    fedex: FedEx
    url: str
    tokens: Tokens

    def access(self, secret: str = SECRET, http: Client | None = None) -> CarrierAccess:
        client = http or Client()
        return CarrierAccess(f"{self.url}/fedex", "demo", secret, client, self.tokens)
