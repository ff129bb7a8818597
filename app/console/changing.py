"""Changing an order by hand: where to, how many, wishes; holding, releasing and canceling it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm

from app.console import order_page, order_queries, page, story
from app.console.change_forms import Address, Line, Reason, Wishes, units_form
from app.console.page import blueprint
from app.intake import changes
from app.orders import queries as orders
from app.orders.changes import Change, Changed, version
from app.orders.holds import open_holds
from app.orders.models import Order
from app.orders.service import open_units
from app.shared.errors import DomainError
from app.shared.language import _
from app.shared.work import OPS, transaction
from app.web.forms import page_of, refusals
from app.web.toasts import toast

Act = Callable[[UUID, Change], None]
# As many digits as the number of an entry has.
LONGEST_VERSION = 18


@blueprint.get("/orders/<reference>/change")
def change_order(reference: str) -> Response:
    """Show what can still be changed of an order."""
    return _show(reference)


@blueprint.post("/orders/<reference>/address")
def change_address(reference: str) -> ResponseReturnValue:
    """Send what has not left somewhere else."""
    form = Address()

    def act(order_id: UUID, change: Change) -> None:
        changes.readdress(order_id, form.ship_to(), change)

    return _do(reference, "address", form, act, _("The address is changed."))


@blueprint.post("/orders/<reference>/wishes")
def change_wishes(reference: str) -> ResponseReturnValue:
    """Change what the customer asks for."""
    form = Wishes()

    def act(order_id: UUID, change: Change) -> None:
        changes.change(order_id, {}, form.wishes(), change)

    return _do(reference, "wishes", form, act, _("The wishes are changed."))


@blueprint.post("/orders/<reference>/units")
def change_units(reference: str) -> ResponseReturnValue:
    """Change how many units of lines are wanted."""
    with transaction(OPS):
        lines = _lines(order_queries.order(reference).id)
    form = units_form(lines, is_sent=True)
    fields = {line.name: f"line{n}" for n, line in enumerate(lines)}

    def act(order_id: UUID, change: Change) -> None:
        wanted = {name: form[field].data for name, field in fields.items()}
        changes.change(order_id, wanted, {}, change)

    return _do(reference, "units", form, act, _("The units are changed."))


@blueprint.post("/orders/<reference>/cancel")
def cancel_order(reference: str) -> ResponseReturnValue:
    """Call off all of an order that has not left anything yet."""
    form = Reason("cancel", is_sent=True)
    return _do(reference, "cancel", form, changes.cancel, _("The order is canceled."))


@blueprint.post("/orders/<reference>/hold")
def hold_order(reference: str) -> ResponseReturnValue:
    """Hold a whole order until somebody releases it."""
    form = Reason("hold", is_sent=True)
    return _do(reference, "hold", form, changes.hold, _("The order is held."))


@blueprint.post("/orders/<reference>/release")
def release_order(reference: str) -> ResponseReturnValue:
    """Release an order that somebody has looked at: it goes to its vendors."""
    form = Reason("release", is_sent=True)
    return _do(reference, "release", form, changes.release, _("The order is released."))


def _do(reference: str, name: str, form: FlaskForm, act: Act, said: str) -> ResponseReturnValue:
    """Do what a form says; what is refused is shown again beside what was typed."""
    if form.validate():
        with refusals(form):
            with transaction(OPS) as now:
                row = order_queries.order(reference)
                act(row.id, _change(form, now))
            toast(said)
            return redirect(url_for("console.order", reference=reference))
    return _show(reference, name, form)


def _change(form: FlaskForm, now: datetime) -> Change:
    seen = request.form.get("version", "")
    is_number = seen.isascii() and seen.isdecimal() and len(seen) <= LONGEST_VERSION
    return Change(
        current_user.name,
        now,
        reason=(form.reason.data or "") if "reason" in form else "",
        version=int(seen) if is_number else None,
        is_looked_at=True,
    )


def _lines(order_id: UUID) -> list[Line]:
    fos = orders.fulfillment_orders_of(order_id)
    return [
        Line(line.external_id, line.title, line.sku, wanted, wanted - open_units(line, fos))
        for line in orders.lines_of(order_id)
        for wanted in [line.quantity - line.canceled]
    ]


def _show(reference: str, name: str = "", tried: FlaskForm | None = None) -> Response:
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        row = order_queries.order(reference)
        order = orders.order(row.id)
        lines = _lines(row.id)
        held = [order_page.hold(one) for one in open_holds(row.id)]
        seen = version(row.cohort, row.id)
        shown = _order(order)
    forms = {
        "address": Address(order.ship_to),
        "wishes": Wishes(order.preferences),
        "units": units_form(lines),
        **{what: Reason(what) for what in ("cancel", "hold", "release")},
    }
    if tried is not None:
        forms[name] = tried
    refusal = getattr(tried, "refusal", None)
    return page_of(
        forms[name or "address"],
        "console/change.html",
        **frame,
        order=shown,
        forms=forms,
        lines=lines,
        holds=held,
        version=seen,
        meanwhile=_meanwhile(refusal, order.currency),
        is_over=all(line.wanted == line.least for line in lines),
        has_left=any(line.least for line in lines),
    )


def _order(order: Order) -> dict[str, Any]:
    return {"number": order.number, "reference": order.reference, "status": order.status}


def _meanwhile(refusal: DomainError | None, currency: str) -> Sequence[dict[str, Any]]:
    """Return what others did since the page was opened."""
    return story.entries(refusal.entries, currency) if isinstance(refusal, Changed) else ()
