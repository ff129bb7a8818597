from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.carriers import numbers
from app.carriers.contract import Answer, ErrorClass
from app.carriers.queries import describe
from app.carriers.registry import CARRIERS, carrier
from app.shared.errors import NotFound
from simulator.numbers import fedex_ground_number, fedex_number

WORDS = {
    "tracking_number",
    "unified_status",
    "event_count",
    "last_event_utc",
    "last_event_local",
    "eta",
    "eta_kind",
    "delivered_at_utc",
    "delivered_at_local",
    "signed_by",
    "delay_reason",
    "error_class",
    "retryable",
}


@pytest.mark.parametrize("code", CARRIERS)
def test_every_carrier_keeps_the_contract(code):
    found = carrier(code)

    assert (found.code, found.batch_size > 0, bool(found.title)) == (code, True, True)
    assert found.tracking_url("a/b&c").startswith("https://")
    assert "a/b&c" not in found.tracking_url("a/b&c")
    for status in (200, 302, 401, 403, 404, 429, 500, 503):
        assert found.read(status, {}, b"\xff").error is not None


def test_an_unknown_carrier_is_refused_with_those_known():
    with pytest.raises(NotFound, match=r"'pigeon'.*Known carriers: .*fedex"):
        carrier("pigeon")


def test_asking_again_helps_with_some_errors():
    helped = {error for error in ErrorClass if error.retryable}

    assert helped == {"auth", "throttled", "server_error", "network"}


def test_an_answer_is_shown_in_the_words_of_the_contract():
    shown = describe(Answer(error=ErrorClass.THROTTLED))

    assert set(shown) == WORDS
    assert (shown["error_class"], shown["retryable"], shown["event_count"]) == (
        "throttled",
        True,
        None,
    )


@given(st.integers(0, 10**9), st.integers(0, 11), st.integers(1, 9))
def test_a_simulated_number_is_right_and_a_changed_digit_is_seen(n, place, step):
    number = fedex_number(n)
    other = str((int(number[place]) + step) % 10)
    wrong = number[:place] + other + number[place + 1 :]

    assert (len(number), numbers.check("fedex", number).fit) == (12, "ok")
    # Mod 11 mod 10 takes 10 for 0, so now and then a changed digit goes unseen.
    assert numbers.check("fedex", wrong).fit in {"ok", "bad_check_digit"}
    assert numbers.check("fedex", number[:11] + str((int(number[11]) + step) % 10)).fit != "ok"


@pytest.mark.parametrize(
    ("number", "fit"),
    [
        (fedex_number(0), "ok"),
        (f" {fedex_number(7)[:4]} {fedex_number(7)[4:]} ", "ok"),
        (fedex_ground_number(3), "ok"),
        ("9" * 12, "bad_check_digit"),
        ("9" * 15, "bad_check_digit"),
        ("12345", "unknown_format"),
        ("\u0667" * 12, "unknown_format"),
        ("", "unknown_format"),
    ],
)
def test_a_doubt_about_a_number_says_what_to_compare(number, fit):
    verdict = numbers.check("fedex", number)

    assert verdict.fit == fit
    assert verdict.sentence.endswith(".")


def test_a_carrier_without_formats_has_no_doubts_worth_a_refusal():
    assert numbers.check("pigeon", "7").fit == "unknown_format"


@pytest.mark.parametrize(
    ("carrier", "number", "fit"),
    [
        ("ups", "1Z5R89390357567127", "ok"),
        ("ups", " 1 z 8 v 9 2 a 7 0 3 6 7 2 0 3 0 2 4 ", "ok"),
        ("ups", "1Z5R89390357567128", "bad_check_digit"),
        ("ups", "2Z5R89390357567127", "unknown_format"),
        ("ups", "K1506235620", "ok"),
        ("ups", "K1506235622", "bad_check_digit"),
        ("usps", "0307 1790 0005 2348 3741", "ok"),
        ("usps", "0307 1790 0005 2348 3742", "bad_check_digit"),
        ("usps", "9400 1112 0108 0805 4830 16", "ok"),
        ("usps", "92748931507708513018050063", "ok"),
        ("usps", "420 22153 9101026837331000039521", "ok"),
        ("usps", "4201002334249200190132607600833457", "ok"),
        ("usps", "4201028200009261290113185417468511", "bad_check_digit"),
        ("usps", "RB123456785US", "ok"),
        ("usps", "RB123456784US", "bad_check_digit"),
        ("dhl", "3318810025", "ok"),
        ("dhl", "73891051146", "ok"),
        ("dhl", "3318810010", "bad_check_digit"),
        ("dhl", "JJD0099999999", "ok"),
        ("dhl", "00340434161094042557", "ok"),
        ("dhl", "00340434161094042558", "bad_check_digit"),
        ("dhl", "GM2951173225174494", "ok"),
        ("dhl", "GS295117494011169041", "unknown_format"),
    ],
)
def test_a_number_of_any_carrier_is_held_against_its_rules(carrier, number, fit):
    assert numbers.check(carrier, number).fit == fit


@pytest.mark.parametrize(
    ("number", "carriers"),
    [
        ("1Z5R89390357567127", ["ups"]),
        (fedex_number(3), ["fedex"]),
        ("9400111201080805483016", ["usps"]),
        ("3318810025", ["dhl"]),
        # As right for the one as for the other: a person says whose it is.
        ("00340434161094042557", ["dhl", "usps"]),
        ("1Z5R89390357567128", []),
        ("hello", []),
        ("", []),
    ],
)
def test_a_number_tells_its_carrier_where_it_can(number, carriers):
    assert numbers.guesses(number) == carriers


def test_a_number_with_a_wrong_digit_still_looks_like_its_carriers():
    assert numbers.shaped("1Z5R89390357567128") == ["ups"]


@given(st.text(max_size=60))
def test_no_text_breaks_the_check_of_numbers(text):
    for code in (*numbers.FORMATS, "pigeon", ""):
        assert numbers.check(code, text).fit in set(numbers.Fit)
    assert set(numbers.guesses(text)) <= set(numbers.FORMATS)
