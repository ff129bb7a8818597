"""Shipping: parcels leave, their units leave the stock, and their carriers are followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, tuple_

from app import jobs
from app.carriers import numbers
from app.carriers.numbers import Fit
from app.carriers.registry import CARRIERS
from app.catalog import service as catalog
from app.checks import service as checks
from app.checks.service import Subject
from app.extensions import db
from app.orders import service as orders
from app.orders.contract import Action, FoStatus
from app.orders.models import FulfillmentOrder
from app.orders.queries import fulfillment_orders_of
from app.orders.rules import move
from app.orders.service import Outcome
from app.policies.documents import Tracking
from app.policies.queries import in_force
from app.shared import bulk, ids
from app.shared.errors import Conflict, InvalidInput
from app.shared.language import _
from app.shared.work import PLATFORM, acting_as, acts_for
from app.shipments import claims, told
from app.shipments.entered import Owner, Taken, labeled, refusal
from app.shipments.models import Poll, Shipment, ShipmentLine
from app.shipments.packages import Packed, leave, packages_of, require_its_service, take_out
from app.shipments.rules import next_poll
from app.shipments.tracking import mark_arrived

# Clocks of vendors run ahead of ours by seconds; what is further ahead is a mistake.
AHEAD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel that has left: its carrier, number, moment, and units by line.

    Units that are not named are those of its package, by reference; without one, all that is left.
    """

    carrier: str
    tracking_number: str
    shipped_at: datetime
    quantities: Mapping[str, int] | None = None
    package: str | None = None


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A vendor's word that parcels of one fulfillment order have left."""

    reference: str
    parcels: Sequence[Parcel]


def ship(words: Sequence[Dispatch], *, actor: str, now: datetime) -> list[Outcome]:
    """Take vendors' words that parcels have left; one that is known already changes nothing."""
    by_reference = {word.reference: word for word in words}
    numbers_of, packed = _Numbers(words, now), Packing(list(by_reference))
    new: list[tuple[FulfillmentOrder, Parcel, dict[UUID, int]]] = []

    def apply(fo: FulfillmentOrder) -> bool:
        word = by_reference[fo.reference]
        target = move(fo.reference, FoStatus(fo.status), Action.SHIP, fo.held_from)
        fresh = [p for p in word.parcels if not numbers_of.is_known(fo, p)]
        if len({_key(parcel) for parcel in fresh}) < len(fresh):
            raise InvalidInput(f"{fo.reference}: two parcels have one number.", parcels="differ")
        for parcel in fresh:
            _check(parcel, fo, now)
        if not fresh:
            return False
        fresh = packed.filled(fo, fresh)
        plans = _plans(fo, fresh)
        for parcel, units in zip(packed.settled(fo, fresh, plans), plans, strict=True):
            _load(fo, units)
            new.append((fo, parcel, units))
            numbers_of.take(fo, parcel)
        newest = max(parcel.shipped_at for parcel in fresh)
        fo.last_parcel_at = max(newest, fo.last_parcel_at or newest)
        if orders.has_all_left(fo):
            fo.status, fo.shipped_at = target, fo.last_parcel_at
        return True

    outcomes = orders.change(list(by_reference), apply, event="shipped", actor=actor, now=now)
    taken = [claim for one in outcomes if isinstance(one, Taken) for claim in one.claims]
    with acting_as(PLATFORM):
        _follow(new, now)
        take_out(packed.loose)
        claims.note(taken, by=actor, now=now)
    return outcomes


def cancel(
    order_id: UUID, quantities: Mapping[str, int] | None, *, actor: str, reason: str, now: datetime
) -> None:
    """Cancel what has not shipped; what had left and arrived before may now be all there is."""
    orders.cancel(order_id, quantities, actor=actor, reason=reason, now=now)
    arrive(order_id, now)


def arrive(order_id: UUID, now: datetime) -> None:
    """Note that all of an order has arrived where what was still missing is wanted no more."""
    shipped = [fo.id for fo in fulfillment_orders_of(order_id) if fo.status == FoStatus.SHIPPED]
    mark_arrived(shipped, now)


