"""What a bulk change is made of: what can be chosen, the acts, and what became of each row.

What people read of it is marked for the catalogs (`later`), and said where it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from app.shared.who import Who

Status = Literal["done", "unchanged", "refused"]
Subjects = Sequence[str]

# Who looks after orders; whoever only reads them changes none.
SUPPORT = frozenset({"ops_agent", "ops_lead", "administrator"})
LEADS = frozenset({"ops_lead", "administrator"})
LONGEST_REASON = 200
# More at once is work for a program, and would be chosen by nobody who has looked at it.
MOST_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Selection:
    """All rows that a query finds: SQL that yields the column id, and its values."""

    sql: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Why:
    """Why a row is left as it is: because it is so already, or because it cannot be done."""

    status: Literal["unchanged", "refused"]
    sentence: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row: a code and facts, which are put into words where they are read."""

    status: Status
    code: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A row to work off.

    `undone` is what the change that is taken back wrote down of it; None where nothing is.
    """

    subject: str
    seen: str
    undone: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """What acts are done to.

    `nouns` is what one and several of it are called, `some` says how many of it, "12 orders".
    `source` is where its rows come from, in SQL, and `id`, `subject` (its public reference) and
    `name` (what people call it) are expressions over that. `seen` is one, too: it differs once a
    person or a vendor has changed the thing. `lock` keeps others away until the transaction ends.
    `changes` says of subjects whose `seen` no longer holds who did what, and when.
    """

    nouns: tuple[str, str]
    some: Callable[[int], str]
    lists: tuple[str, ...]
    source: str
    id: str
    subject: str
    name: str
    seen: str
    lock: Callable[[Subjects, datetime], None]
    changes: Callable[[Mapping[str, str]], Mapping[str, Mapping[str, Any]]]


Do = Callable[[Sequence[Row], Mapping[str, str], Who, datetime], Mapping[str, Outcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that can be done to many rows.

    `foresee` is SQL that is NULL where it would be done, and otherwise a code of `whys`; it may
    name :maker, the id of who does it. `do` does it to rows for which it was NULL under the lock,
    and returns what it has to say of some of them; the others are done. `undo` is the code of the
    act that takes it back; an act without one asks for a typed confirmation.
    """

    code: str
    thing: Thing
    label: str
    ask: str
    doing: str
    did: str
    foresee: str
    whys: Mapping[str, Why]
    do: Do
    undo: str | None = None
    undo_label: str = ""
    warning: str = ""
    reason_label: str = ""
    roles: frozenset[str] = SUPPORT
    # Whether a list offers it; some only take another back.
    is_offered: bool = True

    @property
    def is_reversible(self) -> bool:
        """Return whether another act takes it back."""
        return self.undo is not None

    @property
    def asks_reason(self) -> bool:
        """Return whether it needs a reason."""
        return bool(self.reason_label)
