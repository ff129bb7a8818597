"""Telling open pages that something changed; whoever misses it looks again by itself.

A message is a topic and nothing else: no page learns anything here that it may not read.
"""

from __future__ import annotations

import contextlib
from typing import Final
from uuid import UUID

from redis.exceptions import RedisError

from app.extensions import valkey
from app.shared import work

# What pages listen for, and where it is said: to ops, or to one vendor's people.
TOPICS: Final = ("orders", "cases", "offers", "messages", "batches", "notices", "system", "notes")
OPS_STREAM: Final = "live:ops"
# A page that was away longer than this many messages, or this long, looks again anyway.
KEPT, KEPT_SECONDS = 500, 3600


def stream_of(vendor_id: UUID | None) -> str:
    """Return the stream that a vendor's people listen to; None is ops."""
    return OPS_STREAM if vendor_id is None else f"live:vendor:{vendor_id}"


def changed(topic: str, vendor_id: UUID | None = None) -> None:
    """Say after the commit that something changed; once a topic and audience a transaction."""
    stream = stream_of(vendor_id)
    work.after_commit((stream, topic), lambda: say(stream, topic))


def say(stream: str, topic: str) -> None:
    """Say it now; without Valkey pages look again by themselves."""
    with contextlib.suppress(RedisError):
        pipe = valkey.client.pipeline(transaction=False)
        pipe.xadd(stream, {"topic": topic}, maxlen=KEPT, approximate=True)
        pipe.expire(stream, KEPT_SECONDS)
        pipe.execute()
