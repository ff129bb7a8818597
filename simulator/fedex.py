"""FedEx on loopback: its Track API with its real wire format, tokens and refusals included."""

from __future__ import annotations

import json
import secrets
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from http import HTTPStatus
from operator import itemgetter
from urllib.parse import parse_qs

from simulator.http import Reply, Request, Router, Served

PREFIX = "/fedex"
BATCH = 30
TOKEN_SECONDS = 3600
HEADERS = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html"}

Clock = Callable[[], datetime]
# When, code (DE:08 for an exception with its reason), what it says, city, state, country.
ScanFacts = tuple[datetime, str, str, str, str, str]

# FedEx's coarse word beside each code, as its scans carry it.
DERIVED = {
    "OC": ("IN", "Label created"),
    "PU": ("PU", "Picked up"),
    "DE": ("DE", "Delivery exception"),
    "SE": ("SE", "Shipment exception"),
    "DY": ("DY", "Delay"),
    "DL": ("DL", "Delivered"),
    "RS": ("RS", "Return to shipper"),
}
ON_ITS_WAY = ("IT", "In transit")
LATE = frozenset({"DE", "SE", "DY", "DD", "CD"})
GONE = frozenset({"DL", "RS", "RT"})
DATED = {"DL": "ACTUAL_DELIVERY", "PU": "ACTUAL_PICKUP"}


class Fault(StrEnum):
    """What the carrier can be told to do wrong."""

    THROTTLED = "throttled"
    QUOTA = "quota"
    FAILING = "failing"
    HTML = "html"
    PAGE = "page"
    SLOW = "slow"
    GARBAGE = "garbage"
    HUGE = "huge"
    REDIRECT = "redirect"


@dataclass(frozen=True, slots=True)
class Parcel:
    """What FedEx knows of one parcel, oldest scan first."""

    scans: tuple[ScanFacts, ...]
    # Writing a time is a third of an answer's cost, and it is written at every question.
    written: tuple[str, ...]
    eta: datetime | None
    signed_by: str | None

    def count(self, now: datetime) -> int:
        """Return how many scans have happened by now."""
        return bisect_right(self.scans, now, key=itemgetter(0))


class ParcelBook:
    """The parcels in the carrier's hands; a scan shows from its moment on, never before."""

    def __init__(self, now: Clock) -> None:
        """Start empty; `now` judges what has happened."""
        self.now = now
        self._parcels: dict[str, Parcel] = {}
        self._lock = threading.Lock()

    def add(
        self,
        number: str,
        scans: Iterable[ScanFacts],
        eta: datetime | None = None,
        signed_by: str | None = None,
    ) -> None:
        """Know a parcel, or know it anew."""
        told = tuple(sorted(scans, key=itemgetter(0)))
        written = tuple(scan[0].isoformat() for scan in told)
        with self._lock:
            self._parcels[number] = Parcel(told, written, eta, signed_by)

    def find(self, number: str) -> Parcel | None:
        """Return a parcel, None for a number nobody handed in."""
        with self._lock:
            return self._parcels.get(number)

    def __len__(self) -> int:
        with self._lock:
            return len(self._parcels)


