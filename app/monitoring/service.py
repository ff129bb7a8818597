"""Keeping cases true: open, worsen, improve or close one a subject and kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.checks import service as checks
from app.checks.service import Subject
from app.extensions import db
from app.monitoring.contract import Limits
from app.monitoring.facts import Judged, judge
from app.monitoring.models import ExceptionCase
from app.monitoring.rules import severity
from app.notices import service as notices
from app.notices.contract import Notice
from app.notifications.service import Message, tell
from app.orders.queries import contacts, facts_of
from app.policies.documents import Watch
from app.policies.queries import in_force
from app.shared import bulk, ids
from app.timeline.service import Happened, record

# One statement keeps a case true; what is true already is not touched and not returned.
KEEP = (
    "ON CONFLICT (subject_id, kind, occurred_at) DO UPDATE SET severity = excluded.severity,"
    " critical_at = excluded.critical_at, ended_at = excluded.ended_at,"
    " closed_at = CASE WHEN excluded.ended_at IS NULL THEN NULL"
    "  ELSE coalesce(exception_cases.closed_at, excluded.raised_at) END"
    " WHERE (exception_cases.critical_at, exception_cases.ended_at)"
    "  IS DISTINCT FROM (excluded.critical_at, excluded.ended_at)"
)
CASE = (
    "id, reference, kind, subject_kind, subject_id, order_id, severity,"
    " occurred_at, raised_at, ended_at"
)
# Cases that no finding supports any more: their cause went away without an event of its own.
CLOSE = text(
    "UPDATE exception_cases c SET ended_at = :now, closed_at = :now WHERE c.closed_at IS NULL"
    " AND c.subject_id = ANY(:subjects) AND NOT EXISTS (SELECT FROM"
    "  unnest(CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:ats AS timestamptz[]))"
    "  f(subject_id, kind, occurred_at) WHERE (f.subject_id, f.kind, f.occurred_at)"
    f"  = (c.subject_id, c.kind, c.occurred_at)) RETURNING {CASE}"
)


def watch(subjects: Sequence[Subject], now: datetime) -> Mapping[UUID, datetime]:
    """Look at subjects and keep their cases true; return when to look at each again."""
    policy = in_force(Watch, now)
    limits = _limits(policy.document)
    judged: list[Judged] = []
    for kind in ("fulfillment_order", "order", "shipment"):
        of_kind = [s.id for s in subjects if s.kind == kind]
        if of_kind:
            judged += judge(kind, of_kind, limits, now)
    _close_unsupported(judged, now)
    _keep(judged, policy.version, now)
    doubted = [Subject(j.order_id, "order", j.order_id) for j in judged if j.verdict.must_ask]
    checks.wake("silence doubted", doubted, now)
    return {j.subject_id: at for j in judged if (at := j.verdict.look_again_at)}


def _limits(policy: Watch) -> Limits:
    return Limits(
        dispatch_critical_after=timedelta(hours=policy.late_dispatch_critical_hours),
        delivery_critical_after=timedelta(days=policy.late_delivery_critical_days),
        stalled_after=timedelta(days=policy.stalled_days),
        patience=timedelta(hours=policy.patience_hours),
    )


def _keep(judged: Sequence[Judged], policy_version: int, now: datetime) -> None:
    rows = [
        {
            "id": ids.new(),
            "reference": ids.reference("CA"),
            "kind": finding.kind,
            "subject_kind": j.subject_kind,
            "subject_id": j.subject_id,
            "order_id": j.order_id,
            "vendor_id": j.vendor_id,
            "severity": severity(finding),
            "occurred_at": finding.occurred_at,
            "critical_at": finding.critical_at,
            "ended_at": finding.ended_at,
            "raised_at": now,
            "closed_at": now if finding.ended_at else None,
            "policy_version": policy_version,
            "facts": {"name": j.name},
        }
        for j in judged
        for finding in j.verdict.findings
    ]
    _follow(bulk.insert(ExceptionCase, rows, conflict=KEEP, returning=CASE), judged, now)


def _close_unsupported(judged: Sequence[Judged], now: datetime) -> None:
    if not judged:
        return
    findings = [(j.subject_id, f) for j in judged for f in j.verdict.findings]
    closed = db.session.execute(
        CLOSE,
        {
            "now": now,
            "subjects": [j.subject_id for j in judged],
            "ids": [key for key, _ in findings],
            "kinds": [f.kind for _, f in findings],
            "ats": [f.occurred_at for _, f in findings],
        },
    ).all()
    _follow(closed, judged, now)


def _follow(cases: Sequence[Row[Any]], judged: Sequence[Judged], now: datetime) -> None:
    """Write what changed about cases and wake those who act on them."""
    if not cases:
        return
    cohorts = {j.subject_id: j.cohort for j in judged}
    record([_entry(case, cohorts[case.subject_id], now) for case in cases], now)
    checks.wake("case changed", [Subject(c.id, "case", c.order_id) for c in cases], now)
    late = [c for c in cases if c.kind == "late_delivery"]
    checks.wake("delivery judged", [Subject(c.order_id, "order", c.order_id) for c in late], now)
    _tell_late([c for c in late if c.ended_at is None], cohorts, now)
    _notice([c for c in cases if c.severity == "critical" and c.ended_at is None], judged)


def _notice(critical: Sequence[Row[Any]], judged: Sequence[Judged]) -> None:
    names = {j.subject_id: j.name for j in judged}
    notices.tell(
        [
            Notice(
                "ops",
                "case_critical",
                c.reference,
                f"case_critical:{c.reference}",
                {"kind": c.kind, "name": names[c.subject_id]},
            )
            for c in critical
        ]
    )


def _entry(case: Row[Any], cohort: Any, now: datetime) -> Happened:
    word = "closed" if case.ended_at else "raised" if case.raised_at == now else "worsened"
    facts = {"case": case.reference, "kind": case.kind, "severity": case.severity}
    facts["since"] = case.occurred_at.isoformat()
    return Happened(case.order_id, cohort, f"case_{word}", subject_id=case.subject_id, facts=facts)


def _tell_late(cases: Sequence[Row[Any]], cohorts: Mapping[UUID, Any], now: datetime) -> None:
    people = contacts(case.order_id for case in cases)
    tell(
        [
            Message(
                c.order_id,
                cohorts[c.subject_id],
                "customer",
                people[c.order_id].email,
                "order_late",
                c.occurred_at.isoformat(),
                facts_of(people[c.order_id]),
            )
            for c in cases
        ],
        now,
    )
