"""Programs' keys: shown once, kept as a hash, limited to their rights, known by their last use.

All but `principal_of` work in the open transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.accounts.contract import MARKETPLACE_RIGHTS, VENDOR_RIGHTS, Person
from app.accounts.sessions import actor_of, hash_of
from app.audit.contract import Actor
from app.audit.service import record
from app.extensions import db
from app.shared import chance, clock, ids
from app.shared.errors import Conflict, InvalidInput, NotFound
from app.shared.work import ACCOUNTS, OPS, one_row, transaction, vendor_scope
from app.timeline.service import SYSTEM
from app.unit import Scope

# A key's use is written down this often: a call need not cost a write.
USED_EVERY = timedelta(minutes=1)
HINT = 8
# More keys than this are not looked after.
MOST = 200

KNOWN = (
    "SELECT k.id, k.name, k.vendor_id, k.rights, k.used_at FROM api_keys k"
    " LEFT JOIN vendors v ON v.id = k.vendor_id WHERE k.hash = %(hash)s AND k.revoked_at IS NULL"
    " AND v.status IS DISTINCT FROM 'closed'"
)
USED = text("UPDATE api_keys SET used_at = :now WHERE id = :id")
NEW = text(
    "INSERT INTO api_keys (id, name, hash, hint, scope, rights, vendor_id, made_by, created_at)"
    " VALUES (:id, :name, :hash, :hint, :scope, :rights, :vendor, :by, :now)"
    " ON CONFLICT (name, vendor_id) WHERE revoked_at IS NULL"
)
ANEW = "DO UPDATE SET hash = excluded.hash, hint = excluded.hint, rights = excluded.rights"


@dataclass(frozen=True, slots=True)
class Principal:
    """A program that has shown its key: its name in timelines, its rows, and what it may do."""

    id: UUID
    name: str
    scope: Scope
    vendor_id: UUID | None
    rights: frozenset[str]

    @property
    def is_marketplace(self) -> bool:
        """Return whether it acts for the whole marketplace."""
        return self.vendor_id is None

    def actor(self, address: str) -> Actor:
        """Return it as the audit trail names it."""
        return Actor("key", self.name, self.id, self.vendor_id, address)


def principal_of(token: str) -> Principal | None:
    """Return whose key this is, or nobody; revoked keys are nobody's."""
    now = clock.machine_now()
    row = one_row(ACCOUNTS, KNOWN, {"hash": hash_of(token)})
    if row is None:
        return None
    if row.used_at is None or now - row.used_at > USED_EVERY:
        with transaction(ACCOUNTS):
            db.session.execute(USED, {"now": now, "id": row.id})
    scope = vendor_scope(row.vendor_id) if row.vendor_id else OPS
    return Principal(row.id, row.name, scope, row.vendor_id, frozenset(row.rights))


def rights_of(vendor_id: UUID | None) -> tuple[str, ...]:
    """Return all that a key of a vendor, or of the marketplace, may be allowed."""
    return VENDOR_RIGHTS if vendor_id else MARKETPLACE_RIGHTS


def keys(vendor_id: UUID | None = None) -> Sequence[Row[Any]]:
    """Return keys, those in use first: everybody's, or one vendor's."""
    return db.session.execute(
        text(
            "SELECT k.id, k.name, k.hint, k.rights, k.made_by, k.created_at, k.used_at,"
            " k.revoked_at, k.vendor_id, v.name AS vendor FROM api_keys k"
            " LEFT JOIN vendors v ON v.id = k.vendor_id"
            " WHERE CAST(:vendor AS uuid) IS NULL OR k.vendor_id = :vendor"
            " ORDER BY k.revoked_at IS NOT NULL, v.name NULLS FIRST, k.name, k.created_at DESC"
            " LIMIT :most"
        ),
        {"vendor": vendor_id, "most": MOST},
    ).all()


def create(name: str, rights: Sequence[str], vendor_id: UUID | None, by: Person) -> str:
    """Create a key and return its token, which nobody can see again."""
    if name.casefold() == SYSTEM:
        raise InvalidInput("The key was not made.", name=f"'{name}' is the platform's own name.")
    unknown = sorted(set(rights) - set(rights_of(vendor_id)))
    if unknown or not rights:
        which = ", ".join(unknown) or "none chosen"
        raise InvalidInput("The key was not made.", rights=f"Choose what it may do ({which}).")
    token = new_token()
    made = db.session.execute(
        text(f"{NEW.text} DO NOTHING RETURNING id"),
        _values(name, token, rights, vendor_id, by.name),
    ).first()
    if made is None:
        raise InvalidInput("The key was not made.", name=f"There is a key '{name}' already.")
    record("key_made", actor_of(by), subject=name, rights=sorted(rights))
    return token


def revoke(key_id: UUID, by: Person) -> None:
    """Make a key nobody's from now on; a vendor's person reaches its own vendor's keys only."""
    row = db.session.execute(
        text(
            "SELECT name, vendor_id, revoked_at FROM api_keys WHERE id = :id"
            " AND (CAST(:vendor AS uuid) IS NULL OR vendor_id = :vendor) FOR UPDATE"
        ),
        {"id": key_id, "vendor": by.vendor_id},
    ).first()
    if row is None:
        raise NotFound("There is no such key.")
    if row.revoked_at:
        raise Conflict(f"The key '{row.name}' was revoked already.")
    db.session.execute(
        text("UPDATE api_keys SET revoked_at = :now WHERE id = :id"),
        {"now": clock.machine_now(), "id": key_id},
    )
    record("key_revoked", actor_of(by), subject=row.name)


def ensure_key(
    name: str, token: str, vendor_id: UUID | None = None, rights: Sequence[str] | None = None
) -> None:
    """Create a key, or give the one of this name another token; all rights unless some are named.

    For the command line and the demonstration: no person stands behind it.
    """
    wanted = rights if rights is not None else rights_of(vendor_id)
    values = _values(name, token, wanted, vendor_id, "command line")
    db.session.execute(text(f"{NEW.text} {ANEW}"), values)


def _values(
    name: str, token: str, rights: Sequence[str], vendor_id: UUID | None, by: str
) -> dict[str, Any]:
    return {
        "id": ids.new(),
        "name": name,
        "hash": hash_of(token),
        "hint": token[:HINT],
        "scope": "vendor" if vendor_id else "marketplace",
        "rights": sorted(set(rights)),
        "vendor": vendor_id,
        "by": by,
        "now": clock.machine_now(),
    }


def new_token() -> str:
    """Return a new key, recognizable as ours where it must not be."""
    return f"onw_{chance.secret()}"
