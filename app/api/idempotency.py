"""The same key and body get the first answer again; another body under a key is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import request

from app.api.access import caller
from app.shared import work
from app.shared.errors import Conflict, InvalidInput

Answer = tuple[dict[str, Any], int]
LONGEST_KEY = 255
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%(principal)s || %(route)s || %(key)s, 0))"
KEPT = (
    "SELECT request_sha256, status, body FROM idempotency"
    " WHERE principal = %(principal)s AND route = %(route)s AND key = %(key)s"
)
KEEP = (
    "INSERT INTO idempotency (principal, route, key, request_sha256, status, body, made_at)"
    " VALUES (%(principal)s, %(route)s, %(key)s, %(digest)s, %(status)s, CAST(%(body)s AS jsonb),"
    " %(now)s)"
)


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
    _, found = work.rows_together((LOCK, KEPT), values)
    if not found:
        return _first(values, digest, now, act)
    (kept,) = found
    if kept.request_sha256 != digest:
        raise Conflict("This Idempotency-Key was used for another request; use a new one.")
    return kept.body, kept.status


def _first(values: dict[str, Any], digest: str, now: datetime, act: Callable[[], Answer]) -> Answer:
    body, status = act()
    kept = {"digest": digest, "status": status, "body": json.dumps(body), "now": now}
    with work.driver() as driver:
        driver.execute(KEEP, values | kept)
    return body, status
