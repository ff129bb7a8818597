"""Work that changes hands: taken back from a vendor, or moved by a person.

What is taken back is declined for its vendor, so routing gives it to the next best; units that
have shipped stay where they are, and what was taken back cannot be shipped any more. A faster
service does not follow what moves: it was priced from the place that had it (see `assign`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, text

from app.checks.service import Subject
from app.extensions import db
from app.notices import service as notices
from app.notices.contract import Notice
from app.notifications.service import Message, tell
from app.orders import service as orders
from app.orders.contract import UNCONFIRMED, Action, FoStatus
from app.orders.locks import lock_fulfillment_orders
from app.orders.models import FulfillmentOrder, Order
from app.orders.queries import fulfillment_order
from app.orders.queries import order as order_of
from app.orders.rules import move
from app.orders.service import Moved, Outcome
from app.routing.assign import Routed, assign, write
from app.routing.contract import Candidate, Excluded, Option, ToRoute, Wanted
from app.routing.loading import TAKEN_FROM, Market, market, open_lines, rules_at, wanted_of
from app.routing.rules import Terms, options_of
from app.routing.service import problem_of, terms_of
from app.routing.solve import Weighed
from app.shared.errors import DomainError, IllegalMove, InvalidInput
from app.timeline.service import SYSTEM
from app.vendors.models import Vendor

# Work that nobody else can do stays with whoever has it, and is looked at again.
LOOK_AGAIN = timedelta(hours=1)
BY_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class Move:
    """Units by line of one fulfillment order that go to another vendor's place (None: all)."""

    reference: str
    vendor: str
    place: str
    quantities: Mapping[str, int] | None = None


class Why(NamedTuple):
    """Why work is taken back, as its vendor and ops read it ("not confirmed in time").

    `may_return`: it says nothing of these units' place, which may be given them again.
    """

    code: str
    note: str = ""
    may_return: bool = False


def take_back(references: Sequence[str], why: Why, *, actor: str, now: datetime) -> list[Outcome]:
    """Give the unshipped units of fulfillment orders back to routing, and tell their vendors."""
    reason = f"{why.code}: {why.note}" if why.note else why.code
    return _Taking(why.code, reason, may_return=why.may_return).take(references, {}, actor, now)


class _Taking:
    """Why work is taken from its vendors, and what was taken so far."""

    def __init__(self, code: str, reason: str, *, may_return: bool = False) -> None:
        self.code, self.reason, self.may_return = code, reason, may_return
        self.taken: list[FulfillmentOrder] = []
        self.units: dict[UUID, int] = {}

    def take(
        self,
        references: Sequence[str],
        quantities: Mapping[str, Mapping[str, int] | None],
        actor: str,
        now: datetime,
    ) -> list[Outcome]:
        """Take units of fulfillment orders back (none named: all that have not shipped)."""

        def apply(fo: FulfillmentOrder) -> Moved:
            return self._apply(fo, quantities.get(fo.reference))

        outcomes = orders.change(references, apply, event="taken back", actor=actor, now=now)
        lines = [line for fo in self.taken for line in fo.lines if line.id in self.units]
        orders.return_units(lines, self.units, now)
        _tell(self.taken, self.code, now)
        return outcomes

    def _apply(self, fo: FulfillmentOrder, quantities: Mapping[str, int] | None) -> Moved:
        target = move(fo.reference, FoStatus(fo.status), Action.TAKE_BACK, fo.held_from)
        units = orders.give_back(fo, quantities)
        if not units:
            return False
        for line in fo.lines:
            line.is_awaited = self.may_return if line.id in units else line.is_awaited
        self.units |= units
        if orders.has_all_left(fo):
            orders.end(fo, FoStatus.SHIPPED)
        elif all(x.declined + x.canceled == x.ordered for x in fo.lines):
            orders.end(fo, target)
        fo.decline_code, fo.decline_reason = None, self.reason
        self.taken.append(fo)
        return {"taken_back": sum(units.values()), "reason": self.reason}


