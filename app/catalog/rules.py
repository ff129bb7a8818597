"""What a product may be called: the numbers of GS1 end with a digit that proves the others."""

from __future__ import annotations

import re

# Where a thing lies, and what a vendor's own label says: as long as a label is wide.
LONGEST_BIN, LONGEST_OWN_CODE = 40, 80
# More of one thing lies nowhere.
MOST_ON_HAND = 10**8
# So many free units or less are few: time to count them, or to buy more.
FEW = 5
# What an item may ask of whoever packs it.
PACKING = ("fragile", "upright", "custom_packaging", "insert")
GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}")
GTIN_LENGTHS = (8, 12, 13, 14)


def check_digit(digits: str) -> str:
    """Return the last digit of a GTIN from those before it (GS1, modulo 10, weights 3 and 1)."""
    weighed = (int(d) * (3 if n % 2 == 0 else 1) for n, d in enumerate(reversed(digits)))
    return str(-sum(weighed) % 10)


def why_no_gtin(text: str) -> str | None:
    """Return why a text is no GTIN; None: it is one."""
    if not GTIN.fullmatch(text):
        return "is no GTIN; it has 8, 12, 13 or 14 digits"
    right = check_digit(text[:-1])
    if text[-1] != right:
        return f"is no GTIN: its last digit should be {right}; a digit may be mistyped"
    return None


def gtins(code: str) -> list[str]:
    """Return the GTINs that a code may be, as each is kept: scanners lead them with zeros or not.

    Of what is no number of that kind there are none.
    """
    number = code.lstrip("0")
    found = (number.zfill(n) for n in GTIN_LENGTHS if len(number) <= n)
    return list(found) if GTIN.fullmatch(code) else []
