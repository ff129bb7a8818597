"""How many rows a view has: counted no further than a badge shows, and kept for a moment.

A count is asked for after its page, so that no filter, however rare its rows, holds a page up.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.accounts.contract import Person
from app.extensions import db, valkey
from app.lists.asked import Asked, conditions
from app.shared import language

MOST = 10_000
KEPT_SECONDS = 20
# A view that takes longer than this to count has no number.
LONGEST_MS = 1500
# All of a list's views together hold a connection no longer than this.
LONGEST_ALL_MS = 4000


def _key(of: Asked, who: Person) -> str:
    # A query may hold somebody's address: Valkey knows its hash only.
    digest = hashlib.sha256(f"{who.id} {of.query()}".encode()).hexdigest()[:24]
    return f"count:{of.spec.name}:{digest}"


def kept(wanted: Sequence[Asked], who: Person) -> list[int | None]:
    """Return the counts that are still fresh, None for the others."""
    try:
        found = valkey.client.mget([_key(of, who) for of in wanted]) if wanted else []
    except RedisError:
        found = [None] * len(wanted)
    return [None if value is None else int(value) for value in found]


def counted(
    wanted: Sequence[Asked], who: Person, now: datetime, zone: ZoneInfo
) -> list[int | None]:
    """Return how many rows each view has, at most MOST + 1; None where that takes too long."""
    found = kept(wanted, who)
    until = time.monotonic() + LONGEST_ALL_MS / 1000
    for place, of in enumerate(wanted):
        if found[place] is None and time.monotonic() < until:
            found[place] = _count(of, who, now, zone)
            _keep(of, who, found[place])
    return found


def _count(of: Asked, who: Person, now: datetime, zone: ZoneInfo) -> int | None:
    what = conditions(of, who, now, zone)
    ids = of.spec.ids.format(where=what.where)
    sql = f"SELECT count(*) FROM ({what.clause}{ids} LIMIT :most) few"
    try:
        with db.session.begin_nested():
            db.session.execute(text(f"SET LOCAL statement_timeout = {LONGEST_MS}"))
            return int(db.session.scalar(text(sql), {**what.values, "most": MOST + 1}))
    except OperationalError:
        return None


def _keep(of: Asked, who: Person, number: int | None) -> None:
    if number is None:
        return
    try:
        valkey.client.set(_key(of, who), number, ex=KEPT_SECONDS)
    except RedisError:
        # Counted again next time.
        return


def words(number: int | None) -> str | None:
    """Return a count as its badge shows it."""
    if number is None:
        return None
    return f"{language.number(MOST)}+" if number > MOST else language.number(number)
