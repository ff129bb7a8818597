"""Orders as nobody would send them: taken, held or refused with a sentence, and none by halves."""

from __future__ import annotations

import copy
import csv
import io
import json
import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from app.extensions import db
from app.integrity import broken_invariants
from app.shared.work import OPS, transaction
from app.web.sheets import FORMULA
from config import MIB
from tests.conftest import TOKEN, Api, Sql
from tests.factories import describe, make_vendor_with_stock, one, order_body

numbers = count(1)
MOST_BYTES = 8 * MIB
KEY = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
FORMULAS = ("=HYPERLINK(1)", "+1", "-1+2", "@SUM(A1)", "\uff1d1+1")
# What stands in a text: NUL, emoji, right-to-left with its marks, half a letter, formulas, SQL.
TEXTS = some.one_of(
    some.text(max_size=80),
    some.sampled_from(
        (
            "a\0b",
            "",
            "   ",
            "\u200b",
            "👩‍🚀 Ada",
            "\u202eadA\u202c",
            "שלום עולם",
            "\ud800",
            "'; DROP TABLE orders; --",
            "%s{}$(id)",
            "x" * 1_001,
            *FORMULAS,
        )
    ),
)
NOT_TEXTS = some.sampled_from((None, 0, -1, 10**400, 1.5, True, [], {}, ["x"], {"x": "y"}))
ANYTHING = some.one_of(TEXTS, NOT_TEXTS)
QUANTITIES = some.one_of(
    some.integers(), some.floats(), some.sampled_from(("2", "two", None, True, 10**30, 100_001))
)
AMOUNTS = some.sampled_from(
    (
        "-1",
        "1e999999",
        "12.505",
        "12,50",
        "twelve",
        "NaN",
        "٣",
        "9" * 30,
        "0",
        12.5,
        -3,
        None,
        1e308,
    )
)
CURRENCIES = some.sampled_from(("EUR", "XXX", "eur", "EURO", "€", "BTC", 978, None))
COUNTRIES = some.sampled_from(("SE", "XX", "ZZ", "sweden", "", "s", None, "UK"))
MOMENTS = some.sampled_from(
    (
        "2026-11-23T08:00:00",
        "2026-11-23T08:00:00+01:00",
        "2026-02-30T08:00:00Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "2030-01-01T00:00:00Z",
        "yesterday",
        0,
        10**18,
        None,
    )
)
Path = tuple[str | int, ...]
# One thing that is odd about an order: where it stands, and what stands there.
ODD = some.one_of(
    *(
        some.tuples(some.sampled_from(paths), values)
        for paths, values in (
            ([("customer", "name"), ("ship_to", "name"), ("ship_to", "line1")], ANYTHING),
            ([("channel",), ("customer", "external_id"), ("customer", "email")], ANYTHING),
            ([("customer", "phone"), ("ship_to", "postal_code"), ("ship_to", "region")], ANYTHING),
            ([("lines", 0, "external_id"), ("lines", 0, "sku"), ("lines", 1, "title")], ANYTHING),
            ([("lines", 0, "options"), ("lines", 1, "vendor"), ("lines",), ("lines", 1)], ANYTHING),
            ([("preferences", "gift_message"), ("preferences",), ("payment",)], ANYTHING),
            ([("surprise",), ("customer", "is_admin"), ("lines", 0, "unrouted")], ANYTHING),
            ([("lines", 0, "quantity"), ("lines", 1, "quantity")], QUANTITIES),
            ([("lines", 0, "unit_price"), ("shipping", "price"), ("payment", "amount")], AMOUNTS),
            ([("currency",)], CURRENCIES),
            ([("ship_to", "country")], COUNTRIES),
            ([("placed_at",), ("lines", 0, "ship_by")], MOMENTS),
            ([("lines", 1, "external_id")], some.just("1")),
        )
    )
)


def order(changes: list[tuple[Path, Any]]) -> dict[str, Any]:
    """Return an order of two lines with what is odd about it."""
    lines = [
        {"external_id": name, "sku": "MUG", "title": "Mug", "quantity": 1, "unit_price": "12.50"}
        for name in ("1", "2")
    ]
    paid = {"status": "authorized", "amount": "29.90"}
    body = copy.deepcopy(order_body(f"H-{next(numbers)}", lines, payment=paid))
    body["preferences"] = {"gift_wrap": True}
    for path, value in changes:
        _put(body, path, value)
    return body


