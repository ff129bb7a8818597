"""Opening, climbing, acknowledging and closing escalations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.checks import service as checks
from app.checks.service import Subject
from app.escalations.models import Escalation, EscalationStep
from app.escalations.rules import Step, climb, due_steps, next_step_at
from app.extensions import db
from app.notifications.service import Message, tell_levels
from app.policies.documents import Escalation as EscalationPolicy
from app.policies.queries import InForce, in_force
from app.shared import bulk, ids
from app.shared.errors import IllegalMove, NotFound
from app.timeline.service import Happened, record

# A case that was critical has an escalation, even if it was over before anybody looked.
OPEN = text(
    "INSERT INTO escalations (id, case_id, order_id, level, opened_at, raised_at, policy_version)"
    " SELECT v.id, c.id, c.order_id, :level, c.critical_at, :now, :version FROM"
    " unnest(CAST(:ids AS uuid[]), CAST(:cases AS uuid[])) v(id, case_id)"
    " JOIN exception_cases c ON c.id = v.case_id WHERE c.critical_at IS NOT NULL"
    " ON CONFLICT (case_id) DO NOTHING RETURNING id"
)
STATES = text(
    "SELECT e.*, c.reference, c.kind, c.ended_at AS cause_ended_at, o.cohort, o.number,"
    " (SELECT count(*) FROM escalation_steps s WHERE s.escalation_id = e.id) AS done"
    " FROM escalations e JOIN exception_cases c ON c.id = e.case_id"
    " JOIN orders o ON o.id = e.order_id"
    " WHERE e.case_id = ANY(:cases) ORDER BY e.id"
)


def escalate(subjects: Sequence[Subject], now: datetime) -> Mapping[UUID, datetime]:
    """Keep the escalations of cases true; return when the next rung of each is due."""
    policy = in_force(EscalationPolicy, now)
    cases = [s.id for s in subjects]
    opened = _open(cases, policy, now)
    states = db.session.execute(STATES, {"cases": cases}).all()
    _record_opened([s for s in states if s.id in opened], now)
    again, taken = {}, []
    for state in states:
        steps = climb(state.opened_at, _rungs(policy))
        stopped = min(filter(None, (state.acknowledged_at, state.cause_ended_at)), default=None)
        due = due_steps(steps, state.done, stopped, now)
        taken += [(state, step) for step in due]
        if at := next_step_at(steps, state.done + len(due), stopped):
            again[state.case_id] = at
    _take(taken, now)
    _close_with_cause(states, now)
    return again


def _rungs(policy: InForce[EscalationPolicy]) -> list[tuple[timedelta, str]]:
    return [(timedelta(hours=r.after_hours), r.level) for r in policy.document.rungs]


def _open(cases: Sequence[UUID], policy: InForce[EscalationPolicy], now: datetime) -> set[UUID]:
    rows = db.session.execute(
        OPEN,
        {
            "ids": [ids.new() for _ in cases],
            "cases": list(cases),
            "level": policy.document.rungs[0].level,
            "version": policy.version,
            "now": now,
        },
    )
    return {row.id for row in rows}


def _record_opened(states: Sequence[Row[Any]], now: datetime) -> None:
    record(
        [_happened(s, "escalation_opened", {"since": s.opened_at.isoformat()}) for s in states], now
    )


def _close_with_cause(states: Sequence[Row[Any]], now: datetime) -> None:
    """Close what nobody touched together with its cause; a person closes what a person took."""
    ended = [s for s in states if s.cause_ended_at and not s.ended_at]
    bulk.update(Escalation, [{"id": s.id, "ended_at": s.cause_ended_at} for s in ended], key="id")
    closed = [s for s in ended if not s.acknowledged_at and not s.closed_at]
    bulk.update(
        Escalation,
        [{"id": s.id, "closed_at": now, "closed_by": "onward"} for s in closed],
        key="id",
    )
    record([_happened(s, "escalation_closed", {"why": "its cause went away"}) for s in closed], now)


def _take(taken: Sequence[tuple[Row[Any], Step]], now: datetime) -> None:
    """Take rungs: a row each, a message each; the highest is where its escalation stands."""
    bulk.insert(
        EscalationStep,
        [
            {
                "escalation_id": state.id,
                "rung": step.rung,
                "level": step.level,
                "due_at": step.due_at,
                "done_at": now,
            }
            for state, step in taken
        ],
        conflict="ON CONFLICT DO NOTHING",
    )
    tops = {state.id: {"id": state.id, "rung": s.rung, "level": s.level} for state, s in taken}
    bulk.update(Escalation, list(tops.values()), key="id")
    tell_levels([(_message(state, step), step.level) for state, step in taken], now)
    climbed = [_happened(state, "escalation_climbed", {"level": s.level}) for state, s in taken]
    record(climbed, now)


def _message(state: Row[Any], step: Step) -> Message:
    return Message(
        state.order_id,
        state.cohort,
        "ops",
        None,
        "escalation_step",
        f"{state.reference}:{step.rung}",
        {
            "case": state.reference,
            "kind": state.kind,
            "number": state.number,
            "level": step.level,
        },
    )


def _happened(
    state: Row[Any], event: str, facts: dict[str, Any], actor: str = "onward"
) -> Happened:
    facts = {"case": state.reference, "kind": state.kind} | facts
    return Happened(state.order_id, state.cohort, event, actor, state.id, facts)


def acknowledge(case_reference: str, *, actor: str, now: datetime) -> None:
    """Take ownership: the climb stops; again by anybody changes nothing."""
    state = _state(case_reference, now)
    if state.closed_at:
        detail = f"{case_reference} is closed already; there is nothing left to own."
        raise IllegalMove(detail)
    if state.acknowledged_at:
        return
    row = {"id": state.id, "acknowledged_at": now, "acknowledged_by": actor}
    bulk.update(Escalation, [row], key="id")
    record([_happened(state, "escalation_acknowledged", {}, actor)], now)


def resolve(case_reference: str, *, actor: str, now: datetime) -> None:
    """Close an escalation by its owner; again changes nothing."""
    state = _state(case_reference, now)
    if state.closed_at:
        return
    row = {"id": state.id, "closed_at": now, "closed_by": actor}
    if not state.acknowledged_at:
        row |= {"acknowledged_at": now, "acknowledged_by": actor}
    bulk.update(Escalation, [row], key="id")
    record([_happened(state, "escalation_resolved", {}, actor)], now)


def _state(case_reference: str, now: datetime) -> Row[Any]:
    """Return an escalation, its check taken first: the watcher holds that while it climbs."""
    case = db.session.execute(
        text("SELECT id, order_id FROM exception_cases WHERE reference = :reference"),
        {"reference": case_reference},
    ).first()
    if case is not None:
        checks.wake("case changed", [Subject(case.id, "case", case.order_id)], now)
    state = db.session.execute(STATES, {"cases": [case.id]}).first() if case else None
    if state is None:
        detail = f"Case {case_reference} has no escalation: it is not critical."
        raise NotFound(detail)
    return state
