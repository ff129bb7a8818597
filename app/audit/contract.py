"""Who acted, and what a look over the chain found."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted, and from where; `kind` is person, key, platform or nobody."""

    kind: str
    name: str
    id: UUID | None = None
    vendor_id: UUID | None = None
    address: str = ""


PLATFORM_ACTOR = Actor("platform", "onward")


def nobody(address: str) -> Actor:
    """Return somebody who has not signed in."""
    return Actor("nobody", "somebody not signed in", address=address)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many rows were looked at, where the chain ends, and the first break in it, in words."""

    checked: int
    position: int
    hash: str
    broken: str | None = None

    @property
    def anchor(self) -> str:
        """Return the chain's end as it is kept elsewhere: POSITION:HASH."""
        return f"{self.position}:{self.hash}"
