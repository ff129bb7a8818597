"""People, their sessions, factors and links, throttles, and programs' keys."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Integer, LargeBinary, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.shared import ids
from app.shared.columns import Id, Json, Key, Moment, Words


class User(db.Model):
    """A person who signs in: ops of the marketplace, or somebody of one vendor."""

    __tablename__ = "users"
    id: Mapped[Key]
    email: Mapped[Words]
    name: Mapped[Words]
    role: Mapped[Words]
    vendor_id: Mapped[Id | None]
    password_hash: Mapped[Words]
    is_active: Mapped[bool]
    is_barred: Mapped[bool]
    created_at: Mapped[Moment]
    password_changed_at: Mapped[Moment]
    totp_seed: Mapped[Words | None]
    totp_step: Mapped[int | None] = mapped_column(BigInteger)


class Session(db.Model):
    """A browser in which somebody has signed in: only its token's hash is kept."""

    __tablename__ = "sessions"
    id: Mapped[Key]
    hash: Mapped[Words]
    user_id: Mapped[Id]
    created_at: Mapped[Moment]
    seen_at: Mapped[Moment]
    proven_at: Mapped[Moment | None]
    confirmed_at: Mapped[Moment]
    address: Mapped[Words]
    user_agent: Mapped[Words]
    pending_seed: Mapped[Words | None]
    challenge: Mapped[Words | None]
    view_vendor_id: Mapped[Id | None]


class RecoveryCode(db.Model):
    """A code that stands in for the second factor once."""

    __tablename__ = "recovery_codes"
    user_id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    hash: Mapped[Words] = mapped_column(Text, primary_key=True)
    used_at: Mapped[Moment | None]


class Passkey(db.Model):
    """A key that a person's device keeps; ours is the public half."""

    __tablename__ = "passkeys"
    id: Mapped[Key]
    user_id: Mapped[Id]
    credential_id: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[Words]
    created_at: Mapped[Moment]
    used_at: Mapped[Moment | None]


class Link(db.Model):
    """A link that does one thing once; what opens it is made from its id and the secret key."""

    __tablename__ = "links"
    id: Mapped[Key]
    purpose: Mapped[Words]
    user_id: Mapped[Id | None]
    email: Mapped[Words]
    name: Mapped[Words | None]
    role: Mapped[Words | None]
    vendor_id: Mapped[Id | None]
    made_by: Mapped[Words]
    inviter_id: Mapped[Id | None]
    made_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    used_at: Mapped[Moment | None]
    revoked_at: Mapped[Moment | None]


class Throttle(db.Model):
    """The wrong tries of one account, address or device."""

    __tablename__ = "throttles"
    bucket: Mapped[Words] = mapped_column(Text, primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[Moment]
    blocked_until: Mapped[Moment | None]


class ApiKey(db.Model):
    """A program's key: only its hash is kept, and its first letters to know it again."""

    __tablename__ = "api_keys"
    id: Mapped[Id] = mapped_column(Uuid, primary_key=True, default=ids.new)
    name: Mapped[Words]
    hash: Mapped[Words]
    hint: Mapped[Words]
    scope: Mapped[Words]
    rights: Mapped[list[str]] = mapped_column(ARRAY(Text))
    vendor_id: Mapped[Id | None]
    made_by: Mapped[Words]
    created_at: Mapped[Moment]
    used_at: Mapped[Moment | None]
    revoked_at: Mapped[Moment | None]


class Preference(db.Model):
    """How somebody wants to see and be told things."""

    __tablename__ = "preferences"
    user_id: Mapped[Id] = mapped_column(Uuid, primary_key=True)
    document: Mapped[Json]
    changed_at: Mapped[Moment]


class SavedView(db.Model):
    """A list as somebody wants to find it again: its filters and its order, as an address."""

    __tablename__ = "saved_views"
    id: Mapped[Key]
    list_name: Mapped[Words]
    name: Mapped[Words]
    query: Mapped[Words]
    owner_id: Mapped[Id]
    is_shared: Mapped[bool]
    default_for: Mapped[list[str]] = mapped_column(ARRAY(Text))
    version: Mapped[int] = mapped_column(Integer, default=1)
    changed_by: Mapped[Words]
    changed_at: Mapped[Moment]
