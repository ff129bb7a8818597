"""The canary over the whole suite: no log line and nothing in Valkey may hold a secret or a person.

Every record of the run is written as production would write it at INFO, and looked over; after each
test so is all that Valkey holds. A find fails the very test that made it.
"""

from __future__ import annotations

import binascii
import logging
import re
import threading
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from redis import Redis

from app.shared.logs import JsonLines
from tests.people import PASSWORD

# What tests use for passwords, keys, people and where they live. Whatever looks like an address,
# a key or a telephone number is found by its look.
CANARIES = (
    PASSWORD,
    "a long and private sentence",
    "a secret of the tests",
    "Ada Lind",
    "Imani Brooks",
    "Bo Ek",
    "Chidi Okafor",
    "Dana Whitfield",
    "Edith Moreau",
    "Elin Berg",
    "Femi Adeyemi",
    "Hugo Lindqvist",
    "Noor Aziz",
    "Teo Marin",
    "Storgatan 1",
    # Every text of the second of two vendors, codes and keys included (test_two_vendors.py).
    "CANARY-B",
    "Ring twice",
)
LOOKS = (
    r"onw_[\w-]{4,}",
    r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,63}",
    r"(?<![\w+])\+[1-9]\d{8,14}\b",
    r"\$argon2",
    r"[Bb]earer [\w.~+/=-]{8,}",
)
LEAK = re.compile("|".join([*map(re.escape, CANARIES), *LOOKS]))
# How compressed words begin, as they are and in base 64: RQ keeps jobs and failures like that.
ZLIB, ZLIB_IN_BASE64 = b"\x78", b"eJ"


def leaked_in(text: str) -> str | None:
    """Return the first secret or personal word of a text, as it stands there."""
    found = LEAK.search(text)
    return found[0] if found else None


class Watch:
    """Looks over every record that any logger handles."""

    def __init__(self) -> None:
        """Begin with nothing found."""
        self._finds: list[str] = []
        self._lock = threading.Lock()
        self._lines = JsonLines()

    def look(self, record: logging.LogRecord) -> None:
        """Note what leaks in the line that production would write."""
        if record.levelno < logging.INFO:
            return
        if leak := leaked_in(self._lines.format(record)):
            with self._lock:
                self._finds.append(f"the log of {record.name} holds {leak!r}: {record.msg}")

    def look_into(self, valkey: Redis) -> None:
        """Note what leaks in the keys and values of a Valkey."""
        for name, words in contents(valkey):
            if leak := leaked_in(words):
                with self._lock:
                    self._finds.append(f"Valkey's {name} holds {leak!r}")

    def taken(self) -> list[str]:
        """Return what was found and forget it."""
        with self._lock:
            finds, self._finds = self._finds, []
        return finds


def contents(valkey: Redis) -> Iterator[tuple[str, str]]:
    """Return every key with its value as text, compressed parts too."""
    for key in valkey.scan_iter(count=1000):
        name = key.decode(errors="replace")
        kind = valkey.type(key).decode()
        yield name, " ".join([name, *map(_text, READ[kind](valkey, key))])


def _in_stream(valkey: Redis, key: bytes) -> Iterable[Any]:
    return [part for _, fields in valkey.xrange(key) for pair in fields.items() for part in pair]


READ: dict[str, Callable[[Any, bytes], Iterable[Any]]] = {
    # A key that has just run out is nothing.
    "none": lambda _valkey, _key: [],
    "string": lambda valkey, key: [valkey.get(key) or b""],
    "list": lambda valkey, key: valkey.lrange(key, 0, -1),
    "set": lambda valkey, key: valkey.smembers(key),
    "zset": lambda valkey, key: valkey.zrange(key, 0, -1),
    "hash": lambda valkey, key: [part for pair in valkey.hgetall(key).items() for part in pair],
    "stream": _in_stream,
}


def _text(value: bytes) -> str:
    with suppress(binascii.Error, zlib.error):
        packed = b64decode(value) if value.startswith(ZLIB_IN_BASE64) else value
        value = zlib.decompress(packed) if packed.startswith(ZLIB) else value
    return value.decode(errors="replace")


watch = Watch()


@pytest.fixture(scope="session", autouse=True)
def every_record_is_looked_over() -> Iterator[None]:
    """Listen where all loggers meet: what sets logging up anew does not reach this place."""
    handle = logging.Logger.callHandlers

    def look_and_handle(self: logging.Logger, record: logging.LogRecord) -> None:
        watch.look(record)
        handle(self, record)

    logging.Logger.callHandlers = look_and_handle  # type: ignore[method-assign]
    yield
    logging.Logger.callHandlers = handle  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def nothing_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test that made a log line or an entry of Valkey hold what it must not."""
    uses_valkey = "valkey_url" in request.fixturenames
    url = request.getfixturevalue("valkey_url") if uses_valkey else None
    yield
    if url:
        with Redis.from_url(url) as valkey:
            watch.look_into(valkey)
    finds = watch.taken()
    assert not finds, "; ".join(finds)
