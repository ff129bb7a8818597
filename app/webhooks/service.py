"""What a vendor's owner, or a program of it, does about its webhooks, in the vendor's own scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import Row, select, text

from app import jobs
from app.audit.contract import Actor
from app.audit.service import record
from app.extensions import db
from app.shared import bulk, chance, clock, ids, live, signed
from app.shared.errors import Conflict, IllegalMove, NotFound
from app.shared.language import _
from app.shared.work import ACCOUNTS, acting_as
from app.webhooks import rules
from app.webhooks.contract import MOST_ENDPOINTS, TEST, Fate, Stopped
from app.webhooks.models import WebhookDelivery, WebhookEndpoint
from app.webhooks.stopping import stop

LOCK = text(
    "SELECT * FROM webhook_endpoints WHERE id = :id AND deleted_at IS NULL FOR NO KEY UPDATE"
)
COUNT = text("SELECT count(*) FROM webhook_endpoints WHERE deleted_at IS NULL")
SAME = text("SELECT 1 FROM webhook_endpoints WHERE deleted_at IS NULL AND url = :url LIMIT 1")
# So that of two who add one at once the second sees the first.
ONE_BY_ONE = text("SELECT pg_advisory_xact_lock(hashtextextended('webhooks ' || :vendor, 0))")
CHANGE = text("UPDATE webhook_endpoints SET url = :url, kinds = :kinds WHERE id = :id")
ROTATE = text(
    "UPDATE webhook_endpoints SET old_secret = secret, old_until = :until, secret = :secret"
    " WHERE id = :id"
)
RESUME = text(
    "UPDATE webhook_endpoints SET is_active = true, stopped_because = NULL,"
    " listens_since = :now, told_until = :now WHERE id = :id"
)
DELETE = text("UPDATE webhook_endpoints SET deleted_at = :now, is_active = false WHERE id = :id")
DROP = text(
    "UPDATE webhook_deliveries SET status = 'dropped' WHERE endpoint_id = :id"
    " AND status IN ('queued', 'failed') AND lease_token IS NULL"
)
AGAIN = (
    "UPDATE webhook_deliveries SET status = 'queued', due_at = :now, attempts = 0,"
    " sent_at = NULL, answered = NULL, last_error = NULL WHERE endpoint_id = :id"
)
AGAIN_ONE = text(f"{AGAIN} AND id = :delivery AND status IN ('sent', 'failed') RETURNING id")
AGAIN_FAILED = text(f"{AGAIN} AND status = 'failed' RETURNING id")


def add(vendor_id: UUID, url: str, kinds: Sequence[str], by: Actor) -> tuple[UUID, str]:
    """Add an endpoint; return its key and the secret it verifies with, shown this once."""
    address, wanted = _address(url), rules.require_kinds(kinds)
    db.session.execute(ONE_BY_ONE, {"vendor": str(vendor_id)})
    if db.session.scalar(COUNT) >= MOST_ENDPOINTS:
        raise Conflict(_("You have {n} webhooks. Delete one first.", n=MOST_ENDPOINTS))
    _require_new(address)
    key, secret, now = ids.new(), rules.secret_of(chance.secret_bytes()), clock.machine_now()
    row = {
        "id": key,
        "vendor_id": vendor_id,
        "url": address,
        "secret": signed.seal(secret),
        "kinds": wanted,
        "is_active": True,
        "made_at": now,
        "made_by": by.name,
        "listens_since": now,
        "told_until": now,
    }
    db.session.execute(WebhookEndpoint.__table__.insert().values(row))
    _note("webhook_added", address, by, vendor_id)
    return key, secret


def change(endpoint_id: UUID, url: str | None, kinds: Sequence[str] | None, by: Actor) -> None:
    """Have an endpoint called elsewhere, or about something else; None leaves it as it is."""
    found = _locked(endpoint_id)
    address = found.url if url is None else _address(url)
    if address != found.url:
        _require_new(address)
    wanted = found.kinds if kinds is None else rules.require_kinds(kinds)
    if (found.url, found.kinds) == (address, wanted):
        return
    db.session.execute(CHANGE, {"id": endpoint_id, "url": address, "kinds": wanted})
    _note("webhook_changed", address, by, found.vendor_id)


def rotate(endpoint_id: UUID, by: Actor) -> str:
    """Give an endpoint another secret and return it; the one before signs along for a day."""
    found = _locked(endpoint_id)
    secret = rules.secret_of(chance.secret_bytes())
    until = clock.machine_now() + rules.OVERLAP
    values = {"id": endpoint_id, "until": until, "secret": signed.seal(secret)}
    db.session.execute(ROTATE, values)
    _note("webhook_secret_changed", found.url, by, found.vendor_id)
    return secret


def set_active(endpoint_id: UUID, by: Actor, *, is_active: bool) -> None:
    """Stop an endpoint, or let it go on: with what is told from now on. Again changes nothing."""
    found, now = _locked(endpoint_id), clock.machine_now()
    if found.is_active == is_active:
        return
    if is_active:
        db.session.execute(RESUME, {"id": endpoint_id, "now": now})
    else:
        stop([endpoint_id], Stopped.BY_HAND, now)
    _note("webhook_resumed" if is_active else "webhook_stopped", found.url, by, found.vendor_id)


def delete(endpoint_id: UUID, by: Actor) -> None:
    """Delete an endpoint; what was not delivered to it never will be."""
    found = _locked(endpoint_id)
    db.session.execute(DELETE, {"id": endpoint_id, "now": clock.machine_now()})
    db.session.execute(DROP, {"id": endpoint_id})
    _note("webhook_deleted", found.url, by, found.vendor_id)


def test(endpoint_id: UUID, once: UUID, by: Actor) -> UUID:
    """Send an endpoint an event that means nothing; return its delivery.

    The same button, sent twice, sends one.
    """
    found, now = _active(endpoint_id), clock.machine_now()
    row = {
        "id": ids.new(),
        "vendor_id": found.vendor_id,
        "endpoint_id": endpoint_id,
        "kind": TEST,
        "once": f"{TEST} {once}",
        "subject": TEST,
        "body": {"message": "This is a test. Nothing has happened.", "asked_by": by.name},
        "status": str(Fate.QUEUED),
        "made_at": now,
        "due_at": now,
    }
    bulk.insert(WebhookDelivery, [row], conflict="ON CONFLICT (endpoint_id, once) DO NOTHING")
    _ring(found.vendor_id)
    mine = select(WebhookDelivery.id).filter_by(endpoint_id=endpoint_id, once=row["once"])
    return db.session.scalars(mine).one()


def replay(endpoint_id: UUID, delivery_id: UUID, by: Actor) -> None:
    """Send a delivery again, under its own name; IllegalMove while it is on its way."""
    found = _active(endpoint_id)
    values = {"id": endpoint_id, "delivery": delivery_id, "now": clock.machine_now()}
    if db.session.scalar(AGAIN_ONE, values) is None:
        if not _is_known(endpoint_id, delivery_id):
            raise NotFound(_("There is no such delivery."))
        raise IllegalMove(_("This delivery is on its way already. Wait for its outcome."))
    _note("webhook_replayed", found.url, by, found.vendor_id, count=1)
    _ring(found.vendor_id)


def replay_failed(endpoint_id: UUID, by: Actor) -> int:
    """Send everything again that failed at an endpoint; return how much that is."""
    found = _active(endpoint_id)
    values = {"id": endpoint_id, "now": clock.machine_now()}
    count = len(db.session.scalars(AGAIN_FAILED, values).all())
    if count:
        _note("webhook_replayed", found.url, by, found.vendor_id, count=count)
        _ring(found.vendor_id)
    return count


def reseal() -> int:
    """Seal the secrets with the newest field key; return how many. Safe again."""
    return sum(_reseal(name) for name in ("secret", "old_secret"))


def _reseal(name: str) -> int:
    column = getattr(WebhookEndpoint, name)
    found = select(WebhookEndpoint.id, column.label("sealed")).where(column.is_not(None))
    sealed = db.session.execute(found.with_for_update()).all()
    rows = [{"id": row.id, name: signed.seal(signed.unseal(row.sealed))} for row in sealed]
    bulk.update(WebhookEndpoint, rows, key="id")
    return len(rows)


def _address(url: str) -> str:
    is_strict = bool(current_app.config["PUBLIC_WEBHOOKS_ONLY"])
    return rules.require_url(url.strip(), is_strict=is_strict)


def _require_new(address: str) -> None:
    """Refuse an address that is called already: its program would be told everything twice."""
    if db.session.scalar(SAME, {"url": address}):
        told = _("You have a webhook to this address. Open it to change what it hears of.")
        raise Conflict(told, url=told)


def _locked(endpoint_id: UUID) -> Row[Any]:
    found = db.session.execute(LOCK, {"id": endpoint_id}).first()
    if found is None:
        raise NotFound(_("There is no such webhook."))
    return found


def _active(endpoint_id: UUID) -> Row[Any]:
    found = _locked(endpoint_id)
    if not found.is_active:
        raise IllegalMove(_("This webhook is stopped. Let it go on first."))
    return found


def _is_known(endpoint_id: UUID, delivery_id: UUID) -> bool:
    mine = select(WebhookDelivery.id).filter_by(id=delivery_id, endpoint_id=endpoint_id)
    return db.session.scalar(mine) is not None


def _ring(vendor_id: UUID) -> None:
    jobs.ring("send_webhooks")
    live.changed("webhooks", vendor_id)


def _note(action: str, url: str, by: Actor, vendor_id: UUID, **facts: Any) -> None:
    # A vendor adds nothing to the trail by itself.
    with acting_as(ACCOUNTS):
        record(action, by, subject=url, **facts)
    live.changed("webhooks", vendor_id)
