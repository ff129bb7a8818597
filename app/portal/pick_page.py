"""The pages on which goods are scanned: of one order, and of a walk through several."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import render_template, request
from sqlalchemy import Row

from app.orders.contract import FoStatus
from app.portal import page, scanning
from app.shared.work import transaction
from app.shipments import pick_queries as queries
from app.shipments.pick_words import REASONS, Said

# What comes after picking; otherwise an order is over, or waits.
NEXT = {FoStatus.PACKED: "portal.pack", FoStatus.READY: "portal.pack"}


def answer(reference: str, refusal: Said | None = None) -> str:
    """Return the page on which something was scanned or tapped: a walk's or an order's."""
    if wave := request.form.get("wave"):
        return of_wave(wave, refusal)
    return of_order(reference, refusal)


def of_order(reference: str, refusal: Said | None = None) -> str:
    """Return the page of an order that is picked; `refusal`: why something was not counted."""
    with transaction(page.scope()) as now:
        shell = page.shell(now)
        row = queries.order(reference)
        goods = queries.goods([row.id])
        last = queries.last_scans(fo_id=row.id)
    return render_template(
        "portal/pick.html",
        **shell,
        **scanning.frame(),
        order=_order(row, goods, now),
        said=refusal or scanning.said(last),
        scans=scanning.scans(last),
        undo=scanning.to_undo(last),
        reasons=REASONS,
    )


def _order(row: Row[Any], goods: Sequence[Row[Any]], now: datetime) -> dict[str, Any]:
    return {
        "reference": row.reference,
        "status": row.status,
        "hold_reason": row.hold_reason,
        "wave": row.wave,
        "tote": row.tote,
        "totes": row.totes,
        "due": scanning.due(row, now) if row.shipped_at is None else None,
        **_progress(goods),
        "lines": scanning.lines(goods),
        "before": scanning.instructions(row, goods),
        "is_open": row.status in queries.PICKABLE,
        "next": NEXT.get(FoStatus(row.status)),
    }


def _progress(goods: Sequence[Row[Any]]) -> dict[str, int]:
    units, picked = sum(g.confirmed for g in goods), sum(g.picked for g in goods)
    return {"units": units, "picked": picked, "left": units - picked}


def of_wave(reference: str, refusal: Said | None = None) -> str:
    """Return the page of a walk; `refusal`: why something was not counted."""
    with transaction(page.scope()) as now:
        shell = page.shell(now)
        row = queries.wave(reference)
        fos = queries.in_wave(row.id)
        goods = queries.goods([fo.id for fo in fos if fo.status in queries.PICKABLE])
        last = queries.last_scans(wave_id=row.id)
    totes = {fo.reference: fo.tote for fo in fos}
    return render_template(
        "portal/wave.html",
        **shell,
        **scanning.frame(),
        wave={
            "reference": row.reference,
            "by": row.made_by,
            "at": row.made_at,
            **_progress(goods),
            "lines": scanning.lines(goods, totes),
            "orders": [_of_walk(fo, now) for fo in fos],
            "is_open": bool(goods),
        },
        said=refusal or scanning.said(last, totes),
        scans=scanning.scans(last),
        undo=scanning.to_undo(last),
        reasons=REASONS,
    )


def _of_walk(fo: Row[Any], now: datetime) -> dict[str, Any]:
    return {
        "reference": fo.reference,
        "number": fo.order_number,
        "status": fo.status,
        "tote": fo.tote,
        "units": fo.units,
        "picked": fo.picked,
        "is_open": fo.status in queries.PICKABLE,
        "is_gift": bool(fo.preferences.get("gift_wrap")),
        "due": scanning.due(fo, now),
    }
