"""Handing over one order: its parcels, their carriers and numbers, their labels and papers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.carriers import numbers
from app.doors.guard import may
from app.orders.contract import FoStatus
from app.orders.queries import paid_more
from app.orders.rules import address_for_vendor
from app.portal import page, ship_form
from app.portal.page import blueprint
from app.portal.ship_form import Typed
from app.shared.errors import Conflict, DomainError, InvalidInput
from app.shared.language import _, _n
from app.shared.work import transaction
from app.shipments import labeling
from app.shipments.claims import noted
from app.shipments.handover import LEAVING, Leaving, to_ship
from app.shipments.labels.vendors_own import MOST_BYTES
from app.shipments.models import Shipment
from app.shipments.packages import Packed, fo_of, is_outdated
from app.shipments.papers import lines_of
from app.shipments.service import Dispatch
from app.shipments.service import ship as ship_parcels
from app.threads.page import photos_shown
from app.vendors.queries import locations
from app.web.toasts import toast

# From here on parcels may leave; papers and labels there are once it is packed.
SHIPPABLE = (FoStatus.CONFIRMED, FoStatus.PICKING, *LEAVING)


@blueprint.get("/orders/<reference>/ship")
def ship(reference: str) -> ResponseReturnValue:
    """Show what is to be handed over, and what has left already."""
    return _show(reference)


@blueprint.post("/orders/<reference>/ship")
def hand_over(reference: str) -> ResponseReturnValue:
    """Take the word that parcels have left; the same word again changes nothing."""
    typed: Sequence[Typed] = ()
    try:
        with noted(current_user.name), transaction(page.scope()) as now:
            leaving, gone = to_ship(reference, lock=True)
            _require_here(leaving, gone)
            typed = ship_form.read(leaving, request.form)
            zone = ZoneInfo(locations()[leaving.fo.location_id].zone)
            word = ship_form.dispatch(leaving, typed, zone, now)
            told = _told(_ship(word, gone, now), typed)
    except (InvalidInput, Conflict) as refusal:
        return _show(reference, typed, refusal)
    toast(*told)
    return redirect(url_for("portal.ship", reference=reference), 303)


def _require_here(leaving: Leaving, gone: Sequence[Shipment]) -> None:
    """Refuse a form about parcels that have left meanwhile, but for those that it told itself."""
    told = {parcel.tracking_number for parcel in gone}
    waiting = {one.package.reference for one in leaving.packed if one.waits}
    left = {one.package.reference for one in leaving.packed if one.has_left}
    named = {key.removesuffix("-goes") for key in request.form if key.endswith("-goes")}
    others = sorted(
        name
        for name in named & left
        if numbers.clean(request.form.get(f"{name}-number", "")) not in told
    )
    if others:
        names = ", ".join(others)
        said = _("{parcels} has left meanwhile, with another number. Compare below.", parcels=names)
        raise Conflict(said)
    empty = {one.package.reference for one in leaving.packed} - waiting - left
    if named & empty:
        said = _(
            "What {parcels} held is wanted no more, or left otherwise. Compare below.",
            parcels=", ".join(sorted(named & empty)),
        )
        raise Conflict(said)
    sent = [v for key, v in request.form.items() if key.endswith("-number") and v]
    is_known = bool(sent) and all(numbers.clean(v) in told for v in sent)
    if not waiting & named and not is_known and not ship_form.open_lines(leaving.fo):
        said = _(
            "All of {name} has left meanwhile. Compare below.",
            name=leaving.fo.reference,
        )
        raise Conflict(said)


def _ship(word: Dispatch, gone: Sequence[Shipment], now: datetime) -> int:
    """Ship; return how many parcels that are new."""
    if word.parcels:
        (outcome,) = ship_parcels([word], actor=current_user.name, now=now)
        if isinstance(outcome, DomainError):
            raise outcome
    elif not gone:
        raise InvalidInput(_("Tick at least one parcel that leaves now."))
    known = {parcel.tracking_number for parcel in gone}
    return sum(parcel.tracking_number not in known for parcel in word.parcels)


def _told(new: int, typed: Sequence[Typed]) -> tuple[str, str]:
    """Return what is said afterwards, and how."""
    if not new:
        return _("That was known already. Nothing was changed."), "info"
    said = _n("{n} parcel is shipped.", "{n} parcels are shipped.", new)
    doubts = [one.doubt for one in typed if one.goes and one.doubt]
    return " ".join((said, *doubts)), "warn" if doubts else "good"


def _show(
    reference: str, typed: Sequence[Typed] = (), refusal: DomainError | None = None
) -> tuple[str, int]:
    many = request.values.get("parcels", 1, int)
    with transaction(page.scope()) as now:
        shell = page.shell(now)
        leaving, gone = to_ship(reference)
        paid = paid_more(leaving.fo)
    fo = leaving.fo
    drawn = ship_form.again(leaving, typed) or ship_form.blank(leaving, many)
    place = shell["places"].get(fo.location_id)
    seen = address_for_vendor(fo, now, 0)
    can_ship = fo.status in SHIPPABLE and may("portal.hand_over", "POST")
    html = render_template(
        "portal/ship.html",
        **shell,
        order={
            "reference": fo.reference,
            "number": fo.order_number,
            "status": fo.status,
            "hold_reason": fo.hold_reason,
            "service": {"name": fo.sent_by, "ordered": fo.ordered_service, "paid": paid},
            "place_zone": place.zone if place else shell["zone"],
            "address": list(lines_of(seen)) if seen else [],
            "is_gift": bool(fo.preferences.get("gift_wrap")),
            "has_message": bool(fo.preferences.get("gift_message")),
            "wish": fo.preferences.get("delivery_instructions") if seen else None,
        },
        parcels=[_parcel(one, leaving) for one in drawn] if can_ship else [],
        lines=[(line, n) for line, n in ship_form.open_lines(fo)],
        packages=[_package(one, leaving) for one in leaving.packed],
        gone=[_gone(parcel, leaving) for parcel in gone],
        carriers=ship_form.carriers(drawn),
        can_ship=can_ship,
        can_label=fo.status in LEAVING and may("portal.make_label", "POST"),
        needs_ours=any(p.waits and labeling.lacks_ours(p, fo) for p in leaving.packed),
        can_print=bool(leaving.packed or fo.status in LEAVING) and bool(seen),
        many=len(drawn),
        most=ship_form.MOST_PARCELS,
        problem=refusal.detail if refusal else None,
    )
    return html, refusal.status if refusal else 200


def _parcel(one: Typed, leaving: Leaving) -> dict[str, Any]:
    return ship_form.shown(one) | {
        "key": one.key,
        "carrier": one.carrier,
        "typed": one.number,
        "at": one.at,
        "goes": one.goes,
        "units": one.units,
        "errors": one.errors,
        "content": list(_content(one.package, leaving)) if one.package else [],
    }


def _content(packed: Packed, leaving: Leaving) -> Iterator[str]:
    for line in leaving.fo.lines:
        if units := packed.units.get(line.id):
            yield f"{units} \N{MULTIPLICATION SIGN} {line.title}"


def _package(one: Packed, leaving: Leaving) -> dict[str, Any]:
    live = one.label
    return {
        "reference": one.package.reference,
        "number": one.package.number,
        "of": len(leaving.packed),
        "has_left": one.has_left,
        "photos": photos_shown(one.photos),
        "label": live
        and {
            "is_ours": live.provider == labeling.OWN,
            "is_outdated": one.waits and is_outdated(live, leaving.fo),
            "printed": live.printed,
            "number": live.tracking_number,
            "carrier": numbers.title(live.carrier) if live.carrier else "",
            "at": live.made_at,
            "by": live.made_by,
        },
    }


def _gone(parcel: Shipment, leaving: Leaving) -> dict[str, Any]:
    names = {one.package.shipment_id: one.package.reference for one in leaving.packed}
    return {
        "carrier": numbers.title(parcel.carrier),
        "number": parcel.tracking_number,
        "package": names.get(parcel.id),
        "at": parcel.shipped_at,
        "status": parcel.status,
        "delay": parcel.delay_reason,
    }


# Labels -------------------------------------------------------------------------------------


@blueprint.post("/orders/<reference>/labels")
def make_labels(reference: str) -> ResponseReturnValue:
    """Make our own label for every parcel that has none."""
    with transaction(page.scope()) as now:
        labeling.make(reference, (), actor=current_user.name, now=now)
    toast(_("The labels are made."))
    return redirect(url_for("portal.ship", reference=reference), 303)


@blueprint.post("/packages/<package>/label")
def make_label(package: str) -> ResponseReturnValue:
    """Take the carrier's own label of a parcel, as a file with its number."""
    with transaction(page.scope()):
        reference = fo_of(package)
    content = ship_form.file(request.files, MOST_BYTES)
    try:
        asked = ship_form.asked(request.form, content)
        with noted(current_user.name), transaction(page.scope()) as now:
            wanted = labeling.Wanted(package, labeling.VENDORS_OWN, asked)
            labeling.make(reference, [wanted], actor=current_user.name, now=now)
    except (InvalidInput, Conflict) as refusal:
        said = " ".join(dict.fromkeys(refusal.fields.values())) or refusal.detail
        told = type(refusal)(f"{package}: {said}")
        return _show(reference, (), told)
    toast(_("The label of {package} is kept.", package=package))
    return redirect(url_for("portal.ship", reference=reference), 303)


@blueprint.post("/packages/<package>/void")
def void_label(package: str) -> ResponseReturnValue:
    """Void a parcel's label, with a reason."""
    with transaction(page.scope()):
        reference = fo_of(package)
    try:
        with transaction(page.scope()) as now:
            reason = request.form.get("reason", "")
            labeling.void(package, reason, actor=current_user.name, now=now)
    except (InvalidInput, Conflict) as refusal:
        return _show(reference, (), refusal)
    toast(_("The label of {package} is void. Take it off the parcel.", package=package))
    return redirect(url_for("portal.ship", reference=reference), 303)