def _put(body: Any, path: Path, value: Any) -> None:
    *way, last = path
    for step in way:
        # What is odd already may have nothing there.
        is_there = isinstance(body, dict) and step in body
        is_there = is_there or (isinstance(body, list) and step in range(len(body)))
        body = body[step] if is_there else {}
    if isinstance(body, dict) or (isinstance(body, list) and last in range(len(body))):
        body[last] = value


@pytest.fixture
def rows(app: Flask, sql: Sql) -> Callable[[], dict[str, int]]:
    """How many rows each table has."""
    with db.engine.connect():
        names = [*db.metadata.tables, "idempotency", "world_clock"]
    counting = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in names)
    return lambda: dict(sql(counting))


@pytest.fixture
def browser(app: Flask, api: Api) -> FlaskClient:
    """A program with the marketplace's key; the catalog knows what is sold."""
    make_vendor_with_stock("kiln", {"MUG": 100})
    describe("MUG")
    return app.test_client()


def sent(browser: FlaskClient, path: str, body: Any, key: str = "") -> Any:
    return browser.post(
        f"/api/v1{path}",
        data=body if isinstance(body, str | bytes) else json.dumps(body),
        headers=KEY | ({"Idempotency-Key": key} if key else {}),
    )


def grown(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    return {name: after[name] - n for name, n in before.items() if after[name] != n}


def judge(answer: Any, added: Mapping[str, int], lines: int) -> None:
    """What was taken is there with all its lines; what was refused is nowhere, and named."""
    if answer.status_code == 201:
        assert (added["orders"], added["order_lines"], added["idempotency"]) == (1, lines, 1)
        assert added["timeline"] >= 1
        # An order may come without a word about its money.
        assert added.get("payments", 0) <= 1
        return
    assert answer.status_code in {400, 422}
    assert answer.content_type == "application/problem+json"
    assert answer.json["detail"]
    assert answer.status_code == 400 or answer.json["errors"]
    assert added == {}


MANY = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@given(changes=some.lists(ODD, max_size=4))
@example(changes=[])
@example(changes=[(("customer", "name"), "👩‍🚀 שלום \u202eadA")])
@example(changes=[(("lines", 1, "external_id"), "1"), (("currency",), "XXX")])
@MANY
def test_s48_s68_an_odd_order_is_taken_held_or_refused_whole(
    app: Flask, browser: FlaskClient, rows: Callable[[], dict[str, int]], changes: Any
) -> None:
    body, before = order(changes), rows()

    answer = sent(browser, "/orders", body, key=body["number"])

    judge(answer, grown(before, rows()), 2)
    with transaction(OPS):
        assert broken_invariants() == []


@given(odd=some.lists(some.lists(ODD, max_size=3), min_size=1, max_size=4))
@settings(MANY, max_examples=60)
def test_s48_s68_of_many_orders_each_is_answered_for_itself(
    app: Flask, browser: FlaskClient, rows: Callable[[], dict[str, int]], odd: Any
) -> None:
    bodies, before = [order(changes) for changes in odd], rows()

    answer = sent(browser, "/orders/batch", {"orders": bodies})

    assert answer.status_code == 200
    results, added = answer.json["results"], grown(before, rows())
    taken = [r for r in results if r["status"] == 201]
    assert len(results) == len(bodies)
    assert added.get("orders", 0) == len(taken)
    assert added.get("order_lines", 0) == 2 * len(taken)
    for result in results:
        assert result["status"] == 201 or (result["status"] == 422 and result["errors"])
    with transaction(OPS):
        assert broken_invariants() == []


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ("[" * 100_000, 400, None),
        ('{"customer":' * 900 + "{}" + "}" * 900, 422, "channel"),
        ('{"lines":[' + ",".join(["{}"] * 1_000_000) + "]}", 422, "lines"),
        ('{"orders":' + "[" + ",".join(["{}"] * 1_000_000) + "]}", 422, "lines"),
        (json.dumps({f"n{n}": n for n in range(300_000)}), 422, "body"),
        (json.dumps({"lines": [{f"n{n}": 1 for n in range(900)}] * 500}), 422, "body"),
        ('{"channel":"a","number":"N-1","channel":"b"}', 422, "channel"),
        ('{"lines":[{"sku":"MUG","quantity":1,"sku":"RUG"}]}', 422, "sku"),
        ('{"channel":NaN}', 400, None),
        ('{"number":"' + "9" * 5_000 + '"}', 422, "number"),
        ('{"number":' + "9" * 5_000 + "}", 400, None),
        ("{}", 422, "lines"),
        ("null", 422, "body"),
        ('"order"', 422, "body"),
        ("{'channel': 'a'}", 400, None),
        (b"\xff\xfe{\x00}\x00", 422, "channel"),
        (b'{"channel":"\xff"}', 400, None),
    ],
    ids=lambda value: str(value)[:24],
)
def test_s48_what_is_no_order_is_refused_at_once(
    browser: FlaskClient,
    rows: Callable[[], dict[str, int]],
    body: Any,
    status: int,
    field: str | None,
) -> None:
    before, started = rows(), time.process_time()

    answer = sent(browser, "/orders", body, key="k")

    assert time.process_time() - started < 5
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert field in [None, *(error["field"] for error in answer.json.get("errors", []))]
    assert len(answer.data) < 200_000
    assert grown(before, rows()) == {}


