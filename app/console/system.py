"""How the platform itself is: its parts, its clock, what waits, what was given up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row

from app import jobs
from app.checks.service import close_dead_letter as close
from app.console import list_queries, page, system_carriers, undo
from app.console.cases import carrier_title
from app.console.lists import close_moves
from app.console.page import blueprint
from app.console.undo import conflicts_told
from app.jobs import JOBS, Due
from app.shared import clock
from app.shared.language import _, _n, later
from app.shared.work import OPS, transaction
from app.web import gauges, health, paging, queues
from app.web.health import LATE_WORK, Part
from app.web.marks import bdi, in_turn, rich
from app.web.paging import Key, link, own_path
from app.web.queues import Standing
from app.web.toasts import toast
from app.web.words import decimal, span, when

# What is true while a part is away, and where to look; its name's first word finds it.
CURES = {
    "Valkey": later("No bell rings. Nothing is lost: what is due waits in PostgreSQL."),
    "web": later("A web process hangs. Its server ends it and starts another."),
    "scheduler": later("What falls due is not begun. It is made up for when it is back."),
    "worker": later("Its work waits in PostgreSQL and is done when it is back."),
}
LOGS = {"web", "scheduler", "worker"}
HANGS = later("Its job does not end. The worker is ended soon, and another begins anew.")
# How a part is called that does no work, by how it is.
AWAY = {
    "not answering": later("{part} is not answering"),
    "silent": later("{part} is silent"),
    "silent in part": later("{part} is silent in part"),
    "hangs": later("{part} hangs"),
}
WORKING = {"good": later("running"), "warn": later("slow"), "crit": later("not running")}
TAKING = {
    "good": later("taken at once"),
    "warn": later("waits long"),
    "crit": later("nobody takes it"),
}
JUST_NOW = timedelta(seconds=5)
# PostgreSQL stops when its disk is full; half of this is an hour of a busy day.
LITTLE_ROOM, NO_ROOM = 5 * 2**30, 2**30


@blueprint.get("/system")
def system() -> str:
    """Show the parts, what waits where, carriers, dead letters and unread answers."""
    parts = health.parts()
    # One that does not answer is not waited for twice.
    lines = None if any(part.is_unknown for part in parts) else queues.standings()
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
        carriers = system_carriers.listed(read)
    frame["world"] = frame["world"] or {"now": now, "pace": None}
    at = clock.machine_now()
    return render_template(
        "console/system.html",
        **frame,
        parts=[_part(part, at) for part in parts],
        cures=[_cure(part) for part in parts if part.tone == "crit"],
        room=_room(gauges.free_bytes()),
        queues=[_line(line) for line in lines] if lines is not None else None,
        backlog=backlog,
        carriers=carriers,
        dead_letters=shown,
        page=pager,
        unread=unread,
    )


def _part(part: Part, at: datetime) -> dict[str, Any]:
    return {
        "name": part.name,
        "tone": part.tone,
        "words": _(part.words or WORKING[part.tone]),
        "sentence": part.detail,
        "since": part.since,
        "heard": _heard(at - part.seen) if part.seen else None,
    }


def _heard(before: timedelta) -> str:
    """Return how long ago a part was heard; what is usual is said quietly."""
    return _("just now") if before < JUST_NOW else _("{span} ago", span=span(before))


def _cure(part: Part) -> dict[str, str]:
    kind = part.name.partition("-")[0]
    told = HANGS if part.words == "hangs" else CURES.get(kind, "")
    sentences = [_(told)] if told else []
    if kind in LOGS:
        log = bdi(f"logs/{part.name}.log")
        sentences.append(rich("Its log is {log} in the data folder.", log=log))
    away = _(AWAY[part.words], part=part.name) if part.words in AWAY else part.name
    return {"name": part.name, "words": away, "sentence": in_turn(sentences)}


def _room(free: int | None) -> dict[str, str] | None:
    """Return how much more the disk of the data folder takes."""
    if free is None:
        return None
    tone = "crit" if free < NO_ROOM else "warn" if free < LITTLE_ROOM else "good"
    return {"tone": tone, "words": _("{n} GB free", n=decimal(free / 2**30, "#,##0.0"))}


def _line(line: Standing) -> dict[str, Any]:
    """Return how a queue stands; one that is empty has nothing to be taken."""
    waits = None if line.oldest is None else span(timedelta(seconds=line.oldest))
    return {
        "queue": line.name,
        "tone": line.tone if line.waiting else "mute",
        "words": _(TAKING[line.tone]) if line.waiting else _("empty"),
        "waiting": line.waiting,
        "oldest": waits,
        "failed": line.failed,
        "jobs": ", ".join(name for name, job in JOBS.items() if job.queue == line.name),
    }


def _job(due: Due, read: clock.WorldClock) -> dict[str, Any]:
    """Return how a job's work stands; a world that runs faster has to be waited for longer."""
    behind = read.now - due.oldest if due.ready and due.oldest else None
    tone, words = "mute", _("nothing is due")
    if behind is not None:
        is_late = behind > LATE_WORK * max(1, read.rate)
        tone, words = ("crit", _("falls behind")) if is_late else ("good", _("due now"))
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
    if at <= now:
        return _("{span} ago", span=span(now - at))
    return _("in {span}", span=span(at - now))


def _letter(row: Row[Any], onward: str) -> dict[str, Any]:
    return {
        "job": row.job,
        "what": row.subject,
        "error": row.reason,
        "attempts": _n("{n} try", "{n} tries", row.attempts),
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
    with conflicts_told():
        with transaction(OPS) as now:
            close(letter_id, current_user.who, now, seen=request.form.get("seen"))
        way_back = undo.way("console.reopen_dead_letter", letter_id=letter_id)
        toast(_("Noted: you have dealt with it."), undo=way_back)
    return redirect(own_path(request.form.get("next"), url_for("console.system")))
