"""S47, S48, S68 for files: what comes in is text, what goes out is no formula, nothing is SQL."""

from __future__ import annotations

import csv
import io
import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as some

from app.intake import imports, queries, rules
from app.intake.contract import Way
from app.shared.errors import InvalidInput
from app.shared.work import OPS, transaction
from app.web.sheets import FORMULA, as_typed, line, safe
from tests.factories import make_vendor_with_stock, one, rows, run
from tests.people import sign_in_as

HEAD = "Order,Date,Customer,Street,City,Zip,Country,SKU,Qty,Price\n"
EVIL = (
    '=HYPERLINK("https://evil.test","x")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\uff1dCMD()",
    "a;=1+1",
    "'; DROP TABLE orders; --",
    '" OR 1=1 --',
    "{{7*7}}",
    "<script>alert(1)</script>",
    "%s%n:name",
    "../../etc/passwd",
)


@pytest.fixture
def agent(app: Flask, jobs_run_here: None) -> FlaskClient:
    make_vendor_with_stock(stock={"MUG": 50})
    return sign_in_as(app, "ops_agent")


def taken(content: str) -> Any:
    with transaction(OPS):
        reference = imports.draft("orders", "o.csv", io.BytesIO(content.encode()), None)
        row = queries.one(reference)
        imports.arrange(reference, row.mapping, row.fixed | {"channel": "web"}, None)
        imports.start(reference, None)
    run("run_imports")
    return one("SELECT * FROM imports WHERE reference = :reference", reference=reference)


cells = some.text(
    some.sampled_from("=+-@\t\r\n;,\"' a1\uff1d\uff20é")
    | some.characters(exclude_categories=("Cs",)),
    max_size=12,
)


@given(cells)
def test_s47_no_cell_is_a_formula_and_every_one_comes_back(cell):
    out = safe(cell)

    assert not out.startswith(FORMULA)
    assert safe(as_typed(out)) == out
    if not cell.startswith("'") and "'" not in cell:
        assert as_typed(out) == cell


@given(some.lists(cells, min_size=1, max_size=5), some.sampled_from([",", ";", "\t"]))
def test_s47_a_line_is_read_as_the_cells_it_was_written_from(found, delimiter):
    read = next(csv.reader(io.StringIO(line(found, delimiter), newline=""), delimiter=delimiter))

    assert read == [safe(cell) for cell in found]


@pytest.mark.parametrize("evil", EVIL)
def test_s48_s68_whatever_stands_in_a_cell_is_text(agent, evil):
    cell = '"' + evil.replace('"', '""') + '"'
    good = f"A-1,2026-11-21 10:15,{cell},Storgatan 1,Malmö,211 34,SE,MUG,2,12.50\n"
    bad = f"{cell},2026-11-21 10:15,Ada,Storgatan 1,Malmö,211 34,SE,MUG,two,12.50\n"

    found = taken(HEAD + good + bad)

    assert (found.taken, found.refused) == (1, 1)
    assert one("SELECT name FROM customers").name == evil.strip()
    page = agent.get(f"/console/imports/{found.reference}").text
    assert "<script>alert" not in page
    file = agent.get(f"/console/imports/{found.reference}/refused", buffered=True).text
    told = list(csv.reader(io.StringIO(file.lstrip("\ufeff"), newline="")))
    assert told[1][0] == safe(evil)
    assert not told[1][0].startswith(FORMULA)


@pytest.mark.parametrize("name", EVIL)
def test_s68_a_field_or_column_that_is_none_of_ours_is_refused(agent, name):
    with transaction(OPS):
        reference = imports.draft("orders", "o.csv", io.BytesIO(HEAD.encode()), None)
        row = queries.one(reference)
        with pytest.raises(InvalidInput):
            imports.arrange(reference, row.mapping | {name: "Order"}, {"channel": "web"}, None)
        with pytest.raises(InvalidInput):
            imports.arrange(reference, row.mapping | {"number": name}, {"channel": "web"}, None)


def test_s48_a_million_columns_and_a_million_lines_are_no_burden(agent):
    began = time.monotonic()
    for content in (b"a," * 1_000_000 + b"\n1\n", b"\n" * 1_000_000):
        with pytest.raises(InvalidInput), transaction(OPS):
            imports.draft("orders", "o.csv", io.BytesIO(content), None)

    lines = HEAD + "A-1,2026-11-21 10:15,Ada,Storgatan 1,Malmö,211 34,SE,MUG,2,12.50\n"
    found = taken(lines + "\n" * 1_000_000)

    assert (found.taken, found.status) == (1, "done")
    assert time.monotonic() - began < 60


def test_s48_what_is_refused_of_a_file_is_for_those_who_may_see_orders(app, agent):
    found = taken(HEAD + "A-1,x,Ada,Storgatan 1,Malmö,211 34,SE,MUG,2,12.50\n")
    vendor = sign_in_as(app, "vendor_owner", vendor=make_vendor_with_stock("ridge"))

    answer = vendor.get(f"/console/imports/{found.reference}/refused")

    assert answer.status_code == 403
    assert len(rows("SELECT FROM import_refusals")) == 1


def test_s49_the_name_of_a_file_is_shown_and_names_no_place(agent):
    for name, shown in (
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\orders.csv", "orders.csv"),
        ("a\r\nSet-Cookie: x.csv", "a Set-Cookie: x.csv"),
        ("", "file"),
        ("x" * 500, "x" * 120),
    ):
        with transaction(OPS):
            reference = imports.draft("orders", name, io.BytesIO(HEAD.encode()), None)
            assert queries.one(reference).filename == shown


def test_s69_ambiguous_words_are_judged_at_once():
    way = Way(ZoneInfo("UTC"))
    began = time.monotonic()
    for hostile in ("1" * 100_000, " " * 100_000, "9'" * 50_000, "A" * 100_000, ",0" * 50_000):
        assert rules.decimal_of([hostile]) is None
        for read in (rules.amount, rules.whole, rules.moment, rules.day, rules.country):
            with pytest.raises(ValueError, match="is no"):
                read(hostile, way)

    assert time.monotonic() - began < 5
