"""People with accounts: who they are, what they may do, and who looks after them.

All work in the open transaction. Somebody of a vendor reaches their own vendor's people only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text, update

from app.accounts import factors, links, passwords, rules, sessions, throttle
from app.accounts.contract import ROLES, VENDOR_ROLES, Person
from app.accounts.models import Link, User
from app.accounts.sessions import actor_of
from app.audit.service import record
from app.extensions import db
from app.notifications.service import tell_person
from app.shared import clock, ids
from app.shared.errors import Conflict, InvalidInput, NotAllowed, NotFound

MOST = 500
PEOPLE = (
    "SELECT u.id, u.email, u.name, u.role, u.vendor_id, v.name AS vendor_name, u.is_active,"
    " u.is_barred, u.created_at, u.password_changed_at, u.totp_seed IS NOT NULL"
    "  OR EXISTS (SELECT FROM passkeys p WHERE p.user_id = u.id) AS has_factor,"
    " (SELECT max(s.seen_at) FROM sessions s WHERE s.user_id = u.id) AS seen_at,"
    " (SELECT count(*) FROM sessions s WHERE s.user_id = u.id) AS sessions,"
    " (SELECT document->>'language' FROM preferences d WHERE d.user_id = u.id) AS language"
    " FROM users u LEFT JOIN vendors v ON v.id = u.vendor_id"
)
LISTED = text(
    f"{PEOPLE} WHERE (CAST(:vendor AS uuid) IS NULL OR u.vendor_id = :vendor)"
    " AND (:q = '' OR strpos(lower(u.name || ' ' || u.email), lower(:q)) > 0)"
    " ORDER BY NOT u.is_active, u.vendor_id IS NOT NULL, v.name, lower(u.name), u.id LIMIT :most"
)
ONE = text(
    f"{PEOPLE} WHERE u.id = :id AND (CAST(:vendor AS uuid) IS NULL OR u.vendor_id = :vendor)"
)
INVITED = text(
    "SELECT l.id, l.email, l.name, l.role, l.vendor_id, v.name AS vendor_name, l.made_by,"
    " l.made_at, l.expires_at, l.expires_at <= :now AS is_over FROM links l"
    " LEFT JOIN vendors v ON v.id = l.vendor_id WHERE l.purpose = 'invitation'"
    " AND l.used_at IS NULL AND l.revoked_at IS NULL"
    " AND (CAST(:vendor AS uuid) IS NULL OR l.vendor_id = :vendor)"
    " ORDER BY l.made_at DESC, l.id LIMIT :most"
)


def people(vendor_id: UUID | None = None, q: str = "") -> Sequence[Row[Any]]:
    """Return everybody with an account, or one vendor's people; `q` is part of name or e-mail."""
    return db.session.execute(LISTED, {"vendor": vendor_id, "q": q, "most": MOST}).all()


def person(user_id: UUID, by: Person) -> Row[Any]:
    """Return one of the people somebody looks after."""
    row = db.session.execute(ONE, {"id": user_id, "vendor": by.vendor_id}).first()
    if row is None:
        raise NotFound("There is no such person.")
    return row


def invitations(vendor_id: UUID | None = None) -> Sequence[Row[Any]]:
    """Return invitations that were not accepted, the newest first."""
    values = {"vendor": vendor_id, "most": MOST, "now": clock.machine_now()}
    return db.session.execute(INVITED, values).all()


def change_name(who: Person, name: str) -> None:
    """Change how somebody is called."""
    rules.require_plain_name(name)
    db.session.execute(update(User).where(User.id == who.id).values(name=name))
    record("name_changed", actor_of(who), subject=name, was=who.name, now=name)


def invite(email: str, name: str, role: str, vendor_id: UUID | None, by: Person) -> None:
    """Invite somebody; whoever has an account or an invitation already is named."""
    wanted = email.strip().lower()
    vendor = vendor_id if role in VENDOR_ROLES else None
    if role not in ROLES or (role in VENDOR_ROLES) != (vendor is not None):
        raise InvalidInput("Nobody was invited.", role="Choose a role, and a vendor if it has one.")
    if not rules.may_manage(by.role, by.vendor_id, role, vendor):
        raise NotAllowed("Your role may not invite to this one.")
    rules.require_plain_name(name)
    throttle.count(throttle.mails(wanted, str(by.id)))
    if _is_known(wanted, by):
        raise InvalidInput("Nobody was invited.", email="This address has an account already.")
    if _is_invited(wanted, vendor):
        raise InvalidInput("Nobody was invited.", email="This address is invited already.")
    links.invite(wanted, name, role, vendor, by)
    record("invitation_sent", actor_of(by), subject=name, role=role)


def _is_known(email: str, by: Person) -> bool:
    # A vendor learns of its own people only; anybody else's address is told by its own mail.
    found = text(
        "SELECT id FROM users WHERE email = :email"
        " AND (CAST(:vendor AS uuid) IS NULL OR vendor_id = :vendor)"
    )
    return db.session.scalar(found, {"email": email, "vendor": by.vendor_id}) is not None


def _is_invited(email: str, vendor_id: UUID | None) -> bool:
    # Two who invite the same person at once: the second sees the first's.
    db.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"invitation {email}"}
    )
    found = text(
        "SELECT id FROM links WHERE purpose = 'invitation' AND email = :email"
        " AND vendor_id IS NOT DISTINCT FROM :vendor AND used_at IS NULL AND revoked_at IS NULL"
    )
    return db.session.scalar(found, {"email": email, "vendor": vendor_id}) is not None


