"""The queue of open cases, one case beside it, and what can be done about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row

from app.console import case_queries, cases, climbs, page
from app.console.case_queries import QUEUE
from app.console.page import blueprint
from app.escalations import service as escalations
from app.shared.work import OPS, transaction
from app.web import paging
from app.web.paging import Key, link, own_path

RANKS = {"critical": 0, "warning": 1, "info": 2}


@blueprint.get("/")
def queue() -> str:
    """Show what matters most."""
    return _show(None)


@blueprint.get("/cases/<reference>")
def case(reference: str) -> str:
    """Show the queue with one case opened."""
    return _show(reference)


def _show(reference: str | None) -> str:
    view, cut = page.view_of(QUEUE), paging.cut(request.args)
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        summary = case_queries.summary()
        counts = {name: getattr(summary, name) for name in QUEUE}
        path = url_for("console.queue")
        found = case_queries.queue(view, cut)
        rows, pager = paging.turn(found, cut, _key, total=counts[view], path=path)
        listed = [cases.listed(row, now, _href(row.reference)) for row in rows]
        opened = _opened(reference, now) if reference else None
    return render_template(
        "console/queue.html",
        **frame,
        cases=listed,
        summary=_summary(summary),
        tabs=page.tabs(QUEUE, view, counts, path),
        page=pager,
        case=opened,
        opened=opened is not None,
        filtered=view != "open",
    )


def _key(row: Row[Any]) -> Key:
    return Key(row.occurred_at, row.id, row.rank)


def _href(reference: str) -> str:
    """Return a case's address, which keeps the place in the list beside it."""
    return link(url_for("console.case", reference=reference), request.args)


def _summary(found: Row[Any]) -> dict[str, Any]:
    # Sums of two currencies mean nothing.
    at_risk = (found.minor, found.currency) if found.currencies == 1 else None
    return {"open": found.open, "at_risk": at_risk, "nobody": found.nobody}


def _opened(reference: str, now: datetime) -> dict[str, Any]:
    row = case_queries.case(reference)
    shown = cases.panel(row, case_queries.details(row), now)
    if row.escalation_id:
        steps = case_queries.steps(row.escalation_id)
        shown["escalation"] = climbs.escalation(row, steps, case_queries.climb_policies(now))
    return shown


@blueprint.post("/cases/<reference>/acknowledge")
def acknowledge(reference: str) -> ResponseReturnValue:
    """Take ownership of a critical case: the climb stops."""
    with transaction(OPS) as now:
        escalations.acknowledge(reference, actor=current_user.name, now=now)
    flash("You own this case now. Nobody else is told.", "good")
    return _back(reference)


@blueprint.post("/cases/<reference>/resolve")
def resolve(reference: str) -> ResponseReturnValue:
    """Close the escalation of a case."""
    with transaction(OPS) as now:
        escalations.resolve(reference, actor=current_user.name, now=now)
    flash("The escalation is resolved. The case itself closes when its cause is gone.", "good")
    return _back(reference)


def _back(reference: str) -> ResponseReturnValue:
    here = url_for("console.case", reference=reference)
    return redirect(own_path(request.form.get("next"), here))
