"""Making offers: at most one live one an order; a better-founded one takes its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.checks import service as checks
from app.checks.service import Subject
from app.compensation.models import CompensationOffer
from app.compensation.rules import Facts, Terms, Tier, Worth, judge
from app.extensions import db
from app.notifications.service import Message, tell
from app.orders.queries import facts_of
from app.policies.documents import Compensation, Watch
from app.policies.queries import InForce, in_force
from app.promises.rules import days_late
from app.shared import bulk, ids
from app.timeline.service import Decided, Happened, decide, record

# One row an order with a late delivery: the promise, the arrival, the money that still stands.
LATE_ORDERS = text(
    "SELECT o.id, o.cohort, o.currency, o.status, o.deliver_on, o.deliver_by, o.delivered_at,"
    " o.promise_zone,"
    " c.id AS case_id, u.email, u.name, u.locale, o.number, h.heard_at,"
    " coalesce(h.is_unanswered, false) AS is_unanswered, l.items_minor, l.freight_minor,"
    " l.all_freight_minor,"
    " o.freight_minor AS order_freight_minor, f.id AS offer_id, f.reference AS offer_reference,"
    " f.rule, f.amount_minor, f.status AS offer_status"
    " FROM orders o JOIN customers u ON u.id = o.customer_id"
    " JOIN LATERAL (SELECT id FROM exception_cases WHERE order_id = o.id AND subject_id = o.id"
    "  AND kind = 'late_delivery' ORDER BY occurred_at DESC LIMIT 1) c ON true"
    " JOIN LATERAL (SELECT sum((quantity - canceled) * unit_price_minor) AS items_minor,"
    "  sum(shipping_minor) AS all_freight_minor,"
    "  coalesce(sum(shipping_minor) FILTER (WHERE canceled < quantity), 0) AS freight_minor"
    "  FROM order_lines WHERE order_id = o.id) l ON true"
    " LEFT JOIN LATERAL (SELECT min(coalesce(p.heard_at, s.shipped_at)) AS heard_at,"
    "  bool_or(p.attempts > (p.lease_token IS NOT NULL)::int) AS is_unanswered"
    "  FROM shipments s JOIN polls p ON p.shipment_id = s.id WHERE s.order_id = o.id) h ON true"
    " LEFT JOIN compensation_offers f ON f.order_id = o.id AND f.status <> 'withdrawn'"
    " WHERE o.id = ANY(:ids) ORDER BY o.id"
)


@dataclass(frozen=True, slots=True)
class _Offer:
    """An order with what it is worth now."""

    row: Row[Any]
    facts: Facts
    worth: Worth


def compensate(subjects: Sequence[Subject], now: datetime) -> Mapping[UUID, datetime]:
    """Keep the offers of late orders true; return when to look again at those still waiting."""
    policy = in_force(Compensation, now)
    patience = timedelta(hours=in_force(Watch, now).document.patience_hours)
    offers, again, ask = [], {}, []
    for row in db.session.execute(LATE_ORDERS, {"ids": [s.id for s in subjects]}).all():
        if row.status == "canceled":
            if row.offer_status == "offered":
                _withdraw({row.offer_id: "the order was canceled"}, now)
            continue
        facts = _facts(row, now)
        judgement = judge(facts, _terms(policy.document), patience, now)
        if row.delivered_at and not judgement.worth and row.offer_status == "offered":
            _withdraw({row.offer_id: "arrived in time"}, now)
        if judgement.worth:
            offers.append(_Offer(row, facts, judgement.worth))
        if judgement.look_again_at:
            again[row.id] = judgement.look_again_at
        if judgement.must_ask:
            ask.append(row.id)
    _make([offer for offer in offers if _is_news(offer)], policy, now)
    checks.wake("silence doubted", [Subject(key, "order", key) for key in ask], now)
    return again


def _facts(row: Row[Any], now: datetime) -> Facts:
    days = None
    if row.delivered_at:
        days = days_late(row.delivered_at, row.deliver_on, row.promise_zone)
    # Freight of the order as a whole stands; that of lines called off does not.
    freight = row.order_freight_minor - row.all_freight_minor + row.freight_minor
    return Facts(
        promised_until=row.deliver_by,
        days_late=days,
        silent_until=row.heard_at or now,
        is_unanswered=row.is_unanswered,
        items_minor=int(row.items_minor),
        freight_minor=int(freight),
    )


def _terms(policy: Compensation) -> Terms:
    return Terms(
        [Tier(t.from_days, t.freight_bp, t.items_bp) for t in policy.tiers],
        timedelta(days=policy.lost_after_days),
        Tier(0, policy.lost_freight_bp, policy.lost_items_bp),
    )


def _is_news(offer: _Offer) -> bool:
    row = offer.row
    if row.offer_status == "accepted":
        return False
    return (row.rule, row.amount_minor) != (offer.worth.rule, offer.worth.amount_minor)


def _make(offers: Sequence[_Offer], policy: InForce[Compensation], now: datetime) -> None:
    """Withdraw what is live and put the new offer in its place."""
    replaced = {o.row.offer_id: f"replaced by {o.worth.rule}" for o in offers if o.row.offer_id}
    _withdraw(replaced, now)
    rows = [_row(o, policy.version, now) for o in offers]
    made = bulk.insert(
        CompensationOffer,
        rows,
        conflict="ON CONFLICT (case_id, rule) WHERE status <> 'withdrawn' DO NOTHING",
        returning="order_id, reference",
    )
    references = {r.order_id: r.reference for r in made}
    _follow([o for o in offers if o.row.id in references], references, policy.version, now)


def _withdraw(reasons: Mapping[UUID, str], now: datetime) -> None:
    rows = [
        {"id": key, "status": "withdrawn", "ended_at": now, "end_reason": why}
        for key, why in reasons.items()
    ]
    bulk.update(CompensationOffer, rows, key="id")


def _row(offer: _Offer, policy_version: int, now: datetime) -> dict[str, Any]:
    return {
        "id": ids.new(),
        "reference": ids.reference("CO"),
        "order_id": offer.row.id,
        "case_id": offer.row.case_id,
        "remedy": "refund",
        "rule": offer.worth.rule,
        "amount_minor": offer.worth.amount_minor,
        "currency": offer.row.currency,
        "facts": _numbers(offer),
        "status": "offered",
        "made_at": now,
        "policy_version": policy_version,
    }


def _numbers(offer: _Offer) -> dict[str, Any]:
    return {
        "days_late": offer.facts.days_late,
        "items_minor": offer.facts.items_minor,
        "freight_minor": offer.facts.freight_minor,
    }


def _follow(
    offers: Sequence[_Offer], references: Mapping[UUID, str], version: int, now: datetime
) -> None:
    decide(
        [
            Decided(
                o.row.id,
                o.row.cohort,
                "compensation",
                version,
                _numbers(o) | {"rule": o.worth.rule, "amount_minor": o.worth.amount_minor},
            )
            for o in offers
        ],
        now,
    )
    record(
        [
            Happened(
                o.row.id,
                o.row.cohort,
                "compensation_offered",
                facts={
                    "offer": references[o.row.id],
                    "minor": o.worth.amount_minor,
                    "rule": o.worth.rule,
                },
            )
            for o in offers
        ],
        now,
    )
    tell(
        [
            Message(
                o.row.id,
                o.row.cohort,
                "customer",
                o.row.email,
                "compensation_offered",
                references[o.row.id],
                facts_of(o.row)
                | {"minor": o.worth.amount_minor, "currency": o.row.currency, "rule": o.worth.rule},
            )
            for o in offers
        ],
        now,
    )
