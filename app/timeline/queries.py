"""Reading what happened to an order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text

from app.extensions import db
from app.timeline.contract import ABOUT, Source
from app.timeline.models import Decision, Entry

# A page of an order's story; one more is read to know whether there is an earlier page.
PAGE = 100
# Entries of before there were sources: what the events of those days tell of who was behind them.
SOURCE = (
    "coalesce(source, CASE WHEN actor = 'onward' THEN 'onward'"
    " WHEN event ^@ 'parcel_' THEN 'carrier' WHEN event ^@ 'escalation_' THEN 'person'"
    " ELSE 'key' END)"
)
# `was`: the facts of the entry before about the same thing, so that a change can be read.
TOLD = (
    f"SELECT id, at, event, subject_id, actor, facts, {SOURCE} AS source,"
    " lag(facts) OVER (PARTITION BY split_part(event, '_', 1),"
    "  coalesce(facts->>'case', subject_id::text) ORDER BY id) AS was"
    " FROM timeline WHERE cohort = :cohort AND order_id = :order"
)
STORY = text(
    f"SELECT * FROM ({TOLD}) t WHERE source = ANY(:sources)"
    " AND EXISTS (SELECT FROM unnest(CAST(:begins AS text[])) b WHERE event ^@ b)"
    " AND id < :before ORDER BY id DESC LIMIT :limit"
)
COUNTS = text(
    f"SELECT {SOURCE} AS source, event, count(*) AS entries FROM timeline"
    " WHERE cohort = :cohort AND order_id = :order GROUP BY 1, 2"
)
ABOUT_CASE = text(
    f"SELECT * FROM ({TOLD}) t WHERE facts->>'case' = :case OR subject_id = :subject"
    " ORDER BY id DESC LIMIT :limit"
)
SINCE = text(
    f"SELECT id, at, event, actor, facts, {SOURCE} AS source, NULL::jsonb AS was FROM timeline"
    " WHERE cohort = :cohort AND order_id = :order AND event = ANY(:events) AND id > :seen"
    " ORDER BY id DESC LIMIT :limit"
)
# No entry has so high a number: the story begins with its newest.
NEWEST = 2**62


@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of a story is asked for: by whom, about what, and before which entry."""

    sources: Collection[Source] = tuple(Source)
    about: str | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """A page of an order's story, newest first, and where the earlier page begins."""

    rows: Sequence[Row[Any]]
    earlier: int | None


def entries_of(order_id: UUID, limit: int = 200) -> Sequence[Entry]:
    """Return an order's entries, newest first."""
    query = select(Entry).where(Entry.order_id == order_id).order_by(Entry.id.desc()).limit(limit)
    return db.session.scalars(query).all()


def story(cohort: date, order_id: UUID, asked: Asked) -> Story:
    """Return the part of an order's story that is asked for."""
    # Every event begins with nothing at all.
    begins = ABOUT[asked.about] if asked.about else ("",)
    values = {
        "cohort": cohort,
        "order": order_id,
        "sources": [str(source) for source in asked.sources],
        "begins": list(begins),
        "before": asked.before or NEWEST,
        "limit": PAGE + 1,
    }
    rows = db.session.execute(STORY, values).all()
    shown = rows[:PAGE]
    return Story(shown, shown[-1].id if len(rows) > PAGE else None)


def counts(cohort: date, order_id: UUID) -> Sequence[Row[Any]]:
    """Return how many entries an order has by source and event."""
    return db.session.execute(COUNTS, {"cohort": cohort, "order": order_id}).all()


def entries_about(
    cohort: date, order_id: UUID, case: str, subject_id: UUID, limit: int = 20
) -> Sequence[Row[Any]]:
    """Return the part of an order's story that is about a case or what it is about."""
    values = {"cohort": cohort, "order": order_id, "case": case, "subject": subject_id}
    return db.session.execute(ABOUT_CASE, values | {"limit": limit}).all()


def decisions_of(order_id: UUID, *kinds: str) -> Sequence[Decision]:
    """Return an order's decisions of some kinds, newest first."""
    query = select(Decision).where(Decision.order_id == order_id, Decision.kind.in_(kinds))
    return db.session.scalars(query.order_by(Decision.id.desc()).limit(20)).all()


def newest_facts(cohort: date, order_id: UUID, kind: str) -> Mapping[str, Any] | None:
    """Return what an order's newest decision of a kind was made of; None: none was made."""
    query = select(Decision.facts).where(Decision.cohort == cohort, Decision.order_id == order_id)
    newest_first = query.where(Decision.kind == kind).order_by(Decision.id.desc())
    return db.session.scalar(newest_first.limit(1))


def newest(cohort: date, order_id: UUID, events: Collection[str]) -> int:
    """Return the number of an order's newest entry of these events; 0 where there is none."""
    query = select(func.max(Entry.id)).where(Entry.cohort == cohort, Entry.order_id == order_id)
    return db.session.scalar(query.where(Entry.event.in_(events))) or 0


def entries_since(
    cohort: date, order_id: UUID, events: Collection[str], seen: int, limit: int = 20
) -> Sequence[Row[Any]]:
    """Return an order's entries of these events after one, newest first."""
    values = {"cohort": cohort, "order": order_id, "events": list(events), "seen": seen}
    return db.session.execute(SINCE, values | {"limit": limit}).all()
