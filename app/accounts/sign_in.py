"""Coming in: a password, a second factor, and proving again that one is there.

Each opens its own transactions: a try is counted, and committed, before it is judged.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.accounts import factors, links, passwords, sessions, throttle
from app.accounts.contract import Origin, Person
from app.accounts.mails import tell
from app.accounts.sessions import HAS_FACTOR, actor_of
from app.accounts.throttle import Buckets
from app.audit.contract import Actor, nobody
from app.audit.service import record
from app.extensions import db
from app.shared import ids, signed
from app.shared.errors import InvalidInput
from app.shared.work import ACCOUNTS, transaction

BY_EMAIL = text(
    f"SELECT u.id, u.name, u.role, u.vendor_id, u.password_hash, {HAS_FACTOR} AS has_factor,"
    " u.password_changed_at,"
    " u.is_active AND v.status IS DISTINCT FROM 'closed' AS is_active FROM users u"
    " LEFT JOIN vendors v ON v.id = u.vendor_id WHERE u.email = :email"
)
CHANGED = text("SELECT password_changed_at FROM users WHERE id = :id")
KEPT = text("SELECT password_hash, password_changed_at FROM users WHERE id = :id")
REHASH = text("UPDATE users SET password_hash = :hash WHERE id = :id")


def device_token(person: Person) -> str:
    """Return what a browser keeps to be known as one that somebody has signed in with."""
    with transaction(ACCOUNTS):
        changed_at = db.session.scalar(CHANGED, {"id": person.id})
    return signed.token(_device_of(person.id, changed_at), ids.new())


def _device_of(user_id: UUID, changed_at: datetime | None) -> str:
    # With the password goes every browser that knew it.
    return f"device {user_id} {changed_at and changed_at.timestamp()}"


def by_password(email: str, password: str, origin: Origin) -> str | None:
    """Return the token of a new session, or nothing if the pair is wrong.

    Raises TooMany. An unknown address costs as much, and is answered as a wrong password is.
    """
    with transaction(ACCOUNTS):
        row = db.session.execute(BY_EMAIL, {"email": email.strip().lower()}).first()
    device = _device(row.id, row.password_changed_at, origin) if row else None
    buckets = throttle.guesses("sign-in", email, origin, device=device)
    throttle.admit(buckets)
    is_right = passwords.fits(row.password_hash if row else None, password)
    with transaction(ACCOUNTS):
        if row is None or not is_right or not row.is_active:
            record("signed_in", _actor(row, origin), is_done=False)
            return None
        throttle.forgive(buckets)
        if passwords.is_weak(row.password_hash):
            db.session.execute(REHASH, {"hash": passwords.hash_of(password), "id": row.id})
        # Whoever is still to show a second factor is not in yet.
        record("password_shown" if row.has_factor else "signed_in", _actor(row, origin))
        return sessions.open_session(row.id, origin, is_proven=False)


def _device(user_id: UUID, changed_at: datetime, origin: Origin) -> UUID | None:
    return signed.name_in(_device_of(user_id, changed_at), origin.device)


def _actor(row: Row[Any] | None, origin: Origin) -> Actor:
    """Return who tried; what was typed for an address may be a password in the wrong field."""
    if row is None:
        return nobody(origin.address)
    return Actor("person", row.name, row.id, row.vendor_id, origin.address)


def by_code(person: Person, code: str, origin: Origin) -> str | None:
    """Return the session's new token if the second factor is right; raises TooMany."""
    tries = _admit(person, origin)
    with transaction(ACCOUNTS):
        return _judged(person, "signed_in", tries, is_right=factors.takes(person.id, code))


def confirm(person: Person, password: str, code: str, origin: Origin) -> str | None:
    """Return the session's new token if somebody proves again who they are; raises TooMany.

    Whoever has a second factor shows it too: a code here, a passkey by itself.
    """
    tries = _admit(person, origin)
    is_right = _fits(person.id, password)
    with transaction(ACCOUNTS):
        if is_right and person.has_factor:
            is_right = factors.takes(person.id, code)
        return _judged(person, "confirmed", tries, is_right=is_right)


def change_password(
    person: Person, current: str, new: str, *, end_others: bool, origin: Origin
) -> str:
    """Change somebody's password, which takes the current one; return the session's new token.

    Raises InvalidInput and TooMany.
    """
    tries = _admit(person, origin)
    if not _fits(person.id, current):
        with transaction(ACCOUNTS):
            record("password_changed", actor_of(person), is_done=False)
        wrong = "This is not your current password."
        raise InvalidInput("The password was not changed.", current=wrong)
    with transaction(ACCOUNTS):
        throttle.forgive(tries)
        links.set_password(person.id, passwords.checked(new, email=person.email, name=person.name))
        if end_others:
            sessions.end_all(person.id, besides=person.session_id)
        record("password_changed", actor_of(person))
        tell("account_password_changed", person)
        return sessions.renew(person)


def _tries(person: Person, origin: Origin) -> Buckets:
    """Return what counts the tries of somebody whose password was right."""
    with transaction(ACCOUNTS):
        changed_at = db.session.scalar(CHANGED, {"id": person.id})
    device = _device(person.id, changed_at, origin)
    return throttle.guesses("code", person.email, origin, device=device, whole=throttle.CODE)


def _admit(person: Person, origin: Origin) -> Buckets:
    """Count a try and return where; when it is the last free one, tell whose account it is."""
    tries = _tries(person, origin)
    if throttle.admit(tries):
        with transaction(ACCOUNTS):
            tell("account_guessed", person)
    return tries


def _judged(person: Person, action: str, tries: Buckets, *, is_right: bool) -> str | None:
    record(action, actor_of(person), is_done=is_right)
    if not is_right:
        return None
    throttle.forgive(tries)
    return sessions.renew(person, is_proven=True if person.has_factor else None, is_confirmed=True)


def _fits(user_id: UUID, password: str) -> bool:
    with transaction(ACCOUNTS):
        kept = db.session.execute(KEPT, {"id": user_id}).one()
    return passwords.fits(kept.password_hash, password)
