"""The same key and body get the first answer again; another body under a key is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from flask import request
from pydantic import BaseModel

from app.api.access import caller
from app.shared import signed, work
from app.shared.errors import Conflict, InvalidInput
from app.shared.work import OPS, acting_as, transaction
from app.unit import Scope

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
WRITTEN, SEALED = "written", "sealed"


def acted(
    scope: Scope,
    said: BaseModel | list[Any] | None,
    act: Callable[[datetime], dict[str, Any]],
    *,
    status: int = 200,
    is_secret: bool = False,
) -> Answer:
    """Act in a transaction of a scope: once, if the request names an Idempotency-Key.

    `said` is what the body says, and tells with the address one request from another;
    `is_secret`: what is answered is kept sealed.
    """
    with transaction(scope) as now:
        if request.headers.get("Idempotency-Key") is None:
            return act(now), status
        return once(_digest(said), now, lambda: (act(now), status), is_secret=is_secret)


def _digest(said: BaseModel | list[Any] | None) -> str:
    """Return what two requests of the same address and content have in common."""
    content = said.model_dump(mode="json") if isinstance(said, BaseModel) else said
    told = [request.path, sorted(request.args.items(multi=True)), content]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def once(
    digest: str, now: datetime, act: Callable[[], Answer], *, is_secret: bool = False
) -> Answer:
    """Act at most once for the request's Idempotency-Key, in the open transaction."""
    key = request.headers.get("Idempotency-Key", "")
    if not 0 < len(key) <= LONGEST_KEY:
        raise InvalidInput(
            "Send an Idempotency-Key header of 1 to 255 characters: the same one for the same"
            " request, so that sending it twice is safe.",
            **{"Idempotency-Key": "missing or too long"},
        )
    values = {"principal": caller().name, "route": request.endpoint, "key": key}
    # Two requests with one key wait for each other here, so only the first one acts.
    with _as_marketplace():
        _, found = work.rows_together((LOCK, KEPT), values)
    if found:
        return _again(found[0], digest)
    body, status = act()
    written = json.dumps(body)
    # As a text in JSON: what an answer repeats of a request may be what PostgreSQL keeps nowhere.
    kept_as = {SEALED: signed.seal(written)} if is_secret else {WRITTEN: written}
    kept = {"digest": digest, "status": status, "body": json.dumps(kept_as), "now": now}
    with _as_marketplace(), work.driver() as driver:
        driver.execute(KEEP, values | kept)
    return body, status


def _again(kept: Any, digest: str) -> Answer:
    if kept.request_sha256 != digest:
        raise Conflict("This Idempotency-Key was used for another request; use a new one.")
    if SEALED in kept.body:
        return json.loads(signed.unseal(kept.body[SEALED])), kept.status
    # Answers of former versions stand there themselves.
    return json.loads(kept.body[WRITTEN]) if WRITTEN in kept.body else kept.body, kept.status


@contextmanager
def _as_marketplace() -> Iterator[None]:
    """Let what was answered be kept and found: no vendor reads or writes that by itself."""
    if work.acts_for() is None:
        yield
        return
    with acting_as(OPS):
        yield
