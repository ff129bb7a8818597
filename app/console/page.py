"""What every page of the console has: its blueprint, the rail's numbers, the world's time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, request
from flask_login import current_user
from sqlalchemy import Row, text

from app.extensions import db
from app.lists.saved import OF_LIST
from app.lists.spec import View
from app.shared import clock
from app.shared.language import _
from app.web import health, words
from app.web.paging import link

blueprint = Blueprint("console", __name__, url_prefix="/console")
# A world clock this close to the machine's shows real time; nobody need be told.
SAME_TIME = timedelta(minutes=1)

# Numbers that several pages show, each from a partial index, and the list's saved views.
NUMBERS = text(
    "SELECT (SELECT count(*) FROM exception_cases WHERE closed_at IS NULL) AS cases,"
    " e.escalations, e.nobody, d.uncertain, d.failed,"
    " (SELECT count(*) FROM notifications WHERE status = 'queued') AS queued,"
    " (SELECT count(*) FROM choices c JOIN order_lines l ON l.id = c.order_line_id"
    "  WHERE c.status = 'open' AND l.unrouted > 0) AS choices,"
    f" {OF_LIST} AS views"
    " FROM (SELECT count(*) AS escalations,"
    "  count(*) FILTER (WHERE acknowledged_at IS NULL) AS nobody"
    "  FROM escalations WHERE closed_at IS NULL) e,"
    " (SELECT count(*) FILTER (WHERE reason ^@ 'uncertain') AS uncertain,"
    "  count(*) FILTER (WHERE reason ^@ 'failed') AS failed FROM dead_letters"
    "  WHERE job = 'send_notifications' AND closed_at IS NULL) d"
)


def numbers(list_name: str = "") -> Row[Any]:
    """Return the rail's numbers, which some tabs count too, and a list's saved views."""
    values = {"list": list_name, "me": current_user.id}
    return db.session.execute(NUMBERS, values).one()


def shell(found: Row[Any], now: datetime) -> dict[str, Any]:
    """Return what the frame around every page shows."""
    words.read_at(now)
    return {
        "me": {"name": current_user.name},
        "counts": {
            "queue": found.cases,
            "escalations": found.escalations,
            "messages": found.uncertain,
            "choices": found.choices,
            "system": health.ill(),
        },
        "world": world(clock.read()),
    }


def world(read: clock.WorldClock) -> dict[str, Any] | None:
    """Return the world's clock and its pace where that is not the wall's clock."""
    is_real = read.rate == 1 and abs(read.now - clock.machine_now()) < SAME_TIME
    return None if is_real else {"now": read.now, "pace": pace(read.rate)}


def pace(rate: float) -> str | None:
    """Return in words how fast the world runs; nothing in real time."""
    if rate == 0:
        return _("stands still")
    if rate == 1:
        return None
    return _("{n} times as fast", n=words.decimal(rate, "#,##0.######"))


def view_of(views: Mapping[str, View]) -> str:
    """Return which tab the address asks for; the first one when it names none that exists."""
    wanted = request.args.get("view", "")
    return wanted if wanted in views else next(iter(views))


def tabs(
    views: Mapping[str, View], current: str, counts: Mapping[str, int | None], path: str
) -> list[dict[str, Any]]:
    """Return the tabs of a list with their numbers."""
    first = next(iter(views))
    return [
        {
            "label": _(view.label),
            "href": link(path, {}, view=None if name == first else name),
            "current": name == current,
            "count": counts.get(name),
            "tone": view.tone if counts.get(name) else None,
        }
        for name, view in views.items()
    ]
