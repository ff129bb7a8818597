"""Tracking numbers: does one look like its carrier's? A doubt warns and never refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

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


SENTENCES = {
    Fit.OK: "{number} looks right.",
    Fit.UNKNOWN_FORMAT: "{number} is in no format we know of {carrier}; check the carrier.",
    Fit.BAD_CHECK_DIGIT: "{number} has a wrong check digit; compare it with the label.",
}


def clean(number: str) -> str:
    """Return a number as carriers keep it: no blanks, no hyphens, capital letters."""
    return re.sub(r"[\s-]", "", number).upper()


def check(carrier: str, number: str) -> NumberVerdict:
    """Return how a number fits the formats of a carrier."""
    bare = clean(number)
    checks = [right for shape, right in FORMATS.get(carrier, ()) if shape.fullmatch(bare)]
    fit = _fit([right(bare) for right in checks])
    return NumberVerdict(fit, SENTENCES[fit].format(number=bare, carrier=carrier))


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


FORMATS: dict[str, tuple[tuple[re.Pattern[str], Check], ...]] = {
    "fedex": (
        (_shape(r"\d{12}"), _express),
        (_shape(r"\d{15}"), tripled),
        (_shape(r"\d{20}"), _express),
        (_shape(r"\d{20}"), _postal),
        (_shape(r"96\d{20}"), _ground_96),
        (_shape(r"\d{34}"), _express_label),
    ),
}
