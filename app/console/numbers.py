"""Tracking numbers that two vendors claim: ops see both, and say whose it is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row

from app.accounts.sessions import actor_of
from app.audit.service import record
from app.carriers.numbers import title
from app.console import page
from app.console.page import blueprint
from app.doors.guard import may
from app.shared.errors import Conflict, InvalidInput
from app.shared.language import _
from app.shared.work import OPS, transaction
from app.shipments import claims, labeling
from app.web.toasts import toast


@blueprint.get("/numbers")
def numbers() -> str:
    """Show the numbers that two vendors claim, the longest waiting first."""
    return _show()


def _show(problem: str | None = None) -> str:
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        found = claims.open_claims(now)
    return render_template(
        "console/numbers.html",
        **frame,
        claims=[_claim(row) for row in found],
        can_act=may("console.void_label"),
        problem=problem,
    )


def _claim(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "carrier": title(row.carrier),
        "number": row.tracking_number,
        "package": row.package,
        "has_left": row.has_left,
        "sides": [
            _side(row.vendor, row.fo, row.order_reference, row.order_number)
            | {"at": row.claimed_at, "by": row.claimed_by},
            _side(row.held_vendor, row.held_fo, row.held_order, row.held_number)
            | {"at": row.at, "by": row.made_by},
        ],
    }


def _side(vendor: str, work: str, order: str, number: str) -> dict[str, Any]:
    href = url_for("console.order", reference=order)
    return {"vendor": vendor, "work": work, "href": href, "number": number}


@blueprint.post("/packages/<package>/void")
def void_label(package: str) -> ResponseReturnValue:
    """Void the label of a parcel that has not left, with a reason; its vendor is told."""
    reason = request.form.get("reason", "")
    try:
        with transaction(OPS) as now:
            labeling.void(package, reason, actor=current_user.name, now=now)
            record("label_voided", actor_of(current_user), subject=package, reason=reason[:300])
    except (InvalidInput, Conflict) as refusal:
        return _show(refusal.detail), refusal.status
    toast(_("The label of {package} is void. Both vendors are told.", package=package))
    return redirect(url_for("console.numbers"), 303)


@blueprint.post("/numbers/<uuid:claim_id>/keep")
def keep_number(claim_id: UUID) -> ResponseReturnValue:
    """Say that a number stays where it is; whoever claimed it is told."""
    with transaction(OPS) as now:
        number = claims.keep(claim_id, by=current_user.name, now=now)
        record("number_kept", actor_of(current_user), subject=number)
    toast(_("{number} stays where it is. Whoever claimed it is told.", number=number))
    return redirect(url_for("console.numbers"), 303)
