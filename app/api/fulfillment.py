"""Fulfillment orders: the vendors' moves. A vendor's key reaches its own rows only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, request

from app.api.access import caller
from app.api.catalog_forms import StockForm
from app.api.forms import (
    ConfirmForm,
    ConfirmsForm,
    PackedForm,
    PackForm,
    PickForm,
    ReasonForm,
    ShipForm,
    ShipsForm,
    read,
)
from app.api.idempotency import Answer, acted
from app.catalog.forms import CountForm
from app.catalog.queries import listing_ids
from app.catalog.service import count_stock
from app.choices import service as choices
from app.choices.contract import Instead
from app.orders import service as orders
from app.orders.confirmations import Confirmation
from app.orders.contract import Action, FoStatus
from app.orders.documents import fulfillment_order_documents
from app.orders.models import FulfillmentOrder
from app.orders.queries import fulfillment_order, fulfillment_orders
from app.orders.service import Outcome
from app.shared.errors import InvalidInput, NotFound
from app.shared.work import transaction
from app.shipments.claims import noted
from app.shipments.pack_rules import Parcel as PackedParcel
from app.shipments.packing import pack
from app.shipments.picking import pick
from app.shipments.service import Dispatch, Parcel, ship
from app.vendors.queries import vendor_codes

MOVES = {
    "hold": Action.HOLD,
    "release": Action.RELEASE,
}
PAGE = 500


def mount(blueprint: Blueprint) -> None:
    """Add the routes."""
    add = blueprint.add_url_rule
    add("/fulfillment-orders", view_func=index, methods=["GET"])
    add("/fulfillment-orders/confirm", view_func=confirm_many, methods=["POST"])
    add("/fulfillment-orders/ship", view_func=ship_many, methods=["POST"])
    add("/fulfillment-orders/<reference>", view_func=show_one, methods=["GET"])
    add("/fulfillment-orders/<reference>/confirm", view_func=confirm_one, methods=["POST"])
    add("/fulfillment-orders/<reference>/ship", view_func=ship_one, methods=["POST"])
    add("/fulfillment-orders/<reference>/pick", view_func=pick_one, methods=["POST"])
    add("/fulfillment-orders/<reference>/pack", view_func=pack_one, methods=["POST"])
    add(
        "/fulfillment-orders/<reference>/<any(hold,release):move>",
        view_func=act,
        methods=["POST"],
    )
    add("/stock", view_func=stock, methods=["POST"])


def index() -> dict[str, Any]:
    """List fulfillment orders, oldest first; `after` is the last page's last id."""
    status, due = request.args.get("status"), request.args.get("due_before")
    if status and status not in set(FoStatus):
        raise InvalidInput(f"'{status}' is no status.", status=", ".join(FoStatus))
    with transaction(caller().scope) as now:
        found = fulfillment_orders(status, _moment(due), request.args.get("after"), PAGE)
        documents = _documents(found, now)
    more = documents[-1]["id"] if len(documents) == PAGE else None
    return {"fulfillment_orders": documents, "after": more}


