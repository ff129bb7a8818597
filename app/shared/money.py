"""Money: whole minor units of one currency."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

# ISO 4217, as published in 2024: what people pay with, without funds and metals.
ISO_4217 = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN"
    " BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL"
    " GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF"
    " KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN"
    " MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD"
    " SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH"
    " UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG"
)
CURRENCIES = frozenset(ISO_4217.split())
# Those whose minor unit is not a hundredth.
WITHOUT_MINOR = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
EXPONENTS = dict.fromkeys(WITHOUT_MINOR.split(), 0) | dict.fromkeys(THOUSANDTHS.split(), 3)
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
