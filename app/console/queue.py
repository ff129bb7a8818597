"""The queue of open cases, one case beside it, and what can be done about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row

from app.console import case_queries, cases, climbs, page, service_words, story, undo
from app.console.case_lists import QUEUE_SPEC
from app.console.case_queries import QUEUE
from app.console.page import blueprint
from app.console.undo import conflicts_told
from app.doors.guard import may
from app.escalations import service as escalations
from app.lists import page as lists
from app.lists import saved
from app.lists.asked import asked
from app.orders.queries import UNDONE
from app.routing.expedite import services
from app.shared.language import _
from app.shared.work import OPS, transaction
from app.timeline.queries import entries_about
from app.web import words
from app.web.paging import link, own_path
from app.web.toasts import toast


@blueprint.get("/")
def queue() -> ResponseReturnValue:
    """Show what matters most."""
    return _show(None)


@blueprint.get("/cases/<reference>")
def case(reference: str) -> ResponseReturnValue:
    """Show the queue with one case opened."""
    return _show(reference)


def _show(reference: str | None) -> ResponseReturnValue:
    of, path = asked(QUEUE_SPEC, request.args), url_for("console.queue")
    with transaction(OPS) as now:
        numbers = page.numbers(QUEUE_SPEC.name)
        frame = page.shell(numbers, now)
        views = saved.of(numbers.views, current_user)
        opens_with = None if reference else lists.opening(of, views, current_user)
        summary = case_queries.summary(current_user.id)
        counts = {name: getattr(summary, name) for name in QUEUE}
        loaded = lists.load(of, current_user, now, ZoneInfo(words.zone_name()), path)
        for row in loaded.rows:
            row["href"] = _href(row["reference"])
        shown = lists.frame(of, views, current_user, counts)
        opened = _opened(reference, now) if reference else None
    if opens_with:
        return redirect(opens_with)
    return render_template(
        "console/queue.html",
        **frame,
        list=shown,
        cases=loaded.rows,
        summary=_summary(summary),
        page=loaded.pager,
        case=opened,
        opened=opened is not None,
    )


def _href(reference: str) -> str:
    """Return a case's address, which keeps the place in the list beside it."""
    return link(url_for("console.case", reference=reference), request.args)


def _summary(found: Row[Any]) -> dict[str, Any]:
    # Sums of two currencies mean nothing.
    at_risk = (found.minor, found.currency) if found.currencies == 1 else None
    return {"open": found.open, "at_risk": at_risk, "nobody": found.nobody}


def _opened(reference: str, now: datetime) -> dict[str, Any]:
    row = case_queries.case(reference)
    of = case_queries.details(row)
    shown = cases.panel(row, of, now)
    about = entries_about(row.cohort, row.order_id, row.reference, row.subject_id)
    shown["story"] = story.entries(about, row.currency)
    shown["faster"] = _faster(row, of, now)
    if row.escalation_id:
        steps = case_queries.steps(row.escalation_id)
        shown["escalation"] = climbs.escalation(row, steps, case_queries.climb_policies(now))
    return shown


def _faster(row: Row[Any], of: Row[Any] | None, now: datetime) -> dict[str, Any] | None:
    """Return which faster service would still save the promise of what is handed over late."""
    if row.kind != "late_dispatch" or of is None or of.status not in UNDONE:
        return None
    if not may("console.choose_service"):
        return None
    found = services(of.reference, now)
    said = service_words.rescue(found)
    href = url_for("console.compare_services", reference=found.fo.reference)
    return {"sentence": said, "href": href} if said else None


@blueprint.post("/cases/<reference>/acknowledge")
def acknowledge(reference: str) -> ResponseReturnValue:
    """Take ownership of a critical case: the climb stops."""
    with conflicts_told():
        seen = request.form.get("seen")
        with transaction(OPS) as now:
            escalations.acknowledge(reference, actor=current_user.who, now=now, seen=seen)
        way_back = undo.way("console.unacknowledge", reference=reference)
        toast(_("You own this case now. Nobody else is told."), undo=way_back)
    return _back(reference)


@blueprint.post("/cases/<reference>/resolve")
def resolve(reference: str) -> ResponseReturnValue:
    """Close the escalation of a case."""
    with conflicts_told():
        seen = request.form.get("seen")
        with transaction(OPS) as now:
            escalations.resolve(reference, actor=current_user.who, now=now, seen=seen)
        said = _("The escalation is resolved. The case itself closes when its cause is gone.")
        toast(said, undo=undo.way("console.reopen_case", reference=reference))
    return _back(reference)


def _back(reference: str) -> ResponseReturnValue:
    here = url_for("console.case", reference=reference)
    return redirect(own_path(request.form.get("next"), here))
