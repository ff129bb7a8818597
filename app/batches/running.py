"""Working bulk changes off: a few rows a transaction, so that it may be killed anywhere.

A row's outcome is written in the transaction that changes it, and nothing is asked of anybody
outside: so there is no lease to run out, and whoever comes next goes on where another died.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row as SqlRow
from sqlalchemy import text

from app.batches.contract import Act, Outcome, Row
from app.batches.registry import act_of
from app.batches.words import doing
from app.extensions import db
from app.notices.contract import Notice
from app.notices.service import tell
from app.shared import clock, live, work
from app.shared.who import Who
from app.shared.work import PLATFORM, transaction

logger = logging.getLogger(__name__)
# Few enough that somebody who cancels waits for a moment only, and that locks are soon let go.
AT_ONCE = 50

CLAIM = text(
    "SELECT * FROM batches WHERE status IN ('waiting', 'running') AND due_at <= :now"
    " ORDER BY due_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"
)
WAITING = text(
    "SELECT r.position, r.subject, r.seen, u.reason AS undone FROM batch_rows r"
    " LEFT JOIN batch_rows u ON u.batch_id = :undoes AND u.subject = r.subject"
    " AND u.status = 'done'"
    " WHERE r.batch_id = :id AND r.status = 'waiting' ORDER BY r.position LIMIT :size"
)
HOLD = text("SELECT * FROM batches WHERE id = :id FOR NO KEY UPDATE")
STILL_WAITING = text(
    "SELECT position, subject FROM batch_rows"
    " WHERE batch_id = :id AND position = :position AND status = 'waiting'"
)
STANDS = (
    "SELECT {subject} AS subject, {seen} AS seen, {foresee} AS foreseen FROM {source}"
    " WHERE {subject} = ANY(:subjects)"
)
WRITE = text(
    "UPDATE batch_rows r SET status = v.status, reason = CAST(v.reason AS jsonb)"
    " FROM unnest(CAST(:positions AS integer[]), CAST(:statuses AS text[]),"
    "  CAST(:reasons AS text[])) v(position, status, reason)"
    " WHERE r.batch_id = :id AND r.position = v.position"
)
MOVE_ON = text(
    "UPDATE batches SET status = :status, started_at = coalesce(started_at, :now),"
    " due_at = :due_at, ended_at = :ended_at, done = done + :done, unchanged = unchanged"
    " + :unchanged, refused = refused + :refused WHERE id = :id RETURNING *"
)
DONE, GONE = Outcome("done"), Outcome("refused", "gone")
FAILED = Outcome("refused", "failed")


def run(is_time_up: Callable[[], bool]) -> int:
    """Work off what is due, each bulk change in its turn; return how many rows that were."""
    worked = 0
    while not is_time_up() and (size := _a_few(is_time_up)):
        worked += size
    return worked


def _a_few(is_time_up: Callable[[], bool]) -> int:
    try:
        return _step(AT_ONCE)
    except Exception as error:
        work.raise_if_passing(error)
        # One bad row must not hold up the others: take them one by one.
        logger.exception("rows of a bulk change failed")
    worked = 0
    for _ in range(AT_ONCE):
        size = _one()
        worked += size
        if not size or is_time_up():
            break
    return worked


def _one() -> int:
    tried: set[tuple[UUID, int]] = set()
    try:
        return _step(1, tried)
    except Exception as error:
        work.raise_if_passing(error)
        logger.exception("a row of a bulk change failed")
        return _give_up(tried)


def _give_up(tried: set[tuple[UUID, int]]) -> int:
    """Write down that a row failed: the one that was tried, wherever its turn is now."""
    with transaction(PLATFORM):
        for batch_id, position in tried:
            batch = db.session.execute(HOLD, {"id": batch_id}).one()
            values = {"id": batch_id, "position": position}
            row = db.session.execute(STILL_WAITING, values).first()
            if row is not None:
                outcomes = {row.subject: FAILED}
                _write(batch, [row], outcomes)
                _move_on(batch, act_of(batch.act), outcomes, is_over=False)
                live.changed("batches")
    return len(tried)


def _step(size: int, tried: set[tuple[UUID, int]] | None = None) -> int:
    """Work off a few rows of the bulk change whose turn it is; return how many, 0 for none due.

    `tried` learns which rows those are, whatever becomes of them.
    """
    machine_now = clock.machine_now()
    with transaction(PLATFORM) as now:
        batch = db.session.execute(CLAIM, {"now": machine_now}).first()
        if batch is None:
            return 0
        act = act_of(batch.act)
        values = {"id": batch.id, "undoes": batch.undoes_id, "size": size}
        waiting = db.session.execute(WAITING, values).all()
        if tried is not None:
            tried |= {(batch.id, row.position) for row in waiting}
        outcomes = _outcomes(batch, act, [_row(row) for row in waiting], now)
        _write(batch, waiting, outcomes)
        work.crashpoint("before rows of a bulk change are committed")
        _move_on(batch, act, outcomes, is_over=len(waiting) < size)
        live.changed("batches")
        return len(waiting) or 1


def _row(row: SqlRow[Any]) -> Row:
    return Row(row.subject, row.seen, row.undone)


def _outcomes(
    batch: SqlRow[Any], act: Act, rows: Sequence[Row], now: datetime
) -> dict[str, Outcome]:
    """Do what can be done, and return what became of each row."""
    if not rows:
        return {}
    subjects = [row.subject for row in rows]
    act.thing.lock(subjects, now)
    maker = Who(batch.made_by_id, batch.made_by)
    stands = _stands(act, subjects, maker)
    outcomes = {row.subject: _left(act, row, stands.get(row.subject)) for row in rows}
    moved = {row.subject: row.seen for row in rows if outcomes[row.subject].code == CHANGED.code}
    for subject, facts in (act.thing.changes(moved) if moved else {}).items():
        outcomes[subject] = Outcome("refused", CHANGED.code, facts)
    wanted = [row for row in rows if outcomes[row.subject] is DONE]
    if wanted:
        outcomes.update(act.do(wanted, batch.arguments, maker, now))
    return outcomes


CHANGED = Outcome("refused", "changed")


def _stands(act: Act, subjects: Sequence[str], maker: Who) -> Mapping[str, SqlRow[Any]]:
    thing = act.thing
    sql = STANDS.format(
        subject=thing.subject, seen=thing.seen, foresee=act.foresee, source=thing.source
    )
    rows = db.session.execute(text(sql), {"subjects": list(subjects), "maker": maker.id})
    return {row.subject: row for row in rows}


def _left(act: Act, row: Row, stands: SqlRow[Any] | None) -> Outcome:
    """Return why a row is left as it is; DONE where nothing speaks against it."""
    if stands is None:
        return GONE
    if stands.seen != row.seen:
        return CHANGED
    if stands.foreseen is None:
        return DONE
    return Outcome(act.whys[stands.foreseen].status, stands.foreseen)


def _write(
    batch: SqlRow[Any], rows: Sequence[SqlRow[Any]], outcomes: Mapping[str, Outcome]
) -> None:
    found = [outcomes[row.subject] for row in rows]
    db.session.execute(
        WRITE,
        {
            "id": batch.id,
            "positions": [row.position for row in rows],
            "statuses": [outcome.status for outcome in found],
            "reasons": [json.dumps({"code": o.code, **o.facts}) for o in found],
        },
    )


def _move_on(
    batch: SqlRow[Any], act: Act, outcomes: Mapping[str, Outcome], *, is_over: bool
) -> None:
    """Count what was done; let others have their turn, or end and tell whoever asked for it."""
    now, counted = clock.machine_now(), Counter(o.status for o in outcomes.values())
    values: dict[str, Any] = {name: counted[name] for name in ("done", "unchanged", "refused")}
    values |= {"id": batch.id, "now": now}
    place: dict[str, Any] = {"status": "running", "due_at": now, "ended_at": None}
    if is_over:
        place = {"status": "done", "due_at": None, "ended_at": now}
    stands = db.session.execute(MOVE_ON, values | place).one()
    if is_over:
        facts = {"act": doing(act, stands.total), "done": stands.done, "refused": stands.refused}
        audience, once = f"person:{stands.made_by_id}", f"batch {stands.reference}"
        tell([Notice(audience, "batch_done", stands.reference, once, facts)])
