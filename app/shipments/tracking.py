"""Following parcels: lease what is due, ask its carrier, take in what it says."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from rq.timeouts import JobTimeoutException
from sqlalchemy import text

from app.carriers.contract import (
    Answer,
    Carrier,
    CarrierAccess,
    DelayReason,
    ErrorClass,
    Reading,
    Scan,
    TrackingStatus,
    unanswered,
)
from app.carriers.registry import CARRIERS
from app.checks import service as checks
from app.checks.service import Subject, give_up
from app.extensions import db
from app.notifications.service import Message, supersede, tell
from app.orders import service as orders
from app.orders.models import FulfillmentOrder
from app.orders.queries import contacts, facts_of
from app.policies.documents import Tracking
from app.policies.queries import in_force
from app.shared import bulk, ids, leases, work
from app.shared.outbound import in_flight
from app.shared.work import PLATFORM, transaction
from app.shipments.models import Poll, Shipment, TrackingEvent
from app.shipments.rules import ENDED, Standing, is_given_up, next_poll, retry_poll, standing
from app.timeline.contract import Source
from app.timeline.service import Happened, record

logger = logging.getLogger(__name__)
# One lease: at FedEx 20 calls of 30. Calls in flight: each waits on the network, not on us.
LEASE_SIZE, IN_FLIGHT = 600, 6
# All answers of a lease must be in by then: well before the job's alarm, so that they are written.
PATIENCE_SECONDS = 25
NO_ANSWER = unanswered(ErrorClass.NETWORK, "no answer in time")
# Orders are locked before parcels, as everywhere: an arrival settles its order.
LOCK_ORDERS = text(
    "SELECT id FROM orders WHERE id IN (SELECT order_id FROM shipments WHERE id = ANY(:ids))"
    " ORDER BY id FOR NO KEY UPDATE"
)

LEASE = text(
    "WITH due AS (SELECT shipment_id FROM polls WHERE next_poll_at <= :now"
    f"  AND {leases.FREE} ORDER BY next_poll_at, shipment_id LIMIT :size FOR UPDATE SKIP LOCKED)"
    f" UPDATE polls p SET attempts = attempts + 1, {leases.TAKE} FROM due, shipments s"
    " WHERE p.shipment_id = due.shipment_id AND s.id = p.shipment_id"
    " RETURNING p.shipment_id, p.carrier, s.tracking_number, p.attempts"
)
STATES = text(
    "SELECT s.id, s.vendor_id, s.order_id, s.fo_id, s.cohort, s.status, s.delay_reason, s.eta,"
    " s.shipped_at, s.last_scan_at, p.is_awaited, p.attempts, s.carrier"
    " FROM shipments s JOIN polls p ON p.shipment_id = s.id"
    " WHERE s.id = ANY(:ids) AND p.lease_token = :token"
    " ORDER BY s.id FOR NO KEY UPDATE OF s, p"
)


@dataclass(frozen=True, slots=True)
class Leased:
    """A parcel to ask about."""

    shipment_id: UUID
    carrier: str
    number: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back about one parcel, or why nothing did."""

    reading: Reading | None
    error: str | None = None
    after: timedelta | None = None


Access = Callable[[Carrier], CarrierAccess]


def poll(access: Access, *, is_time_up: Callable[[], bool]) -> int:
    """Ask carriers about all parcels that are due; return how many were asked about."""
    asked = 0
    while not is_time_up():
        token = ids.new()
        leased, asked_at = _lease(token)
        if not leased:
            break
        work.crashpoint("after the lease of polls")
        heard = _ask(leased, access, asked_at)
        work.crashpoint("before the answers are written")
        _write(heard, token, asked_at)
        asked += len(leased)
    return asked


def _write(heard: Mapping[UUID, Heard], token: UUID, asked_at: datetime) -> None:
    """Write all answers at once; where one of them cannot be written, the others still are."""
    try:
        with transaction(PLATFORM) as now:
            take_in(heard, token, asked_at, now)
    except JobTimeoutException:
        raise
    except Exception:
        logger.exception("answers not written", extra={"parcels": len(heard)})
        if len(heard) == 1:
            ((shipment_id, answer),) = heard.items()
            _give_up(shipment_id, answer, token, asked_at)
            return
        for shipment_id, answer in heard.items():
            _write({shipment_id: answer}, token, asked_at)


