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

    assert result.exit_code == 0, result.output
    assert "        1 taken\n        0 held\n        0 known\n        1 refused" in result.output
    assert "line 3, A-2: Qty: 'two' is not a whole number." in result.output
    assert one("SELECT channel, number FROM orders").number == "A-1"
    assert one("SELECT made_by FROM imports").made_by == "onward"


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
