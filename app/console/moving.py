"""Moving work by hand: who else could send it, at what price, and who not by which rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import text

from app.console import page
from app.console.page import blueprint
from app.extensions import db
from app.orders.models import FulfillmentOrder
from app.orders.queries import fulfillment_order, order
from app.orders.rules import MOVES
from app.routing import words
from app.routing.contract import Excluded, Option
from app.routing.moves import Move, alternatives, move_lines
from app.shared.errors import IllegalMove, InvalidInput
from app.shared.language import _
from app.shared.work import OPS, transaction
from app.web.words import day, money

LONGEST_REASON = 300
PLACE = text(
    "SELECT v.code, v.name, l.name AS location FROM vendors v JOIN locations l"
    " ON l.vendor_id = v.id WHERE l.id = :id"
)
NAMES = text("SELECT code, name FROM vendors WHERE code = ANY(:codes)")


@blueprint.get("/fulfillment-orders/<reference>/move")
def moving(reference: str) -> str:
    """Show who else could send what a fulfillment order still has to."""
    return _show(reference, {}, {})


@blueprint.post("/fulfillment-orders/<reference>/move")
def move(reference: str) -> ResponseReturnValue:
    """Give units to another vendor's place, for a reason; what cannot be is shown again."""
    sent = {name: value.strip() for name, value in request.form.items()}
    try:
        word, reason = _word(reference, sent), sent.get("reason", "")[:LONGEST_REASON]
        with transaction(OPS) as now:
            moved = move_lines(word, reason=reason, actor=current_user.name, now=now)
            back = order(moved.order_id).reference
    except InvalidInput as refusal:
        return _show(reference, sent, {"": refusal.detail} | refusal.fields), refusal.status
    flash(_("{reference} has it now, and was told.", reference=moved.reference), "good")
    return redirect(url_for("console.order", reference=back))


def _word(reference: str, sent: Mapping[str, str]) -> Move:
    vendor, slash, place = sent.get("place", "").partition("/")
    if not slash:
        raise InvalidInput(_("Nothing was moved."), place=_("Choose who gets it."))
    return Move(reference, vendor, place, _quantities(sent))


def _quantities(sent: Mapping[str, str]) -> dict[str, int]:
    quantities: dict[str, int] = {}
    for name, value in sent.items():
        if not name.startswith("units:"):
            continue
        line = name.removeprefix("units:")
        if not value.isdecimal():
            raise InvalidInput(_("Nothing was moved."), **{name: _("Enter a whole number.")})
        quantities[line] = int(value)
    if not any(quantities.values()):
        raise InvalidInput(_("Nothing was moved."), units=_("Say how many units of a line move."))
    return quantities


def _show(reference: str, sent: Mapping[str, str], wrong: Mapping[str, str]) -> str:
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        fo = fulfillment_order(reference)
        if (fo.status, "take_back") not in MOVES or fo.status == "rejected":
            raise IllegalMove(_("{reference} cannot be moved any more.", reference=reference))
        of = order(fo.order_id)
        here = db.session.execute(PLACE, {"id": fo.location_id}).one()
        options, excluded = alternatives(reference, now)
        codes = {e.vendor for e in excluded}
        codes |= {o.candidate.place.vendor for found in options.values() for o in found}
        rows = db.session.execute(NAMES, {"codes": sorted(codes)})
        names = {row.code: row.name for row in rows}
    lines = _lines(fo, sent)
    asked = of.preferences.get("deliver_by")
    need_by = date.fromisoformat(asked) if asked else None
    return render_template(
        "console/move.html",
        **frame,
        fo={
            "reference": fo.reference,
            "vendor": here.name,
            "location": here.location,
            "service": fo.service,
        },
        order={"number": of.number, "reference": of.reference},
        lines=lines,
        places=[
            one | {"price": money((one["sum"], of.currency))}
            for one in _places(options, {x["line"]: x["units"] for x in lines}, names, need_by)
        ],
        need_by=day(need_by) if need_by else None,
        excluded=[_excluded(one, names) for one in excluded],
        sent=sent,
        wrong=wrong,
    )


def _lines(fo: FulfillmentOrder, sent: Mapping[str, str]) -> list[dict[str, Any]]:
    lines = []
    for line in fo.lines:
        units = line.ordered - line.declined - line.canceled - line.shipped
        if units:
            asked = sent.get(f"units:{line.line}", str(units))
            shown = {"line": line.line, "title": line.title, "sku": line.sku}
            lines.append(shown | {"units": units, "asked": asked})
    return lines


def _places(
    options: Mapping[str, Sequence[Option]],
    units: Mapping[str, int],
    names: Mapping[str, str],
    need_by: date | None,
) -> list[dict[str, Any]]:
    """Return each place with what it has of which line, and what that would cost there.

    Those that would be too late for the customer come last, and say so.
    """
    places: dict[str, dict[str, Any]] = {}
    for line, found in options.items():
        for option in found:
            where = option.candidate.place
            shown = places.setdefault(
                f"{where.vendor}/{where.code}",
                {
                    "name": names[where.vendor],
                    "code": where.code,
                    "has": [],
                    "sum": option.parcel,
                    "is_late": False,
                },
            )
            shown["is_late"] |= need_by is not None and option.deliver_on > need_by
            price = option.price
            shown["sum"] += (price.goods + price.kilos) * option.units // units[line]
            shown["has"].append(
                _(
                    "{units} of line {line}, there on {day}",
                    units=option.units,
                    line=line,
                    day=day(option.deliver_on),
                )
            )
    ranked = sorted(places.items(), key=lambda p: (p[1]["is_late"], -len(p[1]["has"]), p[1]["sum"]))
    return [one | {"value": value} for value, one in ranked]


def _excluded(one: Excluded, names: Mapping[str, str]) -> dict[str, str]:
    return {"name": names[one.vendor], "line": one.line, "rule": words.rule(one.rule)}
