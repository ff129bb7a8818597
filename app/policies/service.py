"""Making a new version of a policy."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import func, select

from app.extensions import db
from app.policies.documents import KINDS
from app.policies.models import Policy
from app.shared.errors import Conflict, InvalidInput, NotFound
from app.web.words import span


def read(kind: str, document: dict[str, Any]) -> dict[str, Any]:
    """Return a document in full as it would be stored; InvalidInput names every wrong field."""
    if kind not in KINDS:
        raise NotFound(f"No policy is called '{kind}'; there are {', '.join(KINDS)}.")
    try:
        full = KINDS[kind].model_validate(document).model_dump(mode="json")
    except ValidationError as error:
        fields = {
            ".".join(map(str, e["loc"])): e["msg"].removeprefix("Value error, ")
            for e in error.errors()
        }
        raise InvalidInput(f"The {kind} policy was not taken.", **fields) from None
    if "\\u0000" in json.dumps(full):
        raise InvalidInput(f"The {kind} policy was not taken.", document="holds a NUL character")
    return full


def publish(
    kind: str, document: dict[str, Any], *, by: str, now: datetime, seen: int | None = None
) -> Policy:
    """Put a document in force from now on as the kind's next version; the same one again stays.

    `seen` is the version whoever publishes looked at: Conflict if another came since.
    """
    full = read(kind, document)
    # Two people who publish at once make two versions, one after the other.
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"policy {kind}"))))
    newest = db.session.scalars(
        select(Policy).where(Policy.kind == kind).order_by(Policy.version.desc()).limit(1)
    ).first()
    if newest is not None and newest.document == full:
        return newest
    if seen is not None and newest is not None and newest.version != seen:
        raise Conflict(
            f"{newest.made_by} saved version {newest.version} {span(now - newest.made_at)} ago."
        )
    version = (db.session.scalar(select(func.max(Policy.version)).filter_by(kind=kind)) or 0) + 1
    policy = Policy(
        kind=kind, version=version, document=full, valid_from=now, made_at=now, made_by=by
    )
    db.session.add(policy)
    db.session.flush()
    return policy
