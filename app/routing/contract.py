"""What routing decides on and what it decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from app.promises.rules import Calendar

# Where units come from: a listing's stock, or what its vendor buys in.
Pool = tuple[UUID, bool]
# A parcel's beginning: a location, and the day from which its goods are there (None: now).
Start = tuple[UUID, date | None]


# What there is one of for every line and every candidate is a tuple with names: thousands are made
# for each batch, and a frozen dataclass takes twice as long.


class ToRoute(NamedTuple):
    """What of an order matters to routing, by the names of its columns."""

    id: UUID
    number: str
    cohort: date
    placed_at: datetime
    currency: str
    ship_to: dict[str, Any]
    shipping: dict[str, Any]
    preferences: dict[str, Any]
    promise_zone: str
    deliver_on: date | None
    deliver_by: datetime | None
    held_since: datetime | None
    unfilled_since: datetime | None

    @classmethod
    def of(cls, order: Any) -> ToRoute:
        """Return what of an order as it is stored matters here."""
        return cls._make(getattr(order, name) for name in cls._fields)


@dataclass(frozen=True, slots=True)
class Place:
    """A location that goods can come from, as it stands when the decision is made."""

    id: UUID
    vendor_id: UUID
    vendor: str
    code: str
    country: str
    calendar: Calendar
    vendor_status: str = "active"
    is_active: bool = True
    ships_to: frozenset[str] | None = None


class Candidate(NamedTuple):
    """One listing that carries a wanted SKU, and how many units can still be had of it."""

    listing_id: UUID
    place: Place
    sku: str
    cost_minor: int
    currency: str
    available: int
    is_active: bool = True
    weight_g: int = 0
    buy_in_days: int | None = None
    restock_on: date | None = None


class Wanted(NamedTuple):
    """Units of one order line that nobody has been given yet.

    `vendor` pins the line; `taken_from`: the places that declined it or that it was moved from, and
    the vendors that did not answer, by their keys. `ship_by`: as it was given with the order.
    """

    line: str
    sku: str
    units: int
    vendor: str | None = None
    taken_from: frozenset[UUID] = frozenset()
    ship_by: datetime | None = None


class Price(NamedTuple):
    """What one line costs at one place, in minor units: goods for all its units, and the rest."""

    goods: int = 0
    kilos: int = 0
    late: int = 0
    standing: int = 0


class Option(NamedTuple):
    """A way to fill a line: from where, how many units at most, when it would come, and its price.

    `price` is for all `of_units` of the line. `parcel`: what a parcel from there costs, whatever is
    in it, in minor units. `rank`: its supply's (see `Supply`).
    """

    line: str
    candidate: Candidate
    units: int
    ship_by: datetime
    deliver_on: date
    price: Price
    parcel: int = 0
    waits_until: date | None = None
    is_bought_in: bool = False
    rank: int = 0
    of_units: int = 1

    @property
    def pool(self) -> Pool:
        """Return whose units these are."""
        return self.candidate.listing_id, self.is_bought_in

    @property
    def start(self) -> Start:
        """Return the parcel these units would lie in."""
        return self.candidate.place.id, self.waits_until


class Supply(NamedTuple):
    """Which units are asked for: those in stock or those that vendors buy in; in time or late.

    Those of a higher rank are taken only where all of a lower one are.
    """

    is_bought_in: bool = False
    is_late: bool = False

    @property
    def rank(self) -> int:
        """Return its place among the others: what is bought in comes before what is late."""
        return 2 * self.is_late + self.is_bought_in


class Choice(NamedTuple):
    """Units of a line given to an option."""

    option: Option
    units: int


class Excluded(NamedTuple):
    """A candidate that could not be chosen, and the rule that says so."""

    line: str
    vendor: str
    place: str
    rule: str


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part of the price counts; 1 is as the policy has it.

    `parcel`: what each parcel weighs besides, in minor units. `is_hasty`: lateness is counted from
    the first day on which it could come, however late it was promised for.
    """

    goods: float = 1
    shipping: float = 1
    late: float = 1
    standing: float = 1
    split: float = 1
    parcel: float = 0
    is_hasty: bool = False


class Strategy(Protocol):
    """What matters when vendors are compared."""

    weights: Weights


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be decided for one order: units by line, and the options of each.

    `split`: what a further parcel costs the customer's patience, in minor units.
    """

    wanted: Sequence[Wanted]
    options: dict[str, list[Option]]
    weights: Weights
    split: int
    most_parcels: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided: who gives what, how it was found ("exact", "solver" or "greedy").

    `score` is the plan's weighted price; `unfilled` units found nobody. `lesser`: how many units
    are of a lesser supply, each times its rank.
    """

    choices: list[Choice] = field(default_factory=list)
    unfilled: int = 0
    lesser: int = 0
    score: float = 0
    method: str = "exact"
