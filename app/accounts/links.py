"""Links that open one thing once: a new password, an invitation, another e-mail address.

What opens a link is made from its id and the secret key when its mail leaves; nothing that is
stored does (ASVS 5.0 6.4.1). All work in the open transaction, `ask_reset` in its own.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, or_, text, update
from sqlalchemy.exc import IntegrityError

from app.accounts import passwords, rules, sessions, throttle
from app.accounts.contract import Origin, Person
from app.accounts.mails import tell
from app.accounts.models import Link, User
from app.accounts.sessions import actor_of
from app.audit.contract import Actor, nobody
from app.audit.service import record
from app.extensions import db
from app.notifications.service import tell_person
from app.shared import clock, ids, signed
from app.shared.errors import Conflict, InvalidInput, NotFound
from app.shared.work import ACCOUNTS, transaction

LIVES = {
    "reset": timedelta(minutes=30),
    "invitation": timedelta(hours=72),
    "email": timedelta(minutes=30),
}
COMMAND_LINE = "The command line"
DEAD = "This link has been used, is too old, or was never ours. Ask for a new one."

OPEN = text(
    "SELECT l.id, l.user_id, l.email, l.name, l.role, l.vendor_id, l.made_by, l.expires_at,"
    " v.name AS vendor_name, u.name AS user_name, u.email AS user_email, u.role AS user_role,"
    " u.vendor_id AS user_vendor_id, d.document->>'language' AS user_language"
    " FROM links l LEFT JOIN vendors v ON v.id = l.vendor_id"
    " LEFT JOIN users u ON u.id = l.user_id LEFT JOIN preferences d ON d.user_id = u.id"
    " WHERE l.id = :id AND l.purpose = :purpose"
    " AND l.used_at IS NULL AND l.revoked_at IS NULL AND l.expires_at > :now"
    " AND coalesce(u.is_active, true) AND v.status IS DISTINCT FROM 'closed'"
)
# One statement whether or not somebody has the address, so that both take the same time.
ASKED = text(
    "INSERT INTO links (id, purpose, user_id, email, made_by, made_at, expires_at)"
    " SELECT :id, 'reset', u.id, u.email, 'themselves', :now, :until FROM users u"
    " LEFT JOIN vendors v ON v.id = u.vendor_id WHERE u.email = :email AND u.is_active"
    " AND v.status IS DISTINCT FROM 'closed' RETURNING user_id, email,"
    " (SELECT document->>'language' FROM preferences d WHERE d.user_id = links.user_id) AS language"
)


def ask_reset(email: str, origin: Origin) -> None:
    """Send a link for a new password to whoever has this address; nobody learns whether."""
    buckets = {
        f"reset account {throttle.account(email)}": throttle.MAIL,
        f"reset address {throttle.place(origin.address)}": throttle.ADDRESS,
    }
    throttle.admit(buckets)
    now, link_id = clock.machine_now(), ids.new()
    values = {"id": link_id, "now": now, "until": now + LIVES["reset"]}
    with transaction(ACCOUNTS):
        row = db.session.execute(ASKED, values | {"email": email.strip().lower()}).first()
        record("reset_asked", nobody(origin.address), is_done=row is not None)
        if row is not None:
            tell_person("account_reset", row.email, _link_facts("reset", link_id), row.language)


def _link_facts(purpose: str, link_id: UUID) -> dict[str, Any]:
    return {"purpose": purpose, "link_id": str(link_id)}


def read_link(purpose: str, token: str) -> Row[Any] | None:
    """Return what a link is for while it is good."""
    name = signed.name_in(purpose, token)
    values = {"id": name, "purpose": purpose, "now": clock.machine_now()}
    return db.session.execute(OPEN, values).first() if name else None


def _use(purpose: str, token: str) -> Row[Any]:
    link = read_link(purpose, token)
    if link is None or not _is_first(link.id):
        raise NotFound(DEAD)
    return link


def _is_first(link_id: UUID) -> bool:
    """Return whether a link had not been used before, and use it."""
    unused = Link.id == link_id, Link.used_at.is_(None), Link.revoked_at.is_(None)
    used = update(Link).where(*unused).values(used_at=clock.machine_now()).returning(Link.id)
    return db.session.execute(used).first() is not None


def reset(token: str, password: str, origin: Origin) -> None:
    """Give somebody a new password and end all their sessions; a second factor is still asked."""
    link = _use("reset", token)
    hashed = passwords.checked(password, email=link.user_email, name=link.user_name)
    set_password(link.user_id, hashed)
    sessions.end_all(link.user_id)
    who = Actor("person", link.user_name, link.user_id, link.user_vendor_id, origin.address)
    record("password_reset", who)
    tell_person(
        "account_password_changed", link.user_email, {"name": link.user_name}, link.user_language
    )


def set_password(user_id: UUID, hashed: str) -> None:
    """Keep a new password; what anybody asked for with the old one is dead."""
    now = clock.machine_now()
    db.session.execute(
        update(User).where(User.id == user_id).values(password_hash=hashed, password_changed_at=now)
    )
    revoke_all(user_id)


def revoke_all(user_id: UUID) -> None:
    """Make every open link of somebody dead, and every invitation they sent."""
    theirs = or_(Link.user_id == user_id, Link.inviter_id == user_id)
    still_open = Link.used_at.is_(None), Link.revoked_at.is_(None)
    now = clock.machine_now()
    db.session.execute(update(Link).where(theirs, *still_open).values(revoked_at=now))


def invite(
    email: str, name: str, role: str, vendor_id: UUID | None = None, by: Person | None = None
) -> UUID:
    """Send an invitation; whether `by` may is `people.invite`'s word. Return the link's id."""
    now, link_id = clock.machine_now(), ids.new()
    values = {"id": link_id, "purpose": "invitation", "email": email, "name": name, "role": role}
    sender, inviter_id = (by.name, by.id) if by else (COMMAND_LINE, None)
    until = now + LIVES["invitation"]
    db.session.execute(
        insert(Link).values(
            **values,
            vendor_id=vendor_id,
            made_by=sender,
            inviter_id=inviter_id,
            made_at=now,
            expires_at=until,
        )
    )
    tell_invited(link_id, email, name, sender)
    return link_id


def tell_invited(link_id: UUID, email: str, name: str, by: str) -> None:
    """Send the mail of an invitation."""
    facts = {"name": name, "by": by, **_link_facts("invitation", link_id)}
    tell_person("account_invitation", email, facts)


def accept(token: str, name: str, password: str, origin: Origin) -> str:
    """Make the account an invitation promised, and return the token of its first session."""
    rules.require_plain_name(name)
    link = _use("invitation", token)
    hashed, user_id = passwords.checked(password, email=link.email, name=name), ids.new()
    values = {"id": user_id, "email": link.email, "name": name, "role": link.role}
    try:
        db.session.execute(
            insert(User).values(
                **values, vendor_id=link.vendor_id, password_hash=hashed, is_active=True
            )
        )
    except IntegrityError:
        raise Conflict("This address has an account already. Sign in with it.") from None
    who = Actor("person", name, user_id, link.vendor_id, origin.address)
    record("invitation_accepted", who, role=link.role)
    return sessions.open_session(user_id, origin, is_proven=False)


def change_email(person: Person, email: str) -> None:
    """Send a link to a new address; until it is followed, nothing changes."""
    wanted = email.strip().lower()
    throttle.count(throttle.mails(wanted, str(person.id)))
    if wanted == person.email:
        raise InvalidInput("The e-mail was not changed.", email="This is your e-mail already.")
    now, link_id = clock.machine_now(), ids.new()
    values = {"id": link_id, "purpose": "email", "user_id": person.id, "email": wanted}
    until = now + LIVES["email"]
    db.session.execute(
        insert(Link).values(**values, made_by=person.name, made_at=now, expires_at=until)
    )
    record("email_change_asked", actor_of(person))
    facts = {"name": person.name, **_link_facts("email", link_id)}
    tell_person("account_email_confirm", wanted, facts, person.preferences.language)
    tell("account_email_asked", person)


def confirm_email(token: str, origin: Origin) -> None:
    """Move an account to the address its link was sent to, and tell the old one."""
    link = _use("email", token)
    try:
        db.session.execute(update(User).where(User.id == link.user_id).values(email=link.email))
    except IntegrityError:
        # Said only to whoever reads the new address's mail.
        raise Conflict("This address has an account of its own. Choose another.") from None
    revoke_all(link.user_id)
    who = Actor("person", link.user_name, link.user_id, link.user_vendor_id, origin.address)
    record("email_changed", who)
    tell_person(
        "account_email_changed", link.user_email, {"name": link.user_name}, link.user_language
    )
