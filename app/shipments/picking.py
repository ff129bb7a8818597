"""Picking: units are counted one scan after the other, and none is counted that is not wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from app.catalog import service as catalog
from app.extensions import db
from app.orders import service as orders
from app.orders.contract import Action, DeclineCode, FoStatus
from app.orders.locks import lock_fulfillment_orders
from app.orders.models import FoLine, FulfillmentOrder, Wave
from app.orders.rules import move
from app.shared import bulk, ids, live
from app.shared.errors import DomainError, IllegalMove, InvalidInput, NotFound
from app.shared.language import _
from app.shared.work import PLATFORM, acting_as
from app.shipments import pick_queries as queries
from app.shipments.models import Scan
from app.shipments.pick_rules import Outcome, Verdict, Wanted, judge, read, shown

# Why units were not there; each takes them out of the stock, the last one all that is not held.
REASONS: Mapping[str, DeclineCode] = {
    "not_found": DeclineCode.OUT_OF_STOCK,
    "damaged": DeclineCode.DAMAGED,
    "wrong_count": DeclineCode.OUT_OF_STOCK,
}
SHORT = "short"
BY_HAND = "by hand"
ADOPT = text(
    "UPDATE fulfillment_orders SET wave_id = :wave WHERE id = ANY(:ids)"
    " AND wave_id IS DISTINCT FROM :wave"
)


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody scanned or tapped: `id` names it, so that sent twice it counts once."""

    id: UUID
    typed: str
    by: str
    now: datetime


def scan(reference: str, told: Told) -> Scan:
    """Take a scan for one fulfillment order; return what became of it."""
    fo = _locked([reference])[0]
    return _once(told, fo, *_read(told)) or _judged(told, [fo], beside=_beside(fo))


def scan_wave(reference: str, told: Told) -> Scan:
    """Take a scan on a walk: its units go to the order that is due first and lacks them."""
    wave = queries.wave(reference)
    rows = queries.in_wave(wave.id)
    open_ = [row.reference for row in rows if row.status in queries.PICKABLE]
    # Somebody may be packing one of them just now.
    fos = [fo for fo in _locked(open_) if fo.status in queries.PICKABLE]
    if not fos:
        detail = _("Everything of wave {wave} is packed, sent or called off.", wave=reference)
        raise IllegalMove(detail)
    known = _once(told, fos[0], *_read(told), wave_id=wave.id)
    return known or _judged(told, fos, wave_id=wave.id)


def _locked(references: Sequence[str]) -> list[FulfillmentOrder]:
    found = lock_fulfillment_orders(references)
    missing = next((name for name in references if name not in found), None)
    if missing:
        detail = f"There is no fulfillment order '{missing}'."
        raise NotFound(detail)
    return [found[name] for name in references]


def _once(
    told: Told, fo: FulfillmentOrder, code: str, units: int, *, wave_id: UUID | None = None
) -> Scan | None:
    """Return what was told before under the same name; refuse what is something else by now."""
    known = db.session.get(Scan, (fo.vendor_id, told.id))
    if known is None:
        return None
    # A walk's scan counts for whichever of its orders is due first; it is the walk's.
    is_here = known.wave_id == wave_id if wave_id else known.fo_id == fo.id
    if not is_here or (known.code, known.quantity) != (code, units):
        detail = _("This page has been used already. Open it again.")
        raise IllegalMove(detail)
    return known


def _read(told: Told) -> tuple[str, int]:
    """Return the code and the units that somebody scanned, or what can be shown of it."""
    meant = read(told.typed)
    return (meant.code, meant.quantity) if meant else (shown(told.typed), 1)


def _beside(fo: FulfillmentOrder) -> list[Wanted]:
    if fo.wave_id is None:
        return []
    others = [row.id for row in queries.in_wave(fo.wave_id) if row.id != fo.id]
    return queries.wanted(queries.goods(others))


