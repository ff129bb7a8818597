"""Changes of orders that are in: where to, how many, wishes. The same again changes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint

from app.api.access import caller
from app.api.documents import order_document
from app.api.forms import AddressChangeForm, ChangesForm, ServiceForm, read
from app.api.idempotency import Answer, acted
from app.api.orders import order_asked
from app.intake import changes
from app.orders.changes import Change
from app.orders.documents import fulfillment_order_documents
from app.orders.queries import fulfillment_order
from app.routing.expedite import Wanted, expedite
from app.shared.errors import InvalidInput
from app.shared.work import OPS


def mount(blueprint: Blueprint) -> None:
    """Add the routes."""
    add = blueprint.add_url_rule
    add("/orders/<number:number>/address", view_func=readdress, methods=["POST"])
    add("/orders/<number:number>/changes", view_func=change, methods=["POST"])
    path = "/fulfillment-orders/<reference>/service"
    add(path, view_func=choose_service, methods=["POST"])


def readdress(number: str) -> Answer:
    """Send what has not left of an order somewhere else."""
    form = read(AddressChangeForm)

    def act(now: datetime) -> dict[str, Any]:
        order_id = order_asked(number)
        try:
            changes.readdress(order_id, form.ship_to.model_dump(), _change(form, now))
        except InvalidInput as refusal:
            fields = {f"ship_to.{name}": words for name, words in refusal.fields.items()}
            raise InvalidInput(refusal.detail, **fields) from None
        return order_document(order_id)

    return acted(OPS, form, act)


def change(number: str) -> Answer:
    """Change how many units of lines are wanted, and what the customer wishes."""
    form = read(ChangesForm)
    wishes = form.preferences.model_dump(mode="json", include=form.preferences.model_fields_set)

    def act(now: datetime) -> dict[str, Any]:
        order_id = order_asked(number)
        changes.change(order_id, form.lines, wishes, _change(form, now))
        return order_document(order_id)

    return acted(OPS, form, act)


def choose_service(reference: str) -> Answer:
    """Send a fulfillment order by a faster service, or as ordered again; the marketplace pays."""
    form = read(ServiceForm)

    def act(now: datetime) -> dict[str, Any]:
        wanted = Wanted(reference, form.service, form.reason)
        expedite(wanted, actor=caller().name, now=now)
        (document,) = fulfillment_order_documents([fulfillment_order(reference)])
        return document

    return acted(OPS, form, act)


def _change(form: AddressChangeForm | ChangesForm, now: datetime) -> Change:
    return Change(caller().name, now, form.reason, form.version)
