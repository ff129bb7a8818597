"""Dead letters: dealt with, and opened again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import text

from app.batches.contract import Act, Outcome, Row, Subjects, Thing, Why
from app.checks import service as checks
from app.extensions import db
from app.shared.errors import DomainError

LOCK = text(
    "SELECT id FROM dead_letters WHERE id = ANY(CAST(:subjects AS bigint[])) ORDER BY id FOR UPDATE"
)
CLOSED = text(
    "SELECT id, closed_by, closed_at FROM dead_letters"
    " WHERE id = ANY(CAST(:subjects AS bigint[])) AND closed_at IS NOT NULL"
)


def _lock(subjects: Subjects, _now: datetime) -> None:
    db.session.execute(LOCK, {"subjects": list(subjects)})


def _changes(seen: Mapping[str, str]) -> Mapping[str, Mapping[str, Any]]:
    rows = db.session.execute(CLOSED, {"subjects": list(seen)})
    return {
        str(row.id): {
            "event": "dead_letter_closed",
            "who": row.closed_by,
            "at": row.closed_at.isoformat(),
        }
        for row in rows
    }


LETTER = Thing(
    noun="dead letter",
    lists=("dead_letters", "messages"),
    source="dead_letters d",
    id="d.id",
    subject="d.id::text",
    name="d.subject",
    seen="coalesce(d.closed_by, '')",
    lock=_lock,
    changes=_changes,
)


def _each(
    act: Callable[[int, str, datetime], None],
    rows: Sequence[Row],
    _arguments: Mapping[str, str],
    who: str,
    now: datetime,
) -> Mapping[str, Outcome]:
    outcomes = {}
    for row in rows:
        try:
            act(int(row.subject), who, now)
        except DomainError as refusal:
            outcomes[row.subject] = Outcome("refused", "said", {"sentence": refusal.detail})
    return outcomes


ACTS = (
    Act(
        code="dead_letters.close",
        thing=LETTER,
        label="Dealt with",
        ask="Mark {what} as dealt with?",
        doing="Closing {what}",
        did="dealt with",
        foresee="CASE WHEN d.closed_at IS NOT NULL THEN 'closed' END",
        whys={"closed": Why("unchanged", "Somebody has dealt with it already.")},
        do=partial(_each, checks.close_dead_letter),
        undo="dead_letters.reopen",
        undo_label="Open them again",
    ),
    Act(
        code="dead_letters.reopen",
        thing=LETTER,
        label="Open again",
        ask="Open {what} again?",
        doing="Opening {what} again",
        did="opened again",
        foresee="CASE WHEN d.closed_at IS NULL THEN 'open'"
        " WHEN d.closed_by <> :maker THEN 'others'"
        " WHEN EXISTS (SELECT FROM dead_letters x WHERE x.job = d.job AND x.subject = d.subject"
        "  AND x.closed_at IS NULL) THEN 'again' END",
        whys={
            "open": Why("unchanged", "It is open."),
            "others": Why("refused", "Somebody else dealt with it; only they open it again."),
            "again": Why("refused", "It was given up again since; that one is open."),
        },
        do=partial(_each, checks.reopen_dead_letter),
        undo="dead_letters.close",
        undo_label="Deal with them again",
        is_offered=False,
    ),
)
