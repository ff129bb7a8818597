"""What a vendor may read of the decision by which it was given its work: its own part alone."""

from __future__ import annotations

from sqlalchemy import text

from app.extensions import db
from app.orders.models import FulfillmentOrder
from app.routing.words import for_vendor
from app.shared.work import PLATFORM, acting_as

# Of a decision only this place's part leaves the database, without its prices. A place may be
# chosen again for another part of the order: each has the moment at which it was given.
OWN_PART = text(
    "SELECT v.code AS vendor, jsonb_build_object('strategy', d.facts->'strategy',"
    " 'by_hand', d.facts ? 'by_hand', 'chosen', own.parts) AS facts"
    " FROM decisions d JOIN locations l ON l.id = :location JOIN vendors v ON v.id = l.vendor_id,"
    " LATERAL (SELECT jsonb_agg(jsonb_build_object('vendor', v.code, 'arrives', c->'arrives'))"
    "  AS parts FROM jsonb_array_elements(d.facts->'chosen') c WHERE c->>'vendor' = v.code"
    "  AND coalesce(c->>'place', l.code) = l.code"
    "  AND CAST(c->>'waits_until' AS date) IS NOT DISTINCT FROM :waits_until) own"
    " WHERE d.cohort = :cohort AND d.order_id = :order AND d.kind = 'routing'"
    "  AND d.made_at = :at AND own.parts IS NOT NULL ORDER BY d.id DESC LIMIT 1"
)


def why_theirs(fo: FulfillmentOrder) -> str | None:
    """Return why a vendor was given a fulfillment order, as it may read it; None: not known.

    Vendors read no decisions themselves.
    """
    values = {
        "location": fo.location_id,
        "waits_until": fo.waits_until,
        "cohort": fo.cohort,
        "order": fo.order_id,
        "at": fo.assigned_at,
    }
    with acting_as(PLATFORM):
        found = db.session.execute(OWN_PART, values).one_or_none()
    return for_vendor(found.facts, found.vendor) if found else None