class FedEx:
    """Answers the two doors the platform knocks at."""

    def __init__(self, book: ParcelBook, client: tuple[str, str] = ("demo", "demo")) -> None:
        """Serve a book to one client, known by its id and its secret."""
        self._book = book
        self._client = client
        self._tokens: dict[str, float] = {}
        self._faults: list[Fault] = []
        self._always: Fault | None = None
        self._lock = threading.Lock()
        self.calls = 0

    def mount(self, router: Router, prefix: str = PREFIX) -> None:
        """Take the carrier's paths on a router."""
        router.add("POST", f"{prefix}/oauth/token", self.grant)
        router.add("POST", f"{prefix}/track/v1/trackingnumbers", self.track)

    def break_down(self, fault: Fault | None, times: int | None = None) -> None:
        """Do a fault for so many track calls, or until told otherwise; None mends everything."""
        with self._lock:
            self._faults = [fault] * times if fault and times else []
            self._always = None if times else fault

    def expire_tokens(self) -> None:
        """Take no token that was given out so far."""
        with self._lock:
            self._tokens.clear()

    def grant(self, request: Request) -> Reply:
        """Give a token to whoever knows the client's secret."""
        form = parse_qs(request.body.decode("utf-8", "replace"))
        said = tuple(form.get(name, [""])[0] for name in ("client_id", "client_secret"))
        if said != self._client or form.get("grant_type") != ["client_credentials"]:
            return _refuse(
                HTTPStatus.UNAUTHORIZED,
                "NOT.AUTHORIZED.ERROR",
                "The given client credentials were not valid. Please modify your request.",
            )
        token = secrets.token_hex(16)
        with self._lock:
            self._tokens[token] = time.monotonic() + TOKEN_SECONDS
        grant = {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": TOKEN_SECONDS,
            "scope": "CXS",
        }
        return Reply(body=json.dumps(grant).encode(), headers=HEADERS)

    def track(self, request: Request) -> Reply:
        """Tell what is known of up to thirty parcels."""
        with self._lock:
            self.calls += 1
            fault = self._faults.pop() if self._faults else self._always
        if fault:
            return FAULTS[fault]
        if not self._is_known(request.headers):
            return _refuse(
                HTTPStatus.UNAUTHORIZED,
                "NOT.AUTHORIZED.ERROR",
                "Access token expired. Please modify your request and try again.",
            )
        return self._answer(request.body)

    def _is_known(self, headers: Mapping[str, str]) -> bool:
        token = headers.get("authorization", "").removeprefix("Bearer ")
        with self._lock:
            return self._tokens.get(token, 0.0) > time.monotonic()

    def _answer(self, body: bytes) -> Reply:
        numbers = _numbers(body)
        if not numbers:
            return _refuse(
                HTTPStatus.BAD_REQUEST,
                "TRACKING.TRACKINGNUMBER.EMPTY",
                "Please provide tracking number.",
            )
        if len(numbers) > BATCH:
            return _refuse(
                HTTPStatus.BAD_REQUEST,
                "TRACKING.TRACKINGNUMBERS.LIMITEXCEEDED",
                f"Please limit your inquiry to {BATCH} tracking numbers.",
            )
        now = self._book.now()
        results = ",".join(_group(number, self._book.find(number), now) for number in numbers)
        whole = (
            f'{{"transactionId":"{secrets.token_hex(16)}",'
            f'"output":{{"completeTrackResults":[{results}]}}}}'
        )
        return Reply(body=whole.encode(), headers=HEADERS)


def serve(book: ParcelBook, port: int = 0) -> Served:
    """Serve a book alone; FEDEX_URL is then the server's url and /fedex."""
    router = Router()
    FedEx(book).mount(router)
    return Served(router, port)


def _numbers(body: bytes) -> list[str]:
    try:
        wanted = json.loads(body)["trackingInfo"]
        return [str(each["trackingNumberInfo"]["trackingNumber"]) for each in wanted]
    except (ValueError, KeyError, TypeError):
        return []


def _refuse(status: int, code: str, message: str, **headers: str) -> Reply:
    told = {"transactionId": "simulated", "errors": [{"code": code, "message": message}]}
    return Reply(status, json.dumps(told).encode(), {**HEADERS, **headers})


def _group(number: str, parcel: Parcel | None, now: datetime) -> str:
    named = json.dumps(number)
    count = parcel.count(now) if parcel else 0
    result = _told(parcel, count) if parcel and count else NOT_FOUND
    return (
        f'{{"trackingNumber":{named},"trackResults":[{{"trackingNumberInfo":'
        f'{{"trackingNumber":{named},"trackingNumberUniqueId":"","carrierCode":"FDXE"}},'
        f"{result}}}]}}"
    )


NOT_FOUND = '"error":' + json.dumps(
    {
        "code": "TRACKING.TRACKINGNUMBER.NOTFOUND",
        "message": "Tracking number cannot be found. Please correct the tracking number.",
    }
)


