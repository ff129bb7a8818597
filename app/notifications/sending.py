"""Working off the outbox: an attempt is committed before the call, an outcome after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import Row, text

from app.checks.service import give_up
from app.extensions import db
from app.notifications.contract import Fate, Outcome, Outgoing, Sender
from app.notifications.texts import compose, language_of
from app.policies import marketplace
from app.policies.documents import Marketplace
from app.shared import ids, leases, live, signed, work
from app.shared.work import PLATFORM, transaction

BATCH = 100
# Where the links of mails to people with accounts lead, by what they are for.
LINKS = {"reset": "/reset/", "invitation": "/invitation/", "email": "/account/email/"}
# 1, 2, 4 ... minutes, at most 6 hours: a mail server may be away for two days.
MOST_ATTEMPTS, LONGEST_WAIT = 16, timedelta(hours=6)

LEASE = text(
    f"UPDATE notifications SET {leases.TAKE} WHERE (cohort, id) IN"
    " (SELECT cohort, id FROM notifications WHERE status = 'queued' AND due_at <= :now"
    f"  AND {leases.FREE} ORDER BY due_at, id LIMIT :size FOR UPDATE SKIP LOCKED)"
    " RETURNING id, cohort, recipient, template, facts, attempts, started_at, due_at"
)
# One statement ends a message and begins the next: it is all that a message costs the database.
TURN = text(
    "WITH finish AS (UPDATE notifications SET status = :status, due_at = :due, sent_at = :sent,"
    f"  {leases.LET_GO}, last_error = :error,"
    "  started_at = CASE WHEN :status = 'queued' THEN NULL ELSE started_at END"
    "  WHERE cohort = :cohort AND id = :id AND lease_token = :token)"
    " UPDATE notifications SET started_at = :now, attempts = attempts + 1"
    " WHERE cohort = :next_cohort AND id = :next_id AND status = 'queued' AND lease_token = :token"
)
NOTHING = {"cohort": None, "id": None, "status": None, "due": None, "sent": None, "error": None}


@dataclass(frozen=True, slots=True)
class _Done:
    row: Row[Any]
    outcome: Outcome


def send_due(sender: Sender, *, is_time_up: Callable[[], bool]) -> int:
    """Send what is due, oldest first; return how many messages were attempted."""
    count = 0
    while not is_time_up():
        token = ids.new()
        with transaction(PLATFORM) as now:
            rows = db.session.execute(LEASE, {"now": now, "size": BATCH, "token": token}).all()
            ours = (marketplace.read(now) if rows else marketplace.SHIPPED).document
        if not rows:
            break
        in_turn = sorted(rows, key=lambda r: (r.due_at, r.id))
        _send(in_turn, token, ours, sender, is_time_up)
        count += len(rows)
    return count


def _send(
    rows: Sequence[Row[Any]],
    token: UUID,
    ours: Marketplace,
    sender: Sender,
    is_time_up: Callable[[], bool],
) -> None:
    """Send one by one; one transaction ends a message and begins the next."""
    done: _Done | None = None
    for i, row in enumerate(rows):
        if row.started_at is not None:
            _turn(done, None, token)
            # Somebody died between the start and the outcome: it may have arrived.
            done = _Done(row, Outcome(Fate.UNCERTAIN, "the worker died while sending"))
            continue
        if is_time_up():
            _let_go(rows[i:], token)
            break
        if not _turn(done, row, token):
            done = None
            continue
        work.crashpoint("before the message leaves")
        done = _Done(row, _attempt(row, ours, sender))
        work.crashpoint("after the message left")
    _turn(done, None, token)


def _attempt(row: Row[Any], ours: Marketplace, sender: Sender) -> Outcome:
    try:
        spoken = language_of(row.facts, ours.languages[0])
        words = compose(row.template, row.facts | _link(row.facts), ours.name, spoken)
    except (KeyError, ValueError, TypeError) as error:
        return Outcome(Fate.REFUSED, f"its facts make no message: {error!r}"[:200])
    return sender.send(Outgoing(str(row.id), row.recipient, words.subject, words.body))


def link_address(purpose: str, link_id: UUID) -> str:
    """Return the address of a link, made only now: what opens it is stored nowhere."""
    token = signed.token(purpose, link_id)
    return f"{current_app.config['PUBLIC_URL']}{LINKS[purpose]}{token}"


def _link(facts: dict[str, Any]) -> dict[str, str]:
    if "link_id" not in facts:
        return {}
    return {"url": link_address(facts["purpose"], UUID(facts["link_id"]))}


def _turn(done: _Done | None, following: Row[Any] | None, token: UUID) -> bool:
    """Commit the outcome of one message and the start of the next; return whether it is ours."""
    if done is None and following is None:
        return False
    with transaction(PLATFORM) as now:
        if done:
            live.changed("messages")
        values = _outcome(done, now) if done else NOTHING
        begin = {
            "next_cohort": following.cohort if following else None,
            "next_id": following.id if following else None,
        }
        started: Any = db.session.execute(TURN, values | begin | {"token": token, "now": now})
        return bool(started.rowcount)


def _outcome(done: _Done, now: datetime) -> dict[str, Any]:
    """Return what is written of a finished attempt; what was given up gets its dead letter."""
    row, outcome = done.row, done.outcome
    # An attempt that was started before counted itself.
    attempts = row.attempts + (row.started_at is None)
    status = _status(outcome.fate, attempts)
    if status in {"failed", "uncertain"}:
        why = f"{status}: {outcome.detail}"
        give_up("send_notifications", f"notification {row.id}", why, attempts, now)
    return {
        "status": status,
        "due": now + _wait(attempts) if status == "queued" else row.due_at,
        "sent": now if status == "sent" else None,
        "error": outcome.detail or None,
        "cohort": row.cohort,
        "id": row.id,
    }


def _status(fate: Fate, attempts: int) -> str:
    if fate is Fate.TRY_LATER:
        return "queued" if attempts < MOST_ATTEMPTS else "failed"
    return {Fate.SENT: "sent", Fate.REFUSED: "failed", Fate.UNCERTAIN: "uncertain"}[fate]


def _wait(attempts: int) -> timedelta:
    return min(timedelta(minutes=2 ** (attempts - 1)), LONGEST_WAIT)


def _let_go(rows: Sequence[Row[Any]], token: UUID) -> None:
    """Give back what there was no time for."""
    with transaction(PLATFORM):
        db.session.execute(
            text(
                f"UPDATE notifications SET {leases.LET_GO} WHERE lease_token = :token"
                " AND cohort = ANY(:cohorts) AND id = ANY(:ids)"
            ),
            {"token": token, "cohorts": [r.cohort for r in rows], "ids": [r.id for r in rows]},
        )
