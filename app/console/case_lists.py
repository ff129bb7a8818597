"""The lists of cases: the queue of all that are open, and the escalations among them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g, request, url_for
from sqlalchemy import Row

from app.console import case_queries, cases, climbs
from app.console.case_queries import ESCALATIONS, QUEUE
from app.console.order_list import VENDORS, Listed, vendor_ids
from app.lists.options import looked_up
from app.lists.spec import Choice, Column, Days, ListSpec, Options, Sort, register
from app.shared.language import later
from app.shared.money import Money
from app.web.paging import Key, link
from app.web.words import plain

RANKS = {"critical": 0, "warning": 1, "info": 2}
CASES = "/console/cases/"
KINDS = ("late_dispatch", "late_delivery", "stalled", "out_of_stock")
OF_VENDOR = "c.vendor_id = ANY(:vendor)"


def _severities() -> Options:
    return [(name, plain(name)) for name in RANKS]


def _kinds() -> Options:
    return [(name, plain(name)) for name in KINDS]


def _vendors() -> Options:
    return looked_up("vendors", VENDORS)


FILTERS = (
    Choice(
        "severity", later("Severity"), "c.severity = ANY(:severity)", _severities, is_prominent=True
    ),
    Choice("kind", later("What is wrong"), "c.kind = ANY(:kind)", _kinds, is_prominent=True),
    Choice("vendor", later("Vendor"), OF_VENDOR, _vendors, is_prominent=True, keys=vendor_ids),
    Days("since", later("Since"), "c.occurred_at"),
    Days("due", later("Promised for"), "o.deliver_by"),
)


def _at_risk(row: Listed) -> list[tuple[str, object]]:
    amount = row["at_risk"]
    worth = Money(*amount).decimal() if amount else None
    return [("At risk", worth), ("Currency", amount[1] if amount else None)]


def _what(row: Listed) -> list[tuple[str, object]]:
    return [
        ("What is wrong", plain(row["kind"])),
        ("Case", row["reference"]),
        ("Order", row["order_number"]),
        ("In words", row["sub"]),
    ]


TIME_LEFT = Column("due", later("Time left"), lambda r: [("Since", r["since"])])
WHAT = Column("what", later("What is wrong"), _what, is_fixed=True)
SEVERITY = Column("severity", later("Severity"), lambda r: [("Severity", plain(r["severity"]))])
OWNER = Column("owner", later("Owner"), lambda r: [("Owner", r["owner"])])


def show_case(row: Row[Any], now: datetime) -> dict[str, Any]:
    """Return a case as the queue has it."""
    return cases.listed(row, now, CASES + row.reference) | {"since": row.occurred_at}


QUEUE_SPEC = register(
    ListSpec(
        name="queue",
        endpoint="console.queue",
        nouns=(later("case"), later("cases")),
        columns=(
            TIME_LEFT,
            WHAT,
            SEVERITY,
            Column("at_risk", later("At risk"), _at_risk, look="num"),
            OWNER,
        ),
        filters=FILTERS,
        sorts={"urgent": Sort(later("Most urgent first"), "c.occurred_at")},
        views=QUEUE,
        ids=f"SELECT c.id FROM exception_cases c {case_queries.JOINS}"
        " WHERE c.closed_at IS NULL AND {where}",
        fetch=case_queries.queue,
        key=lambda row, _sort: Key(row.occurred_at, row.id, row.rank),
        show=show_case,
        acts=("cases.acknowledge", "cases.resolve"),
    )
)


def _policies(now: datetime) -> climbs.Policies:
    """Return who is told when, read once a request."""
    if "climb_policies" not in g:
        g.climb_policies = case_queries.climb_policies(now)
    found: climbs.Policies = g.climb_policies
    return found


def show_escalation(row: Row[Any], now: datetime) -> dict[str, Any]:
    """Return an escalation as its list has it."""
    href = url_for("console.case", reference=row.reference)
    listed = cases.listed(row, now, href)
    onward = link(request.path, request.args)
    return (
        listed
        | {"sentence": listed["sub"], "since": row.opened_at}
        | climbs.listed_climb(row, _policies(now), now, onward)
    )


ESCALATIONS_SPEC = register(
    ListSpec(
        name="escalations",
        endpoint="console.escalations",
        nouns=(later("escalation"), later("escalations")),
        columns=(
            TIME_LEFT,
            WHAT,
            Column(
                "rung",
                later("Rung"),
                lambda r: [("Severity", plain(r["severity"])), ("Rung", r["level"])],
            ),
            Column(
                "told",
                later("Told"),
                lambda r: [("Told last", r["last"]["title"] if r["last"] else None)],
                look="mid",
            ),
            OWNER,
        ),
        filters=FILTERS,
        sorts={
            "oldest": Sort(later("Longest open first"), "e.opened_at"),
            "newest": Sort(later("Newest first"), "e.opened_at", newest_first=True),
        },
        views=ESCALATIONS,
        ids=f"SELECT c.id FROM exception_cases c {case_queries.JOINS} WHERE {{where}}",
        fetch=case_queries.escalations,
        key=lambda row, _sort: Key(row.opened_at, row.escalation_id),
        show=show_escalation,
        acts=("cases.acknowledge", "cases.resolve"),
    )
)
