"""The policy in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar

from sqlalchemy import select

from app.extensions import db
from app.policies.documents import KINDS, Document
from app.policies.models import Policy
from app.shared import work

D = TypeVar("D", bound=Document)
IN_FORCE = (
    "SELECT DISTINCT ON (kind) kind, version, document FROM policies"
    " WHERE kind = ANY(CAST((SELECT %(kinds)s) AS text[])) AND valid_from <= %(now)s"
    " ORDER BY kind, version DESC"
)


@dataclass(frozen=True, slots=True)
class InForce(Generic[D]):
    """A document and its version; version 0 is the one the product ships with."""

    version: int
    document: D


def in_force(document: type[D], now: datetime) -> InForce[D]:
    """Return the version of a policy that is in force at a moment."""
    (found,) = all_in_force([document], now)
    return found


def all_in_force(documents: Sequence[type[Document]], now: datetime) -> list[InForce[Any]]:
    """Return the versions of several policies that are in force at a moment."""
    return work.answer(which_in_force(documents, now))


def which_in_force(
    documents: Sequence[type[Document]], now: datetime
) -> work.Question[list[InForce[Any]]]:
    """Ask for the versions of several policies that are in force at a moment."""
    names = {document: kind for kind, document in KINDS.items()}
    kinds = [names[document] for document in documents]

    def read(rows: Sequence[Any]) -> list[InForce[Any]]:
        found = {row.kind: row for row in rows}
        return [_of(document, found.get(names[document])) for document in documents]

    return work.Question(IN_FORCE, {"kinds": kinds, "now": now}, read)


def _of(document: type[D], row: Any) -> InForce[D]:
    if row is None:
        return _shipped(document)
    return InForce(row.version, document.model_validate(row.document))


@cache
def _shipped(document: type[D]) -> InForce[D]:
    return InForce(0, document())


def versions(kind: str, limit: int) -> Sequence[Policy]:
    """Return the versions of a policy, the newest first."""
    query = select(Policy).where(Policy.kind == kind).order_by(Policy.version.desc())
    return db.session.scalars(query.limit(limit)).all()
