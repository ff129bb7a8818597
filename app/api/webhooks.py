"""A vendor's webhooks, looked after by its own programs: as on the portal's pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from flask import Blueprint, request
from sqlalchemy import Row

from app.api.access import actor, caller
from app.api.forms import read
from app.api.idempotency import Answer, acted
from app.api.webhook_forms import WebhookChangeForm, WebhookForm
from app.orders.documents import Document, pick, plain
from app.shared import clock, ids
from app.shared.errors import InvalidInput, NotFound
from app.shared.work import transaction
from app.web.paging import Cut, Key
from app.webhooks import queries, service
from app.webhooks.contract import EVENTS

PAGE = 100
SHOWN = ("is_active", "stopped_because", "made_at", "made_by")
OUTCOME = ("made_at", "sent_at", "attempts", "answered", "took_ms", "last_error")


def mount(blueprint: Blueprint) -> None:
    """Add the routes."""
    add, one = blueprint.add_url_rule, "/webhooks/<uuid:endpoint_id>"
    add("/webhooks", view_func=webhooks, methods=["GET"])
    add("/webhooks", view_func=add_webhook, methods=["POST"])
    add(one, view_func=show_webhook, methods=["GET"])
    add(one, view_func=change_webhook, methods=["PUT"])
    add(one, view_func=delete_webhook, methods=["DELETE"])
    add(f"{one}/secret", view_func=rotate_webhook, methods=["POST"])
    add(f"{one}/test", view_func=test_webhook, methods=["POST"])
    add(f"{one}/deliveries", view_func=webhook_deliveries, methods=["GET"])
    add(f"{one}/deliveries/<uuid:delivery_id>/replay", view_func=replay_webhook, methods=["POST"])


def webhooks() -> Document:
    """List where the vendor's programs listen, the oldest first."""
    with transaction(caller().scope):
        return {"webhooks": [_webhook(row) for row in queries.endpoints()]}


def add_webhook() -> Answer:
    """Have a program told of the vendor's work; its secret is told this once.

    An address that has a webhook already is refused: change that one, or give it another secret.
    """
    form = read(WebhookForm)

    def add(_now: datetime) -> Document:
        kinds = list(EVENTS) if form.events is None else form.events
        key, secret = service.add(_vendor(), form.url, kinds, actor())
        return _webhook(queries.endpoint(key)) | {"secret": secret}

    return acted(caller().scope, form, add, status=201, is_secret=True)


def _vendor() -> UUID:
    # The guard lets no other key in.
    return cast("UUID", caller().vendor_id)


def show_webhook(endpoint_id: UUID) -> Document:
    """Return one webhook; its secret is told to nobody again."""
    with transaction(caller().scope):
        return _webhook(queries.endpoint(endpoint_id))


def change_webhook(endpoint_id: UUID) -> Document:
    """Have a webhook go elsewhere or tell of something else, stop it, or let it go on.

    It goes on with what happens from then on; what failed can be sent again.
    """
    form = read(WebhookChangeForm)
    with transaction(caller().scope):
        service.change(endpoint_id, form.url, form.events, actor())
        if form.is_active is not None:
            service.set_active(endpoint_id, actor(), is_active=form.is_active)
        return _webhook(queries.endpoint(endpoint_id))


def delete_webhook(endpoint_id: UUID) -> Document:
    """Delete a webhook; what waits for it is never sent."""
    with transaction(caller().scope):
        service.delete(endpoint_id, actor())
    return {"deleted": str(endpoint_id)}


def rotate_webhook(endpoint_id: UUID) -> Answer:
    """Give a webhook another secret; the one before signs along for another day."""

    def rotate(_now: datetime) -> Document:
        secret = service.rotate(endpoint_id, actor())
        return _webhook(queries.endpoint(endpoint_id)) | {"secret": secret}

    return acted(caller().scope, None, rotate, is_secret=True)


def test_webhook(endpoint_id: UUID) -> Answer:
    """Send a webhook an event that means nothing; each call sends one."""

    def test(_now: datetime) -> Document:
        delivery = service.test(endpoint_id, ids.new(), actor())
        return _delivery(queries.delivery(endpoint_id, delivery))

    return acted(caller().scope, None, test)


def webhook_deliveries(endpoint_id: UUID) -> Document:
    """List what was delivered to a webhook, newest first; `after` is the last page's last id."""
    only = request.args.get("only", "all")
    if only not in queries.WHICH:
        raise InvalidInput("Ask for all deliveries, or for those that failed.", only="failed")
    with transaction(caller().scope):
        queries.endpoint(endpoint_id)
        found = queries.deliveries(endpoint_id, _cut(endpoint_id), only)
    shown = [_delivery(row) for row in found[:PAGE]]
    return {"deliveries": shown, "after": shown[-1]["id"] if len(found) > PAGE else None}


def _cut(endpoint_id: UUID) -> Cut:
    given = request.args.get("after")
    if not given:
        return Cut(size=PAGE)
    try:
        last = queries.delivery(endpoint_id, UUID(given))
    except (ValueError, NotFound):
        told = "as it was answered, at most 30 days ago"
        raise InvalidInput("`after` is no place in the list.", after=told) from None
    return Cut(Key(last.made_at, last.id), size=PAGE)


def replay_webhook(endpoint_id: UUID, delivery_id: UUID) -> Answer:
    """Send a delivery again, under the same webhook-id; refused while it is on its way."""

    def replay(_now: datetime) -> Document:
        service.replay(endpoint_id, delivery_id, actor())
        return _delivery(queries.delivery(endpoint_id, delivery_id))

    return acted(caller().scope, None, replay)


def _webhook(row: Row[Any]) -> Document:
    old = row.old_until if row.old_until and row.old_until > clock.machine_now() else None
    last = {"status": row.status, "answered": row.answered, "attempts": row.attempts}
    return {
        "id": str(row.id),
        "url": row.url,
        "events": row.kinds,
        **pick(row, *SHOWN),
        "old_secret_until": plain(old),
        "failed": row.failed,
        "last_delivery": last | {"made_at": plain(row.last_at)} if row.status else None,
    }


def _delivery(row: Row[Any]) -> Document:
    is_again = row.status == "queued" and row.attempts
    return {
        "id": str(row.id),
        "event": row.kind,
        "subject": row.subject,
        "status": row.status,
        **pick(row, *OUTCOME),
        "next_try_at": plain(row.due_at) if is_again else None,
    }
