"""What a vendor has offered for units that it could not send, in words."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.choices.contract import Status
from app.choices.queries import of_fulfillment_order, still_waiting
from app.choices.rules import option_of
from app.web.words import day


def offered(fo_id: UUID) -> list[dict[str, Any]]:
    """Return what was offered on a fulfillment order, for portal/choice.html; the first one first.

    Where nothing was offered, as almost always, that is one statement.
    """
    rows = of_fulfillment_order(fo_id)
    names = [row.reference for row in rows if row.status == Status.OPEN]
    waiting = still_waiting(names) if names else frozenset()
    return [_offer(row, waiting) for row in rows]


def _offer(row: Row[Any], waiting: Collection[str]) -> dict[str, Any]:
    is_moot = row.status == Status.OPEN and row.reference not in waiting
    waits = option_of(row.options, "wait")
    return {
        "title": row.title,
        "sku": row.sku,
        "units": row.units,
        "until": day(date.fromisoformat(waits["until"])) if waits else None,
        "substitute": option_of(row.options, "substitute"),
        "status": Status.MOOT if is_moot else row.status,
        "answer": row.answer,
        "made": row.made_at,
        "answered": row.answered_at,
    }
