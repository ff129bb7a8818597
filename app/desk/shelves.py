"""A page of what is sold, by SKU: what was searched for, where it begins, where its pager leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.web.paging import link

LONGEST_WORD = 120


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of SKUs begins: after a row (its SKU and its key), or before one."""

    sku: str
    id: UUID | None = None
    is_back: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a page of SKUs asks for; `kept` goes along from page to page."""

    q: str
    place: Place | None
    size: int
    kept: Mapping[str, str] = field(default_factory=dict)


def shelf_asked(args: Mapping[str, str], size: int, **kept: str) -> Asked:
    """Return what an address asks for; a place that cannot be read is the beginning."""
    q = "".join(c for c in args.get("q", "").strip() if c.isprintable())[:LONGEST_WORD]
    is_back = "before" in args
    key, _, sku = args.get("before" if is_back else "after", "").partition("~")
    try:
        is_place = sku and "\0" not in sku
        place = Place(sku, UUID(key) if key else None, is_back) if is_place else None
    except ValueError:
        place = None
    return Asked(q, place, size, kept)


def turn(
    rows: Sequence[Row[Any]], asked: Asked, path: str, name: Callable[[Row[Any]], str]
) -> dict[str, Any]:
    """Return the rows to show in their order, and what their pager needs."""
    shown = list(rows[: asked.size])
    is_more, is_back = len(rows) > asked.size, bool(asked.place and asked.place.is_back)
    if is_back:
        shown.reverse()
    has_next, has_prev = (True, is_more) if is_back else (is_more, asked.place is not None)
    here = {**asked.kept, "q": asked.q}
    pager = {
        "shown": len(shown),
        "total": None,
        "next_url": link(path, here, after=name(shown[-1])) if has_next and shown else None,
        "prev_url": link(path, here, before=name(shown[0])) if has_prev and shown else None,
    }
    return {"q": asked.q, "rows": shown, "page": pager, "is_cut": bool(asked.place)}


def key_of(row: Row[Any]) -> str:
    """Return a listing's place in such a list, as an address has it."""
    return f"{row.id}~{row.sku}"
