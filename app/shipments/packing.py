"""Packing: what was picked lies in parcels, every instruction seen to, nothing left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, text

from app.extensions import db
from app.orders import service as orders
from app.orders.contract import Action, FoStatus
from app.orders.models import FulfillmentOrder
from app.orders.rules import move
from app.shared import bulk, ids
from app.shared.errors import Conflict, DomainError, IllegalMove, InvalidInput
from app.shared.language import _, _n
from app.shipments import pick_queries
from app.shipments.models import Package, PackageLine
from app.shipments.pack_rules import Parcel, check, instructions, unticked
from app.shipments.packages import Packed, packages_of
from app.web.paging import Cut

PARCEL = ("box", "weight_g", "length_mm", "width_mm", "height_mm")
BOXES = text(
    "SELECT DISTINCT ON (box) box, length_mm, width_mm, height_mm FROM (SELECT box, length_mm,"
    " width_mm, height_mm, packed_at FROM packages WHERE vendor_id = :vendor AND box IS NOT NULL"
    " ORDER BY packed_at DESC LIMIT 200) b ORDER BY box, packed_at DESC LIMIT 12"
)
# What is wholly picked, what is not yet, what is packed: each is read from its stretch of an index.
TO_PACK = (
    "SELECT g.rank, fo.*, (SELECT sum(confirmed) FROM fo_lines WHERE fo_id = fo.id) AS units,"
    " (SELECT sum(picked) FROM fo_lines WHERE fo_id = fo.id) AS picked,"
    " (SELECT count(*) FROM packages WHERE fo_id = fo.id) AS parcels"
    " FROM (VALUES (0, 'picking', false), (1, 'picking', true), (2, 'packed', NULL))"
    " g (rank, status, is_short) CROSS JOIN LATERAL (SELECT fo.id, fo.reference, fo.order_number,"
    "  fo.status, fo.ship_by, fo.assigned_at, fo.preferences FROM fulfillment_orders fo"
    "  WHERE fo.vendor_id = :vendor AND fo.status = g.status AND {cut} AND (g.is_short IS NULL"
    "  OR g.is_short = (SELECT bool_or(picked < confirmed) FROM fo_lines WHERE fo_id = fo.id))"
    "  ORDER BY {order} LIMIT :size) fo ORDER BY {order} LIMIT :size"
)


def pack(  # noqa: PLR0913 - each is a word of whoever packs
    reference: str,
    parcels: Sequence[Parcel] | None,
    *,
    ticks: Iterable[str] | None,
    actor: str,
    now: datetime,
    seen: str | None = None,
) -> FulfillmentOrder:
    """Note what lies in which parcel (None: all in one); other parcels replace those there were.

    `ticks`: the instructions that somebody has seen to; only with them and with every unit picked
    is an order packed. None: a program's own word that all of it is done. `seen`: the parcels that
    whoever packs has looked at (`stamp`); Conflict where they are others by now.
    """

    def apply(fo: FulfillmentOrder) -> bool | Mapping[str, Any]:
        target = move(fo.reference, FoStatus(fo.status), Action.PACK, fo.held_from)
        is_again = target == fo.status
        if ticks is None and not is_again:
            for line in fo.lines:
                line.picked = line.confirmed
        _require_picked(fo)
        units = {x.line: n for x in fo.lines if (n := x.picked - x.shipped)}
        wanted = [Parcel(units)] if parcels is None else parcels
        known = parcels_of(fo.id, {line.id: line.line for line in fo.lines})
        if is_again and (parcels is None or wanted == [parcel for _row, parcel in known]):
            return False
        _require(wanted, units)
        _require_free(fo, [packed for packed, _parcel in known], seen)
        if ticks is not None:
            _tick(fo, ticks, actor, now)
        _write(fo, wanted, [packed.package for packed, _parcel in known], actor, now)
        for line in fo.lines:
            line.packed = line.picked
        fo.status = target
        return {"parcels": len(wanted)}

    (outcome,) = orders.change([reference], apply, event="packed", actor=actor, now=now)
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


def _require_picked(fo: FulfillmentOrder) -> None:
    left = sum(line.confirmed - line.picked for line in fo.lines)
    if left:
        detail = _n(
            "{n} unit of {reference} is not picked yet. Scan it first.",
            "{n} units of {reference} are not picked yet. Scan them first.",
            left,
            reference=fo.reference,
        )
        raise IllegalMove(detail)


def _require(wanted: Sequence[Parcel], units: Mapping[str, int]) -> None:
    wrong = check(wanted, units)
    if wrong.fields:
        name, why = next(iter(wrong.fields.items()))
        detail = f"The parcels do not hold what was picked: {name}: {why}."
        raise InvalidInput(detail, **{f"parcels.{k}": v for k, v in wrong.fields.items()})


def _require_free(fo: FulfillmentOrder, known: Sequence[Packed], seen: str | None) -> None:
    """Refuse to change parcels that have left, have a label, or are not those that were seen."""
    if any(packed.has_left for packed in known):
        detail = _("A parcel of {reference} has left already.", reference=fo.reference)
        raise IllegalMove(detail)
    if any(packed.label for packed in known):
        detail = _(
            "{reference} has a label. Void it first, then pack it anew.", reference=fo.reference
        )
        raise IllegalMove(detail)
    if seen is not None and seen != stamp(known):
        detail = _("Somebody else has packed {reference} meanwhile.", reference=fo.reference)
        raise Conflict(detail)


def stamp(known: Sequence[Packed]) -> str:
    """Return what tells these parcels from those there were before or will be."""
    rows = [packed.package for packed in known]
    return " ".join(f"{row.reference}@{row.packed_at.isoformat()}" for row in rows)


def _tick(fo: FulfillmentOrder, ticks: Iterable[str], actor: str, now: datetime) -> None:
    """Note who has seen to what; refuse where something is left."""
    asked = instructions(fo.preferences, pick_queries.goods([fo.id]))
    before = {tick["code"]: tick for tick in fo.ticks}
    new = {code: {"code": code, "by": actor, "at": now.isoformat()} for code in ticks}
    done = {one.code: before.get(one.code) or new.get(one.code) for one in asked}
    if unticked(asked, [code for code, tick in done.items() if tick]):
        detail = _("Tick every instruction once it is seen to; then {reference} is packed.")
        raise InvalidInput(detail.format(reference=fo.reference), ticks="not all are ticked")
    fo.ticks = [tick for tick in done.values() if tick]


def _write(
    fo: FulfillmentOrder,
    parcels: Sequence[Parcel],
    known: Sequence[Package],
    actor: str,
    now: datetime,
) -> None:
    """Write parcels over those there were: a parcel keeps its name, and its voided labels."""
    rows = list(known[: len(parcels)])
    rows += [_new(fo, number) for number in range(len(rows) + 1, len(parcels) + 1)]
    db.session.execute(
        delete(PackageLine).where(PackageLine.package_id.in_([row.id for row in known]))
    )
    for spare in known[len(parcels) :]:
        db.session.delete(spare)
    for row, parcel in zip(rows, parcels, strict=True):
        for name in PARCEL:
            setattr(row, name, getattr(parcel, name))
        row.packed_at, row.packed_by = now, actor
    db.session.add_all(rows)
    db.session.flush()
    keys = {line.line: line.id for line in fo.lines}
    bulk.insert(
        PackageLine,
        [
            {
                "package_id": row.id,
                "fo_line_id": keys[name],
                "vendor_id": fo.vendor_id,
                "quantity": units,
            }
            for row, parcel in zip(rows, parcels, strict=True)
            for name, units in parcel.units.items()
            if units
        ],
    )


def _new(fo: FulfillmentOrder, number: int) -> Package:
    return Package(
        id=ids.new(),
        vendor_id=fo.vendor_id,
        order_id=fo.order_id,
        fo_id=fo.id,
        cohort=fo.cohort,
        reference=ids.reference("PK"),
        number=number,
    )


# Reading -------------------------------------------------------------------------------------


def parcels_of(fo_id: UUID, lines: Mapping[UUID, str]) -> list[tuple[Packed, Parcel]]:
    """Return an order's packages by their numbers, each as a parcel with units by line.

    `lines` are the names of the order's lines by their keys.
    """
    return [
        (
            packed,
            Parcel(
                {lines[key]: units for key, units in sorted(packed.units.items())},
                **{name: getattr(packed.package, name) for name in PARCEL},
            ),
        )
        for packed in packages_of([fo_id]).get(fo_id, [])
    ]


def boxes(vendor_id: UUID) -> Sequence[Any]:
    """Return the boxes that a vendor has used of late, with their sizes."""
    return db.session.execute(BOXES, {"vendor": vendor_id}).all()


def to_pack(vendor_id: UUID, cut: Cut) -> Sequence[Row[Any]]:
    """Return a page of what a vendor has to pack: `rank` 0 is picked, 1 not wholly, 2 is packed."""
    where, order = cut.in_groups("g.rank", "fo.ship_by", "fo.id")
    sql = text(TO_PACK.format(cut=where, order=order))
    return db.session.execute(sql, {"vendor": vendor_id, **cut.values()}).all()
