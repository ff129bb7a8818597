"""`flask import`: a file from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app.commands import take_in
from tests.factories import make_vendor_with_stock, one, rows

HEAD = "Order No,Date,Customer,Street,City,Zip,Country,SKU,Qty,Price\n"
ROW = "{n},2026-11-21 10:15,Ada Lind,Storgatan 1,Malmö,211 34,SE,MUG,{units},12.50\n"


@pytest.fixture
def file(app: Flask, tmp_path: Path) -> str:
    make_vendor_with_stock(stock={"MUG": 9})
    path = tmp_path / "orders.csv"
    path.write_text(HEAD + ROW.format(n="A-1", units=2) + ROW.format(n="A-2", units="two"))
    return str(path)


def test_a_file_is_taken_in_and_what_was_refused_is_named(app, file):
    arguments = ["orders", file, "--channel", "web", "--map", "number=Order No"]

    result = app.test_cli_runner().invoke(take_in, arguments)

    # Whoever waits for it in a script is to know that something is left.
    assert result.exit_code == 1, result.output
    assert "decimals stand after a point; EUR where none is named" in result.output
    assert "line 2, A-1: 2 units 25.00 EUR" in result.output
    assert "        1 taken\n        0 held\n        0 known\n        1 refused" in result.output
    assert "line 3, A-2: Qty: 'two' is not a whole number." in result.output
    assert "--refused FILE writes all of it" in result.output
    assert one("SELECT channel, number FROM orders").number == "A-1"
    assert one("SELECT made_by FROM imports").made_by == "onward"


def test_a_file_that_is_taken_in_whole_is_exit_code_0(app, file):
    Path(file).write_text(HEAD + ROW.format(n="A-1", units=2))

    result = app.test_cli_runner().invoke(take_in, ["orders", file, "--channel=web"])

    assert (result.exit_code, "refused FILE" in result.output) == (0, False), result.output


@pytest.mark.parametrize("more", [[], ["--dry-run"]], ids=["for good", "dry run"])
def test_all_that_is_refused_is_written_into_a_file_that_is_mended(app, file, tmp_path, more):
    Path(file).write_text(HEAD + "".join(ROW.format(n=f"A-{n}", units="two") for n in range(30)))
    mended = tmp_path / "mended.csv"
    arguments = ["orders", file, "--channel=web", "--refused", str(mended), *more]

    result = app.test_cli_runner().invoke(take_in, arguments)

    assert result.exit_code == 1
    assert "and 10 more" in result.output
    assert f"{mended} has all that was refused" in result.output
    lines = mended.read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 31
    assert lines[1].endswith(",two,12.50,Qty: 'two' is not a whole number.")
    mended.write_text(mended.read_text().replace(",two,", ",2,"))
    again = app.test_cli_runner().invoke(take_in, ["orders", str(mended), "--channel=web"])
    assert (again.exit_code, len(rows("SELECT FROM orders"))) == (0, 30)


def test_what_is_refused_is_not_written_over_the_file_itself(app, file):
    before = Path(file).read_bytes()

    result = app.test_cli_runner().invoke(take_in, ["orders", file, "--refused", file])

    assert (result.exit_code, Path(file).read_bytes()) == (1, before)
    assert "is the file that is taken in" in result.output
    assert rows("SELECT FROM imports") == []


def test_whether_customers_are_told_and_where_orders_are_is_said_each_time(app, file):
    def take(n: str, *options: str):
        Path(file).write_text(HEAD + ROW.format(n=n, units=2))
        return app.test_cli_runner().invoke(take_in, ["orders", file, *options])

    assert take("A-1", "--channel=web", "--tells", "--currency=SEK").exit_code == 0
    unsaid = take("A-2")
    assert take("A-2", "--channel=web").exit_code == 0

    assert (unsaid.exit_code, "Say on which channel these orders are." in unsaid.output) == (
        1,
        True,
    )
    fixed = [r.fixed for r in rows("SELECT fixed FROM imports ORDER BY made_at")]
    assert fixed == [
        {"channel": "web", "currency": "SEK", "decimal": ".", "tells": True},
        {"channel": "web", "currency": "EUR", "decimal": "."},
    ]


def test_numbers_that_can_be_read_in_two_ways_are_asked_about(app, file):
    Path(file).write_text(HEAD + ROW.format(n="A-1", units=2).replace("12.50", "1.234"))
    arguments = ["orders", file, "--channel=web"]

    asked = app.test_cli_runner().invoke(take_in, arguments)
    said = app.test_cli_runner().invoke(take_in, [*arguments, "--decimal=,"])

    assert asked.exit_code == 1
    assert "decimal: Its first numbers can be read in two ways" in asked.output
    assert said.exit_code == 0, said.output
    assert "decimals stand after a comma" in said.output
    assert "line 2, A-1: 2 units 2468.00 EUR" in said.output


def test_a_dry_run_changes_nothing(app, file):
    result = app.test_cli_runner().invoke(take_in, ["orders", file, "--channel=web", "--dry-run"])

    assert "        1 would be taken" in result.output
    assert rows("SELECT FROM orders") == []


def test_what_is_missing_is_named_and_nothing_is_kept(app, file):
    result = app.test_cli_runner().invoke(take_in, ["orders", file, "--map", "lines.sku=Nowhere"])

    assert result.exit_code == 1
    assert "channel: Say on which channel these orders are." in result.output
    assert "lines.sku: The file has no column 'Nowhere'." in result.output
    assert rows("SELECT FROM imports") == []


def test_a_file_that_cannot_be_read_on_ends_with_an_error(app, file):
    with Path(file).open("a") as more:
        more.write('"never closed\n')

    result = app.test_cli_runner().invoke(take_in, ["orders", file, "--channel=web"])

    assert (result.exit_code, "Line 4 cannot be read" in result.output) == (1, True)
    assert "None of the file is taken in." in result.output
    assert rows("SELECT FROM orders") == []
