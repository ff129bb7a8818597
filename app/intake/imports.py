"""Files with orders, listings or stock: looked over, tried out, begun and ended.

All of it happens in the open transaction, and in the machine's time, in which people live. Who
sends a file from the command line is nobody (None), and may do anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import IO, Any, Literal

from sqlalchemy import Row, text

from app import jobs
from app.accounts.contract import Person
from app.accounts.sessions import actor_of
from app.audit.contract import PLATFORM_ACTOR
from app.audit.service import record
from app.extensions import db
from app.intake import files, opening
from app.intake.contract import Kind
from app.intake.models import Import
from app.intake.reading import line
from app.intake.registry import kind_of
from app.shared import bulk, clock, ids, live
from app.shared.errors import IllegalMove, InvalidInput, NotAllowed, NotFound
from app.shared.language import later
from app.web.fields import Code, Currency, check
from app.web.fields import Form as Fields

JOB = "run_imports"
# What is said of a file whose numbers are not written as somebody chose.
OTHERWISE = {
    ".": later("Its first numbers have decimals after a point."),
    ",": later("Its first numbers have decimals after a comma."),
}
# What was never begun is kept as long as somebody may come back to it; what was refused, and says
# much of people, until it has been mended; that there was a file, for a year.
KEPT_DRAFTS, KEPT_REFUSALS, KEPT = timedelta(days=7), timedelta(days=30), timedelta(days=365)
# The longest name of a file that is shown.
LONGEST_NAME = 120

LOCK = text("SELECT * FROM imports WHERE reference = :reference FOR NO KEY UPDATE")
ARRANGE = text(
    "UPDATE imports SET mapping = CAST(:mapping AS jsonb), fixed = CAST(:fixed AS jsonb)"
    " WHERE id = :id RETURNING *"
)
BEGIN = text(
    "UPDATE imports SET status = 'waiting', is_dry_run = :is_dry_run, due_at = :now,"
    " read_to = :byte, read_lines = :lines, total = CASE WHEN is_dry_run THEN nullif(seen, 0) END,"
    " seen = 0, taken = 0, known = 0, held = 0, refused = 0, problem = NULL, started_at = NULL,"
    " ended_at = NULL, ended_by = NULL WHERE id = :id"
)
FORGET_NAMES = text("DELETE FROM import_names WHERE import_id = :id")
FORGET_REFUSALS = text("DELETE FROM import_refusals WHERE import_id = :id")
FORGET_TRIES = text("DELETE FROM checks WHERE watcher = 'run_imports' AND subject_id = :id")
FORGET_FILE = text("DELETE FROM import_parts WHERE import_id = :id")
DROP = text("DELETE FROM imports WHERE id = :id")
BACK = text("UPDATE imports SET status = 'draft' WHERE id = :id")
END = text(
    "UPDATE imports SET status = 'canceled', due_at = NULL, ended_at = :now, ended_by = :who"
    " WHERE id = :id"
)
PUT_AWAY = (
    text("DELETE FROM imports WHERE is_dry_run AND due_at IS NULL AND made_at < :drafts"),
    text(
        "DELETE FROM import_refusals r USING imports i"
        " WHERE i.id = r.import_id AND i.ended_at < :refusals"
    ),
    text("DELETE FROM imports WHERE ended_at < :all"),
)


class Fixed(Fields):
    """What is chosen for all records of a file; what of it is asked for, their kind says."""

    channel: Code | None = None
    currency: Currency | None = None
    decimal: Literal[".", ","] = "."
    # whether each customer is told that their order came in
    tells: bool = False


def draft(kind: str, filename: str, file: IO[bytes], who: Person | None) -> str:
    """Keep a file and guess what its columns are; return its reference.

    InvalidInput says why it cannot be read.
    """
    _require_role(kind_of(kind), who)
    key, reference = ids.new(), ids.reference("IM")
    row = {"id": key, "reference": reference, "kind": kind, "filename": _name(filename)}
    row |= {"format": "csv", "size": 0, "header": [], "delimiter": "", "mapping": {}, "fixed": {}}
    row |= {"status": "draft", "is_dry_run": True, "made_at": clock.machine_now()}
    row |= {"made_by": _who(who), "made_by_id": who.id if who else None}
    bulk.insert(Import, [row])
    size = files.keep(key, file)
    bulk.update(Import, [{"id": key, "size": size, **opening.opened(key, kind)}], key="id")
    live.changed("imports")
    return reference


def _name(filename: str) -> str:
    """Return the name of a file as it can be shown: no folders, nothing that cannot be seen."""
    return line(re.split(r"[/\\]", filename)[-1], LONGEST_NAME) or "file"


def _who(who: Person | None) -> str:
    return who.name if who else PLATFORM_ACTOR.name


def _require_role(kind: Kind, who: Person | None) -> None:
    if who is not None and who.role not in kind.roles:
        nouns = kind.nouns[1]
        raise NotAllowed(f"Your role takes in no {nouns}; an administrator can tell whose it is.")


def arrange(
    reference: str, mapping: Mapping[str, str], fixed: Mapping[str, Any], who: Person | None
) -> None:
    """Say which column is which field, and what holds for all records.

    InvalidInput names fields that a file of this kind needs, by their names.
    """
    row = _locked(reference, who, "draft")
    kind = kind_of(row.kind)
    chosen = {name: column for name, column in mapping.items() if column}
    wrong = {} if row.format == "jsonl" else _unfit(row, kind, chosen)
    given = {
        k: v for k, v in fixed.items() if v not in {None, ""} and k in (*kind.fixed, "decimal")
    }
    try:
        given = check(Fixed, given).model_dump(exclude_unset=True)
    except InvalidInput as refusal:
        wrong |= refusal.fields
    if row.format == "csv" and not wrong.get("decimal"):
        wrong |= _decide(row, chosen, given)
    if "channel" in kind.fixed and not given.get("channel"):
        wrong.setdefault("channel", "Say on which channel these orders are.")
    if wrong:
        raise InvalidInput("The file was not arranged.", **wrong)
    values = {"id": row.id, "mapping": chosen, "fixed": given}
    bulk.update(Import, [values], key="id")


def _decide(row: Row[Any], mapping: Mapping[str, str], given: dict[str, Any]) -> dict[str, str]:
    """Say for whoever did not which sign decimals stand after; return what is wrong with that.

    It is never guessed: by a wrong guess 12,50 would be 1,250.
    """
    try:
        told = opening.decimal(row, mapping)
    except ValueError as doubt:
        return {} if "decimal" in given else {"decimal": str(doubt)}
    if told and given.get("decimal", told) != told:
        return {"decimal": OTHERWISE[told]}
    given.setdefault("decimal", told or "")
    return {}


def _unfit(row: Row[Any], kind: Kind, mapping: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with a choice of columns, by field."""
    labels = {field.name: field.label for field in kind.fields}
    wrong = {}
    for name, column in mapping.items():
        if name not in labels:
            wrong[name] = f"is no field of {kind.nouns[1]}"
        elif column not in row.header:
            wrong[name] = f"The file has no column '{column[:40]}'."
    for field in kind.fields:
        if field.is_needed and field.name not in mapping:
            wrong[field.name] = f"Choose the column with this: {field.label}."
    return wrong