def _moment(value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidInput("due_before is no moment.", due_before="write 2026-11-21T10:15:00+01:00")
    return moment


def show_one(reference: str) -> dict[str, Any]:
    """Return one fulfillment order."""
    with transaction(caller().scope) as now:
        return _documents([fulfillment_order(reference)], now)[0]


def _documents(found: Sequence[FulfillmentOrder], now: datetime) -> list[dict[str, Any]]:
    is_vendor = caller().vendor_id is not None
    return fulfillment_order_documents(found, to_vendor_at=now if is_vendor else None)


def _one(outcomes: Sequence[Outcome], now: datetime) -> dict[str, Any]:
    (outcome,) = outcomes
    if not isinstance(outcome, FulfillmentOrder):
        raise outcome
    return _documents([outcome], now)[0]


def _many(references: Sequence[str], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {"results": [_result(r, o) for r, o in zip(references, outcomes, strict=True)]}


def _result(reference: str, outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, FulfillmentOrder):
        return {"id": reference, "status": 200, "state": outcome.status}
    return {"id": reference, "status": outcome.status, "detail": outcome.detail}


def _unique(names: Sequence[str]) -> Sequence[str]:
    if len(set(names)) < len(names):
        raise InvalidInput("A fulfillment order is named twice.", id="each one once")
    return names


def confirm_one(reference: str) -> Answer:
    """Confirm one, whole or in part, or decline it."""
    form = read(ConfirmForm)

    def do(now: datetime) -> dict[str, Any]:
        return _one(_confirm([(reference, form)], now), now)

    return acted(caller().scope, form, do)


def confirm_many() -> Answer:
    """Confirm many; each is answered by itself."""
    form = read(ConfirmsForm)
    said = [(f.id, f) for f in form.fulfillment_orders]
    names = _unique([name for name, _ in said])
    return acted(caller().scope, form, lambda now: _many(names, _confirm(said, now)))


def _confirm(said: Sequence[tuple[str, ConfirmForm]], now: datetime) -> list[Outcome]:
    words = [
        Confirmation(name, f.lines, f.reason, f.code, has_attested=f.attest, ship_on=f.ship_on)
        for name, f in said
    ]
    offers = {
        name: {line: Instead(o.substitute, o.restock_on) for line, o in f.offers.items()}
        for name, f in said
    }
    return choices.confirm(words, offers, actor=caller().name, now=now)


def ship_one(reference: str) -> Answer:
    """Say that parcels of one have left."""
    form = read(ShipForm)

    def do(now: datetime) -> dict[str, Any]:
        return _one(ship([_dispatch(reference, form, now)], actor=caller().name, now=now), now)

    with noted(caller().name):
        return acted(caller().scope, form, do)


def ship_many() -> Answer:
    """Say that parcels of many have left; each is answered by itself."""
    form = read(ShipsForm)
    names = _unique([f.id for f in form.fulfillment_orders])

    def do(now: datetime) -> dict[str, Any]:
        words = [_dispatch(f.id, f, now) for f in form.fulfillment_orders]
        return _many(names, ship(words, actor=caller().name, now=now))

    return acted(caller().scope, form, do)


def _dispatch(reference: str, form: ShipForm, now: datetime) -> Dispatch:
    return Dispatch(
        reference,
        [
            Parcel(p.carrier, p.tracking_number, p.shipped_at or now, p.lines, p.package)
            for p in form.parcels
        ],
    )


def pick_one(reference: str) -> Answer:
    """Say what of one is picked by now, and what is not there; nothing named: all of it is."""
    form = read(PickForm)

    def do(now: datetime) -> dict[str, Any]:
        done = pick(reference, form.lines, form.short, actor=caller().name, now=now)
        return _one([done], now)

    return acted(caller().scope, form, do)


def pack_one(reference: str) -> Answer:
    """Say in which parcels one is packed; nothing named: all of it in one."""
    form = read(PackForm)
    parcels = None if form.parcels is None else [_packed(parcel) for parcel in form.parcels]

    def do(now: datetime) -> dict[str, Any]:
        done = pack(reference, parcels, ticks=None, actor=caller().name, now=now)
        return _one([done], now)

    return acted(caller().scope, form, do)


def _packed(form: PackedForm) -> PackedParcel:
    return PackedParcel(form.lines, **form.model_dump(exclude={"lines"}))


def act(reference: str, move: str) -> Answer:
    """Hold or release one."""
    form = read(ReasonForm)

    def do(now: datetime) -> dict[str, Any]:
        done = orders.act(
            [reference], MOVES[move], actor=caller().name, now=now, reason=form.reason
        )
        return _one(done, now)

    return acted(caller().scope, form, do)


def stock() -> Answer:
    """Count what vendors have, absolutely, by location and SKU: one's own, or those named."""
    form = read(StockForm)
    counts, own = form.stock, caller().vendor_id

    def do(_now: datetime) -> dict[str, Any]:
        usual = vendor_codes([own])[own] if own else None
        names = [(_whose(count, usual), count.location, count.sku) for count in counts]
        found = listing_ids(names)
        missing = next((name for name in names if name not in found), None)
        if missing:
            raise NotFound(f"There is no listing of {missing[2]} at {missing[1]}.")
        count_stock({found[n]: c.on_hand for n, c in zip(names, counts, strict=True)})
        return {"counted": len(found)}

    return acted(caller().scope, form, do)


def _whose(count: CountForm, usual: str | None) -> str:
    vendor = count.vendor or usual
    if vendor is None:
        raise InvalidInput("Say whose stock it is.", vendor="needed with a marketplace's key")
    return vendor
