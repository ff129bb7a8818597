"""Files with orders, listings and stock: read, tried, taken in, stopped, killed, sent again."""

from __future__ import annotations

import io
import json
import threading
import time

import pytest

from app.intake import files, imports, opening, queries, rules, running
from app.intake.contract import Measure
from app.intake.registry import kinds
from app.shared.errors import IllegalMove, InvalidInput
from app.shared.work import OPS, transaction
from tests.factories import (
    line,
    make_order,
    make_vendor_with_stock,
    one,
    order_body,
    routed_order,
    rows,
    run,
)
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


def started(content: bytes) -> str:
    """Have a file begin; return its reference."""
    reference = arranged(content)
    with transaction(OPS):
        imports.start(reference, None)
    return reference


def looked_over(reference: str) -> None:
    """Have a file looked over to its end."""
    while stands(reference).status == "waiting":
        running.step(reference)


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
    before = everything()

    found = tried(arranged(content))

    assert (found.status, counts(found)) == ("done", {"taken": 1, "held": 1, "refused": 2})
    assert (found.is_dry_run, everything()) == (True, before)


def everything() -> dict[str, int]:
    """Return how many rows each table has that an order could leave one in."""
    names = (
        "orders order_lines order_holds customers promises timeline notifications checks payments"
    )
    return {name: len(rows(f"SELECT FROM {name}")) for name in names.split()}


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
    assert not rows("SELECT FROM import_parts")
    assert not rows("SELECT FROM import_names")


POINT = "where decimals stand after a point"
TIMES = "2026-11-21 10:15 or 21.11.2026 10:15"


def test_every_wrong_cell_is_named_with_its_line_and_column():
    content = csv(
        row("A-1"),
        row("A-2", quantity="two", at="11/21/2026", country="Narnia"),
        row("A-3", price="1.2.3"),
        row("A-3", "POT", quantity="0"),
    )

    found = taken(content)

    assert refusals(found) == [
        (
            3,
            "A-2",
            [
                (
                    3,
                    "Date",
                    f"'11/21/2026' is not a time; write it like {TIMES}.",
                ),
                (3, "Country", "'Narnia' is no country; write its two letters, like SE."),
                (3, "Qty", "'two' is not a whole number."),
            ],
        ),
        (
            4,
            "A-3",
            [
                (4, "Price", f"'1.2.3' is not an amount {POINT}; write it like 12.50."),
                (5, "Qty", "Input should be greater than or equal to 1"),
            ],
        ),
    ]
    assert numbers() == ["A-1"]


def test_an_order_whose_rows_do_not_stand_together_is_refused_whole():
    content = csv(row("A-1"), row("A-1", "POT"), row("A-2"), row("A-1", quantity="9"))
    tried_out = tried(arranged(content))
    found = taken(content)

    assert counts(found) == counts(tried_out) == {"taken": 1, "refused": 2}
    ending = "its rows must stand together, so none of it is taken in."
    told = [
        (2, "A-1", [(2, "", f"A-1 comes again further down; {ending}")]),
        (5, "A-1", [(5, "", f"A-1 stands in line 2 already; {ending}")]),
    ]
    assert refusals(found) == refusals(tried_out) == told
    assert numbers() == ["A-2"]


def test_an_order_is_known_to_be_scattered_however_far_apart_its_rows_are(die_at):
    """The file is looked over in parts, by workers that die; the first row came long ago."""
    apart = running.FASTER * 2
    reference = started(csv(row("A-0"), *(row(f"B-{n}") for n in range(apart)), row("A-0")))
    running.step(reference, at_once=1)
    running.step(reference, at_once=1)
    assert (stands(reference).status, numbers()) == ("waiting", [])

    die_at("before records of a file are committed")
    with pytest.raises(Died):
        run("run_imports")
    while running.step(reference, at_once=10):
        pass

    assert counts(stands(reference)) == {"taken": apart, "refused": 2}
    assert "A-0" not in numbers()


def test_a_count_that_is_said_twice_is_refused_and_none_of_them_is_chosen():
    found = taken(csv("kiln,MUG,7", "kiln,MUG,5", header="vendor,sku,on hand"), "stock")

    assert counts(found) == {"refused": 2}
    ending = "it may stand there once, so none of it is taken in."
    assert [wrong[0][2] for _line, _name, wrong in refusals(found)] == [
        f"kiln main MUG comes again further down; {ending}",
        f"kiln main MUG stands in line 2 already; {ending}",
    ]


