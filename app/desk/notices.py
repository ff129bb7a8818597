"""The pages about notices: what somebody was told, what they saw, and what is new just now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row

from app.desk.desk import Desk
from app.notices import queries, rules, service
from app.notices.contract import KINDS, audiences_of
from app.notices.words import told
from app.policies import marketplace
from app.shared import clock
from app.shared.language import _
from app.shared.work import ACCOUNTS, transaction
from app.web import paging
from app.web.paging import Key
from app.web.words import day

# A toast is for what happened just now; the rest waits under the bell.
JUST_NOW, FEW = timedelta(minutes=1), 3
# The page of what a notice is about: by face and kind of subject, the endpoint and its argument.
PAGES: dict[tuple[str, str], tuple[str, str | None]] = {
    ("console", "order"): ("console.order", "reference"),
    ("console", "case"): ("console.case", "reference"),
    ("console", "batch"): ("console.batch", "reference"),
    ("console", "import"): ("console.one_import", "reference"),
    ("console", "source"): ("console.source", "code"),
    ("portal", "order"): ("portal.fulfillment_order", "reference"),
    ("portal", "fulfillment_order"): ("portal.fulfillment_order", "reference"),
    ("portal", "webhook"): ("portal.webhook", "endpoint_id"),
    ("portal", "help"): ("portal.help", None),
    ("console", "questions"): ("console.vendor_questions", "code"),
    ("console", "peaks"): ("console.vendor_inbox", None),
    ("console", "numbers"): ("console.numbers", None),
}


class Notices:
    """The pages about notices at one desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def mount(self, blueprint: Blueprint, path: str) -> None:
        """Add the routes."""
        add = blueprint.add_url_rule
        add(path, "notices", self.index)
        add(f"{path}/news", "notice_news", self.news)
        add(f"{path}/seen", "see_notices", self.see, methods=["POST"])

    def index(self) -> ResponseReturnValue:
        """Show what somebody was told, newest first."""
        cut = paging.cut(request.args)
        with transaction(ACCOUNTS):
            seen = queries.seen_until(current_user.id)
            found = queries.page(_audiences(), cut)
        rows, pager = paging.turn(found, cut, lambda row: Key(row.at, row.id))
        context = self.desk.context()
        listed = [self._listed(row, seen) for row in rows]
        return render_template(
            "desk/notices.html",
            **context | {"page": pager},
            days=[
                {"name": f"day-{n}", "title": title, "rows": list(of_day)}
                for n, (title, of_day) in enumerate(groupby(listed, lambda row: row["day"]))
            ],
            may_see=not current_user.viewing,
            new=current_user.unread,
            until=rows[0].at.isoformat() if rows and not cut.key else None,
        )

    def news(self) -> ResponseReturnValue:
        """Return the bell as it is now, and what is to be said on screen."""
        news = [] if _wants_quiet() else self._news()
        return render_template("desk/news.html", space=self.desk.face, news=news)

    def _news(self) -> list[dict[str, Any]]:
        with transaction(ACCOUNTS):
            seen = queries.seen_until(current_user.id)
            since = max(seen, clock.machine_now() - JUST_NOW)
            rows = queries.newest(_audiences(), since, FEW)
        off = set(current_user.preferences.quiet_on_screen)
        return [self._listed(row, seen) for row in reversed(rows) if row.kind not in off]

    def see(self) -> ResponseReturnValue:
        """Note that somebody has looked, up to the newest that their page showed."""
        until = _moment(request.form.get("until", ""))
        with transaction(ACCOUNTS):
            service.see(current_user.id, until, current_user.vendor_id)
        flash(_("All notices are marked as seen."), "good")
        return redirect(url_for(f"{self.desk.face}.notices"))

    def _listed(self, row: Row[Any], seen: datetime) -> dict[str, Any]:
        words = told(row.kind, row.subject, row.facts)
        return {
            "id": row.id,
            "title": words.title,
            "sentence": words.sentence,
            "line": words.line,
            "icon": words.icon,
            "tone": words.tone,
            "at": row.at,
            "day": day(row.at),
            "href": self._href(row),
            "is_new": row.at > seen and not current_user.viewing,
        }

    def _href(self, row: Row[Any]) -> str | None:
        page = PAGES.get((self.desk.face, KINDS[row.kind].leads or ""))
        if page is None:
            return None
        endpoint, argument = page
        return url_for(endpoint, **({argument: row.subject} if argument else {}))


def _audiences() -> Sequence[str]:
    """Return whose notices are shown: one's own, or those of the vendor one looks at."""
    if current_user.viewing:
        return [f"vendor:{current_user.viewing.vendor_id}"]
    return audiences_of(current_user.id, current_user.role, current_user.vendor_id)


def _wants_quiet() -> bool:
    chosen = current_user.preferences
    wishes = rules.Wishes(
        ZoneInfo(chosen.zone or marketplace.zone()), chosen.quiet_from, chosen.quiet_until
    )
    return bool(current_user.viewing) or rules.is_quiet(clock.machine_now(), wishes)


def _moment(words: str) -> datetime:
    """Return the moment a form sends; what cannot be read is now."""
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        return clock.machine_now()
    return moment if moment.tzinfo else clock.machine_now()
