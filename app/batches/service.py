"""Bulk changes: drafted, started after a look at what they would do, canceled, taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app import jobs
from app.accounts.contract import Person
from app.accounts.sessions import actor_of
from app.audit.service import record
from app.batches.contract import LONGEST_REASON, MOST_ROWS, Act, Selection
from app.batches.models import Batch
from app.batches.registry import act_of
from app.batches.words import what
from app.extensions import db
from app.shared import bulk, clock, ids, live
from app.shared.errors import IllegalMove, InvalidInput, NotAllowed, NotFound
from app.shared.language import _, inside

JOB = "run_batches"
# In this time what was started is taken back without a trace.
UNDO_WINDOW = timedelta(seconds=10)
# What was never started, or canceled before it began, is kept no longer than anybody looks at it.
KEPT_DRAFT, KEPT = timedelta(days=1), timedelta(days=90)
# Nobody looks at more of their own at once; each may hold fifty thousand rows.
MOST_DRAFTS = 20

ROWS = (
    "INSERT INTO batch_rows (batch_id, position, subject, name, seen, foreseen)"
    " SELECT :of_batch, row_number() OVER (ORDER BY x.key), x.subject, x.name, x.seen, x.foreseen"
    " FROM (SELECT {id} AS key, {subject} AS subject, {name} AS name, {seen} AS seen,"
    "  {foresee} AS foreseen FROM {source} WHERE {id} IN (SELECT id FROM ({chosen}) chosen)"
    "  ORDER BY {id} LIMIT :at_most) x"
)
NAMED = "SELECT {id} AS id FROM {source} WHERE {subject} = ANY(:named)"
# What a change has done is what can be taken back.
DONE = (
    "SELECT {id} AS id FROM {source} WHERE {subject} IN"
    " (SELECT subject FROM batch_rows WHERE batch_id = :undone AND status = 'done')"
)
LOCK = text("SELECT * FROM batches WHERE reference = :reference FOR NO KEY UPDATE")
UNDO_OF = text("SELECT reference FROM batches WHERE undoes_id = :id")
DOABLE = text("SELECT count(*) FROM batch_rows WHERE batch_id = :id AND foreseen IS NULL")
END = text(
    "UPDATE batches SET status = 'canceled', ended_at = :now, ended_by = :who, due_at = NULL"
    " WHERE id = :id"
)
FORGET = text(
    "DELETE FROM batches WHERE status = 'draft' AND id IN (SELECT id FROM batches"
    " WHERE made_by_id = :me AND status = 'draft' ORDER BY made_at DESC, id DESC OFFSET :most)"
)
PUT_AWAY = text(
    "DELETE FROM batches WHERE made_at < :before"
    " OR (made_at < :drafts_before AND started_at IS NULL AND status IN ('draft', 'canceled'))"
)


def draft(
    act: str, chosen: Sequence[str] | Selection, query: str, who: Person, now: datetime
) -> str:
    """Write down what was chosen, how it stands and what would become of it; return its reference.

    Where somebody has too many drafts, their oldest are forgotten. `now` is the machine's time,
    like all that people do with bulk changes.
    """
    found = act_of(act)
    _require_role(found, who)
    if not isinstance(chosen, Selection):
        chosen = Selection(_sql(NAMED, found), {"named": list(chosen)})
    reference, _key = _make(found, chosen, who, now, query=query)
    db.session.execute(FORGET, {"me": who.id, "most": MOST_DRAFTS})
    return reference


def start(reference: str, arguments: Mapping[str, str], who: Person) -> None:
    """Have a draft begin when the time to take it back is over; again changes nothing."""
    batch = _locked(reference)
    if batch.status != "draft":
        return
    act = act_of(batch.act)
    _require_role(act, who)
    if batch.made_by_id != who.id:
        named = {"who": batch.made_by, "reference": reference}
        raise NotAllowed(_("{who} chose what {reference} changes; only they start it.", **named))
    kept = _arguments(act, arguments, db.session.scalar(DOABLE, {"id": batch.id}) or 0)
    _start(batch.id, kept, clock.machine_now() + UNDO_WINDOW)
    _note("bulk_change_started", batch, act, who)


def cancel(reference: str, who: Person) -> None:
    """End a bulk change that has not ended; what is done stays. Again changes nothing.

    One that runs holds its row until the rows in hand are done: so this comes after those.
    """
    batch = _locked(reference)
    if batch.status not in {"draft", "waiting", "running"}:
        return
    if batch.status == "draft" and batch.made_by_id != who.id:
        raise NotAllowed(
            _("{reference} is a draft of {who}.", reference=reference, who=batch.made_by)
        )
    now = clock.machine_now()
    db.session.execute(END, {"id": batch.id, "now": now, "who": who.name})
    if batch.status != "draft":
        _note("bulk_change_canceled", batch, act_of(batch.act), who)


def undo(reference: str, who: Person) -> str:
    """Take back what a bulk change has done, by another one; return that. Again changes nothing."""
    batch = _locked(reference)
    if existing := db.session.scalar(UNDO_OF, {"id": batch.id}):
        return str(existing)
    act = act_of(batch.act)
    if act.undo is None:
        named = {"reference": reference, "act": inside(_(act.label))}
        raise IllegalMove(_("{reference} cannot be taken back: {act} is final.", **named))
    if batch.status not in {"done", "canceled"} or not batch.done:
        raise IllegalMove(
            _("{reference} has done nothing yet that could be taken back.", reference=reference)
        )
    back = act_of(act.undo)
    _require_role(back, who)
    chosen = Selection(_sql(DONE, back), {"undone": batch.id})
    now = clock.machine_now()
    made, key = _make(back, chosen, who, now, undoes_id=batch.id)
    _start(key, f"{reference} was taken back" if back.asks_reason else "", now)
    _note("bulk_change_undone", batch, act, who)
    jobs.ring(JOB)
    return made


def put_away(now: datetime) -> None:
    """Forget drafts of yesterday, and what was done so long ago that nobody asks any more."""
    values = {"before": now - KEPT, "drafts_before": now - KEPT_DRAFT}
    db.session.execute(PUT_AWAY, values)


def _require_role(act: Act, who: Person) -> None:
    if who.role not in act.roles:
        raise NotAllowed(_("'{act}' for many at once is not for your role.", act=_(act.label)))


def _sql(template: str, act: Act, **parts: str) -> str:
    thing = act.thing
    known = {"id": thing.id, "source": thing.source, "subject": thing.subject}
    return template.format(**known, name=thing.name, seen=thing.seen, **parts)


def _make(  # noqa: PLR0913 - what, to which, by whom, when, and where it comes from
    act: Act,
    chosen: Selection,
    who: Person,
    now: datetime,
    *,
    query: str = "",
    undoes_id: UUID | None = None,
) -> tuple[str, UUID]:
    """Write a draft with its rows; return its reference and key."""
    key, reference = ids.new(), ids.reference("BA")
    row: dict[str, Any] = {"id": key, "reference": reference, "act": act.code, "arguments": {}}
    row |= {"query": query, "made_by_id": who.id, "made_by": who.name, "made_at": now}
    bulk.insert(Batch, [row | {"status": "draft", "total": 0, "undoes_id": undoes_id}])
    sql = _sql(ROWS, act, foresee=act.foresee, chosen=chosen.sql)
    values = {"of_batch": key, "maker": who.id, "at_most": MOST_ROWS + 1}
    result = db.session.execute(text(sql), {**chosen.values, **values})
    total: int = result.rowcount  # type: ignore[attr-defined]
    _require_number(act, total)
    db.session.execute(
        text("UPDATE batches SET total = :total WHERE id = :id"), {"total": total, "id": key}
    )
    live.changed("batches")
    return reference, key


def _require_number(act: Act, total: int) -> None:
    if total == 0:
        thing = _(act.thing.nouns[0])
        raise InvalidInput(
            _("Choose at least one {thing}, then say what is done with it.", thing=thing)
        )
    if total > MOST_ROWS:
        most = what(act, MOST_ROWS)
        raise InvalidInput(
            _("These are more than {most}. Filter the list until it shows fewer.", most=most)
        )


def _arguments(act: Act, given: Mapping[str, str], doable: int) -> str:
    """Return the reason an act is given; InvalidInput names what is missing."""
    if not doable:
        raise InvalidInput(_("Nothing would be changed. Drop it and choose others."))
    wrong = {}
    reason = given.get("reason", "").strip()
    if act.asks_reason and not reason:
        wrong["reason"] = _("Say why, in a few words.")
    elif len(reason) > LONGEST_REASON or not reason.isprintable():
        wrong["reason"] = _("Say it in one line of at most {most} characters.", most=LONGEST_REASON)
    typed = "".join(c for c in given.get("confirmation", "") if c not in ", .\N{NO-BREAK SPACE}")
    if not act.is_reversible and typed != str(doable):
        wrong["confirmation"] = _("Type {number} to go on.", number=doable)
    if wrong:
        raise InvalidInput(_("It has not been started."), **wrong)
    return reason if act.asks_reason else ""


def _locked(reference: str) -> Row[Any]:
    batch = db.session.execute(LOCK, {"reference": reference}).first()
    if batch is None:
        raise NotFound(_("There is no bulk change {reference}.", reference=reference))
    return batch


def _start(key: UUID, reason: str, due_at: datetime) -> None:
    arguments = {"reason": reason} if reason else {}
    bulk.update(
        Batch,
        [{"id": key, "status": "waiting", "due_at": due_at, "arguments": arguments}],
        key="id",
    )


def _note(action: str, batch: Row[Any], act: Act, who: Person) -> None:
    record(action, actor_of(who), subject=batch.reference, act=act.label, rows=batch.total)
    live.changed("batches")
