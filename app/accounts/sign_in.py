"""Coming in: a password, a second factor, and proving again that one is there.

Each opens its own transactions: a try is counted, and committed, before it is judged.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.accounts import factors, passwords, sessions, throttle
from app.accounts.contract import Origin, Person
from app.accounts.sessions import actor_of
from app.accounts.throttle import Buckets
from app.audit.contract import Actor, nobody
from app.audit.service import record
from app.extensions import db
from app.shared import signed
from app.shared.work import ACCOUNTS, transaction

DEVICE = "device"
BY_EMAIL = text(
    "SELECT u.id, u.name, u.role, u.vendor_id, u.password_hash,"
    " u.is_active AND v.status IS DISTINCT FROM 'closed' AS is_active FROM users u"
    " LEFT JOIN vendors v ON v.id = u.vendor_id WHERE u.email = :email"
)
REHASH = text("UPDATE users SET password_hash = :hash WHERE id = :id")


def device_token(user_id: UUID) -> str:
    """Return what a browser keeps to be known as one that somebody has signed in with."""
    return signed.token(DEVICE, user_id)


def by_password(email: str, password: str, origin: Origin) -> str | None:
    """Return the token of a new session, or nothing if the pair is wrong.

    Raises TooMany. An unknown address costs as much, and is answered as a wrong password is.
    """
    with transaction(ACCOUNTS):
        row = db.session.execute(BY_EMAIL, {"email": email.strip().lower()}).first()
    buckets = _buckets("sign-in", email, row, origin)
    throttle.admit(buckets)
    is_right = passwords.fits(row.password_hash if row else None, password)
    with transaction(ACCOUNTS):
        if row is None or not is_right or not row.is_active:
            record("signed_in", _actor(row, origin), is_done=False)
            return None
        throttle.forgive(buckets)
        if passwords.is_weak(row.password_hash):
            db.session.execute(REHASH, {"hash": passwords.hash_of(password), "id": row.id})
        record("signed_in", _actor(row, origin))
        return sessions.open_session(row.id, origin, is_proven=False)


def _buckets(what: str, name: str, row: Row[Any] | None, origin: Origin) -> Buckets:
    known = signed.name_in(DEVICE, origin.device)
    is_known = row is not None and known == row.id
    return throttle.guesses(what, name, origin, is_known_device=is_known)


def _actor(row: Row[Any] | None, origin: Origin) -> Actor:
    """Return who tried; what was typed for an address may be a password in the wrong field."""
    if row is None:
        return nobody(origin.address)
    return Actor("person", row.name, row.id, row.vendor_id, origin.address)


def by_code(person: Person, code: str, origin: Origin) -> str | None:
    """Return the session's new token if the second factor is right; raises TooMany."""
    return _prove(person, None, code, origin, "second_factor_shown")


def confirm(person: Person, password: str, code: str, origin: Origin) -> str | None:
    """Return the session's new token if somebody proves again who they are; TooMany."""
    return _prove(person, password, code, origin, "confirmed")


def _prove(
    person: Person, password: str | None, code: str, origin: Origin, action: str
) -> str | None:
    buckets = throttle.guesses("code", person.email, origin)
    throttle.admit(buckets)
    is_right = password is None or _fits(person.id, password)
    with transaction(ACCOUNTS):
        # A passkey's owner without an app confirms by password alone, having come in by passkey.
        needs_code = password is None or factors.has_app(person.id)
        if not is_right or (needs_code and not factors.takes(person.id, code)):
            record(action, actor_of(person), is_done=False)
            return None
        throttle.forgive(buckets)
        record(action, actor_of(person))
        return sessions.renew(person, is_proven=True if needs_code else None)


def _fits(user_id: UUID, password: str) -> bool:
    with transaction(ACCOUNTS):
        kept = db.session.scalar(
            text("SELECT password_hash FROM users WHERE id = :id"), {"id": user_id}
        )
    return passwords.fits(kept, password)
