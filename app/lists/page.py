"""A list on its page: its rows, and all that is around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import request, url_for
from sqlalchemy import Row

from app.accounts.contract import OPS_ROLES, Person
from app.accounts.preferences import PAGE_SIZES, Preferences
from app.doors.guard import may
from app.lists import counts, saved
from app.lists.asked import Asked, asked_by, conditions, whole_view
from app.lists.saved import LEADS, Saved
from app.lists.spec import Choice, Column, Days, Filter, ListSpec
from app.shared.language import _
from app.web import paging
from app.web.words import day

# A chip names this many of what was chosen, then counts.
FEW = 2


@dataclass(frozen=True, slots=True)
class Loaded:
    """A page of a list: rows in words, and where its pager leads."""

    rows: list[dict[str, Any]]
    found: Sequence[Row[Any]]
    pager: dict[str, Any]


def load(of: Asked, who: Person, now: datetime, zone: ZoneInfo, path: str | None = None) -> Loaded:
    """Read the page that the address asks for."""
    spec, sort = of.spec, of.order
    cut = paging.cut(request.args, spec.read_id, who.preferences.size(spec.name))
    found = spec.fetch(conditions(of, who, now, zone), cut, sort)
    rows, pager = paging.turn(found, cut, lambda row: spec.key(row, sort), path=path)
    return Loaded([spec.show(row, now) for row in rows], rows, pager)


def opening(of: Asked, views: Sequence[Saved], who: Person) -> str | None:
    """Return the address of the view a list opens with, if it was asked for nothing else."""
    if request.args:
        return None
    view = saved.opening(views, who)
    return f"{url_for(of.spec.endpoint)}?{view.query}&saved={view.id}" if view else None


def columns(spec: ListSpec, preferences: Preferences) -> list[Column]:
    """Return the columns somebody wants to see, in the list's own order."""
    wanted = preferences.columns.get(spec.name)
    if wanted is None:
        return [c for c in spec.columns if c.is_fixed or c.is_shown]
    return [c for c in spec.columns if c.is_fixed or c.name in wanted]


def frame(
    of: Asked,
    views: Sequence[Saved],
    who: Person,
    known: Mapping[str, int | None] | None = None,
) -> dict[str, Any]:
    """Return what stands around the rows: tabs, chips, filters, orders, columns, saving.

    `known` are the numbers of the list's own tabs where the page has them anyway.
    """
    spec, path = of.spec, url_for(of.spec.endpoint)
    current = next((view for view in views if view.id == of.saved), None)
    shown = columns(spec, who.preferences)
    query = of.query()
    here = f"{path}?{query}" if query else path
    return {
        "name": spec.name,
        # In English: templates say them, and scripts find by them what to say.
        "nouns": spec.nouns,
        "path": path,
        "query": query,
        "counts": paging.link(url_for("console.list_counts", name=spec.name), request.args),
        "here": here,
        "tabs": tabs(of, views, who, known),
        "is_counting": known is None or bool(views),
        "chips": list(_chips(of, path)),
        "filters": [_filter(one, of) for one in spec.filters],
        "kept": [(k, v) for k, v in of.pairs() if k in {"view", "q", "sort"}],
        "pairs": list(of.pairs()),
        "sorts": [
            {
                "label": _(sort.label),
                "href": paging.link(
                    path,
                    request.args,
                    sort=None if name == next(iter(spec.sorts)) else name,
                    after=None,
                    before=None,
                ),
                "current": name == of.sort,
            }
            for name, sort in spec.sorts.items()
        ],
        "columns": shown,
        "shows": {column.name for column in shown},
        "offered": [
            {"name": c.name, "label": _(c.label), "is_on": c in shown, "is_fixed": c.is_fixed}
            for c in spec.columns
        ],
        "size": who.preferences.size(spec.name),
        "sizes": PAGE_SIZES,
        "acts": spec.acts if may("console.draft_batch") else (),
        "saved": current,
        "is_edited": current is not None and current.query != query,
        "can_save": current is None and bool(query),
        "may_change": current is not None and (current.is_mine or who.role in LEADS),
        "roles": OPS_ROLES if who.role in LEADS else (who.role,),
        "export": url_for("console.export", name=spec.name) + (f"?{query}" if query else ""),
        "filtered": bool(of.chosen) or bool(of.q) or of.view != next(iter(spec.views)),
    }