def _invitation(link_id: UUID, by: Person) -> Row[Any]:
    row = db.session.execute(
        text(
            "SELECT id, email, name, role FROM links WHERE id = :id AND purpose = 'invitation'"
            " AND used_at IS NULL AND revoked_at IS NULL"
            " AND (CAST(:vendor AS uuid) IS NULL OR vendor_id = :vendor) FOR UPDATE"
        ),
        {"id": link_id, "vendor": by.vendor_id},
    ).first()
    if row is None:
        raise NotFound("This invitation was accepted or taken back already.")
    return row


def revoke_invitation(link_id: UUID, by: Person) -> None:
    """Take an invitation back: its link opens nothing."""
    row = _invitation(link_id, by)
    _change_link(row.id, revoked_at=clock.machine_now())
    record("invitation_revoked", actor_of(by), subject=row.name)


def renew_invitation(link_id: UUID, by: Person) -> None:
    """Send an invitation again; the link of the mail before opens nothing any more."""
    row = _invitation(link_id, by)
    throttle.count(throttle.mails(row.email, str(by.id)))
    fresh, now = ids.new(), clock.machine_now()
    _change_link(row.id, id=fresh, made_at=now, expires_at=now + links.LIVES["invitation"])
    links.tell_invited(fresh, row.email, row.name, by.name)
    record("invitation_sent", actor_of(by), subject=row.name, role=row.role)


def _change_link(link_id: UUID, **values: Any) -> None:
    db.session.execute(update(Link).where(Link.id == link_id).values(**values))


def _managed(user_id: UUID, by: Person) -> Row[Any]:
    """Return somebody whom this person may change, held until the transaction ends."""
    # One at a time: two administrators who switch each other off must not both succeed.
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtext('people'))"))
    row = person(user_id, by)
    if row.id == by.id:
        raise NotAllowed("Somebody else has to change this for you.")
    if not rules.may_manage(by.role, by.vendor_id, row.role, row.vendor_id):
        raise NotAllowed("Your role may not change this person.")
    return row


def _require_another_administrator(row: Row[Any]) -> None:
    others = text(
        "SELECT count(*) FROM users WHERE role = 'administrator' AND is_active AND id <> :id"
    )
    if row.role == "administrator" and not db.session.scalar(others, {"id": row.id}):
        raise Conflict(f"{row.name} is the last administrator. Make somebody else one first.")


def _put_out(row: Row[Any]) -> None:
    """End somebody's sessions, and what links of theirs would still open."""
    sessions.end_all(row.id)
    links.revoke_all(row.id)


def change_role(user_id: UUID, role: str, by: Person) -> None:
    """Give somebody another role; they sign in again to have it."""
    row = _managed(user_id, by)
    if role not in ROLES or (role in VENDOR_ROLES) != (row.role in VENDOR_ROLES):
        raise InvalidInput("The role was not changed.", role="Choose one of the roles offered.")
    if not rules.may_manage(by.role, by.vendor_id, role, row.vendor_id):
        raise NotAllowed("Your role may not give this one.")
    if role == row.role:
        return
    _require_another_administrator(row)
    db.session.execute(update(User).where(User.id == row.id).values(role=role))
    _put_out(row)
    record(
        "role_changed", actor_of(by), subject=row.name, person=str(row.id), was=row.role, now=role
    )


def set_active(user_id: UUID, is_active: bool, by: Person) -> None:  # noqa: FBT001 - what is set
    """Switch somebody off, which ends their sessions at once, or on again."""
    row = _managed(user_id, by)
    if row.is_active == is_active:
        return
    if is_active and row.is_barred and by.vendor_id:
        raise NotAllowed("The marketplace switched this person off; only it can undo that.")
    if not is_active:
        _require_another_administrator(row)
        _put_out(row)
    values = {"is_active": is_active, "is_barred": not is_active and by.vendor_id is None}
    db.session.execute(update(User).where(User.id == row.id).values(**values))
    action = "person_switched_on" if is_active else "person_switched_off"
    record(action, actor_of(by), subject=row.name, person=str(row.id))


def forget_factor(user_id: UUID, by: Person) -> None:
    """Let somebody who lost their second factor enrol another one; they sign in again for it."""
    row = _managed(user_id, by)
    factors.forget(row.id)
    _put_out(row)
    record("factor_forgotten", actor_of(by), subject=row.name, person=str(row.id))
    tell_person("account_factor_removed", row.email, {"name": row.name}, row.language)


def sign_out_person(user_id: UUID, by: Person) -> int:
    """End all sessions of somebody; return how many."""
    row = _managed(user_id, by)
    ended = sessions.end_all(row.id)
    record("person_signed_out", actor_of(by), subject=row.name, person=str(row.id))
    return ended


def ensure_user(
    email: str, name: str, role: str, password: str, vendor_id: UUID | None = None
) -> UUID:
    """Create a person, or give an existing one this name, role and password.

    For the command line and the demonstration: no person stands behind it.
    """
    found: UUID = db.session.scalar(
        text(
            "INSERT INTO users (id, email, name, role, vendor_id, password_hash)"
            " VALUES (:id, lower(:email), :name, :role, :vendor, :hash) ON CONFLICT (email)"
            " DO UPDATE SET name = excluded.name, role = excluded.role,"
            " vendor_id = excluded.vendor_id, password_hash = excluded.password_hash RETURNING id"
        ),
        {
            "id": ids.new(),
            "email": email,
            "name": name,
            "role": role,
            "vendor": vendor_id,
            "hash": passwords.hash_of(password),
        },
    )
    return found
