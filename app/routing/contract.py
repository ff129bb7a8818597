"""What routing decides on and what it decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

# A place a vendor ships from: the vendor's code and the location's key.
Location = tuple[str, UUID]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Units of one order line that nobody has been given yet."""

    line: str
    sku: str
    units: int
    vendor: str | None = None
    declined_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One listing that carries a wanted SKU, and how many units can still be had of it."""

    listing_id: UUID
    location_id: UUID
    vendor: str
    sku: str
    cost_minor: int
    available: int
    currency: str
    vendor_status: str = "active"
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Choice:
    """Units of a line given to a listing."""

    line: str
    candidate: Candidate
    units: int


@dataclass(frozen=True, slots=True)
class Excluded:
    """A candidate that could not be chosen, and the rule that says so."""

    line: str
    vendor: str
    rule: str


class Strategy(Protocol):
    """How to choose between candidates that are all eligible."""

    def plan(
        self, wanted: Sequence[Wanted], candidates: dict[str, list[Candidate]]
    ) -> list[Choice]:
        """Return what to give to whom; `candidates` lists the eligible ones by line."""
