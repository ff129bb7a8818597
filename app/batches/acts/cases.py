"""Cases: acknowledge, resolve, and both taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from app.batches.contract import Act, Outcome, Row, Thing, Why
from app.escalations import service as escalations
from app.shared.errors import DomainError
from app.shared.language import _n, later
from app.shared.who import Who


def _changes(seen: Mapping[str, str]) -> Mapping[str, Mapping[str, Any]]:
    return {
        last.reference: {"event": last.event, "who": last.actor, "at": last.at.isoformat()}
        for last in escalations.latest(list(seen))
    }


CASE = Thing(
    nouns=(later("case"), later("cases")),
    some=lambda n: _n("{n} case", "{n} cases", n),
    lists=("queue", "escalations"),
    source="exception_cases c JOIN orders o ON o.id = c.order_id"
    " LEFT JOIN escalations e ON e.case_id = c.id",
    id="c.id",
    subject="c.reference",
    name="o.number",
    seen="concat_ws(' ', c.severity, CASE WHEN e.closed_at IS NULL THEN 'open' ELSE 'closed' END,"
    " e.acknowledged_by)",
    lock=escalations.hold,
    changes=_changes,
)


def _each(
    act: Callable[..., None],
    rows: Sequence[Row],
    _arguments: Mapping[str, str],
    who: Who,
    now: datetime,
) -> Mapping[str, Outcome]:
    outcomes = {}
    for row in rows:
        try:
            act(row.subject, actor=who, now=now)
        except DomainError as refusal:
            outcomes[row.subject] = Outcome("refused", "said", {"sentence": refusal.detail})
    return outcomes


CALM = Why("refused", later("It has no escalation: it is not critical."))
OTHERS = Why("refused", later("Somebody else did that; only they take it back."))
CLOSED = "e.closed_at IS NOT NULL THEN 'closed'"
ACTS = (
    Act(
        code="cases.acknowledge",
        thing=CASE,
        label=later("Acknowledge"),
        ask=later("Acknowledge {what}?"),
        doing=later("Acknowledging {what}"),
        did=later("acknowledged"),
        foresee=f"CASE WHEN e.id IS NULL THEN 'calm' WHEN {CLOSED}"
        " WHEN e.acknowledged_at IS NOT NULL THEN 'owned' END",
        whys={
            "calm": CALM,
            "closed": Why(
                "refused", later("It is resolved already; there is nothing left to own.")
            ),
            "owned": Why("unchanged", later("Somebody owns it already.")),
        },
        do=partial(_each, escalations.acknowledge),
        undo="cases.unacknowledge",
        undo_label=later("Give them back"),
    ),
    Act(
        code="cases.unacknowledge",
        thing=CASE,
        label=later("Give back"),
        ask=later("Give {what} back?"),
        doing=later("Giving {what} back"),
        did=later("given back"),
        foresee=f"CASE WHEN e.id IS NULL THEN 'calm' WHEN {CLOSED}"
        " WHEN e.acknowledged_at IS NULL THEN 'free'"
        " WHEN e.acknowledged_by_id IS DISTINCT FROM :maker THEN 'others' END",
        whys={
            "calm": CALM,
            "closed": Why("refused", later("It is resolved; take that back first.")),
            "free": Why("unchanged", later("Nobody owns it.")),
            "others": OTHERS,
        },
        do=partial(_each, escalations.unacknowledge),
        undo="cases.acknowledge",
        undo_label=later("Acknowledge them again"),
        is_offered=False,
    ),
    Act(
        code="cases.resolve",
        thing=CASE,
        label=later("Resolve"),
        ask=later("Resolve {what}?"),
        doing=later("Resolving {what}"),
        did=later("resolved"),
        foresee=f"CASE WHEN e.id IS NULL THEN 'calm' WHEN {CLOSED} END",
        whys={"calm": CALM, "closed": Why("unchanged", later("It is resolved already."))},
        do=partial(_each, escalations.resolve),
        undo="cases.reopen",
        undo_label=later("Open them again"),
    ),
    Act(
        code="cases.reopen",
        thing=CASE,
        label=later("Open again"),
        ask=later("Open {what} again?"),
        doing=later("Opening {what} again"),
        did=later("opened again"),
        foresee="CASE WHEN e.id IS NULL THEN 'calm' WHEN e.closed_at IS NULL THEN 'open'"
        " WHEN e.closed_by_id IS DISTINCT FROM :maker THEN 'others' END",
        whys={"calm": CALM, "open": Why("unchanged", later("It is open.")), "others": OTHERS},
        do=partial(_each, escalations.reopen),
        undo="cases.resolve",
        undo_label=later("Resolve them again"),
        is_offered=False,
    ),
)
