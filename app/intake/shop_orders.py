"""What a shop says of an order, done here: taken in, or brought up to what the shop has changed.

People change orders here, too. So a shop's later word counts only in what the shop itself changed
since it last spoke, and for what it does not want any more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text

from app.extensions import db
from app.intake import changes, service
from app.intake.contract import Gone, Heard, Ignored, Told
from app.intake.forms import AddressForm, OrderForm, PreferencesForm
from app.orders import queries as orders
from app.orders import review
from app.orders.changes import Change
from app.orders.locks import lock_orders
from app.orders.models import FulfillmentOrder, Order, OrderLine
from app.orders.service import open_units
from app.payments import service as payments
from app.payments.queries import payment_of
from app.shared.errors import Conflict, DomainError
from app.shared.money import Money
from app.shipments import service as shipments
from app.web.fields import check

Outcome = Literal["taken", "known", "held", "changed", "refused", "ignored"]
WHY = "changed in the shop"
EARLY = "called off in the shop before it came here"
OTHER = text(
    "SELECT subject FROM source_deliveries WHERE order_id = :order AND source_id = :shop"
    " AND subject <> :subject LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a delivery; a refusal has its sentence, and those of wrong fields."""

    outcome: Outcome
    order_id: UUID | None = None
    number: str | None = None
    problem: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)


def digests(told: Told) -> dict[str, Any]:
    """Return by what a later word of the shop is compared with this one."""
    parts = {name: told.order.get(name) for name in ("ship_to", "preferences")}
    found: dict[str, Any] = {"units": told.units, "stopped": told.stopped}
    return found | {k: _digest(v) for k, v in parts.items() if v is not None}


def _digest(part: Any) -> str:
    return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()


def act(shop: Row[Any], heard: Heard, before: Row[Any], now: datetime) -> Result:
    """Do what was heard of a shop's order, in the open transaction.

    `before` says how it was told before: order_id, as_of, told (digests), gone (what was called
    off of it before it came).
    """
    if isinstance(heard, Ignored):
        return Result("ignored", problem=heard.reason)
    order_id = before.order_id or _named(shop, heard.number)
    if isinstance(heard, Gone):
        return _gone(shop, heard, order_id, now)
    if heard.as_of and before.as_of and heard.as_of < before.as_of:
        return Result("ignored", order_id, problem="A newer state of it was told before.")
    if order_id is None or heard.units is None:
        return _placed(shop, heard, before.gone, now)
    _require_same(shop, heard, order_id)
    # Nothing of it is read before it is locked: routing may be at it.
    (order,) = lock_orders([order_id])
    return _BroughtUp(shop, heard, order, before.told, now).result()


def _named(shop: Row[Any], number: str | None) -> UUID | None:
    found = orders.ids_by_name([(shop.channel, number)]) if number else {}
    return next((row.id for row in found.values()), None)


def _require_same(shop: Row[Any], told: Told, order_id: UUID) -> None:
    values = {"order": order_id, "shop": shop.id, "subject": told.subject}
    if subject := db.session.scalar(OTHER, values):
        raise Conflict(
            f"Order {told.number} is here as another order of this shop ({subject} there): give"
            " each shop a source and a channel of its own."
        )


def _placed(shop: Row[Any], told: Told, gone: Sequence[Mapping[str, Any]], now: datetime) -> Result:
    if told.ended:
        return Result("ignored", problem=f"It was {told.ended} before it came here.")
    if told.waits:
        return Result("ignored", problem=f"It {told.waits}.")
    said, refusal = {**told.order, "channel": shop.channel}, f"Order {told.number} was not taken."
    form = OrderForm.said(said, now, refusal)
    (placed,) = service.place([form.to_order(now)], actor=shop.code, now=now)
    if isinstance(placed, Conflict):
        raise placed
    if not placed.is_new:
        return Result("known", placed.id)
    _note_money(placed.id, form.currency, told, shop.code, now)
    for one in gone:
        _call_off(placed.id, one["lines"], one["reason"], shop.code, now)
    return Result("held" if placed.is_held else "taken", placed.id)


def _call_off(
    order_id: UUID, lines: Mapping[str, int] | None, reason: str, actor: str, now: datetime
) -> None:
    """Call off what the shop did before the order came here, as far as the order has it."""
    if lines is not None:
        asked = {x.external_id: x.quantity - x.canceled for x in orders.lines_of(order_id)}
        lines = {name: min(n, asked[name]) for name, n in lines.items() if name in asked}
    why = f"{EARLY}: {reason}" if reason else EARLY
    shipments.cancel(order_id, lines, actor=actor, reason=why, now=now)


def _gone(shop: Row[Any], gone: Gone, order_id: UUID | None, now: datetime) -> Result:
    if order_id is None:
        problem = "No such order came from this shop; if it comes, it is called off."
        return Result("ignored", problem=problem)
    (order,) = lock_orders([order_id])
    if order.status == "canceled":
        return Result("known", order_id)
    shipments.cancel(order_id, gone.lines, actor=shop.code, reason=gone.reason, now=now)
    return Result("changed", order_id)


