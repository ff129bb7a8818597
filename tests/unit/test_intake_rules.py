"""What cells mean, which column is which field, and where the records of a file begin and end."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.intake import records, rules
from app.intake.contract import Way
from app.intake.records import Place
from app.intake.registry import kinds
from app.web.sheets import line

POINT, COMMA = Way(ZoneInfo("Europe/Stockholm")), Way(ZoneInfo("Europe/Stockholm"), ",")


@pytest.mark.parametrize(
    ("cell", "way", "amount"),
    [
        ("12.50", POINT, "12.50"),
        ("1,234.50", POINT, "1234.50"),
        ("1'234.50", POINT, "1234.50"),
        ("€ 12.50", POINT, "12.50"),
        ("12.50 EUR", POINT, "12.50"),
        ("12", POINT, "12"),
        (".5", POINT, "0.5"),
        ("5.", POINT, "5"),
        ("12,50", COMMA, "12.50"),
        ("1.234,50", COMMA, "1234.50"),
        ("1\u00a0234,50 €", COMMA, "1234.50"),
        ("1.234", COMMA, "1234"),
    ],
)
def test_an_amount_is_read_as_its_country_writes_it(cell, way, amount):
    assert rules.amount(cell, way) == amount


@pytest.mark.parametrize("cell", ["", "two", "1.2.3", "12-50", "1e9", "٣", "=1+1", "NaN"])
def test_what_is_no_amount_is_refused(cell):
    with pytest.raises(ValueError, match="is not an amount"):
        rules.amount(cell, POINT)


@pytest.mark.parametrize(("cell", "number"), [("2", 2), ("2.0", 2), ("1,000", 1000)])
def test_a_whole_number_may_be_written_as_sheets_do(cell, number):
    assert rules.whole(cell, POINT) == number


def test_a_part_of_a_unit_is_no_whole_number():
    with pytest.raises(ValueError, match=r"'2\.5' is not a whole number"):
        rules.whole("2.5", POINT)


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2026-11-21T10:15:00+01:00", "2026-11-21T09:15:00+00:00"),
        ("2026-11-21 10:15:00 +0100", "2026-11-21T09:15:00+00:00"),
        ("2026-11-21 10:15", "2026-11-21T09:15:00+00:00"),
        ("21.11.2026 10:15", "2026-11-21T09:15:00+00:00"),
        ("2026-07-21", "2026-07-20T22:00:00+00:00"),
    ],
)
def test_a_moment_without_an_offset_is_by_the_marketplaces_clock(cell, moment):
    assert rules.moment(cell, POINT).astimezone(UTC) == datetime.fromisoformat(moment)


@pytest.mark.parametrize("cell", ["11/21/2026", "yesterday", "2026-13-01", "1" * 100])
def test_a_moment_that_may_mean_two_days_is_refused(cell):
    with pytest.raises(ValueError, match="is not a time"):
        rules.moment(cell, POINT)


def test_days_words_and_countries_are_read():
    assert rules.day("2026-12-24", POINT) == rules.day("24.12.2026", POINT) == date(2026, 12, 24)
    assert [rules.yes_no(word, POINT) for word in ("Yes", "x", "0", "false")] == [1, 1, 0, 0]
    assert [rules.country(word, POINT) for word in ("se", "Sweden", "GERMANY")] == [
        "SE",
        "SE",
        "DE",
    ]
    for read, cell in ((rules.yes_no, "maybe"), (rules.country, "Narnia"), (rules.country, "XQ")):
        with pytest.raises(ValueError, match=cell):
            read(cell, POINT)


@pytest.mark.parametrize(
    ("head", "delimiter"),
    [
        ("a,b,c", ","),
        ("a;b;c", ";"),
        ("a\tb\tc", "\t"),
        ('"a,b";"c,d";"e,f"', ";"),
        ("sep=;", ";"),
        ("alone", ","),
    ],
)
def test_what_parts_cells_is_what_makes_the_most_of_them(head, delimiter):
    assert rules.delimiter_of(head) == delimiter


def test_columns_without_a_name_or_with_the_same_are_told_apart():
    assert rules.named(["A", " A ", "", "A"]) == ["A", "A (2)", "Column 3", "A (4)"]


def test_columns_are_guessed_by_what_people_call_them():
    header = ["Name", "Created at", "Lineitem sku", "Lineitem quantity", "Lineitem price"]
    header += ["Billing Name", "Shipping Name", "Shipping Address1", "Shipping Country", "Tax"]

    assert rules.guess(header, kinds()["orders"].fields) == {
        "number": "Name",
        "placed_at": "Created at",
        "customer.name": "Billing Name",
        "ship_to.name": "Shipping Name",
        "ship_to.line1": "Shipping Address1",
        "ship_to.country": "Shipping Country",
        "lines.sku": "Lineitem sku",
        "lines.quantity": "Lineitem quantity",
        "lines.unit_price": "Lineitem price",
    }


def test_decimals_are_guessed_by_how_amounts_end():
    assert rules.decimal_of(["1,234.50", "12.00"]) == "."
    assert rules.decimal_of(["1.234,50 €"]) == ","
    assert rules.decimal_of([]) == "."


texts = some.text(some.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=8)


@given(some.lists(some.lists(texts, min_size=2, max_size=2), min_size=1, max_size=12), some.data())
def test_reading_may_stop_after_any_record_and_go_on_there(table, data):
    """Wherever a worker died, the next one finds the same records, in the same lines."""
    named = [[f"n{n}", *cells] for n, cells in enumerate(table)]
    content = "".join(line(cells) for cells in named).encode()

    def read(place: Place):
        lines = content[place.byte :].splitlines(keepends=True)
        split = [part + b"\n" for part in content[place.byte :].split(b"\n")]
        split[-1] = split[-1][:-1]
        assert b"".join(lines) == b"".join(split)
        return list(records.rows_of(iter(filter(None, split)), place, ",", 3, 0))

    whole = read(Place())
    cut = data.draw(some.integers(0, len(whole) - 1))
    rest = read(Place(whole[cut].end, whole[cut].lines))

    assert [record.rows[0].cells[0] for record in whole] == [row[0] for row in named]
    assert rest == whole[cut + 1 :]
