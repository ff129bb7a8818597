from __future__ import annotations

import json

import pytest
from carrier_recordings import OWN, recordings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.carriers.adapters.fedex import CARRIER, CODES
from app.carriers.contract import Answer, ErrorClass, TrackingStatus

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)
# A busy machine is slow to draw documents; that says nothing of the reader.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
PATHS = st.sampled_from(
    ["output", "completeTrackResults", "trackResults", "scanEvents", "date", "error", "code"]
)


def read(document: object, status: int = 200) -> Answer:
    return CARRIER.read(status, {}, json.dumps(document).encode())


def one(result: dict[str, object]) -> Answer:
    named = {"trackingNumberInfo": {"trackingNumber": "1"}, **result}
    return read({"output": {"completeTrackResults": [{"trackResults": [named]}]}})


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"", ErrorClass.PARSE_ERROR),
        (200, b"{", ErrorClass.PARSE_ERROR),
        (200, b'{"output": NaN}', ErrorClass.PARSE_ERROR),
        (200, b'{"output": 1e999}', ErrorClass.PARSE_ERROR),
        (200, b'{"output": {}, "output": {}}', ErrorClass.PARSE_ERROR),
        (200, b'{"output": "M\xe1laga"}', ErrorClass.PARSE_ERROR),
        (200, b"[" * 100_000, ErrorClass.PARSE_ERROR),
        (200, b'{"n": ' + b"9" * 5000 + b"}", ErrorClass.PARSE_ERROR),
        (200, b"{}", ErrorClass.PARSE_ERROR),
        (200, b" \n<html>busy</html>", ErrorClass.SERVER_ERROR),
        (503, b"<html>busy</html>", ErrorClass.SERVER_ERROR),
        (500, b"", ErrorClass.SERVER_ERROR),
        (302, b"", ErrorClass.SERVER_ERROR),
        (418, b"", ErrorClass.BAD_REQUEST),
        (404, b"", ErrorClass.NOT_FOUND),
        (429, b"\xff", ErrorClass.THROTTLED),
    ],
)
def test_what_cannot_be_read_has_a_class_and_no_reading(status, body, error):
    answer = CARRIER.read(status, {}, body)

    assert (answer.error, answer.readings) == (error, ())


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("TRACKING.TRACKINGNUMBER.INVALID", ErrorClass.INVALID_NUMBER),
        ("TRACKING.TRACKINGNUMBER.EMPTY", ErrorClass.BAD_REQUEST),
        ("TRACKING.TRACKINGNUMBERS.LIMITEXCEEDED", ErrorClass.BAD_REQUEST),
    ],
)
def test_a_refused_request_is_told_by_its_code(code, error):
    assert read({"errors": [{"code": code}]}, status=400).error is error
    assert read({"errors": [{"code": code}]}).error is error


@pytest.mark.parametrize(
    ("wait", "seconds"), [("30", 30), ("86400", 900), ("soon", None), ("-5", None), ("", None)]
)
def test_a_wait_is_obeyed_within_our_cap(wait, seconds):
    answer = CARRIER.read(429, {"retry-AFTER": wait}, b"")

    assert (answer.retry_after and answer.retry_after.total_seconds()) == seconds


def test_a_wait_until_a_date_counts_on_the_carriers_own_clock():
    headers = {
        "Retry-After": "Mon, 01 Jun 2026 12:00:40 GMT",
        "Date": "Mon, 01 Jun 2026 12:00:00 GMT",
    }

    assert CARRIER.read(503, headers, b"").retry_after.total_seconds() == 40


@pytest.mark.parametrize(
    ("code", "reason", "status", "delay"),
    [
        ("DE", "007", "attempt_failed", "recipient_unavailable"),
        ("DE", "8", "attempt_failed", "recipient_unavailable"),
        ("DE", "015A", "available_for_pickup", None),
        ("DE", "016", "attempt_failed", "recipient_unavailable"),
        ("DE", "039", "exception", "damaged"),
        ("DE", "060G", "returned", None),
        ("DE", "XYZ", "exception", None),
        ("DL", "060", "returned", None),
        ("SE", "A25", "exception", "customs"),
        ("CD", "", "exception", "customs"),
        ("AF", "A25", "in_transit", None),
        ("RR", "", None, None),
    ],
)
def test_a_reason_refines_only_what_it_explains(code, reason, status, delay):
    row = {"eventType": code, "exceptionCode": reason, "date": "2026-06-01T12:00:00+00:00"}
    [scan] = one({"scanEvents": [row]}).readings[0].scans

    assert (scan.status, scan.delay_reason, scan.read) == (status, delay, True)


def test_an_unread_code_is_kept_and_changes_nothing():
    rows = [
        {"eventType": "ZZ", "derivedStatusCode": "DL", "date": "2026-06-02T12:00:00+00:00"},
        {"eventType": "PU", "date": "2026-06-01T12:00:00+00:00"},
    ]
    [reading] = one({"scanEvents": rows}).readings

    assert reading.status is TrackingStatus.IN_TRANSIT
    assert [scan.read for scan in reading.scans] == [True, False]


@pytest.mark.parametrize(
    ("latest", "rows", "status"),
    [
        ({"code": "OD"}, [], "out_for_delivery"),
        ({"code": "ZZ"}, [], None),
        ({"code": "DL"}, [{"eventType": "IT", "date": "2026-06-01T12:00:00Z"}], "delivered"),
        ({"code": "OC"}, [{"eventType": "IT", "date": "2026-06-01T12:00:00Z"}], "in_transit"),
        ({"code": "RS"}, [{"eventType": "DL", "date": "2026-06-01T12:00:00Z"}], "returned"),
    ],
)
def test_the_header_speaks_where_scans_are_silent_and_about_the_end(latest, rows, status):
    [reading] = one({"latestStatusDetail": latest, "scanEvents": rows}).readings

    assert reading.status == status


def test_a_carrier_that_says_on_time_is_believed():
    rows = [{"eventType": "DY", "date": "2026-06-01T12:00:00Z"}]
    latest = {"code": "IT", "delayDetail": {"status": "ON_TIME"}}

    [reading] = one({"latestStatusDetail": latest, "scanEvents": rows}).readings

    assert reading.delay_reason is None


def test_what_no_table_can_hold_is_taken_out():
    row = {"eventType": "PU", "eventDescription": "a\x00b\ud800" + "c" * 900}
    [scan] = one({"scanEvents": [row]}).readings[0].scans

    assert scan.description.startswith("ab?c")
    assert len(scan.description) < 501


def test_no_code_stands_under_two_statuses():
    assert len(CODES) == 6 + 31 + 3 + 2 + 1 + 6 + 2 + 7 - 1


@PATIENT
@given(st.dictionaries(PATHS, st.dictionaries(PATHS, JSON) | st.lists(JSON)), st.booleans())
def test_no_document_makes_the_reader_raise(document, push):
    result = {"trackResults": [document], **document}
    nested = {"output": {"completeTrackResults": [result, document]}}

    for each in (document, nested):
        assert isinstance(CARRIER.read(200, {}, json.dumps(each).encode(), push=push), Answer)


@PATIENT
@given(st.sampled_from(recordings(OWN)), st.data())
def test_no_damage_makes_the_reader_raise(recording, data):
    at = data.draw(st.integers(0, len(recording.body) - 1))
    hurt = recording.body[:at] + data.draw(st.binary(max_size=3)) + recording.body[at + 1 :]

    assert isinstance(CARRIER.read(200, {}, hurt), Answer)
