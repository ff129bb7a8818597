"""FedEx: Track API v1, thirty parcels a call, every scan a local time with its offset."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote, urlencode

from app.carriers import rules, tokens, wire
from app.carriers.contract import (
    A_DAY,
    Answer,
    CarrierAccess,
    DelayReason,
    ErrorClass,
    Reading,
    Scan,
    TrackingStatus,
    answered_about,
)
from app.shared.outbound import OutboundError, Response

JSON = {"Content-Type": "application/json", "Accept": "application/json", "X-locale": "en_US"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}

CODES: dict[str, TrackingStatus | None] = {
    code: status
    for status, codes in (
        (TrackingStatus.INFO_RECEIVED, "OC IN EP OX PD"),
        (
            TrackingStatus.IN_TRANSIT,
            """PU PX AP OF AA AC AF AR AX AO AE DP EA EO FD IT IX LO Ow PF PL PM SF TR DR DS
            CC CP SP CH RL""",
        ),
        (TrackingStatus.OUT_FOR_DELIVERY, "OD ED AD"),
        (TrackingStatus.AVAILABLE_FOR_PICKUP, "HL HP"),
        (TrackingStatus.DELIVERED, "DL"),
        (TrackingStatus.EXCEPTION, "DE SE CD DY DD CA"),
        (TrackingStatus.RETURNED, "RS RT"),
        # Wishes about a delivery and return labels: they say nothing of where the parcel is.
        (None, "RR RM RC RP LP RG RD"),
    )
    for code in codes.split()
}
DELAY_CODES = {
    "CD": DelayReason.CUSTOMS,
    "DD": DelayReason.CARRIER_DELAY,
    "DY": DelayReason.CARRIER_DELAY,
    "PD": DelayReason.CARRIER_DELAY,
    "RL": DelayReason.CARRIER_DELAY,
}
# What delayDetail names outright beats the reason; the rest of its words say no more than "late".
DELAY_TYPES = {"WEATHER": DelayReason.WEATHER, "CLEARANCE": DelayReason.CUSTOMS}
PUNCTUAL = frozenset({"ON_TIME", "EARLY"})
# Only these are explained by a reason; elsewhere the field holds notes such as a pickup address.
EXPLAINED = frozenset({"DE", "SE", "CD", "DY", "DD", "CA", "PD", "DL"})
# A failed delivery is the one event that a reason turns into another; the others only turn back.
REDIRECTED = frozenset({"DE"})


@dataclass(frozen=True, slots=True)
class Reason:
    """What an exception code or its text means beside the event it explains."""

    status: TrackingStatus | None = None
    delay: DelayReason | None = None


AWAY = Reason(TrackingStatus.ATTEMPT_FAILED, DelayReason.RECIPIENT_UNAVAILABLE)
BACK = Reason(TrackingStatus.RETURNED)
# The same reason is sent with and without leading zeros; the first that fits wins.
REASONS: tuple[tuple[re.Pattern[str], Reason], ...] = tuple(
    (re.compile(pattern, re.ASCII), reason)
    for pattern, reason in (
        (r"0?60[A-Z]?", BACK),
        (r"0{0,2}[78]", AWAY),
        (r"015A", Reason(TrackingStatus.AVAILABLE_FOR_PICKUP)),
        (r"01\d", AWAY),
        (r"0{0,2}3", Reason(delay=DelayReason.ADDRESS)),
        (r"0?39", Reason(delay=DelayReason.DAMAGED)),
        (r"0?(83|99)", Reason(delay=DelayReason.CARRIER_DELAY)),
        (r"A1[23]", Reason(delay=DelayReason.HELD)),
        (r"A25", Reason(delay=DelayReason.CUSTOMS)),
        (r"A47", Reason(delay=DelayReason.HELD)),
        (r"A52", Reason(delay=DelayReason.CARRIER_DELAY)),
    )
)
# FedEx's own sentences, for the reason codes nobody has published.
SENTENCES = (
    (re.compile(r"\breturn(ing|ed)\b.{0,40}\bto (the )?shipper\b", re.IGNORECASE), BACK),
    (re.compile(r"customer not available|business closed", re.IGNORECASE), AWAY),
    (re.compile(r"\brefused by\b", re.IGNORECASE), Reason(delay=DelayReason.REFUSED)),
)
NO_REASON = Reason()

# The latest word first, the original commitment last.
ETA_DATES = ("ESTIMATED_DELIVERY", "APPOINTMENT_DELIVERY", "COMMITMENT")
WINDOWS = ("estimatedDeliveryTimeWindow", "standardTransitTimeWindow")
FAILURES = (
    ("NOTFOUND", ErrorClass.NOT_FOUND),
    ("TRACKINGNUMBER.INVALID", ErrorClass.INVALID_NUMBER),
    ("FORBIDDEN.ERROR", ErrorClass.FORBIDDEN),
    ("NOT.AUTHORIZED.ERROR", ErrorClass.AUTH),
    ("INTERNAL.SERVER.ERROR", ErrorClass.SERVER_ERROR),
    ("SERVICE.UNAVAILABLE.ERROR", ErrorClass.SERVER_ERROR),
)
# The words of a spent day; a spent ten-second window says neither.
DAY_SPENT = re.compile(r"\bdaily\b|12:00 ?AM GMT", re.IGNORECASE)


class FedEx:
    """FedEx's published interface."""

    code = "fedex"
    title = "FedEx"
    batch_size = 30

    def tracking_url(self, number: str) -> str:
        """Return FedEx's public page about a parcel."""
        return f"https://www.fedex.com/fedextrack/?trknbr={quote(number, safe='')}"

    def read(
        self, status: int, headers: Mapping[str, str], body: bytes, *, push: bool = False
    ) -> Answer:
        """Return what an answer means; a push carries the same results without the envelope."""
        opened = wire.opened(status, body)
        if opened.error:
            return _refusal(opened, headers)
        results = _results(opened.document) or (_pushed(opened.document) if push else None)
        if results is None:
            return _misfit(opened.document)
        return Answer(tuple(_newest(number, told) for number, told in results.items()))

    def track(self, numbers: Sequence[str], access: CarrierAccess) -> Answer:
        """Ask about up to thirty parcels; FedEx's faults come back as an Answer."""
        if len(numbers) > self.batch_size:
            raise ValueError(f"{len(numbers)} parcels in one call; FedEx takes {self.batch_size}.")
        try:
            response = tokens.authorized(
                access,
                "token:fedex",
                lambda: _ask_token(access),
                lambda token: _ask(numbers, access, token),
            )
        except tokens.NoTokenError as refusal:
            return refusal.answer
        except OutboundError as failure:
            return wire.no_answer(failure)
        answer = self.read(response.status, response.headers, response.body)
        return answered_about(answer, numbers)


