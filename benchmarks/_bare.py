"""The page to compare with: Flask, SQLAlchemy Core and Jinja, as one would write it without Onward.

It has what an ordinary page of an ordinary application has: Flask-Login with one statement for the
session, Flask-WTF's token in its forms, a pool of connections, one transaction around its
statements, and templates with inheritance, macros, loops, filters and url_for, compiled once and
escaping by themselves. It asks PostgreSQL the very statements that our page asks, and shows the
same words: rail, tabs, filters, columns, rows, pager.

It has no guard, no roles of the database, no scope, no policies, no engine of lists: what we look
up for filters and settings is given to it once. It knows no preferences, no zone but UTC, no saved
views and no live updates; it counts no request, limits nobody, and sends no security headers. Its
answer is not compressed and goes nowhere, as ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, render_template, request
from flask_login import LoginManager, UserMixin, current_user, login_required
from flask_wtf import CSRFProtect
from sqlalchemy import Engine, TextClause, create_engine

from config import database_url

DAY, HOUR, MINUTE = 86_400, 3_600, 60
SOON, NOW = timedelta(hours=24), timedelta(hours=2)
# What the shell leads to; nobody asks for it here.
PAGES = {
    "queue": "/console/",
    "escalations": "/console/escalations",
    "offers": "/console/offers",
    "messages": "/console/messages",
    "batches": "/console/batches",
    "vendors": "/console/vendors",
    "choices": "/console/choices",
    "inbox": "/console/inbox",
    "catalog": "/console/catalog",
    "imports": "/console/imports",
    "sources": "/console/sources",
    "policies": "/console/policies",
    "system": "/console/system",
    "find": "/console/find",
    "notices": "/console/notices",
    "notice_news": "/console/notices/news",
    "account": "/account",
    "display": "/account/display",
    "theme": "/account/theme",
    "sign_out": "/signout",
    "counts": "/console/lists/orders/counts",
    "arrange": "/console/lists/orders/display",
    "export": "/console/lists/orders/export.csv",
    "change": "/console/batches/new",
    "order": "/console/orders/<reference>",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the rail."""

    name: str
    word: str
    icon: str
    letter: str
    counts: str = ""

    @property
    def endpoint(self) -> str:
        """Return where it leads."""
        return self.name


