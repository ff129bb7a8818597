"""How the platform itself is: its parts, its clock, what waits, what was given up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row

from app import jobs
from app.checks.service import close_dead_letter as close
from app.console import list_queries, page
from app.console.cases import carrier_title
from app.console.lists import close_moves
from app.console.page import blueprint
from app.jobs import JOBS, Due
from app.shared import clock
from app.shared.work import OPS, transaction
from app.web import health, paging
from app.web.health import LATE_WORK, Part
from app.web.paging import Key, link, own_path
from app.web.words import span, when


@blueprint.get("/system")
def system() -> str:
    """Show the parts, the work that is due, dead letters and unread answers."""
    parts = health.parts()
    cut = paging.cut(request.args, int)
    with transaction(OPS) as now:
        read = clock.read()
        frame = page.shell(page.numbers(), now)
        backlog = [_job(due, read) for due in jobs.backlogs(now)]
        letters, pager = paging.turn(
            list_queries.dead_letters(cut),
            cut,
            lambda row: Key(row.raised_at, row.id),
        )
        onward = link(request.path, request.args)
        shown = [_letter(row, onward) for row in letters]
        unread = [_unread(row) for row in list_queries.unread_answers()]
    frame["world"] = frame["world"] or {"now": now, "pace": None}
    return render_template(
        "console/system.html",
        **frame,
        parts=[_part(part) for part in parts],
        backlog=backlog,
        dead_letters=shown,
        page=pager,
        unread=unread,
    )


def _part(part: Part) -> dict[str, Any]:
    words, tone = ("running", "good") if part.is_well else ("not running", "crit")
    return {"name": part.name, "tone": tone, "words": words, "sentence": part.detail, "seen": None}


def _job(due: Due, read: clock.WorldClock) -> dict[str, Any]:
    """Return how a job's work stands; a world that runs faster has to be waited for longer."""
    behind = read.now - due.oldest if due.ready and due.oldest else None
    tone, words = "good", "nothing is due"
    if behind is not None:
        is_late = behind > LATE_WORK * max(1, read.rate)
        tone, words = ("crit", "falls behind") if is_late else ("good", "due now")
    return {
        "job": due.job,
        "queue": JOBS[due.job].queue,
        "tone": tone,
        "sentence": words,
        "oldest": _oldest(due.oldest, read.now),
        "leased": due.leased,
    }


def _oldest(at: datetime | None, now: datetime) -> str | None:
    if at is None:
        return None
    return f"{span(now - at)} ago" if at <= now else f"in {span(at - now)}"


def _letter(row: Row[Any], onward: str) -> dict[str, Any]:
    return {
        "job": row.job,
        "what": row.subject,
        "error": row.reason,
        "attempts": row.attempts,
        "at": row.raised_at,
        "moves": close_moves(row.id, onward),
    }


def _unread(row: Row[Any]) -> dict[str, Any]:
    return {
        "carrier": carrier_title(row.carrier),
        "what": row.what,
        "sample": row.sample,
        "seen": row.seen,
        "first": when(row.first_seen_at),
        "last": when(row.last_seen_at),
    }


@blueprint.post("/dead-letters/<int:letter_id>/close")
def close_dead_letter(letter_id: int) -> ResponseReturnValue:
    """Note that a person has dealt with what was given up."""
    with transaction(OPS) as now:
        close(letter_id, current_user.name, now)
    flash("Noted: you have dealt with it.", "good")
    return redirect(own_path(request.form.get("next"), url_for("console.system")))
