from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from carrier_world import NOON, SHORT

from app.carriers.adapters.fedex import CARRIER
from app.carriers.contract import ErrorClass, TrackingStatus
from app.shared.outbound import Client, in_flight
from simulator.fedex import Fault
from simulator.numbers import fedex_number

HOUR = timedelta(hours=1)
SCANS = (
    (NOON, "OC", "Shipment information sent to FedEx", "Eastvale", "MN", "US"),
    (NOON + HOUR, "PU", "Picked up", "Eastvale", "MN", "US"),
    (NOON + 2 * HOUR, "DE:08", "Customer not available", "Dunmore", "OH", "US"),
    (NOON + 3 * HOUR, "DL", "Delivered", "Dunmore", "OH", "US"),
)
PARCEL = fedex_number(1)


@pytest.fixture
def tracked(world):
    world.book.add(PARCEL, SCANS, eta=NOON + 3 * HOUR, signed_by="A.LIND")
    return world


@pytest.mark.parametrize(
    ("hours", "status", "count", "eta"),
    [
        (-1, None, 0, None),
        (0, "info_received", 1, NOON + 3 * HOUR),
        (1, "in_transit", 2, NOON + 3 * HOUR),
        (2, "attempt_failed", 3, NOON + 3 * HOUR),
        (3, "delivered", 4, None),
    ],
)
def test_a_scan_shows_from_its_moment_on(tracked, hours, status, count, eta):
    tracked.clock.set(NOON + hours * HOUR)

    [reading] = CARRIER.track([PARCEL], tracked.access()).readings

    assert (reading.status, len(reading.scans), reading.eta) == (status, count, eta)


def test_a_delivered_parcel_has_its_proof(tracked):
    tracked.clock.set(NOON + 9 * HOUR)

    [reading] = CARRIER.track([PARCEL], tracked.access()).readings

    assert (reading.delivered_at, reading.signed_by) == (NOON + 3 * HOUR, "A.LIND")
    assert reading.delay_reason is None


def test_a_batch_answers_for_each_and_an_unknown_number_hurts_no_other(tracked):
    answer = CARRIER.track([fedex_number(2), PARCEL], tracked.access())

    errors = {reading.tracking_number: reading.error for reading in answer.readings}
    assert errors == {fedex_number(2): ErrorClass.NOT_FOUND, PARCEL: None}


def test_a_batch_beyond_the_limit_is_our_mistake(tracked):
    numbers = [fedex_number(n) for n in range(31)]

    with pytest.raises(ValueError, match="31 parcels"):
        CARRIER.track(numbers, tracked.access())

    assert tracked.fedex.calls == 0


def test_a_token_is_kept_until_shortly_before_its_end(tracked):
    CARRIER.track([PARCEL], tracked.access())
    CARRIER.track([PARCEL], tracked.access())

    assert tracked.tokens.lives == [timedelta(minutes=55)]


def test_a_refused_token_is_replaced_once(tracked):
    CARRIER.track([PARCEL], tracked.access())
    tracked.fedex.expire_tokens()

    answer = CARRIER.track([PARCEL], tracked.access())

    assert answer.error is None
    assert (len(tracked.tokens.lives), tracked.fedex.calls) == (2, 3)


def test_many_refused_at_once_fetch_one_token(tracked):
    access = tracked.access()
    CARRIER.track([PARCEL], access)
    tracked.fedex.expire_tokens()

    answers = in_flight(lambda _: CARRIER.track([PARCEL], access), range(16), seconds=9)

    assert {answer.error for answer in answers} == {None}
    assert len(tracked.tokens.lives) == 2


def test_a_wrong_secret_is_an_answer(tracked):
    answer = CARRIER.track([PARCEL], tracked.access(secret="wrong"))

    assert (answer.error, answer.readings) == (ErrorClass.AUTH, ())
    assert tracked.tokens.kept == {}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.THROTTLED, ErrorClass.THROTTLED),
        (Fault.QUOTA, ErrorClass.THROTTLED),
        (Fault.FAILING, ErrorClass.SERVER_ERROR),
        (Fault.HTML, ErrorClass.SERVER_ERROR),
        (Fault.PAGE, ErrorClass.SERVER_ERROR),
        (Fault.SLOW, ErrorClass.NETWORK),
        (Fault.GARBAGE, ErrorClass.PARSE_ERROR),
        (Fault.HUGE, ErrorClass.PARSE_ERROR),
        (Fault.REDIRECT, ErrorClass.SERVER_ERROR),
    ],
)
def test_a_carriers_fault_is_an_answer_and_is_over_with_it(tracked, fault, error):
    access = tracked.access(http=Client(read=SHORT))
    tracked.fedex.break_down(fault, times=1)

    first, second = (CARRIER.track([PARCEL], access) for _ in range(2))

    assert (first.error, first.readings) == (error, ())
    assert (second.error, second.readings[0].status) == (None, TrackingStatus.INFO_RECEIVED)


def test_throttling_says_for_how_long(tracked):
    tracked.fedex.break_down(Fault.THROTTLED)
    moment = CARRIER.track([PARCEL], tracked.access())
    tracked.fedex.break_down(Fault.QUOTA)
    day = CARRIER.track([PARCEL], tracked.access())

    assert (moment.retry_after, moment.daily_quota) == (timedelta(seconds=7), False)
    assert (day.retry_after, day.daily_quota) == (None, True)


def test_a_carrier_that_is_not_there_is_an_answer(tracked):
    access = tracked.access()
    with ThreadPoolExecutor(1) as pool:
        away = type(access)("http://127.0.0.1:9", "demo", "demo", Client(), tracked.tokens)
        answer = pool.submit(CARRIER.track, [PARCEL], away).result()

    assert answer.error is ErrorClass.NETWORK


def test_a_secret_is_never_shown(tracked):
    assert "demo" not in repr(tracked.access())
