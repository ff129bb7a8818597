"""What a carrier must be able to do, and the words in which it answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from app.shared.outbound import Client


class TrackingStatus(StrEnum):
    """Where a parcel is, in one word for every carrier."""

    PENDING = "pending"
    INFO_RECEIVED = "info_received"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    ATTEMPT_FAILED = "attempt_failed"
    EXCEPTION = "exception"
    DELIVERED = "delivered"
    RETURNED = "returned"
    LOST = "lost"
    EXPIRED = "expired"


class DelayReason(StrEnum):
    """Why a parcel is late, beside its status."""

    WEATHER = "weather"
    ADDRESS = "address"
    CUSTOMS = "customs"
    DAMAGED = "damaged"
    RECIPIENT_UNAVAILABLE = "recipient_unavailable"
    REFUSED = "refused"
    CARRIER_DELAY = "carrier_delay"
    HELD = "held"
    SECURITY = "security"
    LOST = "lost"


class ErrorClass(StrEnum):
    """What kept a carrier from answering."""

    AUTH = "auth"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    INVALID_NUMBER = "invalid_number"
    BAD_REQUEST = "bad_request"
    THROTTLED = "throttled"
    SERVER_ERROR = "server_error"
    NETWORK = "network"
    PARSE_ERROR = "parse_error"

    @property
    def retryable(self) -> bool:
        """Return whether asking the same again may help; auth does once, with a new token."""
        return self in RETRYABLE


RETRYABLE = frozenset(
    {ErrorClass.AUTH, ErrorClass.THROTTLED, ErrorClass.SERVER_ERROR, ErrorClass.NETWORK}
)
# How `eta_kind` ends when the carrier's instant is a date in disguise.
A_DAY = "(day)"


@dataclass(frozen=True, slots=True)
class Scan:
    """One tracking event: what the carrier said, when and where."""

    code: str
    description: str
    # None: the event changes no status, either by its nature or because nobody can read it.
    status: TrackingStatus | None
    # UTC; None where the carrier gave no offset, for a guess would pass as a fact.
    occurred_at: datetime | None
    local_at: str
    place: str
    delay_reason: DelayReason | None = None
    # False: no table knows the code; it is kept, counted and shown, never guessed.
    read: bool = True

    @property
    def event_key(self) -> str:
        """Return a short hash that is the same whenever the carrier repeats the event."""
        moment = self.occurred_at.isoformat() if self.occurred_at else self.local_at
        facts = f"{moment}\x1f{self.code}\x1f{self.description}\x1f{self.place}"
        return hashlib.blake2b(facts.encode(), digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a carrier says about one parcel; scans are newest last."""

    tracking_number: str
    status: TrackingStatus | None = None
    scans: tuple[Scan, ...] = ()
    eta: datetime | None = None
    eta_kind: str | None = None
    delivered_at: datetime | None = None
    delivered_local: str | None = None
    signed_by: str | None = None
    delay_reason: DelayReason | None = None
    error: ErrorClass | None = None

    @property
    def eta_is_a_day(self) -> bool:
        """Return whether the estimate names a day; its instant then stands for that whole day."""
        return (self.eta_kind or "").endswith(A_DAY)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one call: readings, or why there are none."""

    readings: tuple[Reading, ...] = ()
    error: ErrorClass | None = None
    retry_after: timedelta | None = None
    # True: the day's quota is spent; nothing is worth asking before the next 00:00 GMT.
    daily_quota: bool = False
    message: str = ""


class TokenStore(Protocol):
    """Keeps access tokens between jobs and processes."""

    def get(self, key: str) -> str | None:
        """Return the token, or None when there is none that is still good."""

    def put(self, key: str, value: str, ttl: timedelta) -> None:
        """Keep a token for as long as `ttl`."""

    def forget(self, key: str) -> None:
        """Drop a token the carrier no longer takes."""


@dataclass(frozen=True, slots=True)
class CarrierAccess:
    """Where a carrier is and who we are there."""

    base_url: str
    client_id: str
    client_secret: str
    http: Client
    tokens: TokenStore

    def __repr__(self) -> str:
        """Return the address alone: a secret in a trace is a leaked secret."""
        return f"CarrierAccess({self.base_url!r})"


class Carrier(Protocol):
    """One carrier's published interface."""

    code: str
    title: str
    batch_size: int

    def tracking_url(self, number: str) -> str:
        """Return the carrier's public page about a parcel."""

    def read(
        self, status: int, headers: Mapping[str, str], body: bytes, *, push: bool = False
    ) -> Answer:
        """Return what an answer (or a push) means; no network, and it never raises."""

    def track(self, numbers: Sequence[str], access: CarrierAccess) -> Answer:
        """Ask about up to `batch_size` parcels; a carrier's fault is an Answer, not an error."""


def unanswered(error: ErrorClass, message: str) -> Answer:
    """Return an answer that holds nothing but its reason."""
    return Answer(error=error, message=message)


def answered_about(answer: Answer, numbers: Sequence[str]) -> Answer:
    """Return only what was asked for: nobody tells us about other people's parcels."""
    asked = set(numbers)
    kept = tuple(reading for reading in answer.readings if reading.tracking_number in asked)
    return replace(answer, readings=kept)
