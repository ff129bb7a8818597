"""Tracking numbers: does one look like its carrier's, and whose could it be?

A check digit that is wrong refuses, for it is a slip of somebody's finger; a format that nobody
here knows only warns, for carriers bring out new ones.

Where the rules come from (read in November 2026):

- FedEx, UPS, USPS and the postal union's S10: github.com/jkeen/tracking_number_data at b79ce4b,
  held against its own test numbers. UPS: letters count as (ASCII - 3) mod 10. USPS: Publication
  199, IMpb, check digit modulo 10 with weights 3, 1 from the right. S10: UPU standard S10,
  weights 8 6 4 2 3 5 9 7 modulo 11.
- DHL Express waybills (the same): the last of ten or eleven digits is the rest of the others by
  seven. What DHL
  prints else (JJD and JVGL pieces, parcel numbers of 12 and 14 digits) has no published check
  digit; its twenty digits that begin with 00340434 are a GS1 SSCC.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from app.shared.language import _, later

Check = Callable[[str], bool]


class Fit(StrEnum):
    """How well a number fits its carrier's formats."""

    OK = "ok"
    UNKNOWN_FORMAT = "unknown_format"
    BAD_CHECK_DIGIT = "bad_check_digit"


@dataclass(frozen=True, slots=True)
class NumberVerdict:
    """The fit of a number, and the sentence for whoever typed it."""

    fit: Fit
    sentence: str


# Those whose formats are known here, whether or not we can ask them where a parcel is.
TITLES = {"dhl": "DHL", "fedex": "FedEx", "ups": "UPS", "usps": "USPS"}
SENTENCES = {
    Fit.OK: later("{number} looks right."),
    Fit.UNKNOWN_FORMAT: later("{number} is in no format we know of {carrier}; check the carrier."),
    Fit.BAD_CHECK_DIGIT: later("{number} has a wrong check digit; compare it with the label."),
}


def title(carrier: str) -> str:
    """Return what a carrier is called."""
    return TITLES.get(carrier) or carrier.replace("_", " ").upper()


def clean(number: str) -> str:
    """Return a number as carriers keep it: no blanks, no hyphens, capital letters."""
    return re.sub(r"[\s-]", "", number).upper()


def check(carrier: str, number: str) -> NumberVerdict:
    """Return how a number fits the formats of a carrier."""
    bare = clean(number)
    fit = _fit([right(bare) for right in _checks(carrier, bare)])
    return NumberVerdict(fit, _(SENTENCES[fit], number=bare, carrier=title(carrier)))


def guesses(number: str) -> list[str]:
    """Return the carriers whose number this could be: one where its shape or check digit tells.

    What carriers have in common (twenty digits) may be of several: then a person says whose it is.
    """
    bare = clean(number)
    right = {code: [one for one in _checks(code, bare) if one(bare)] for code in FORMATS}
    # A check digit that is right is no accident; a shape alone may be.
    proven = [code for code, found in right.items() if any(one is not _unchecked for one in found)]
    return proven or [code for code, found in right.items() if found]


def shaped(number: str) -> list[str]:
    """Return the carriers whose numbers look like this, whatever its check digit."""
    bare = clean(number)
    return [code for code in FORMATS if _checks(code, bare)]


def _checks(carrier: str, bare: str) -> list[Check]:
    return [right for shape, right in FORMATS.get(carrier, ()) if shape.fullmatch(bare)]


def _fit(results: list[bool]) -> Fit:
    # Formats overlap: a number is right if it is right as any of them.
    if not results:
        return Fit.UNKNOWN_FORMAT
    return Fit.OK if any(results) else Fit.BAD_CHECK_DIGIT


def weighted(number: str, weights: tuple[int, ...]) -> bool:
    """Return whether the last digit is the weighted sum of the rest, mod 11 mod 10."""
    *rest, last = map(int, number)
    total = sum(d * weights[i % len(weights)] for i, d in enumerate(rest))
    return total % 11 % 10 == last


