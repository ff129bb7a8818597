"""Cases: acknowledge, resolve, and both taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from app.batches.contract import Act, Outcome, Row, Thing, Why
from app.escalations import service as escalations
from app.shared.errors import DomainError


def _changes(seen: Mapping[str, str]) -> Mapping[str, Mapping[str, Any]]:
    return {
        last.reference: {"event": last.event, "who": last.actor, "at": last.at.isoformat()}
        for last in escalations.latest(list(seen))
    }


CASE = Thing(
    noun="case",
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
    who: str,
    now: datetime,
) -> Mapping[str, Outcome]:
    outcomes = {}
    for row in rows:
        try:
            act(row.subject, actor=who, now=now)
        except DomainError as refusal:
            outcomes[row.subject] = Outcome("refused", "said", {"sentence": refusal.detail})
    return outcomes


CALM = Why("refused", "It has no escalation: it is not critical.")
OTHERS = Why("refused", "Somebody else did that; only they take it back.")
CLOSED = "e.closed_at IS NOT NULL THEN 'closed'"
ACTS = (
    Act(
        code="cases.acknowledge",
        thing=CASE,
        label="Acknowledge",
        ask="Acknowledge {what}?",
        doing="Acknowledging {what}",
        did="acknowledged",
        foresee=f"CASE WHEN e.id IS NULL THEN 'calm' WHEN {CLOSED}"
        " WHEN e.acknowledged_at IS NOT NULL THEN 'owned' END",
        whys={
            "calm": CALM,
            "closed": Why("refused", "It is resolved already; there is nothing left to own."),
            "owned": Why("unchanged", "Somebody owns it already."),
        },
        do=partial(_each, escalations.acknowledge),
        undo="cases.unacknowledge",
        undo_label="Give them back",
    ),
    Act(
        code="cases.unacknowledge",
        thing=CASE,
        label="Give back",
        ask="Give {what} back?",
        doing="Giving {what} back",
        did="given back",
        foresee=f"CASE WHEN e.id IS NULL THEN 'calm' WHEN {CLOSED}"
        " WHEN e.acknowledged_at IS NULL THEN 'free'"
        " WHEN e.acknowledged_by <> :maker THEN 'others' END",
        whys={
            "calm": CALM,
            "closed": Why("refused", "It is resolved; take that back first."),
            "free": Why("unchanged", "Nobody owns it."),
            "others": OTHERS,
        },
        do=partial(_each, escalations.unacknowledge),
        undo="cases.acknowledge",
        undo_label="Acknowledge them again",
        is_offered=False,
    ),
    Act(
        code="cases.resolve",
        thing=CASE,
        label="Resolve",
        ask="Resolve {what}?",
        doing="Resolving {what}",
        did="resolved",
        foresee=f"CASE WHEN e.id IS NULL THEN 'calm' WHEN {CLOSED} END",
        whys={"calm": CALM, "closed": Why("unchanged", "It is resolved already.")},
        do=partial(_each, escalations.resolve),
        undo="cases.reopen",
        undo_label="Open them again",
    ),
    Act(
        code="cases.reopen",
        thing=CASE,
        label="Open again",
        ask="Open {what} again?",
        doing="Opening {what} again",
        did="opened again",
        foresee="CASE WHEN e.id IS NULL THEN 'calm' WHEN e.closed_at IS NULL THEN 'open'"
        " WHEN e.closed_by <> :maker THEN 'others' END",
        whys={"calm": CALM, "open": Why("unchanged", "It is open."), "others": OTHERS},
        do=partial(_each, escalations.reopen),
        undo="cases.resolve",
        undo_label="Resolve them again",
        is_offered=False,
    ),
)
