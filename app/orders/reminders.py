"""Reminding vendors before their word, or their parcel, is due: once each, while it is still open.

Level-triggered: each look judges what is true now, so a look that is late, or comes twice, says
nothing twice and nothing that is over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.checks.service import Subject
from app.extensions import db
from app.notices import service as notices
from app.notices.contract import Notice
from app.notifications.service import Message, tell
from app.orders.contract import FoStatus
from app.policies.documents import Promises
from app.policies.queries import in_force

WATCHER = "remind_vendors"
# What stands still is asked for again when it goes on; until then it is looked at this often.
HELD_AGAIN = timedelta(hours=1)
TO_CONFIRM = frozenset({FoStatus.ASSIGNED})
TO_SHIP = frozenset({*TO_CONFIRM, FoStatus.CONFIRMED, FoStatus.PICKING, FoStatus.PACKED})
TO_SHIP |= {FoStatus.READY}
FACTS = text(
    "SELECT f.id, f.reference, f.order_id, f.cohort, f.vendor_id, f.order_number, f.status,"
    " f.held_from, f.assigned_at, f.confirm_by, f.ship_by, v.email FROM fulfillment_orders f"
    " JOIN vendors v ON v.id = f.vendor_id WHERE f.id = ANY(:ids) ORDER BY f.id"
)


@dataclass(frozen=True, slots=True)
class Reminder:
    """What is asked for (confirm, ship, or ship before it is canceled), from when on, by when."""

    asks: str
    at: datetime
    due: datetime
    open_in: frozenset[FoStatus]

    @property
    def once(self) -> str:
        """Return what tells it from others: an end that has moved is said again."""
        return f"{self.asks}:{self.due.isoformat()}" if self.asks == "cancel" else self.asks


def reminders(
    assigned_at: datetime, confirm_by: datetime | None, ship_by: datetime, policy: Promises
) -> Iterator[Reminder]:
    """Return what a vendor is reminded of, and when: hours before, at the earliest halfway."""
    asked = (
        ("confirm", confirm_by, policy.remind_confirm_hours, TO_CONFIRM),
        ("ship", ship_by, policy.remind_ship_hours, TO_SHIP),
    )
    for asks, due, hours, open_in in asked:
        if due is not None and hours is not None:
            halfway = assigned_at + (due - assigned_at) / 2
            yield Reminder(asks, max(due - timedelta(hours=hours), halfway), due, open_in)


def first_look(
    assigned_at: datetime, confirm_by: datetime | None, ship_by: datetime, policy: Promises
) -> datetime | None:
    """Return when a new fulfillment order is looked at first; None where it is never."""
    moments = [r.at for r in reminders(assigned_at, confirm_by, ship_by, policy)]
    return min(moments, default=None)


def remind(subjects: Sequence[Subject], now: datetime) -> Mapping[UUID, datetime]:
    """Remind vendors of what is due soon and still open; return when to look at each again."""
    policy = in_force(Promises, now).document
    due: list[tuple[Row[Any], Reminder]] = []
    again: dict[UUID, datetime] = {}
    for fo in db.session.execute(FACTS, {"ids": [s.id for s in subjects]}):
        known = list(reminders(fo.assigned_at, fo.confirm_by, fo.ship_by, policy))
        due += [(fo, r) for r in known if fo.status in r.open_in and r.at <= now < r.due]
        if (at := _next(fo, known, now)) is not None:
            again[fo.id] = at
    tell_of(due, now)
    return again


def _next(fo: Row[Any], known: Sequence[Reminder], now: datetime) -> datetime | None:
    """Return when something may be said that cannot be said yet."""
    is_held = fo.status == FoStatus.ON_HOLD
    status = fo.held_from if is_held else fo.status
    waiting = [r for r in known if status in r.open_in and now < r.due]
    moments = [r.at for r in waiting if r.at > now]
    if is_held and any(r.at <= now for r in waiting):
        moments.append(now + HELD_AGAIN)
    return min(moments, default=None)


def tell_of(due: Sequence[tuple[Row[Any], Reminder]], now: datetime) -> None:
    """Tell vendors on screen and by mail; each fulfillment order is a row like those of FACTS."""
    notices.tell(
        [
            Notice(
                f"vendor:{fo.vendor_id}",
                "work_reminder",
                fo.reference,
                f"work_reminder:{fo.reference}:{r.once}",
                {"number": fo.order_number, "asks": r.asks, "due_at": r.due.isoformat()},
            )
            for fo, r in due
        ]
    )
    tell(
        [
            Message(
                fo.order_id,
                fo.cohort,
                "vendor",
                fo.email,
                "work_reminder",
                f"{fo.reference}:{r.once}",
                {"fulfillment_order": fo.reference, "asks": r.asks, "due_at": r.due.isoformat()},
            )
            for fo, r in due
        ],
        now,
    )