def _tell(taken: Sequence[FulfillmentOrder], code: str, now: datetime) -> None:
    found = db.session.scalars(select(Vendor).where(Vendor.id.in_({fo.vendor_id for fo in taken})))
    emails = {vendor.id: vendor.email for vendor in found}
    # A fulfillment order may lose parts more than once; each is news of its own.
    once = {fo.id: f"{fo.reference}:{now.isoformat()}" for fo in taken}
    notices.tell(
        [
            Notice(
                f"vendor:{fo.vendor_id}",
                "work_taken_back",
                fo.reference,
                f"work_taken_back:{once[fo.id]}",
                {"number": fo.order_number, "reason": code},
            )
            for fo in taken
        ]
    )
    tell(
        [
            Message(
                fo.order_id,
                fo.cohort,
                "vendor",
                emails.get(fo.vendor_id),
                "work_taken_back",
                once[fo.id],
                {"fulfillment_order": fo.reference, "reason": code},
            )
            for fo in taken
        ],
        now,
    )


def take_back_unconfirmed(subjects: Sequence[Subject], now: datetime) -> Mapping[UUID, datetime]:
    """Take back what its vendor has not confirmed in time and somebody else can send.

    Returns when to look again at what nobody else can send: late is better than never.
    """
    names = db.session.scalars(
        select(FulfillmentOrder.reference)
        .where(FulfillmentOrder.id.in_([s.id for s in subjects]))
        .where(FulfillmentOrder.status == FoStatus.ASSIGNED)
    ).all()
    # Its vendor may be confirming it just now.
    locked = lock_fulfillment_orders(names)
    found = [fo for fo in locked.values() if fo.status == FoStatus.ASSIGNED]
    late = others_can_send(found, now)
    # All at once: whoever holds stock already waits for no order.
    take_back(late, Why(UNCONFIRMED), actor=SYSTEM, now=now)
    return {fo.id: now + LOOK_AGAIN for fo in found if fo.reference not in late}


OPEN_UNITS = text(
    "SELECT x.fo_id, l.external_id, l.sku, l.vendor, l.ship_by,"
    f" x.ordered - x.declined - x.canceled - x.shipped AS unrouted, {TAKEN_FROM} AS taken_from"
    " FROM fo_lines x JOIN order_lines l ON l.id = x.order_line_id WHERE x.fo_id = ANY(:ids)"
    "  AND x.ordered > x.declined + x.canceled + x.shipped"
)


def others_can_send(fos: Sequence[FulfillmentOrder], now: datetime) -> list[str]:
    """Return those of which others have all that has not left, and may be given it in time.

    What one needs the next cannot have; and who is late with a part of an order is nobody to give
    another part of it to.
    """
    asked: dict[UUID, list[Wanted]] = {fo.id: [] for fo in fos}
    late: dict[UUID, set[UUID]] = defaultdict(set)
    for fo in fos:
        late[fo.order_id].add(fo.vendor_id)
    orders_of = {fo.id: fo.order_id for fo in fos}
    for row in db.session.execute(OPEN_UNITS, {"ids": list(asked)}):
        wanted = wanted_of(row)
        before = wanted.taken_from | late[orders_of[row.fo_id]]
        asked[row.fo_id].append(wanted._replace(taken_from=before))
    rules = rules_at(now)
    seen = market({one.sku for own in asked.values() for one in own}, rules, now, lock=False)
    found = db.session.scalars(select(Order).where(Order.id.in_(late)))
    terms = {o.id: terms_of(ToRoute.of(o), seen, rules, has_need_by=True) for o in found}
    return [fo.reference for fo in fos if _take(seen, asked[fo.id], terms[fo.order_id])]


def _take(seen: Market, asked: Sequence[Wanted], terms: Terms) -> bool:
    """Return whether these units can be had, and take them if so."""
    taken: list[tuple[Candidate, int]] = []
    for wanted in asked:
        left = wanted.units
        options, _ = options_of(wanted, seen.of(wanted.sku), terms)
        for option in options:
            units = min(left, option.units)
            seen.take(option.candidate, units)
            taken.append((option.candidate, units))
            left -= units
        if left:
            for candidate, units in taken:
                seen.take(candidate, -units)
            return False
    return True