def _judged(
    told: Told,
    fos: Sequence[FulfillmentOrder],
    *,
    beside: Sequence[Wanted] = (),
    wave_id: UUID | None = None,
) -> Scan:
    for fo in fos:
        move(fo.reference, FoStatus(fo.status), Action.PICK, fo.held_from)
    lines = queries.wanted(queries.goods([fo.id for fo in fos]))
    meant = read(told.typed)
    verdict = Verdict(Outcome.UNKNOWN)
    if meant:
        verdict = judge(meant, lines, beside=beside)
        if verdict.outcome is Outcome.UNKNOWN:
            verdict = judge(meant, lines, beside=beside, known=queries.known(meant.code))
    counted = {line.id: units for line, units in verdict.counted}
    _add(fos, counted, told)
    code, units = _read(told)
    owner = next((fo for fo in fos for x in fo.lines if x.id in counted), fos[0])
    return _write(
        told,
        owner,
        Scan(
            wave_id=wave_id,
            fo_id=owner.id if counted or wave_id is None else None,
            code=code,
            quantity=units,
            outcome=verdict.outcome,
            facts=_facts(verdict),
            counted=[[str(key), n] for key, n in counted.items()],
        ),
    )


def _facts(verdict: Verdict) -> dict[str, Any]:
    """Return what whoever scanned is told besides: what it was, what to take, whose it is."""
    facts: dict[str, Any] = {"owner": verdict.owner} if verdict.owner else {}
    if verdict.scanned:
        facts |= {"title": verdict.scanned.title, "sku": verdict.scanned.sku}
    if verdict.take and verdict.outcome is not Outcome.RIGHT:
        take = verdict.take
        facts["take"] = {"title": take.title, "bin": take.bin, "sku": take.sku, "left": take.left}
    if verdict.counted:
        facts["for"] = [[line.fo, units] for line, units in verdict.counted]
    return facts


def _write(told: Told, fo: FulfillmentOrder, row: Scan) -> Scan:
    row.id, row.vendor_id, row.at, row.by = told.id, fo.vendor_id, told.now, told.by
    db.session.add(row)
    db.session.flush()
    live.changed("picks", fo.vendor_id)
    return row


def _add(fos: Iterable[FulfillmentOrder], units: Mapping[UUID, int], told: Told) -> None:
    """Count units of locked lines; what is counted first begins the picking of its order."""
    begun = []
    for fo in fos:
        own = [line for line in fo.lines if line.id in units]
        for line in own:
            line.picked += units[line.id]
        if own and fo.status == FoStatus.CONFIRMED:
            begun.append(fo.reference)
    if begun:
        _raise_first(orders.change(begun, _begin, event="picking", actor=told.by, now=told.now))


def _begin(fo: FulfillmentOrder) -> bool:
    fo.status = move(fo.reference, FoStatus(fo.status), Action.PICK, fo.held_from)
    return True


def _raise_first(outcomes: Sequence[orders.Outcome]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, DomainError):
            raise outcome


def by_hand(reference: str, line: str, units: int, told: Told) -> Scan:
    """Count units of a line whose goods bear no code; less than nothing puts them back."""
    fo = _locked([reference])[0]
    code = f"{BY_HAND} {line}"
    if known := _once(told, fo, code, units):
        return known
    move(fo.reference, FoStatus(fo.status), Action.PICK, fo.held_from)
    row = _line(fo, line)
    goods = next(x for x in queries.wanted(queries.goods([fo.id])) if x.id == row.id)
    is_right = row.shipped <= row.picked + units <= row.confirmed
    verdict = Verdict(Outcome.TOO_MANY, scanned=goods, take=goods)
    if is_right:
        verdict = Verdict(Outcome.RIGHT, ((goods, units),), scanned=goods)
        _add([fo], {row.id: units}, told)
    counted = [[str(row.id), units]] if is_right else []
    written = Scan(
        fo_id=fo.id, code=code, quantity=units, outcome=verdict.outcome, facts=_facts(verdict)
    )
    written.counted = counted
    return _write(told, fo, written)