CARRIER = FedEx()


def _ask_token(access: CarrierAccess) -> Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": access.client_id,
        "client_secret": access.client_secret,
    }
    body = urlencode(form).encode()
    return access.http.post(f"{access.base_url}/oauth/token", body, headers=FORM)


def _ask(numbers: Sequence[str], access: CarrierAccess, token: str) -> Response:
    wanted = [{"trackingNumberInfo": {"trackingNumber": number}} for number in numbers]
    body = json.dumps({"includeDetailedScans": True, "trackingInfo": wanted}).encode()
    # The same batch has the same id, so that FedEx can find what we ask them about.
    batch = hashlib.blake2b(body, digest_size=16).hexdigest()
    headers = {"Authorization": f"Bearer {token}", "x-customer-transaction-id": batch}
    url = f"{access.base_url}/track/v1/trackingnumbers"
    return access.http.post(url, body, headers={**JSON, **headers})


def _refusal(opened: wire.Opened, headers: Mapping[str, str]) -> Answer:
    first = next(iter(wire.rows(opened.document, "errors")), None)
    message = wire.text(first, "message")
    spent = opened.error is ErrorClass.THROTTLED and bool(DAY_SPENT.search(message))
    error = opened.error
    if error is ErrorClass.BAD_REQUEST:
        error = _failure(wire.text(first, "code"))
    wait = None if spent else wire.retry_after(headers)
    return Answer(error=error, retry_after=wait, daily_quota=spent, message=message)


