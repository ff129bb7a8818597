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
from app.escalations.rules import Step, climb, due_steps, in_words, next_step_at, standing
from app.extensions import db
from app.notices import service as notices
from app.notices.contract import Notice, at_level
from app.notifications.service import Message, tell_levels
from app.policies.documents import Escalation as EscalationPolicy
from app.policies.queries import InForce, in_force
from app.shared import bulk, ids
from app.shared.errors import Conflict, IllegalMove, NotFound
from app.shared.who import Who
from app.timeline.service import SYSTEM, Happened, record
from app.web.words import span

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
CASES = text("SELECT id, order_id FROM exception_cases WHERE reference = ANY(:references)")
LATEST = text(
    "SELECT c.reference, t.event, t.actor, t.actor_id, t.at FROM exception_cases c"
    " JOIN escalations e ON e.case_id = c.id JOIN orders o ON o.id = c.order_id"
    " CROSS JOIN LATERAL (SELECT event, actor, actor_id, at FROM timeline WHERE cohort = o.cohort"
    "  AND order_id = o.id AND subject_id = e.id AND event <> 'escalation_climbed'"
    "  ORDER BY id DESC LIMIT 1) t"
    " WHERE c.reference = ANY(:references)"
)
# What somebody did by mistake they take back within this time, whatever happened since.
GRACE = timedelta(minutes=1)
NOT_ACKNOWLEDGED = {"acknowledged_at": None, "acknowledged_by": None, "acknowledged_by_id": None}
# Who did what, when a page was looked at for too long.
DID = {
    "escalation_opened": ("It", "was escalated"),
    "escalation_acknowledged": ("{actor}", "acknowledged it"),
    "escalation_resolved": ("{actor}", "resolved it"),
    "escalation_closed": ("Its cause went away, so it", "was closed"),
    "escalation_unacknowledged": ("{actor}", "gave it back"),
    "escalation_reopened": ("{actor}", "opened it again"),
}


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
    # All of ops was told when the case became critical.
    notices.tell([_notice(state, step) for state, step in taken if step.level != "ops"])
    climbed = [_happened(state, "escalation_climbed", {"level": s.level}) for state, s in taken]
    record(climbed, now)


def _notice(state: Row[Any], step: Step) -> Notice:
    facts = {"kind": state.kind, "number": state.number, "level": step.level}
    once = f"escalation:{state.reference}:{step.rung}"
    return Notice(at_level(step.level), "escalation", state.reference, once, facts)


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
    state: Row[Any], event: str, facts: dict[str, Any], actor: Who | None = None
) -> Happened:
    facts = {"case": state.reference, "kind": state.kind} | facts
    name, key = (actor.name, actor.id) if actor else (SYSTEM, None)
    return Happened(state.order_id, state.cohort, event, name, state.id, facts, actor_id=key)


def acknowledge(case_reference: str, *, actor: Who, now: datetime, seen: str | None = None) -> None:
    """Take ownership: the climb stops; again by anybody changes nothing.

    `seen` is how it stood on the page that was pressed (rules.standing): Conflict when somebody
    else has changed it since.
    """
    state = _state(case_reference, now)
    _require_unchanged(state, seen, actor, now)
    if state.closed_at:
        detail = f"{case_reference} is closed already; there is nothing left to own."
        raise IllegalMove(detail)
    if state.acknowledged_at:
        return
    row = {"id": state.id} | _acknowledged(actor, now)
    _change(state, row, "escalation_acknowledged", actor, now)


def resolve(case_reference: str, *, actor: Who, now: datetime, seen: str | None = None) -> None:
    """Close an escalation by its owner; again changes nothing. `seen` as in acknowledge."""
    state = _state(case_reference, now)
    _require_unchanged(state, seen, actor, now)
    if state.closed_at:
        return
    row = {"id": state.id, "closed_at": now, "closed_by": actor.name, "closed_by_id": actor.id}
    if not state.acknowledged_at:
        row |= _acknowledged(actor, now)
    _change(state, row, "escalation_resolved", actor, now)


