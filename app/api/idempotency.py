"""The same key and body get the first answer again; another body under a key is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from flask import request
from pydantic import BaseModel

from app.api.access import caller
from app.shared import signed, work
from app.shared.errors import Conflict, DomainError, InvalidInput
from app.shared.work import OPS, acting_as, transaction
from app.unit import Scope

Answer = tuple[dict[str, Any], int]
LONGEST_KEY = 255
KEYS = "SELECT json_array_elements_text(CAST(%(keys)s AS json))"
# In one order everywhere, so that of two groups with keys in common one waits for the other.
LOCK = (
    "SELECT pg_advisory_xact_lock(hash) FROM (SELECT DISTINCT"
    " hashtextextended(%(principal)s || %(route)s || key, 0) AS hash"
    f" FROM ({KEYS}) k (key) ORDER BY 1) h"
)
KEPT = (
    "SELECT key, request_sha256, status, body FROM idempotency"
    f" WHERE principal = %(principal)s AND route = %(route)s AND key = ANY(ARRAY({KEYS}))"
)
KEEP = (
    "INSERT INTO idempotency (principal, route, key, request_sha256, status, body, made_at)"
    " SELECT %(principal)s, %(route)s, k.*, %(now)s FROM json_to_recordset(CAST(%(rows)s AS json))"
    " k (key text, digest text, status smallint, body jsonb)"
)
WRITTEN, SEALED = "written", "sealed"


@dataclass(frozen=True, slots=True, eq=False)
class Keyed:
    """A request under its Idempotency-Key: what it says, and the digest of that."""

    principal: str
    route: str
    key: str
    digest: str
    said: Any = None


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


def keyed(digest: str, said: Any = None) -> Keyed:
    """Return the request at hand with its key; one without a key is refused."""
    key = request.headers.get("Idempotency-Key", "")
    if not 0 < len(key) <= LONGEST_KEY:
        raise InvalidInput(
            "Send an Idempotency-Key header of 1 to 255 characters: the same one for the same"
            " request, so that sending it twice is safe.",
            **{"Idempotency-Key": "missing or too long"},
        )
    return Keyed(caller().name, str(request.endpoint), key, digest, said)


def once(
    digest: str, now: datetime, act: Callable[[], Answer], *, is_secret: bool = False
) -> Answer:
    """Act at most once for the request's Idempotency-Key, in the open transaction."""
    (answer,) = once_each([keyed(digest)], now, lambda _: [act()], is_secret=is_secret)
    if isinstance(answer, DomainError):
        raise answer
    return cast("Answer", answer)


def once_each(
    asked: Sequence[Keyed],
    now: datetime,
    act: Callable[[Sequence[Keyed]], Sequence[Answer | DomainError]],
    *,
    is_secret: bool = False,
) -> list[Answer | DomainError | None]:
    """Act at most once for each key of requests of one program to one address.

    What is refused is not kept: it may be sent again. None: another with this key acts here, and
    this one is answered when that is kept.
    """
    names = {
        "principal": asked[0].principal,
        "route": asked[0].route,
        "keys": json.dumps(list({one.key for one in asked})),
    }
    # Two requests with one key wait for each other here, so only the first one acts.
    with _as_marketplace():
        _, found = work.rows_together((LOCK, KEPT), names)
    kept = {row.key: row for row in found}
    first: dict[str, Keyed] = {}
    for one in asked:
        if one.key not in kept:
            first.setdefault(one.key, one)
    new = list(first.values())
    answers = dict(zip(new, act(new), strict=True)) if new else {}
    done = [(one, said) for one, said in answers.items() if not isinstance(said, DomainError)]
    _keep(names, done, now, is_secret=is_secret)
    return [
        _again(kept[one.key], one.digest) if one.key in kept else answers.get(one) for one in asked
    ]


def _keep(
    names: Mapping[str, Any],
    done: Sequence[tuple[Keyed, Answer]],
    now: datetime,
    *,
    is_secret: bool,
) -> None:
    if not done:
        return
    rows = [
        {"key": one.key, "digest": one.digest, "status": status}
        | {"body": _written(body, is_secret=is_secret)}
        for one, (body, status) in done
    ]
    with _as_marketplace(), work.driver() as driver:
        driver.execute(KEEP, {**names, "rows": json.dumps(rows), "now": now})


def _written(body: dict[str, Any], *, is_secret: bool) -> dict[str, str]:
    """Return an answer as it is kept.

    As a text in JSON: what it repeats of a request may be what PostgreSQL keeps nowhere.
    """
    written = json.dumps(body)
    return {SEALED: signed.seal(written)} if is_secret else {WRITTEN: written}


def _again(kept: Any, digest: str) -> Answer | Conflict:
    if kept.request_sha256 != digest:
        return Conflict("This Idempotency-Key was used for another request; use a new one.")
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
