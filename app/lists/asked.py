"""What the address of a list asks for, and what that means in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from app.accounts.contract import Person
from app.lists.spec import Choice, Conditions, Days, ListSpec, Sort

# Nothing we know by is longer; an address is no place for essays.
LONGEST_WORD = 120
# Nobody ticks more.
MOST_CHOSEN = 60
# What says where in the list one is, not which list it is.
PLACES = ("after", "before")


@dataclass(frozen=True, slots=True)
class Asked:
    """A list as an address asks for it; what the list does not know is left out."""

    spec: ListSpec
    view: str
    chosen: Mapping[str, tuple[str, ...]]
    sort: str
    q: str = ""
    saved: str = ""

    @property
    def order(self) -> Sort:
        """Return the order that is asked for."""
        return self.spec.sorts[self.sort]

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Return the address as pairs, always in the same order and without what is usual."""
        if self.view != next(iter(self.spec.views)):
            yield "view", self.view
        if self.q:
            yield "q", self.q
        for name, values in self.chosen.items():
            for value in values:
                yield name, value
        if self.sort != next(iter(self.spec.sorts)):
            yield "sort", self.sort

    def query(self) -> str:
        """Return the one way to write this down: two lists with the same query are the same."""
        return urlencode(list(self.pairs()))

    def without(self, *names: str) -> str:
        """Return the query without some of what is asked for."""
        return urlencode([(k, v) for k, v in self.pairs() if k not in names])


def asked(spec: ListSpec, args: MultiDict[str, str]) -> Asked:
    """Return what an address asks of a list."""
    view, sort = args.get("view", ""), args.get("sort", "")
    q = args.get("q", "").strip().replace("\0", "")[:LONGEST_WORD] if spec.search else ""
    return Asked(
        spec,
        view if view in spec.views else next(iter(spec.views)),
        dict(_chosen(spec, args)),
        sort if sort in spec.sorts else next(iter(spec.sorts)),
        q,
        args.get("saved", "")[:LONGEST_WORD],
    )


def asked_by(spec: ListSpec, query: str) -> Asked:
    """Return what a stored query asks of a list."""
    return asked(spec, MultiDict(parse_qsl(query)))


def whole_view(spec: ListSpec, name: str) -> Asked:
    """Return what one of a list's own views asks for, all of it."""
    return Asked(spec, name, {}, next(iter(spec.sorts)))


def _chosen(spec: ListSpec, args: MultiDict[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for one in spec.filters:
        if isinstance(one, Choice):
            words = (w.strip()[:LONGEST_WORD] for w in args.getlist(one.name))
            values = sorted({w for w in words if w and "\0" not in w})[:MOST_CHOSEN]
            if values:
                yield one.name, tuple(values)
        else:
            for end in ("from", "to"):
                if day := _day(args.get(f"{one.name}_{end}", "")):
                    yield f"{one.name}_{end}", (day.isoformat(),)


def _day(word: str) -> date | None:
    try:
        found = date.fromisoformat(word.strip())
    except ValueError:
        return None
    # A day must have a day after it, in every zone.
    return found if date.min.year < found.year < date.max.year else None


def conditions(of: Asked, who: Person, now: datetime, zone: ZoneInfo) -> Conditions:
    """Return what SQL needs to find exactly the rows that are asked for; :me is who asks, by id."""
    parts = [of.spec.views[of.view].where]
    values: dict[str, Any] = {"now": now, "me": who.id}
    joined = replaced = ""
    for one in of.spec.filters:
        if isinstance(one, Days):
            parts += _by_days(one, of.chosen, zone, values)
        elif one.name in of.chosen:
            where, value, rows = _by_choice(one, of.chosen[one.name])
            parts.append(where)
            values[one.name] = value
            if rows:
                joined, replaced = rows, where
    found = of.spec.search(of.q) if of.q and of.spec.search else Conditions()
    parts.append(found.where)
    rest = _all(part for part in parts if part != replaced)
    quick = (joined, rest) if joined else None
    return Conditions(_all(parts), values | dict(found.values), found.clause, quick)


def _all(parts: Iterable[str]) -> str:
    return " AND ".join(f"({part})" for part in parts if part != "true") or "true"


def _by_choice(one: Choice, chosen: tuple[str, ...]) -> tuple[str, str | list[str], str]:
    """Return a choice in SQL, its value, and the rows to join that say the same, if any.

    One word is compared by itself, so that its index gives the order. It hides in a SELECT:
    PostgreSQL takes the newest rows for a sample of all, and would look for delivered orders among
    those that have just been placed.
    """
    if one.keys:
        # Keys are UUIDs by their type, so that they can stand in the statement.
        keys = [f"'{UUID(str(key))}'::uuid" for key in one.keys(chosen)]
        where = one.where.replace(f":{one.name}", f"ARRAY[{', '.join(keys)}]::uuid[]")
        rows = one.joined.replace(f"ANY(:{one.name})", keys[0]) if len(keys) == 1 else ""
        return where, list(chosen), rows
    if len(chosen) == 1:
        return one.where.replace(f"ANY(:{one.name})", f"(SELECT :{one.name})"), chosen[0], ""
    return one.where, list(chosen), ""


def _by_days(
    one: Days, chosen: Mapping[str, tuple[str, ...]], zone: ZoneInfo, values: dict[str, Any]
) -> Iterator[str]:
    for end, sign, more in (("from", ">=", 0), ("to", "<", 1)):
        name = f"{one.name}_{end}"
        if name in chosen:
            day = date.fromisoformat(chosen[name][0]) + timedelta(days=more)
            values[name] = datetime.combine(day, time(), zone)
            yield f"{one.column} {sign} :{name}"