def alternatives(reference: str, now: datetime) -> tuple[dict[str, list[Option]], list[Excluded]]:
    """Return who else could send what a fulfillment order still has to, by line, and who not."""
    fo = fulfillment_order(reference)
    order = order_of(fo.order_id)
    rules = rules_at(now)
    seen = market([line.sku for line in fo.lines], rules, now, lock=False)
    terms = terms_of(ToRoute.of(order), seen, rules, has_need_by=False)
    options: dict[str, list[Option]] = {}
    excluded: list[Excluded] = []
    for row in db.session.execute(OPEN_UNITS, {"ids": [fo.id]}):
        wanted = _by_anybody(wanted_of(row))
        others = [c for c in seen.of(wanted.sku) if c.place.id != fo.location_id]
        options[wanted.line], out = options_of(wanted, others, terms)
        excluded += out
    return options, excluded


def _by_anybody(wanted: Wanted) -> Wanted:
    """Return units that a person may give to whom they want."""
    return wanted._replace(vendor=None, taken_from=frozenset())


def move_lines(word: Move, *, reason: str, actor: str, now: datetime) -> FulfillmentOrder:
    """Give units of a fulfillment order to another vendor's place, because a person says so.

    Only a place that has them and may have them: InvalidInput names the rule that it breaks.
    """
    if not reason.strip():
        raise InvalidInput("Say why these lines move.", reason="missing")
    taken = _Taking(BY_HAND, reason)
    (outcome,) = taken.take([word.reference], {word.reference: word.quantities}, actor, now)
    if isinstance(outcome, DomainError):
        raise outcome
    if not taken.units:
        raise IllegalMove(f"{word.reference} has nothing left to move.")
    order = order_of(outcome.order_id)
    rules = rules_at(now)
    seen = market([line.sku for line in outcome.lines], rules, now, lock=True)
    terms = terms_of(ToRoute.of(order), seen, rules, has_need_by=False)
    own = open_lines([order.id])[order.id]
    asked = [
        _by_anybody(wanted_of(own[line.line]))._replace(units=taken.units[line.id])
        for line in outcome.lines
        if line.id in taken.units
    ]
    options: dict[str, list[Option]] = {}
    excluded: list[Excluded] = []
    chosen: dict[str, list[Option]] = {}
    for wanted in asked:
        options[wanted.line], out = options_of(wanted, seen.of(wanted.sku), terms)
        excluded += out
        chosen[wanted.line] = [_there(wanted, word, options[wanted.line], out)]
    weighed = Weighed(problem_of(asked, chosen, rules, order.currency))
    given = [(line.ways[0], line.units) for line in weighed.lines]
    routed = Routed(
        order=ToRoute.of(order),
        lines={line: own[line] for line in chosen},
        plan=weighed.plan_of(given, BY_HAND),
        options=options,
        excluded=excluded,
        strategy=BY_HAND,
        by_hand={"by": actor, "reason": reason, "from": word.reference},
    )
    assign(routed, seen, rules, now)
    write([routed], seen, rules, now)
    db.session.expire(order)
    return fulfillment_order(routed.fos[0]["reference"])


def _there(
    wanted: Wanted, word: Move, options: Sequence[Option], excluded: Sequence[Excluded]
) -> Option:
    """Return the way to have all these units from where a person wants them; else refuse."""
    where = (word.vendor, word.place)
    found = next(
        (o for o in options if (o.candidate.place.vendor, o.candidate.place.code) == where), None
    )
    if found is None:
        broken = (one.rule for one in excluded if (one.vendor, one.place) == where)
        why = next(broken, "not on their list")
        detail = f"{word.vendor} cannot be given {wanted.sku}: {why}."
        raise InvalidInput(detail, place=why)
    if found.units < wanted.units:
        has = found.units
        detail = f"{word.vendor} has {has} of the {wanted.units} units of {wanted.sku}."
        raise InvalidInput(detail, place=f"has {has} of {wanted.units}")
    return found
