"""Somebody who does something."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody: the id that nobody else has, and the name that others read.

    People choose their names, and two may have the same: whose something is, the id alone says.
    """

    id: UUID
    name: str
