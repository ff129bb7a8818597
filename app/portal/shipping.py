"""What is packed and has to leave: by place and carrier, with its papers and its pickups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, jsonify, render_template, request, url_for

from app.carriers import numbers
from app.portal import page
from app.portal.page import blueprint
from app.shared.errors import NotFound
from app.shared.language import _, _n
from app.shared.work import transaction
from app.shipments import entered, handover
from app.shipments.handover import Leaving
from app.shipments.models import Pickup
from app.shipments.packages import is_outdated
from app.shipments.papers import MOST_AT_ONCE
from app.shipments.pickups import pickups
from app.web import paging
from app.web.deadlines import deadline
from app.web.paging import Key
from app.web.words import when

# The number that is checked while it is typed; longer is no number of anybody's.
LONGEST = 60


@blueprint.get("/ship")
def shipping() -> str:
    """Show what is packed and waits for its carrier, the first to leave first."""
    cut = paging.cut(request.args)
    with transaction(page.scope()) as now:
        shell = page.shell(now)
        found, pager = paging.turn(
            handover.leaving(cut),
            cut,
            lambda one: Key(one.fo.ship_by, one.fo.id),
            total=shell["work"].to_ship,
        )
        today = now.astimezone(ZoneInfo(shell["zone"])).date()
        coming = pickups(today, today + timedelta(days=1))
    return render_template(
        "portal/shipping.html",
        **shell,
        groups=list(_groups(found, coming, shell)),
        today=today,
        page=pager,
        most=MOST_AT_ONCE,
    )


def _groups(
    found: Sequence[Leaving], coming: Sequence[Pickup], shell: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield orders by where they lie and who takes them; what has no carrier yet comes last."""
    keys = {(one.fo.location_id, _carrier(one)) for one in found}
    names = {key: place.name for key, place in shell["places"].items()}
    for place, carrier in sorted(
        keys, key=lambda k: (names.get(k[0], ""), k[1] is None, k[1] or "")
    ):
        rows = [one for one in found if (one.fo.location_id, _carrier(one)) == (place, carrier)]
        yield {
            "place": names.get(place) if len(names) > 1 else None,
            "carrier": numbers.title(carrier) if carrier else None,
            "pickup": _pickup(coming, place, carrier, shell),
            "rows": [_listed(one, shell) for one in rows],
            "parcels": sum(len(_waiting(one)) for one in rows),
        }


def _carrier(one: Leaving) -> str | None:
    labels = [packed.label for packed in _waiting(one) if packed.label]
    return next((label.carrier for label in labels if label.carrier), None)


def _waiting(one: Leaving) -> Sequence[Any]:
    return [packed for packed in one.packed if packed.waits]


def _pickup(
    coming: Sequence[Pickup], place: UUID, carrier: str | None, shell: Mapping[str, Any]
) -> str | None:
    """Return when the carrier comes next to a place, in words."""
    for one in coming:
        if (one.location_id, one.carrier) == (place, carrier) and one.came is None:
            span = f"{one.from_time:%H:%M}\N{EN DASH}{one.until_time:%H:%M}"
            today = shell["now"].astimezone(ZoneInfo(shell["zone"])).date()
            if one.day == today:
                return _("comes today, {span}", span=span)
            return _("comes tomorrow, {span}", span=span)
    return None


def _listed(one: Leaving, shell: Mapping[str, Any]) -> dict[str, Any]:
    fo, waiting = one.fo, _waiting(one)
    labeled = [p.label for p in waiting if p.label and not is_outdated(p.label, fo)]
    units = sum(line.confirmed - line.shipped for line in fo.lines)
    return {
        "reference": fo.reference,
        "number": fo.order_number,
        "href": url_for("portal.ship", reference=fo.reference),
        "deadline": deadline(
            fo.ship_by,
            shell["now"],
            _("by {moment}", moment=when(fo.ship_by)),
            since=fo.assigned_at,
        ),
        "status": fo.status,
        "to": ", ".join(filter(None, (fo.ship_to.get("city"), fo.ship_to.get("country")))),
        "told": ", ".join(
            (
                _n("{n} unit", "{n} units", units),
                _n("{n} parcel", "{n} parcels", len(waiting)) if waiting else _("no parcels yet"),
            )
        ),
        "labels": len(labeled),
        "parcels": len(waiting),
        "printed": bool(waiting) and sum(bool(x.printed) for x in labeled) == len(waiting),
        "service": fo.service,
        "is_gift": bool(fo.preferences.get("gift_wrap")),
    }


@blueprint.get("/ship/check")
def check_number() -> Response:
    """Say of a number that is typed whose it is, if it is right, and if another parcel has it."""
    # No table holds a NUL, and none is asked for one.
    asked = {name: value.replace("\0", "") for name, value in request.args.items()}
    number = asked.get("number", "")[:LONGEST]
    judged = entered.judge(asked.get("carrier") or None, number)
    tone, said = judged.tone, judged.sentence
    with transaction(page.scope()) as now:
        try:
            own = handover.to_ship(asked.get("of", ""))[0].fo.id
        except NotFound:
            own = None
        owner = entered.owners([judged.number], now).get((judged.carrier or "", judged.number))
    if owner and owner.fo_id != own:
        tone, said = "crit", entered.taken(judged.number)
    return jsonify(tone=tone, told=said, carrier=judged.carrier)
