"""What a list is: columns, filters, orders and views, declared once by the page that shows it.

Labels, nouns and hints are marked for the catalogs (`later`), and said where they are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.web.paging import Cut, Key

Options = Sequence[tuple[str, str]]
Cells = Sequence[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `cells` says what it is in a file, as (header, value) pairs of one row.

    A fixed column is what a row is known by; it cannot be taken away.
    """

    name: str
    label: str
    cells: Callable[[Mapping[str, Any]], Cells]
    is_fixed: bool = False
    is_shown: bool = True
    look: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter of one or more of known words; `where` compares with ANY(:name).

    `keys` turns words into the keys that `where` compares instead; they are written into the
    statement, so that PostgreSQL plans for just these: a rare vendor is not sought like a large.
    `joined` says the same of one key alone as rows to join, compared with ANY(:name), too: where
    their index has the order of the list in it, a page is read from there and not looked for.
    """

    name: str
    label: str
    where: str
    options: Callable[[], Options]
    is_prominent: bool = False
    keys: Callable[[tuple[str, ...]], Sequence[UUID]] | None = None
    joined: str = ""


@dataclass(frozen=True, slots=True)
class Days:
    """A filter of moments by days, both included, in the zone that the page shows."""

    name: str
    label: str
    column: str
    is_prominent: bool = False


Filter = Choice | Days


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of the rows; `at` and the row's id are its place, so that pages never overlap."""

    label: str
    at: str
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """A tab that the list has of itself: which rows it shows, and whether its number alarms."""

    label: str
    where: str = "true"
    tone: str | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Which rows are asked for, in SQL: a clause before SELECT, a condition, and their values.

    `joined`: rows to join, and the condition that is left with them; together they say the same.
    """

    where: str = "true"
    values: Mapping[str, Any] = field(default_factory=dict)
    clause: str = ""
    joined: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ListSpec:
    """A list.

    `ids` selects the id of every row as column id, its conditions in {where}; `fetch` reads a page
    of rows in their order, `key` is a row's place and `show` the row in words, as templates and
    files have it. `acts` are the bulk changes rows can be chosen for; `search` reads a word, and
    `read_id` the id in the address of a page.
    """

    name: str
    endpoint: str
    nouns: tuple[str, str]
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...]
    sorts: Mapping[str, Sort]
    views: Mapping[str, View]
    ids: str
    fetch: Callable[[Conditions, Cut, Sort], Sequence[Row[Any]]]
    key: Callable[[Row[Any], Sort], Key]
    show: Callable[[Row[Any], datetime], dict[str, Any]]
    acts: tuple[str, ...] = ()
    search: Callable[[str], Conditions] | None = None
    read_id: Callable[[str], UUID | int] = UUID


LISTS: dict[str, ListSpec] = {}


def register(spec: ListSpec) -> ListSpec:
    """Make a list known by its name, for bulk changes, saved views and counts."""
    LISTS[spec.name] = spec
    return spec
