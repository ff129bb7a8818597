"""A vendor's stock: what it sells, how much of it is there, who waits for it; as a file, too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, current_app, render_template, request, url_for
from sqlalchemy import Row

from app.catalog.rules import FEW
from app.desk.shelves import Asked, Place, key_of, shelf_asked, turn
from app.doors.guard import may
from app.portal import page, stock_queries
from app.portal.page import blueprint
from app.shared.language import _, later
from app.shared.work import transaction
from app.web import sheets
from app.web.paging import SIZE, link

# What the list shows of all that is sold: its word, and what that means.
VIEWS = {
    "": (later("All"), ""),
    "out": (later("Out of stock"), later("On sale, and none is free.")),
    "low": (later("Low"), later("On sale, and at most {few} are free.")),
    "waited": (later("Waited for"), later("Customers wait for more than is free.")),
    "inactive": (later("Not on sale"), ""),
}
# What a file calls each column; the first line of a list that is counted may say the same.
COLUMNS = (
    ("SKU", "sku"),
    ("Title", "title"),
    ("GTIN", "gtin"),
    ("Own code", "own_code"),
    ("Location", "location"),
    ("Bin", "bin"),
    ("On hand", "on_hand"),
    ("Held", "reserved"),
    ("Free", "free"),
    ("Waited for", "waited"),
    ("On sale", "is_active"),
    ("Bought in within days", "buy_in_days"),
    ("Filled again on", "restock_on"),
)
BATCH = 1000


def _asked() -> Asked:
    view = request.args.get("view", "")
    asked = shelf_asked(request.args, SIZE, view=view if view in VIEWS else "")
    place = asked.place if asked.place and asked.place.id else None
    return Asked(asked.q, place, SIZE, asked.kept)


@blueprint.get("/stock")
def stock() -> str:
    """Show what is sold, by SKU; a scan of a code finds its row."""
    asked, path = _asked(), url_for("portal.stock")
    view = asked.kept["view"]
    with transaction(page.scope()) as now:
        shell = page.shell(now)
        rows = stock_queries.listed(page.vendor_id(), view, asked.q, asked.place, asked.size)
    shelf = turn(rows, asked, path, key_of)
    scanned = next((row.id for row in shelf["rows"] if row.is_exact), None)
    return render_template(
        "portal/stock.html",
        **shell,
        shelf=shelf,
        rows=[_row(row) for row in shelf["rows"]],
        scanned=scanned,
        # Who scans goes on scanning; who sought a word goes on in what it found.
        back=link(path, {"view": view} if scanned else request.args),
        tabs=_tabs(view, asked.q, path),
        view=view,
        meant=_(VIEWS[view][1]).format(few=FEW) if VIEWS[view][1] else "",
        export=link(url_for("portal.stock_file"), {"view": view, "q": asked.q}),
        may_count=may("portal.count_listing", "POST"),
    )


def _tabs(view: str, q: str, path: str) -> list[dict[str, Any]]:
    return [
        {"label": _(word), "href": link(path, {"view": name, "q": q}), "current": name == view}
        for name, (word, _meant) in VIEWS.items()
    ]


def _row(row: Row[Any]) -> dict[str, Any]:
    short = (row.waited or 0) > row.free and row.is_active
    return {
        **row._asdict(),
        "available": row.free,
        "is_low": row.is_active and 0 < row.free <= FEW,
        "short": row.waited if short else None,
        "href": url_for("portal.listing", listing_id=row.id),
        "count_url": url_for("portal.count_listing", listing_id=row.id),
    }


@blueprint.get("/stock.csv")
def stock_file() -> Response:
    """Send exactly what the list shows, all its pages, as a file; its counts can be sent back."""
    asked, vendor, scope = _asked(), page.vendor_id(), page.scope()
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - the file is read on after the request

    def lines() -> Iterator[str]:
        yield sheets.BOM + sheets.line(header for header, _name in COLUMNS)
        after = None
        while True:
            # A transaction each time, so that a slow reader holds none open.
            with app.app_context(), transaction(scope):
                rows = stock_queries.listed(vendor, asked.kept["view"], asked.q, after, BATCH)
            shown = rows[:BATCH]
            yield "".join(sheets.line(_cells(row)) for row in shown)
            if len(rows) <= BATCH:
                return
            after = Place(shown[-1].sku, shown[-1].id)

    answer = Response(lines(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="stock.csv"'
    return answer


def _cells(row: Row[Any]) -> Iterator[object]:
    for _header, name in COLUMNS:
        value = getattr(row, name)
        yield ("yes" if value else "no") if name == "is_active" else value