def test_the_rows_of_an_order_may_leave_what_the_first_says_and_not_say_otherwise():
    first, blank = row("A-1"), ",,,,,,,,POT,1,30.00"

    good = taken(csv(first, blank, row("A-2"), row("A-2", "POT", name="Bo Ek")))

    assert counts(good) == {"taken": 1, "refused": 1}
    assert refusals(good) == [
        (4, "A-2", [(5, "Name", "'Bo Ek' is not what line 4 says of the same.")])
    ]
    assert [r.sku for r in rows("SELECT sku FROM order_lines ORDER BY sku")] == ["MUG", "POT"]


def test_sheets_of_other_countries_are_read_as_they_are_meant():
    header = HEADER.replace(",", ";") + ";Total;Financial Status"
    cells = row("A-1", price="1.234,50", at="21.11.2026 10:15").replace(",", ";")
    content = f"\ufeff{header}\r\n{cells.replace('1.234;50', '1.234,50')};2.469,00;paid\r\n"

    found = taken(content.encode())

    assert counts(found) == {"taken": 1}
    order = one("SELECT items_minor, placed_at, id FROM orders")
    assert (order.items_minor, order.placed_at.isoformat()) == (246900, "2026-11-21T10:15:00+00:00")
    assert one("SELECT captured_minor FROM payments").captured_minor == 246900


# How numbers are written ----------------------------------------------------------------------


def semicolons(*lines: str) -> bytes:
    """Return a file with semicolons, so that commas are free for decimals."""
    content = csv(*lines).decode().replace(",", ";").replace("_", ",")
    return content.encode()


def test_one_comma_among_points_makes_no_price_a_hundredfold():
    content = semicolons(row("A-1", price="12_50"), row("A-2", price="12.50"), row("A-3"))

    assert stands(drafted(content)).fixed["decimal"] == ""
    with pytest.raises(InvalidInput) as refusal:
        arranged(content)
    found = taken(content, decimal=".")

    assert refusal.value.fields == {"decimal": rules.TWO_SIGNS}
    assert refusals(found) == [
        (2, "A-1", [(2, "Price", f"'12,50' is not an amount {POINT}; write it like 12.50.")])
    ]
    assert {r.items_minor for r in rows("SELECT items_minor FROM orders")} == {2500}


def test_how_the_last_file_of_the_same_columns_was_written_is_not_remembered():
    taken(semicolons(row("A-1", price="12.50")), decimal=".")
    reference = drafted(semicolons(row("A-2", price="12_50")))

    assert stands(reference).fixed["decimal"] == ","


def test_a_sign_that_the_file_contradicts_is_refused():
    with pytest.raises(InvalidInput) as refusal:
        arranged(semicolons(row("A-1", price="12_50"), row("A-2", price="1.234")), decimal=".")

    assert refusal.value.fields == {"decimal": "Its first numbers have decimals after a comma."}


@pytest.mark.parametrize(("sign", "minor"), [(".", 123_00), (",", 123_000_00)])
def test_numbers_that_can_be_read_in_two_ways_are_asked_about(sign, minor):
    content = csv(row("A-1", price="123.000", quantity="1"))
    with pytest.raises(InvalidInput) as refusal:
        arranged(content)

    found = taken(content, decimal=sign)

    assert refusal.value.fields == {"decimal": rules.TWO_WAYS}
    assert (counts(found), one("SELECT items_minor FROM orders").items_minor) == (
        {"taken": 1},
        minor,
    )


def test_a_number_that_comes_late_is_not_read_in_one_of_two_ways():
    """The first rows told nothing; read after a point, 1.000 would be one unit."""
    before = [row("A-1", price="12") for _ in range(opening.LOOKED_AT)]
    found = taken(
        csv(*before, row("B-1", quantity="1.000", price="1.250"), row("B-2", price="8.5"))
    )

    doubt = "can be read in two ways; say whether decimals stand after a point or a comma."
    assert refusals(found)[1][2] == [
        (opening.LOOKED_AT + 2, "Qty", f"'1.000' {doubt}"),
        (opening.LOOKED_AT + 2, "Price", f"'1.250' {doubt}"),
    ]
    assert one("SELECT items_minor FROM orders").items_minor == 1700


def test_a_column_that_is_chosen_by_hand_tells_how_its_numbers_are_written():
    """What was guessed of the columns that were guessed says nothing of it."""
    content = semicolons(row("A-1", price="12_50")).replace(b"Price", b"Betrag")
    reference = drafted(content)
    with transaction(OPS):
        mapping = queries.one(reference).mapping | {"lines.unit_price": "Betrag"}
        imports.arrange(reference, mapping, {"channel": "web"}, None)

    assert stands(reference).fixed["decimal"] == ","