def tripled(number: str, odd: int = 3, even: int = 1) -> bool:
    """Return whether the last digit completes the sum, every other one tripled, to tens."""
    *rest, last = map(int, number)
    total = sum(d * (odd if i % 2 else even) for i, d in enumerate(rest))
    return -total % 10 == last


def _shape(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


def _express(number: str) -> bool:
    return weighted(number, (3, 1, 7))


def _express_label(number: str) -> bool:
    return weighted(number[-14:], (1, 7, 3))


def _postal(number: str) -> bool:
    # FedEx hands its economy parcels to USPS, whose rule counts the 92 that is not printed.
    return any(tripled(prefix + number, odd=1, even=3) for prefix in ("92", "91"))


def _ground_96(number: str) -> bool:
    return tripled(number[-15:])


def _value(letter: str) -> int:
    """Return what UPS counts a letter or digit as."""
    return int(letter) if letter.isdigit() else (ord(letter) - 3) % 10


def _doubled(body: str, last: str) -> bool:
    """Return whether a digit completes the sum, every second character doubled, to tens."""
    total = sum(_value(c) * (2 if i % 2 else 1) for i, c in enumerate(body))
    return -total % 10 == int(last)


def _ups_1z(number: str) -> bool:
    return _doubled(number[2:-1], number[-1])


def _ups_waybill(number: str) -> bool:
    return _doubled(number[1:-1], number[-1])


def _from_the_right(number: str) -> bool:
    """Return whether the last digit completes the sum, weights 3, 1 from the right, to tens."""
    *rest, last = map(int, number)
    total = sum(d * (1 if i % 2 else 3) for i, d in enumerate(reversed(rest)))
    return -total % 10 == last


def _usps_impb(number: str) -> bool:
    # A barcode may say before the number, with 420, which ZIP it goes to.
    return _from_the_right(re.sub(r"^420\d{5}(\d{4})?(?=9[1-5])", "", number))


S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


def _s10(number: str) -> bool:
    digits = [int(c) for c in number[2:11]]
    total = sum(d * w for d, w in zip(digits, S10_WEIGHTS, strict=False))
    return {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11) == digits[-1]


def _dhl_waybill(number: str) -> bool:
    return int(number[:-1]) % 7 == int(number[-1])


def _sscc(number: str) -> bool:
    # The 00 before it only says what follows.
    return _from_the_right(number[-18:])


def _unchecked(_number: str) -> bool:
    return True


FORMATS: dict[str, tuple[tuple[re.Pattern[str], Check], ...]] = {
    "dhl": (
        (_shape(r"\d{10,11}"), _dhl_waybill),
        (_shape(r"J[A-Z]{2,3}\d{9,20}"), _unchecked),
        (_shape(r"(00)?340434\d{12}"), _sscc),
        (_shape(r"(GM|LX|RX|UV|CN|SG|TH|IN|HK|MY)[A-Z0-9]{10,37}"), _unchecked),
        (_shape(r"\d{12}|\d{14}"), _unchecked),
    ),
    "fedex": (
        (_shape(r"\d{12}"), _express),
        (_shape(r"\d{15}"), tripled),
        (_shape(r"\d{20}"), _express),
        (_shape(r"\d{20}"), _postal),
        (_shape(r"96\d{20}"), _ground_96),
        (_shape(r"\d{34}"), _express_label),
    ),
    "ups": (
        (_shape(r"1Z[A-Z0-9]{15}\d"), _ups_1z),
        (_shape(r"[AHJKTV]\d{10}"), _ups_waybill),
    ),
    "usps": (
        (_shape(r"\d{20}"), _from_the_right),
        (_shape(r"(420\d{5}(\d{4})?)?9[1-5](\d{20}|\d{24})"), _usps_impb),
        (_shape(r"[A-Z]{2}\d{9}US"), _s10),
    ),
}
