"""What vendors offer for what they cannot send, in words for ops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.choices import queries
from app.choices.contract import Kind, Status
from app.choices.rules import left_of, status_of
from app.shared.language import _, _n
from app.web.words import day, decline


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer that was not taken: which choice, what was chosen and typed, and why not."""

    reference: str
    kind: str
    note: str
    problem: str


def offered(order_id: UUID) -> Sequence[dict[str, Any]]:
    """Return what was offered on an order, open choices first."""
    every = [shown(row) for row in queries.of_order(order_id)]
    return sorted(every, key=lambda one: one["status"] != Status.OPEN)


def shown(row: Row[Any]) -> dict[str, Any]:
    """Return one choice as pages have it."""
    status = status_of(row.status, row.units, row.unrouted)
    left = left_of(row.units, row.unrouted) if status == Status.OPEN else row.units
    return {
        "reference": row.reference,
        "status": status,
        "vendor": row.vendor,
        "title": row.title,
        "sku": row.sku,
        "units": left,
        "why": decline(row.code),
        "made": row.made_at,
        "by": row.made_by,
        "options": [_option(option, left) for option in row.options],
        "answer": row.answer,
        "answered": row.answered_at,
        "answered_by": row.answered_by,
        "note": row.note,
        "number": row.number,
        "order_reference": row.order_reference,
        "customer": row.customer,
    }


def _option(option: dict[str, Any], units: int) -> dict[str, Any]:
    words = {
        Kind.WAIT: lambda: _("Wait until {day}", day=day(date.fromisoformat(option["until"]))),
        Kind.SUBSTITUTE: lambda: _("Take {title} instead", title=option["title"]),
        Kind.REFUND: lambda: _n("Money back for {n} unit", "Money back for {n} units", units),
    }
    kind = Kind(option["kind"])
    return {"kind": str(kind), "words": words[kind](), "sku": option.get("sku")}
