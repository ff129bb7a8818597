"""Writing promises down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.promises.models import Promise
from app.shared import bulk


@dataclass(frozen=True, slots=True)
class Made:
    """A first promise: of what, by when, and by which rule it was made."""

    order_id: UUID
    subject_id: UUID
    kind: str
    due_at: datetime
    reason: str


def make(promises: Sequence[Made], now: datetime) -> None:
    """Write first promises; a promise that stands already is left as it is."""
    rows = [
        {
            "order_id": p.order_id,
            "subject_id": p.subject_id,
            "kind": p.kind,
            "version": 1,
            "due_at": p.due_at,
            "reason": p.reason,
            "made_at": now,
        }
        for p in promises
    ]
    bulk.insert(Promise, rows, conflict="ON CONFLICT (subject_id, kind, version) DO NOTHING")
