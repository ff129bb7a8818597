"""What a vendor has offered for units that it could not send, in words."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.choices.queries import of_fulfillment_order
from app.choices.rules import option_of
from app.web.words import day


def offered(fo_id: UUID) -> list[dict[str, Any]]:
    """Return what was offered on a fulfillment order, for portal/choice.html; the first one first.

    One statement, in the vendor's own scope.
    """
    return [_offer(row) for row in of_fulfillment_order(fo_id)]


def _offer(row: Row[Any]) -> dict[str, Any]:
    waits = option_of(row.options, "wait")
    return {
        "title": row.title,
        "sku": row.sku,
        "units": row.units,
        "until": day(date.fromisoformat(waits["until"])) if waits else None,
        "substitute": option_of(row.options, "substitute"),
        "status": row.status,
        "answer": row.answer,
        "made": row.made_at,
        "answered": row.answered_at,
    }
