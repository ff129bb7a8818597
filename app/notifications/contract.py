"""What a channel must be able to do."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Fate(StrEnum):
    """What became of one attempt; `uncertain` may have arrived and is never blindly repeated."""

    SENT = "sent"
    TRY_LATER = "try_later"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one recipient; its name is stable, so that a double can be told."""

    name: str
    recipient: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The fate of an attempt and, in words, why."""

    fate: Fate
    detail: str = ""


class Sender(Protocol):
    """An open connection."""

    def send(self, message: Outgoing) -> Outcome:
        """Send one message; every fault is an outcome."""


class Channel(Protocol):
    """A way a message leaves."""

    def open(self, url: str, sender: str) -> AbstractContextManager[Sender]:
        """Open a connection lazily and close it after use."""