class Packing:
    """What the fulfillment orders of a request are packed in."""

    def __init__(self, references: Sequence[str]) -> None:
        """Remember of which; they are locked before it is read."""
        self.references = references
        self.found: dict[UUID, list[Packed]] | None = None
        # what went otherwise than it is packed: out of which packages, and how many units
        self.loose: list[tuple[UUID, UUID, int]] = []

    def filled(self, fo: FulfillmentOrder, parcels: Sequence[Parcel]) -> list[Parcel]:
        """Return parcels with the units of their packages; one that has left is refused."""
        if self.found is None:
            query = select(FulfillmentOrder.id).where(
                FulfillmentOrder.reference.in_(self.references)
            )
            self.found = packages_of(db.session.scalars(query).all())
        packed = self.found.get(fo.id, [])
        named = [self._named(fo, parcel, packed) for parcel in parcels]
        if len({p.package for p in named if p.package}) < sum(bool(p.package) for p in named):
            detail = _("{name}: two parcels are one package.", name=fo.reference)
            raise InvalidInput(detail, parcels=detail)
        return named

    def settled(
        self,
        fo: FulfillmentOrder,
        parcels: Sequence[Parcel],
        plans: Sequence[Mapping[UUID, int]],
    ) -> list[Parcel]:
        """Return parcels as the packages that hold just their units, where they name none.

        What goes otherwise than it is packed is taken out of its packages: none waits for ever.
        """
        named = {parcel.package for parcel in parcels}
        packed = (self.found or {}).get(fo.id, [])
        waiting = [one for one in packed if one.waits and one.package.reference not in named]
        done, loose = [], dict[UUID, int]()
        for parcel, units in zip(parcels, plans, strict=True):
            same = next((one for one in waiting if one.units == units), None)
            if parcel.package is None and same:
                waiting.remove(same)
                done.append(replace(parcel, package=same.package.reference))
                continue
            done.append(parcel)
            for line, quantity in units.items() if parcel.package is None else ():
                loose[line] = loose.get(line, 0) + quantity
        going = {parcel.package for parcel in done}
        require_its_service((p for p in packed if p.package.reference in going), fo)
        for one in reversed(waiting):
            for line, held in one.units.items():
                if out := min(held, loose.get(line, 0)):
                    self.loose.append((one.package.id, line, out))
                    loose[line] -= out
        return done

    def _named(self, fo: FulfillmentOrder, parcel: Parcel, packed: Sequence[Packed]) -> Parcel:
        if parcel.package is None:
            labeled = [one for one in packed if one.waits and _is_number_of(parcel, one)]
            return self._with_units(fo, parcel, labeled[0]) if labeled else parcel
        found = next((p for p in packed if p.package.reference == parcel.package), None)
        if found is None:
            detail = _("{name} has no parcel {package}.", name=fo.reference, package=parcel.package)
            raise InvalidInput(detail, package=detail)
        if found.has_left:
            detail = _(
                "{package} has left already, with another number. Nothing was changed.",
                package=parcel.package,
            )
            raise Conflict(detail)
        return self._with_units(fo, parcel, found)

    def _with_units(self, fo: FulfillmentOrder, parcel: Parcel, packed: Packed) -> Parcel:
        units = {x.line: n for x in fo.lines if (n := packed.units.get(x.id))}
        name = packed.package.reference
        if not units:
            said = _("What {package} held is wanted no more, or left otherwise.", package=name)
            raise Conflict(said)
        told = {line: n for line, n in (parcel.quantities or units).items() if n}
        if told != units:
            held = ", ".join(f"{n} x {x.title}" for x in fo.lines if (n := units.get(x.line)))
            detail = _(
                "{package} was packed with {held}. Leave out its lines, or pack it again first.",
                package=name,
                held=held,
            )
            raise InvalidInput(detail, lines=detail)
        return replace(parcel, package=name, quantities=units)


