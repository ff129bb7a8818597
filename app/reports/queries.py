"""The marketplace in numbers, each by the time of events and never by the time of looking."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from app.extensions import db
from app.shared.money import Money

ACTIVE = "o.channel = :channel AND o.status <> 'canceled'"

ORDERS = (
    "SELECT count(*) FILTER (WHERE status = 'canceled') AS orders_cancelled,"
    " count(*) FILTER (WHERE status <> 'canceled') AS orders_active FROM orders o"
    " WHERE o.channel = :channel"
)
LINES = (
    "SELECT coalesce(sum(quantity), 0) AS items FROM order_lines l JOIN orders o"
    " ON o.id = l.order_id WHERE o.channel = :channel"
)
PARTS = (
    "SELECT coalesce(sum(n), 0) AS sub_orders_active,"
    " count(*) FILTER (WHERE n > 1) AS orders_with_two_or_more_sellers FROM (SELECT count(*) AS n"
    f" FROM fulfillment_orders fo JOIN orders o ON o.id = fo.order_id WHERE {ACTIVE}"
    " AND fo.status NOT IN ('canceled', 'rejected') GROUP BY o.id) p"
)
SELLERS = (
    "SELECT count(DISTINCT fo.vendor_id) AS sellers_active FROM fulfillment_orders fo"
    f" JOIN orders o ON o.id = fo.order_id WHERE {ACTIVE}"
    " AND fo.status NOT IN ('canceled', 'rejected')"
)
DISPATCH = (
    "SELECT count(fo.shipped_at) AS handed_over,"
    " count(*) FILTER (WHERE fo.shipped_at IS NULL) AS never_handed_over,"
    " count(*) FILTER (WHERE fo.shipped_at > fo.ship_by) AS late_dispatches,"
    " count(c.id) AS overdue_flags_raised, count(c.critical_at) AS critical_48h"
    f" FROM fulfillment_orders fo JOIN orders o ON o.id = fo.order_id AND {ACTIVE}"
    " LEFT JOIN exception_cases c ON c.subject_id = fo.id AND c.kind = 'late_dispatch'"
    " WHERE fo.status NOT IN ('canceled', 'rejected')"
)
DELIVERY = (
    "SELECT count(o.delivered_at) AS delivered,"
    " count(*) FILTER (WHERE o.delivered_at IS NULL) AS never_delivered,"
    " count(*) FILTER (WHERE o.delivered_at >= o.deliver_by) AS late_deliveries,"
    " count(*) FILTER (WHERE o.delivered_at > o.deliver_by - interval '1 day')"
    "  AS late_by_midnight_reading,"
    " round(1 - count(*) FILTER (WHERE o.delivered_at >= o.deliver_by)::numeric"
    "  / nullif(count(o.delivered_at), 0), 6) AS on_time_rate_of_delivered,"
    " count(c.id) AS overdue_flags_raised, count(c.critical_at) AS critical_3d,"
    " count(*) FILTER (WHERE EXISTS (SELECT FROM exception_cases s WHERE s.order_id = o.id"
    "  AND s.kind = 'stalled')) AS stalled_20d_after_handover"
    " FROM orders o LEFT JOIN exception_cases c ON c.subject_id = o.id"
    f"  AND c.kind = 'late_delivery' WHERE {ACTIVE}"
)
CASES = (
    "SELECT e.opened_at, e.ended_at, c.kind, e.order_id FROM escalations e"
    " JOIN exception_cases c ON c.id = e.case_id JOIN orders o ON o.id = e.order_id"
    " WHERE o.channel = :channel"
)
OFFERS = (
    "SELECT f.rule, count(*) AS orders, sum(f.amount_minor) AS minor, max(f.currency) AS currency"
    " FROM compensation_offers f JOIN orders o ON o.id = f.order_id"
    " WHERE o.channel = :channel AND f.status <> 'withdrawn' GROUP BY f.rule"
)
DAYS_LATE = (
    "SELECT least((o.delivered_at AT TIME ZONE o.promise_zone)::date - o.deliver_on, 15) AS days,"
    f" count(*) AS orders FROM orders o WHERE {ACTIVE} AND o.delivered_at >= o.deliver_by"
    " GROUP BY 1 ORDER BY 1"
)
LARGEST = (
    "SELECT v.code AS seller_id, count(*) AS sub_orders, count(fo.shipped_at) AS handed_over,"
    " count(*) FILTER (WHERE fo.shipped_at > fo.ship_by) AS late_dispatches,"
    " count(fo.delivered_at) AS delivered,"
    " count(*) FILTER (WHERE fo.delivered_at >= o.deliver_by) AS late_deliveries,"
    " round(1 - count(*) FILTER (WHERE fo.shipped_at > fo.ship_by)::numeric"
    "  / nullif(count(fo.shipped_at), 0), 6) AS on_time_dispatch_rate"
    " FROM fulfillment_orders fo JOIN orders o ON o.id = fo.order_id"
    f" JOIN vendors v ON v.id = fo.vendor_id WHERE {ACTIVE}"
    " AND fo.status NOT IN ('canceled', 'rejected') GROUP BY v.code"
    " ORDER BY sub_orders DESC, v.code LIMIT 10"
)
STATE = (
    "SELECT count(*) FILTER (WHERE o.placed_at <= :at"
    "  AND (fo.shipped_at IS NULL OR fo.shipped_at > :at)) AS awaiting_handover,"
    " count(*) FILTER (WHERE fo.shipped_at <= :at"
    "  AND (fo.delivered_at IS NULL OR fo.delivered_at > :at)) AS in_transit,"
    " count(*) FILTER (WHERE fo.delivered_at <= :at) AS delivered,"
    " count(*) FILTER (WHERE fo.ship_by < :at"
    "  AND (fo.shipped_at IS NULL OR fo.shipped_at > :at)) AS dispatch_overdue_now"
    f" FROM fulfillment_orders fo JOIN orders o ON o.id = fo.order_id WHERE {ACTIVE}"
    " AND fo.status NOT IN ('canceled', 'rejected')"
)
STATE_ORDERS = (
    "SELECT count(*) AS delivery_overdue_orders_now FROM orders o"
    f" WHERE {ACTIVE} AND o.placed_at <= :at AND o.deliver_by <= :at"
    " AND (o.delivered_at IS NULL OR o.delivered_at > :at)"
)
BUSIEST = (
    "SELECT (o.placed_at AT TIME ZONE 'UTC')::date AS date, count(*) AS orders FROM orders o"
    f" WHERE {ACTIVE} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1"
)
NUMBERS = "SELECT number FROM orders o WHERE o.channel = :channel ORDER BY number"

TIERS = {"late_1": "1-3 days", "late_4": "4-7 days", "late_8": "8+ days"}
Answers = dict[str, Any]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return (
            int(value)
            if value == value.to_integral_value() and value.as_tuple().exponent == 0
            else float(value)
        )
    return str(value) if isinstance(value, date) else value


def _rows(query: str, **values: Any) -> list[Answers]:
    found = db.session.execute(text(query), values).mappings()
    return [{key: _plain(value) for key, value in row.items()} for row in found]


def numbers(channel: str) -> Answers:
    """Return what happened on a channel, in the words of marketplaces that count by event times."""
    return {
        "numbers": [row["number"] for row in _rows(NUMBERS, channel=channel)],
        **_rows(LINES, channel=channel)[0],
        **_rows(ORDERS, channel=channel)[0],
        **_rows(PARTS, channel=channel)[0],
        **_rows(SELLERS, channel=channel)[0],
        "dispatch": _rows(DISPATCH, channel=channel)[0],
        "delivery": _rows(DELIVERY, channel=channel)[0],
        "escalations": _escalations(channel),
        "compensation_BRL": _compensation(channel),
        "late_deliveries_by_calendar_days": {
            str(row["days"]): row["orders"] for row in _rows(DAYS_LATE, channel=channel)
        },
        "ten_largest_sellers": _rows(LARGEST, channel=channel),
        "busiest_day": next(iter(_rows(BUSIEST, channel=channel)), None),
    }


def state_at(channel: str, at: datetime) -> Answers:
    """Return how many parts of orders waited, traveled, had arrived or were late at a moment."""
    return {
        **_rows(STATE, channel=channel, at=at)[0],
        **_rows(STATE_ORDERS, channel=channel, at=at)[0],
    }


def _escalations(channel: str) -> Answers:
    cases = db.session.execute(text(CASES), {"channel": channel}).all()
    hours = sorted(
        (c.ended_at - c.opened_at).total_seconds() / 3600
        for c in cases
        if c.kind == "late_delivery" and c.ended_at
    )
    return {
        "dispatch_cases": sum(c.kind == "late_dispatch" for c in cases),
        "delivery_cases": sum(c.kind == "late_delivery" for c in cases),
        "total": len(cases),
        "orders_with_a_case": len({c.order_id for c in cases}),
        "open_at_clock_end": sum(c.ended_at is None for c in cases),
        "most_open_at_once": _most_open([(c.opened_at, c.ended_at) for c in cases]),
        "delivery_case_open_hours_median_of_resolved": _median(hours),
    }


def _most_open(spans: list[tuple[datetime, datetime | None]]) -> int:
    """Return the most cases open at one moment; one that closes then is not open then."""
    changes = [(opened, 1) for opened, _ in spans] + [(ended, -1) for _, ended in spans if ended]
    most = current = 0
    for _, change in sorted(changes):
        current += change
        most = max(most, current)
    return most


def _median(values: list[float]) -> float | None:
    if not values:
        return None
    half = len(values) // 2
    middle = values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2
    return round(middle, 4)


def _compensation(channel: str) -> Answers:
    found = {row["rule"]: row for row in _rows(OFFERS, channel=channel)}
    currency = next((row["currency"] for row in found.values()), "BRL")
    tiers = {title: _sum(found.get(rule), currency) for rule, title in TIERS.items()}
    late = sum(row["minor"] for rule, row in found.items() if rule in TIERS)
    return {
        **tiers,
        "late_total": str(Money(late, currency)),
        "lost_refunds": _sum(found.get("lost"), currency),
    }


def _sum(row: Answers | None, currency: str) -> Answers:
    if row is None:
        return {"orders": 0, "sum": str(Money(0, currency))}
    return {"orders": row["orders"], "sum": str(Money(row["minor"], row["currency"]))}
