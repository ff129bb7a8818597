"""What a scan means, without a database."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.catalog.rules import check_digit
from app.shipments.pick_rules import (
    LONGEST_CODE,
    Article,
    Outcome,
    Scan,
    Wanted,
    are_variants,
    is_called,
    judge,
    padded,
    place,
    read,
)

EAN = "4012345678901"


def wanted(  # noqa: PLR0913, PLR0917 - a test names what it is about
    n: int = 1,
    sku: str = "MUG-RED",
    units: int = 2,
    picked: int = 0,
    title: str = "Mug, red",
    fo: str = "FO-1",
    gtin: str | None = EAN,
    own_code: str | None = None,
    bin_: str | None = None,
) -> Wanted:
    return Wanted(
        sku, title, gtin, own_code, id=UUID(int=n), fo=fo, units=units, picked=picked, bin=bin_
    )


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (EAN, Scan(EAN)),
        (f"5*{EAN}", Scan(EAN, 5)),
        (f"5 * {EAN}\r\n", Scan(EAN, 5)),
        (chr(29) + "mug-red\t", Scan("mug-red")),
        ("A*B", Scan("A*B")),
        ("12*", Scan("12*")),
        ("", None),
        ("  \n", None),
        (f"0*{EAN}", None),
        (f"1000*{EAN}", None),
        ("X" * (LONGEST_CODE + 1), None),
    ],
)
def test_what_a_scanner_types_is_read(typed: str, meant: Scan | None) -> None:
    assert read(typed) == meant


@pytest.mark.parametrize(
    ("code", "gtin", "is_same"),
    [
        ("036000291452", "0036000291452", True),  # UPC-A and the same as EAN-13
        ("00036000291452", "036000291452", True),
        ("96385074", "00000096385074", True),
        (EAN, "4012345678902", False),
        ("36000291452", "036000291452", False),  # eleven digits are no GTIN
    ],
)
def test_a_gtin_of_any_length_is_the_same_number(code: str, gtin: str, is_same: bool) -> None:
    assert is_called(Article("X", "X", gtin), code) is is_same


@given(some.from_regex(r"[0-9]{11}", fullmatch=True))
def test_every_upc_is_known_as_an_ean(digits: str) -> None:
    upc = digits + check_digit(digits)

    assert padded(upc) == padded(f"0{upc}") == padded(f"00{upc}")


@pytest.mark.parametrize("code", ["mug-red", "MUG-RED", "k-0417", EAN])
def test_codes_are_known_in_any_case(code: str) -> None:
    line = wanted(own_code="K-0417")

    assert judge(Scan(code), [line]).counted == ((line, 1),)


def test_units_of_one_article_are_spread_over_its_lines() -> None:
    first, second = wanted(1, units=2, picked=1), wanted(2, units=3)

    verdict = judge(Scan(EAN, 3), [first, second])

    assert (verdict.outcome, verdict.counted) == (Outcome.RIGHT, ((first, 1), (second, 2)))


@pytest.mark.parametrize(("picked", "quantity"), [(2, 1), (0, 3), (1, 2)])
def test_one_too_many_counts_for_nothing(picked: int, quantity: int) -> None:
    line = wanted(picked=picked)

    verdict = judge(Scan(EAN, quantity), [line])

    assert (verdict.outcome, verdict.counted) == (Outcome.TOO_MANY, ())
    assert verdict.scanned == line


@pytest.mark.parametrize(
    ("scanned", "outcome"),
    [
        (Article("MUG-BLUE", "Mug, blue"), Outcome.WRONG_VARIANT),
        (Article("THROW-1", "Wool throw"), Outcome.WRONG_ITEM),
    ],
)
def test_what_is_not_in_this_order_says_what_to_take(scanned: Article, outcome: Outcome) -> None:
    line = wanted(bin_="B-07-2")

    verdict = judge(Scan(scanned.sku.lower()), [line], known=[scanned])

    assert (verdict.outcome, verdict.scanned, verdict.take) == (outcome, scanned, line)
    assert verdict.counted == ()


def test_what_another_order_of_the_walk_needs_names_it() -> None:
    line, other = wanted(), wanted(2, "BOWL", title="Bowl", fo="FO-2", gtin="96385074")

    verdict = judge(Scan("96385074"), [line], beside=[other], known=[Article("BOWL", "Bowl")])

    assert (verdict.outcome, verdict.owner, verdict.take) == (Outcome.WRONG_ORDER, "FO-2", line)


def test_an_unknown_code_is_nobodys() -> None:
    line = wanted()

    verdict = judge(Scan("4000000000006"), [line], known=[Article("BOWL", "Bowl")])

    assert (verdict.outcome, verdict.scanned, verdict.take) == (Outcome.UNKNOWN, None, line)


@pytest.mark.parametrize(
    ("one", "other", "are"),
    [
        (("KC-SB30", "Serving bowl 30 cm, sand"), ("X-1", "Serving bowl 25 cm"), True),
        (("MUG-RED", "Mug red"), ("MUG-BLUE", "Mug blue"), True),
        (("KC-BOWL", "Bowl"), ("KC-PLATE", "Plate"), False),
        (("MUG", "Mug"), ("CUP", "Cup"), False),
        (("A-1", "12"), ("B-2", "13"), False),
    ],
)
def test_variants_are_what_is_easily_mixed_up(
    one: tuple[str, str], other: tuple[str, str], are: bool
) -> None:
    assert are_variants(Article(*one), Article(*other)) is are


def test_bins_stand_in_the_order_of_the_walk() -> None:
    bins = ["B-1", None, "A-10-2", "A-2", "a-2-1", "7"]

    walk = sorted(bins, key=lambda name: place(name, "SKU"))

    assert walk == ["A-2", "a-2-1", "A-10-2", "B-1", "7", None]


@given(
    some.lists(some.tuples(some.integers(0, 5), some.integers(0, 5)), min_size=1, max_size=5),
    some.integers(1, 12),
)
def test_no_scan_ever_counts_more_than_is_wanted(
    lines: list[tuple[int, int]], quantity: int
) -> None:
    known = [
        wanted(n, units=units, picked=min(units, picked)) for n, (units, picked) in enumerate(lines)
    ]

    counted = dict(judge(Scan(EAN, quantity), known).counted)

    assert all(units <= line.left for line, units in counted.items())
    assert sum(counted.values()) in {0, quantity}