def _line(fo: FulfillmentOrder, name: str) -> FoLine:
    found = next((line for line in fo.lines if line.line == name), None)
    if found is None or not found.confirmed:
        detail = f"{fo.reference} has no line '{name}' to pick."
        raise NotFound(detail)
    return found


def undo(scan_id: UUID, vendor_id: UUID, now: datetime) -> Scan:
    """Put back what a scan has counted; again it changes nothing."""
    row = db.session.get(Scan, (vendor_id, scan_id))
    if row is None:
        detail = _("There is no such scan.")
        raise NotFound(detail)
    units = {UUID(key): n for key, n in row.counted}
    of_lines = select(FulfillmentOrder.reference).join(FulfillmentOrder.lines)
    names = db.session.scalars(of_lines.where(FoLine.id.in_(units)).distinct()).all()
    fos = _locked(names)
    lines = [line for fo in fos for line in fo.lines if line.id in units]
    if not lines:
        detail = _("That scan has counted nothing.")
        raise IllegalMove(detail)
    mine = update(Scan).where(Scan.id == scan_id, Scan.undone_at.is_(None)).values(undone_at=now)
    if not db.session.scalars(mine.returning(Scan.id)).all():
        return row
    for fo in fos:
        move(fo.reference, FoStatus(fo.status), Action.PICK, fo.held_from)
    for line in lines:
        after = line.picked - units[line.id]
        if not line.shipped <= after <= line.confirmed:
            detail = _("It has changed since that scan; count it by hand.")
            raise IllegalMove(detail)
        line.picked = after
    live.changed("picks", vendor_id)
    return row


# What is not there ---------------------------------------------------------------------------


def short(reference: str, line: str, units: int, reason: str, told: Told) -> FulfillmentOrder:
    """Give back units of a line that are not there; routing finds somebody else who has them."""
    if reason not in REASONS:
        detail = _("Say why they are not there.")
        raise InvalidInput(detail, reason=", ".join(REASONS))
    fo = _locked([reference])[0]
    code = f"{SHORT} {line} {reason}"
    if _once(told, fo, code, units):
        return fo
    row = _line(fo, line)
    missing = row.confirmed - row.picked
    if not 1 <= units <= missing:
        detail = _("Of {sku} {n} units are still to be picked.", sku=row.sku, n=missing)
        raise InvalidInput(detail, units=f"1 to {missing}")
    written = Scan(fo_id=fo.id, code=code, quantity=units, outcome=SHORT, counted=[])
    written.facts = {"title": row.title, "sku": row.sku, "reason": reason}
    _write(told, fo, written)
    return _give_back(reference, {line: (units, reason)}, told.by, told.now)


def _give_back(
    reference: str, missing: Mapping[str, tuple[int, str]], actor: str, now: datetime
) -> FulfillmentOrder:
    gone: dict[UUID, int] = {}

    def apply(fo: FulfillmentOrder) -> Mapping[str, Any]:
        move(fo.reference, FoStatus(fo.status), Action.PICK, fo.held_from)
        gone.update(orders.give_back(fo, {name: n for name, (n, _why) in missing.items()}))
        codes = sorted({why for _n, why in missing.values()})
        fo.decline_code = REASONS[codes[0]]
        fo.decline_reason = ", ".join(f"{code.replace('_', ' ')} while picking" for code in codes)
        if orders.has_all_left(fo):
            orders.end(fo, FoStatus.SHIPPED)
        elif all(x.declined + x.canceled == x.ordered for x in fo.lines):
            target = move(fo.reference, FoStatus(fo.status), Action.TAKE_BACK, fo.held_from)
            orders.end(fo, target)
        skus = [line.sku for line in fo.lines if line.id in gone]
        return {"sku": ", ".join(skus), "short": sum(gone.values()), "missing": codes[0]}

    (outcome,) = orders.change([reference], apply, event="picked short", actor=actor, now=now)
    if isinstance(outcome, DomainError):
        raise outcome
    lines = [line for line in outcome.lines if line.id in gone]
    with acting_as(PLATFORM):
        orders.return_units(lines, gone, now, are_gone=True)
        empty = [x.listing_id for x in lines if missing[x.line][1] == "wrong_count"]
        if empty:
            catalog.write_off(empty)
    live.changed("picks", outcome.vendor_id)
    return outcome


