"""Users and API keys."""

from __future__ import annotations

from flask_login import UserMixin
from sqlalchemy.orm import Mapped

from app.extensions import db
from app.shared.columns import Id, Key, Moment, Words


class User(UserMixin, db.Model):
    """A person who signs in to the console."""

    __tablename__ = "users"
    id: Mapped[Key]
    email: Mapped[Words]
    name: Mapped[Words]
    role: Mapped[Words]
    password_hash: Mapped[Words]
    is_active: Mapped[bool]


class ApiKey(db.Model):
    """A program's key: only its hash is kept."""

    __tablename__ = "api_keys"
    id: Mapped[Key]
    name: Mapped[Words]
    hash: Mapped[Words]
    scope: Mapped[Words]
    vendor_id: Mapped[Id | None]
    created_at: Mapped[Moment]
    revoked_at: Mapped[Moment | None]
