"""What audiences were told, and how far somebody has looked; read as ACCOUNTS."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.extensions import db
from app.notices.contract import KINDS
from app.notices.rules import Stretch
from app.web.paging import Cut

COLUMNS = "id, kind, subject, facts, at"
WITHIN = "audience = ANY(:audiences) AND kind = ANY(:kinds) AND at > :after AND at <= :until"
# Those that a mail names one by one; `total` is how many there are.
STRETCH = text(
    f"SELECT {COLUMNS}, count(*) OVER () AS total FROM notices WHERE {WITHIN}"
    " ORDER BY at DESC, id DESC LIMIT :most"
)
NEWEST = text(
    f"SELECT {COLUMNS} FROM notices WHERE audience = ANY(:audiences) AND kind = ANY(:kinds)"
    " AND at > :after ORDER BY at DESC, id DESC LIMIT :most"
)
SEEN = text(
    "SELECT coalesce(m.seen_until, u.created_at) FROM users u"
    " LEFT JOIN notice_marks m ON m.user_id = u.id WHERE u.id = :id"
)


def page(audiences: Sequence[str], cut: Cut) -> Sequence[Row[Any]]:
    """Return a page of what audiences were told, newest first, and one row more."""
    where, order = cut.order("at", "id", newest_first=True)
    query = text(
        f"SELECT {COLUMNS} FROM notices WHERE audience = ANY(:audiences)"
        f" AND kind = ANY(:kinds) AND {where} ORDER BY {order} LIMIT :size"
    )
    values = {"audiences": list(audiences), "kinds": list(KINDS)}
    return db.session.execute(query, values | cut.values()).all()


def newest(audiences: Sequence[str], after: datetime, most: int) -> Sequence[Row[Any]]:
    """Return the newest of what audiences were told after a moment."""
    values = {"audiences": list(audiences), "kinds": list(KINDS), "after": after, "most": most}
    return db.session.execute(NEWEST, values).all()


def told_within(
    audiences: Sequence[str], kinds: Sequence[str], stretch: Stretch, most: int
) -> Sequence[Row[Any]]:
    """Return the newest of what audiences were told of some kinds in a stretch of time."""
    values = {"audiences": list(audiences), "kinds": list(kinds), "most": most}
    times = {"after": stretch.after, "until": stretch.until}
    return db.session.execute(STRETCH, values | times).all()


def seen_until(user_id: UUID) -> datetime:
    """Return up to when somebody has looked."""
    found: datetime = db.session.execute(SEEN, {"id": user_id}).scalar_one()
    return found
