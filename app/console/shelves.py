"""A page of SKUs: what was searched for, where it begins, and where its pager leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.console import catalog_queries
from app.console.catalog_queries import Place
from app.web.paging import link

LONGEST_WORD = 120


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a page of SKUs asks for."""

    q: str
    place: Place | None
    size: int


def shelf_asked(args: Mapping[str, str], size: int) -> Asked:
    """Return what an address asks for; a place that cannot be read is the beginning."""
    q = "".join(c for c in args.get("q", "").strip() if c.isprintable())[:LONGEST_WORD]
    is_back = "before" in args
    key, _, sku = args.get("before" if is_back else "after", "").partition("~")
    try:
        place = Place(sku, UUID(key) if key else None, is_back) if sku else None
    except ValueError:
        place = None
    return Asked(q, place, size)


def turn(
    rows: Sequence[Row[Any]], asked: Asked, path: str, name: Callable[[Row[Any]], str]
) -> dict[str, Any]:
    """Return the rows to show in their order, and what their pager needs."""
    shown = list(rows[: asked.size])
    is_more, is_back = len(rows) > asked.size, bool(asked.place and asked.place.is_back)
    if is_back:
        shown.reverse()
    has_next, has_prev = (True, is_more) if is_back else (is_more, asked.place is not None)
    pager = {
        "shown": len(shown),
        "total": None,
        "next_url": link(path, {"q": asked.q, "after": name(shown[-1])})
        if has_next and shown
        else None,
        "prev_url": link(path, {"q": asked.q, "before": name(shown[0])})
        if has_prev and shown
        else None,
    }
    return {"q": asked.q, "rows": shown, "page": pager, "is_cut": bool(asked.place)}


def shelf(vendor_id: UUID, asked: Asked, path: str) -> dict[str, Any]:
    """Return a page of what a vendor sells."""
    place = asked.place if asked.place and asked.place.id else None
    rows = catalog_queries.of_vendor(vendor_id, asked.q, place, asked.size)
    return turn(rows, Asked(asked.q, place, asked.size), path, lambda row: f"{row.id}~{row.sku}")


def catalog(asked: Asked, path: str) -> dict[str, Any]:
    """Return a page of all that is sold."""
    rows = catalog_queries.catalog(asked.q, asked.place, asked.size)
    return turn(rows, asked, path, lambda row: f"~{row.sku}")
