"""Where carriers are, who we are there, and where their tokens are kept between jobs."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from flask import current_app
from redis.exceptions import RedisError

from app.carriers.contract import Carrier, CarrierAccess
from app.extensions import valkey
from app.shared.outbound import Client


class KeptTokens:
    """Tokens in Valkey; without it every job fetches its own, and nothing else changes."""

    def get(self, key: str) -> str | None:
        """Return the token, or None when there is none that is still good."""
        try:
            kept = valkey.client.get(f"token:{key}")
        except RedisError:
            return None
        return kept.decode() if isinstance(kept, bytes) else None

    def put(self, key: str, value: str, ttl: timedelta) -> None:
        """Keep a token for as long as `ttl`."""
        try:
            valkey.client.set(f"token:{key}", value, ex=ttl)
        except RedisError:
            return

    def forget(self, key: str) -> None:
        """Drop a token the carrier no longer takes."""
        try:
            valkey.client.delete(f"token:{key}")
        except RedisError:
            return


@cache
def _client() -> Client:
    return Client()


def access(carrier: Carrier) -> CarrierAccess:
    """Return how to reach a carrier, from the settings that carry its name."""
    prefix = carrier.code.upper()
    config = current_app.config
    return CarrierAccess(
        base_url=config[f"{prefix}_URL"],
        client_id=config[f"{prefix}_CLIENT_ID"],
        client_secret=config[f"{prefix}_CLIENT_SECRET"],
        http=_client(),
        tokens=KeptTokens(),
    )