def test_a_file_that_is_tried_out_shows_what_its_first_records_are_read_as():
    reference = arranged(
        csv(
            row("A-1"),
            row("A-1", "POT", "1", "1234.50"),
            row("A-2", quantity="two"),
            row("A-3"),
            row("A-4", "POT"),
            row("A-3"),
            *(row(f"B-{n}") for n in range(9)),
        )
    )
    tried(reference)

    measure = kinds()["orders"].measure
    with transaction(OPS):
        found = [(one.name, measure(one.form)) for one in opening.first(queries.one(reference))]

    assert found[0] == ("A-1", Measure(3, 125_950, "EUR"))
    assert [name for name, _ in found] == ["A-1", "A-4", *(f"B-{n}" for n in range(3))]


def test_the_mark_that_figures_are_text_is_no_part_of_them():
    found = taken(csv(row("'1001", zip="'211 34")))

    assert counts(found) == {"taken": 1}
    order = one("SELECT number, ship_to ->> 'postal_code' AS zip FROM orders")
    assert tuple(order) == ("1001", "211 34")


def test_formulas_are_kept_as_the_text_they_are():
    found = taken(csv(row("A-1", name='"=1+1"'), row("A-2", name='"\'=1+1"', email="b@x.org")))

    assert counts(found) == {"taken": 2}
    assert {r.name for r in rows("SELECT name FROM customers")} == {"=1+1"}


def test_json_lines_are_orders_in_the_words_of_the_api():
    body = order_body("A-1")
    del body["channel"]
    wrong = body | {"number": "A-2", "lines": [line(quantity=0)], "error": "mended"}
    told = [json.dumps(body), "", "{broken", json.dumps(wrong), "[1]"]

    found = taken("\n".join(told).encode())

    assert counts(found) == {"taken": 1, "refused": 3}
    assert refusals(found) == [
        (3, "", [(3, "", "It is not JSON.")]),
        (4, "A-2", [(4, "lines.0.quantity", "Input should be greater than or equal to 1")]),
        (5, "", [(5, "", "It is not a JSON object.")]),
    ]


@pytest.mark.parametrize("name", ["quantity", "\0", "\ud800"])
def test_a_name_that_stands_twice_in_a_line_of_json_is_refused(name):
    body = json.dumps(order_body("A-1"))
    said = json.dumps(name)
    twice = body.replace('"quantity": ', f"{said}: 9, {said}: ", 1)

    found = taken("\n".join([twice, json.dumps(order_body("A-2"))]).encode())

    assert refusals(found) == [(1, "", [(1, "", f"{said} stands twice in one object.")])]
    assert numbers() == ["A-2"]


def test_customers_are_told_of_their_orders_only_if_that_was_chosen():
    quiet = taken(csv(row("A-1")))
    told = taken(csv(row("A-2", email="bo@example.org")), tells="yes")

    assert counts(quiet) == counts(told) == {"taken": 1}
    messages = rows("SELECT recipient FROM notifications WHERE template = 'order_received'")
    assert [m.recipient for m in messages] == ["bo@example.org"]


def test_an_order_that_is_here_with_other_content_is_refused_and_stays():
    taken(csv(row("A-1")))

    again = taken(csv(row("A-1", quantity="9")))

    assert counts(again) == {"refused": 1}
    assert "exists as OR-" in refusals(again)[0][2][0][2]
    assert one("SELECT quantity FROM order_lines").quantity == 2


# Killed, twice, stopped ----------------------------------------------------------------------


def test_a_worker_that_dies_loses_nothing_and_doubles_nothing(die_at):
    reference = started(csv(*(row(f"A-{n}") for n in range(5)), row("A-9", quantity="0")))
    looked_over(reference)
    running.step(at_once=2)

    die_at("before records of a file are committed")
    with pytest.raises(Died):
        run("run_imports")
    assert numbers() == ["A-0", "A-1"]
    run("run_imports")
    run("run_imports")

    found = stands(reference)
    assert (counts(found), found.seen) == ({"taken": 5, "refused": 1}, 6)
    assert numbers() == [f"A-{n}" for n in range(5)]
    assert len(rows("SELECT FROM import_refusals")) == 1


def test_a_worker_that_dies_while_trying_leaves_nothing(die_at):
    reference = arranged(csv(row("A-1")))
    with transaction(OPS):
        imports.try_out(reference, None)

    die_at("before records of a file are committed")
    with pytest.raises(Died):
        run("run_imports")
    assert counts(stands(reference)) == {}
    run("run_imports")

    assert counts(stands(reference)) == {"taken": 1}
    assert numbers() == []


