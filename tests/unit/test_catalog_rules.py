from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.catalog.rules import check_digit, why_no_gtin

LENGTHS = (8, 12, 13, 14)
DIGITS = some.sampled_from(LENGTHS).flatmap(
    lambda n: some.text("0123456789", min_size=n - 1, max_size=n - 1)
)


# As GS1 publishes them, and as they stand on things.
@pytest.mark.parametrize(
    "gtin", ["96385074", "4006381333931", "036000291452", "10614141000415", "5901234123457"]
)
def test_a_number_whose_last_digit_proves_the_others_is_a_gtin(gtin):
    assert why_no_gtin(gtin) is None


@pytest.mark.parametrize("text", ["", "1234567", "123456789", "400638133393x", "٤٠٠٦٣٨١٣٣٣٩٣١"])
def test_other_lengths_and_letters_are_none(text):
    assert why_no_gtin(text) == "is no GTIN; it has 8, 12, 13 or 14 digits"


@given(DIGITS)
def test_the_right_digit_is_the_only_one_that_is_taken(digits):
    right = check_digit(digits)

    taken = [d for d in "0123456789" if why_no_gtin(digits + d) is None]

    assert taken == [right]
    wrong = str((int(right) + 1) % 10)
    assert f"its last digit should be {right}" in (why_no_gtin(digits + wrong) or "")


@given(DIGITS, some.data())
def test_a_single_mistyped_digit_is_found(digits, data):
    gtin = digits + check_digit(digits)
    at = data.draw(some.integers(0, len(gtin) - 1))
    other = data.draw(some.sampled_from([d for d in "0123456789" if d != gtin[at]]))

    assert why_no_gtin(gtin[:at] + other + gtin[at + 1 :]) is not None
