"""The list of dead letters: work that was given up, and waits for a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import Row

from app.console import list_queries
from app.console.list_queries import DEAD_LETTERS
from app.console.lists import ORDERS, Around, by_time, close_moves, show_list
from app.console.page import blueprint
from app.lists.options import distinct, looked_up
from app.lists.spec import Choice, Column, Days, ListSpec, Options, register
from app.shared.language import later
from app.web.paging import link
from app.web.words import plain

# What work is about, where its message does not say it.
PLAIN = (later("Order"), later("Fulfillment order"), later("Shipment"), later("Case"))


def show_letter(row: Row[Any], _now: datetime) -> dict[str, Any]:
    """Return a dead letter as its list has it."""
    onward = link(request.path, request.args)
    return {
        "id": row.id,
        "job": row.job,
        "subject": row.subject,
        "what": plain(row.template or row.subject.partition(" ")[0]),
        "order_number": row.number,
        "order_href": ORDERS + row.order_reference if row.order_reference else None,
        "reason": row.reason,
        "attempts": row.attempts,
        "raised": row.raised_at,
        "closed": row.closed_at,
        "closed_by": row.closed_by,
        "moves": [] if row.closed_at else close_moves(row.id, onward),
    }


def _jobs() -> Options:
    return looked_up("dead letter jobs", distinct("dead_letters", "job"))


SPEC = register(
    ListSpec(
        name="dead_letters",
        endpoint="console.dead_letters",
        nouns=(later("dead letter"), later("dead letters")),
        columns=(
            Column(
                "what",
                later("What"),
                lambda r: [
                    ("Job", r["job"]),
                    ("Subject", r["subject"]),
                    ("What", r["what"]),
                    ("Order", r["order_number"]),
                ],
                is_fixed=True,
            ),
            Column("why", later("Why"), lambda r: [("Why", r["reason"])]),
            Column("tries", later("Tries"), lambda r: [("Tries", r["attempts"])], look="num"),
            Column(
                "raised",
                later("Given up"),
                lambda r: [
                    ("Given up", r["raised"]),
                    ("Dealt with", r["closed"]),
                    ("Dealt with by", r["closed_by"]),
                ],
            ),
        ),
        filters=(
            Choice("job", later("Job"), "d.job = ANY(:job)", _jobs, is_prominent=True),
            Days("raised", later("Given up"), "d.raised_at", is_prominent=True),
        ),
        views=DEAD_LETTERS,
        ids="SELECT d.id FROM dead_letters d WHERE {where}",
        fetch=list_queries.letters,
        show=show_letter,
        acts=("dead_letters.retry", "dead_letters.close"),
        read_id=int,
        **by_time("d", "raised_at"),
    )
)


@blueprint.get("/system/dead-letters")
def dead_letters() -> ResponseReturnValue:
    """Show what was given up, and why."""
    return show_list(SPEC, _around)


def _around(_numbers: Row[Any]) -> Around:
    sums = list_queries.letter_sums()
    return Around({name: getattr(sums, name) for name in DEAD_LETTERS}, {"open": sums.open})
