"""Many parcels that have left, from a list: what would become of each row, and what became of it.

Every row is judged and shipped by itself: one that is refused holds up no other, and none is taken
by half. The same list again changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import selectinload

from app.carriers import numbers
from app.extensions import db
from app.orders.contract import Action, FoStatus
from app.orders.models import FulfillmentOrder
from app.orders.rules import move
from app.shared.errors import Conflict, DomainError, InvalidInput, NotFound
from app.shared.language import _
from app.shared.work import PLATFORM, acting_as
from app.shipments import claims, entered
from app.shipments.list_rules import Row, carrier_code
from app.shipments.models import Package
from app.shipments.packages import Packed, packages_of
from app.shipments.service import AHEAD, Dispatch, Parcel, ship


class Fate(StrEnum):
    """What becomes of a row."""

    FINE = "fine"
    DOUBTFUL = "doubtful"
    KNOWN = "known"
    REFUSED = "refused"
    SHIPPED = "shipped"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A row with what becomes of it, in words; `dispatch` is what it says if it can be taken."""

    row: Row
    fate: Fate
    sentence: str
    reference: str = ""
    dispatch: Dispatch | None = None
    claims: Sequence[entered.Claim] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """What a list's rows may name: orders by their names, and packages."""

    fos: Mapping[str, Sequence[FulfillmentOrder]]
    packed: Mapping[UUID, Sequence[Packed]]
    owners: Mapping[tuple[str, str], entered.Owner]


def judge(rows: Sequence[Row], now: datetime) -> list[Verdict]:
    """Return what would become of each row, changing nothing."""
    known = _read(rows, now)
    often = Counter(numbers.clean(row.number) for row in rows)
    times = Counter(row.name.upper() for row in rows)
    seen: Counter[str] = Counter()
    verdicts = []
    for row in rows:
        if often[numbers.clean(row.number)] > 1 and row.number:
            said = _("{number} stands in the list more than once.", number=row.number)
            verdicts.append(Verdict(row, Fate.REFUSED, said))
            continue
        name = row.name.upper()
        verdicts.append(_judge(row, known, seen[name], times[name], now))
        seen[name] += 1
    return verdicts


def _judge(row: Row, known: _Known, nth: int, of: int, now: datetime) -> Verdict:
    reference = ""
    try:
        fo = _found(row, known.fos.get(row.name.upper(), ()))
        reference = fo.reference
        number = entered.judge(carrier_code(row.carrier), row.number)
        if _is_known(number, fo, known):
            return Verdict(row, Fate.KNOWN, _("You said so before; nothing changes."), reference)
        _require_possible(row, fo, now)
        package = _package(row, fo, known.packed.get(fo.id, ()), nth, of)
    except DomainError as refusal:
        claims = refusal.claims if isinstance(refusal, entered.Taken) else ()
        return Verdict(row, Fate.REFUSED, refusal.detail, reference, claims=claims)
    parcel = Parcel(number.carrier or "", number.number, row.shipped_at or now, package=package)
    fate = Fate.DOUBTFUL if number.is_doubtful else Fate.FINE
    return Verdict(row, fate, number.sentence, reference, Dispatch(reference, [parcel]))


def _is_known(number: entered.Judged, fo: FulfillmentOrder, known: _Known) -> bool:
    """Return whether this was told before; refuse a number that is wrong or another's."""
    if number.is_refused:
        raise InvalidInput(number.sentence)
    owner = known.owners.get((number.carrier or "", number.number))
    if owner and owner.fo_id != fo.id:
        carrier = number.carrier or ""
        raise entered.refusal(carrier, number.number, owner, fo.id, fo.vendor_id)
    return owner is not None and owner.package_id is None


def _require_possible(row: Row, fo: FulfillmentOrder, now: datetime) -> None:
    if row.shipped_at and row.shipped_at > now + AHEAD:
        raise InvalidInput(_("It cannot have left in the future."))
    if row.shipped_at and row.shipped_at < fo.assigned_at:
        raise InvalidInput(_("It cannot have left before you were given it."))
    move(fo.reference, FoStatus(fo.status), Action.SHIP, fo.held_from)
    if not any(line.confirmed > line.shipped for line in fo.lines):
        raise Conflict(_("All of {name} has left already.", name=fo.reference))


