"""Who somebody is: passwords and keys."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select, text

from app.accounts.models import ApiKey, User
from app.extensions import db
from app.shared import chance, clock, ids
from app.shared.work import OPS, SIGN_IN, Scope, transaction, vendor_scope

# OWASP Password Storage: Argon2id with 19 MiB, 2 passes, 1 lane.
hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
ROLES = ("ops_agent", "ops_lead", "senior_management", "administrator")
# Verified when no account has the address, so that both answers take the same time.
NOBODY = hasher.hash("nobody")


@dataclass(frozen=True, slots=True)
class Principal:
    """A program that has shown its key: its name in timelines, and what its rows are."""

    name: str
    scope: Scope
    vendor_id: UUID | None

    @property
    def is_marketplace(self) -> bool:
        """Return whether it acts for the whole marketplace."""
        return self.vendor_id is None


def verify_password(email: str, password: str) -> User | None:
    """Return the active user with this address and password, or nobody."""
    with transaction(SIGN_IN):
        user = db.session.scalar(select(User).where(User.email == email.strip().lower()))
        try:
            hasher.verify(user.password_hash if user else NOBODY, password)
        except (VerifyMismatchError, InvalidHashError):
            return None
        return user if user and user.is_active else None


def user_by_id(user_id: str) -> User | None:
    """Return the active user of a session, or nobody."""
    with transaction(SIGN_IN):
        user = db.session.get(User, UUID(user_id))
        return user if user and user.is_active else None


def principal_of(token: str) -> Principal | None:
    """Return whose key this is, or nobody; revoked keys are nobody's."""
    with transaction(SIGN_IN):
        key = db.session.scalar(
            select(ApiKey).where(ApiKey.hash == hash_of(token), ApiKey.revoked_at.is_(None))
        )
    if key is None:
        return None
    scope = vendor_scope(key.vendor_id) if key.vendor_id else OPS
    return Principal(key.name, scope, key.vendor_id)


def hash_of(token: str) -> str:
    """Return what is kept of a key; keys are random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def ensure_user(email: str, name: str, role: str, password: str) -> None:
    """Create a user, or give an existing one this name, role and password."""
    db.session.execute(
        text(
            "INSERT INTO users (id, email, name, role, password_hash)"
            " VALUES (:id, lower(:email), :name, :role, :hash) ON CONFLICT (email) DO UPDATE"
            " SET name = excluded.name, role = excluded.role,"
            " password_hash = excluded.password_hash"
        ),
        {
            "id": ids.new(),
            "email": email,
            "name": name,
            "role": role,
            "hash": hasher.hash(password),
        },
    )


def ensure_key(name: str, token: str, vendor_id: UUID | None = None) -> None:
    """Create a key, or give an existing one of this name another token."""
    values = {"id": ids.new(), "name": name, "hash": hash_of(token), "vendor": vendor_id}
    db.session.execute(
        text(
            "INSERT INTO api_keys (id, name, hash, scope, vendor_id, created_at)"
            " VALUES (:id, :name, :hash, :scope, :vendor, :now)"
            " ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, scope = excluded.scope,"
            " vendor_id = excluded.vendor_id, revoked_at = NULL"
        ),
        values | {"scope": "vendor" if vendor_id else "marketplace", "now": clock.machine_now()},
    )


def new_password() -> str:
    """Return a password that can be read out: four groups of five, 80 bits."""
    return "-".join(secrets.token_hex(3)[:5] for _ in range(4))


def new_token() -> str:
    """Return a new key, recognizable as ours where it must not be."""
    return f"onw_{chance.secret()}"
