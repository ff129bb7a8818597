"""Writing what happened and what was decided, in the transaction of its cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from flask import g, has_app_context
from sqlalchemy import text

from app.extensions import db
from app.shared import bulk, live, work
from app.timeline.contract import Source
from app.timeline.models import Decision, Entry

SYSTEM = "onward"
# What an event changes on the pages of ops, by the first word of its name.
TOPICS = {
    "order": ("orders",),
    "fulfillment": ("orders",),
    "parcel": ("orders",),
    "payment": ("orders",),
    "case": ("cases", "orders"),
    "escalation": ("cases", "orders"),
    "compensation": ("offers", "orders"),
    "choice": ("orders",),
    "note": ("notes",),
}
# The months whose partitions this process has seen: one database a process.
known_cohorts: set[date] = set()


@dataclass(frozen=True, slots=True)
class Happened:
    """One entry: the order, the event's name, who did it, and its facts as codes and numbers.

    `source` need be said only by those who know better than the request that it comes from;
    `actor_id` by those who ask later whether it was the same person.
    """

    order_id: UUID
    cohort: date
    event: str
    actor: str = SYSTEM
    subject_id: UUID | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    source: Source | None = None
    actor_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision with the version of the policy that made it."""

    order_id: UUID
    cohort: date
    kind: str
    policy_version: int
    facts: dict[str, Any]


def record(entries: Sequence[Happened], now: datetime) -> None:
    """Add entries to the timelines of their orders."""
    rows = [
        {
            "cohort": e.cohort,
            "order_id": e.order_id,
            "at": now,
            "event": e.event,
            "subject_id": e.subject_id,
            "actor": e.actor,
            "actor_id": e.actor_id,
            "facts": e.facts,
            "source": e.source or _source(e.actor),
        }
        for e in entries
    ]
    bulk.insert(Entry, rows)
    for topic in {t for e in entries for t in TOPICS.get(e.event.partition("_")[0], ())}:
        live.changed(topic)


def behind(source: Source) -> None:
    """Say who stands behind the request that is being answered."""
    g.source = source


def _source(actor: str) -> Source:
    """Return who stands behind an entry: whoever asked; in the background, who asked before."""
    if actor == SYSTEM:
        return Source.ONWARD
    asking: Source | None = g.get("source") if has_app_context() else None
    return asking or Source.PERSON


def decide(decisions: Sequence[Decided], now: datetime) -> None:
    """Store decisions."""
    rows = [
        {
            "cohort": d.cohort,
            "order_id": d.order_id,
            "kind": d.kind,
            "policy_version": d.policy_version,
            "facts": d.facts,
            "made_at": now,
        }
        for d in decisions
    ]
    bulk.insert(Decision, rows)


def ensure_cohorts(months: set[date]) -> None:
    """Make sure the partitions of these months exist."""
    for month in sorted(months - known_cohorts):
        db.session.execute(text("SELECT ensure_cohort(:month)"), {"month": month})
        work.after_commit(month, partial(known_cohorts.add, month))