def test_two_workers_take_a_file_once(app):
    reference = started(csv(*(row(f"A-{n}") for n in range(30))))

    def work() -> None:
        with app.app_context():
            while stands(reference).due_at:
                running.step(at_once=3)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counts(stands(reference)) == {"taken": 30}
    assert len(numbers()) == 30


def test_what_is_stopped_stays_as_far_as_it_came():
    reference = started(csv(*(row(f"A-{n}") for n in range(9))))
    looked_over(reference)
    running.step(at_once=2)

    with transaction(OPS):
        assert imports.cancel(reference, None)
        assert imports.cancel(reference, None)
    run("run_imports")

    found = stands(reference)
    assert (found.status, counts(found)) == ("canceled", {"taken": 2})
    assert not rows("SELECT FROM import_parts")


def test_one_bad_record_does_not_hold_up_the_others():
    # PostgreSQL takes no number that large, and says so of the whole statement.
    huge = row("A-2", price="9999999999")
    found = taken(csv(row("A-1"), huge, row("A-3")))

    assert (numbers(), counts(found)) == (["A-1", "A-3"], {"taken": 2, "refused": 1})


def test_a_file_that_fails_lets_others_pass_and_ends_after_some_tries(sql):
    broken, good = started(csv(row("A-1"))), started(csv(row("B-1")))
    sql("UPDATE imports SET header = '5' WHERE reference = %s", broken)

    run("run_imports")
    assert (stands(broken).status, stands(good).status) == ("waiting", "done")
    assert stands(broken).due_at > stands(good).ended_at
    for _ in range(running.MOST_TRIES - 1):
        sql("UPDATE imports SET due_at = now() WHERE due_at IS NOT NULL")
        run("run_imports")

    found = stands(broken)
    assert (found.status, found.due_at, numbers()) == ("failed", None, ["B-1"])
    assert found.problem.startswith("Something went wrong after line 1, 5 times.")
    letter = one("SELECT * FROM dead_letters")
    assert (letter.job, letter.subject) == ("run_imports", f"import {broken}")
    assert letter.reason.startswith("TypeError: ")
    assert rows("SELECT FROM checks WHERE watcher = 'run_imports'") == []


def test_somebody_goes_back_and_arranges_a_file_anew():
    reference = arranged(csv(row("A-1")), channel="shop-one")
    tried(reference)

    with transaction(OPS):
        imports.go_back(reference, None)
        row_ = queries.one(reference)
        imports.arrange(reference, row_.mapping, row_.fixed | {"channel": "shop-two"}, None)
    tried(reference)
    with transaction(OPS):
        imports.start(reference, None)
    run("run_imports")

    assert [r.channel for r in rows("SELECT channel FROM orders")] == ["shop-two"]
    with transaction(OPS), pytest.raises(IllegalMove):
        imports.go_back(reference, None)


# What is no file of ours ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04rest", "The file is a workbook or a ZIP archive, not text."),
        ("Order,Date\n".encode("utf-16"), "The file is written in UTF-16, not text."),
        (b"Order,Date\nA,\xe9t\xe9\n", "Line 2, byte 14: 0xE9 is not UTF-8."),
        (b"Order,Date\nA,b\0c\n", "Line 2, byte 15: is a NUL."),
        (b"Order,Date\nA,\xc3", "Line 2, byte 14: 0xC3 is not UTF-8."),
        (b'[{"number": 1}]', "Write each record on a line of its own (JSON lines)"),
        (b"\n\n", "The file has no rows."),
        (b"Order,Date\rA,B\r", "Its lines do not end."),
        (b"a," * 300 + b"\n1\n", "The file has 301 columns; 200 is the most."),
        (b"x" * (2 * 1024 * 1024), "Line 1 is longer than 1 MB."),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(content, said):
    with pytest.raises(InvalidInput) as refusal:
        drafted(content)

    assert said in (refusal.value.fields.get("file") or refusal.value.detail)
    assert rows("SELECT FROM imports UNION ALL SELECT FROM import_parts") == []


