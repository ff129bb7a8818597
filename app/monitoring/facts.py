"""Reading the facts of many subjects at once: one statement a kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.extensions import db
from app.monitoring import rules
from app.monitoring.contract import (
    DeliveryFacts,
    DispatchFacts,
    Limits,
    TransitFacts,
    Verdict,
)

CALLED_OFF = ("canceled", "rejected")

DISPATCH = text(
    "SELECT id, id AS subject_id, order_id, vendor_id, cohort, reference AS name, status, ship_by,"
    " shipped_at, CASE WHEN status = 'on_hold' AND hold_code = 'address' THEN held_at END"
    "  AS unaddressed_since FROM fulfillment_orders WHERE id = ANY(:ids)"
)
DELIVERY = text(
    "SELECT o.id AS subject_id, o.id AS order_id, NULL::uuid AS vendor_id, o.cohort,"
    " o.number AS name, o.status, o.deliver_by, o.delivered_at, o.unfilled_since, h.heard_at,"
    " coalesce(h.is_unanswered, false) AS is_unanswered"
    " FROM orders o LEFT JOIN LATERAL (SELECT min(coalesce(p.heard_at, s.shipped_at)) AS heard_at,"
    "  bool_or(p.attempts > (p.lease_token IS NOT NULL)::int) AS is_unanswered"
    "  FROM shipments s JOIN polls p ON p.shipment_id = s.id WHERE s.order_id = o.id) h ON true"
    " WHERE o.id = ANY(:ids)"
)
TRANSIT = text(
    "SELECT s.id AS subject_id, s.order_id, s.vendor_id, s.cohort, s.tracking_number AS name,"
    " s.status, s.carrier, s.shipped_at, s.delivered_at, p.shipment_id IS NOT NULL AS is_followed,"
    " coalesce(p.heard_at, s.shipped_at) AS heard_at,"
    " coalesce(p.attempts > (p.lease_token IS NOT NULL)::int, false) AS is_unanswered,"
    " (SELECT array_agg(e.occurred_at) FROM tracking_events e WHERE e.shipment_id = s.id"
    "  AND e.cohort = s.cohort AND e.occurred_at IS NOT NULL) AS scans"
    " FROM shipments s LEFT JOIN polls p ON p.shipment_id = s.id WHERE s.id = ANY(:ids)"
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A subject with the verdict on it."""

    subject_id: UUID
    subject_kind: str
    order_id: UUID
    vendor_id: UUID | None
    cohort: date
    name: str
    verdict: Verdict


def _dispatch(row: Row[Any], limits: Limits, now: datetime) -> Verdict:
    is_over = row.status in CALLED_OFF
    facts = DispatchFacts(row.ship_by, row.shipped_at, is_over, row.unaddressed_since)
    return rules.dispatch(facts, limits, now)


def _delivery(row: Row[Any], limits: Limits, now: datetime) -> Verdict:
    facts = DeliveryFacts(
        row.deliver_by,
        row.delivered_at,
        row.status in CALLED_OFF,
        row.heard_at,
        row.unfilled_since,
        row.is_unanswered,
    )
    return rules.delivery(facts, limits, now)


def _transit(row: Row[Any], limits: Limits, now: datetime) -> Verdict:
    # A parcel whose carrier nobody can ask tells nothing by its silence.
    is_mute = not row.is_followed and row.status != "expired"
    ended = is_mute or row.status in {"returned", "lost"}
    moments = [row.shipped_at, *(row.scans or ())]
    facts = TransitFacts(moments, row.delivered_at, ended, row.heard_at, row.is_unanswered)
    return rules.transit(facts, limits, now)


KINDS: dict[str, tuple[Any, Callable[[Row[Any], Limits, datetime], Verdict]]] = {
    "fulfillment_order": (DISPATCH, _dispatch),
    "order": (DELIVERY, _delivery),
    "shipment": (TRANSIT, _transit),
}


def judge(kind: str, subject_ids: Sequence[UUID], limits: Limits, now: datetime) -> list[Judged]:
    """Return the verdicts on all subjects of a kind."""
    query, rule = KINDS[kind]
    return [
        Judged(
            row.subject_id,
            kind,
            row.order_id,
            row.vendor_id,
            row.cohort,
            row.name,
            rule(row, limits, now),
        )
        for row in db.session.execute(query, {"ids": list(subject_ids)})
    ]
