"""What a kind of shop must be able to read, and what the records of a file are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from app.shared.errors import DomainError

# Shops ----------------------------------------------------------------------------------------

Paid = Literal["pending", "authorized", "captured", "failed", "refunded"]


@dataclass(frozen=True, slots=True)
class Sent:
    """What came in: the body as it was signed, and its headers by lower-case names."""

    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """Return a header, cut to what a name of ours may be; "" where there is none."""
        return self.headers.get(name, "")[:200]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An order as it stands in the shop at a moment.

    `subject` is the shop's own key of it; `order` is what POST /orders takes, without a channel.
    `units` says of each of the shop's lines how many are still wanted, and our lines of it have its
    key, or its key and a part ("17", "17/2"); None: the shop never changes an order. `money` is
    what was authorized, captured or given back in all. `ended` says that nothing of it is to be
    shipped any more, and why; `waits` why it is not taken in yet; `stopped` why one that was taken
    in must not go on for now.
    """

    subject: str
    number: str
    as_of: datetime | None = None
    order: Mapping[str, Any] = field(default_factory=dict)
    units: Mapping[str, int] | None = None
    money: Mapping[Paid, str] = field(default_factory=dict)
    ended: str | None = None
    waits: str | None = None
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """An order that is not in the shop any more, by the shop's own key or by its number."""

    subject: str
    number: str | None = None
    lines: Mapping[str, int] | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ignored:
    """What is none of our business, and why."""

    reason: str


Heard = Told | Gone | Ignored


class Source(Protocol):
    """A kind of shop: how its deliveries are signed, and what they say."""

    label: str
    # whose word the secret is: ours to make, or theirs to enter
    makes_secret: bool
    # how it is set up in the shop, one sentence a step; {url} is where it sends to
    steps: tuple[str, ...]

    def is_ping(self, sent: Sent) -> bool:
        """Return whether this only asks if anybody is there; it is signed by nobody."""
        ...

    def is_genuine(self, sent: Sent, secret: str, now: datetime) -> bool:
        """Return whether it was signed with the secret; `now` is the machine's time."""
        ...

    def name(self, sent: Sent) -> tuple[str, str]:
        """Return what tells this delivery from others, and its topic; "" where it does not say."""
        ...

    def read(self, body: bytes, topic: str) -> Heard:
        """Return what it says; InvalidInput names what cannot be read."""
        ...


# Files ----------------------------------------------------------------------------------------

Verdict = Literal["taken", "known", "held"]
# What a record says, by the names of our forms; parts and lines are dictionaries and lists in it.
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Way:
    """How the words of a file's cells are meant: its decimal sign, and the zone of its clocks.

    Where nobody has said the sign ("") a number that can be read in two ways is refused.
    """

    zone: ZoneInfo
    decimal: str = "."


Reader = Callable[[str, Way], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Something of ours that a column may hold.

    `name` is where it stands in our forms ("ship_to.city"; of an order's lines "lines.sku");
    `known_as` are names of columns that mean it, in small letters and figures only; `read` makes
    what it is of a cell's words, or raises ValueError with a sentence.
    """

    name: str
    label: str
    read: Reader
    known_as: tuple[str, ...] = ()
    is_needed: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a CSV file, and the line it begins in."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """What belongs together in a file: the rows of one order, or a line of JSON; where it ends.

    `end` is the byte after it and `lines` how many lines lie before that; `data` is a JSON line's
    object; `problem` says why it cannot even be looked at.
    """

    line: int
    end: int
    lines: int
    rows: tuple[Row, ...] = ()
    data: Mapping[str, Any] | None = None
    raw: str = ""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong: in which line and column, and what."""

    line: int
    column: str
    problem: str


@dataclass(frozen=True, slots=True)
class Measure:
    """How much a record is as it was read, for whoever looks whether that can be so."""

    units: int | None = None
    # in minor units of the currency
    worth: int | None = None
    currency: str = ""


class Kind(Protocol):
    """What a file's records are: their fields, who may send them, and what is done with them."""

    label: str
    # one and several of them
    nouns: tuple[str, str]
    roles: frozenset[str]
    fields: tuple[Field, ...]
    # the field that names a record; rows that say the same in it stand together, if they may
    named_by: tuple[str, ...]
    is_grouped: bool
    # what is chosen for all records, by the name of a field of the form that asks
    fixed: tuple[str, ...]

    def fill(self, values: Values) -> None:
        """Add to what the cells of a record say what follows from it."""
        ...

    def given(self, fixed: Mapping[str, str]) -> Values:
        """Return what every record says that does not say otherwise."""
        ...

    def check(self, values: Values) -> Any:
        """Return a record as a form, or raise InvalidInput with every wrong field."""
        ...

    def measure(self, form: Any) -> Measure:
        """Return how many units a record is, and what they are worth."""
        ...

    def take(
        self, forms: Sequence[Any], fixed: Mapping[str, str], actor: str, now: datetime
    ) -> Sequence[Verdict | DomainError]:
        """Take records in, and return what became of each; in the open transaction."""
        ...
