"""Ending what its vendor never hands over: told of an open day before, and then once.

Level-triggered: each look judges what is true now, so a look that comes late, or twice, does
nothing twice and nothing that is not so any more. What is late is found once a day; that costs
nothing of all that leaves in time, and holds for what was late before the policy said so, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.checks import service as checks
from app.checks.service import Subject
from app.extensions import db
from app.orders import lapsing, reminders
from app.orders.contract import UNSHIPPED, FoStatus
from app.orders.lapsing import CalledOff
from app.orders.locks import lock_fulfillment_orders
from app.orders.models import FoLine, FulfillmentOrder, Order
from app.orders.queries import UNDONE
from app.orders.reminders import Reminder
from app.payments.models import Payment
from app.payments.queries import payments_of
from app.payments.service import Owed, owe
from app.policies.documents import Promises
from app.policies.queries import InForce, in_force
from app.promises.rules import NoDay
from app.routing import moves
from app.shipments.tracking import mark_arrived
from app.timeline.service import SYSTEM, Decided, decide
from app.unshipped.facts import calendar_of, facts, late
from app.unshipped.rules import Judged, Verdict, due, judge, owed
from app.vendors.contract import Status

WATCHER = "cancel_unshipped"
# A policy, a calendar or a hold may change: what is late is looked at this often.
AGAIN = timedelta(days=1)
# Found in one night; what is left is found in the next one.
MOST_FOUND = 20_000
# How its decisions are called; a row stays under a kilobyte or two.
KIND = "unshipped"
MOST_TOLD = 12


@dataclass(frozen=True, slots=True)
class _Late:
    """A fulfillment order that has not left, and what is to be done about it (None: leave it)."""

    row: Row[Any]
    judged: Judged | None

    @property
    def is_over(self) -> bool:
        """Return whether it ends now."""
        return self.judged is not None and self.judged.verdict is Verdict.END

    @property
    def warns(self) -> bool:
        """Return whether its vendor has to be told when it ends."""
        return self.judged is not None and self.judged.verdict is Verdict.WARN

    @property
    def told(self) -> datetime | None:
        """Return when it ends, as its vendor knows after this look."""
        if self.judged is None:
            return None
        is_known = self.judged.at == self.row.cancel_at
        return self.judged.at if is_known or self.warns else None

    @property
    def is_news(self) -> bool:
        """Return whether this look changes anything."""
        return self.is_over or self.told != self.row.cancel_at


def find(now: datetime) -> int:
    """Have looked at what is late and has not left, if it ever ends by itself; return how much."""
    if in_force(Promises, now).document.cancel_unshipped_days is None:
        return 0
    found = late(WATCHER, now, MOST_FOUND)
    checks.look_at(WATCHER, [Subject(r.id, "fulfillment_order", r.order_id) for r in found], now)
    return len(found)


def look(subjects: Sequence[Subject], now: datetime) -> Mapping[UUID, datetime]:
    """Warn vendors of the end of what is late, and end it; return when to look again."""
    policy = in_force(Promises, now)
    seen = _judge([s.id for s in subjects], policy.document, now)
    # Its vendor may be handing it over just now: whoever is second sees what the first did.
    locked = lock_fulfillment_orders([one.row.reference for one in seen if one.is_news])
    ids = [fo.id for fo in locked.values()]
    anew = _judge(ids, policy.document, now)
    waits = [one for one in seen if one.row.id not in ids] + [x for x in anew if not x.is_over]
    again = {x.row.id: _again(x, now) for x in waits if x.row.status in UNDONE}
    _warn([one for one in anew if not one.is_over], locked, now)
    # Last: it holds stock, for which nobody who waits for any of these orders should wait.
    over = [one for one in anew if one.is_over]
    return again | _end(over, [locked[one.row.reference] for one in over], policy, now)


def _judge(fo_ids: Sequence[UUID], policy: Promises, now: datetime) -> list[_Late]:
    return [_Late(row, _judged(row, policy, now)) for row in facts(fo_ids, now)]


def _judged(row: Row[Any], policy: Promises, now: datetime) -> Judged | None:
    """Return what is to be done; nothing while something else than its vendor holds it up.

    Whoever put it, or its order, on hold has to release it; a customer who is asked something has
    to answer; and who is away by its own wish comes back. Then its vendor is told anew.
    """
    is_stopped = (
        row.status not in UNDONE
        or row.status == FoStatus.ON_HOLD
        or row.held_since is not None
        or row.is_asked
        or row.vendor_status == Status.PAUSED
    )
    if is_stopped or policy.cancel_unshipped_days is None:
        return None
    due_at = due(row.ship_by, row.ship_on, row.zone)
    try:
        found = judge(due_at, row.cancel_at, calendar_of(row), policy.cancel_unshipped_days, now)
    except NoDay:
        return None
    return Judged(found.verdict, found.at.astimezone(UTC))


def _again(one: _Late, now: datetime) -> datetime:
    at = one.judged.at if one.judged else now + AGAIN
    return min(at, now + AGAIN)


def _warn(seen: Sequence[_Late], fos: Mapping[str, FulfillmentOrder], now: datetime) -> None:
    """Tell vendors when their work ends, and keep with it what they know."""
    told = [(x.row, _reminder(x.judged, now)) for x in seen if x.judged and x.warns]
    reminders.tell_of(told, now)
    for one in seen:
        fos[one.row.reference].cancel_at = one.told
    db.session.flush()


def _reminder(judged: Judged, now: datetime) -> Reminder:
    return Reminder("cancel", now, judged.at, reminders.TO_SHIP)


def _end(
    over: Sequence[_Late], fos: Sequence[FulfillmentOrder], policy: InForce[Promises], now: datetime
) -> dict[UUID, datetime]:
    """Have others send it where the policy wants that, or call it off; return what is left to do.

    One of both a transaction: whoever holds stock already waits for no more of it.
    """
    rows = {one.row.id: one.row for one in over}
    wants_others = policy.document.when_unshipped == "others"
    names = set(moves.others_can_send(fos, now)) if fos and wants_others else set()
    if names:
        _give_to_others([fo for fo in fos if fo.reference in names], rows, policy, now)
        return {fo.id: now for fo in fos if fo.reference not in names}
    if fos:
        _call_off(fos, rows, policy, now)
    return {}


def _give_to_others(
    fos: Sequence[FulfillmentOrder],
    rows: Mapping[UUID, Row[Any]],
    policy: InForce[Promises],
    now: datetime,
) -> None:
    told = []
    for fo in fos:
        left = [(x, x.ordered - x.declined - x.canceled - x.shipped) for x in fo.lines]
        facts_of = {"outcome": "others", "works": [_work(rows[fo.id], left)]}
        told.append(_decided(fo, facts_of, policy))
        fo.cancel_at = None
    decide(told, now)
    moves.take_back([fo.reference for fo in fos], moves.Why(UNSHIPPED), actor=SYSTEM, now=now)


def _call_off(
    fos: Sequence[FulfillmentOrder],
    rows: Mapping[UUID, Row[Any]],
    policy: InForce[Promises],
    now: datetime,
) -> None:
    """Call off what has not left, and have the customers paid back and told, once each."""
    done = lapsing.call_off(fos, now)
    money = payments_of([one.order.id for one in done])
    back = {one.order.id: _owed(one, money.get(one.order.id)) for one in done}
    owe([_debt(one, back[one.order.id]) for one in done], now)
    decide([_decision(one, back[one.order.id], rows, policy) for one in done], now)
    lapsing.tell_customers(done, back, now)
    # What had left before may be all there is now.
    mark_arrived([fo.id for fo in fos if fo.status == FoStatus.SHIPPED], now)


def _owed(one: CalledOff, paid: Payment | None) -> int:
    if paid is None:
        return 0
    given = paid.refunded_minor + paid.pending_minor
    return owed(paid.captured_minor, given, one.rest_minor, one.canceled_minor)


def _debt(one: CalledOff, minor: int) -> Owed:
    cause = f"{WATCHER}:{one.fos[0].reference}"
    return Owed(one.order.id, one.order.cohort, minor, one.order.currency, cause)


def _decision(
    one: CalledOff, back: int, rows: Mapping[UUID, Row[Any]], policy: InForce[Promises]
) -> Decided:
    facts_of = {
        "outcome": "canceled",
        "minor": one.canceled_minor,
        "back": back,
        "works": [_work(rows[fo.id], one.units[fo.id]) for fo in one.fos[:MOST_TOLD]],
    }
    return _decided(one.order, facts_of, policy)


def _decided(
    of: Order | FulfillmentOrder, facts_of: dict[str, Any], policy: InForce[Promises]
) -> Decided:
    days = {"days": policy.document.cancel_unshipped_days}
    key = of.order_id if isinstance(of, FulfillmentOrder) else of.id
    return Decided(key, of.cohort, KIND, policy.version, facts_of | days)


def _work(row: Row[Any], units: Sequence[tuple[FoLine, int]]) -> dict[str, Any]:
    """Return what of a fulfillment order a decision keeps: whose it was, by when, and how much."""
    named = {"vendor": row.vendor, "fulfillment_order": row.reference}
    named |= {"ship_by": row.ship_by.isoformat(), "told": row.cancel_at.isoformat()}
    if row.ship_on:
        named["ship_on"] = row.ship_on.isoformat()
    return named | {"units": sum(n for _, n in units)}
