"""Who people are: their roles, where a request comes from, and what a program's key may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.accounts.preferences import NOBODYS, Preferences
from app.shared.who import Who

VENDOR_ROLES = ("vendor_owner", "vendor_staff")
OPS_ROLES = ("ops_agent", "ops_lead", "senior_management", "administrator")
ROLES = (*VENDOR_ROLES, *OPS_ROLES)

# What a key may do. A vendor's key reaches its own rows only, whatever it may do.
VENDOR_RIGHTS = (
    "fulfillment:read",
    "fulfillment:write",
    "stock:write",
    "webhooks:read",
    "webhooks:write",
)
MARKETPLACE_RIGHTS = (
    "orders:read",
    "orders:write",
    "payments:write",
    "fulfillment:read",
    "fulfillment:write",
    "catalog:read",
    "catalog:write",
    "stock:write",
    "policies:write",
    "clock:read",
    "clock:write",
    "metrics:read",
)
# Whoever proved to be there this long ago need not prove it again before what is sensitive.
FRESH = timedelta(minutes=10)


class Stage(StrEnum):
    """How far somebody has come in: a second factor is still to be shown or enrolled, or in."""

    CODE = "code"
    ENROL = "enrol"
    IN = "in"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from; `device` is what a browser carries that has signed in before."""

    address: str
    user_agent: str
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Viewing:
    """The vendor whose portal somebody of ops is looking at."""

    vendor_id: UUID
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a session: who they are and how far they have come in."""

    session_id: UUID
    token: str
    id: UUID
    email: str
    name: str
    role: str
    vendor_id: UUID | None
    vendor_name: str | None
    has_factor: bool
    stage: Stage
    confirmed_at: datetime
    is_fresh: bool
    address: str
    viewing: Viewing | None = None
    preferences: Preferences = NOBODYS
    # notices they have not looked at, counted up to a hundred
    unread: int = 0

    @property
    def is_authenticated(self) -> bool:
        """Return whether every factor has been shown (Flask-Login asks)."""
        return self.stage is Stage.IN

    @property
    def is_active(self) -> bool:
        """Return True: a session of somebody switched off is not found at all."""
        return True

    @property
    def is_anonymous(self) -> bool:
        """Return False: somebody is known."""
        return False

    def get_id(self) -> str:
        """Return what the browser's cookie carries: the session's token, never who it is."""
        return self.token

    @property
    def who(self) -> Who:
        """Return who it is, for what is done in their name."""
        return Who(self.id, self.name)

    @property
    def is_ops(self) -> bool:
        """Return whether the console is theirs."""
        return self.role in OPS_ROLES

    @property
    def home(self) -> str:
        """Return where their work is."""
        return "/console/" if self.is_ops else "/portal/"