def _misfit(document: object) -> Answer:
    # An answer that is good JSON and no tracking answer may still be a refusal sent with 200.
    first = next(iter(wire.rows(document, "errors")), None)
    error = _failure(wire.text(first, "code")) if first else ErrorClass.PARSE_ERROR
    return Answer(error=error, message=wire.text(first, "message") or "No tracking results.")


def _failure(code: str) -> ErrorClass:
    return next((error for words, error in FAILURES if words in code), ErrorClass.BAD_REQUEST)


Results = dict[str, list[object]]


def _results(document: object) -> Results | None:
    if not isinstance(groups := wire.dig(document, "output", "completeTrackResults"), list):
        return None
    results: Results = defaultdict(list)
    for group in groups:
        for result in wire.rows(group, "trackResults"):
            results[wire.text(group, "trackingNumber") or _number(result)].append(result)
    return results


def _pushed(document: object) -> Results | None:
    told = wire.rows(document, "trackResults") or [document]
    results: Results = defaultdict(list)
    for result in told:
        if number := _number(result):
            results[number].append(result)
    return results or None


def _number(result: object) -> str:
    return wire.text(result, "trackingNumberInfo", "trackingNumber")


def _newest(number: str, results: Sequence[object]) -> Reading:
    # FedEx answers twice when it gave a number twice; the older parcel is another parcel.
    return max((_reading(number, result) for result in results), key=_freshness)


def _freshness(reading: Reading) -> tuple[bool, bool, rules.Place | tuple[()]]:
    last = rules.place_in_time(reading.scans[-1]) if reading.scans else ()
    return reading.error is None, bool(reading.scans), last


def _reading(number: str, result: object) -> Reading:
    told = wire.rows(result, "scanEvents")
    failure = wire.text(result, "error", "code")
    # FedEx's own example carries an error beside good scans.
    if failure and not told:
        return Reading(number, error=_failure(failure))
    header = wire.dig(result, "latestStatusDetail")
    turned_back = _header_status(header) is TrackingStatus.RETURNED
    scans = tuple(rules.in_order(_scan(row, turned_back=turned_back) for row in told))
    status = _settled(rules.status_of(scans), _header_status(header))
    eta, eta_kind = _eta(result)
    reading = Reading(number, status, scans, eta, eta_kind, delay_reason=_late(header, scans))
    return _finished(reading, result)


def _finished(reading: Reading, result: object) -> Reading:
    if reading.status is TrackingStatus.RETURNED:
        return replace(reading, delay_reason=None)
    if reading.status is not TrackingStatus.DELIVERED:
        return reading
    handed = rules.delivered_scan(reading.scans)
    local = handed.local_at if handed else _dates(result).get("ACTUAL_DELIVERY")
    # On a return this is the shipper's name; only here is it the customer's.
    signed = wire.text(result, "deliveryDetails", "signedByName")
    return replace(
        reading,
        delivered_at=wire.instant(local or ""),
        delivered_local=local,
        signed_by=signed or wire.text(result, "deliveryDetails", "receivedByName") or None,
        delay_reason=None,
    )


