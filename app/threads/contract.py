"""Notes: who sees them, who writes them, and whom they can name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID


class Visibility(StrEnum):
    """Who sees a note besides ops: nobody, one vendor's people, or the customer."""

    INTERNAL = "internal"
    VENDOR = "vendor"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who can be named in a note: of ops, or of one vendor."""

    id: UUID
    name: str
    role: str
    vendor_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    """What notes hang on: an order with the names it has for ops, or one vendor's questions.

    Of a vendor's questions `reference` is the vendor's code, `number` its name.
    """

    order_id: UUID | None
    cohort: date | None
    reference: str
    number: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A photo as we drew it anew; nothing else of the file that was sent is kept."""

    name: str
    media_type: str
    width: int
    height: int
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A note to write; `once` makes the same form, sent twice, one note.

    `work` is the fulfillment order by which the vendor that sees it knows the order.
    """

    body: str
    once: UUID
    visibility: Visibility
    vendor_id: UUID | None = None
    work: str | None = None
    photos: Sequence[Drawn] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a draft: who is told by name, and the @names that fit nobody, or several."""

    told: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
