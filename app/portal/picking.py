"""Picking: what is to be picked, an order or a walk through several, scan by scan."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Row

from app.orders.contract import FoStatus
from app.portal import page, pick_page, scanning
from app.portal.page import blueprint
from app.shared import ids
from app.shared.errors import Conflict, InvalidInput, NotFound
from app.shared.language import _, _n
from app.shared.work import transaction
from app.shipments import pick_queries as queries
from app.shipments import picking as service
from app.shipments.models import Scan
from app.shipments.picking import Told
from app.web import paging
from app.web.paging import Key
from app.web.toasts import toast

# What is to be picked ------------------------------------------------------------------------


@blueprint.route("/pick", methods=["GET", "POST"])
def picking() -> ResponseReturnValue:
    """Show what is to be picked, the first to leave first; begin a walk through several."""
    problem: InvalidInput | Conflict | None = None
    if request.method == "POST":
        try:
            with transaction(page.scope()) as now:
                told = scanning.told(now)
                name = service.start_wave(request.form.getlist("order"), told)
            return redirect(url_for("portal.wave", reference=name), 303)
        except (InvalidInput, Conflict) as refusal:
            problem = refusal
    cut = paging.cut(request.args)
    with transaction(page.scope()) as now:
        shell = page.shell(now)
        found = queries.to_pick(page.vendor_id(), cut)
    rows, pager = paging.turn(found, cut, lambda row: Key(row.ship_by, row.id))
    html = render_template(
        "portal/picking.html",
        **shell,
        groups=list(_groups(rows, shell)),
        waves=rows[0].under_way or () if rows else (),
        page=pager,
        address=paging.link(request.path, request.args),
        once=ids.new(),
        problem=_(problem.detail) if problem else None,
    )
    return html, problem.status if problem else 200


def _groups(rows: Sequence[Row[Any]], shell: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield orders by the place they lie in; those that no walk has yet are ticked."""
    for group in scanning.grouped(rows, shell["places"]):
        free = [row.id for row in group["rows"] if row.wave is None]
        chosen = set(free[: queries.MOST_IN_WAVE])
        yield group | {"rows": [_listed(r, r.id in chosen, shell["now"]) for r in group["rows"]]}


def _listed(row: Row[Any], is_chosen: Any, now: datetime) -> dict[str, Any]:
    return {
        "reference": row.reference,
        "number": row.order_number,
        "status": row.status,
        "deadline": scanning.due(row, now),
        "is_late": row.ship_by < now,
        "units": row.units,
        "picked": row.picked,
        "bins": list(dict.fromkeys(row.bins or ())),
        "wave": row.wave,
        "is_gift": bool(row.preferences.get("gift_wrap")),
        "is_chosen": bool(is_chosen),
    }


# Scans ---------------------------------------------------------------------------------------


@blueprint.route("/orders/<reference>/pick", methods=["GET", "POST"])
def pick(reference: str) -> ResponseReturnValue:
    """Show what is to be picked for an order, by bin; take a scan."""
    if request.method == "GET":
        return pick_page.of_order(reference)
    if other := _other():
        return scanning.go_to(other)
    return _take(reference, lambda told: service.scan(reference, told))


@blueprint.post("/orders/<reference>/pick/hand")
def pick_by_hand(reference: str) -> ResponseReturnValue:
    """Count units of a line whose goods bear no code, or put some back."""
    line = request.form.get("line", "")
    return _take(reference, lambda told: service.by_hand(reference, line, scanning.units(), told))


@blueprint.post("/orders/<reference>/pick/undo")
def undo_scan(reference: str) -> ResponseReturnValue:
    """Put back what a scan has counted."""

    def undo(told: Told) -> Scan:
        queries.order(reference)
        return service.undo(told.id, page.vendor_id(), told.now)

    return _take(reference, undo)


def _other() -> str | None:
    """Return the order whose own code was scanned, where it is one of the vendor's."""
    name = scanning.named()
    if name is None:
        return None
    with contextlib.suppress(NotFound), transaction(page.scope()):
        return str(queries.order(name).reference)
    return None


def _take(reference: str, act: Callable[[Told], Scan]) -> ResponseReturnValue:
    """Do what was scanned or tapped; answer it where that was done."""
    try:
        with transaction(page.scope()) as now:
            key = act(scanning.told(now)).id
    except (InvalidInput, Conflict) as refusal:
        return pick_page.answer(reference, scanning.refused(refusal)), refusal.status
    if scanning.is_by_script():
        return pick_page.answer(reference)
    return scanning.back(reference, key)


@blueprint.route("/waves/<reference>", methods=["GET", "POST"])
def wave(reference: str) -> ResponseReturnValue:
    """Show all that is to be picked on one walk, by bin; take a scan."""
    if request.method == "GET":
        return pick_page.of_wave(reference)
    if other := _other():
        return scanning.go_to(other)
    try:
        with transaction(page.scope()) as now:
            key = service.scan_wave(reference, scanning.told(now)).id
    except (InvalidInput, Conflict) as refusal:
        return pick_page.of_wave(reference, scanning.refused(refusal)), refusal.status
    if scanning.is_by_script():
        return pick_page.of_wave(reference)
    return redirect(url_for("portal.wave", reference=reference, scan=key), 303)


@blueprint.post("/waves/<reference>/undo")
def undo_wave_scan(reference: str) -> ResponseReturnValue:
    """Put back what a scan of a walk has counted."""
    try:
        with transaction(page.scope()) as now:
            queries.wave(reference)
            key = service.undo(scanning.told(now).id, page.vendor_id(), now).id
    except (InvalidInput, Conflict) as refusal:
        return pick_page.of_wave(reference, scanning.refused(refusal)), refusal.status
    if scanning.is_by_script():
        return pick_page.of_wave(reference)
    return redirect(url_for("portal.wave", reference=reference, scan=key), 303)


# What is not there, and where things lie -----------------------------------------------------


@blueprint.post("/orders/<reference>/pick/short")
def pick_short(reference: str) -> ResponseReturnValue:
    """Give back units that are not there: somebody else is found who has them."""
    line, reason = request.form.get("line", ""), request.form.get("reason", "")
    try:
        units = scanning.units()
        with transaction(page.scope()) as now:
            fo = service.short(reference, line, units, reason, scanning.told(now))
            is_over = fo.status == FoStatus.REJECTED
    except (InvalidInput, Conflict) as refusal:
        return pick_page.answer(reference, scanning.refused(refusal)), refusal.status
    toast(_told_short(units, is_over=is_over), "info")
    return scanning.back(reference)


def _told_short(units: int, *, is_over: bool) -> str:
    given = _n(
        "{n} unit is given back. Somebody else is asked for it.",
        "{n} units are given back. Somebody else is asked for them.",
        units,
    )
    return f"{given} {_('Nothing of this order is left to do for you.')}" if is_over else given


@blueprint.post("/orders/<reference>/pick/bin")
def set_bin(reference: str) -> ResponseReturnValue:
    """Note where an article lies."""
    line, place = request.form.get("line", ""), request.form.get("bin", "")
    try:
        with transaction(page.scope()):
            kept = service.set_bin(reference, line, place)
    except InvalidInput as refusal:
        return pick_page.answer(reference, scanning.refused(refusal)), refusal.status
    toast(_("It lies in {bin} from now on.", bin=kept) if kept else _("It has no bin now."))
    return scanning.back(reference)