def _scan(row: object, *, turned_back: bool) -> Scan:
    code, local = wire.text(row, "eventType"), wire.text(row, "date")
    reason = _reason(code, row, "exceptionCode", "exceptionDescription")
    status = _meaning(code, reason)
    if turned_back and status is TrackingStatus.DELIVERED:
        status = TrackingStatus.RETURNED
    return Scan(
        code=code,
        description=wire.text(row, "eventDescription"),
        status=status,
        occurred_at=wire.instant(local),
        local_at=local,
        place=_place(wire.dig(row, "scanLocation")),
        delay_reason=_delay(code, row, reason),
        read=code in CODES,
    )


def _header_status(header: object) -> TrackingStatus | None:
    code = wire.text(header, "code")
    return _meaning(code, _header_reason(header, code))


def _header_reason(header: object, code: str) -> Reason:
    first = next(iter(wire.rows(header, "ancillaryDetails")), None)
    return _reason(code, first, "reason", "reasonDescription")


def _reason(code: str, row: object, number: str, sentence: str) -> Reason:
    if code not in EXPLAINED:
        return NO_REASON
    given, said = wire.text(row, number), wire.text(row, sentence)
    by_code = (reason for pattern, reason in REASONS if pattern.fullmatch(given))
    by_text = (reason for pattern, reason in SENTENCES if pattern.search(said))
    return next(by_code, None) or next(by_text, NO_REASON)


def _meaning(code: str, reason: Reason) -> TrackingStatus | None:
    if reason.status is TrackingStatus.RETURNED or code in REDIRECTED:
        return reason.status or CODES.get(code)
    return CODES.get(code)


def _delay(code: str, row: object, reason: Reason) -> DelayReason | None:
    detail = wire.dig(row, "delayDetail")
    if not detail:
        return reason.delay or DELAY_CODES.get(code)
    kind, status = wire.text(detail, "type"), wire.text(detail, "status")
    if status in PUNCTUAL:
        return None
    plain = DelayReason.CARRIER_DELAY if kind or status else None
    return DELAY_TYPES.get(kind) or reason.delay or plain or DELAY_CODES.get(code)


def _late(header: object, scans: Sequence[Scan]) -> DelayReason | None:
    code = wire.text(header, "code")
    if wire.text(header, "delayDetail", "status") in PUNCTUAL:
        return None
    said = _delay(code, header, _header_reason(header, code))
    running_late = DELAY_CODES.get(wire.text(header, "derivedCode"))
    return _plainest_last(said, rules.delay_of(scans), running_late)


def _plainest_last(*reasons: DelayReason | None) -> DelayReason | None:
    # "Late" is the least a carrier can say; a reason with a name tells the customer more.
    given = [reason for reason in reasons if reason]
    named = (reason for reason in given if reason is not DelayReason.CARRIER_DELAY)
    return next(named, given[0] if given else None)


def _settled(told: TrackingStatus | None, header: TrackingStatus | None) -> TrackingStatus | None:
    # The header may know the end before the scans do; anything less is older than they are.
    if told is None or (header in rules.ENDED and told is not TrackingStatus.RETURNED):
        return header
    return told


def _eta(result: object) -> tuple[datetime | None, str | None]:
    dates = _dates(result)
    estimated, standard = (
        (f"{name}.window.ends", wire.text(result, name, "window", "ends")) for name in WINDOWS
    )
    first, *others = ((f"dateAndTimes.{name}", dates.get(name, "")) for name in ETA_DATES)
    known = ((kind, at) for kind, at in (first, estimated, *others, standard) if wire.instant(at))
    kind, at = next(known, (None, ""))
    return wire.instant(at), f"{kind} {A_DAY}" if kind and _is_a_day(at) else kind


def _is_a_day(at: str) -> bool:
    return "T00:00:00" in at


def _dates(result: object) -> dict[str, str]:
    told = wire.rows(result, "dateAndTimes")
    return {wire.text(row, "type"): wire.text(row, "dateTime") for row in told}


def _place(location: object) -> str:
    names = ("city", "stateOrProvinceCode", "countryCode")
    return ", ".join(part for name in names if (part := wire.text(location, name)))
