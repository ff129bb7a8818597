"""Adding to the audit trail, and looking it over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, select, text

from app.audit.contract import Actor, Verdict
from app.audit.models import AuditEntry, AuditHead
from app.audit.rules import verify
from app.extensions import db
from app.shared import bulk, ids
from app.shared.errors import InvalidInput
from app.shared.work import PLATFORM, transaction

# Longer is an attack on whoever reads it.
LONGEST = 200
BATCH = 2_000
# Digits of a bigint.
LONGEST_POSITION = 18
# A row's columns as the seal has them; times and documents in PostgreSQL's own spelling.
WORDS = (
    "concat_ws(E'\\n', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), actor_kind,"
    " coalesce(actor_id::text, ''), actor, coalesce(vendor_id::text, ''), action, outcome, subject,"
    " address, facts::text)"
)
CHAIN = text(
    f"SELECT position, {WORDS} AS words, coalesce(hash, '') AS hash FROM audit"
    " WHERE position > :after AND position <= :end ORDER BY position LIMIT :size"
)
# In one statement, so that what is being added meanwhile is inside the chain or not seen at all.
ASTRAY = text(
    "SELECT count(*) FROM audit WHERE position IS NULL OR position < 1"
    " OR position > (SELECT position FROM audit_head)"
)


def record(
    action: str, actor: Actor, *, subject: str = "", is_done: bool = True, **facts: Any
) -> None:
    """Add an act to the trail, in the transaction that acts."""
    row = {
        "id": ids.new(),
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor": _line(actor.name),
        "vendor_id": actor.vendor_id,
        "action": action,
        "outcome": "done" if is_done else "refused",
        "subject": _line(subject),
        "address": _line(actor.address),
        "facts": facts,
    }
    bulk.insert(AuditEntry, [row])


def _line(words: str) -> str:
    """Return words as one short line: the chain's rows are lines."""
    return "".join(c if c.isprintable() else " " for c in words)[:LONGEST]


def head() -> AuditHead:
    """Return the end of the chain: its position and seal, worth keeping somewhere else."""
    return db.session.scalars(select(AuditHead)).one()


def verify_chain(anchor: str | None = None) -> Verdict:
    """Look over the chain up to where it ends now; what is added meanwhile is for the next look.

    `anchor` is POSITION:HASH of an earlier end; InvalidInput if it is not.
    """
    kept = _anchor(anchor) if anchor else None
    with transaction(PLATFORM):
        end = head()
        found = verify(_rows(end.position), end.position, end.hash, kept)
        astray = db.session.scalar(ASTRAY)
    if astray and not found.broken:
        return replace(found, broken=f"{astray} rows stand outside the chain.")
    return found


def _anchor(words: str) -> tuple[int, str]:
    position, _, seal = words.partition(":")
    if not position.isdecimal() or len(position) > LONGEST_POSITION or not seal:
        raise InvalidInput("This is no anchor; write POSITION:HASH.", anchor="unreadable")
    return int(position), seal


def _rows(end: int) -> Iterator[Row[Any]]:
    after = 0
    while rows := db.session.execute(CHAIN, {"after": after, "end": end, "size": BATCH}).all():
        yield from rows
        after = rows[-1].position