@dataclass(frozen=True, slots=True)
class _BroughtUp:
    """An order that is here, and how it stands in the shop now."""

    shop: Row[Any]
    told: Told
    order: Order
    # how it stood there when it was last told; None: it came another way
    before: Mapping[str, Any] | None
    now: datetime

    def result(self) -> Result:
        """Do each thing that differs; what is refused leaves the others done."""
        is_changed, refusals = False, []
        steps = (
            self._end,
            self._stop,
            self._units,
            self._added,
            self._address,
            self._wishes,
            self._money,
        )
        for step in steps:
            try:
                with db.session.begin_nested():
                    is_changed |= step()
            except DomainError as refusal:
                refusals.append(refusal)
        if refusals:
            fields = {name: words for one in refusals for name, words in one.fields.items()}
            problem = " ".join(one.detail for one in refusals)
            return Result("refused", self.order.id, problem=problem, errors=fields)
        return Result("changed" if is_changed else "known", self.order.id)

    def _change(self) -> Change:
        return Change(self.shop.code, self.now, WHY)

    def _stop(self) -> bool:
        """Hold the order while the shop has stopped it; a person may release it before the shop."""
        stopped, key, who = self.told.stopped, self.order.id, self.shop.code
        if stopped == (self.before or {}).get("stopped"):
            return False
        if stopped is None:
            codes = [review.SHOP]
            return bool(review.release([key], note=WHY, actor=who, now=self.now, codes=codes))
        held = review.hold([key], reason=stopped, actor=who, now=self.now, code=review.SHOP)
        return not isinstance(held[key], DomainError)

    def _end(self) -> bool:
        if not self.told.ended or self.order.status == "canceled":
            return False
        who, why = self.shop.code, self.told.ended
        shipments.cancel(self.order.id, None, actor=who, reason=why, now=self.now)
        return True

    def _units(self) -> bool:
        if self.told.ended or self.before is None:
            return False
        lines = sorted(orders.lines_of(self.order.id), key=_place)
        fos = orders.fulfillment_orders_of(self.order.id)
        units, known = self.told.units or {}, self.before["units"]
        wanted = {
            name: quantity
            for key, parts in groupby(lines, lambda line: _place(line)[0])
            for name, quantity in _wanted(
                list(parts), fos, units.get(key, 0), known.get(key, 0)
            ).items()
        }
        if wanted:
            changes.change(self.order.id, wanted, {}, self._change())
        return bool(wanted)

    def _added(self) -> bool:
        """Refuse lines that the shop has added: they have no place in an order that is here."""
        if self.told.ended or self.before is None:
            return False
        ours = {_place(line)[0] for line in orders.lines_of(self.order.id)}
        units, known = self.told.units or {}, self.before["units"]
        if added := [key for key, n in units.items() if n and key not in {*ours, *known}]:
            raise Conflict(
                f"Order {self.told.number} has lines that were added in the shop"
                f" ({', '.join(added)}): place what is added as an order of its own."
            )
        return False

    def _address(self) -> bool:
        if not self._is_changed_there("ship_to"):
            return False
        address = check(AddressForm, self.told.order["ship_to"]).model_dump()
        changes.readdress(self.order.id, address, self._change())
        return True

    def _wishes(self) -> bool:
        if not self._is_changed_there("preferences"):
            return False
        wishes = check(PreferencesForm, self.told.order["preferences"])
        changes.change(self.order.id, {}, wishes.model_dump(mode="json"), self._change())
        return True

    def _is_changed_there(self, part: str) -> bool:
        """Return whether the shop says something else of a part than it did before."""
        known = (self.before or {}).get(part)
        return bool(known and known != digests(self.told).get(part, known))

    def _money(self) -> bool:
        order = self.order
        return _note_money(order.id, order.currency, self.told, self.shop.code, self.now)


def _place(line: OrderLine) -> tuple[str, str]:
    """Return the shop's line that a line of ours is, or is a part of, and which part."""
    key, _, part = line.external_id.partition("/")
    return key, part


def _wanted(
    lines: Sequence[OrderLine], fos: Sequence[FulfillmentOrder], units: int, known: int
) -> dict[str, int]:
    """Return how many units of our lines of a shop's line are wanted, where that is news.

    Fewer and more are what the shop itself has dropped and added; what was changed here stays, and
    so does what has left. Fewer are taken from the last line on.
    """
    so_far = {line.external_id: line.quantity - line.canceled for line in lines}
    ours = sum(so_far.values())
    over = min(ours, known) - units
    wanted: dict[str, int] = {}
    for line in reversed(lines):
        if (fewer := min(over, open_units(line, fos))) > 0:
            wanted[line.external_id] = so_far[line.external_id] - fewer
            over -= fewer
    if (more := units - max(ours, known)) > 0:
        wanted[lines[0].external_id] = so_far[lines[0].external_id] + more
    return wanted


def _note_money(order_id: UUID, currency: str, told: Told, actor: str, now: datetime) -> bool:
    """Note what the shop says of the money beyond what is known; return whether it was news."""
    known = payment_of(order_id)
    words = []
    for status, amount in told.money.items():
        minor = Money.parse(amount, currency).minor
        so_far: int = getattr(known, f"{status}_minor", 0) if status in payments.SUMS else 0
        if minor > so_far:
            # The sum so far names the word: told again, it is the same one.
            word = (status, minor - so_far, currency, f"{status} {amount}", now)
            words.append(payments.Word(order_id, *word))
    return bool(words) and payments.note(words, actor=actor, now=now) > 0
