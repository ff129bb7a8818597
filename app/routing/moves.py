"""Work that changes hands: taken back from a vendor, or moved by a person.

What is taken back is declined for its vendor, so routing gives it to the next best; units that
have shipped stay where they are, and what was taken back cannot be shipped any more. A faster
service does not follow what moves: it was priced from the place that had it (see `assign`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text

from app.checks.service import Subject
from app.extensions import db
from app.notices import service as notices
from app.notices.contract import Notice
from app.notifications.service import Message, tell
from app.orders import service as orders
from app.orders.contract import Action, FoStatus
from app.orders.locks import lock_fulfillment_orders
from app.orders.models import FulfillmentOrder
from app.orders.queries import fulfillment_order
from app.orders.queries import order as order_of
from app.orders.rules import move
from app.orders.service import Moved, Outcome
from app.routing.assign import Routed, assign, write
from app.routing.contract import Choice, Excluded, Option, Plan, ToRoute, Wanted
from app.routing.loading import Market, market, open_lines, rules_at
from app.routing.rules import Aim, Terms, options_of, why_not
from app.routing.service import terms_of
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


def take_back(
    references: Sequence[str], code: str, *, actor: str, now: datetime, note: str = ""
) -> list[Outcome]:
    """Give the unshipped units of fulfillment orders back to routing, and tell their vendors.

    `code`: why, as the vendor and ops read it in words ("not confirmed in time").
    """
    word = _Word(code, f"{code}: {note}" if note else code)
    return word.take(references, {}, actor, now)


class _Word:
    """Why work is taken from its vendors, and what was taken so far."""

    def __init__(self, code: str, reason: str) -> None:
        self.code, self.reason = code, reason
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
    take_back(late, "not confirmed in time", actor=SYSTEM, now=now)
    return {fo.id: now + LOOK_AGAIN for fo in found if fo.reference not in late}


OPEN_UNITS = text(
    "SELECT x.fo_id, x.line, x.sku, x.ordered - x.declined - x.canceled - x.shipped AS units,"
    " o.currency, o.ship_to->>'country' AS country, l.vendor AS pinned,"
    " (SELECT array_agg(DISTINCT v.code) FROM fo_lines y JOIN vendors v"
    "  ON v.id = y.vendor_id WHERE y.order_id = x.order_id AND y.order_line_id = x.order_line_id"
    "  AND y.declined > 0 AND NOT y.is_awaited) AS taken_from"
    " FROM fo_lines x JOIN order_lines l ON l.id = x.order_line_id"
    " JOIN orders o ON o.id = x.order_id WHERE x.fo_id = ANY(:ids)"
)


def others_can_send(fos: Sequence[FulfillmentOrder], now: datetime) -> list[str]:
    """Return those of which somebody else has all that has not left, and may be given it."""
    asked: dict[UUID, list[Row[Any]]] = {fo.id: [] for fo in fos}
    for row in db.session.execute(OPEN_UNITS, {"ids": list(asked)}):
        if row.units:
            asked[row.fo_id].append(row)
    skus = {row.sku for own in asked.values() for row in own}
    seen = market(skus, rules_at(now), now, lock=False)
    codes = {row.vendor_id: row.vendor for row in seen.rows.values()}
    return [
        fo.reference
        for fo in fos
        if all(_others_have(seen, codes.get(fo.vendor_id), row) for row in asked[fo.id])
    ]


def _others_have(seen: Market, own: str | None, asked: Row[Any]) -> bool:
    if asked.pinned:
        return False
    before = frozenset({own or "", *(asked.taken_from or ())})
    wanted = Wanted(asked.line, asked.sku, asked.units, taken_from=before)
    aim = Aim(asked.currency, asked.country or "", service="", zone="")
    free = (c for c in seen.of(asked.sku) if why_not(wanted, c, aim) is None)
    return sum(max(0, c.available) for c in free) >= wanted.units


def alternatives(reference: str, now: datetime) -> tuple[dict[str, list[Option]], list[Excluded]]:
    """Return who else could send what a fulfillment order still has to, by line, and who not."""
    fo = fulfillment_order(reference)
    order = order_of(fo.order_id)
    rules = rules_at(now)
    seen = market([line.sku for line in fo.lines], rules, now, lock=False)
    terms = terms_of(ToRoute.of(order), seen, rules, has_need_by=False)
    options: dict[str, list[Option]] = {}
    excluded: list[Excluded] = []
    for line in fo.lines:
        units = line.ordered - line.declined - line.canceled - line.shipped
        if units:
            wanted = Wanted(line.line, line.sku, units)
            others = [c for c in seen.of(line.sku) if c.place.id != fo.location_id]
            options[line.line], out = options_of(wanted, others, terms)
            excluded += out
    return options, excluded


def move_lines(word: Move, *, reason: str, actor: str, now: datetime) -> FulfillmentOrder:
    """Give units of a fulfillment order to another vendor's place, because a person says so.

    Only a place that has them and may have them: InvalidInput names the rule that it breaks.
    """
    if not reason.strip():
        raise InvalidInput("Say why these lines move.", reason="missing")
    taken = _Word(BY_HAND, reason)
    (outcome,) = taken.take([word.reference], {word.reference: word.quantities}, actor, now)
    if isinstance(outcome, DomainError):
        raise outcome
    if not taken.units:
        raise IllegalMove(f"{word.reference} has nothing left to move.")
    order = order_of(outcome.order_id)
    rules = rules_at(now)
    seen = market([line.sku for line in outcome.lines], rules, now, lock=True)
    terms = terms_of(ToRoute.of(order), seen, rules, has_need_by=False)
    units = {line.line: taken.units.get(line.id, 0) for line in outcome.lines}
    choices = [
        _choice(Wanted(line.line, line.sku, units[line.line]), word, seen, terms)
        for line in outcome.lines
        if units[line.line]
    ]
    own = open_lines([order.id])[order.id]
    routed = Routed(
        order=ToRoute.of(order),
        lines={choice.option.line: own[choice.option.line] for choice in choices},
        plan=Plan(choices, method="by hand"),
        options={},
        excluded=[],
        strategy="by hand",
        by_hand={"by": actor, "reason": reason, "from": word.reference},
    )
    assign(routed, seen, rules, now)
    write([routed], seen, rules, now)
    db.session.expire(order)
    return fulfillment_order(routed.fos[0]["reference"])


def _choice(wanted: Wanted, word: Move, seen: Market, terms: Terms) -> Choice:
    there = [
        c
        for c in seen.of(wanted.sku)
        if (c.place.vendor, c.place.code) == (word.vendor, word.place)
    ]
    options, excluded = options_of(wanted, there, terms)
    if not options:
        why = excluded[0].rule if excluded else "not on their list"
        detail = f"{word.vendor} cannot be given {wanted.sku}: {why}."
        raise InvalidInput(detail, place=why)
    if options[0].units < wanted.units:
        has = options[0].units
        detail = f"{word.vendor} has {has} of the {wanted.units} units of {wanted.sku}."
        raise InvalidInput(detail, place=f"has {has} of {wanted.units}")
    return Choice(options[0], wanted.units)
