"""Numbers that two vendors claim: ops hear of it, and say whose it is.

A number is on one live parcel only. Whoever is refused one that another vendor has does not learn
whose it is; ops see both, and void the label that is wrong, or say that all is right as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.carriers import numbers
from app.extensions import db
from app.notices.contract import Notice
from app.notices.service import tell
from app.orders.queries import IN_WORK
from app.shared import ids
from app.shared.errors import NotFound
from app.shared.language import _
from app.shared.work import PLATFORM, acting_as, transaction
from app.shipments.entered import HOLDS, Claim, Taken
from app.shipments.models import Label

MOST_LISTED = 100
# What was freed may be claimed anew; what ops have said stands.
NOTE = text(
    "INSERT INTO number_claims (id, fo_id, carrier, tracking_number, claimed_at, claimed_by)"
    " VALUES (:id, :fo, :carrier, :number, :now, :by)"
    " ON CONFLICT (fo_id, carrier, tracking_number) DO UPDATE SET claimed_at = excluded.claimed_at,"
    "  claimed_by = excluded.claimed_by, settled_at = NULL, settled_by = NULL"
    " WHERE number_claims.settled_at IS NOT NULL AND NOT number_claims.is_kept RETURNING id"
)
ABOUT = text(
    "SELECT f.reference, v.name AS vendor FROM fulfillment_orders f"
    " JOIN vendors v ON v.id = f.vendor_id WHERE f.id = :fo"
)
FREE = text(
    "UPDATE number_claims c SET settled_at = :now, settled_by = 'system'"
    " FROM fulfillment_orders f WHERE f.id = c.fo_id AND c.tracking_number = :number"
    " AND c.carrier = :carrier AND c.settled_at IS NULL"
    " RETURNING c.id, c.claimed_at, f.reference, f.vendor_id"
)
KEEP = text(
    "UPDATE number_claims c SET settled_at = :now, settled_by = :by, is_kept = true"
    " FROM fulfillment_orders f WHERE f.id = c.fo_id AND c.id = :id AND c.settled_at IS NULL"
    " RETURNING c.id, c.claimed_at, c.tracking_number, f.reference, f.vendor_id"
)
# Who has it: the parcel that has left, else the label that holds it; where nobody has it any more,
# or the claimant's work is over, nothing is left to say.
OPEN = text(
    "SELECT c.id, c.carrier, c.tracking_number, c.claimed_at, c.claimed_by, f.reference AS fo,"
    " v.name AS vendor, o.reference AS order_reference, o.number AS order_number,"
    " h.package, h.at, h.made_by, h.fo AS held_fo, h.vendor AS held_vendor,"
    " h.order_reference AS held_order, h.order_number AS held_number, h.has_left"
    " FROM number_claims c JOIN fulfillment_orders f ON f.id = c.fo_id"
    " JOIN vendors v ON v.id = f.vendor_id JOIN orders o ON o.id = f.order_id"
    " JOIN LATERAL (SELECT x.*, g.reference AS fo, w.name AS vendor,"
    "   q.reference AS order_reference, q.number AS order_number FROM ("
    "   SELECT s.fo_id, NULL AS package, s.shipped_at AS at, NULL AS made_by, true AS has_left"
    "    FROM shipments s WHERE s.tracking_number = c.tracking_number AND s.carrier = c.carrier"
    "    AND s.period = extract(year FROM CAST(:now AS timestamptz) AT TIME ZONE 'UTC')"
    "   UNION ALL SELECT p.fo_id, p.reference, l.made_at, l.made_by, false"
    "    FROM labels l JOIN packages p ON p.id = l.package_id"
    "    WHERE l.tracking_number = c.tracking_number AND l.carrier = c.carrier"
    "    AND l.voided_at IS NULL AND p.shipment_id IS NULL AND l.made_at > :since"
    "    AND EXISTS (SELECT FROM package_lines u WHERE u.package_id = p.id)) x"
    "  JOIN fulfillment_orders g ON g.id = x.fo_id JOIN vendors w ON w.id = g.vendor_id"
    "  JOIN orders q ON q.id = g.order_id"
    f"  WHERE g.vendor_id <> f.vendor_id AND (x.has_left OR g.status IN {IN_WORK})"
    "  ORDER BY x.has_left DESC LIMIT 1) h ON true"
    f" WHERE c.settled_at IS NULL AND f.status IN {IN_WORK} ORDER BY c.claimed_at, c.id LIMIT :most"
)


@contextmanager
def noted(by: str) -> Iterator[None]:
    """Have ops hear of a claim for which a transaction inside is refused and undone."""
    try:
        yield
    except Taken as refusal:
        if refusal.claims:
            with transaction(PLATFORM) as now:
                note(refusal.claims, by=by, now=now)
        raise


def note(claims: Sequence[Claim], *, by: str, now: datetime) -> None:
    """Write claims down for ops, as the platform; the same claim again tells nobody."""
    for one in claims:
        values = {"fo": one.fo_id, "carrier": one.carrier, "number": one.number}
        made = db.session.scalar(NOTE, values | {"id": ids.new(), "now": now, "by": by})
        if made is None:
            continue
        about = db.session.execute(ABOUT, {"fo": one.fo_id}).one()
        told = Notice(
            audience="ops",
            kind="number_claimed",
            subject=about.reference,
            once=f"claim {made} {now.isoformat()}",
            facts={"vendor": about.vendor, "carrier": numbers.title(one.carrier)}
            | {"code": one.number},
        )
        tell([told])


def free(label: Label, now: datetime) -> None:
    """Tell whoever claimed a label's number that it is free; the label is void by now."""
    if label.tracking_number is None:
        return
    db.session.flush()
    with acting_as(PLATFORM):
        values = {"number": label.tracking_number, "carrier": label.carrier, "now": now}
        for row in db.session.execute(FREE, values).all():
            _tell(row, "number_free", label.tracking_number)


def keep(claim_id: UUID, *, by: str, now: datetime) -> str:
    """Say that a number stays where it is, and tell whoever claimed it; return the number."""
    row = db.session.execute(KEEP, {"id": claim_id, "by": by, "now": now}).first()
    if row is None:
        raise NotFound(_("Nobody claims that number any more."))
    _tell(row, "number_kept", row.tracking_number)
    return str(row.tracking_number)


def _tell(row: Row[Any], kind: str, number: str) -> None:
    told = Notice(
        audience=f"vendor:{row.vendor_id}",
        kind=kind,
        subject=row.reference,
        once=f"{kind} {row.id} {row.claimed_at.isoformat()}",
        facts={"code": number},
    )
    tell([told])


def open_claims(now: datetime) -> Sequence[Row[Any]]:
    """Return the claims that ops have to look at, the longest waiting first."""
    values = {"now": now, "since": now - HOLDS, "most": MOST_LISTED}
    return db.session.execute(OPEN, values).all()
