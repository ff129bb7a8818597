"""Sessions on the server: a browser holds a token, and what it opens can be ended here.

All but `find` work in the open transaction.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import Row, delete, insert, text, update

from app.accounts import preferences, rules
from app.accounts.contract import FRESH, Origin, Person, Stage, Viewing
from app.accounts.models import Session
from app.audit.contract import Actor
from app.audit.service import record
from app.extensions import db
from app.shared import clock, ids
from app.shared.errors import NotFound
from app.shared.work import ACCOUNTS, one_row, transaction

# Being seen is written down this often: a page need not cost a write.
SEEN_EVERY = timedelta(minutes=1)
LONGEST_AGENT = 300
# More browsers than this are not one person's any more.
MOST = 20

# An app's codes or a passkey, of the user u.
HAS_FACTOR = "(u.totp_seed IS NOT NULL OR EXISTS (SELECT FROM passkeys p WHERE p.user_id = u.id))"
# Counted no further than a badge shows.
UNREAD = (
    "(SELECT count(*) FROM (SELECT FROM notices n WHERE n.audience IN ('person:' || u.id,"
    " CASE WHEN u.vendor_id IS NULL THEN 'ops' ELSE 'vendor:' || u.vendor_id END,"
    " 'role:' || u.role) AND n.at >"
    " coalesce((SELECT seen_until FROM notice_marks WHERE user_id = u.id), u.created_at)"
    " LIMIT 100) unseen)"
)
KNOWN = (
    "SELECT s.id, s.created_at, s.seen_at, s.proven_at, s.confirmed_at, s.address, u.id AS user_id,"
    " u.email, u.name, u.role, u.vendor_id, v.name AS vendor_name,"
    f" {HAS_FACTOR} AS has_factor, w.id AS view_id, w.code AS view_code, w.name AS view_name,"
    f" d.document AS preferences, {UNREAD} AS unread"
    " FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN vendors v ON v.id = u.vendor_id"
    " LEFT JOIN vendors w ON w.id = s.view_vendor_id"
    " LEFT JOIN preferences d ON d.user_id = u.id"
    " WHERE s.hash = %(hash)s AND u.is_active AND v.status IS DISTINCT FROM 'closed'"
)
# The sessions of somebody that were not seen for longest make room for another.
CROWD = text(
    "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user_id = :id"
    " ORDER BY seen_at DESC, id OFFSET :most)"
)
SEEN = text("UPDATE sessions SET seen_at = :now WHERE id = :id")


def hash_of(token: str) -> str:
    """Return what is kept of a token; tokens are random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def find(token: str, *, is_sign_of_life: bool = True) -> Person | None:
    """Return who holds a session's token; one that has run out is nobody's.

    What a page asks by itself is no sign of life: nobody may be sitting before it.
    """
    now = clock.machine_now()
    row = one_row(ACCOUNTS, KNOWN, {"hash": hash_of(token)})
    if row is None:
        return None
    found = _stage(row)
    if rules.has_ended(row.role, found, row.created_at, row.seen_at, now):
        return None
    if is_sign_of_life and now - row.seen_at > SEEN_EVERY:
        with transaction(ACCOUNTS):
            db.session.execute(SEEN, {"now": now, "id": row.id})
    return _person(row, token, found, now)


def _stage(row: Row[Any]) -> Stage:
    is_enforced = bool(current_app.config["NEEDS_SECOND_FACTOR"])
    return rules.stage(
        row.role,
        has_factor=row.has_factor,
        is_proven=row.proven_at is not None,
        is_enforced=is_enforced,
    )


def _person(row: Row[Any], token: str, found: Stage, now: datetime) -> Person:
    viewing = Viewing(row.view_id, row.view_code, row.view_name) if row.view_id else None
    return Person(
        session_id=row.id,
        token=token,
        id=row.user_id,
        email=row.email,
        name=row.name,
        role=row.role,
        vendor_id=row.vendor_id,
        vendor_name=row.vendor_name,
        has_factor=row.has_factor,
        stage=found,
        confirmed_at=row.confirmed_at,
        is_fresh=now - row.confirmed_at <= FRESH,
        address=row.address,
        viewing=viewing,
        preferences=preferences.read(row.preferences),
        unread=row.unread,
    )


