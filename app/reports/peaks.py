"""Vendors at peak whom nobody has written with for a day: whom ops should ask how things go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from app.accounts.contract import VENDOR_ROLES
from app.extensions import db
from app.notices.contract import Notice
from app.notices.service import tell
from app.orders.queries import IN_WORK
from app.reports.rules import LEAST_DUE, SILENCE, WEEKS, Load, facts, peak, pressure

# The most pressed are asked first; when they are, the next come up.
MOST = 20
DAY = timedelta(days=1)
# Tomorrow ends by the clock of a vendor's own place, where it has several by the last of them.
# What is usual is counted only of those who have enough to do: it reads weeks of what has left.
LOADS = text(
    "SELECT v.id, v.code, v.name, work.late, work.due, place.days, place.capacity,"
    " talk.asked_at, talk.answered_at, CASE WHEN work.due >= :least_due THEN"
    "  (SELECT count(*) FROM fulfillment_orders WHERE vendor_id = v.id AND shipped_at > :since)"
    "  ELSE 0 END AS gone FROM vendors v"
    " CROSS JOIN LATERAL (SELECT max(n.at) FILTER (WHERE n.author_role <> ALL(:theirs))"
    "   AS asked_at, max(n.at) FILTER (WHERE n.author_role = ANY(:theirs)) AS answered_at"
    "  FROM notes n WHERE n.vendor_id = v.id AND n.order_id IS NULL) talk"
    " CROSS JOIN LATERAL (SELECT max(cardinality(l.working_days)) AS days,"
    "   CASE WHEN bool_and(l.daily_capacity IS NOT NULL) FILTER (WHERE l.is_active)"
    "    THEN sum(l.daily_capacity) FILTER (WHERE l.is_active) END AS capacity,"
    "   max((date_trunc('day', CAST(:now AS timestamptz) AT TIME ZONE l.zone)"
    "    + interval '2 days') AT TIME ZONE l.zone) AS until"
    "  FROM locations l WHERE l.vendor_id = v.id) place"
    " CROSS JOIN LATERAL (SELECT count(*) AS due, count(*) FILTER (WHERE f.ship_by < :now) AS late"
    "  FROM fulfillment_orders f WHERE f.vendor_id = v.id AND f.ship_by < place.until"
    f"  AND f.status IN {IN_WORK}) work"
    " WHERE v.status <> 'closed' AND work.due > 0"
    " AND greatest(talk.asked_at, talk.answered_at, '-infinity') <= :silent"
    " AND v.code = coalesce(:vendor, v.code)"
)


@dataclass(frozen=True, slots=True)
class Peak:
    """A vendor at peak, and when ops and it last wrote to each other without an order."""

    vendor_id: UUID
    code: str
    name: str
    load: Load
    asked_at: datetime | None
    answered_at: datetime | None


def unasked(now: datetime, vendor: str | None = None) -> Sequence[Peak]:
    """Return the vendors at peak whom nobody has written with for a day, the most pressed first.

    Of one vendor, by its code, where one is named.
    """
    values = {
        "now": now,
        "since": now - WEEKS * 7 * DAY,
        "silent": now - SILENCE,
        "least_due": LEAST_DUE,
        "theirs": list(VENDOR_ROLES),
        "vendor": vendor,
    }
    found = [
        Peak(
            row.id,
            row.code,
            row.name,
            Load(row.late, row.due, round(row.gone / (WEEKS * row.days)), row.capacity),
            row.asked_at,
            row.answered_at,
        )
        for row in db.session.execute(LOADS, values)
    ]
    pressed = sorted(found, key=lambda one: one.code)
    pressed.sort(key=lambda one: pressure(one.load), reverse=True)
    return [one for one in pressed if peak(one.load)]


def tell_ops(now: datetime) -> None:
    """Tell ops whom to ask, the most pressed of them, each once a day."""
    tell(
        [
            Notice(
                audience="ops",
                kind="check_in",
                subject=one.code,
                once=f"check-in {one.vendor_id} {now:%Y-%m-%d}",
                facts={"vendor": one.name, **facts(one.load)},
            )
            for one in unasked(now)[:MOST]
        ]
    )
