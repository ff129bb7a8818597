"""The API's blueprint; who asks is known before anything is done (app.doors)."""

from __future__ import annotations

from flask import Blueprint

from app.api import changes, clock, fulfillment, labels, marketplace, orders, vendors, webhooks
from app.api.access import refuse_control_characters

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
blueprint.before_request(refuse_control_characters)
for part in (orders, changes, fulfillment, labels, webhooks, vendors, marketplace, clock):
    part.mount(blueprint)
