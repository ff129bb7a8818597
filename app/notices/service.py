"""Telling people on screen, in the transaction of the cause; and what they have looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from app import jobs
from app.extensions import db
from app.notices.contract import KINDS, Notice
from app.notices.models import Notice as Row
from app.shared import bulk, clock, ids, live


def tell(notices: Sequence[Notice]) -> None:
    """Tell audiences, in any scope that changes things; the same cause again tells nobody."""
    now = clock.machine_now()
    rows = [
        {
            "id": ids.new(),
            "audience": n.audience,
            "kind": n.kind,
            "subject": n.subject,
            "facts": n.facts,
            "once": n.once,
            "at": now,
        }
        for n in notices
        if n.kind in KINDS
    ]
    # Without naming the column: a vendor may tell, and read nobody's notices.
    bulk.insert(Row, rows, conflict="ON CONFLICT DO NOTHING")
    for heard in {_heard(n) for n in notices}:
        live.changed("notices", heard)
    if any(n.audience.startswith("vendor:") for n in notices):
        # Programs of theirs may listen, too.
        jobs.ring("feed_webhooks")


SEE = text(
    "INSERT INTO notice_marks (user_id, seen_until, mailed_until, digested_until)"
    " SELECT id, :until, created_at, created_at FROM users WHERE id = :id ON CONFLICT (user_id)"
    " DO UPDATE SET seen_until = greatest(notice_marks.seen_until, excluded.seen_until)"
)


def see(user_id: UUID, until: datetime, vendor_id: UUID | None) -> None:
    """Note that somebody has looked at what they were told up to a moment."""
    db.session.execute(SEE, {"id": user_id, "until": min(until, clock.machine_now())})
    live.changed("notices", vendor_id)


def _heard(notice: Notice) -> UUID | None:
    """Return whose open pages hear of it: a vendor's, or (None) those of ops."""
    kind, _, key = notice.audience.partition(":")
    return UUID(key) if kind == "vendor" else notice.vendor_id
