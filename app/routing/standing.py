"""How a vendor's standing tells on its people and its work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.audit import service as audit
from app.audit.contract import Actor
from app.checks import service as checks
from app.checks.service import Subject
from app.notices import service as notices
from app.notices.contract import Notice
from app.notifications.service import tell_person
from app.orders.queries import undone_of
from app.routing import moves
from app.vendors import service as vendors
from app.vendors.contract import Move, Moved, Status, Step
from app.vendors.queries import standings
from app.vendors.rules import ENDING, STOPPING

# How the trail calls what was done.
ACTS = {
    Move.REVIEW: "vendor_put_under_review",
    Move.CLEAR: "vendor_cleared",
    Move.PAUSE: "vendor_paused",
    Move.SUSPEND: "vendor_suspended",
    Move.REOPEN: "vendor_reopened",
    Move.CLOSE: "vendor_closed",
}
# Those from whom work is taken, and how they read why.
TAKEN_FROM = {Status.SUSPENDED: "vendor suspended", Status.CLOSED: "vendor closed"}
# Fulfillment orders taken back in one transaction.
BATCH = 100
# Work that was being given just then is found at the next look.
SETTLED = timedelta(minutes=1)


def stand(
    steps: Sequence[Step], *, actor: Actor, now: datetime, takes_back: bool = False
) -> list[Moved]:
    """Change how vendors stand, write it down and tell them; return those that stand otherwise.

    `takes_back`: what those who are stopped have open is given to others, in the background;
    else they finish it, but for those who are closed: nobody could.
    """
    moved = vendors.move_vendors(steps, by=actor.name, now=now)
    taken = STOPPING if takes_back else ENDING
    stopped = [Subject(m.id, "vendor", m.id) for m in moved if m.step.move in taken]
    checks.wake("vendor stopped", stopped, now)
    for m in moved:
        work = "taken_back" if m.step.move in taken else "finish"
        until = m.step.until.isoformat() if m.step.until else None
        facts: dict[str, Any] = {
            "was": str(m.was),
            "reason": m.step.reason,
            "until": until,
            "work": work if m.step.move in STOPPING else None,
        }
        audit.record(ACTS[m.step.move], actor, subject=m.code, **facts)
        if m.email:
            about = {"name": m.name, "standing": str(m.status)}
            tell_person("account_vendor", m.email, about | facts)
    notices.tell([_notice(m, now) for m in moved])
    return moved


def _notice(m: Moved, now: datetime) -> Notice:
    until = m.until.isoformat() if m.until else None
    facts = {"standing": str(m.status), "reason": m.step.reason, "until": until}
    once = f"vendor_moved:{m.id}:{now.isoformat()}:{m.status}"
    return Notice(f"vendor:{m.id}", "vendor_moved", m.code, once, facts)


def take_back_stopped(subjects: Sequence[Subject], now: datetime) -> Mapping[UUID, datetime]:
    """Give others what stopped vendors have open; return when to look for more.

    A vendor that was opened again meanwhile keeps its work; so does one of which nothing more can
    be taken. One vendor a transaction: whoever holds stock already waits for no order.
    """
    stopped = [v for v in standings([s.id for s in subjects]) if Status(v.status) in TAKEN_FROM]
    for n, vendor in enumerate(stopped, 1):
        if names := undone_of(vendor.id, BATCH):
            code, note = TAKEN_FROM[Status(vendor.status)], vendor.status_reason or ""
            # Once it is opened again it may have them as well as anybody.
            why = moves.Why(code, note, may_return=True)
            moves.take_back(names, why, actor=vendor.status_by, now=now)
            again = dict.fromkeys((other.id for other in stopped[n:]), now)
            left = set(undone_of(vendor.id, BATCH))
            if left != set(names):
                again[vendor.id] = now if left else now + SETTLED
            return again
    return {}
