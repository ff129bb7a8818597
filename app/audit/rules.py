"""The chain's arithmetic, apart from the database that is being checked."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Protocol

from app.audit.contract import Verdict


class Row(Protocol):
    """A row as it was read; `words` are its columns as the seal has them."""

    position: int
    words: str
    hash: str


def digest(previous: str, position: int, words: str) -> str:
    """Return the seal of a row that follows another."""
    return hashlib.sha256(f"{previous}\n{position}\n{words}".encode()).hexdigest()


def verify(
    rows: Iterable[Row], head_position: int, head_hash: str, anchor: tuple[int, str] | None = None
) -> Verdict:
    """Follow the chain from its first row and return the first break, or that there is none.

    `anchor` is an earlier end that was kept elsewhere: a chain made anew does not go through it.
    """
    position, previous = 0, ""
    for row in rows:
        if row.position != position + 1:
            gap = f"Row {position + 1} is missing: after {position} comes {row.position}."
            return Verdict(position, position, previous, gap)
        if not hmac.compare_digest(digest(previous, row.position, row.words), row.hash):
            changed = f"Row {row.position} was changed, or a row before it was exchanged."
            return Verdict(position, position, previous, changed)
        position, previous = row.position, row.hash
        if anchor and position == anchor[0] and previous != anchor[1]:
            other = f"Row {position} is not the one whose seal was kept: the chain was made anew."
            return Verdict(position, position, previous, other)
    if anchor and position < anchor[0]:
        cut = f"The chain ends with row {position}; row {anchor[0]} had been there."
        return Verdict(position, position, previous, cut)
    if (position, previous) != (head_position, head_hash):
        end = f"The chain should end with row {head_position}; it ends with row {position}."
        return Verdict(position, position, previous, end)
    return Verdict(position, position, previous)
