"""Keys and public references."""

from __future__ import annotations

import time
from uuid import UUID

from app.shared import chance


def new() -> UUID:
    """Return a UUIDv7 (RFC 9562): time first, so that new rows lie together on disk."""
    value = (time.time_ns() // 1_000_000 & (1 << 48) - 1) << 80
    value |= chance.source.getrandbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def reference(prefix: str) -> str:
    """Return a public name: random, never sequential, never the key (50 bits)."""
    return f"{prefix}-{chance.code(10)}"
