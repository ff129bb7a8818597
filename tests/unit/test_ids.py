from __future__ import annotations

import re
import time

from app.shared import ids


def test_a_key_is_a_version_7_uuid():
    key = ids.new()

    assert (key.version, key.variant) == (7, "specified in RFC 4122")


def test_a_keys_first_48_bits_are_the_time_in_milliseconds():
    before = time.time_ns() // 1_000_000

    stamp = ids.new().int >> 80

    assert before <= stamp <= time.time_ns() // 1_000_000


def test_keys_of_different_milliseconds_are_in_order():
    first = ids.new()
    while time.time_ns() // 1_000_000 <= first.int >> 80:
        pass

    assert first < ids.new()


def test_keys_and_references_do_not_repeat():
    assert len({ids.new() for _ in range(10_000)}) == 10_000
    assert len({ids.reference("OR") for _ in range(10_000)}) == 10_000


def test_a_reference_survives_a_telephone():
    assert re.fullmatch(r"FO-[0-9A-HJKMNP-TV-Z]{10}", ids.reference("FO"))
