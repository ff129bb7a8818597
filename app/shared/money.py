"""Money: whole minor units of one currency."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

# ISO 4217: currencies whose minor unit is not a hundredth.
EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "BHD": 3, "KWD": 3, "TND": 3}
WHOLE_BP = 10_000
# Plain digits only: an exponent would make a short text a number that takes minutes to hold.
AMOUNT = re.compile(r"-?\d{1,15}(\.\d{1,6})?", re.ASCII)


def exponent(currency: str) -> int:
    """Return how many digits the currency has after the point."""
    return EXPONENTS.get(currency, 2)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units; sums of two currencies are refused."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Return the amount a decimal text names; refuse what the currency cannot hold."""
        if not AMOUNT.fullmatch(text):
            message = f"'{text[:40]}' is not an amount; write it like 12.50."
            raise ValueError(message)
        scaled = Decimal(text).scaleb(exponent(currency))
        if scaled != scaled.to_integral_value():
            digits = exponent(currency)
            message = f"'{text}' has more than {digits} digits after the point for {currency}."
            raise ValueError(message)
        return cls(int(scaled), currency)

    def __add__(self, other: Money) -> Money:
        """Add the same currency."""
        if other.currency != self.currency:
            message = f"{self.currency} and {other.currency} have no sum"
            raise ValueError(message)
        return Money(self.minor + other.minor, self.currency)

    def decimal(self) -> Decimal:
        """Return the amount in whole units."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __str__(self) -> str:
        """Return the amount as the API writes it."""
        return str(self.decimal())


def share(parts: list[tuple[int, int]]) -> int:
    """Return the sum of (minor, basis points) shares, rounded once, half up, to a minor unit."""
    exact = sum(Decimal(minor) * points / WHOLE_BP for minor, points in parts)
    return int(Decimal(exact).quantize(Decimal(1), ROUND_HALF_UP))
