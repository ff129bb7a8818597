"""Working off the outbox: an attempt is committed before the call, an outcome after it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from app.policies.documents import Marketplace, Messages
from app.policies.queries import in_force
from app.shared import ids, leases, live, signed, work
from app.shared.work import PLATFORM, transaction

BATCH = 100
# Where the links of mails to people with accounts lead, by what they are for.
LINKS = {"reset": "/reset/", "invitation": "/invitation/", "email": "/account/email/"}
# 1, 2, 4 ... minutes, at most 6 hours: a mail server may be away for two days.
MOST_ATTEMPTS, LONGEST_WAIT = 16, timedelta(hours=6)
# What is said of many at once where many are due for one recipient: by their template, that one's.
TOGETHER = {"work_assigned": "work_assigned_many", "work_reminder": "work_reminder_many"}

LEASE = text(
    "WITH due AS (SELECT cohort, id FROM notifications WHERE status = 'queued' AND due_at <= :now"
    f"  AND {leases.FREE} ORDER BY due_at, id LIMIT :size FOR UPDATE SKIP LOCKED)"
    f" UPDATE notifications n SET {leases.TAKE} FROM due"
    " WHERE (n.cohort, n.id) = (due.cohort, due.id)"
    " RETURNING n.id, n.cohort, recipient, template, facts, attempts, started_at, due_at"
)
# One statement ends a message and begins the next: it is all that a message costs the database.
TURN = text(
    "WITH finish AS (UPDATE notifications SET status = :status, due_at = :due, sent_at = :sent,"
    f"  {leases.LET_GO}, last_error = :error,"
    "  started_at = CASE WHEN :status = 'queued' THEN NULL ELSE started_at END"
    "  WHERE cohort = ANY(:cohorts) AND id = ANY(:ids) AND lease_token = :token)"
    " UPDATE notifications SET started_at = :now, attempts = attempts + 1"
    " WHERE cohort = ANY(:next_cohorts) AND id = ANY(:next_ids) AND status = 'queued'"
    " AND lease_token = :token RETURNING id"
)
NOTHING: dict[str, Any] = {
    "cohorts": [],
    "ids": [],
    "status": None,
    "due": None,
    "sent": None,
    "error": None,
}

Facts = Mapping[str, Any]
# What messages say that their rows do not keep, in their order: each by its template and facts.
Fill = Callable[[Sequence[tuple[str, Facts]], datetime], Sequence[Facts]]


@dataclass(frozen=True, slots=True)
class _Letter:
    """What leaves as one message: one row, or many of one template to one recipient."""

    rows: Sequence[Row[Any]]
    facts: Sequence[Facts]


@dataclass(frozen=True, slots=True)
class _Done:
    rows: Sequence[Row[Any]]
    outcome: Outcome


def send_due(sender: Sender, *, is_time_up: Callable[[], bool], fill: Fill) -> int:
    """Send what is due, oldest first; return how many messages were attempted.

    `fill` says at the last moment what rows do not keep.
    """
    count = 0
    while not is_time_up():
        token = ids.new()
        with transaction(PLATFORM) as now:
            rows = db.session.execute(LEASE, {"now": now, "size": BATCH, "token": token}).all()
            if not rows:
                break
            ours = marketplace.read(now).document
            letters = _letters(sorted(rows, key=lambda r: (r.due_at, r.id)), fill, now)
        _send(letters, token, ours, sender, is_time_up)
        count += len(rows)
    return count


def _letters(rows: Sequence[Row[Any]], fill: Fill, now: datetime) -> list[_Letter]:
    """Return what leaves, in turn; where many would say alike to one recipient, one says it all."""
    filled = fill([(row.template, row.facts) for row in rows], now)
    alike: dict[Any, list[tuple[Row[Any], Facts]]] = defaultdict(list)
    for row, more in zip(rows, filled, strict=True):
        is_alone = row.template not in TOGETHER or row.started_at is not None
        name = row.id if is_alone else (row.template, row.recipient)
        alike[name].append((row, row.facts | more))
    if not any(len(found) > 1 for found in alike.values()):
        return [_letter(found) for found in alike.values()]
    many = in_force(Messages, now).document.vendor_together_from
    return [letter for found in alike.values() for letter in _split(found, many)]


def _split(found: Sequence[tuple[Row[Any], Facts]], many: int) -> Iterator[_Letter]:
    if len(found) >= many:
        yield _letter(found)
    else:
        yield from (_letter([pair]) for pair in found)


def _letter(pairs: Sequence[tuple[Row[Any], Facts]]) -> _Letter:
    return _Letter([row for row, _ in pairs], [facts for _, facts in pairs])


def _send(
    letters: Sequence[_Letter],
    token: UUID,
    ours: Marketplace,
    sender: Sender,
    is_time_up: Callable[[], bool],
) -> None:
    """Send one by one; one transaction ends a message and begins the next."""
    done: _Done | None = None
    for i, letter in enumerate(letters):
        if letter.rows[0].started_at is not None:
            _turn(done, None, token)
            # Somebody died between the start and the outcome: it may have arrived.
            done = _Done(letter.rows, Outcome(Fate.UNCERTAIN, "the worker died while sending"))
            continue
        if is_time_up():
            _let_go([row for left in letters[i:] for row in left.rows], token)
            break
        mine = _turn(done, letter, token)
        if mine is None:
            done = None
            continue
        work.crashpoint("before the message leaves")
        done = _Done(mine.rows, _attempt(mine, ours, sender))
        work.crashpoint("after the message left")
    _turn(done, None, token)


def _attempt(letter: _Letter, ours: Marketplace, sender: Sender) -> Outcome:
    row, facts = letter.rows[0], letter.facts[0]
    template = row.template
    if len(letter.rows) > 1:
        template, facts = TOGETHER[template], {"works": letter.facts}
    try:
        spoken = language_of(facts, ours.languages[0])
        words = compose(template, {**facts, **_link(facts)}, ours.name, spoken)
    except (KeyError, ValueError, TypeError) as error:
        return Outcome(Fate.REFUSED, f"its facts make no message: {error!r}"[:200])
    return sender.send(Outgoing(str(row.id), row.recipient, words.subject, words.body))


def link_address(purpose: str, link_id: UUID) -> str:
    """Return the address of a link, made only now: what opens it is stored nowhere."""
    token = signed.token(purpose, link_id)
    return f"{current_app.config['PUBLIC_URL']}{LINKS[purpose]}{token}"


def _link(facts: Facts) -> dict[str, str]:
    if "link_id" not in facts:
        return {}
    return {"url": link_address(facts["purpose"], UUID(facts["link_id"]))}


def _turn(done: _Done | None, following: _Letter | None, token: UUID) -> _Letter | None:
    """Commit the outcome of one message and the start of the next; return what of it is ours."""
    if done is None and following is None:
        return None
    starting = following.rows if following else ()
    with transaction(PLATFORM) as now:
        if done:
            live.changed("messages")
        values = (_outcome(done, now) if done else NOTHING) | {
            "next_cohorts": [row.cohort for row in starting],
            "next_ids": [row.id for row in starting],
        }
        started = set(db.session.scalars(TURN, values | {"token": token, "now": now}))
    if following is None:
        return None
    # Somebody else may have taken a part of it meanwhile.
    pairs = zip(following.rows, following.facts, strict=True)
    ours = [(row, facts) for row, facts in pairs if row.id in started]
    return _letter(ours) if ours else None


def _outcome(done: _Done, now: datetime) -> dict[str, Any]:
    """Return what is written of a finished attempt; what was given up gets its dead letter."""
    outcome = done.outcome
    # An attempt that was started before counted itself; many at once are as old as their oldest.
    attempts = max(row.attempts + (row.started_at is None) for row in done.rows)
    status = _status(outcome.fate, attempts)
    if status in {"failed", "uncertain"}:
        why = f"{status}: {outcome.detail}"
        for row in done.rows:
            give_up("send_notifications", f"notification {row.id}", why, attempts, now)
    return {
        "status": status,
        "due": now + _wait(attempts) if status == "queued" else done.rows[0].due_at,
        "sent": now if status == "sent" else None,
        "error": outcome.detail or None,
        "cohorts": [row.cohort for row in done.rows],
        "ids": [row.id for row in done.rows],
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
