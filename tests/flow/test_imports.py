"""Files with orders, listings and stock: read, tried, taken in, stopped, killed, sent again."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest

from app.intake import imports, queries, running
from app.shared.errors import IllegalMove, InvalidInput, NotAllowed
from app.shared.work import OPS, transaction
from tests.factories import make_order, make_vendor_with_stock, one, rows, run
from tests.flow.conftest import Died

HEADER = "Order,Date,Name,Email,Address1,City,Zip,Country,SKU,Qty,Price"


def row(number: str, sku: str = "MUG", quantity: str = "2", price: str = "12.50", **changes: str):
    """Return one row of a shop's export."""
    told = {
        "number": number,
        "at": "2026-11-21T10:15:00+01:00",
        "name": "Ada Lind",
        "email": "ada@example.org",
        "street": "Storgatan 1",
        "city": "Malmö",
        "zip": "211 34",
        "country": "SE",
        "sku": sku,
        "quantity": quantity,
        "price": price,
    } | changes
    return ",".join(told.values())


def csv(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *lines, ""]).encode()


def drafted(content: bytes, kind: str = "orders", name: str = "orders.csv") -> str:
    with transaction(OPS):
        return imports.draft(kind, name, io.BytesIO(content), None)


def arranged(content: bytes, kind: str = "orders", **fixed: str) -> str:
    """Keep a file and arrange it as it was guessed; return its reference."""
    reference = drafted(content, kind)
    with transaction(OPS):
        row = queries.one(reference)
        given = {"channel": "webshop"} if kind == "orders" else {}
        imports.arrange(reference, row.mapping, row.fixed | given | fixed, None)
    return reference


def taken(content: bytes, kind: str = "orders", **fixed: str):
    """Take a file in; return how it stands."""
    reference = arranged(content, kind, **fixed)
    with transaction(OPS):
        imports.start(reference, None)
    run("run_imports")
    return stands(reference)


def tried(reference: str):
    with transaction(OPS):
        imports.try_out(reference, None)
    run("run_imports")
    return stands(reference)


def stands(reference: str):
    return one("SELECT * FROM imports WHERE reference = :reference", reference=reference)


def counts(found) -> dict[str, int]:
    names = ("taken", "known", "held", "refused")
    return {name: n for name in names if (n := getattr(found, name))}


def refusals(found) -> list[tuple[int, str, list[tuple[int, str, str]]]]:
    found = rows(
        "SELECT * FROM import_refusals WHERE import_id = :id ORDER BY position", id=found.id
    )
    return [
        (r.line, r.name, [(e["line"], e["column"], e["problem"]) for e in r.errors]) for r in found
    ]


def numbers() -> list[str]:
    return [r.number for r in rows("SELECT number FROM orders ORDER BY number")]


@pytest.fixture(autouse=True)
def goods(app):
    make_vendor_with_stock(stock={"MUG": 1000, "POT": 1000})


def test_a_shops_export_is_taken_in_with_the_rows_of_an_order_together():
    found = taken(csv(row("A-1"), row("A-1", "POT", "1", "30.00"), row("A-2")))

    assert (found.status, counts(found)) == ("done", {"taken": 2})
    assert [tuple(r) for r in rows("SELECT number, items_minor FROM orders ORDER BY 1")] == [
        ("A-1", 5500),
        ("A-2", 2500),
    ]
    lines = rows("SELECT external_id, sku, quantity FROM order_lines ORDER BY sku, external_id")
    assert [tuple(line) for line in lines] == [("1", "MUG", 2), ("1", "MUG", 2), ("2", "POT", 1)]


def test_the_same_file_again_is_known_already():
    content = csv(row("A-1"), row("A-2"))
    taken(content)

    again = taken(content)

    assert counts(again) == {"known": 2}
    assert numbers() == ["A-1", "A-2"]


def test_trying_a_file_out_says_what_would_be_and_changes_nothing():
    make_order("A-2")
    content = csv(row("A-1"), row("A-2"), row("A-3", "NOBODY-SELLS-IT"), row("A-4", quantity="two"))

    found = tried(arranged(content))

    assert (found.status, counts(found)) == ("done", {"taken": 1, "held": 1, "refused": 2})
    assert (numbers(), found.is_dry_run) == (["A-2"], True)
    assert not rows("SELECT FROM checks WHERE subject_id NOT IN (SELECT id FROM orders)")


def test_what_was_tried_out_is_taken_in_after_that():
    reference = arranged(csv(row("A-1"), row("A-2", quantity="0")))
    first = tried(reference)

    with transaction(OPS):
        imports.start(reference, None)
        imports.start(reference, None)
    run("run_imports")

    found = stands(reference)
    assert counts(first) == counts(found) == {"taken": 1, "refused": 1}
    assert (found.is_dry_run, found.total, numbers()) == (False, 2, ["A-1"])
    assert not rows("SELECT FROM import_parts UNION ALL SELECT FROM import_names")
