"""The one source of chance, so that a simulated world can seed it."""

from __future__ import annotations

import random
import secrets
from random import SystemRandom

source: random.Random = SystemRandom()

# Crockford's base 32: no I, L, O or U, so a reference survives a telephone.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def code(length: int) -> str:
    """Return a random public code, 5 bits a character."""
    bits = source.getrandbits(5 * length)
    return "".join(ALPHABET[bits >> 5 * place & 31] for place in range(length))


def secret_bytes() -> bytes:
    """Return 256 bits to sign with; never from the seedable source."""
    return secrets.token_bytes(32)


def secret() -> str:
    """Return 256 bits for a credential; never from the seedable source."""
    return secrets.token_urlsafe(32)
