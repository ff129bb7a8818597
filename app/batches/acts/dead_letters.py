"""Dead letters: tried again, dealt with, and opened again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import text

from app.batches import letters
from app.batches.contract import Act, Outcome, Row, Subjects, Thing, Why
from app.checks import service as checks
from app.extensions import db
from app.shared.errors import DomainError
from app.shared.language import _n, later
from app.shared.who import Who

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
    nouns=(later("dead letter"), later("dead letters")),
    some=lambda n: _n("{n} dead letter", "{n} dead letters", n),
    lists=("dead_letters",),
    source=f"dead_letters d {letters.WORK}",
    id="d.id",
    subject="d.id::text",
    name="coalesce(o.number || ' ' || coalesce(n.template, d.job), d.subject)",
    seen="coalesce(d.closed_by, '')",
    lock=_lock,
    changes=_changes,
)


def _each(
    act: Callable[[int, Who, datetime], None],
    rows: Sequence[Row],
    _arguments: Mapping[str, str],
    who: Who,
    now: datetime,
) -> Mapping[str, Outcome]:
    outcomes = {}
    for row in rows:
        try:
            act(int(row.subject), who, now)
        except DomainError as refusal:
            outcomes[row.subject] = Outcome("refused", "said", {"sentence": refusal.detail})
    return outcomes


def _try_again(
    rows: Sequence[Row], arguments: Mapping[str, str], who: Who, now: datetime
) -> Mapping[str, Outcome]:
    letters.try_again([int(row.subject) for row in rows], now)
    return _each(checks.close_dead_letter, rows, arguments, who, now)


CLOSED_ALREADY = Why("unchanged", later("Somebody has dealt with it already."))
ACTS = (
    Act(
        code="dead_letters.retry",
        thing=LETTER,
        label=later("Try again"),
        ask=later("Try {what} again?"),
        doing=later("Trying {what} again"),
        did=later("tried again"),
        warning=later(
            "Their work is done at once, and messages leave. What fails again becomes a new dead"
            " letter. This cannot be undone."
        ),
        foresee="CASE WHEN d.closed_at IS NOT NULL THEN 'closed'"
        " WHEN n.status = 'uncertain' THEN 'uncertain'"
        " WHEN n.status IS DISTINCT FROM 'failed' AND c.subject_id IS NULL"
        "  AND p.shipment_id IS NULL THEN 'over' END",
        whys={
            "closed": CLOSED_ALREADY,
            "uncertain": Why("refused", later("It may have arrived, and nothing is sent twice.")),
            "over": Why("refused", later("There is nothing left of it to be done.")),
        },
        do=_try_again,
    ),
    Act(
        code="dead_letters.close",
        thing=LETTER,
        label=later("Dealt with"),
        ask=later("Mark {what} as dealt with?"),
        doing=later("Closing {what}"),
        did=later("dealt with"),
        foresee="CASE WHEN d.closed_at IS NOT NULL THEN 'closed' END",
        whys={"closed": CLOSED_ALREADY},
        do=partial(_each, checks.close_dead_letter),
        undo="dead_letters.reopen",
        undo_label=later("Open them again"),
    ),
    Act(
        code="dead_letters.reopen",
        thing=LETTER,
        label=later("Open again"),
        ask=later("Open {what} again?"),
        doing=later("Opening {what} again"),
        did=later("opened again"),
        foresee="CASE WHEN d.closed_at IS NULL THEN 'open'"
        " WHEN d.closed_by_id IS DISTINCT FROM :maker THEN 'others'"
        " WHEN EXISTS (SELECT FROM dead_letters x WHERE x.job = d.job AND x.subject = d.subject"
        "  AND x.closed_at IS NULL) THEN 'again' END",
        whys={
            "open": Why("unchanged", later("It is open.")),
            "others": Why(
                "refused", later("Somebody else dealt with it; only they open it again.")
            ),
            "again": Why("refused", later("It was given up again since; that one is open.")),
        },
        do=partial(_each, checks.reopen_dead_letter),
        undo="dead_letters.close",
        undo_label=later("Deal with them again"),
        is_offered=False,
    ),
)
