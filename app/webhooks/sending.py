"""Delivering to vendors' programs: an attempt is committed before the call, its outcome after it.

Everything here lives in the machine's time, in which programs of others live. What a delivery says
of a fulfillment order is read when it is sent: a later attempt tells how it stands by then.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.orm import selectinload

from app.extensions import db
from app.orders.documents import fulfillment_order_documents
from app.orders.models import FulfillmentOrder
from app.shared import bulk, clock, ids, leases, live, signed, work
from app.shared.outbound import Failure, OutboundError, in_flight
from app.shared.pinned import TOTAL, Pinned
from app.shared.work import PLATFORM, transaction
from app.webhooks import rules
from app.webhooks.contract import TEST, Fate, Stopped
from app.webhooks.models import WebhookDelivery
from app.webhooks.stopping import stop

logger = logging.getLogger(__name__)
WORKERS, BATCH = 8, 16
# Looking names up has no bound of its own.
LONGEST = 2 * TOTAL.total_seconds() + 4

LEASE = text(
    "WITH due AS (SELECT id FROM webhook_deliveries WHERE status = 'queued' AND due_at <= :now"
    f"  AND {leases.FREE} ORDER BY due_at, id LIMIT :size FOR UPDATE SKIP LOCKED)"
    f" UPDATE webhook_deliveries d SET {leases.TAKE}, attempts = d.attempts + 1"
    " FROM due, webhook_endpoints e JOIN vendors v ON v.id = e.vendor_id"
    " WHERE d.id = due.id AND e.id = d.endpoint_id"
    " RETURNING d.id, d.vendor_id, d.endpoint_id, d.kind, d.subject, d.body, d.made_at,"
    " d.attempts, e.url, e.secret, e.old_secret, e.old_until,"
    " e.is_active, e.deleted_at IS NOT NULL OR v.status = 'closed' AS is_deleted"
)
LET_GO = text(
    f"UPDATE webhook_deliveries SET {leases.LET_GO} WHERE id = ANY(:ids) AND lease_token = :token"
    " RETURNING id"
)
# Nothing of these arrived since the first of them was made.
SILENT = text(
    "SELECT DISTINCT d.endpoint_id FROM webhook_deliveries d WHERE d.id = ANY(:ids)"
    " AND NOT EXISTS (SELECT FROM webhook_deliveries x WHERE x.endpoint_id = d.endpoint_id"
    "  AND x.status = 'sent' AND x.sent_at >= d.made_at)"
)
COOL_DOWN = text(
    "UPDATE webhook_deliveries SET due_at = :at WHERE endpoint_id = ANY(:ids)"
    " AND status = 'queued' AND due_at < :at AND lease_token IS NULL"
)


@dataclass(frozen=True, slots=True)
class _Call:
    """A delivery as it goes out; without a body it is not sent at all, which ends it as said."""

    row: Row[Any]
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    ends_as: Fate = Fate.FAILED


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of a call: a status, or why there is none."""

    status: int | None = None
    failure: Failure | None = None
    took_ms: int = 0


def send_due(caller: Pinned, *, is_time_up: Callable[[], bool]) -> int:
    """Deliver what is due, oldest first; return how many calls were made."""
    count = 0
    while not is_time_up():
        token = ids.new()
        with transaction(PLATFORM) as now:
            calls = _lease(token, now)
        if not calls:
            break
        work.crashpoint("before the webhook leaves")
        answers = in_flight(_caller(caller), calls, workers=WORKERS, seconds=LONGEST)
        work.crashpoint("after the webhook left")
        with transaction(PLATFORM):
            _finish(calls, answers, token)
        count += len(calls)
    return count


def _lease(token: UUID, now: datetime) -> list[_Call]:
    machine = clock.machine_now()
    values = {"now": machine, "size": BATCH, "token": token}
    rows = sorted(db.session.execute(LEASE, values), key=lambda row: row.id)
    documents = _documents(rows, now)
    return [_call(row, documents, machine) for row in rows]


def _documents(rows: Sequence[Row[Any]], now: datetime) -> dict[tuple[UUID, str], Any]:
    """Return what the deliveries are about, by vendor and reference: as that vendor may see it."""
    names = {row.subject for row in rows if row.kind != TEST}
    if not names:
        return {}
    query = select(FulfillmentOrder).where(FulfillmentOrder.reference.in_(names))
    found = db.session.scalars(query.options(selectinload(FulfillmentOrder.lines))).all()
    told = fulfillment_order_documents(found, to_vendor_at=now)
    return {(fo.vendor_id, fo.reference): one for fo, one in zip(found, told, strict=True)}


