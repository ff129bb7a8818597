"""Changing fulfillment orders: lock, rule, write, timeline; the same again is no move."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.catalog import service as catalog
from app.checks import service as checks
from app.checks.service import Subject
from app.extensions import db
from app.notices import service as notices
from app.notices.contract import Notice
from app.orders import holds, told
from app.orders.confirmations import Confirmation, facts_of, hear
from app.orders.contract import Action, FoStatus, Reason
from app.orders.locks import (
    lock_fulfillment_orders,
    lock_fulfillment_orders_of,
    lock_orders,
)
from app.orders.models import FoLine, FulfillmentOrder, Order, OrderLine
from app.orders.rules import Totals, move, order_status
from app.shared import bulk, live, work
from app.shared.errors import DomainError, IllegalMove, InvalidInput, NotFound
from app.shared.work import PLATFORM, acting_as, acts_for
from app.timeline.service import Happened, record

Outcome = FulfillmentOrder | DomainError
# Whether a fulfillment order has moved; or what is told of that besides.
Moved = bool | Mapping[str, Any]


def confirm(words: Sequence[Confirmation], *, actor: str, now: datetime) -> list[Outcome]:
    """Take vendors' words; units that are not confirmed go back to routing at once.

    The same word again changes nothing; another one is refused.
    """
    by_reference = {word.reference: word for word in words}
    declined: list[tuple[FoLine, int]] = []
    taken: list[FulfillmentOrder] = []

    def apply(fo: FulfillmentOrder) -> Moved:
        back = hear(fo, by_reference[fo.reference], now)
        if back is None:
            return False
        declined.extend(back)
        taken.append(fo)
        return facts_of(fo, sum(units for _, units in back)) or True

    outcomes = change(list(by_reference), apply, event="confirmed", actor=actor, now=now)
    dated = [fo for fo in taken if fo.ship_on]
    if dated or declined:
        with acting_as(PLATFORM):
            told.confirmed(dated, now)
            # Last: it holds stock, for which nobody who waits for messages should wait.
            if declined:
                return_units([x for x, _ in declined], {x.id: n for x, n in declined}, now)
    return outcomes


def act(
    references: Sequence[str],
    action: Action,
    *,
    actor: str,
    now: datetime,
    reason: str | Reason = "",
) -> list[Outcome]:
    """Pick, pack, label, hold or release whole fulfillment orders; a hold has its reason.

    What waits with its whole order is released with it, and not before.
    """
    held = reason if isinstance(reason, Reason) else Reason(reason)
    stopped = cache(lambda: _stopped(references))

    def apply(fo: FulfillmentOrder) -> bool:
        before = FoStatus(fo.status)
        if action is Action.RELEASE and fo.reference in stopped():
            detail = f"{fo.reference} waits with its whole order, and is released with it."
            raise IllegalMove(detail)
        target = move(fo.reference, before, action, fo.held_from)
        if target == before:
            return False
        fo.held_from = before if action is Action.HOLD else None
        fo.hold_reason = held.words if action is Action.HOLD else None
        fo.hold_code = held.code if action is Action.HOLD else None
        fo.held_at = now if action is Action.HOLD else None
        for line in fo.lines:
            if action in {Action.PICK, Action.PACK}:
                line.picked = line.confirmed
            if action is Action.PACK:
                line.packed = line.confirmed
        fo.status = target
        if action is Action.HOLD and acts_for() is None:
            _tell_held(fo, now)
        return True

    names = {Action.LABEL: "made ready", Action.HOLD: "put on hold", Action.RELEASE: "released"}
    event = names.get(action, {"pick": "picking", "pack": "packed"}.get(action, action))
    return change(references, apply, event=event, actor=actor, now=now)


def _stopped(references: Sequence[str]) -> frozenset[str]:
    """Return what waits with its whole order; why an order is held, vendors may not read."""
    with acting_as(PLATFORM):
        return holds.stopped(references)


def _tell_held(fo: FulfillmentOrder, now: datetime) -> None:
    """Tell a vendor that somebody else stops its work; what it stops itself it knows."""
    facts = {"number": fo.order_number, "reason": fo.hold_reason}
    once = f"work_held:{fo.reference}:{now.isoformat()}"
    notices.tell([Notice(f"vendor:{fo.vendor_id}", "work_held", fo.reference, once, facts)])


def change(
    references: Sequence[str],
    apply: Callable[[FulfillmentOrder], Moved],
    *,
    event: str,
    actor: str,
    now: datetime,
) -> list[Outcome]:
    """Apply a move to each fulfillment order the scope may see, and let the platform react."""
    found = lock_fulfillment_orders(references)
    outcomes: list[Outcome] = []
    changed: list[tuple[FulfillmentOrder, Moved]] = []
    for reference in references:
        fo = found.get(reference)
        if fo is None:
            outcomes.append(NotFound(f"There is no fulfillment order '{reference}'."))
            continue
        try:
            if moved := apply(fo):
                changed.append((fo, moved))
            outcomes.append(fo)
        except DomainError as refusal:
            outcomes.append(refusal)
    with acting_as(PLATFORM):
        _react(changed, event, actor, now)
    return outcomes


def _react(
    moves: Sequence[tuple[FulfillmentOrder, Moved]], event: str, actor: str, now: datetime
) -> None:
    if not moves:
        return
    record([_entry(fo, event, actor, moved) for fo, moved in moves], now)
    changed = [fo for fo, _ in moves]
    tell_vendors(fo.vendor_id for fo in changed)
    settle({fo.order_id for fo in changed}, now)
    checks.wake(
        "fulfillment order changed",
        [Subject(fo.id, "fulfillment_order", fo.order_id) for fo in changed],
        now,
    )


def tell_vendors(vendor_ids: Iterable[UUID]) -> None:
    """Tell the open pages of vendors that their work has changed."""
    for vendor_id in set(vendor_ids):
        live.changed("orders", vendor_id)


def _entry(fo: FulfillmentOrder, event: str, actor: str, moved: Moved) -> Happened:
    facts: dict[str, Any] = {"fulfillment_order": fo.reference, "status": fo.status}
    if fo.hold_reason:
        facts["reason"] = fo.hold_reason
    if isinstance(moved, Mapping):
        facts |= moved
    return Happened(
        fo.order_id, fo.cohort, f"fulfillment_order_{event}".replace(" ", "_"), actor, fo.id, facts
    )


def give_back(fo: FulfillmentOrder, quantities: Mapping[str, int] | None) -> dict[UUID, int]:
    """Decline unshipped units for whoever has them (None: all of them); return how many by line.

    InvalidInput where a line has fewer of them.
    """
    most = {x.line: x.ordered - x.declined - x.canceled - x.shipped for x in fo.lines}
    wanted = most if quantities is None else quantities
    for name, units in wanted.items():
        if not 0 <= units <= most.get(name, -1):
            detail = f"{fo.reference} has no line '{name}' of which {units} could be taken back."
            raise InvalidInput(detail, **{name: f"0 to {most.get(name, 0)}"})
    for line in fo.lines:
        line.declined += wanted.get(line.line, 0)
        line.confirmed = min(line.confirmed, line.ordered - line.declined - line.canceled)
        line.picked, line.packed = (
            min(line.picked, line.confirmed),
            min(line.packed, line.confirmed),
        )
    return {line.id: wanted[line.line] for line in fo.lines if wanted.get(line.line)}


def return_units(
    lines: Sequence[FoLine],
    quantities: Mapping[UUID, int],
    now: datetime,
    *,
    are_gone: bool = False,
) -> None:
    """Give units of lines back to the stock and their order lines back to routing.

    `are_gone`: nobody has them any more, so the stock does not get them.
    """
    # First: routing holds such checks while it waits for stock.
    checks.wake(
        "lines unrouted",
        [Subject(line.order_id, "order", line.order_id) for line in lines],
        now,
    )
    _unroute(lines, quantities)
    (catalog.consume if are_gone else catalog.release)(quantities)


def _unroute(lines: Sequence[FoLine], quantities: Mapping[UUID, int]) -> None:
    db.session.execute(
        text(
            "UPDATE order_lines l SET unrouted = l.unrouted + v.n FROM (SELECT id, sum(n) AS n FROM"
            " unnest(CAST(:ids AS uuid[]), CAST(:counts AS integer[])) u(id, n) GROUP BY 1) v"
            " WHERE l.id = v.id"
        ),
        {"ids": [x.order_line_id for x in lines], "counts": [quantities[x.id] for x in lines]},
    )


TOTALS = (
    "SELECT o.id, o.status, o.delivered_at, o.has_part_on_hold,"
    " EXISTS (SELECT FROM fulfillment_orders WHERE order_id = o.id AND status = 'on_hold')"
    "  AS has_hold,"
    " (SELECT sum(quantity) FROM order_lines WHERE order_id = o.id) AS ordered,"
    " (SELECT sum(canceled) FROM order_lines WHERE order_id = o.id) AS canceled,"
    " f.routed, f.shipped, f.delivered, f.last_delivered_at"
    " FROM orders o LEFT JOIN LATERAL (SELECT coalesce(sum(ordered - declined - l.canceled), 0)"
    "  AS routed, coalesce(sum(shipped), 0) AS shipped, coalesce(sum(l.delivered), 0) AS delivered,"
    "  max(fo.delivered_at) AS last_delivered_at FROM fo_lines l"
    "  JOIN fulfillment_orders fo ON fo.id = l.fo_id WHERE l.order_id = o.id) f ON true"
    " WHERE o.id = ANY(CAST((SELECT %(ids)s) AS uuid[])) ORDER BY o.id"
)


def settle(
    order_ids: Iterable[UUID], now: datetime, noted: Mapping[UUID, Mapping[str, Any]] | None = None
) -> set[UUID]:
    """Derive the status of orders from their parts, and wake who looks at whole orders.

    `noted`: what else is written of some of them with it, of each the same. Returns those whose
    status is another one now.
    """
    db.session.flush()
    noted, rows, more, marks = noted or {}, [], [], []
    settled = set()
    for row in work.rows(TOTALS, {"ids": sorted(set(order_ids))}):
        status = order_status(
            Totals(row.ordered, row.canceled, row.routed, row.shipped, row.delivered)
        )
        delivered_at = row.last_delivered_at if status == "delivered" else None
        derived = {"id": row.id, "status": str(status), "delivered_at": delivered_at}
        if is_other := (status, delivered_at) != (row.status, row.delivered_at):
            settled.add(row.id)
        if row.id in noted:
            more.append({**derived, **noted[row.id]})
        elif is_other:
            rows.append(derived)
        if row.has_hold != row.has_part_on_hold:
            marks.append({"id": row.id, "has_part_on_hold": row.has_hold})
    for changed in (rows, more):
        bulk.update(Order, changed, key="id")
    # Nobody who looks at whole orders looks at this: only lists do.
    bulk.update(Order, marks, key="id")
    checks.wake("order changed", [Subject(key, "order", key) for key in settled], now)
    return settled


def cancel(
    order_id: UUID, quantities: Mapping[str, int] | None, *, actor: str, reason: str, now: datetime
) -> Order:
    """Cancel an order, or units of its lines, as far as they have not shipped; all or nothing."""
    (order,) = lock_orders([order_id])
    fos = lock_fulfillment_orders_of([order_id])
    lines = db.session.scalars(
        db.select(OrderLine).filter_by(order_id=order_id).order_by(OrderLine.external_id)
    ).all()
    wanted = _to_cancel(order, lines, fos, quantities)
    if not any(wanted.values()):
        return order
    facts = {"units": sum(wanted.values()), "reason": reason}
    facts["quantities"] = [
        [x.sku, n, n - wanted[x.external_id]]
        for x in lines
        if wanted[x.external_id] and (n := x.quantity - x.canceled)
    ]
    freed: dict[UUID, int] = {}
    for line in lines:
        _cancel_line(line, wanted[line.external_id], fos, freed)
    for fo in fos:
        _end_if_nothing_is_left(fo)
    if not any(line.unrouted for line in lines):
        order.unfilled_since = None
    db.session.flush()
    catalog.wake_for(freed)
    catalog.release(freed)
    record([Happened(order.id, order.cohort, "order_canceled", actor, order.id, facts)], now)
    settle([order_id], now)
    for event in ("order changed", "order canceled"):
        checks.wake(event, [Subject(order_id, "order", order_id)], now)
    touched = [fo for fo in fos if any(x.id in freed for x in fo.lines)]
    tell_vendors(fo.vendor_id for fo in touched)
    told.work_changed(touched, "units", now)
    checks.wake(
        "fulfillment order changed",
        [Subject(fo.id, "fulfillment_order", order_id) for fo in touched],
        now,
    )
    db.session.refresh(order)
    if order.status == "canceled":
        # Nobody needs to look at it any more.
        holds.lift([order_id], actor=actor, note=reason, now=now)
        db.session.refresh(order)
    told.changed(order, now)
    return order


def _end_if_nothing_is_left(fo: FulfillmentOrder) -> None:
    """Cancel a fulfillment order of which nothing is asked for any more; ship what has left."""
    is_empty = all(x.canceled + x.declined == x.ordered for x in fo.lines)
    if is_empty and fo.status != FoStatus.REJECTED:
        end(fo, move(fo.reference, FoStatus(fo.status), Action.CANCEL, fo.held_from))
    elif has_all_left(fo):
        end(fo, FoStatus.SHIPPED)


def end(fo: FulfillmentOrder, status: FoStatus) -> None:
    """End a fulfillment order, held or not: nothing of it waits any more."""
    fo.status, fo.held_from, fo.hold_reason = status, None, None
    if status == FoStatus.SHIPPED:
        fo.shipped_at = fo.last_parcel_at


def has_all_left(fo: FulfillmentOrder) -> bool:
    """Return whether all that is still asked for has left, and anything has."""
    wanted = [line.ordered - line.declined - line.canceled for line in fo.lines]
    shipped = [line.shipped for line in fo.lines]
    return any(shipped) and shipped == wanted and fo.status not in {"shipped", "delivered"}


def open_units(line: OrderLine, fos: Iterable[FulfillmentOrder]) -> int:
    """Return how many units of a line are wanted and have not left."""
    open_in_fos = sum(
        x.ordered - x.declined - x.canceled - x.shipped
        for fo in fos
        for x in fo.lines
        if x.order_line_id == line.id
    )
    return line.unrouted + open_in_fos


def _to_cancel(
    order: Order,
    lines: Sequence[OrderLine],
    fos: Sequence[FulfillmentOrder],
    quantities: Mapping[str, int] | None,
) -> dict[str, int]:
    most = {line.external_id: open_units(line, fos) for line in lines}
    if quantities is None:
        shipped = [
            k
            for k, line in zip(most, lines, strict=True)
            if most[k] < line.quantity - line.canceled
        ]
        if shipped and any(most.values()):
            detail = f"Order {order.number} has shipped in part; cancel the lines that have not."
            raise IllegalMove(detail)
        if shipped:
            detail = f"Order {order.number} has shipped; it can no longer be canceled."
            raise IllegalMove(f"{detail} Open a return instead.")
        return most
    for name, quantity in quantities.items():
        if not 0 <= quantity <= most.get(name, -1):
            detail = (
                f"Order {order.number} has no line '{name}' of which {quantity} could be canceled."
            )
            raise InvalidInput(detail, **{name: f"0 to {most.get(name, 0)}"})
    return {name: quantities.get(name, 0) for name in most}


def _cancel_line(
    line: OrderLine, units: int, fos: Sequence[FulfillmentOrder], freed: dict[UUID, int]
) -> None:
    """Call off units: first those nobody has been given, then those of fulfillment orders."""
    line.canceled += units
    unrouted = min(units, line.unrouted)
    line.unrouted -= unrouted
    rest = units - unrouted
    for part in (x for fo in fos for x in fo.lines if x.order_line_id == line.id):
        taken = min(rest, part.ordered - part.declined - part.canceled - part.shipped)
        if taken:
            part.canceled += taken
            part.confirmed = min(part.confirmed, part.ordered - part.declined - part.canceled)
            part.picked, part.packed = (
                min(part.picked, part.confirmed),
                min(part.packed, part.confirmed),
            )
            freed[part.id] = taken
            rest -= taken