def test_a_letter_may_lie_where_pieces_meet_and_a_byte_that_is_none_is_found():
    before = b"Order,Date\n".ljust(files.PART - 2, b"\n") + b"A"

    good = drafted(before + "Ä,b\n".encode())
    with pytest.raises(InvalidInput, match="not taken") as refusal:
        drafted(before + b"\xc3,b\n")

    assert stands(good).size == files.PART + 4
    said = f"Line {files.PART - 11}, byte {files.PART:,}: 0xC3 is not UTF-8."
    assert refusal.value.fields["file"].startswith(said)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (['"A-3,x', row("A-4")], "Lines 4 to 5 cannot be read"),
        (['"A-3"x,y'], "Line 4 cannot be read: ',' expected after '\"'."),
        (["x" * 200_000], "Line 4 cannot be read: field larger than field limit"),
        (["x" * 2_000_000], "Line 4 is longer than 1 MB."),
    ],
)
def test_of_a_file_that_cannot_be_read_to_its_end_nothing_is_taken(lines, problem):
    # Nobody knows whether an order before that line goes on in it, or after it.
    content = csv(row("A-1"), row("A-2"), *lines)
    tried_out, found = tried(arranged(content)), taken(content)

    assert (found.status, found.seen, counts(found), numbers()) == ("failed", 0, {}, [])
    assert problem in found.problem
    assert (tried_out.status, tried_out.problem) == ("failed", found.problem)


def test_a_row_of_too_many_cells_is_refused_alone():
    found = taken(csv(row("A-1") + ",x", row("A-2")))

    assert refusals(found) == [(2, "A-1", [(2, "", "Line 2 has 12 cells, the header has 11.")])]
    assert numbers() == ["A-2"]


def test_an_order_of_a_thousand_rows_is_refused_and_not_held_in_memory():
    found = taken(csv(*(row("A-1") for _ in range(1_000)), row("A-2")))

    assert refusals(found) == [(2, "A-1", [(2, "", "It has more than 500 rows.")])]
    assert numbers() == ["A-2"]


# Listings and stock ----------------------------------------------------------------------------


def test_listings_are_taken_in_and_known_when_nothing_differs():
    content = csv(
        "kiln,BOWL,Bowl,4.20,7", "nobody,CUP,Cup,1.00,1", header="vendor,sku,title,cost,stock"
    )

    first, again = taken(content, "listings"), taken(content, "listings")

    assert (counts(first), counts(again)) == (
        {"taken": 1, "refused": 1},
        {"known": 1, "refused": 1},
    )
    problem = "Vendor 'nobody' has no location 'main'."
    assert refusals(first) == [(3, "nobody main CUP", [(3, "", problem)])]
    bowl = one(
        "SELECT l.cost_minor, s.on_hand FROM listings l JOIN stock s ON s.listing_id = l.id"
        " WHERE l.sku = 'BOWL'"
    )
    assert tuple(bowl) == (420, 7)


def test_stock_is_counted_and_a_count_below_what_is_held_is_refused_alone(app):
    routed_order("A-1")
    content = csv("kiln,MUG,1", "kiln,POT,5", "kiln,CUP,1", header="vendor;sku;on hand").replace(
        b",", b";"
    )

    found = taken(content, "stock")

    assert counts(found) == {"taken": 1, "refused": 2}
    told = {name: wrong[0][2] for _line, name, wrong in refusals(found)}
    assert told == {
        "kiln main MUG": "MUG has 2 units held for orders; decline those first.",
        "kiln main CUP": "There is no listing of CUP at main of kiln.",
    }


# What is left of files -------------------------------------------------------------------------


def test_files_and_refusals_are_put_away_when_nobody_needs_them_any_more(sql):
    draft = drafted(csv(row("A-1")))
    done = taken(csv(row("A-1"), row("A-2", quantity="0")))
    sql("UPDATE imports SET made_at = made_at - interval '8 days'")
    run("keep_house")
    assert [r.reference for r in rows("SELECT reference FROM imports")] == [done.reference]
    assert draft not in {r.reference for r in rows("SELECT reference FROM imports")}
    assert len(rows("SELECT FROM import_refusals")) == 1

    sql("UPDATE imports SET ended_at = ended_at - interval '31 days'")
    run("keep_house")
    assert rows("SELECT FROM import_refusals") == []

    sql("UPDATE imports SET ended_at = ended_at - interval '366 days'")
    run("keep_house")
    assert rows("SELECT FROM imports") == []


def test_two_thousand_orders_are_taken_in_within_seconds():
    reference = started(csv(*(row(f"A-{n}") for n in range(2_000))))

    began = time.monotonic()
    run("run_imports")
    run("run_imports")

    # A busy machine of two cores takes in some hundreds a second.
    assert time.monotonic() - began < 30
    assert counts(stands(reference)) == {"taken": 2_000}
