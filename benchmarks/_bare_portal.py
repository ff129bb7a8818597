"""A vendor's work to compare with: Flask, SQLAlchemy Core and Jinja, as _bare.py has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from _bare import NOW, SOON, Deadline, Entry, plainly, span, when
from flask import Flask, render_template
from flask_login import login_required
from sqlalchemy import Row, TextClause

PAGES = {
    "find": "/portal/find",
    "notices": "/portal/notices",
    "notice_news": "/portal/notices/news",
    "account": "/account",
    "display": "/account/display",
    "theme": "/account/theme",
    "sign_out": "/signout",
    "confirm_many": "/portal/confirm",
    "picking": "/portal/pick",
    "packing": "/portal/pack",
    "shipping": "/portal/ship",
    "help": "/portal/help",
    "stock": "/portal/stock",
    "calendar": "/portal/calendar",
    "team": "/portal/team",
    "keys": "/portal/keys",
    "webhooks": "/portal/webhooks",
    "fulfillment_order": "/portal/orders/<reference>",
    "confirm": "/portal/orders/<reference>/confirm",
    "pick": "/portal/orders/<reference>/pick",
    "ship": "/portal/orders/<reference>/ship",
}


@dataclass(frozen=True, slots=True)
class Page(Entry):
    """An entry of the rail that is not called like its page."""

    leads: str = ""

    @property
    def endpoint(self) -> str:
        """Return where it leads."""
        return self.leads or self.name


BAR = [
    Page("work", "Work", "list-check", "w", "to do"),
    Page("pick", "Pick", "upc-scan", "p", "to pick", "picking"),
    Page("pack", "Pack", "box-seam", "a", "to pack", "packing"),
    Page("ship", "Ship", "truck", "s", "to ship", "shipping"),
    Page("help", "Help", "life-preserver", "h"),
]
MORE = [
    Page("stock", "Stock", "boxes", "i"),
    Page("calendar", "Calendar", "calendar-event", "d"),
    Page("team", "Team", "people", "t"),
    Page("keys", "Keys", "key", "k"),
    Page("webhooks", "Webhooks", "broadcast", ""),
]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: who holds a session's token, the vendor's places, its counts, the rows."""

    session: TextClause
    places: TextClause
    counts: TextClause
    rows: TextClause


def bare_portal(
    url: str, secret: str, ask: Asked, vendor: tuple[UUID, str], shell: dict[str, Any]
) -> Flask:
    """Return the application: one view, of a vendor's work; `shell` is shown as it is."""
    app, engine = plainly(url, secret, ask.session, PAGES)

    @app.get("/portal/")
    @login_required
    def work() -> str:
        now = datetime.now(UTC)
        morning = datetime.combine(now.date(), time(), UTC)
        tonight = morning + timedelta(days=1)
        with engine.connect() as connection:
            connection.execute(ask.places, {"vendor": vendor[0]}).all()
            values = {"vendor": vendor[0], "now": now, "morning": morning, "tonight": tonight}
            counts = connection.execute(ask.counts, values).one()
            found = connection.execute(ask.rows, {"vendor": vendor[0], "size": 51}).all()
        last = found[49]
        return render_template(
            "work.html",
            **shell,
            space="portal",
            topics="orders",
            main_topics="orders",
            here="work",
            bar=BAR,
            more=MORE,
            vendor=vendor[1],
            work=counts,
            counts={
                "work": counts.undone,
                "pick": counts.to_pick,
                "pack": counts.to_pack,
                "ship": counts.to_ship,
            },
            now=now,
            oldest=span(now - counts.oldest) if counts.oldest else "",
            first_word=span(counts.first_word - now) if counts.first_word else "",
            rows=list(shown(found[:50], now, tonight)),
            after=f"0~{last.ship_by.isoformat()}~{last.id}",
        )

    return app


def shown(rows: Sequence[Row[Any]], now: datetime, tonight: datetime) -> Iterator[dict[str, Any]]:
    """Return the rows as the page has them."""
    for row in rows:
        is_late = row.ship_by < now
        yield {
            "reference": row.reference,
            "to": ", ".join(filter(None, (row.city, row.country))),
            "few": row.few,
            "more": row.lines - len(row.few),
            "is_gift": row.is_gift,
            "status": row.status,
            "is_late": is_late,
            "group": "overdue" if is_late else "today" if row.ship_by < tonight else "later",
            "deadline": due(row, now),
        }


def due(row: Row[Any], now: datetime) -> Deadline:
    """Return how much is left until a word is due, or the parcel."""
    if row.status == "on_hold":
        return Deadline("paused", "On hold", "", f"ship by {when(row.ship_by)}")
    is_word = row.status == "assigned" and row.confirm_by and row.confirm_by < row.ship_by
    at = row.confirm_by if is_word else row.ship_by
    words = f"{'confirm' if is_word else 'ship'} by {when(at)}"
    left = at - now
    if left < timedelta(0):
        return Deadline("late", span(left), "late", words, at=at)
    state = "now" if left <= NOW else "soon" if left <= SOON else "plenty"
    share = round(100 * (left / (at - row.assigned_at)))
    return Deadline(state, span(left), "left", words, min(100, share), at)
