"""Every order, searched and filtered; and one order's page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Row

from app.console import case_queries, order_page, order_queries, page
from app.console.page import blueprint
from app.orders.contract import OrderStatus
from app.shared.work import OPS, transaction
from app.timeline.queries import decisions_of, entries_of
from app.web import paging
from app.web.deadlines import Deadline, deadline
from app.web.paging import Key, link
from app.web.words import day, plain

# Nothing we know by is longer; an address is no place for essays.
LONGEST_WORD = 120
# An order that reads like a novel shows its last chapters.
ENTRIES = 100


@blueprint.get("/orders")
def orders() -> ResponseReturnValue:
    """Show orders, or go straight to the only one that a word names exactly."""
    q = request.args.get("q", "").strip().replace("\0", "")[:LONGEST_WORD]
    status, cut = request.args.get("status", ""), paging.cut(request.args)
    status = status if status in set(OrderStatus) else ""
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        found = order_queries.orders(q, status, cut)
        rows, pager = paging.turn(found, cut, lambda row: Key(row.placed_at, row.id))
        listed = [_listed(row, now) for row in rows]
    exact = [row for row in found if row.is_exact]
    if len(exact) == 1 and not status and cut.key is None:
        return redirect(url_for("console.order", reference=exact[0].reference))
    return render_template(
        "console/orders.html",
        **frame,
        orders=listed,
        q=q,
        chips=_chips(status),
        page=pager,
        filtered=bool(status),
    )


def _chips(current: str) -> list[dict[str, Any]]:
    def chip(status: str, label: str) -> dict[str, Any]:
        is_current = status == current
        target = None if is_current else status
        href = link(request.path, request.args, status=target, after=None, before=None)
        is_removable = is_current and bool(status)
        return {"label": label, "href": href, "current": is_current, "removable": is_removable}

    return [chip("", "Every status"), *(chip(status, plain(status)) for status in OrderStatus)]


def _listed(row: Row[Any], now: datetime) -> dict[str, Any]:
    return {
        "number": row.number,
        "href": url_for("console.order", reference=row.reference),
        "channel": row.channel,
        "customer": row.customer,
        "place": ", ".join(part for part in (row.city, row.country) if part),
        "placed": row.placed_at,
        "status": row.status,
        "deadline": _promise(row, now),
        "vendors": row.vendors or [],
        "total": (row.total, row.currency),
        "cases": row.cases,
    }


def _promise(row: Row[Any], now: datetime) -> Deadline | None:
    if row.deliver_by is None or row.status == "canceled":
        return None
    due = day(row.deliver_on) if row.deliver_on else ""
    return deadline(row.deliver_by, now, due, since=row.placed_at, done_at=row.delivered_at)


@blueprint.get("/orders/<reference>")
def order(reference: str) -> str:
    """Show one order with everything that hangs on it."""
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        row = order_queries.order(reference)
        decisions = decisions_of(row.id, "routing")
        loaded = order_page.Loaded(
            row=row,
            lines=order_queries.lines(row.id),
            fulfillment_orders=order_queries.fulfillment_orders(row.id),
            fo_lines=order_queries.fo_lines(row.id),
            parcels=order_queries.parcels(row.id),
            cases=case_queries.cases_of(row.id),
            offer=order_queries.offer(row.id),
            messages=order_queries.messages(row),
            entries=entries_of(row.id, ENTRIES),
            decisions=decisions,
            vendors=order_queries.vendor_names(order_page.vendors_in(decisions)),
        )
        shown = order_page.shown(loaded, now)
    return render_template("console/order.html", **frame, order=shown)