def open_session(user_id: UUID, origin: Origin, *, is_proven: bool) -> str:
    """Begin a session and return its token: 256 bits, nothing of what went before."""
    token, now = secrets.token_urlsafe(32), clock.machine_now()
    db.session.execute(CROWD, {"id": user_id, "most": MOST - 1})
    db.session.execute(
        insert(Session).values(
            id=ids.new(),
            hash=hash_of(token),
            user_id=user_id,
            created_at=now,
            seen_at=now,
            proven_at=now if is_proven else None,
            confirmed_at=now,
            address=origin.address,
            user_agent=origin.user_agent[:LONGEST_AGENT],
        )
    )
    return token


def renew(person: Person, *, is_proven: bool | None = None, is_confirmed: bool = False) -> str:
    """Give a session another token when it comes to mean more; the old one opens nothing.

    `is_proven`: whether a second factor counts as shown from here on; None leaves that as it is.
    `is_confirmed`: whether somebody showed every factor just now.
    """
    token, now = secrets.token_urlsafe(32), clock.machine_now()
    values: dict[str, Any] = {"hash": hash_of(token)}
    if is_confirmed:
        values["confirmed_at"] = now
    if is_proven is not None:
        values["proven_at"] = now if is_proven else None
    db.session.execute(update(Session).where(Session.id == person.session_id).values(**values))
    return token


def sessions_of(user_id: UUID) -> Sequence[Row[Any]]:
    """Return somebody's sessions that have not run out, the last seen first."""
    rows = db.session.execute(
        text(
            "SELECT s.id, s.created_at, s.seen_at, s.proven_at, s.address, s.user_agent, u.role,"
            f" {HAS_FACTOR} AS has_factor FROM sessions s"
            " JOIN users u ON u.id = s.user_id WHERE s.user_id = :id ORDER BY s.seen_at DESC, s.id"
        ),
        {"id": user_id},
    ).all()
    now = clock.machine_now()
    return [r for r in rows if not rules.has_ended(r.role, _stage(r), r.created_at, r.seen_at, now)]


def end(person: Person, session_id: UUID) -> None:
    """End one of somebody's own sessions."""
    found = db.session.execute(
        delete(Session)
        .where(Session.id == session_id, Session.user_id == person.id)
        .returning(Session.id)
    ).first()
    if found is None:
        raise NotFound("This session has ended already.")
    record("session_ended", actor_of(person))


def sign_out(person: Person) -> None:
    """End the session somebody is in."""
    db.session.execute(delete(Session).where(Session.id == person.session_id))
    record("signed_out", actor_of(person))


def end_all(user_id: UUID, *, besides: UUID | None = None) -> int:
    """End somebody's sessions, all or all but one; return how many."""
    condition = Session.id != besides if besides else text("true")
    ended = db.session.execute(
        delete(Session).where(Session.user_id == user_id, condition).returning(Session.id)
    )
    return len(ended.all())


def view_as(person: Person, code: str) -> None:
    """Let somebody of ops look at a vendor's portal, without changing anything in it."""
    vendor = db.session.execute(
        text("SELECT id, name FROM vendors WHERE code = :code"), {"code": code}
    ).first()
    if vendor is None:
        raise NotFound(f"There is no vendor '{code}'.")
    _set_view(person, vendor.id)
    record("view_as_vendor_began", actor_of(person), subject=vendor.name)


def leave_view(person: Person) -> None:
    """Go back to being oneself."""
    if person.viewing:
        _set_view(person, None)
        record("view_as_vendor_ended", actor_of(person), subject=person.viewing.name)


def _set_view(person: Person, vendor_id: UUID | None) -> None:
    db.session.execute(
        update(Session).where(Session.id == person.session_id).values(view_vendor_id=vendor_id)
    )


def actor_of(person: Person) -> Actor:
    """Return somebody as the audit trail names them."""
    return Actor("person", person.name, person.id, person.vendor_id, person.address)
