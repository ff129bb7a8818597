"""A list of counts, read: by its first line, or by where things stand."""

from __future__ import annotations

import pytest

from app.catalog.count_rules import MOST_ROWS, Row, rows
from app.catalog.rules import gtins
from app.shared.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("MUG, 40", Row(1, "MUG", "", 40)),
        ("MUG;Main;40", Row(1, "MUG", "Main", 40)),
        ("MUG\tmain\t0", Row(1, "MUG", "main", 0)),
        ('"MUG, red", 7', Row(1, "MUG, red", "", 7)),
        ("\n\n MUG , 007 ", Row(3, "MUG", "", 7)),
        ("SKU,On hand\nMUG,3", Row(2, "MUG", "", 3)),
        (
            "\ufeffSKU,Title,GTIN,Own code,Location,Bin,On hand,Held\nMUG,A mug,,,main,A-1,3,1",
            Row(2, "MUG", "main", 3),
        ),
        ("Bestand;Artikelnummer\n12;MUG", Row(2, "MUG", "", 12)),
        # As we write it: what parts the first line parts them all.
        ('SKU,Title,On hand\nMUG,"A mug; red\tor not",3', Row(2, "MUG", "", 3)),
    ],
)
def test_a_row_is_read_as_it_is_written(text: str, row: Row) -> None:
    assert rows(text) == [row]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("MUG", "A row names an article"),
        ("MUG," + "4" * 140_000, "A row names an article"),
        ("MUG, main, A-1, 40", "A row names an article"),
        (", 40", "The row names no article."),
        ("MUG, -1", "-1 is no number of units."),
        ("MUG, 4.5", "4.5 is no number of units."),
        ("MUG, \uff14", "\uff14 is no number of units."),
        ("MUG, 999999999", "999999999 is no number of units."),
        ("sku, on hand\nMUG", "\u2013 is no number of units."),
    ],
)
def test_what_cannot_be_read_is_that_rows_own_problem(text: str, told: str) -> None:
    *_, row = rows(text)

    assert row.problem.startswith(told)
    assert row.units is None


@pytest.mark.parametrize("text", ["", " \n\t\n", "sku, on hand", "M, 1\n" * (MOST_ROWS + 1)])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        rows(text)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("4006381333931", ["4006381333931", "04006381333931"]),
        ("04006381333931", ["4006381333931", "04006381333931"]),
        ("96385074", ["96385074", "000096385074", "0000096385074", "00000096385074"]),
        ("MUG", []),
        ("12345", []),
    ],
)
def test_a_scanned_number_is_the_same_with_zeros_or_without(code: str, found: list[str]) -> None:
    assert gtins(code) == found
