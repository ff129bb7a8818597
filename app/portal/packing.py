"""Packing: what is to be packed, and the parcels of one order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row

from app.doors.guard import may
from app.orders.contract import FoStatus
from app.portal import page, scanning
from app.portal.page import blueprint
from app.shared.errors import Conflict, DomainError, InvalidInput
from app.shared.language import _, _n
from app.shared.work import transaction
from app.shipments import pack_rules, photos
from app.shipments import packing as service
from app.shipments import pick_queries as queries
from app.shipments.pack_rules import (
    GRAMS,
    LONGEST_BOX,
    MILLIMETERS,
    MOST_GRAMS,
    MOST_MILLIMETERS,
    MOST_PARCELS,
    SIDES,
    Parcel,
)
from app.threads import forms
from app.threads.contract import Drawn
from app.threads.page import photos_shown
from app.web import paging
from app.web.paging import Key
from app.web.toasts import toast

PACKABLE = (FoStatus.CONFIRMED, FoStatus.PICKING, FoStatus.PACKED)
# What there is to do with an order, by the rank it is listed with.
GROUPS = ("ready", "picking", "packed")
KILO, CENTI = 1000, 10
LONGEST_NUMBER = 12
# Each takes up to a second to be drawn anew.
MOST_AT_ONCE = 12


@dataclass(slots=True)
class Typed:
    """A parcel as its fields stand on the page, and what is wrong with each."""

    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    parcel: Parcel | None = None


@blueprint.get("/pack")
def packing() -> str:
    """Show what is to be packed, what is wholly picked first."""
    cut = paging.cut(request.args)
    with transaction(page.scope()) as now:
        shell = page.shell(now)
        found = service.to_pack(page.vendor_id(), cut)
    rows, pager = paging.turn(found, cut, lambda row: Key(row.ship_by, row.id, row.rank))
    listed = [
        {
            "reference": row.reference,
            "number": row.order_number,
            "status": row.status,
            "deadline": scanning.due(row, now),
            "is_late": row.ship_by < now,
            "units": row.units,
            "picked": row.picked,
            "parcels": row.parcels,
            "is_gift": bool(row.preferences.get("gift_wrap")),
            "group": GROUPS[row.rank],
        }
        for row in rows
    ]
    groups = [(name, [row for row in listed if row["group"] == name]) for name in GROUPS]
    shown = [group for group in groups if group[1]]
    return render_template("portal/packing.html", **shell, groups=shown, page=pager)


@blueprint.route("/orders/<reference>/pack", methods=["GET", "POST"])
def pack(reference: str) -> ResponseReturnValue:
    """Show the parcels of an order, and what must be seen to; pack it."""
    if request.method == "GET":
        return _show(reference)
    with transaction(page.scope()):
        row = queries.order(reference)
        goods = queries.goods([row.id])
    parcels = _sent(goods)
    if request.form.get("do") != "pack":
        return _show(reference, _changed(parcels))
    # Before a transaction: pictures take their time.
    taken = _taken(parcels)
    if any(parcel.errors for parcel in parcels):
        return _show(reference, parcels, _("Look at the fields that are marked.")), 422
    try:
        with transaction(page.scope()) as now:
            service.pack(
                reference,
                [parcel.parcel for parcel in parcels if parcel.parcel],
                ticks=request.form.getlist("tick"),
                actor=current_user.name,
                now=now,
                seen=request.form.get("seen"),
            )
            if taken:
                photos.add(reference, taken, by=current_user.name, now=now)
    except (InvalidInput, Conflict) as refusal:
        return _show(reference, parcels, _problem(refusal)), refusal.status
    toast(_n("Packed in {n} parcel.", "Packed in {n} parcels.", len(parcels)))
    if may("portal.ship", "GET"):
        return redirect(url_for("portal.ship", reference=reference), 303)
    return redirect(url_for("portal.pack", reference=reference), 303)


def _problem(refusal: DomainError) -> str:
    if any(name.startswith("parcels") for name in refusal.fields):
        return _("Every unit that was picked lies in one parcel, and no parcel is empty.")
    return _(refusal.detail)


def _taken(parcels: Sequence[Typed]) -> dict[int, Sequence[Drawn]]:
    """Return the photos of each parcel by its number; what is wrong with one stands beside it."""
    found: dict[int, Sequence[Drawn]] = {}
    chosen = [n for n in range(len(parcels)) for f in request.files.getlist(f"p{n}-photos") if f]
    if len(chosen) > MOST_AT_ONCE:
        said = _("Choose at most {n} photos at once; add the others then.", n=MOST_AT_ONCE)
        parcels[chosen[0]].errors["photos"] = said
        return found
    for n, parcel in enumerate(parcels):
        try:
            if drawn := forms.read_photos(request, f"p{n}-photos"):
                found[n + 1] = drawn
        except InvalidInput as refusal:
            parcel.errors["photos"] = refusal.fields["photos"]
    return found


# What was sent -------------------------------------------------------------------------------


def _sent(goods: Sequence[Row[Any]]) -> list[Typed]:
    told = request.form.get("parcels", "1")
    is_number = told.isascii() and told.isdecimal() and len(told) < len("999")
    many = min(MOST_PARCELS, max(1, int(told))) if is_number else 1
    return [_one(n, goods) for n in range(many)]


def _one(n: int, goods: Sequence[Row[Any]]) -> Typed:
    prefix = f"p{n}-"
    values = {
        name.removeprefix(prefix): value.strip()
        for name, value in request.form.items()
        if name.startswith(prefix)
    }
    typed = Typed(values)
    box = values.get("box", "")
    if len(box) > LONGEST_BOX or not box.isprintable():
        typed.errors["box"] = _("Use at most {n} characters.", n=LONGEST_BOX)
    weight = _measure(typed, "weight", "weight-unit", GRAMS, MOST_GRAMS)
    sides = {
        side: _measure(typed, side, "side-unit", MILLIMETERS, MOST_MILLIMETERS) for side in SIDES
    }
    units = {g.line: _units(typed, g.line) for g in goods}
    held = {line: n for line, n in units.items() if n}
    typed.parcel = Parcel(held, box=box or None, weight_g=weight, **sides)
    return typed


def _measure(typed: Typed, name: str, unit: str, units: Mapping[str, int], most: int) -> int | None:
    try:
        chosen = typed.values.get(unit) or next(iter(units))
        return pack_rules.measure(typed.values.get(name, "")[:LONGEST_NUMBER], chosen, units, most)
    except ValueError:
        is_weight = units is GRAMS
        typed.errors[name] = (
            _("Enter a weight up to {n} kg.", n=most // KILO)
            if is_weight
            else _("Enter a length up to {n} cm.", n=most // CENTI)
        )
        return None


def _units(typed: Typed, line: str) -> int:
    words = typed.values.get(f"units-{line}", "0") or "0"
    if words.isascii() and words.isdecimal() and len(words) <= len("99999"):
        return int(words)
    typed.errors[f"units-{line}"] = _("Enter how many units.")
    return 0


def _changed(parcels: list[Typed]) -> list[Typed]:
    """Return the parcels with one more, or without one whose units fall to the first."""
    act, _dash, number = request.form.get("do", "").partition("-")
    if act == "add" and len(parcels) < MOST_PARCELS:
        return [*parcels, Typed()]
    if act == "remove" and number.isdecimal() and len(parcels) > 1:
        gone = [p for n, p in enumerate(parcels) if n == int(number[:3])]
        kept = [p for n, p in enumerate(parcels) if n != int(number[:3])]
        for parcel in gone:
            _pour(parcel, kept[0])
        return kept
    return parcels


def _pour(parcel: Typed, into: Typed) -> None:
    for name, words in parcel.values.items():
        if name.startswith("units-") and words.isdecimal():
            before = into.values.get(name, "0")
            into.values[name] = str(int(words[:5]) + (int(before[:5]) if before.isdecimal() else 0))


# The page ------------------------------------------------------------------------------------


def _show(reference: str, typed: list[Typed] | None = None, problem: str | None = None) -> str:
    with transaction(page.scope()) as now:
        shell = page.shell(now)
        row = queries.order(reference)
        goods = queries.goods([row.id])
        known = service.parcels_of(row.id, {g.id: g.line for g in goods})
        boxes = service.boxes(page.vendor_id())
    to_pack = [g for g in goods if g.picked > g.shipped]
    seen = service.stamp([packed for packed, _parcel in known])
    if typed is None:
        typed = [_typed(parcel) for _packed, parcel in known] or [_first(to_pack)]
    return render_template(
        "portal/pack.html",
        **shell,
        order={
            "reference": row.reference,
            "status": row.status,
            "hold_reason": row.hold_reason,
            "due": scanning.due(row, now) if row.shipped_at is None else None,
            "left": sum(g.confirmed - g.picked for g in goods),
            "units": sum(g.picked - g.shipped for g in goods),
            "before": scanning.instructions(row, goods),
            "lines": [_line(g) for g in scanning.on_the_way(to_pack)],
            "is_open": row.status in PACKABLE and may("portal.pack"),
            "is_packed": row.status == FoStatus.PACKED,
        },
        ticked=set(request.form.getlist("tick")),
        parcels=typed,
        packages=[
            {
                "reference": packed.package.reference,
                "photos": photos_shown(packed.photos),
            }
            for packed, _parcel in known
        ],
        most_photos=photos.MOST_PHOTOS,
        boxes=list(_boxes(boxes)),
        weighs=_weights(to_pack),
        seen=request.form.get("seen", seen) if problem is None else seen,
        problem=problem,
        weight_units=list(GRAMS),
        side_units=list(MILLIMETERS),
        most=MOST_PARCELS,
    )


def _line(row: Row[Any]) -> dict[str, Any]:
    return {
        "name": row.line,
        "title": row.title,
        "sku": row.sku,
        "options": row.options or {},
        "units": row.picked - row.shipped,
    }


def _typed(parcel: Parcel) -> Typed:
    """Return a parcel as its fields show it."""
    sides = {side: getattr(parcel, side) for side in SIDES}
    values = {side: str(length) for side, length in sides.items() if length}
    values |= {f"units-{line}": str(units) for line, units in parcel.units.items()}
    values |= {"box": parcel.box or "", "weight-unit": "g", "side-unit": "mm"}
    if parcel.weight_g:
        values["weight"] = str(parcel.weight_g)
    return Typed(values)


def _first(goods: Sequence[Row[Any]]) -> Typed:
    """Return the one parcel that most orders are: all of it, as heavy as its goods are known."""
    typed = _typed(Parcel({g.line: g.picked - g.shipped for g in goods}))
    if weighs := _weights(goods):
        typed.values["weight"] = str(weighs)
    return typed


def _weights(goods: Sequence[Row[Any]]) -> int | None:
    return pack_rules.weight((g.weight_g, g.picked - g.shipped) for g in goods)


def _boxes(rows: Sequence[Any]) -> Iterator[dict[str, Any]]:
    for row in rows:
        sides = [getattr(row, side) for side in SIDES]
        size = " \N{MULTIPLICATION SIGN} ".join(str(side) for side in sides) if all(sides) else ""
        yield {"name": row.box, "size": f"{size} mm" if size else "", "sides": sides}