def tabs(
    of: Asked,
    views: Sequence[Saved],
    who: Person,
    known: Mapping[str, int | None] | None = None,
) -> list[dict[str, Any]]:
    """Return the list's own tabs and the saved ones, with the numbers that are known."""
    own, path = asked_tabs(of.spec, views), url_for(of.spec.endpoint)
    fresh = counts.kept([one for _, one in own], who)
    first = next(iter(of.spec.views))
    found = []
    for (name, one), kept in zip(own, fresh, strict=True):
        view = of.spec.views.get(name)
        stored = next((v for v in views if v.id == name), None)
        query = one.query() if stored else ("" if name == first else f"view={name}")
        query = f"{query}&saved={name}".lstrip("&") if stored else query or f"view={name}"
        number = known.get(name, kept) if known else kept
        found.append(
            {
                "label": _(view.label) if view else stored.name if stored else name,
                "href": f"{path}?{query}",
                "current": of.saved == name if stored else not of.saved and of.view == name,
                "count": counts.words(number),
                "tone": view.tone if view and number else None,
                "is_shared": bool(stored and stored.is_shared),
                "is_mine": bool(stored and stored.is_mine),
                "hint": _(view.hint) if view and view.hint else "",
            }
        )
    return found


def asked_tabs(spec: ListSpec, views: Sequence[Saved]) -> list[tuple[str, Asked]]:
    """Return what every tab asks for, by the view's name or the saved view's id."""
    own = [(name, whole_view(spec, name)) for name in spec.views]
    return own + [(view.id, asked_by(spec, view.query)) for view in views]


def _chips(of: Asked, path: str) -> list[dict[str, Any]]:
    """Return what is filtered by, each with the address without it."""
    chips = []
    for one in of.spec.filters:
        names = _names(one)
        if words := _in_words(one, of):
            rest = dict.fromkeys((*names, "after", "before"))
            label = _("{filter}: {chosen}", filter=_(one.label), chosen=words)
            chips.append({"label": label, "href": paging.link(path, request.args, **rest)})
    return chips


def _names(one: Filter) -> tuple[str, ...]:
    return (one.name,) if isinstance(one, Choice) else (f"{one.name}_from", f"{one.name}_to")


def _in_words(one: Filter, of: Asked) -> str:
    if isinstance(one, Days):
        start, end = (
            of.chosen.get(name, ("",))[0] for name in (f"{one.name}_from", f"{one.name}_to")
        )
        if start and end:
            return _day(start) if start == end else f"{_day(start)} \u2013 {_day(end)}"
        if start:
            return _("from {day}", day=_day(start))
        return _("until {day}", day=_day(end)) if end else ""
    values = of.chosen.get(one.name, ())
    known = dict(one.options()) if values else {}
    labels = [known.get(value, value) for value in values]
    more = len(labels) - FEW
    few = ", ".join(labels[:FEW])
    return _("{few} and {more} more", few=few, more=more) if more > 0 else few


def _day(word: str) -> str:
    return day(date.fromisoformat(word))


def _filter(one: Filter, of: Asked) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": one.name,
        "label": _(one.label),
        "is_prominent": one.is_prominent,
        "is_set": any(name in of.chosen for name in _names(one)),
        "kind": "days" if isinstance(one, Days) else "choice",
    }
    if isinstance(one, Days):
        ends = {end: of.chosen.get(f"{one.name}_{end}", ("",))[0] for end in ("from", "to")}
        return found | ends
    chosen = of.chosen.get(one.name, ())
    offered = tuple(one.options())
    offered += tuple((value, value) for value in chosen if value not in dict(offered))
    return found | {"options": offered, "chosen": chosen}