def _give_up(shipment_id: UUID, answer: Heard, token: UUID, asked_at: datetime) -> None:
    """Ask again later about a parcel whose answer cannot be written, and tell a person."""
    if answer.reading is None:
        return
    with transaction(PLATFORM) as now:
        unreadable = Heard(None, "the answer cannot be written")
        take_in({shipment_id: unreadable}, token, asked_at, now)
        give_up("poll_shipments", f"shipment {shipment_id}", "the answer cannot be written", 1, now)


def _lease(token: UUID) -> tuple[list[Leased], datetime]:
    with transaction(PLATFORM) as now:
        rows = db.session.execute(LEASE, {"now": now, "size": LEASE_SIZE, "token": token}).all()
        return [Leased(r.shipment_id, r.carrier, r.tracking_number) for r in rows], now


def _ask(leased: Sequence[Leased], access: Access, now: datetime) -> dict[UUID, Heard]:
    """Ask each carrier in its own batches, many calls in flight, no transaction open."""
    by_carrier: dict[str, list[Leased]] = defaultdict(list)
    for parcel in leased:
        by_carrier[parcel.carrier].append(parcel)
    calls = [
        (CARRIERS[code], access(CARRIERS[code]), group)
        for code, parcels in sorted(by_carrier.items())
        for group in _groups(parcels, CARRIERS[code].batch_size)
    ]
    answers = in_flight(_track, calls, workers=IN_FLIGHT, seconds=PATIENCE_SECONDS)
    heard: dict[UUID, Heard] = {}
    for (_, _, group), answer in zip(calls, answers, strict=True):
        heard |= _sort(group, answer or NO_ANSWER, now)
    return heard


def _groups(parcels: Sequence[Leased], size: int) -> list[Sequence[Leased]]:
    return [parcels[i : i + size] for i in range(0, len(parcels), size)]


def _track(call: tuple[Carrier, CarrierAccess, Sequence[Leased]]) -> Answer:
    carrier, reach, group = call
    return carrier.track([parcel.number for parcel in group], reach)


def _sort(group: Iterable[Leased], answer: Answer, now: datetime) -> dict[UUID, Heard]:
    """Return each parcel's part of an answer."""
    readings = {reading.tracking_number: reading for reading in answer.readings}
    after = _until_midnight(now) if answer.daily_quota else answer.retry_after
    failed = Heard(None, str(answer.error or "not in the answer"), after)
    return {
        parcel.shipment_id: _heard(readings[parcel.number]) if parcel.number in readings else failed
        for parcel in group
    }


def _heard(reading: Reading) -> Heard:
    """Return what was heard; a fault of the carrier's own about one parcel is no answer."""
    if reading.error is not None and reading.error.retryable:
        return Heard(None, str(reading.error))
    return Heard(reading)


def _until_midnight(now: datetime) -> timedelta:
    """Return the time to the next 00:00 GMT, when carriers count anew."""
    return datetime.combine(now.date() + timedelta(days=1), time(), UTC) - now


def take_in(heard: Mapping[UUID, Heard], token: UUID, asked_at: datetime, now: datetime) -> None:
    """Write what was heard of parcels we still hold the lease of; the rest is somebody else's.

    A silence is known until the moment of asking: what happens after it is in no answer.
    """
    policy = in_force(Tracking, now).document
    ended = [k for k, h in heard.items() if h.reading and h.reading.status in ENDED]
    db.session.execute(LOCK_ORDERS, {"ids": ended})
    states = db.session.execute(STATES, {"ids": sorted(heard), "token": token}).all()
    answered = {s.id: s for s in states if heard[s.id].reading is not None}
    readings = {key: r for key in answered if (r := heard[key].reading)}
    news = _new_scans(answered, readings, now)
    standings = _standings(news | _ended_by_header(answered, readings))
    standings = {key: _with_header(s, readings[key], now) for key, s in standings.items()}
    _save_standings(answered, standings, readings, now)
    _schedule(states, heard, standings, policy, (asked_at, now))
    _deliver(answered, standings, now)
    _wake(answered, set(standings), now)


def _new_scans(
    states: Mapping[UUID, Any], readings: Mapping[UUID, Reading], now: datetime
) -> set[UUID]:
    """Insert scans that were not known; return the parcels that have any."""
    rows = [
        _event(state, scan, now)
        for key, state in states.items()
        for scan in {s.event_key: s for s in readings[key].scans}.values()
    ]
    inserted = bulk.insert(
        TrackingEvent,
        rows,
        conflict="ON CONFLICT DO NOTHING",
        returning="shipment_id, code, description, is_read",
    )
    _count_unread(
        [(states[r.shipment_id].carrier, r.code, r.description) for r in inserted if not r.is_read],
        now,
    )
    return {row.shipment_id for row in inserted}


