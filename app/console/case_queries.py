"""Reading cases and escalations for the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.extensions import db
from app.lists.spec import Conditions, Sort, View
from app.policies.documents import Escalation, Messages
from app.shared.errors import NotFound
from app.shared.language import later
from app.web.paging import Cut

# What every case on a screen names: itself, its order, its vendor, its escalation.
CASE = (
    " c.id, c.reference, c.kind, c.severity, c.subject_kind, c.subject_id, c.occurred_at,"
    " c.critical_at, c.ended_at, c.raised_at, c.closed_at, c.policy_version, c.facts,"
    " o.id AS order_id, o.cohort, o.reference AS order_reference, o.number, o.currency,"
    " o.status AS order_status,"
    " o.items_minor + o.freight_minor AS worth, o.placed_at, o.deliver_on, o.deliver_by,"
    " o.promise_zone, v.name AS vendor, e.id AS escalation_id, e.rung, e.opened_at,"
    " e.acknowledged_at, e.acknowledged_by, e.closed_at AS resolved_at, e.closed_by AS resolved_by,"
    " c.kind = 'late_dispatch' AND c.ended_at IS NOT NULL AND EXISTS (SELECT"
    "  FROM fulfillment_orders f WHERE f.id = c.subject_id AND f.shipped_at IS NULL) AS never_left"
)
JOINS = (
    " JOIN orders o ON o.id = c.order_id LEFT JOIN vendors v ON v.id = c.vendor_id"
    " LEFT JOIN escalations e ON e.case_id = c.id"
)
NOBODYS = "c.severity = 'critical' AND e.acknowledged_at IS NULL"
QUEUE = {
    "open": View(later("All open")),
    "critical": View(later("Critical"), "c.severity = 'critical'"),
    "nobody": View(later("Nobody's"), NOBODYS, "crit"),
    "mine": View(later("Mine"), "e.acknowledged_by_id = :me AND e.closed_at IS NULL"),
    "late_dispatch": View(later("Late dispatch"), "c.kind = 'late_dispatch'"),
    "late_delivery": View(later("Late delivery"), "c.kind = 'late_delivery'"),
    "stalled": View(later("Stalled"), "c.kind = 'stalled'"),
    "out_of_stock": View(later("Out of stock"), "c.kind = 'out_of_stock'"),
}
COUNTED = ", ".join(f"count(*) FILTER (WHERE {v.where}) AS {k}" for k, v in QUEUE.items())
SUMMARY = text(
    "WITH risk AS (SELECT currency, sum(items_minor + freight_minor) AS minor FROM orders"
    " WHERE id IN (SELECT order_id FROM exception_cases WHERE closed_at IS NULL) GROUP BY 1)"
    f" SELECT {COUNTED}, (SELECT count(*) FROM risk) AS currencies,"
    " (SELECT min(currency) FROM risk) AS currency, (SELECT sum(minor)::bigint FROM risk) AS minor"
    " FROM exception_cases c LEFT JOIN escalations e ON e.case_id = c.id WHERE c.closed_at IS NULL"
)
# Each severity reads its own stretch of one index, so a page costs a page and not the queue.
LIST = (
    "SELECT s.rank, c.* FROM (VALUES ('critical', 0), ('warning', 1), ('info', 2))"
    " s(severity, rank) CROSS JOIN LATERAL (SELECT {case} FROM exception_cases c {joins}"
    "  WHERE c.severity = s.severity AND c.closed_at IS NULL AND {where} AND {cut}"
    "  ORDER BY {order} LIMIT :size) c ORDER BY {order} LIMIT :size"
)

ESCALATIONS = {
    "open": View(later("All open"), "e.closed_at IS NULL"),
    "nobody": View(later("Nobody's"), "e.closed_at IS NULL AND e.acknowledged_at IS NULL", "crit"),
    "owned": View(later("Owned"), "e.closed_at IS NULL AND e.acknowledged_at IS NOT NULL"),
    "mine": View(later("Mine"), "e.closed_at IS NULL AND e.acknowledged_by_id = :me"),
}
STEPS = text(
    "SELECT rung, level, due_at, done_at FROM escalation_steps WHERE escalation_id = :id"
    " ORDER BY rung LIMIT 50"
)
POLICIES = text(
    "SELECT DISTINCT ON (kind) kind, document FROM policies"
    " WHERE kind IN ('escalation', 'messages') AND valid_from <= :now"
    " ORDER BY kind, version DESC LIMIT 2"
)
DETAILS = {
    "fulfillment_order": text(
        "SELECT f.reference, f.status, f.assigned_at, f.ship_by, f.confirmed_at, f.shipped_at,"
        " f.hold_reason, l.name AS location FROM fulfillment_orders f"
        " JOIN locations l ON l.id = f.location_id WHERE f.id = :id LIMIT 1"
    ),
    "shipment": text(
        "SELECT s.carrier, s.tracking_number, s.status, s.delay_reason, s.shipped_at, s.eta,"
        " s.last_scan_at, s.delivered_at, t.description, t.place FROM shipments s"
        " LEFT JOIN LATERAL (SELECT description, place FROM tracking_events"
        "  WHERE cohort = s.cohort AND shipment_id = s.id"
        "  ORDER BY occurred_at DESC NULLS LAST LIMIT 1) t ON true WHERE s.id = :id LIMIT 1"
    ),
    # The parcel that keeps an order waiting: not here yet, and expected last.
    "order": text(
        "SELECT o.delivered_at, s.carrier, s.tracking_number, s.status, s.delay_reason, s.eta,"
        " s.last_scan_at, (SELECT jsonb_agg(jsonb_build_array(unrouted, sku)) FROM order_lines"
        "  WHERE order_id = o.id AND unrouted > 0) AS missing"
        " FROM orders o LEFT JOIN LATERAL (SELECT carrier, tracking_number, status, delay_reason,"
        "  eta, last_scan_at FROM shipments WHERE order_id = o.id AND delivered_at IS NULL"
        "  ORDER BY eta DESC NULLS FIRST, id LIMIT 1) s ON true WHERE o.id = :id LIMIT 1"
    ),
}


def summary(me: UUID) -> Row[Any]:
    """Return how many open cases each view has for somebody, and what stands behind them."""
    return db.session.execute(SUMMARY, {"me": me}).one()


def queue(what: Conditions, cut: Cut, _sort: Sort) -> Sequence[Row[Any]]:
    """Return open cases: critical first, the oldest of each severity first."""
    place, order = cut.in_groups("s.rank", "c.occurred_at", "c.id")
    sql = LIST.format(case=CASE, joins=JOINS, where=what.where, cut=place, order=order)
    return db.session.execute(text(sql), {**what.values, **cut.values()}).all()


def case(reference: str) -> Row[Any]:
    """Return one case, open or closed."""
    row = db.session.execute(
        text(f"SELECT {CASE} FROM exception_cases c {JOINS} WHERE c.reference = :reference"),
        {"reference": reference},
    ).first()
    if row is None:
        raise NotFound(f"There is no case {reference}.")
    return row


def cases_of(order_id: UUID) -> Sequence[Row[Any]]:
    """Return an order's cases: open ones first, critical first, newest first."""
    return db.session.execute(
        text(
            f"SELECT {CASE} FROM exception_cases c {JOINS} WHERE c.order_id = :id"
            " ORDER BY c.closed_at IS NOT NULL, c.severity, c.occurred_at DESC, c.id LIMIT 100"
        ),
        {"id": order_id},
    ).all()


