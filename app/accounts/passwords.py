"""Passwords: hashed so that guessing is slow, by few at once so that signing in stays quick."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from werkzeug.exceptions import ServiceUnavailable

from app.accounts import rules
from app.shared.errors import InvalidInput

# OWASP Password Storage: Argon2id with 19 MiB, 2 passes, 1 lane.
hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Verified when nobody has the address, so that both answers take the same time.
NOBODY = hasher.hash("nobody")
# Each hash takes a processor for some 30 ms: a flood of guesses must not take them all.
AT_ONCE, PATIENCE = 2, 5.0
_turns = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=PATIENCE):
        raise ServiceUnavailable
    try:
        yield
    finally:
        _turns.release()


def hash_of(password: str) -> str:
    """Return what is kept of a password."""
    with _turn():
        return hasher.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Return whether this is the password; nobody's takes as long to be wrong."""
    with _turn():
        try:
            return hasher.verify(kept or NOBODY, password) and kept is not None
        except (VerifyMismatchError, InvalidHashError):
            return False


def is_weak(kept: str) -> bool:
    """Return whether it was hashed with other parameters than today's."""
    return hasher.check_needs_rehash(kept)


def checked(password: str, *, email: str, name: str) -> str:
    """Return the hash of a new password that is good enough."""
    complaint = rules.complaint(password, email=email, name=name)
    if complaint:
        raise InvalidInput("The password was not taken.", password=complaint)
    return hash_of(password)
