"""How often somebody may ask, by what they ask for; counted in Valkey, or here while it is away.

Guesses at accounts are slowed by PostgreSQL (app.accounts.throttle) whatever becomes of these.
"""

from __future__ import annotations

import logging
import time
from math import ceil

from flask import Flask, current_app
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from app.extensions import valkey
from app.shared.errors import TooMany
from app.shared.language import later

logger = logging.getLogger(__name__)

# For so long a Valkey that did not answer is not asked: one that hangs would hold up everybody.
AWAY_SECONDS = 5.0
# Requests a minute of one person, key or address. Well above what work needs; far below a flood.
RATES: dict[str, RateLimitItem | None] = {
    "static": None,
    "probe": None,
    "page": RateLimitItemPerMinute(600),
    "search": RateLimitItemPerMinute(240),
    "sign_in": RateLimitItemPerMinute(120),
    "export": RateLimitItemPerMinute(20),
    # Photos are drawn anew and kept: a person writes no more notes than this.
    "upload": RateLimitItemPerMinute(30),
    "draft": RateLimitItemPerMinute(30),
    # Several stations may share a name, and press a button for each parcel.
    "pack": RateLimitItemPerMinute(120),
    # Of one shop, and of whoever sends to any shop's address.
    "source": RateLimitItemPerMinute(6_000),
    "report": RateLimitItemPerMinute(60),
    "api": RateLimitItemPerMinute(12_000),
    # Keys that are nobody's, from one address.
    "wrong_key": RateLimitItemPerMinute(60),
    # What one actor is refused at one door is written down this often.
    "refusal": RateLimitItemPerMinute(1),
}


def register(app: Flask) -> None:
    """Give an application its counters; each process has its own for while Valkey is away."""
    pool = valkey.client.connection_pool
    shared = RedisStorage(app.config["REDIS_URL"], connection_pool=pool, key_prefix="rate")
    app.extensions["rates"] = [
        FixedWindowRateLimiter(shared),
        FixedWindowRateLimiter(MemoryStorage()),
    ]


def count(rate: str, who: str) -> None:
    """Count a request, or raise TooMany."""
    seconds = _wait(rate, who)
    if seconds:
        logger.warning("too many requests", extra={"rate": rate})
        raise TooMany(later("There were too many requests."), seconds=seconds)


def is_first(rate: str, who: str) -> bool:
    """Count something, and return whether its pace allows it."""
    return _wait(rate, who) == 0


def _wait(rate: str, who: str) -> int:
    """Return for how many seconds somebody must wait, 0 if they need not."""
    limit = RATES[rate]
    if limit is None:
        return 0
    away_until: float = current_app.extensions.get("rates_away_until", 0.0)
    is_away = time.monotonic() < away_until
    for counter in current_app.extensions["rates"][is_away:]:
        try:
            if counter.hit(limit, rate, who):
                return 0
            left = counter.get_window_stats(limit, rate, who).reset_time - time.time()
            return int(max(1, ceil(left)))
        except RedisError:
            current_app.extensions["rates_away_until"] = time.monotonic() + AWAY_SECONDS
    return 0
