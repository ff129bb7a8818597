"""Waking watchers, and working off what is due for one of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rq.timeouts import JobTimeoutException
from sqlalchemy import Row, TextClause, text

from app import jobs
from app.checks.models import Check
from app.checks.rules import MOST_ATTEMPTS, WAKES, retry_at
from app.extensions import db
from app.shared import bulk, clock, live, work
from app.shared.errors import Conflict
from app.shared.who import Who
from app.shared.work import PLATFORM, transaction
from app.web.words import span

logger = logging.getLogger(__name__)
BATCH = 500


@dataclass(frozen=True, slots=True)
class Subject:
    """What a watcher looks at: an order, a fulfillment order, a shipment or a case."""

    id: UUID
    kind: str
    order_id: UUID


# Looks at subjects at a moment; returns when to look again, nothing for "not any more".
Look = Callable[[Sequence[Subject], datetime], Mapping[UUID, datetime]]
# Returns which of these subjects may be looked at before those that have waited longer.
Ahead = Callable[[Sequence[UUID]], Sequence[UUID]]

CLAIM = text(
    "SELECT subject_id, subject_kind, order_id, attempts FROM checks"
    " WHERE watcher = :watcher AND next_check_at <= :now"
    " ORDER BY next_check_at, subject_id LIMIT :size FOR UPDATE SKIP LOCKED"
)
CLAIM_THESE = text(
    "SELECT subject_id, subject_kind, order_id, attempts FROM checks"
    " WHERE watcher = :watcher AND next_check_at <= :now AND subject_id = ANY(:ids)"
    " ORDER BY next_check_at, subject_id FOR UPDATE SKIP LOCKED"
)
# Who did not become due in a crowd: one that comes in is due at one moment, its transaction's. From
# the newest moment on, each is two looks into the index, however many wait.
SINGLES = text(
    "WITH RECURSIVE moments AS (SELECT max(next_check_at) AS at FROM checks"
    "  WHERE watcher = :watcher AND next_check_at <= :now"
    "  UNION ALL SELECT (SELECT max(next_check_at) FROM checks"
    "   WHERE watcher = :watcher AND next_check_at < m.at) FROM moments m WHERE m.at IS NOT NULL)"
    " SELECT unnest(there.ids) FROM (SELECT at FROM moments WHERE at IS NOT NULL LIMIT :moments) m"
    " CROSS JOIN LATERAL (SELECT array_agg(subject_id) AS ids FROM (SELECT subject_id FROM checks"
    "  WHERE watcher = :watcher AND next_check_at = m.at LIMIT :crowd) few) there"
    " WHERE cardinality(there.ids) < :crowd LIMIT :size"
)
# So many that are due at one moment are a crowd; so many others are let ahead of crowds at once, of
# so many moments.
CROWD, LET_AHEAD, MOMENTS = 10, 50, 200
DROP = text("DELETE FROM checks WHERE watcher = :watcher AND subject_id = ANY(:ids)")
MOVE = (
    "UPDATE checks c SET next_check_at = v.at, attempts = 0"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:ats AS timestamptz[])) v(id, at)"
    " WHERE c.watcher = :watcher AND c.subject_id = v.id"
)
DEAD = text(
    "INSERT INTO dead_letters (job, subject, reason, attempts, raised_at)"
    " VALUES (:job, :subject, :reason, :attempts, :now)"
    " ON CONFLICT (job, subject) WHERE closed_at IS NULL DO UPDATE"
    " SET reason = excluded.reason, attempts = excluded.attempts"
)
# Locked, so that of two who press at once the second is told of the first.
LETTER = text(
    "SELECT d.subject, d.closed_at, d.closed_by, d.closed_by_id, EXISTS (SELECT FROM dead_letters x"
    "  WHERE x.job = d.job AND x.subject = d.subject AND x.closed_at IS NULL) AS is_open_again"
    " FROM dead_letters d WHERE d.id = :id FOR UPDATE OF d"
)
SET_CLOSED = text(
    "UPDATE dead_letters SET closed_at = :at, closed_by = :by, closed_by_id = :by_id WHERE id = :id"
)


def wake(event: str, subjects: Iterable[Subject], now: datetime) -> None:
    """Pull the checks of subjects to now for every watcher of an event."""
    for watcher in WAKES[event]:
        look_at(watcher, subjects, now)


def look_at(watcher: str, subjects: Iterable[Subject], at: datetime) -> None:
    """Have one watcher look at subjects at a moment, or earlier if it meant to."""
    # For what lies ahead the sweep rings, when its time has come.
    if _arrange(watcher, ((subject, at) for subject in subjects)) and at <= clock.now():
        jobs.ring(watcher)


def look_later(watcher: str, moments: Mapping[Subject, datetime]) -> None:
    """Have one watcher look at subjects, each at a moment of its own that lies ahead."""
    _arrange(watcher, moments.items())


def _arrange(watcher: str, moments: Iterable[tuple[Subject, datetime]]) -> bool:
    """Write down when a watcher looks; return whether there is anything to look at."""
    rows = {
        s.id: {
            "subject_id": s.id,
            "watcher": watcher,
            "subject_kind": s.kind,
            "order_id": s.order_id,
            "next_check_at": at,
        }
        for s, at in moments
    }
    bulk.insert(
        Check,
        [rows[key] for key in sorted(rows, key=lambda key: key.int)],
        conflict="ON CONFLICT (subject_id, watcher) DO UPDATE SET"
        " next_check_at = least(checks.next_check_at, excluded.next_check_at)",
    )
    return bool(rows)


def work_off(
    watcher: str,
    look: Look,
    *,
    is_time_up: Callable[[], bool],
    size: int = BATCH,
    ahead: Ahead | None = None,
) -> int:
    """Let a watcher look at all that is due, a batch a transaction; return how many it saw.

    `ahead`: between two batches, a few that did not become due in a crowd are looked at before
    those that wait longer, where it says that they may be.
    """
    seen = 0
    while not is_time_up() and (done := _work_off_batch(watcher, look, size, is_time_up)):
        seen += done
        if ahead and done >= size:
            seen += _look_ahead(watcher, look, ahead)
    return seen


def _look_ahead(watcher: str, look: Look, ahead: Ahead) -> int:
    try:
        with transaction(PLATFORM) as now:
            sizes = {"size": LET_AHEAD, "moments": MOMENTS, "crowd": CROWD}
            singles = db.session.scalars(SINGLES, {"watcher": watcher, "now": now, **sizes}).all()
            ids = ahead(singles) if singles else ()
            return _look_at(CLAIM_THESE, watcher, look, now, ids=list(ids)) if ids else 0
    except JobTimeoutException:
        raise
    except Exception:
        # They come again in their turn, where one bad subject is told from the others.
        logger.exception("nobody let ahead", extra={"watcher": watcher})
        return 0


def _work_off_batch(watcher: str, look: Look, most: int, is_time_up: Callable[[], bool]) -> int:
    try:
        return _look(watcher, look, most)
    except JobTimeoutException:
        raise
    except Exception:
        # One bad subject must not hold up the others: look at them one by one.
        logger.exception("batch failed", extra={"watcher": watcher})
    seen = 0
    for _ in range(most):
        try:
            size = _look(watcher, look, 1)
        except JobTimeoutException:
            raise
        except Exception as error:
            logger.exception("subject failed", extra={"watcher": watcher})
            size = _postpone(watcher, error)
        seen += size
        if not size or is_time_up():
            break
    return seen


def _look(watcher: str, look: Look, size: int) -> int:
    with transaction(PLATFORM) as now:
        return _look_at(CLAIM, watcher, look, now, size=size)


def _look_at(claim: TextClause, watcher: str, look: Look, now: datetime, **which: object) -> int:
    rows = db.session.execute(claim, {"watcher": watcher, "now": now, **which}).all()
    if not rows:
        return 0
    subjects = [Subject(r.subject_id, r.subject_kind, r.order_id) for r in rows]
    again = look(subjects, now)
    work.crashpoint("before the watch commits")
    _finish(watcher, subjects, again)
    return len(rows)


def _finish(watcher: str, subjects: Sequence[Subject], again: Mapping[UUID, datetime]) -> None:
    done = [s.id for s in subjects if s.id not in again]
    if done:
        db.session.execute(DROP, {"watcher": watcher, "ids": done})
    if again:
        moves = {"watcher": watcher, "ids": list(again), "ats": list(again.values())}
        db.session.execute(text(MOVE), moves)


def _postpone(watcher: str, error: Exception) -> int:
    """Put off the subject that is first in line; give it to a person after its last attempt."""
    with transaction(PLATFORM) as now:
        row = db.session.execute(CLAIM, {"watcher": watcher, "now": now, "size": 1}).first()
        if row is None:
            return 0
        attempts = row.attempts + 1
        db.session.execute(
            text(
                "UPDATE checks SET attempts = :attempts, next_check_at = :at"
                " WHERE watcher = :watcher AND subject_id = :id"
            ),
            {
                "attempts": min(attempts, MOST_ATTEMPTS),
                "at": retry_at(now, min(attempts, MOST_ATTEMPTS)),
                "watcher": watcher,
                "id": row.subject_id,
            },
        )
        if attempts >= MOST_ATTEMPTS:
            give_up(watcher, f"{row.subject_kind} {row.subject_id}", in_words(error), attempts, now)
        return 1


def in_words(error: Exception) -> str:
    """Return an error's kind and first line: the rest may hold a person's data."""
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:200]


def give_up(job: str, subject: str, reason: str, attempts: int, now: datetime) -> None:
    """Write a dead letter: a person must look."""
    values = {"job": job, "subject": subject, "reason": reason[:500], "attempts": attempts}
    db.session.execute(DEAD, values | {"now": now})
    live.changed("system")


def close_dead_letter(letter_id: int, by: Who, now: datetime, *, seen: str | None = None) -> None:
    """Note that a person has dealt with a dead letter; again changes nothing.

    `seen` is who had dealt with it on the page that was pressed ("" for nobody): when somebody
    else has since, that is told.
    """
    letter = _letter(letter_id)
    if letter is None:
        return
    if letter.closed_at is None:
        _set_closed(letter_id, by, now)
    elif seen not in {None, letter.closed_by} and letter.closed_by_id != by.id:
        ago = span(now - letter.closed_at)
        raise Conflict(f"{letter.closed_by} dealt with it {ago} ago. You saw it open.")


def reopen_dead_letter(letter_id: int, by: Who, now: datetime) -> None:
    """Take back that one has dealt with a dead letter; again changes nothing."""
    letter = _letter(letter_id)
    if letter is None or letter.closed_at is None:
        return
    if letter.closed_by_id != by.id:
        ago = span(now - letter.closed_at)
        raise Conflict(f"{letter.closed_by} dealt with it {ago} ago; only they open it again.")
    if letter.is_open_again:
        raise Conflict(f"The work on {letter.subject} was given up again since; that one is open.")
    _set_closed(letter_id, None, None)


def _letter(letter_id: int) -> Row[Any] | None:
    return db.session.execute(LETTER, {"id": letter_id}).first()


def _set_closed(letter_id: int, by: Who | None, at: datetime | None) -> None:
    name, key = (by.name, by.id) if by else (None, None)
    db.session.execute(SET_CLOSED, {"at": at, "by": name, "by_id": key, "id": letter_id})