def try_out(reference: str, who: Person | None) -> None:
    """Have all of a file read and judged, without changing anything."""
    _begin(_locked(reference, who, "draft"), is_dry_run=True)


def start(reference: str, who: Person | None) -> None:
    """Have the records of a file taken in; again changes nothing."""
    row = _locked(reference, who)
    if not row.is_dry_run:
        return
    if row.status not in {"draft", "done"}:
        raise IllegalMove(f"{reference} has not been tried out to its end.")
    _begin(row, is_dry_run=False)
    actor = actor_of(who) if who else PLATFORM_ACTOR
    record("import_started", actor, subject=reference, kind=row.kind, file=row.filename)


def _begin(row: Row[Any], *, is_dry_run: bool) -> None:
    place = opening.beginning(row)
    db.session.execute(FORGET_NAMES, {"id": row.id})
    db.session.execute(FORGET_REFUSALS, {"id": row.id})
    values = {"id": row.id, "is_dry_run": is_dry_run, "now": clock.machine_now()}
    db.session.execute(BEGIN, values | {"byte": place.byte, "lines": place.lines})
    live.changed("imports")
    jobs.ring(JOB)


def go_back(reference: str, who: Person | None) -> None:
    """Have a file arranged anew after it was tried out; again changes nothing."""
    row = _locked(reference, who)
    if not row.is_dry_run or row.status in {"waiting", "running"}:
        raise IllegalMove(f"{reference} is under way; stop it first.")
    db.session.execute(BACK, {"id": row.id})
    live.changed("imports")


def cancel(reference: str, who: Person | None) -> bool:
    """Drop a file that was never begun, or stop one; return whether anything is left of it.

    What was taken in stays. One that runs holds its row until the records in hand are done.
    """
    row = _locked(reference, who)
    forget_tries(row.id)
    if row.is_dry_run:
        db.session.execute(DROP, {"id": row.id})
    elif row.status in {"waiting", "running"}:
        values = {"id": row.id, "now": clock.machine_now(), "who": _who(who)}
        db.session.execute(END, values)
        forget_file(row.id)
        actor = actor_of(who) if who else PLATFORM_ACTOR
        record("import_canceled", actor, subject=reference, kind=row.kind, file=row.filename)
    live.changed("imports")
    return not row.is_dry_run


def forget_file(import_id: Any) -> None:
    """Forget what a file held: it has been worked off."""
    db.session.execute(FORGET_NAMES, {"id": import_id})
    db.session.execute(FORGET_FILE, {"id": import_id})


def forget_tries(import_id: Any) -> None:
    """Forget that a file has failed: it has come further, or to its end."""
    db.session.execute(FORGET_TRIES, {"id": import_id})


def put_away(now: datetime) -> None:
    """Forget files that were never begun, what was refused long ago, and imports of long ago."""
    values = {"drafts": now - KEPT_DRAFTS, "refusals": now - KEPT_REFUSALS, "all": now - KEPT}
    for statement in PUT_AWAY:
        db.session.execute(statement, values)


def _locked(reference: str, who: Person | None, status: str | None = None) -> Row[Any]:
    row = db.session.execute(LOCK, {"reference": reference}).first()
    if row is None:
        raise NotFound(f"There is no import {reference}.")
    _require_role(kind_of(row.kind), who)
    if status is not None and row.status != status:
        raise IllegalMove(f"{reference} is {row.status}; it is arranged before it is tried out.")
    return row