def _is_number_of(parcel: Parcel, packed: Packed) -> bool:
    return packed.label is not None and packed.label.tracking_number == parcel.tracking_number


class _Numbers:
    """Whose parcels the numbers of a request are already, across all vendors."""

    def __init__(self, words: Sequence[Dispatch], now: datetime) -> None:
        self.keys = [_key(parcel) for word in words for parcel in word.parcels]
        self.now = now
        self.owners: dict[tuple[str, str, int], Owner] | None = None
        # What waits with a label: as much somebody's as what has left.
        self.labels: Mapping[tuple[str, str], Owner] = {}

    def _read(self) -> dict[tuple[str, str, int], Owner]:
        """Read them once, after the fulfillment orders are locked: what is shipped twice waits."""
        key = (Shipment.carrier, Shipment.tracking_number, Shipment.period)
        query = select(*key, Shipment.fo_id, Shipment.vendor_id)
        self.labels = labeled((number for _carrier, number, _year in self.keys), self.now)
        with acting_as(PLATFORM):
            found = db.session.execute(query.where(tuple_(*key).in_(self.keys)))
            return {(r[0], r[1], r[2]): Owner(r[3], None, r[4]) for r in found}

    def is_known(self, fo: FulfillmentOrder, parcel: Parcel) -> bool:
        """Return whether this is a parcel of this fulfillment order; another's is refused."""
        if self.owners is None:
            self.owners = self._read()
        owner = self.owners.get(_key(parcel))
        waiting = self.labels.get((parcel.carrier, parcel.tracking_number))
        for other in (owner, waiting):
            if other and other.fo_id != fo.id:
                number = parcel.tracking_number
                raise refusal(parcel.carrier, number, other, fo.id, fo.vendor_id)
        return owner is not None

    def take(self, fo: FulfillmentOrder, parcel: Parcel) -> None:
        """Keep a number that this request gives away."""
        if self.owners is not None:
            self.owners[_key(parcel)] = Owner(fo.id, None, fo.vendor_id)


def _key(parcel: Parcel) -> tuple[str, str, int]:
    return parcel.carrier, parcel.tracking_number, parcel.shipped_at.astimezone(UTC).year


def _check(parcel: Parcel, fo: FulfillmentOrder, now: datetime) -> None:
    verdict = numbers.check(parcel.carrier, parcel.tracking_number)
    if verdict.fit is Fit.BAD_CHECK_DIGIT:
        raise InvalidInput(verdict.sentence, tracking_number=verdict.sentence)
    if parcel.shipped_at > now + AHEAD:
        detail = f"{fo.reference} cannot have been shipped in the future."
        raise InvalidInput(detail, shipped_at="lies in the future")
    # Whoever imports history may have been told late; a vendor ships nothing before it has it.
    if acts_for() is not None and parcel.shipped_at < fo.assigned_at - AHEAD:
        detail = f"{fo.reference} cannot have been shipped before it was assigned."
        raise InvalidInput(detail, shipped_at="lies before the assignment")


def _plans(fo: FulfillmentOrder, parcels: Sequence[Parcel]) -> list[dict[UUID, int]]:
    """Return each parcel's units by line; a parcel without its own list takes all that is left."""
    left = {line.line: line.confirmed - line.shipped for line in fo.lines}
    keys = {line.line: line.id for line in fo.lines}
    plans = []
    for parcel in parcels:
        units = dict(left) if parcel.quantities is None else parcel.quantities
        for line, quantity in units.items():
            if not 0 <= quantity <= left.get(line, -1):
                detail = (
                    f"{fo.reference} has no line '{line}' of which {quantity} are left to ship."
                )
                raise InvalidInput(detail, **{line: f"0 to {left.get(line, 0)}"})
            left[line] -= quantity
        plan = {keys[line]: quantity for line, quantity in units.items() if quantity}
        if not plan:
            detail = f"{fo.reference}: parcel {parcel.tracking_number} would be empty."
            raise InvalidInput(detail, parcels="a parcel needs at least one unit")
        plans.append(plan)
    return plans


