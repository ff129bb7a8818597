"""Reading offers, messages and what the system gave up, for the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from app.console.page import View
from app.extensions import db
from app.web.paging import Cut

OFFERS = {
    "all": View("All"),
    "offered": View("With the customer", "f.status = 'offered'"),
    "accepted": View("Accepted", "f.status = 'accepted'"),
    "withdrawn": View("Withdrawn", "f.status = 'withdrawn'"),
}
COUNTED = ", ".join(f"count(*) FILTER (WHERE {v.where}) AS {k}" for k, v in OFFERS.items())
OFFER_SUMS = text(
    f"SELECT {COUNTED},"
    " count(DISTINCT f.currency) FILTER (WHERE f.status = 'offered') AS currencies,"
    " min(f.currency) FILTER (WHERE f.status = 'offered') AS currency,"
    " coalesce(sum(f.amount_minor) FILTER (WHERE f.status = 'offered'), 0)::bigint AS minor"
    " FROM compensation_offers f"
)
OFFER = (
    " f.id, f.reference, f.remedy, f.rule, f.amount_minor, f.currency, f.facts, f.status,"
    " f.made_at, f.ended_at, f.end_reason, f.policy_version"
)

MESSAGES = {
    "all": View("All"),
    "queued": View("Queued", "n.status = 'queued'"),
    "uncertain": View("Uncertain", "d.reason ^@ 'uncertain'", "crit"),
    "failed": View("Failed", "d.reason ^@ 'failed'", "crit"),
}
MESSAGE = (
    " n.id, n.status, n.channel, n.recipient, n.audience, n.template, n.facts, n.attempts,"
    " n.made_at, n.due_at, n.sent_at, n.last_error"
)
ORDER_OF = " JOIN orders o ON o.id = n.order_id"
LETTER = " d.job = 'send_notifications' AND d.closed_at IS NULL"
EVERY = (
    f"FROM notifications n {ORDER_OF} LEFT JOIN dead_letters d"
    f" ON {LETTER} AND d.subject = 'notification ' || n.id WHERE true"
)
# What a person must look at is found by its dead letter: there are few, and they have an index.
BY_LETTER = (
    "FROM dead_letters d JOIN notifications n ON n.id = CAST(substr(d.subject, 14) AS uuid)"
    f" {ORDER_OF} WHERE {LETTER} AND d.subject ^@ 'notification '"
)
# Where a view's rows come from, the moment they are sorted by, and whether the newest come first.
SOURCES = {
    "all": (EVERY, "n.made_at", True),
    "queued": (EVERY, "n.due_at", False),
    "uncertain": (BY_LETTER, "n.made_at", True),
    "failed": (BY_LETTER, "n.made_at", True),
}
DEAD = (
    "SELECT id, job, subject, reason, attempts, raised_at FROM dead_letters"
    " WHERE closed_at IS NULL AND {where} ORDER BY {order} LIMIT :size"
)
UNREAD = text(
    "SELECT carrier, what, sample, seen, first_seen_at, last_seen_at FROM unread_answers"
    " ORDER BY last_seen_at DESC, id LIMIT 50"
)


def offer_sums() -> Row[Any]:
    """Return how many offers each view has, and what those with customers add up to."""
    return db.session.execute(OFFER_SUMS).one()


def offers(view: str, cut: Cut) -> Sequence[Row[Any]]:
    """Return offers, newest first."""
    where, order = cut.order("f.made_at", "f.id", newest_first=True)
    sql = (
        f"SELECT {OFFER}, o.number, o.reference AS order_reference, c.name AS customer"
        " FROM compensation_offers f JOIN orders o ON o.id = f.order_id"
        " JOIN customers c ON c.id = o.customer_id"
        f" WHERE {OFFERS[view].where} AND {where} ORDER BY {order} LIMIT :size"
    )
    return db.session.execute(text(sql), cut.values()).all()


def messages(view: str, cut: Cut) -> Sequence[Row[Any]]:
    """Return messages, newest first; queued ones by when they are due."""
    source, at, newest_first = SOURCES[view]
    where, order = cut.order(at, "n.id", newest_first=newest_first)
    sql = (
        f"SELECT {MESSAGE}, {at} AS place_at, o.number, o.reference AS order_reference,"
        f" d.id AS letter_id {source} AND {MESSAGES[view].where} AND {where}"
        f" ORDER BY {order} LIMIT :size"
    )
    return db.session.execute(text(sql), cut.values()).all()


def dead_letters(cut: Cut) -> Sequence[Row[Any]]:
    """Return open dead letters, newest first."""
    where, order = cut.order("raised_at", "id", newest_first=True)
    sql = DEAD.format(where=where, order=order)
    return db.session.execute(text(sql), cut.values()).all()


def unread_answers() -> Sequence[Row[Any]]:
    """Return what carriers said that nobody can read yet, the latest first."""
    return db.session.execute(UNREAD).all()
