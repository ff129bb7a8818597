"""Addresses of pages: where a list begins (keyset paging), and where to go on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from flask import request
from werkzeug.datastructures import MultiDict

Item = TypeVar("Item")

# Fifty rows fill a screen more than twice; a page is read, not scrolled through.
SIZE = 50
OWN_PATH = re.compile(r"/(?![/\\])[^\x00-\x1f\x7f-\x9f]*")


@dataclass(frozen=True, slots=True)
class Key:
    """A row's place in its list; `rank` for lists in groups."""

    at: datetime
    id: UUID | int
    rank: int = 0

    def __str__(self) -> str:
        """Return the place as it stands in an address."""
        return f"{self.rank}~{self.at.isoformat()}~{self.id}"


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a page begins, none at the start of the list, and which way it is read."""

    key: Key | None = None
    is_back: bool = False
    size: int = SIZE

    def order(self, at: str, row_id: str, *, newest_first: bool = False) -> tuple[str, str]:
        """Return the condition and the order of a list over two columns."""
        sign, way = ("<", "DESC") if newest_first != self.is_back else (">", "ASC")
        where = f"({at}, {row_id}) {sign} (:cut_at, :cut_id)" if self.key else "true"
        return where, f"{at} {way}, {row_id} {way}"

    def in_groups(self, rank: str, at: str, row_id: str) -> tuple[str, str]:
        """Return the condition on a row of a group, and the order of a list of groups.

        `rank` is the group's place: where each group is read from an index by itself, so is its
        part of the page.
        """
        sign, way = ("<", "DESC") if self.is_back else (">", "ASC")
        order = f"{rank} {way}, {at} {way}, {row_id} {way}"
        if self.key is None:
            return "true", order
        edge, last = ("infinity", 2**128 - 1) if self.is_back else ("-infinity", 0)
        is_here = f"CASE WHEN {rank} = :cut_rank THEN"
        where = (
            f"{rank} {sign}= :cut_rank AND ({at}, {row_id}) {sign}"
            f" ({is_here} :cut_at ELSE CAST('{edge}' AS timestamptz) END,"
            f" {is_here} :cut_id ELSE CAST('{UUID(int=last)}' AS uuid) END)"
        )
        return where, order

    def values(self) -> dict[str, object]:
        """Return the values those name, and one row more than is shown."""
        size: dict[str, object] = {"size": self.size + 1}
        if self.key is None:
            return size
        place = {"cut_rank": self.key.rank, "cut_at": self.key.at, "cut_id": self.key.id}
        return size | place


def cut(
    args: Mapping[str, str], read_id: Callable[[str], UUID | int] = UUID, size: int = SIZE
) -> Cut:
    """Return where an address says the page begins; one that cannot be read is the start."""
    is_back = "before" in args
    words = args.get("before" if is_back else "after", "").split("~")
    try:
        rank, at, row_id = words
        key = Key(datetime.fromisoformat(at), read_id(row_id), int(rank))
    except ValueError:
        return Cut(size=size)
    return Cut(key, is_back, size) if key.at.tzinfo else Cut(size=size)


def link(path: str, args: Mapping[str, str], **changes: str | None) -> str:
    """Return an address of our own with some of its arguments changed; None takes one away."""
    given = args.items(multi=True) if isinstance(args, MultiDict) else args.items()
    wanted = [(k, v) for k, v in given if v and k not in changes]
    wanted += [(k, v) for k, v in changes.items() if v]
    return f"{path}?{urlencode(wanted)}" if wanted else path


def turn(
    rows: Sequence[Item],
    here: Cut,
    key_of: Callable[[Item], Key],
    *,
    total: int | None = None,
    path: str | None = None,
) -> tuple[list[Item], dict[str, Any]]:
    """Return the rows to show in their order, and what the pager of the page asked for needs."""
    shown = list(rows[: here.size])
    is_more = len(rows) > here.size
    if here.is_back:
        shown.reverse()
    has_next, has_prev = (True, is_more) if here.is_back else (is_more, here.key is not None)

    def beside(name: str, row: Item) -> str:
        place = {"after": None, "before": None} | {name: str(key_of(row))}
        return link(path or request.path, request.args, **place)

    page = {
        "shown": len(shown),
        "total": total,
        # What stood here is gone, or has moved to an earlier page.
        "is_beyond": here.key is not None and not shown,
        "next_url": beside("after", shown[-1]) if has_next and shown else None,
        "prev_url": beside("before", shown[0]) if has_prev and shown else None,
    }
    return shown, page


def own_path(wanted: str | None, otherwise: str) -> str:
    """Return where to go on if that is a path of ours, never somebody else's address."""
    return wanted if wanted and OWN_PATH.fullmatch(wanted) else otherwise