def unacknowledge(case_reference: str, *, actor: Who, now: datetime) -> None:
    """Give a case back; the climb goes on as if it had never stopped. Again changes nothing."""
    state = _state(case_reference, now)
    if not state.acknowledged_at:
        return
    if state.closed_at:
        raise IllegalMove(f"{case_reference} is resolved. Open it again first.")
    _require_own(state, state.acknowledged_by_id, actor, now)
    row = {"id": state.id} | NOT_ACKNOWLEDGED
    _change(state, row, "escalation_unacknowledged", actor, now)


def reopen(case_reference: str, *, actor: Who, now: datetime) -> None:
    """Take back that one has resolved a case; again changes nothing."""
    state = _state(case_reference, now)
    if not state.closed_at:
        return
    _require_own(state, state.closed_by_id, actor, now)
    row = {"id": state.id, "closed_at": None, "closed_by": None, "closed_by_id": None}
    if state.acknowledged_at == state.closed_at:
        # Resolving it was what made them its owner.
        row |= NOT_ACKNOWLEDGED
    _change(state, row, "escalation_reopened", actor, now)


def hold(case_references: Sequence[str], now: datetime) -> None:
    """Keep the watcher and other people away from cases until the transaction ends."""
    cases = db.session.execute(CASES, {"references": list(case_references)}).all()
    checks.wake("case changed", [Subject(c.id, "case", c.order_id) for c in cases], now)


def latest(case_references: Sequence[str]) -> Sequence[Row[Any]]:
    """Return what people or the watch did last with the escalations of cases: who, what, when."""
    return db.session.execute(LATEST, {"references": list(case_references)}).all()


def _acknowledged(actor: Who, now: datetime) -> dict[str, Any]:
    return {
        "acknowledged_at": now,
        "acknowledged_by": actor.name,
        "acknowledged_by_id": actor.id,
    }


def _change(state: Row[Any], row: dict[str, Any], event: str, actor: Who, now: datetime) -> None:
    bulk.update(Escalation, [row], key="id")
    record([_happened(state, event, {}, actor)], now)


def _require_unchanged(state: Row[Any], seen: str | None, actor: Who, now: datetime) -> None:
    """Refuse what somebody pressed who saw another state, unless they made this one themselves."""
    stands = standing(state.acknowledged_by, is_closed=state.closed_at is not None)
    last = next(iter(latest([state.reference])), None)
    if seen is None or seen == stands or last is None or last.actor_id == actor.id:
        return
    raise Conflict(f"{who_did(last, now)} You saw it {in_words(seen)}.")


def _require_own(state: Row[Any], whose: UUID | None, actor: Who, now: datetime) -> None:
    """Refuse to take back what somebody else did, or what others have built on since."""
    (last,) = latest([state.reference])
    if whose != actor.id:
        raise Conflict(f"{who_did(last, now)} Only they take that back.")
    acted_at = state.closed_at or state.acknowledged_at
    if last.actor_id != actor.id and now - acted_at > GRACE:
        raise Conflict(f"{who_did(last, now)} It is too late to take yours back.")


def who_did(last: Row[Any], now: datetime) -> str:
    """Return as a sentence who did what with an escalation, and how long ago."""
    who, did = DID.get(last.event, ("{actor}", "changed it"))
    return f"{who.format(actor=last.actor)} {did} {span(now - last.at)} ago."


def _state(case_reference: str, now: datetime) -> Row[Any]:
    """Return an escalation, its check taken first: the watcher holds that while it climbs."""
    case = db.session.execute(CASES, {"references": [case_reference]}).first()
    if case is not None:
        checks.wake("case changed", [Subject(case.id, "case", case.order_id)], now)
    state = db.session.execute(STATES, {"cases": [case.id]}).first() if case else None
    if state is None:
        detail = f"Case {case_reference} has no escalation: it is not critical."
        raise NotFound(detail)
    return state
