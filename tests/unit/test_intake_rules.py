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
        ("1.234.567,5", COMMA, "1234567.5"),
        ("1,23,456.00", POINT, "123456.00"),
        ("'12.50", POINT, "12.50"),
        ("$1,234.50 USD", POINT, "1234.50"),
    ],
)
def test_an_amount_is_read_as_its_country_writes_it(cell, way, amount):
    assert rules.amount(cell, way) == amount


@pytest.mark.parametrize("cell", ["", "two", "1.2.3", "12-50", "1e9", "٣", "=1+1", "NaN"])
def test_what_is_no_amount_is_refused(cell):
    with pytest.raises(ValueError, match="is not an amount"):
        rules.amount(cell, POINT)


@pytest.mark.parametrize(
    ("cell", "way", "sign"),
    [
        ("12.50", COMMA, "comma"),
        ("12,50", POINT, "point"),
        ("1,23", POINT, "point"),
        ("12,3456", POINT, "point"),
        ("1,2345.00", POINT, "point"),
        ("1234,567.00", POINT, "point"),
        (",500", POINT, "point"),
        ("0,500", POINT, "point"),
        ("1,234'567.00", POINT, "point"),
        ("12 50", POINT, "point"),
        ("12'50", COMMA, "comma"),
    ],
)
def test_a_mark_that_does_not_stand_before_three_figures_is_not_dropped(cell, way, sign):
    """Dropped, it would make of a price a hundredfold of it."""
    with pytest.raises(ValueError, match=f"'{cell}' is not .* decimals stand after a {sign};"):
        rules.amount(cell, way)


@given(some.decimals(0, 10**9, places=2), some.sampled_from(list("., '")), some.booleans())
def test_an_amount_is_the_same_however_it_is_grouped(number, by, is_comma):
    way = COMMA if is_comma else POINT
    by = {",": ".", ".": ","}[way.decimal] if by in ".," else by
    written = f"{number:,}".replace(".", "|").replace(",", by).replace("|", way.decimal)

    assert rules.amount(written, way) == str(number)
    other = POINT if is_comma else COMMA
    with pytest.raises(ValueError, match="is not an amount"):
        rules.amount(written, other)


@pytest.mark.parametrize(("cell", "number"), [("2", 2), ("2.0", 2), ("1,000", 1000), ("'7", 7)])
def test_a_whole_number_may_be_written_as_sheets_do(cell, number):
    assert rules.whole(cell, POINT) == number


def test_without_a_sign_only_what_can_be_read_in_one_way_is_a_number():
    way = Way(POINT.zone, "")
    read = [rules.amount(cell, way) for cell in ("12", "12.50", "12,50", "1 234")]

    assert read == ["12", "12.50", "12.50", "1234"]
    for reader in (rules.amount, rules.whole):
        with pytest.raises(ValueError, match=r"'1\.250' can be read in two ways"):
            reader("1.250", way)
    with pytest.raises(ValueError, match=r"'two' is not an amount; write it like 12\.50\."):
        rules.amount("two", way)


@pytest.mark.parametrize(
    ("cell", "way", "sign"), [("2.0", COMMA, "comma"), ("2,0", POINT, "point")]
)
def test_two_units_are_never_twenty(cell, way, sign):
    said = f"'{cell}' is not a whole number where decimals stand after a {sign}."
    with pytest.raises(ValueError, match=said):
        rules.whole(cell, way)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("'211 34", "211 34"),
        ("'0815", "0815"),
        ("211 34", "211 34"),
        ("'s-Hertogenbosch", "'s-Hertogenbosch"),
        ("4'7", "4'7"),
    ],
)
def test_the_mark_of_figures_that_are_text_is_none_of_a_code(cell, code):
    assert rules.code(cell, POINT) == code


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


@pytest.mark.parametrize(
    ("cells", "sign"),
    [
        (["1,234.50", "12.00"], "."),
        (["1.234,50 €"], ","),
        (["1.234", "12,50"], ","),
        (["1,234", "2.0"], "."),
        (["two", "12", "1 234"], None),
        ([], None),
    ],
)
def test_what_decimals_stand_after_is_told_by_cells_that_can_be_read_one_way(cells, sign):
    assert rules.decimal_of(cells) == sign


@pytest.mark.parametrize(
    ("cells", "doubt"),
    [
        (["12.50", "13.50", "12,50"], rules.TWO_SIGNS),
        (["2.0", "12,50"], rules.TWO_SIGNS),
        (["1.234", "12", "2"], rules.TWO_WAYS),
        (["12,500"], rules.TWO_WAYS),
    ],
)
def test_what_decimals_stand_after_is_never_guessed(cells, doubt):
    with pytest.raises(ValueError, match=doubt):
        rules.decimal_of(cells)


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
