"""Vendors' words with an offer for what they decline; and what customers answered to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.catalog import restock
from app.choices.contract import Fate, Instead, Kind, Status
from app.choices.models import Choice
from app.choices.rules import is_restock_day, left_of, option_of, options_of
from app.extensions import db
from app.notices import service as notices
from app.notices.contract import Notice
from app.orders import answers
from app.orders import service as orders
from app.orders.answers import Another
from app.orders.confirmations import Confirmation, asked
from app.orders.contract import DeclineCode, FoStatus
from app.orders.locks import lock_fulfillment_orders, lock_orders
from app.orders.models import FoLine, FulfillmentOrder, Order, OrderLine
from app.orders.service import Outcome
from app.shared import bulk, ids
from app.shared.errors import DomainError, IllegalMove, InvalidInput, NotFound
from app.shared.language import _
from app.shared.work import PLATFORM, acting_as
from app.shipments import service as shipments
from app.timeline.service import SYSTEM, Happened, record
from app.vendors.models import Vendor
from app.vendors.queries import vendor_codes, zone_of

# By fulfillment order, then by line.
Offers = Mapping[str, Mapping[str, Instead]]
REASONS = {
    Kind.REFUND: "the customer wants the money back",
    Kind.SUBSTITUTE: "the customer takes something else",
}


@dataclass(frozen=True, slots=True)
class _Offered:
    """What is offered for the units of one line that its vendor declines."""

    fo: FulfillmentOrder
    line: FoLine
    units: int
    instead: Instead
    options: list[dict[str, Any]]


def confirm(
    words: Sequence[Confirmation], offers: Offers, *, actor: str, now: datetime
) -> list[Outcome]:
    """Take vendors' words, and keep what they offer for the rest as choices of the customers.

    An offer that cannot be kept refuses the word it came with: nothing of that is changed.
    """
    refused: dict[str, DomainError] = {}
    offered: list[_Offered] = []
    has_offers = any(offers.get(word.reference) for word in words)
    # All of them at once: whoever holds listings waits for no order.
    found = lock_fulfillment_orders([word.reference for word in words]) if has_offers else {}
    for word in words:
        fo = found.get(word.reference)
        if fo is not None and offers.get(word.reference):
            try:
                offered += _offered(fo, word, offers[word.reference], now)
            except DomainError as refusal:
                refused[word.reference] = refusal
    restocked = {o.line.listing_id for o in offered if o.instead.restock_on}
    if restocked:
        with acting_as(PLATFORM):
            restock.hold_listings(restocked)
    taken = [word for word in words if word.reference not in refused]
    outcomes = {
        word.reference: outcome
        for word, outcome in zip(taken, orders.confirm(taken, actor=actor, now=now), strict=True)
    }
    kept = [o for o in offered if isinstance(outcomes.get(o.fo.reference), FulfillmentOrder)]
    if kept:
        with acting_as(PLATFORM):
            _keep(kept, actor, now)
    return [refused.get(word.reference) or outcomes[word.reference] for word in words]


def _offered(
    fo: FulfillmentOrder, word: Confirmation, offers: Mapping[str, Instead], now: datetime
) -> list[_Offered]:
    """Return what a word offers; of one that was given before nothing is new."""
    wanted = {name: one for name, one in offers.items() if one.substitute or one.restock_on}
    if fo.status != FoStatus.ASSIGNED:
        _require_known(fo, wanted)
        return []
    lines = {line.line: line for line in fo.lines}
    today = now.astimezone(ZoneInfo(zone_of(fo.location_id))).date()
    found = []
    for name, instead in wanted.items():
        line = lines.get(name)
        kept = (
            asked(line)
            if line and word.quantities is None
            else (word.quantities or {}).get(name, 0)
        )
        units = asked(line) - kept if line else 0
        if line is None or units <= 0:
            detail = f"{fo.reference}: nothing of line '{name}' is declined; offer nothing for it."
            raise InvalidInput(detail, **{f"offers.{name}": _("Nothing of it is declined.")})
        if instead.restock_on and not is_restock_day(instead.restock_on, today):
            detail = f"{fo.reference}: name a coming day from which you have '{name}' again."
            raise InvalidInput(detail, **{f"offers.{name}.restock_on": _("Name a coming day.")})
        title = _title_of(fo, line, instead.substitute, units) if instead.substitute else None
        found.append(_Offered(fo, line, units, instead, options_of(instead, title)))
    return found


def _title_of(fo: FulfillmentOrder, line: FoLine, sku: str, units: int) -> str:
    """Return what a substitute is called; refuse what its vendor does not sell or has not."""
    field = f"offers.{line.line}.substitute"
    if sku == line.sku:
        detail = f"{fo.reference}: {sku} is what was ordered; offer something else."
        raise InvalidInput(detail, **{field: _("This is what was ordered. Offer something else.")})
    row = next(iter(restock.own_available(fo.vendor_id, [sku])), None)
    if row is None:
        detail = f"{fo.reference}: you have no {sku} on sale and in stock; offer something else."
        raise InvalidInput(detail, **{field: _("You have none of it on sale and in stock.")})
    if row.available < units:
        detail = f"{fo.reference}: {row.available} of {sku} are in stock, and {units} are needed."
        raise InvalidInput(detail, **{field: _("Only {n} in stock.", n=row.available)})
    return str(row.title)


def _require_known(fo: FulfillmentOrder, wanted: Mapping[str, Instead]) -> None:
    """Refuse other offers than those that came with the word."""
    query = select(Choice.fo_line_id, Choice.options)
    known = {
        row.fo_line_id: row.options
        for row in db.session.execute(
            query.where(Choice.fo_line_id.in_([line.id for line in fo.lines]))
        )
    }
    told = {line.line: known.get(line.id) for line in fo.lines}
    for name, instead in wanted.items():
        title = (option_of(told.get(name) or (), Kind.SUBSTITUTE) or {}).get("title")
        if told.get(name) != options_of(instead, title):
            detail = f"{fo.reference} was {fo.status} before; what you offer comes with your word."
            raise IllegalMove(detail)


def _keep(offered: Sequence[_Offered], actor: str, now: datetime) -> None:
    """Write choices down, and that what comes back later is not there now."""
    rows: list[dict[str, Any]] = [
        {
            "id": ids.new(),
            "vendor_id": o.fo.vendor_id,
            "order_id": o.fo.order_id,
            "cohort": o.fo.cohort,
            "order_line_id": o.line.order_line_id,
            "fo_line_id": o.line.id,
            "reference": ids.reference("CH"),
            "units": o.units,
            "code": o.fo.decline_code or DeclineCode.OTHER,
            "options": o.options,
            "status": Status.OPEN,
            "made_at": now,
            "made_by": actor,
        }
        for o in offered
    ]
    bulk.insert(Choice, rows, conflict="ON CONFLICT (fo_line_id) DO NOTHING")
    restock.run_out(
        {o.line.listing_id: o.instead.restock_on for o in offered if o.instead.restock_on}
    )
    _tell_ops(rows, offered)
    record(
        [
            Happened(
                row["order_id"],
                row["cohort"],
                "choice_offered",
                actor,
                row["id"],
                _told(o.options, o.line, o.units),
            )
            for row, o in zip(rows, offered, strict=True)
        ],
        now,
    )


def _tell_ops(rows: Sequence[Mapping[str, Any]], offered: Sequence[_Offered]) -> None:
    """Tell ops that customers are to be asked."""
    orders_of = select(Order.id, Order.reference).where(Order.id.in_({r["order_id"] for r in rows}))
    names = {row.id: row.reference for row in db.session.execute(orders_of)}
    of_vendor = select(Vendor.id, Vendor.name).where(Vendor.id.in_({r["vendor_id"] for r in rows}))
    vendors = {row.id: row.name for row in db.session.execute(of_vendor)}
    notices.tell(
        [
            Notice(
                "ops",
                "choice_offered",
                names[row["order_id"]],
                f"choice_offered:{row['reference']}",
                {
                    "number": o.fo.order_number,
                    "vendor": vendors[o.fo.vendor_id],
                    "units": o.units,
                    "sku": o.line.sku,
                },
            )
            for row, o in zip(rows, offered, strict=True)
        ]
    )


def _told(options: Sequence[Mapping[str, Any]], line: FoLine, units: int) -> dict[str, Any]:
    waits = option_of(options, Kind.WAIT) or {}
    other = option_of(options, Kind.SUBSTITUTE) or {}
    facts = {"sku": line.sku, "units": units, "until": waits.get("until")}
    return facts | {"substitute": other.get("sku")}


def answer(  # noqa: PLR0913 - who answers what, in whose words, when
    reference: str, kind: Kind, *, note: str, actor: str, actor_id: UUID | None, now: datetime
) -> Fate:
    """Do what a customer answered; the same answer again changes nothing.

    A choice whose units have found another way meanwhile is closed instead.
    """
    order, choice = _locked(reference)
    if choice.status == Status.ANSWERED and choice.answer == kind:
        return Fate.AGAIN
    option = option_of(choice.options, kind)
    if option is None:
        raise InvalidInput(f"{reference} offers no '{kind}'; choose one of what it offers.")
    if choice.status == Status.ANSWERED:
        detail = f"{reference} was answered '{choice.answer}' by {choice.answered_by} already."
        raise IllegalMove(detail)
    line = db.session.get_one(OrderLine, choice.order_line_id, populate_existing=True)
    units = left_of(choice.units, line.unrouted)
    if choice.status == Status.MOOT or units == 0:
        _close([choice], actor, now)
        return Fate.MOOT
    if not note.strip():
        raise InvalidInput("The note is missing.", note=_("Write how the customer said it."))
    choice.status, choice.answer, choice.note = Status.ANSWERED, kind, note.strip()
    choice.answered_at, choice.answered_by = now, actor
    db.session.flush()
    facts = {"answer": kind, "sku": line.sku, "units": units, "note": choice.note}
    facts |= {"substitute": option.get("sku")}
    entry = Happened(
        order.id, order.cohort, "choice_answered", actor, choice.id, facts, actor_id=actor_id
    )
    record([entry], now)
    _do(order, line, choice, option, units, actor, now)
    return Fate.DONE


def _locked(reference: str) -> tuple[Order, Choice]:
    query = select(Choice).where(Choice.reference == reference)
    known = db.session.scalar(query)
    if known is None:
        raise NotFound(f"There is no choice '{reference}'.")
    (order,) = lock_orders([known.order_id])
    locked = query.with_for_update(key_share=True)
    choice: Choice = db.session.scalars(locked, execution_options={"populate_existing": True}).one()
    return order, choice


def close_moot(now: datetime, most: int = 1_000) -> int:
    """Close choices whose units need no answer any more, the oldest first; return how many."""
    query = select(Choice).join(OrderLine, OrderLine.id == Choice.order_line_id)
    query = query.where(Choice.status == Status.OPEN, OrderLine.unrouted == 0)
    locked = query.with_for_update(of=Choice, key_share=True, skip_locked=True)
    found = db.session.scalars(locked.order_by(Choice.made_at).limit(most)).all()
    _close(found, SYSTEM, now)
    return len(found)


def _close(choices: Sequence[Choice], actor: str, now: datetime) -> None:
    """Close choices that need no answer any more; those that are closed stay as they are."""
    still_open = [choice for choice in choices if choice.status == Status.OPEN]
    for choice in still_open:
        choice.status = Status.MOOT
    record(
        [
            Happened(c.order_id, c.cohort, "choice_moot", actor, c.id, {"units": c.units})
            for c in still_open
        ],
        now,
    )


def _do(  # noqa: PLR0913, PLR0917 - one answer with all that it is about
    order: Order,
    line: OrderLine,
    choice: Choice,
    option: Mapping[str, Any],
    units: int,
    actor: str,
    now: datetime,
) -> None:
    """Have the units of a choice wait, be replaced or be called off."""
    if choice.answer == Kind.WAIT:
        answers.wait_for(line, choice.vendor_id, now)
        return
    if choice.answer == Kind.SUBSTITUTE:
        sku = option["sku"]
        row = next(iter(restock.own_available(choice.vendor_id, [sku])), None)
        if row is None or row.available < units:
            has = row.available if row else 0
            detail = f"The vendor has {has} of {sku} left, and {units} are needed; ask again."
            raise IllegalMove(detail)
        names = db.session.scalars(
            select(OrderLine.external_id).where(OrderLine.order_id == order.id)
        ).all()
        vendor = vendor_codes([choice.vendor_id])[choice.vendor_id]
        # First: an order without any line left would be canceled as a whole.
        answers.add_instead(order, line, names, Another(sku, option["title"], vendor, units), now)
    shipments.cancel(
        order.id,
        {line.external_id: units},
        actor=actor,
        reason=REASONS[Kind(choice.answer or "")],
        now=now,
    )
