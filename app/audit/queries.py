"""Reading the audit trail: page by page from its end, with filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.extensions import db
from app.web.paging import Cut

# What a row of the screen shows; positions come with the commit, so each row has one by then.
COLUMNS = (
    "a.position, a.at, a.actor_kind, a.actor, a.action, a.outcome, a.subject, a.address, a.facts,"
    " v.name AS vendor"
)
LATEST_OF = text(
    f"SELECT {COLUMNS} FROM audit a LEFT JOIN vendors v ON v.id = a.vendor_id"
    " WHERE a.actor_id = :id AND a.position IS NOT NULL ORDER BY a.position DESC LIMIT :size"
)

LATEST_ABOUT = text(
    f"SELECT {COLUMNS} FROM audit a LEFT JOIN vendors v ON v.id = a.vendor_id"
    " WHERE a.subject = :subject AND a.action = ANY(:actions) AND a.position IS NOT NULL"
    " ORDER BY a.position DESC LIMIT :size"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which acts are looked for; what is empty does not matter."""

    who: str = ""
    action: str = ""
    outcome: str = ""
    vendor: str = ""
    since: datetime | None = None
    until: datetime | None = None


# What each filter asks, and the name its value travels under.
FILTERS = {
    "who": "strpos(lower(a.actor), lower(:who)) > 0",
    "action": "a.action = :action",
    "outcome": "a.outcome = :outcome",
    "vendor": "lower(:vendor) IN (lower(v.code), lower(v.name))",
    "since": "a.at >= :since",
    "until": "a.at < :until",
}


def acts(wanted: Wanted, cut: Cut) -> Sequence[Row[Any]]:
    """Return acts, the latest first."""
    values = {name: getattr(wanted, name) for name in FILTERS}
    asked = {name: value for name, value in values.items() if value}
    sign, way = (">", "ASC") if cut.is_back else ("<", "DESC")
    where = [FILTERS[name] for name in asked] + (
        [f"a.position {sign} :cut_id"] if cut.key else ["a.position IS NOT NULL"]
    )
    sql = (
        f"SELECT {COLUMNS} FROM audit a LEFT JOIN vendors v ON v.id = a.vendor_id"
        f" WHERE {' AND '.join(where)} ORDER BY a.position {way} LIMIT :size"
    )
    return db.session.execute(text(sql), asked | cut.values()).all()


def latest_of(actor_id: UUID, size: int) -> Sequence[Row[Any]]:
    """Return what somebody did last, the latest first."""
    return db.session.execute(LATEST_OF, {"id": actor_id, "size": size}).all()


def latest_about(subject: str, actions: Sequence[str], size: int) -> Sequence[Row[Any]]:
    """Return what was last done to something, the latest first."""
    values = {"subject": subject, "actions": list(actions), "size": size}
    return db.session.execute(LATEST_ABOUT, values).all()
