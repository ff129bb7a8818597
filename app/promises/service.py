"""Writing promises down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from app.extensions import db
from app.promises.models import Promise
from app.shared import bulk

RENEW = text(
    "INSERT INTO promises (order_id, subject_id, kind, version, due_at, reason, made_at)"
    " SELECT order_id, subject_id, kind, version + 1, :due_at, :reason, :now"
    " FROM (SELECT * FROM promises WHERE subject_id = :subject AND kind = :kind"
    "  ORDER BY version DESC LIMIT 1) newest WHERE due_at <> :due_at"
)


@dataclass(frozen=True, slots=True)
class Made:
    """A promise: of what, by when, and by which rule it was made, or why it is another one now."""

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


def renew(promise: Made, now: datetime) -> None:
    """Write the next version of a promise, with its reason; one that says the same is none.

    Those before stay as they are. Its subject is locked.
    """
    values = {
        "subject": promise.subject_id,
        "kind": promise.kind,
        "due_at": promise.due_at,
        "reason": promise.reason,
        "now": now,
    }
    db.session.execute(RENEW, values)
