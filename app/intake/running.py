"""Working files off: some records a transaction, so that it may be killed anywhere.

How far a file was read is written in the transaction that takes its records in. Nobody outside is
asked anything, so there is no lease to run out: the lock on the file's row is one.

A file is read twice. While it is waiting, it is looked over to its end: what its records are called
is met, and where it can be read no further nothing of it is begun. Then it runs, and its records
are taken in. An order whose rows do not stand together is so known before the first of them is
taken: by the time the others came, it would be an order by half that may be with a vendor already.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from app.checks.service import give_up, in_words
from app.extensions import db
from app.intake import imports, opening
from app.intake.cells import Judged, Sheet, judged, name_of, wrong_of
from app.intake.contract import Record, Verdict, Wrong
from app.intake.models import ImportRefusal
from app.intake.records import Place, few
from app.notices.contract import Notice
from app.notices.service import tell
from app.shared import bulk, clock, live, work
from app.shared.errors import Conflict, DomainError
from app.shared.work import PLATFORM, transaction

logger = logging.getLogger(__name__)
# As many as are taken in within a second or two: whoever stops a file waits no longer. Orders may
# have hundreds of rows each, which take their time, too.
AT_ONCE, ROWS_AT_ONCE = 500, 5_000
# Looking over is that much faster than taking in.
FASTER = 20
COUNTED = ("taken", "known", "held", "refused")
# A file that fails for no reason of its own waits a minute longer after each try; then it ends.
MOST_TRIES, WAIT = 5, timedelta(minutes=1)

CLAIM = text(
    "SELECT * FROM imports WHERE status IN ('waiting', 'running') AND due_at <= :now"
    " ORDER BY due_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"
)
CLAIM_ONE = text(
    "SELECT * FROM imports WHERE status IN ('waiting', 'running') AND reference = :reference"
    " FOR NO KEY UPDATE"
)
# Names that are met, each with the line it stands in first; below zero once it is met again.
MEET = text(
    "INSERT INTO import_names (import_id, name, line)"
    " SELECT :id, name, CASE count(*) WHEN 1 THEN min(line) ELSE -min(line) END"
    " FROM unnest(CAST(:names AS text[]), CAST(:lines AS integer[])) t(name, line) GROUP BY name"
    " ON CONFLICT (import_id, name) DO UPDATE SET line = -abs(import_names.line)"
)
SCATTERED = text(
    "SELECT name, -line AS first FROM import_names"
    " WHERE import_id = :id AND line < 0 AND name = ANY(:names)"
)
LOOKED_OVER = text(
    "UPDATE imports SET status = :status, read_to = :byte, read_lines = :lines, due_at = :now"
    " WHERE id = :id"
)
MOVE_ON = text(
    "UPDATE imports SET status = :status, problem = :problem, due_at = :due_at,"
    " started_at = coalesce(started_at, :now), ended_at = :ended_at, read_to = :byte,"
    " read_lines = :lines, seen = seen + :seen, taken = taken + :taken, known = known + :known,"
    " held = held + :held, refused = refused + :refused WHERE id = :id RETURNING *"
)
# How often a file has failed since it last came further.
TRIED = text(
    "INSERT INTO checks (subject_id, watcher, subject_kind, order_id, next_check_at, attempts)"
    " VALUES (:id, 'run_imports', 'import', :id, :now, 1) ON CONFLICT (subject_id, watcher)"
    " DO UPDATE SET attempts = checks.attempts + 1 RETURNING attempts"
)
PUT_OFF = text("UPDATE imports SET due_at = :at WHERE id = :id")


def run(is_time_up: Callable[[], bool]) -> int:
    """Work off the files that are due, each in its turn; return how many records that were."""
    worked = 0
    while not is_time_up() and (size := _turn()):
        worked += size
    return worked


def _turn() -> int:
    tried: list[str] = []
    try:
        return step(tried=tried)
    except Exception as error:
        work.raise_if_passing(error)
        # One bad file must not hold up the others.
        logger.exception("a file failed")
        for reference in tried:
            _put_off(reference, error)
        return len(tried)


def _put_off(reference: str, error: Exception) -> None:
    """Have a file tried again a while later; end it after its last try, and have a person look."""
    with transaction(PLATFORM) as now:
        row = db.session.execute(CLAIM_ONE, {"reference": reference}).first()
        if row is None:
            # Somebody has stopped it meanwhile.
            return
        tries: int = db.session.execute(TRIED, {"id": row.id, "now": now}).scalar_one()
        if tries < MOST_TRIES:
            at = clock.machine_now() + tries * WAIT
            db.session.execute(PUT_OFF, {"id": row.id, "at": at})
            return
        problem = (
            f"Something went wrong after line {row.read_lines}, {tries} times. Ask an administrator"
            " what (System, Dead letters), then send the file again; what was taken in stays."
        )
        _move_on(row, None, problem, {})
        give_up(imports.JOB, f"import {reference}", in_words(error), tries, now)
        live.changed("imports")


def step(
    reference: str | None = None, at_once: int = AT_ONCE, tried: list[str] | None = None
) -> int:
    """Work off some records of one file, or of the one whose turn it is; return how many.

    0 where nothing is due. `tried` learns which file that is, whatever becomes of it.
    """
    machine_now = clock.machine_now()
    with transaction(PLATFORM) as now:
        claim = CLAIM_ONE if reference else CLAIM
        row = db.session.execute(claim, {"now": machine_now, "reference": reference}).first()
        if row is None:
            return 0
        if tried is not None:
            tried.append(row.reference)
        if row.status == "waiting":
            return _look_over(row, at_once * FASTER)
        sheet = opening.sheet_of(row)
        records = opening.records_of(row, sheet, Place(row.read_to, row.read_lines))
        found, problem = few(records, at_once, ROWS_AT_ONCE)
        outcomes = _outcomes(row, sheet, [judged(one, sheet) for one in found], now)
        _keep(row, outcomes)
        work.crashpoint("before records of a file are committed")
        counted = Counter("refused" if isinstance(o, Judged) else o for o in outcomes)
        _move_on(row, found[-1] if found else None, problem, counted)
        live.changed("imports")
        return len(found) or 1


def _look_over(row: Row[Any], most: int) -> int:
    """Meet the names of a file's next records; at its end have them taken in, from the first on."""
    sheet = opening.sheet_of(row)
    records = opening.records_of(row, sheet, Place(row.read_to, row.read_lines))
    found, problem = few(records, most, most)
    named = [(name, one.line) for one in found if (name := name_of(one, sheet))]
    values = {"names": [name for name, _ in named], "lines": [line for _, line in named]}
    db.session.execute(MEET, {"id": row.id} | values)
    live.changed("imports")
    if problem:
        _move_on(row, None, problem, {})
        return len(found) or 1
    is_more = sum(len(one.rows) or 1 for one in found) >= most
    place = Place(found[-1].end, found[-1].lines) if is_more else opening.beginning(row)
    values = {"status": "waiting" if is_more else "running", "now": clock.machine_now()}
    values |= {"byte": place.byte, "lines": place.lines}
    db.session.execute(LOOKED_OVER, {"id": row.id} | values)
    imports.forget_tries(row.id)
    return len(found) or 1