def _load(fo: FulfillmentOrder, units: Mapping[UUID, int]) -> None:
    for line in fo.lines:
        line.shipped += units.get(line.id, 0)
        # What has left was picked and packed, whether or not anybody said so.
        line.picked, line.packed = max(line.picked, line.shipped), max(line.packed, line.shipped)


def _follow(new: Sequence[tuple[FulfillmentOrder, Parcel, dict[UUID, int]]], now: datetime) -> None:
    """Write the parcels, take their units from the stock, and begin to follow them."""
    if not new:
        return
    policy = in_force(Tracking, now).document
    rows = [_row(fo, parcel) for fo, parcel, _units in new]
    written = bulk.insert(
        Shipment,
        rows,
        conflict="ON CONFLICT (carrier, tracking_number, period) DO NOTHING",
        returning="id",
    )
    if len(written) < len(rows):
        detail = "Two parcels cannot carry one tracking number; compare them with the labels."
        raise Conflict(detail)
    plans = [(row, units) for row, (*_fo, units) in zip(rows, new, strict=True)]
    leave({one[1].package: row["id"] for row, one in zip(rows, new, strict=True) if one[1].package})
    bulk.insert(ShipmentLine, [_line(r, k, n) for r, units in plans for k, n in units.items()])
    catalog.consume(_summed(plans))
    bulk.insert(
        Poll,
        [
            {
                "shipment_id": row["id"],
                "carrier": row["carrier"],
                "next_poll_at": next_poll(now, row["status"], policy),
                "is_awaited": False,
            }
            for row in rows
            if row["carrier"] in CARRIERS
        ],
    )
    told.shipped(rows, now)
    checks.wake(
        "shipment changed", [Subject(r["id"], "shipment", r["order_id"]) for r in rows], now
    )


def _summed(plans: Sequence[tuple[dict[str, Any], dict[UUID, int]]]) -> dict[UUID, int]:
    total: dict[UUID, int] = {}
    for _row_of, units in plans:
        for key, n in units.items():
            total[key] = total.get(key, 0) + n
    return total


def _row(fo: FulfillmentOrder, parcel: Parcel) -> dict[str, Any]:
    return {
        "id": ids.new(),
        "reference": ids.reference("SH"),
        "vendor_id": fo.vendor_id,
        "order_id": fo.order_id,
        "fo_id": fo.id,
        "cohort": fo.cohort,
        "carrier": parcel.carrier,
        "tracking_number": parcel.tracking_number,
        "period": _key(parcel)[2],
        "status": "pending",
        "shipped_at": parcel.shipped_at,
    }


def _line(row: Mapping[str, Any], fo_line_id: UUID, quantity: int) -> dict[str, Any]:
    return {
        "shipment_id": row["id"],
        "fo_line_id": fo_line_id,
        "vendor_id": row["vendor_id"],
        "quantity": quantity,
    }


def ask(subjects: Sequence[Subject], now: datetime) -> Mapping[UUID, datetime]:
    """Have carriers asked at once about what these orders still wait for.

    A watcher that doubts a silence does not do this itself: it holds checks and would wait for
    polls, while whoever takes in an answer holds polls and waits for checks.
    """
    db.session.execute(
        text(
            # A carrier that failed has said, or we have, when it may be asked again.
            "UPDATE polls SET is_awaited = true, next_poll_at ="
            " CASE WHEN attempts = 0 THEN least(next_poll_at, :now) ELSE next_poll_at END"
            " WHERE shipment_id IN (SELECT p.shipment_id FROM polls p JOIN shipments s"
            "  ON s.id = p.shipment_id WHERE s.order_id = ANY(:ids) ORDER BY s.id"
            "  FOR NO KEY UPDATE OF p)"
        ),
        {"now": now, "ids": [s.id for s in subjects]},
    )
    jobs.ring("poll_shipments")
    return {}
