"""Many rows in one statement, and many statements in one journey."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.checks.models import Check
from app.customers.models import Customer
from app.extensions import db
from app.notices.models import Notice
from app.shared import bulk, ids, work
from app.shared.work import ACCOUNTS, OPS, transaction
from tests.factories import rows

ODD = 'a "quoted" \\ word, {braces}, NULL and ünïcode'


def customer(name: str, **changes: Any) -> dict[str, Any]:
    row = {"id": ids.new(), "channel": "webshop", "external_id": name, "name": name}
    return row | {"email": None} | changes


def notice(**facts: Any) -> dict[str, Any]:
    row = {"id": ids.new(), "audience": "ops", "kind": "mention", "subject": "OR-1"}
    with transaction(OPS) as now:
        return row | {"facts": facts, "once": str(row["id"]), "at": now}


def check(order_id: UUID, at: datetime) -> dict[str, Any]:
    row = {"subject_id": ids.new(), "watcher": "watch", "subject_kind": "order"}
    return row | {"order_id": order_id, "next_check_at": at}


def names() -> list[str]:
    return [row.name for row in rows("SELECT name FROM customers ORDER BY external_id")]


@pytest.mark.parametrize("many", [1, 3])
def test_one_row_and_many_arrive_as_they_are(many):
    told = [notice(words=ODD, none=None, list=[1, {"a": ODD}]) for _ in range(many)]

    with transaction(OPS):
        bulk.insert(Notice, told)

    with transaction(ACCOUNTS):
        found = {row.id: row for row in db.session.scalars(select(Notice))}
    assert {key: row.facts for key, row in found.items()} == {n["id"]: n["facts"] for n in told}
    assert {row.at for row in found.values()} == {n["at"] for n in told}


@pytest.mark.parametrize("many", [1, 3])
def test_what_is_returned_is_what_was_written(many):
    new = [customer(f"C-{n}") for n in range(many)]

    with transaction(OPS):
        found = bulk.insert(Customer, new, returning="id, external_id")

    assert {(row.id, row.external_id) for row in found} == {
        (c["id"], c["external_id"]) for c in new
    }


@pytest.mark.parametrize("many", [1, 3])
def test_rows_change_by_their_key(many):
    new = [customer(f"C-{n}") for n in range(many)]
    with transaction(OPS):
        bulk.insert(Customer, [*new, customer("C-9")])
        bulk.update(Customer, [{"id": c["id"], "name": ODD} for c in new], key="id")

    assert names() == [ODD] * many + ["C-9"]


def test_what_is_written_together_is_written_in_its_order():
    one = customer("C-1")

    with transaction(OPS), bulk.together():
        bulk.insert(Customer, [one])
        with bulk.together():
            bulk.update(Customer, [{"id": one["id"], "name": "second"}], key="id")
        bulk.update(Customer, [{"id": one["id"], "email": "third@example.org"}], key="id")
        assert db.session.get(Customer, one["id"]) is None

    (found,) = rows("SELECT name, email FROM customers")
    assert (found.name, found.email) == ("second", "third@example.org")


def test_an_error_of_one_is_the_applications_and_none_of_them_stays():
    with pytest.raises(IntegrityError), transaction(OPS), bulk.together():  # noqa: PT012 - at its end
        bulk.insert(Customer, [customer("C-1")])
        bulk.insert(Customer, [customer("C-1")])
        bulk.insert(Customer, [customer("C-2")])

    assert names() == []
    with transaction(OPS):
        bulk.insert(Customer, [customer("C-1")])
    assert names() == ["C-1"]


def test_of_a_block_that_fails_nothing_is_sent():
    with transaction(OPS):
        with suppress(ZeroDivisionError), bulk.together():
            bulk.insert(Customer, [customer("C-1")])
            raise ZeroDivisionError
        bulk.insert(Customer, [customer("C-2")])

    assert names() == ["C-2"]


def test_what_hangs_on_a_row_that_is_there_already_is_left_out():
    there, new = customer("C-1"), customer("C-2")
    first = bulk.Leader("customers", hanging_by="order_id")
    with transaction(OPS) as now:
        bulk.insert(Customer, [there])
        with bulk.together(led_by=first) as written:
            again = {**there, "id": ids.new()}
            once = bulk.Ties("ON CONFLICT DO NOTHING", shown="id")
            bulk.insert_tied(Customer, [again, new], once)
            bulk.insert(Check, [check(again["id"], now), check(new["id"], now)])

    assert written == {new["id"]}
    assert [row.order_id for row in rows("SELECT order_id FROM checks")] == [new["id"]]


def test_what_is_written_together_is_one_statement(sql):
    told = notice()

    with transaction(OPS), bulk.together():
        bulk.insert(Customer, [customer("C-1")])
        bulk.insert(Notice, [told])
        bulk.insert(Customer, [customer("C-2")])

    commands = sql("SELECT cmin::text FROM customers UNION ALL SELECT cmin::text FROM notices")
    assert (len(commands), len(set(commands))) == (3, 1)


def test_questions_are_answered_each_by_its_own_values():
    sql = "SELECT n FROM generate_series(1, %(most)s) n ORDER BY n DESC"

    def numbers(rows: Sequence[Any]) -> list[int]:
        return [row.n for row in rows]

    with transaction(OPS):
        found = work.answers(*(work.Question(sql, {"most": most}, numbers) for most in (2, 0, 3)))

    assert found == [[2, 1], [], [3, 2, 1]]


def test_what_is_only_rehearsed_is_undone():
    with transaction(OPS):
        bulk.insert(Customer, [customer("C-1")])
        with work.rehearsed():
            bulk.insert(Customer, [customer("C-2")])

    assert names() == ["C-1"]