def _found(row: Row, found: Sequence[FulfillmentOrder]) -> FulfillmentOrder:
    if row.problem or not row.name:
        raise InvalidInput(row.problem or _("The row names no order and no parcel."))
    if not found:
        raise NotFound(_("You have no order and no parcel called {name}.", name=row.name))
    if len(found) > 1:
        parts = ", ".join(fo.reference for fo in found[:5])
        said = _(
            "Order {name} has {n} parts of yours; name the part: {parts}.",
            name=row.name,
            n=len(found),
            parts=parts,
        )
        raise Conflict(said)
    return found[0]


def _package(
    row: Row, fo: FulfillmentOrder, packed: Sequence[Packed], nth: int, of: int
) -> str | None:
    """Return the package that a row is about; None: all of it left unpacked."""
    waiting = [one.package.reference for one in packed if one.waits]
    named = row.name.upper()
    if own := next((one for one in packed if one.package.reference == named), None):
        if own.has_left:
            raise Conflict(_("{package} has left already, with another number.", package=named))
        if named not in waiting:
            said = _("What {package} held is wanted no more, or left otherwise.", package=named)
            raise Conflict(said)
        return named
    if not waiting and of == 1:
        return None
    if len(waiting) == of:
        return waiting[nth]
    if not waiting:
        said = _("{name} is not packed in parcels: one row ships all of it.", name=fo.reference)
        raise Conflict(said)
    said = _(
        "{name} waits in {n} parcels; name each: {parcels}.",
        name=fo.reference,
        n=len(waiting),
        parcels=", ".join(waiting[:5]),
    )
    raise Conflict(said)


def _read(rows: Sequence[Row], now: datetime) -> _Known:
    names = sorted({row.name for row in rows} | {row.name.upper() for row in rows})
    upper = [name.upper() for name in names]
    packages = db.session.execute(
        select(Package.reference, Package.fo_id).where(Package.reference.in_(upper))
    ).all()
    query = select(FulfillmentOrder).options(selectinload(FulfillmentOrder.lines))
    query = query.where(
        or_(
            FulfillmentOrder.reference.in_(upper),
            FulfillmentOrder.order_number.in_(names),
            FulfillmentOrder.id.in_([row.fo_id for row in packages]),
        )
    )
    found = db.session.scalars(query).all()
    fos: dict[str, list[FulfillmentOrder]] = {}
    for fo in found:
        fos[fo.reference] = [fo]
        if fo.status not in {FoStatus.REJECTED, FoStatus.CANCELED}:
            fos.setdefault(fo.order_number.upper(), []).append(fo)
    by_id = {fo.id: fo for fo in found}
    fos |= {row.reference: [by_id[row.fo_id]] for row in packages}
    typed = [numbers.clean(row.number) for row in rows]
    return _Known(fos, packages_of(list(by_id)), entered.owners(typed, now))


def ship_listed(rows: Sequence[Row], *, actor: str, now: datetime) -> list[Verdict]:
    """Ship what a list says, row by row; return what became of each."""
    verdicts = judge(rows, now)
    with acting_as(PLATFORM):
        claims.note([claim for one in verdicts for claim in one.claims], by=actor, now=now)
    for turn in _turns(verdicts):
        words = [one.dispatch for one in turn.values() if one.dispatch]
        for word, outcome in zip(words, ship(words, actor=actor, now=now), strict=True):
            n = next(n for n, one in turn.items() if one.dispatch is word)
            if isinstance(outcome, DomainError):
                said, fate = outcome.detail, Fate.REFUSED
            else:
                said, fate = _("Shipped."), Fate.SHIPPED
            verdicts[n] = replace(verdicts[n], fate=fate, sentence=said)
    return verdicts


def _turns(verdicts: Sequence[Verdict]) -> Iterable[dict[int, Verdict]]:
    """Yield the rows that can be taken by their places: of each order one at a time."""
    waiting = {n: one for n, one in enumerate(verdicts) if one.dispatch}
    while waiting:
        turn: dict[str, int] = {}
        for n, one in waiting.items():
            turn.setdefault(one.reference, n)
        yield {n: waiting[n] for n in turn.values()}
        waiting = {n: one for n, one in waiting.items() if n not in turn.values()}