def _call(row: Row[Any], documents: Mapping[tuple[UUID, str], Any], machine: datetime) -> _Call:
    about = documents.get((row.vendor_id, row.subject))
    if row.is_deleted or (about is None and row.kind != TEST):
        return _Call(row, ends_as=Fate.DROPPED)
    if not row.is_active:
        return _Call(row)
    data = {**row.body, "fulfillment_order": about} if about else row.body
    event = {"type": row.kind, "timestamp": row.made_at.isoformat(), "data": data}
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    try:
        return _Call(row, body, _headers(row, body, machine))
    except ValueError:
        # Sealed with a key that is gone: it holds up no other, and a new secret puts it right.
        logger.exception("webhook not signed", extra={"delivery": str(row.id)})
        return _Call(row)


def _headers(row: Row[Any], body: bytes, machine: datetime) -> dict[str, str]:
    """Return what a delivery is signed with; while a secret changes, with both."""
    is_changing = row.old_until is not None and machine < row.old_until
    sealed = [row.secret, *([row.old_secret] if is_changing else [])]
    stamp = int(machine.timestamp())
    secrets = [signed.unseal(secret) for secret in sealed]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Onward-Webhooks/1",
        "webhook-id": str(row.id),
        "webhook-timestamp": str(stamp),
        "webhook-signature": rules.signature(secrets, str(row.id), stamp, body),
    }


def _caller(caller: Pinned) -> Callable[[_Call], _Answer]:
    def call(one: _Call) -> _Answer:
        if one.body is None:
            return _Answer()
        began = time.monotonic()
        status = failure = None
        try:
            status = caller.post(one.row.url, one.body, headers=one.headers)
        except OutboundError as error:
            failure = error.kind
        except ValueError:
            failure = Failure.FORBIDDEN
        return _Answer(status, failure, round(1000 * (time.monotonic() - began)))

    return call


def _finish(calls: Sequence[_Call], answers: Sequence[_Answer | None], token: UUID) -> None:
    """Write what became of the calls that are still ours, and what follows from it."""
    keys = [call.row.id for call in calls]
    ours = set(db.session.scalars(LET_GO, {"ids": keys, "token": token}))
    machine = clock.machine_now()
    out_of_time = _Answer(failure=Failure.TIMEOUT, took_ms=round(1000 * LONGEST))
    pairs = [
        (call, answer or out_of_time)
        for call, answer in zip(calls, answers, strict=True)
        if call.row.id in ours
    ]
    rows = [_outcome(call, answer, machine) for call, answer in pairs]
    bulk.update(WebhookDelivery, rows, key="id")
    for vendor_id in {call.row.vendor_id for call, _ in pairs}:
        live.changed("webhooks", vendor_id)
    gone = {c.row.endpoint_id for c, answer in pairs if rules.is_gone(answer.status)}
    stop(gone, Stopped.GONE, machine)
    _stop_silent([r["id"] for r in rows if r["status"] == Fate.FAILED], machine)
    unreachable = {
        c.row.endpoint_id for c, a in pairs if a.failure not in {None, Failure.FORBIDDEN}
    }
    cooled = {"ids": sorted(unreachable), "at": machine + rules.COOL_DOWN}
    if unreachable:
        db.session.execute(COOL_DOWN, cooled)


def _outcome(call: _Call, answer: _Answer, machine: datetime) -> dict[str, Any]:
    row = call.row
    wait = rules.wait_after(row.attempts)
    status = Fate.QUEUED
    if rules.is_taken(answer.status):
        status = Fate.SENT
    elif call.body is None:
        status = call.ends_as
    elif wait is None or rules.is_gone(answer.status):
        status = Fate.FAILED
    logger.info(
        "webhook called",
        extra={"delivery": str(row.id), "answered": answer.status, "fate": str(status)},
    )
    return {
        "id": row.id,
        "status": str(status),
        "due_at": machine + (wait or timedelta()),
        "sent_at": machine if status is Fate.SENT else None,
        "answered": answer.status,
        "took_ms": answer.took_ms,
        "last_error": str(answer.failure) if answer.failure else None,
    }


def _stop_silent(failed: Sequence[UUID], machine: datetime) -> None:
    """Stop endpoints at which nothing arrived through all attempts of a delivery."""
    if failed:
        silent = set(db.session.scalars(SILENT, {"ids": list(failed)}))
        stop(silent, Stopped.FAILING, machine)
