"""The climb in words: who was told, who is next, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from sqlalchemy import Row

from app.doors.guard import may
from app.escalations.rules import Step, climb, standing
from app.policies.documents import Escalation, Messages
from app.shared.language import _
from app.web import words
from app.web.deadlines import Deadline, deadline
from app.web.words import when

Policies = tuple[Escalation, Messages]


def moves(row: Row[Any], onward: str | None = None) -> list[dict[str, Any]]:
    """Return what can be done about a case now; the first is the next step."""
    if row.escalation_id is None or row.resolved_at:
        return []
    seen = standing(row.acknowledged_by, is_closed=row.resolved_at is not None)
    fields = {"seen": seen} | ({"next": onward} if onward else {})
    wanted = [(_("Resolve"), "console.resolve", "r")]
    if not row.acknowledged_at:
        wanted.insert(0, (_("Acknowledge"), "console.acknowledge", "a"))
    return [
        {
            "label": label,
            "url": url_for(endpoint, reference=row.reference),
            "fields": fields,
            "key": key,
        }
        for label, endpoint, key in wanted
        if may(endpoint)
    ]


def escalation(row: Row[Any], steps: Sequence[Row[Any]], policies: Policies) -> dict[str, Any]:
    """Return a case's escalation with every rung: taken, where it stands, and still to come."""
    is_stopped = bool(row.acknowledged_at or row.ended_at or row.resolved_at)
    done = [_rung(s.level, s.done_at, "done", policies[1]) for s in steps]
    if done and not is_stopped:
        done[-1]["state"] = "now"
    coming = [] if is_stopped else _climb(row, policies[0])[len(done) :]
    total = len(policies[0].rungs)
    return {
        "level": _("Rung {n} of {total}", n=len(done), total=max(total, len(done))),
        "opened": row.opened_at,
        "acknowledged_by": row.acknowledged_by,
        "acknowledged_at": row.acknowledged_at,
        "rungs": done + [_rung(s.level, s.due_at, "next", policies[1]) for s in coming],
    }


def _climb(row: Row[Any], told: Escalation) -> list[Step]:
    rungs = [(timedelta(hours=rung.after_hours), rung.level) for rung in told.rungs]
    return climb(row.opened_at, rungs)


def _rung(level: str, at: datetime, state: str, messages: Messages) -> dict[str, Any]:
    address = messages.addresses.get(level)
    return {"title": words.level(level), "at": at, "name": address, "state": state}


def listed_climb(row: Row[Any], policies: Policies, now: datetime, onward: str) -> dict[str, Any]:
    """Return what a row of the escalations adds to its case."""
    done = 0 if row.last_rung is None else row.last_rung + 1
    coming = [] if row.acknowledged_at or row.ended_at else _climb(row, policies[0])[done:]
    last = _rung(row.last_level, row.last_done_at, "done", policies[1]) if done else None
    following = _rung(coming[0].level, coming[0].due_at, "next", policies[1]) if coming else None
    return {
        "state": "acknowledged" if row.acknowledged_at else "open",
        "level": _("Rung {n} of {total}", n=done, total=max(len(policies[0].rungs), done)),
        "opened": row.opened_at,
        "deadline": _acknowledge_by(row, following, now),
        "last": last,
        "next": following,
        "moves": moves(row, onward)[:1],
    }


def _acknowledge_by(
    row: Row[Any], following: dict[str, Any] | None, now: datetime
) -> Deadline | None:
    """Return the clock of an escalation: the next rung, or since when the last was told in vain."""
    if row.acknowledged_at:
        return None
    if following:
        due = _("acknowledge by {moment}", moment=when(following["at"]))
        since = row.last_due_at or row.opened_at
        return deadline(following["at"], now, due, since=since)
    told_at = row.last_due_at or row.opened_at
    return deadline(told_at, now, _("nobody since {moment}", moment=when(told_at)))
