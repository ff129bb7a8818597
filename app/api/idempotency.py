"""The same key and body get the first answer again; another body under a key is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import request
from sqlalchemy import text

from app.api.access import caller
from app.extensions import db
from app.shared.errors import Conflict, InvalidInput

Answer = tuple[dict[str, Any], int]
LONGEST_KEY = 255


def once(digest: str, now: datetime, act: Callable[[], Answer]) -> Answer:
    """Act at most once for the request's Idempotency-Key, in the open transaction."""
    key = request.headers.get("Idempotency-Key", "")
    if not 0 < len(key) <= LONGEST_KEY:
        raise InvalidInput(
            "Send an Idempotency-Key header of 1 to 255 characters: the same one for the same"
            " order, so that sending twice is safe.",
            **{"Idempotency-Key": "missing or too long"},
        )
    values = {"principal": caller().name, "route": request.endpoint, "key": key}
    # Two requests with one key wait for each other here, so only the first one acts.
    db.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:principal || :route || :key, 0))"),
        values,
    )
    kept = db.session.execute(
        text(
            "SELECT request_sha256, status, body FROM idempotency"
            " WHERE principal = :principal AND route = :route AND key = :key"
        ),
        values,
    ).first()
    if kept is None:
        return _first(values, digest, now, act)
    if kept.request_sha256 != digest:
        raise Conflict("This Idempotency-Key was used for another request; use a new one.")
    return kept.body, kept.status


def _first(values: dict[str, Any], digest: str, now: datetime, act: Callable[[], Answer]) -> Answer:
    body, status = act()
    db.session.execute(
        text(
            "INSERT INTO idempotency (principal, route, key, request_sha256, status, body, made_at)"
            " VALUES (:principal, :route, :key, :digest, :status, CAST(:body AS jsonb), :now)"
        ),
        values | {"digest": digest, "status": status, "body": json.dumps(body), "now": now},
    )
    return body, status