# Programs ------------------------------------------------------------------------------------


def pick(
    reference: str,
    quantities: Mapping[str, int] | None,
    missing: Mapping[str, str],
    *,
    actor: str,
    now: datetime,
) -> orders.Outcome:
    """Take a program's word on what is picked, by line in all (None: everything).

    `missing`: why the units of a line that are not picked then are not there.
    """

    def apply(fo: FulfillmentOrder) -> bool:
        target = move(fo.reference, FoStatus(fo.status), Action.PICK, fo.held_from)
        before = [line.picked for line in fo.lines]
        if quantities is not None or fo.status == FoStatus.CONFIRMED:
            _set(fo, quantities, missing)
        is_new = target != fo.status or before != [line.picked for line in fo.lines]
        fo.status = target
        return is_new

    (outcome,) = orders.change([reference], apply, event="picking", actor=actor, now=now)
    if isinstance(outcome, DomainError):
        return outcome
    live.changed("picks", outcome.vendor_id)
    left = {x.line: x.confirmed - x.picked for x in outcome.lines}
    gone = {name: (left[name], why) for name, why in missing.items() if left.get(name)}
    return _give_back(reference, gone, actor, now) if gone else outcome


def _set(
    fo: FulfillmentOrder, quantities: Mapping[str, int] | None, missing: Mapping[str, str]
) -> None:
    lines = {line.line: line for line in fo.lines}
    for name in {**(quantities or {}), **missing}:
        if name not in lines or not lines[name].confirmed:
            detail = f"{fo.reference} has no line '{name}' to pick."
            raise InvalidInput(detail, **{name: "not to be picked"})
    for name, line in lines.items():
        usual = line.confirmed if quantities is None and name not in missing else line.picked
        units = (quantities or {}).get(name, usual)
        if not line.shipped <= units <= line.confirmed:
            detail = f"{fo.reference} has no line '{name}' of which {units} could be picked."
            raise InvalidInput(detail, **{name: f"{line.shipped} to {line.confirmed}"})
        line.picked = units


# Walks ---------------------------------------------------------------------------------------


def start_wave(references: Sequence[str], told: Told) -> str:
    """Begin a walk for several orders of one place; return its name."""
    fos = [fo for fo in _locked(references) if fo.status in queries.PICKABLE]
    if not fos:
        detail = _("None of these orders is to be picked any more. Choose others.")
        raise InvalidInput(detail)
    if len(fos) > queries.MOST_IN_WAVE:
        detail = _("One walk takes at most {n} orders. Choose fewer.", n=queries.MOST_IN_WAVE)
        raise InvalidInput(detail)
    if len({fo.location_id for fo in fos}) > 1:
        detail = _("These orders lie in several places. Walk through one place at a time.")
        raise InvalidInput(detail)
    row = {
        "id": told.id,
        "vendor_id": fos[0].vendor_id,
        "location_id": fos[0].location_id,
        "reference": ids.reference("WV"),
        "made_at": told.now,
        "made_by": told.by,
    }
    if bulk.insert(Wave, [row], conflict="ON CONFLICT (id) DO NOTHING", returning="id"):
        db.session.execute(ADOPT, {"wave": told.id, "ids": [fo.id for fo in fos]})
    found = db.session.get(Wave, told.id)
    if found is None:
        detail = _("This page has been used already. Open it again.")
        raise IllegalMove(detail)
    live.changed("picks", fos[0].vendor_id)
    return found.reference


def set_bin(reference: str, line: str, place: str) -> str | None:
    """Note where an article lies, for everybody who picks it from now on; "" takes it away."""
    fo = queries.order(reference)
    row = next((row for row in queries.goods([fo.id]) if row.line == line), None)
    if row is None:
        detail = f"{reference} has no line '{line}' to pick."
        raise NotFound(detail)
    return catalog.set_bin(row.listing_id, place)