def _outcomes(
    row: Row[Any], sheet: Sheet, found: Sequence[Judged], now: datetime
) -> list[Verdict | Judged]:
    """Take in what can be, and return what became of each record."""
    names = {"names": [one.name for one in found]}
    scattered = {r.name: r.first for r in db.session.execute(SCATTERED, {"id": row.id} | names)}
    how = "it may stand there once" if sheet.together is None else "its rows must stand together"
    checked = [_once(one, scattered, how) for one in found]
    good = [one for one in checked if not one.wrong]
    if row.is_dry_run:
        with work.rehearsed():
            taken = iter(_taken(row, sheet, good, now))
    else:
        taken = iter(_taken(row, sheet, good, now))
    return [one if one.wrong else _outcome(one, next(taken), sheet) for one in checked]


def _once(one: Judged, scattered: Mapping[str, int], how: str) -> Judged:
    """Refuse a record whose name other records have, too: each may be half of what is meant."""
    first = scattered.get(one.name)
    if first is None:
        return one
    is_first = first == one.record.line
    where = "comes again further down" if is_first else f"stands in line {first} already"
    problem = f"{one.name} {where}; {how}, so none of it is taken in."
    return replace(one, form=None, wrong=(Wrong(one.record.line, "", problem), *one.wrong))


def _taken(
    row: Row[Any], sheet: Sheet, good: Sequence[Judged], now: datetime
) -> Sequence[Verdict | DomainError]:
    """Take records in together; those of which one is refused, or fails, in halves."""
    if not good:
        return []
    refusal: DomainError
    try:
        with work.part():
            forms = [one.form for one in good]
            return list(sheet.kind.take(forms, row.fixed, row.made_by, now))
    except DomainError as error:
        refusal = error
    except Exception as error:
        work.raise_if_passing(error)
        logger.exception("records of a file failed")
        refusal = Conflict("Something went wrong with it, and nothing of it was taken in.")
    if len(good) == 1:
        return [refusal]
    half = len(good) // 2
    return [*_taken(row, sheet, good[:half], now), *_taken(row, sheet, good[half:], now)]


def _outcome(one: Judged, result: Verdict | DomainError, sheet: Sheet) -> Verdict | Judged:
    if isinstance(result, DomainError):
        return replace(one, wrong=tuple(wrong_of(result, one.record, sheet).values()))
    return result


def _keep(row: Row[Any], outcomes: Sequence[Verdict | Judged]) -> None:
    """Keep what was refused, with its lines as they stood, so that they can be mended."""
    refused = [
        {
            "import_id": row.id,
            "position": row.seen + n,
            "line": one.record.line,
            "name": one.name,
            "errors": [asdict(wrong) for wrong in one.wrong],
            "raw": [one.record.raw] if one.record.raw else [r.cells for r in one.record.rows],
        }
        for n, one in enumerate(outcomes, 1)
        if isinstance(one, Judged)
    ]
    bulk.insert(ImportRefusal, refused)


def _move_on(
    row: Row[Any], last: Record | None, problem: str | None, counted: Mapping[str, int]
) -> None:
    """Count what became of records; let others have their turn, or end and tell whoever sent it."""
    now = clock.machine_now()
    values: dict[str, Any] = {"id": row.id, "now": now, "problem": None, "ended_at": None}
    values |= {name: counted.get(name, 0) for name in COUNTED}
    values |= {"status": "running", "due_at": now, "byte": row.read_to, "lines": row.read_lines}
    if last is not None:
        values |= {"byte": last.end, "lines": last.lines}
    else:
        values |= {"status": "failed" if problem else "done", "problem": problem}
        values |= {"due_at": None, "ended_at": now}
    stands = db.session.execute(MOVE_ON, values | {"seen": sum(counted.values())}).one()
    imports.forget_tries(row.id)
    if last is None:
        _end(stands)


def _end(row: Row[Any]) -> None:
    if not row.is_dry_run:
        imports.forget_file(row.id)
    if row.made_by_id is None:
        return
    facts = {"taken": row.taken + row.held, "refused": row.refused}
    kind = "import_tried" if row.is_dry_run else "import_done"
    # What was tried again is told again.
    once = f"{kind} {row.reference} {row.started_at.isoformat()}"
    tell([Notice(f"person:{row.made_by_id}", kind, row.reference, once, facts)])