BAR = [
    Entry("queue", "Queue", "inbox", "q", "open"),
    Entry("orders", "Orders", "receipt", "o"),
    Entry("escalations", "Escalations", "bell", "e", "open"),
    Entry("offers", "Offers", "gift", "f"),
    Entry("messages", "Messages", "envelope", "m", "uncertain"),
]
MORE = [
    Entry("choices", "Choices", "signpost-split", "", "to answer"),
    Entry("batches", "Bulk changes", "list-check", "b"),
    Entry("vendors", "Vendors", "shop", "v"),
    Entry("inbox", "Vendors' questions", "life-preserver", ""),
    Entry("catalog", "Catalog", "tag", "c"),
    Entry("imports", "Imports", "upload", ""),
    Entry("sources", "Order sources", "plug", ""),
    Entry("policies", "Policies", "sliders", ""),
    Entry("system", "System", "activity", "s", "need a person"),
]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter, with what it offers."""

    name: str
    label: str
    is_prominent: bool
    days: bool
    options: Sequence[tuple[str, str]] = ()

    @property
    def chosen(self) -> list[str]:
        """Return what the address says."""
        return request.args.getlist(self.name)


@dataclass(frozen=True, slots=True)
class Statements:
    """What is asked: who holds a session's token, the rail's numbers, and the rows."""

    session: TextClause
    numbers: TextClause
    rows: TextClause


@dataclass(frozen=True, slots=True)
class Deadline:
    """How much is left until an order is due."""

    state: str
    number: str
    word: str
    due: str
    left: int | None = None
    at: datetime | None = None


class User(UserMixin):
    """Who has signed in."""

    def __init__(self, token: str, row: Any) -> None:
        self.id, self.user_id = token, row.user_id
        self.name, self.unread = row.name, row.unread


def plainly(
    url: str, secret: str, session: TextClause, pages: Mapping[str, str]
) -> tuple[Flask, Engine]:
    """Return an application without views, its one pool of connections, and who has signed in.

    `session` asks who holds a token; `pages` are what the shell leads to.
    """
    app = Flask("bare", template_folder="bare", root_path=__file__.rpartition("/")[0])
    app.config.update(SECRET_KEY=secret, WTF_CSRF_TIME_LIMIT=None)
    CSRFProtect(app)
    logins = LoginManager(app)
    engine = create_engine(database_url(url))
    app.jinja_env.filters.update(when=when, hour=hour, money=money, deadline=deadline, plain=plain)
    for endpoint, rule in pages.items():
        app.add_url_rule(rule, endpoint)

    @logins.user_loader
    def known(token: str) -> User | None:
        digest = hashlib.sha256(token.encode()).hexdigest()
        with engine.connect() as connection:
            row = connection.execute(session, {"hash": digest}).first()
        now = datetime.now(UTC)
        is_over = row is None or now - row.seen_at > timedelta(days=1)
        return None if is_over else User(token, row)

    return app, engine


def bare(url: str, secret: str, ask: Statements, shell: dict[str, Any]) -> Flask:
    """Return the application: one view, of orders; `shell` is shown as it is."""
    app, engine = plainly(url, secret, ask.session, PAGES)

    @app.get("/console/orders")
    @login_required
    def orders() -> str:
        with engine.connect() as connection:
            values = {"list": "orders", "me": current_user.user_id}
            numbers = connection.execute(ask.numbers, values).one()
            rows = connection.execute(ask.rows, {"size": 51}).all()
        counts = {
            "queue": numbers.cases,
            "escalations": numbers.escalations,
            "messages": numbers.uncertain,
            "choices": numbers.choices,
            "system": shell["ill"],
        }
        return render_template(
            "orders.html",
            **shell,
            space="console",
            topics="cases messages system",
            main_topics="orders",
            here="orders",
            bar=BAR,
            more=MORE,
            counts=counts,
            now=datetime.now(UTC),
            view=request.args.get("view", "all"),
            rows=rows[:50],
        )

    return app


def when(moment: datetime) -> str:
    """Return a moment as a list says it."""
    return f"{day(moment)}, {moment:%H:%M}"


def hour(moment: datetime) -> str:
    """Return its clock alone."""
    return f"{moment:%H:%M}"


def day(moment: Any) -> str:
    """Return a day."""
    words = f"{moment:%a, %b} {moment.day}"
    return words if moment.year == datetime.now(UTC).year else f"{words}, {moment.year}"


def money(minor: int, currency: str) -> str:
    """Return an amount with its symbol."""
    symbol = {"EUR": "€", "USD": "$"}.get(currency, f"{currency} ")
    return f"{symbol}{minor / 100:,.2f}"


def plain(word: str) -> str:
    """Return a code in plain words."""
    return word.replace("_", " ").capitalize()


def deadline(row: Any) -> Deadline | None:
    """Return how much is left until an order is due, or how it was met."""
    if row.deliver_by is None or row.status == "canceled":
        return None
    due = day(row.deliver_on)
    if row.delivered_at is not None:
        is_met = row.delivered_at <= row.deliver_by
        number = span(row.deliver_by - row.delivered_at)
        return Deadline("met" if is_met else "missed", number, "early" if is_met else "late", due)
    left = row.deliver_by - datetime.now(UTC)
    if left < timedelta(0):
        return Deadline("late", span(left), "late", due, at=row.deliver_by)
    state = "now" if left <= NOW else "soon" if left <= SOON else "plenty"
    share = round(100 * (left / (row.deliver_by - row.placed_at)))
    return Deadline(state, span(left), "left", due, min(100, share), row.deliver_by)


def span(length: timedelta) -> str:
    """Return a length of time in two units at most."""
    seconds = int(abs(length.total_seconds()))
    days, hours, minutes = seconds // DAY, seconds % DAY // HOUR, seconds % HOUR // MINUTE
    if days:
        return f"{days} d {hours} h" if hours and days < 10 else f"{days} d"  # noqa: PLR2004
    if hours:
        return f"{hours} h {minutes:02d} m" if minutes else f"{hours} h"
    return f"{minutes} m" if minutes else f"{seconds} s"
