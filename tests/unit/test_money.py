from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.shared.money import EXPONENTS, Money, share


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        ("0", "EUR", 0),
        ("-3.99", "EUR", -399),
        ("1250", "JPY", 1250),
        ("12.500", "KWD", 12500),
        ("12.5000", "EUR", 1250),
    ],
)
def test_an_amount_is_read_in_the_currencys_own_minor_units(text, currency, minor):
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize("text", ["", "twelve", "1,50", "12.50 EUR", "sNaN", "NaN", "Infinity"])
def test_what_is_no_amount_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match=r"is not an amount; write it like 12\.50"):
        Money.parse(text, "EUR")


@pytest.mark.parametrize(
    ("text", "currency"),
    [("12.505", "EUR"), ("1.5", "JPY"), ("0.0001", "KWD")],
)
def test_more_digits_than_the_currency_has_are_refused(text, currency):
    with pytest.raises(ValueError, match=f"digits after the point for {currency}"):
        Money.parse(text, currency)


def test_digits_beyond_every_precision_are_refused_too():
    with pytest.raises(ValueError, match="is not an amount"):
        Money.parse("1.0000000000000000000000000001", "EUR")


@pytest.mark.parametrize("text", ["1e999999", "1e999990", "-1e999999"])
def test_an_exponent_is_not_an_amount(text):
    with pytest.raises(ValueError, match="is not an amount"):
        Money.parse(text, "EUR")


@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "USD", *EXPONENTS]))
def test_what_is_written_is_read_again(minor, currency):
    money = Money(minor, currency)

    assert Money.parse(str(money), currency) == money


def test_one_currency_adds_up():
    assert Money(1, "EUR") + Money(2, "EUR") == Money(3, "EUR")


def test_two_currencies_have_no_sum():
    with pytest.raises(ValueError, match="EUR and USD have no sum"):
        Money(1, "EUR") + Money(1, "USD")


@pytest.mark.parametrize(
    ("parts", "minor"),
    [
        ([(490, 5_000)], 245),
        ([(1, 5_000)], 1),
        ([(3, 5_000)], 2),
        ([(1, 4_999)], 0),
        ([(1, 5_000), (1, 5_000)], 1),
        ([(1499, 10_000), (2905, 1_000)], 1790),
        ([], 0),
    ],
)
def test_shares_are_rounded_once_and_half_up(parts, minor):
    assert share(parts) == minor


@given(st.integers(0, 10**12), st.integers(0, 10_000))
def test_a_share_is_never_off_by_more_than_half_a_unit(minor, points):
    exact = Decimal(minor) * points / 10_000

    assert abs(share([(minor, points)]) - exact) <= Decimal("0.5")
    assert share([(minor, points)]) <= minor
