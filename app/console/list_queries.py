"""Reading offers, messages and what the system gave up, for the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text

from app.batches.letters import WORK
from app.extensions import db
from app.lists.spec import Conditions, Sort, View
from app.shared.language import later
from app.web.paging import Cut

OFFERS = {
    "all": View(later("All")),
    "offered": View(later("With the customer"), "f.status = 'offered'"),
    "accepted": View(later("Accepted"), "f.status = 'accepted'"),
    "withdrawn": View(later("Withdrawn"), "f.status = 'withdrawn'"),
}


def _counted(views: Mapping[str, View]) -> str:
    """Return how many rows each view has, in SQL."""
    return ", ".join(f"count(*) FILTER (WHERE {v.where}) AS {k}" for k, v in views.items())


OFFER_SUMS = text(
    f"SELECT {_counted(OFFERS)},"
    " count(DISTINCT f.currency) FILTER (WHERE f.status = 'offered') AS currencies,"
    " min(f.currency) FILTER (WHERE f.status = 'offered') AS currency,"
    " coalesce(sum(f.amount_minor) FILTER (WHERE f.status = 'offered'), 0)::bigint AS minor"
    " FROM compensation_offers f"
)
OFFER = (
    " f.id, f.reference, f.remedy, f.rule, f.amount_minor, f.currency, f.facts, f.status,"
    " f.made_at, f.ended_at, f.end_reason, f.policy_version"
)

MESSAGE = (
    " n.id, n.status, n.channel, n.recipient, n.audience, n.template, n.facts, n.attempts,"
    " n.made_at, n.due_at, n.sent_at, n.last_error"
)
ORDER_OF = " JOIN orders o ON o.id = n.order_id"
LETTER = " d.job = 'send_notifications' AND d.closed_at IS NULL"
# What a person must look at is found by its dead letter: there are few, and they have an index.
OF_LETTERS = (
    "n.id IN (SELECT CAST(substr(subject, 14) AS uuid) FROM dead_letters"
    " WHERE job = 'send_notifications' AND closed_at IS NULL AND subject ^@ 'notification '"
    " AND reason ^@ '{reason}')"
)
MESSAGES = {
    "all": View(later("All")),
    "queued": View(later("Queued"), "n.status = 'queued'"),
    "uncertain": View(later("Uncertain"), OF_LETTERS.format(reason="uncertain"), "crit"),
    "failed": View(later("Failed"), OF_LETTERS.format(reason="failed"), "crit"),
}
DEAD_LETTERS = {
    "open": View(later("Open"), "d.closed_at IS NULL", "crit"),
    "closed": View(later("Dealt with"), "d.closed_at IS NOT NULL"),
}
LETTER_SUMS = text(f"SELECT {_counted(DEAD_LETTERS)} FROM dead_letters d")
# First the page, then what its letters are about.
LETTERS = (
    "SELECT d.*, n.template, o.number, o.reference AS order_reference FROM"
    " (SELECT * FROM dead_letters d WHERE {where} AND {cut} ORDER BY {order} LIMIT :size) d"
    f" {WORK} ORDER BY {{order}}"
)
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


def offers(what: Conditions, cut: Cut, sort: Sort) -> Sequence[Row[Any]]:
    """Return a page of offers."""
    where, order = cut.order(sort.at, "f.id", newest_first=sort.newest_first)
    sql = (
        f"SELECT {OFFER}, o.number, o.reference AS order_reference, c.name AS customer"
        " FROM compensation_offers f JOIN orders o ON o.id = f.order_id"
        " JOIN customers c ON c.id = o.customer_id"
        f" WHERE {what.where} AND {where} ORDER BY {order} LIMIT :size"
    )
    return db.session.execute(text(sql), {**what.values, **cut.values()}).all()


def messages(what: Conditions, cut: Cut, sort: Sort) -> Sequence[Row[Any]]:
    """Return a page of messages to whoever waits for an order."""
    where, order = cut.order(sort.at, "n.id", newest_first=sort.newest_first)
    sql = (
        f"SELECT {MESSAGE}, o.number, o.reference AS order_reference, d.id AS letter_id"
        f" FROM notifications n {ORDER_OF} LEFT JOIN dead_letters d"
        f" ON {LETTER} AND d.subject = 'notification ' || n.id"
        f" WHERE {what.where} AND {where} ORDER BY {order} LIMIT :size"
    )
    return db.session.execute(text(sql), {**what.values, **cut.values()}).all()


def letter_sums() -> Row[Any]:
    """Return how many dead letters each view has."""
    return db.session.execute(LETTER_SUMS).one()


def letters(what: Conditions, cut: Cut, sort: Sort) -> Sequence[Row[Any]]:
    """Return a page of dead letters, each with what it is about."""
    where, order = cut.order(sort.at, "d.id", newest_first=sort.newest_first)
    sql = LETTERS.format(where=what.where, cut=where, order=order)
    return db.session.execute(text(sql), {**what.values, **cut.values()}).all()


def dead_letters(cut: Cut) -> Sequence[Row[Any]]:
    """Return open dead letters, newest first."""
    where, order = cut.order("raised_at", "id", newest_first=True)
    sql = DEAD.format(where=where, order=order)
    return db.session.execute(text(sql), cut.values()).all()


def unread_answers() -> Sequence[Row[Any]]:
    """Return what carriers said that nobody can read yet, the latest first."""
    return db.session.execute(UNREAD).all()
