"""People with accounts, and browsers in which they have signed in: without the cost of a hash."""

from __future__ import annotations

from functools import cache
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.accounts import passwords, sessions
from app.accounts.contract import Origin, Person
from app.extensions import db
from app.shared import ids
from app.shared.work import ACCOUNTS, OPS, transaction

PASSWORD = "correct horse battery staple"
HERE = Origin("127.0.0.1", "Werkzeug")


@cache
def password_hash() -> str:
    """Return the hash of PASSWORD, made once a process."""
    return passwords.hash_of(PASSWORD)


def make_person(
    role: str = "ops_agent",
    name: str = "Imani Brooks",
    *,
    email: str | None = None,
    vendor: UUID | None = None,
) -> UUID:
    """Return a new person whose password is PASSWORD."""
    user_id = ids.new()
    address = email or f"{name.split(maxsplit=1)[0].lower()}.{role}@example.org"
    values = {"id": user_id, "email": address, "name": name, "role": role, "vendor": vendor}
    with transaction(ACCOUNTS):
        db.session.execute(
            text(
                "INSERT INTO users (id, email, name, role, vendor_id, password_hash)"
                " VALUES (:id, :email, :name, :role, :vendor, :hash)"
            ),
            values | {"hash": password_hash()},
        )
    return user_id


def person_of(user_id: UUID, *, is_proven: bool = True) -> Person:
    """Return somebody in a new session, as the guard would find them."""
    with transaction(ACCOUNTS):
        token = sessions.open_session(user_id, HERE, is_proven=is_proven)
    found = sessions.find(token)
    assert found is not None
    return found


def browser_of(app: Flask, user_id: UUID, *, is_proven: bool = True) -> FlaskClient:
    """Return a browser in which somebody has signed in, with the second factor unless said."""
    with transaction(ACCOUNTS):
        token = sessions.open_session(user_id, HERE, is_proven=is_proven)
    browser = app.test_client()
    with browser.session_transaction() as kept:
        kept["_user_id"], kept["_fresh"] = token, True
    return browser


def sign_in_as(app: Flask, role: str, *, vendor: UUID | None = None) -> FlaskClient:
    """Return a browser in which a new person of a role has signed in."""
    return browser_of(app, make_person(role, f"{role.title()} Person", vendor=vendor))


def vendor_id(code: str) -> UUID:
    """Return a vendor's key."""
    with transaction(OPS):
        found: UUID = db.session.scalar(
            text("SELECT id FROM vendors WHERE code = :code"), {"code": code}
        )
    return found