def test_s48_a_million_orders_at_once_are_refused_at_once(
    browser: FlaskClient, rows: Callable[[], dict[str, int]]
) -> None:
    before = rows()

    answer = sent(browser, "/orders/batch", '{"orders":[' + ",".join(["{}"] * 1_000_000) + "]}")

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == ["orders"]
    assert grown(before, rows()) == {}


def test_s48_orders_that_are_none_do_not_read_the_whole_body_anew_each(
    browser: FlaskClient, rows: Callable[[], dict[str, int]]
) -> None:
    padding = '{"pad":[' + ",".join(["{}"] * 200_000) + "]}"
    before, started = rows(), time.process_time()

    answer = sent(browser, "/orders/batch", f'{{"orders":[{"null," * 999}{padding}]}}')

    assert time.process_time() - started < 5
    assert {result["status"] for result in answer.json["results"]} == {422}
    assert len(answer.json["results"]) == 1_000
    assert grown(before, rows()) == {}


class Endless(io.RawIOBase):
    """A body that goes on for long, and knows how much of it was read."""

    def __init__(self, size: int) -> None:
        self.left, self.read_bytes = size, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        n = min(len(buffer), self.left)
        buffer[:n] = b" " * n
        self.left -= n
        self.read_bytes += n
        return n


@pytest.mark.parametrize("is_told", [True, False], ids=["length told", "length untold"])
@pytest.mark.parametrize("path", ["/orders", "/orders/batch"])
def test_s49_a_hundred_megabytes_are_refused_without_reading_them(
    browser: FlaskClient, rows: Callable[[], dict[str, int]], path: str, *, is_told: bool
) -> None:
    body, before = Endless(100 * MIB), rows()
    environ = {"wsgi.input": io.BufferedReader(body), "wsgi.input_terminated": True}
    told = {"CONTENT_LENGTH": str(100 * MIB)} if is_told else {"HTTP_TRANSFER_ENCODING": "chunked"}

    answer = browser.post(
        f"/api/v1{path}",
        headers=KEY | {"Idempotency-Key": "k"},
        environ_overrides=environ | told,
    )

    assert (answer.status_code, answer.content_type) == (413, "application/problem+json")
    assert body.read_bytes <= (0 if is_told else MOST_BYTES + MIB)
    assert grown(before, rows()) == {}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/csv"])
def test_s48_a_body_that_says_it_is_something_else_is_not_read(
    browser: FlaskClient, rows: Callable[[], dict[str, int]], kind: str
) -> None:
    before = rows()
    headers = KEY | {"Idempotency-Key": "k", "Content-Type": kind}

    answer = browser.post("/api/v1/orders", data=json.dumps(order([])), headers=headers)

    assert (answer.status_code, answer.content_type) == (415, "application/problem+json")
    assert kind in answer.json["detail"]
    assert grown(before, rows()) == {}


def test_s47_an_orders_formulas_are_text_in_the_file_that_a_sheet_opens(
    browser: FlaskClient, ops_client: FlaskClient
) -> None:
    for formula in FORMULAS:
        places = (("customer", "name"), ("customer", "external_id"), ("ship_to", "city"))
        body = order([(place, formula) for place in places])
        assert sent(browser, "/orders", body, key=body["number"]).status_code == 201

    file = ops_client.get("/console/lists/orders/export.csv", buffered=True).text

    cells = {cell for line in csv.reader(io.StringIO(file.lstrip("\ufeff"))) for cell in line}
    assert {cell for cell in cells if cell.startswith(FORMULA)} == set()
    assert {f"'{formula}" for formula in FORMULAS} <= cells


def test_s48_an_order_in_a_currency_that_does_not_exist_is_taken_and_held(
    browser: FlaskClient,
) -> None:
    answer = sent(browser, "/orders", order([(("currency",), "XXX")]), key="k")

    assert answer.status_code == 201
    assert [hold["code"] for hold in answer.json["holds"]] == ["currency"]
    assert one("SELECT held_since FROM orders").held_since is not None