def _event(state: Any, scan: Scan, now: datetime) -> dict[str, Any]:
    return {
        "cohort": state.cohort,
        "shipment_id": state.id,
        "event_key": scan.event_key,
        "order_id": state.order_id,
        "vendor_id": state.vendor_id,
        "occurred_at": scan.occurred_at,
        "local_at": scan.local_at,
        "code": scan.code,
        "description": scan.description,
        "status": scan.status,
        "delay_reason": scan.delay_reason,
        "place": scan.place,
        "is_read": scan.read,
        "heard_at": now,
    }


def _count_unread(codes: Sequence[tuple[str, str, str]], now: datetime) -> None:
    for carrier, code, description in sorted(set(codes)):
        db.session.execute(
            text(
                "INSERT INTO unread_answers"
                " (carrier, what, sample, seen, first_seen_at, last_seen_at)"
                " VALUES (:carrier, :what, :sample, 1, :now, :now) ON CONFLICT (carrier, what)"
                " DO UPDATE SET seen = unread_answers.seen + 1, last_seen_at = :now"
            ),
            {"carrier": carrier, "what": f"code {code}", "sample": description[:300], "now": now},
        )


def _standings(shipment_ids: set[UUID]) -> dict[UUID, Standing]:
    """Return what the whole set of scans of each parcel adds up to."""
    rows = db.session.execute(
        text("SELECT * FROM tracking_events WHERE shipment_id = ANY(:ids)"),
        {"ids": sorted(shipment_ids)},
    )
    scans: dict[UUID, list[Scan]] = {key: [] for key in shipment_ids}
    for row in rows:
        scans[row.shipment_id].append(_scan(row))
    return {key: standing(found) for key, found in scans.items()}


def _ended_by_header(states: Mapping[UUID, Any], readings: Mapping[UUID, Reading]) -> set[UUID]:
    """Return parcels whose answer says that they have ended, with or without a scan for it."""
    return {k for k, r in readings.items() if r.status in ENDED and r.status != states[k].status}


def _with_header(stands: Standing, reading: Reading, now: datetime) -> Standing:
    """Let the answer's head end a parcel that its scans do not; an arrival always has a time."""
    status = stands.status
    if status not in ENDED and reading.status in ENDED:
        status = reading.status
    if status is not TrackingStatus.DELIVERED:
        return replace(stands, status=status)
    arrived = stands.delivered_at or reading.delivered_at or stands.last_scan_at or now
    return replace(stands, status=status, delivered_at=arrived)


def _scan(row: Any) -> Scan:
    return Scan(
        code=row.code,
        description=row.description,
        status=TrackingStatus(row.status) if row.status else None,
        occurred_at=row.occurred_at,
        local_at=row.local_at,
        place=row.place,
        delay_reason=DelayReason(row.delay_reason) if row.delay_reason else None,
        read=row.is_read,
    )


def _save_standings(
    states: Mapping[UUID, Any],
    standings: Mapping[UUID, Standing],
    readings: Mapping[UUID, Reading],
    now: datetime,
) -> None:
    bulk.update(
        Shipment,
        [
            {
                "id": key,
                "status": s.status,
                "delay_reason": s.delay_reason,
                "first_scan_at": s.first_scan_at,
                "last_scan_at": s.last_scan_at,
                "delivered_at": s.delivered_at,
                "eta": readings[key].eta,
            }
            for key, s in standings.items()
        ],
        key="id",
    )
    changed = [key for key, s in standings.items() if s.status != states[key].status]
    record([_entry(states[key], standings[key]) for key in changed], now)


def _entry(state: Any, now_stands: Standing) -> Happened:
    facts = {
        "status": now_stands.status,
        "carrier": state.carrier,
        "at": (now_stands.delivered_at or now_stands.last_scan_at or state.shipped_at).isoformat(),
    }
    if now_stands.delay_reason:
        facts["delay"] = now_stands.delay_reason
    return Happened(
        state.order_id,
        state.cohort,
        "parcel_scanned",
        state.carrier,
        state.id,
        facts,
        Source.CARRIER,
    )


