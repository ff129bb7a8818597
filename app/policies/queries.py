"""The policy in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy import select

from app.extensions import db
from app.policies.documents import KINDS, Document
from app.policies.models import Policy

D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class InForce(Generic[D]):
    """A document and its version; version 0 is the one the product ships with."""

    version: int
    document: D


def in_force(document: type[D], now: datetime) -> InForce[D]:
    """Return the version of a policy that is in force at a moment."""
    kind = next(k for k, v in KINDS.items() if v is document)
    row = db.session.scalars(
        select(Policy)
        .where(Policy.kind == kind, Policy.valid_from <= now)
        .order_by(Policy.version.desc())
        .limit(1)
    ).first()
    if row is None:
        return InForce(0, document())
    return InForce(row.version, document.model_validate(row.document))


def versions(kind: str, limit: int) -> Sequence[Policy]:
    """Return the versions of a policy, the newest first."""
    query = select(Policy).where(Policy.kind == kind).order_by(Policy.version.desc())
    return db.session.scalars(query.limit(limit)).all()
