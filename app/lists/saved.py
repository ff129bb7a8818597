"""Saved views: a list as somebody wants to find it again, for themselves or for everybody.

All of it works in the open transaction of ops.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, update
from sqlalchemy.exc import IntegrityError

from app.accounts.contract import OPS_ROLES, Person
from app.accounts.models import SavedView
from app.extensions import db
from app.lists.asked import asked_by
from app.lists.spec import LISTS
from app.shared import clock, ids
from app.shared.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.shared.language import _, later
from app.web.words import span

# A tab bar is no archive.
MOST, LONGEST_NAME = 30, 60
# It becomes an address, and browsers and servers take no longer ones for certain.
LONGEST_QUERY = 2000
# Who may decide what a role's list opens with.
LEADS = frozenset({"ops_lead", "administrator"})
# One value of the statement that reads the rail's numbers: saved views cost no statement more.
OF_LIST = (
    "(SELECT json_agg(v) FROM (SELECT id, name, query, owner_id, is_shared, default_for, version"
    " FROM saved_views WHERE list_name = :list AND (owner_id = :me OR is_shared)"
    # One's own first: what others share pushes none of them out.
    f" ORDER BY owner_id <> :me, lower(name), id LIMIT {MOST}) v)"
)


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved view as one person sees it."""

    id: str
    name: str
    query: str
    is_mine: bool
    is_shared: bool
    default_for: tuple[str, ...]
    version: int


def of(rows: Sequence[Mapping[str, Any]] | None, who: Person) -> list[Saved]:
    """Return the saved views that the numbers brought along."""
    return [
        Saved(
            row["id"],
            row["name"],
            row["query"],
            row["owner_id"] == str(who.id),
            row["is_shared"],
            tuple(row["default_for"]),
            row["version"],
        )
        for row in rows or ()
    ]


def opening(views: Sequence[Saved], who: Person) -> Saved | None:
    """Return the view a list opens with for somebody: their own choice, else their role's."""
    fitting = [view for view in views if who.role in view.default_for]
    return min(fitting, key=lambda view: not view.is_mine, default=None)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a view shall be like."""

    name: str
    query: str
    is_shared: bool = False
    default_for: tuple[str, ...] = ()


def save(list_name: str, wish: Wish, who: Person) -> UUID:
    """Keep a new view; InvalidInput names what is wrong with it."""
    mine = db.select(func.count()).where(
        SavedView.list_name == list_name, SavedView.owner_id == who.id
    )
    if (db.session.scalar(mine) or 0) >= MOST:
        raise InvalidInput(_("You have {most} views of this list. Delete one first.", most=MOST))
    view_id = ids.new()
    row = _checked(list_name, wish, who) | {
        "id": view_id,
        "list_name": list_name,
        "owner_id": who.id,
        "version": 1,
    }
    with _own_name(wish.name):
        db.session.execute(insert(SavedView).values(row))
    return view_id


def change(view_id: UUID, version: int, wish: Wish, who: Person) -> SavedView:
    """Change a view that still is as it was seen; Conflict says who changed what since."""
    view = held(view_id, who)
    if view.version != version:
        raise Conflict(_differs(view, wish))
    values = _checked(view.list_name, wish, who) | {"version": version + 1}
    with _own_name(wish.name):
        db.session.execute(update(SavedView).where(SavedView.id == view_id).values(values))
    return view


def delete(view_id: UUID, who: Person) -> SavedView:
    """Take a view away; return what it was, so that it can be put back."""
    view = held(view_id, who)
    db.session.delete(view)
    return view


def held(view_id: UUID, who: Person) -> SavedView:
    """Return a view that somebody may change, locked: its owner, or a lead if it is shared."""
    view = db.session.get(SavedView, view_id, with_for_update=True)
    if view is None or (view.owner_id != who.id and not view.is_shared):
        raise NotFound(_("There is no such view. Somebody may have deleted it."))
    if view.owner_id != who.id and who.role not in LEADS:
        raise NotAllowed(_("This view is somebody else's. Save one of your own beside it."))
    return view


def _checked(list_name: str, wish: Wish, who: Person) -> dict[str, Any]:
    name = wish.name.strip()
    if not name or not name.isprintable() or len(name) > LONGEST_NAME:
        raise InvalidInput(
            _("The view has no usable name."),
            name=_("Give it a name of at most {most} letters.", most=LONGEST_NAME),
        )
    roles = tuple(role for role in OPS_ROLES if role in wish.default_for)
    if roles and roles != (who.role,) and who.role not in LEADS:
        raise NotAllowed(_("Only a lead decides what other roles' lists open with."))
    if roles and wish.is_shared and who.role not in LEADS:
        raise NotAllowed(
            _("Only a lead decides what others' lists open with. Choose one of the two.")
        )
    is_shared = wish.is_shared or any(role != who.role for role in roles)
    return {
        "name": name,
        "query": _query(list_name, wish.query),
        "is_shared": is_shared,
        "default_for": list(roles),
        "changed_by": who.name,
        "changed_at": clock.machine_now(),
    }


def _query(list_name: str, wanted: str) -> str:
    """Return a query written the one way, so that it is known again as the same."""
    query = asked_by(LISTS[list_name], wanted).query()
    if len(query) > LONGEST_QUERY:
        raise InvalidInput(_("A view cannot hold so many filters. Take some of them off."))
    return query


def _differs(view: SavedView, wish: Wish) -> str:
    """Return who changed a view since it was seen, when, and what is different now."""
    now = {
        later("name"): view.name,
        later("filters"): view.query,
        later("sharing"): view.is_shared,
    }
    query = asked_by(LISTS[view.list_name], wish.query).query()
    wanted = {"name": wish.name, "filters": query, "sharing": wish.is_shared}
    what = [_(word) for word in now if now[word] != wanted[word]]
    ago = span(clock.machine_now() - view.changed_at)
    said = [
        _(
            "{who} changed \u201c{view}\u201d {ago} ago.",
            who=view.changed_by,
            view=view.name,
            ago=ago,
        )
    ]
    if what:
        parts = reduce(lambda some, last: _("{some} and {last}", some=some, last=last), what)
        said.append(_("Its {parts} differ from what you sent.", parts=parts))
    return " ".join([*said, _("Look at it again before you change it.")])


@contextmanager
def _own_name(name: str) -> Iterator[None]:
    """Refuse a name that another view of the same person has."""
    try:
        with db.session.begin_nested():
            yield
    except IntegrityError as taken:
        raise InvalidInput(
            _("You have a view named {name} already.", name=name), name=_("Choose another name.")
        ) from taken
