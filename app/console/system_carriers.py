"""How carriers answer: what is due to be asked, when they last answered, and what went wrong."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, text

from app.carriers.registry import CARRIERS
from app.console.cases import carrier_title
from app.extensions import db
from app.shared import clock, leases
from app.shared.language import _, _n
from app.web.health import LATE_WORK
from app.web.words import span

# One row a parcel under way. The error shown is the most stubborn one.
ASKED = text(
    "SELECT carrier, count(*) AS parcels,"
    f" count(*) FILTER (WHERE next_poll_at <= :now AND {leases.FREE}) AS due,"
    f" min(next_poll_at) FILTER (WHERE next_poll_at <= :now AND {leases.FREE}) AS oldest,"
    " min(next_poll_at) AS next, max(heard_at) AS heard, count(last_error) AS failing,"
    " (array_agg(last_error ORDER BY attempts DESC) FILTER (WHERE last_error IS NOT NULL))[1]"
    " AS error FROM polls GROUP BY carrier"
)


def listed(read: clock.WorldClock) -> list[dict[str, Any]]:
    """Return every carrier on the shelf and every other that a parcel goes with."""
    rows = {row.carrier: row for row in db.session.execute(ASKED, {"now": read.now})}
    return [_carrier(code, rows.get(code), read) for code in sorted({*CARRIERS, *rows})]


def _carrier(code: str, row: Row[Any] | None, read: clock.WorldClock) -> dict[str, Any]:
    shown = {"name": carrier_title(code), "tone": "mute", "words": _("no parcel under way")}
    if row is None:
        return shown | dict.fromkeys(("parcels", "due", "oldest", "heard", "error", "failing"))
    tone, words = _standing(row, read)
    return shown | {
        "tone": tone,
        "words": words,
        "parcels": row.parcels,
        "due": row.due,
        "oldest": span(read.now - row.oldest) if row.oldest else None,
        "heard": row.heard,
        "failing": _n("{n} parcel", "{n} parcels", row.failing) if row.failing else None,
        "error": row.error,
    }


def _standing(row: Row[Any], read: clock.WorldClock) -> tuple[str, str]:
    """Return how a carrier stands; one that has no readable answer for any parcel is away."""
    if row.failing == row.parcels:
        return "crit", _("does not answer")
    if row.oldest and read.now - row.oldest > LATE_WORK * max(1, read.rate):
        return "crit", _("is not asked in time")
    return ("warn", _("answers in part")) if row.failing else ("good", _("answers"))
