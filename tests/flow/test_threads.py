"""Notes: written once, seen by whom they are for, and told to whom they name."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from app.shared import ids
from app.shared.errors import InvalidInput, NotFound
from app.shared.work import OPS, transaction, vendor_scope
from app.threads import queries, service
from app.threads.contract import Draft, Drawn, Known, Thread, Visibility, Written
from app.threads.photos import draw
from app.unit import Scope
from tests.conftest import NOW
from tests.factories import line, make_vendor_with_stock, one, references, routed_order, rows
from tests.people import make_person
from tests.pictures import photo


@dataclass(frozen=True)
class House:
    """An order that two vendors fulfill, and people of all three."""

    thread: Thread
    kiln: UUID
    ridge: UUID
    imani: Known
    jonas: Known
    noor: Known
    bo: Known

    @property
    def everybody(self) -> list[Known]:
        return [self.imani, self.jonas, self.noor, self.bo]

    @property
    def work(self) -> str:
        found = one("SELECT reference FROM fulfillment_orders WHERE vendor_id = :id", id=self.kiln)
        return str(found.reference)


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def house(app: Flask) -> House:
    kiln, ridge = (
        make_vendor_with_stock(code, {sku: 50})
        for code, sku in (("kiln", "MUG"), ("ridge", "LAMP"))
    )
    key = routed_order("A-1", [line("MUG"), line("LAMP", name="2")])
    assert len(references(key)) == 2
    row = one("SELECT id, cohort, reference, number FROM orders")

    def known(role: str, name: str, vendor: UUID | None = None) -> Known:
        return Known(make_person(role, name, vendor=vendor), name, role, vendor)

    return House(
        Thread(row.id, row.cohort, row.reference, row.number),
        kiln,
        ridge,
        known("ops_agent", "Imani Brooks"),
        known("ops_lead", "Jonas Weber"),
        known("vendor_staff", "Noor Aziz", kiln),
        known("vendor_staff", "Bo Ek", ridge),
    )


def to_vendor(house: House, body: str = "The hub is closed.", *photos: Drawn) -> Draft:
    return Draft(
        body=body,
        once=ids.new(),
        visibility=Visibility.VENDOR,
        vendor_id=house.kiln,
        work=house.work,
        photos=photos,
    )


def internal(body: str = "A wedding list.", *photos: Drawn) -> Draft:
    return Draft(body=body, once=ids.new(), visibility=Visibility.INTERNAL, photos=photos)


def write(house: House, draft: Draft, author: Known) -> Written:
    scope = vendor_scope(author.vendor_id) if author.vendor_id else OPS
    with transaction(scope) as now:
        return service.write(draft, house.thread, author, house.everybody, now)


def bodies(house: House, scope: Scope) -> list[str]:
    with transaction(scope):
        return [row.body for row in queries.notes_of(house.thread.order_id).rows]


def notices() -> list[tuple[str, str, str]]:
    found = rows_of(
        "SELECT audience, kind, subject FROM notices WHERE kind IN ('mention', 'note')"
        " ORDER BY kind, id"
    )
    return [(row.audience, row.kind, row.subject) for row in found]


def rows_of(query: str) -> list[object]:
    from app.shared.work import PLATFORM  # noqa: PLC0415 - ops read no notices

    with transaction(PLATFORM):
        return list(db.session.execute(text(query)))


def test_a_note_is_kept_as_it_was_written(house: House) -> None:
    write(house, internal("  One\r\ntwo  "), house.imani)

    with transaction(OPS):
        (row,) = queries.notes_of(house.thread.order_id).rows
    assert (row.body, row.author, row.author_role) == ("  One\ntwo", "Imani Brooks", "ops_agent")
    assert (row.visibility, row.vendor_id, row.at) == ("internal", None, NOW)


def test_the_same_form_twice_is_one_note_and_tells_once(house: House) -> None:
    draft = to_vendor(house, "@Jonas Weber, see this.", draw("a.jpg", photo()))

    write(house, draft, house.imani)
    write(house, draft, house.imani)

    assert one("SELECT count(*) AS n FROM notes").n == 1
    assert one("SELECT count(*) AS n FROM photos").n == 1
    assert one("SELECT count(*) AS n FROM timeline WHERE event = 'note_added'").n == 1
    assert len(notices()) == 2


def test_two_browsers_that_send_one_form_write_one_note(app: Flask, house: House) -> None:
    draft, errors = internal(), list[BaseException]()

    def send() -> None:
        try:
            with app.app_context():
                write(house, draft, house.imani)
        except BaseException as error:  # noqa: BLE001 - told by the test
            errors.append(error)

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert one("SELECT count(*) AS n FROM notes").n == 1


def test_each_vendor_sees_the_notes_that_are_for_it_and_no_others(house: House) -> None:
    write(house, internal("internal"), house.imani)
    write(house, to_vendor(house, "for kiln"), house.imani)
    write(house, to_vendor(house, "by kiln"), house.noor)
    for_ridge = replace(to_vendor(house, "for ridge"), vendor_id=house.ridge)
    write(house, for_ridge, house.bo)

    assert bodies(house, OPS) == ["for ridge", "by kiln", "for kiln", "internal"]
    assert bodies(house, vendor_scope(house.kiln)) == ["by kiln", "for kiln"]
    assert bodies(house, vendor_scope(house.ridge)) == ["for ridge"]


def test_the_database_itself_counts_no_other_note_or_photo_for_a_vendor(house: House) -> None:
    write(house, internal("x", draw("a.jpg", photo())), house.imani)
    write(house, to_vendor(house, "y", draw("b.jpg", photo())), house.imani)
    (mine,) = rows("SELECT id FROM photos WHERE vendor_id IS NOT NULL")
    (internals,) = rows("SELECT id FROM photos WHERE vendor_id IS NULL")

    with transaction(vendor_scope(house.kiln)):
        assert queries.photo(mine.id).name == "b.jpg"
        with pytest.raises(NotFound):
            queries.photo(internals.id)
    with transaction(vendor_scope(house.ridge)):
        for table in ("notes", "photos"):
            assert db.session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
        with pytest.raises(NotFound):
            queries.photo(mine.id)


@pytest.mark.parametrize(
    "change",
    [
        {"visibility": Visibility.INTERNAL, "vendor_id": None},
        {"visibility": Visibility.CUSTOMER, "vendor_id": None},
    ],
)
def test_a_vendor_cannot_write_what_it_may_not_read(
    house: House, change: dict[str, object]
) -> None:
    with pytest.raises(DBAPIError, match="row-level security"):
        write(house, replace(to_vendor(house), **change), house.noor)  # type: ignore[arg-type]
    with pytest.raises(DBAPIError, match="row-level security"):
        write(house, replace(to_vendor(house), vendor_id=house.ridge), house.noor)

    assert rows("SELECT 1 FROM notes") == []
    assert rows("SELECT 1 FROM timeline WHERE event = 'note_added'") == []


@pytest.mark.parametrize("role", ["onward_ops", "onward_vendor"])
def test_a_note_is_never_changed_or_taken_away(house: House, role: str) -> None:
    write(house, to_vendor(house), house.imani)
    scope = Scope(role, house.kiln)

    for act in ("UPDATE notes SET body = 'x'", "DELETE FROM notes", "DELETE FROM photos"):
        with pytest.raises(DBAPIError, match="permission denied"), transaction(scope):
            db.session.execute(text(act))


def test_whoever_is_named_is_told_and_the_writer_is_not(house: House) -> None:
    written = write(house, internal("@jonas and @Imani Brooks and @Zoe"), house.imani)

    assert written == Written(("Jonas Weber",), ("@Zoe",))
    assert notices() == [(f"person:{house.jonas.id}", "mention", house.thread.reference)]


def test_an_internal_note_names_nobody_of_a_vendor(house: House) -> None:
    written = write(house, internal("@Noor Aziz must not know"), house.imani)

    assert written == Written((), ("@Noor",))
    assert notices() == []


def test_a_note_to_a_vendor_tells_it_and_names_its_people_only(house: House) -> None:
    written = write(house, to_vendor(house, "@Noor Aziz, not @Bo Ek"), house.imani)

    assert written == Written(("Noor Aziz",), ("@Bo",))
    assert notices() == [
        (f"person:{house.noor.id}", "mention", house.work),
        (f"vendor:{house.kiln}", "note", house.work),
    ]


def test_a_vendors_note_tells_ops_by_the_orders_own_name(house: House) -> None:
    write(house, to_vendor(house, "@Imani, one is cracked."), house.noor)

    assert notices() == [
        (f"person:{house.imani.id}", "mention", house.thread.reference),
        ("ops", "note", house.thread.reference),
    ]


def test_a_note_stands_in_the_orders_story_without_its_words(house: House) -> None:
    write(house, to_vendor(house, "words", draw("a.jpg", photo())), house.noor)

    entry = one("SELECT actor, facts FROM timeline WHERE event = 'note_added'")
    assert entry.actor == "Noor Aziz"
    assert entry.facts == {"visibility": "vendor", "photos": 1}


def test_nothing_is_written_where_a_part_is_refused(house: House) -> None:
    five = [draw("a.jpg", photo())] * 5

    for draft in (internal(""), internal("x" * 4001), internal("x", *five)):
        with pytest.raises(InvalidInput):
            write(house, draft, house.imani)

    assert rows("SELECT 1 FROM notes") == []
    assert rows("SELECT 1 FROM photos") == []


def test_a_long_thread_shows_its_newest_and_says_how_many_more(house: House) -> None:
    for n in range(4):
        write(house, internal(f"note {n}"), house.imani)

    with transaction(OPS):
        notes = queries.notes_of(house.thread.order_id, 3)
    assert [row.body for row in notes.rows] == ["note 3", "note 2", "note 1"]
    assert notes.more == 1


def test_only_people_who_can_sign_in_can_be_named(house: House, sql: object) -> None:
    sql("UPDATE users SET is_active = false WHERE id = %s", house.jonas.id)  # type: ignore[operator]

    with transaction(OPS):
        names = [person.name for person in queries.people([house.kiln])]
    assert names == ["Imani Brooks", "Noor Aziz"]