def _schedule(
    states: Sequence[Any],
    heard: Mapping[UUID, Heard],
    standings: Mapping[UUID, Standing],
    policy: Tracking,
    times: tuple[datetime, datetime],
) -> None:
    """Set when to ask next; what has ended or was silent too long is asked about no more."""
    asked_at, now = times
    over, silent, rows = [], [], []
    for state in states:
        answer = heard[state.id]
        stands = standings.get(state.id)
        status = stands.status if stands else state.status
        last_news = (stands.last_scan_at if stands else state.last_scan_at) or state.shipped_at
        if answer.reading is None:
            rows.append(
                _poll_row(state, retry_poll(now, state.attempts, answer.after), None, answer.error)
            )
        elif status in ENDED:
            over.append(state.id)
        elif is_given_up(now, last_news, policy):
            silent.append(state.id)
        else:
            rows.append(_poll_row(state, next_poll(now, status, policy), asked_at, None))
    _expire([s for s in states if s.id in silent], now)
    db.session.execute(
        text("DELETE FROM polls WHERE shipment_id = ANY(:ids)"), {"ids": over + silent}
    )
    bulk.update(Poll, [r for r in rows if r["heard_at"]], key="shipment_id")
    bulk.update(Poll, [_without_heard(r) for r in rows if not r["heard_at"]], key="shipment_id")


def _expire(states: Sequence[Any], now: datetime) -> None:
    """Note that nobody asks about these parcels any more."""
    bulk.update(Shipment, [{"id": s.id, "status": "expired"} for s in states], key="id")
    facts = {"status": "expired"}
    record(
        [
            Happened(s.order_id, s.cohort, "parcel_scanned", subject_id=s.id, facts=facts)
            for s in states
        ],
        now,
    )
    checks.wake("shipment changed", [Subject(s.id, "shipment", s.order_id) for s in states], now)


def _poll_row(
    state: Any, at: datetime, heard_at: datetime | None, error: str | None
) -> dict[str, Any]:
    return {
        "shipment_id": state.id,
        "next_poll_at": at,
        "heard_at": heard_at,
        "is_awaited": state.is_awaited and heard_at is None,
        "attempts": 0 if heard_at else state.attempts,
        "leased_until": None,
        "lease_token": None,
        "last_error": error,
    }


def _without_heard(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "heard_at"}


def _deliver(states: Mapping[UUID, Any], standings: Mapping[UUID, Standing], now: datetime) -> None:
    mark_arrived([states[k].fo_id for k, s in standings.items() if s.delivered_at], now)


def mark_arrived(fo_ids: Sequence[UUID], now: datetime) -> None:
    """Mark shipped fulfillment orders delivered whose last parcel has arrived; settle orders."""
    if not fo_ids:
        return
    rows = db.session.execute(
        text(
            "SELECT fo.id, fo.order_id, fo.cohort, fo.vendor_id, max(s.delivered_at) AS at"
            " FROM fulfillment_orders fo JOIN shipments s ON s.fo_id = fo.id"
            " WHERE fo.id = ANY(:ids) AND fo.status = 'shipped' GROUP BY fo.id"
            " HAVING bool_and(s.delivered_at IS NOT NULL) ORDER BY fo.id"
        ),
        {"ids": sorted(set(fo_ids))},
    ).all()
    done = [{"id": r.id, "status": "delivered", "delivered_at": r.at} for r in rows]
    bulk.update(FulfillmentOrder, done, key="id")
    db.session.execute(
        text("UPDATE fo_lines SET delivered = shipped WHERE fo_id = ANY(:ids)"),
        {"ids": [r.id for r in rows]},
    )
    orders.tell_vendors(r.vendor_id for r in rows)
    orders.settle({r.order_id for r in rows}, now)
    _tell_delivered([(r.order_id, r.cohort) for r in rows], now)


def _tell_delivered(found: Sequence[tuple[UUID, Any]], now: datetime) -> None:
    complete = db.session.execute(
        text("SELECT id, cohort FROM orders WHERE id = ANY(:ids) AND status = 'delivered'"),
        {"ids": [key for key, _ in found]},
    ).all()
    people = contacts(r.id for r in complete)
    # Who has the parcel need not be told any more that it is late.
    supersede([r.id for r in complete], "order_late")
    tell(
        [
            Message(p.id, p.cohort, "customer", p.email, "order_delivered", facts=facts_of(p))
            for p in people.values()
        ],
        now,
    )


def _wake(states: Mapping[UUID, Any], changed: set[UUID], now: datetime) -> None:
    """Wake the watchers of parcels with news, and whoever waited for just any answer."""
    news = [states[key] for key in changed]
    checks.wake("shipment changed", [Subject(s.id, "shipment", s.order_id) for s in news], now)
    awaited = [s for s in states.values() if s.is_awaited]
    checks.wake("answer awaited", [Subject(s.id, "shipment", s.order_id) for s in awaited], now)
    checks.wake("answer awaited", [Subject(s.order_id, "order", s.order_id) for s in awaited], now)