def details(case_row: Row[Any]) -> Row[Any] | None:
    """Return what is known of a case's subject; nothing for a kind that has no details."""
    query = DETAILS.get(case_row.subject_kind)
    if query is None:
        return None
    return db.session.execute(query, {"id": case_row.subject_id}).first()


def escalations(what: Conditions, cut: Cut, sort: Sort) -> Sequence[Row[Any]]:
    """Return escalations, each with its last step."""
    where, order = cut.order(sort.at, "e.id", newest_first=sort.newest_first)
    sql = (
        f"SELECT {CASE}, s.rung AS last_rung, s.level AS last_level, s.due_at AS last_due_at,"
        " s.done_at AS last_done_at"
        " FROM escalations e JOIN exception_cases c ON c.id = e.case_id"
        " JOIN orders o ON o.id = c.order_id LEFT JOIN vendors v ON v.id = c.vendor_id"
        " LEFT JOIN LATERAL (SELECT rung, level, due_at, done_at FROM escalation_steps"
        "  WHERE escalation_id = e.id ORDER BY rung DESC LIMIT 1) s ON true"
        f" WHERE {what.where} AND {where} ORDER BY {order} LIMIT :size"
    )
    return db.session.execute(text(sql), {**what.values, **cut.values()}).all()


def steps(escalation_id: UUID) -> Sequence[Row[Any]]:
    """Return the rungs that an escalation has taken."""
    return db.session.execute(STEPS, {"id": escalation_id}).all()


def climb_policies(now: datetime) -> tuple[Escalation, Messages]:
    """Return who is told when, and where they are reached, by the policies in force."""
    rows = db.session.execute(POLICIES, {"now": now})
    found: Mapping[str, Any] = {row.kind: row.document for row in rows}
    return (
        Escalation.model_validate(found.get("escalation", {})),
        Messages.model_validate(found.get("messages", {})),
    )