def _told(parcel: Parcel, count: int) -> str:
    # Thirty parcels of ten scans are put together as text: building and dumping the tree is slower.
    seen, written = parcel.scans[:count], parcel.written[:count]
    gone = next((scan for scan in seen if scan[1] in GONE), None)
    eta = None if gone else parcel.eta
    signed = {"receivedByName": parcel.signed_by} if gone and parcel.signed_by else {}
    scans = ",".join(map(_scan, reversed(seen), reversed(written)))
    return (
        f'"latestStatusDetail":{_latest(seen[-1])},"dateAndTimes":{_dates(seen, written, eta)},'
        f'"scanEvents":[{scans}],"deliveryDetails":{json.dumps(signed)},'
        f'"estimatedDeliveryTimeWindow":{_window(eta)},"standardTransitTimeWindow":{{}}'
    )


def _latest(scan: ScanFacts) -> str:
    _, code, said, *where = scan
    kind, _, reason = code.partition(":")
    derived, word = DERIVED.get(kind, ON_ITS_WAY)
    latest = {
        "code": kind,
        "derivedCode": derived,
        "statusByLocale": word,
        "description": said,
        "scanLocation": _location(*where),
        "ancillaryDetails": [{"reason": reason, "reasonDescription": said}] if reason else [],
    }
    if kind in LATE:
        latest["delayDetail"] = {"type": "GENERAL", "status": "DELAYED"}
    return json.dumps(latest)


def _dates(seen: Sequence[ScanFacts], written: Sequence[str], eta: datetime | None) -> str:
    dates = [
        {"type": DATED[scan[1]], "dateTime": at}
        for scan, at in zip(seen, written, strict=True)
        if scan[1] in DATED
    ]
    if eta:
        dates.append({"type": "ESTIMATED_DELIVERY", "dateTime": eta.isoformat()})
    return json.dumps(dates)


def _window(eta: datetime | None) -> str:
    return f'{{"window":{{"ends":"{eta.isoformat()}"}}}}' if eta else "{}"


def _scan(scan: ScanFacts, at: str) -> str:
    return f'{{"date":"{at}",{_rest_of_scan(*scan[1:])}'


@lru_cache(maxsize=4096)
def _rest_of_scan(code: str, said: str, city: str, state: str, country: str) -> str:
    kind, _, reason = code.partition(":")
    derived, word = DERIVED.get(kind, ON_ITS_WAY)
    rest = {
        "eventType": kind,
        "eventDescription": said,
        "exceptionCode": reason,
        "exceptionDescription": said if reason else "",
        "scanLocation": _location(city, state, country),
        "locationType": "FEDEX_FACILITY",
        "derivedStatusCode": derived,
        "derivedStatus": word,
    }
    return json.dumps(rest)[1:]


def _location(city: str, state: str, country: str) -> dict[str, object]:
    return {
        "streetLines": [""],
        "city": city,
        "stateOrProvinceCode": state,
        "countryCode": country,
        "residential": False,
    }


FAULTS = {
    Fault.THROTTLED: _refuse(
        HTTPStatus.TOO_MANY_REQUESTS,
        "TOO.MANY.REQUESTS",
        "Too many requests. Please try again.",
        **{"Retry-After": "7"},
    ),
    Fault.QUOTA: _refuse(
        HTTPStatus.TOO_MANY_REQUESTS,
        "TOO.MANY.REQUESTS",
        "Too many requests - Daily transaction quota exceeded. Retry after 12:00AM GMT",
    ),
    Fault.FAILING: _refuse(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "INTERNAL.SERVER.ERROR",
        "We encountered an unexpected error and are working to resolve the issue.",
    ),
    Fault.HTML: Reply(503, b"<html><h1>503 Service Unavailable</h1></html>", HTML),
    Fault.PAGE: Reply(200, b"<!doctype html><title>Maintenance</title>", HTML),
    Fault.SLOW: Reply(503, b"", HEADERS, hold=30.0),
    Fault.GARBAGE: Reply(200, b'{"output":{"completeTrackResults":[NaN,\xff', HEADERS),
    Fault.HUGE: Reply(200, b'{"output":"' + b"x" * (5 * 1024 * 1024) + b'"}', HEADERS),
    Fault.REDIRECT: Reply(302, b"", {"Location": "http://127.0.0.1:9/elsewhere"}),
}
