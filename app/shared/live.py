"""Telling open pages that something changed; whoever misses it looks again by itself.

A message is a topic and nothing else: no page learns anything here that it may not read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from redis.exceptions import RedisError

from app.extensions import valkey
from app.shared import breath

# What pages listen for, and where it is said: to ops, or to one vendor's people.
TOPICS: Final = (
    "orders",
    "cases",
    "offers",
    "messages",
    "batches",
    "notices",
    "system",
    "notes",
    "catalog",
    "imports",
    "sources",
    "webhooks",
    "picks",
)
OPS_STREAM: Final = "live:ops"
# An empty stream begins with this, so that a place in it can be known again.
BEGIN: Final = "begin"
# More than this is told in the next answer.
AT_ONCE: Final = 100
# What fits into 64 bits for certain.
LONGEST_NUMBER: Final = 18


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said since a place in a stream: the new place, and the topics in their order.

    `is_again`: the stream does not reach back that far, so everything may have changed.
    """

    place: str
    topics: tuple[str, ...] = ()
    is_again: bool = False


def stream_of(vendor_id: UUID | None) -> str:
    """Return the stream that a vendor's people listen to; None is ops."""
    return OPS_STREAM if vendor_id is None else f"live:vendor:{vendor_id}"


def changed(topic: str, vendor_id: UUID | None = None) -> None:
    """Say after the commit that something changed; once a topic and audience a transaction."""
    breath.of_transaction().words.add((stream_of(vendor_id), topic))


def say(stream: str, topic: str) -> None:
    """Say it now; without Valkey pages look again by themselves."""
    with contextlib.suppress(RedisError):
        breath.tell({}, {(stream, topic)})


def listen(stream: str, place: str, *, wait_ms: int | None = None) -> Heard:
    """Return what was said since a place, waiting for it a little; RedisError without Valkey.

    Places are the stream's ids, times in fact: "<milliseconds>-<number>". One is known while the
    stream holds an entry at or before it: then nothing after it can have been lost.
    """
    answers: Any = valkey.client.xread({stream: place}, count=AT_ONCE, block=wait_ms)
    found = list(_entries(answers))
    if found:
        topics = dict.fromkeys(topic for _, topic in found if topic != BEGIN)
        return Heard(found[-1][0], tuple(topics))
    return Heard(place)


def catch_up(stream: str, place: str) -> Heard:
    """Return what a page must know that comes with a place: all is lost, or what it missed."""
    first: Any = valkey.client.xrange(stream, count=1)
    if not first:
        begun: Any = valkey.client.xadd(stream, {"topic": BEGIN})
        valkey.client.expire(stream, breath.KEPT_SECONDS)
        return Heard(begun.decode(), is_again=True)
    if not _is_place(place) or _order(first[0][0].decode()) > _order(place):
        last: Any = valkey.client.xrevrange(stream, count=1)
        return Heard((last or first)[0][0].decode(), is_again=True)
    return listen(stream, place)


def _entries(answers: Any) -> Iterable[tuple[str, str]]:
    streams = answers.values() if isinstance(answers, dict) else [rows for _, rows in answers or ()]
    for rows in streams:
        for key, fields in rows:
            yield key.decode(), fields.get(b"topic", b"").decode()


def _is_place(place: str) -> bool:
    parts = place.split("-")
    return len(parts) == 2 and all(_is_number(part) for part in parts)  # noqa: PLR2004 - time and number


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdecimal() and len(part) <= LONGEST_NUMBER


def _order(place: str) -> tuple[int, int]:
    moment, number = place.split("-")
    return int(moment), int(number)
