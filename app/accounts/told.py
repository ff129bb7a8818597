"""Mailing people what they were told on screen, as they wish: at once, once a day, or never.

People live in the machine's time. What is mailed and up to when is one transaction for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import Row, text

from app.accounts import preferences
from app.accounts.contract import OPS_ROLES
from app.accounts.preferences import Mailed, Preferences
from app.extensions import db
from app.notices import queries, rules
from app.notices.contract import KINDS, audiences_of, kinds_of
from app.notices.rules import SETTLED, Marks, Stretch, Wishes
from app.notices.words import told
from app.notifications.service import tell_person
from app.policies import marketplace
from app.shared import clock, language, work
from app.shared.language import _n
from app.shared.work import ACCOUNTS, transaction
from app.web import zones

# A mail names so many; the rest is a number, and on the page.
NAMED = 20
MARKS = "seen_until, mailed_until, digested_until"
ACTIVE = "u.is_active AND v.status IS DISTINCT FROM 'closed'"
COLUMNS = (
    "u.id, u.name, u.email, u.role, u.vendor_id, d.document,"
    " coalesce(m.seen_until, u.created_at) AS seen_until,"
    " coalesce(m.mailed_until, u.created_at) AS mailed_until,"
    " coalesce(m.digested_until, u.created_at) AS digested_until"
)
PEOPLE = (
    "FROM users u LEFT JOIN vendors v ON v.id = u.vendor_id"
    " LEFT JOIN preferences d ON d.user_id = u.id LEFT JOIN notice_marks m ON m.user_id = u.id"
)
# The newest thing that somebody was told, by one step into the index an audience.
NEWEST = " UNION ALL ".join(
    f"(SELECT at FROM notices WHERE audience = {audience} AND at <= :until"
    " ORDER BY at DESC LIMIT 1)"
    for audience in (
        "'person:' || u.id",
        "CASE WHEN u.vendor_id IS NULL THEN 'ops' ELSE 'vendor:' || u.vendor_id END",
        "'role:' || u.role",
    )
)
WAITING = text(
    f"SELECT {COLUMNS}, newest.at AS newest {PEOPLE}"
    f" CROSS JOIN LATERAL (SELECT max(at) AS at FROM ({NEWEST}) told) newest"
    f" WHERE {ACTIVE} AND newest.at > coalesce(least(m.mailed_until, m.digested_until),"
    " u.created_at) ORDER BY u.id"
)
ENSURE = text(
    f"INSERT INTO notice_marks (user_id, {MARKS})"
    " SELECT id, created_at, created_at, created_at FROM users WHERE id = :id"
    " ON CONFLICT (user_id) DO NOTHING"
)
# Whoever was switched off since is not there any more.
ONE = text(f"SELECT {COLUMNS} {PEOPLE} WHERE u.id = :id AND {ACTIVE}")
LOCK = text("SELECT FROM notice_marks WHERE user_id = :id FOR UPDATE")
MOVE = text(
    "UPDATE notice_marks SET mailed_until = greatest(mailed_until, :mailed),"
    " digested_until = greatest(digested_until, :digested) WHERE user_id = :id"
)


@dataclass(frozen=True, slots=True)
class Addressee:
    """Somebody with what they chose, and up to when they know."""

    row: Row[Any]
    chosen: Preferences
    zone: ZoneInfo

    @property
    def wishes(self) -> Wishes:
        """Return when they want to be left alone, and when they want their digest."""
        chosen = self.chosen
        return Wishes(self.zone, chosen.quiet_from, chosen.quiet_until, chosen.digest_at)

    @property
    def marks(self) -> Marks:
        """Return up to when they know."""
        return Marks(self.row.seen_until, self.row.mailed_until, self.row.digested_until)

    def kinds(self, mailed: Mailed) -> list[str]:
        """Return the kinds of notices that concern them and are mailed in one way."""
        return [c for c in kinds_of(self.row.role) if mailed_as(self.chosen, c) == mailed]


def mailed_as(chosen: Preferences, kind: str) -> Mailed:
    """Return how somebody is mailed a kind of notice."""
    return chosen.mail.get(kind, KINDS[kind].mail)


def mail(*, is_time_up: Callable[[], bool]) -> int:
    """Mail everybody what they are to know by now; return how many mails were written."""
    marketplace.look()
    now = clock.machine_now()
    with transaction(ACCOUNTS):
        rows = db.session.execute(WAITING, {"until": now - SETTLED}).all()
    written = 0
    for row in rows:
        if is_time_up():
            break
        if _is_due(row, now):
            written += _mail(row.id, now)
    return written


def _is_due(row: Row[Any], now: datetime) -> bool:
    who = _addressee(row)
    plan = rules.plan(now, who.wishes, who.marks)
    is_news = plan.at_once is not None and row.newest > plan.at_once.after
    return is_news or plan.digest is not None


def _addressee(row: Row[Any]) -> Addressee:
    chosen = preferences.read(row.document)
    return Addressee(row, chosen, ZoneInfo(chosen.zone or marketplace.zone()))


def _mail(user_id: UUID, now: datetime) -> int:
    """Write somebody's mails and move their marks, with nobody else at it."""
    with transaction(ACCOUNTS):
        db.session.execute(ENSURE, {"id": user_id})
        db.session.execute(LOCK, {"id": user_id})
        row = db.session.execute(ONE, {"id": user_id}).first()
        if row is None:
            return 0
        who = _addressee(row)
        plan = rules.plan(now, who.wishes, who.marks)
        mails = [
            *_mails(who, "now", plan.at_once, "account_notices"),
            *_mails(who, "digest", plan.digest, "account_digest"),
        ]
        for template, facts in mails:
            tell_person(template, row.email, facts, who.chosen.language)
        _move(row, plan)
        work.crashpoint("before the notices' mail commits")
    return len(mails)


def _move(row: Row[Any], plan: rules.Plan) -> None:
    mailed = plan.at_once.until if plan.at_once else row.mailed_until
    digested = plan.digest.until if plan.digest else row.digested_until
    db.session.execute(MOVE, {"id": row.id, "mailed": mailed, "digested": digested})


def _mails(
    who: Addressee, mailed: Mailed, stretch: Stretch | None, template: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    kinds = who.kinds(mailed)
    if stretch is None or not kinds:
        return
    row = who.row
    audiences = audiences_of(row.id, row.role, row.vendor_id)
    found = queries.told_within(audiences, kinds, stretch, NAMED)
    if found:
        with language.spoken(who.chosen.language or language.ENGLISH):
            facts = _facts(who, found)
        yield template, facts


def _facts(who: Addressee, found: Sequence[Row[Any]]) -> dict[str, Any]:
    # Moments in a mail are those on its reader's wall.
    zones.prefer(who.zone.key)
    total = found[0].total
    lines = [f"- {told(n.kind, n.subject, n.facts).line}" for n in reversed(found)]
    if total > len(found):
        lines.append(_n("and {n} more", "and {n} more", total - len(found)))
    face = "console" if who.row.role in OPS_ROLES else "portal"
    first = told(found[0].kind, found[0].subject, found[0].facts).title
    return {
        "name": who.row.name,
        "about": first if total == 1 else _n("{n} notice", "{n} notices", total),
        "lines": "\n".join(lines),
        "url": f"{current_app.config['PUBLIC_URL']}/{face}/notices",
    }
