"""The audit trail on the screen: who did what, found again, and proven unchanged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from app.audit.contract import Actor
from app.audit.service import record
from app.console.audit_words import ACTS
from app.extensions import db
from app.shared.work import ACCOUNTS, transaction
from app.web.paging import SIZE
from tests.conftest import ROOT, Sql
from tests.factories import make_vendor_with_stock
from tests.people import browser_of, make_person

TEO = Actor("person", "Teo Marin", UUID(int=1), None, "192.0.2.1")


@pytest.fixture
def lead(app: Flask) -> FlaskClient:
    return browser_of(app, make_person("ops_lead", "Jonas Weber"))


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect what is asked of the database, but for who asks and in which scope."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        if "set_config" not in sql and " sessions" not in sql:
            seen.append(sql)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def did(action: str, actor: Actor = TEO, **facts: Any) -> None:
    with transaction(ACCOUNTS):
        record(action, actor, **facts)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def positions(page: str) -> list[int]:
    return [int(n) for n in re.findall(r">row (\d+)<", page)]


def test_a_row_says_when_who_what_on_what_and_from_where(lead: FlaskClient) -> None:
    kiln = make_vendor_with_stock("kiln")
    did("role_changed", subject="Imani Brooks", was="ops_agent", now="ops_lead")
    did("key_revoked", Actor("person", "Elin Berg", UUID(int=2), kiln, "192.0.2.2"), subject="Sync")

    page = words(lead.get("/console/audit").text)

    assert "Teo Marin Changed a role Imani Brooks from ops agent to ops lead 192.0.2.1 done" in page
    assert "A person: Elin Berg Kiln Revoked a key Sync 192.0.2.2 done" in page
    assert "The chain ends with row 2," in page


def test_a_name_is_told_as_it_was(lead: FlaskClient) -> None:
    did("name_changed", subject="Bo Ek", was="Bo van der Ek", now="Bo Ek")

    assert "Changed their name Bo Ek was Bo van der Ek" in words(lead.get("/console/audit").text)


def test_what_was_refused_is_said_to_be(lead: FlaskClient) -> None:
    did("signed_in", is_done=False)

    page = words(lead.get("/console/audit").text)

    assert "Teo Marin Tried to sign in 192.0.2.1 Refused" in page


def test_an_act_without_words_is_told_by_its_name(lead: FlaskClient) -> None:
    did("moon_landed")

    assert "Moon landed" in lead.get("/console/audit").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [3, 2, 1]),
        ("who=TEO", [3, 1]),
        ("who=%25", []),
        ("action=key_made", [2]),
        ("action=no_such_act", [3, 2, 1]),
        ("outcome=refused", [3]),
        ("vendor=KILN", [2]),
        ("since=2000-01-01", [3, 2, 1]),
        ("until=2000-01-01", []),
        ("since=9999-12-31&until=yesterday", [3, 2, 1]),
        ("who=teo&outcome=done", [1]),
    ],
)
def test_acts_are_found_again(lead: FlaskClient, query: str, found: list[int]) -> None:
    kiln = make_vendor_with_stock("kiln")
    did("role_changed", subject="Imani")
    did("key_made", Actor("person", "Elin Berg", UUID(int=2), kiln), subject="Sync")
    did("signed_in", is_done=False)

    assert positions(lead.get(f"/console/audit?{query}").text) == found


def test_a_filter_is_taken_away_by_its_chip_and_kept_by_the_others(lead: FlaskClient) -> None:
    page = lead.get("/console/audit?who=teo&action=signed_in&outcome=refused&since=2026-01-02").text

    chips = {
        label.strip(): href
        for href, label in re.findall(r'class="chip" href="([^"]+)"[^>]*>([^<]+)', page)
    }
    assert list(chips) == ["Who: teo", "Signed in", "Refused", "From Fri, Jan 2"]
    assert [label for label, href in chips.items() if "who=teo" not in href] == ["Who: teo"]
    assert "No act matches" in page


def test_the_trail_is_turned_page_by_page_and_back(lead: FlaskClient) -> None:
    for _ in range(SIZE + 2):
        did("name_changed")

    first = lead.get("/console/audit").text
    (onward,) = re.findall(r'href="([^"]+)" rel="next"', first)
    second = lead.get(onward.replace("&amp;", "&")).text
    (back,) = re.findall(r'href="([^"]+)" rel="prev"', second)

    assert positions(first) == list(range(SIZE + 2, 2, -1))
    assert positions(second) == [2, 1]
    assert positions(lead.get(back.replace("&amp;", "&")).text) == positions(first)


def test_the_page_costs_three_statements(lead: FlaskClient) -> None:
    did("name_changed")
    lead.get("/console/audit")

    with statements() as seen:
        lead.get("/console/audit?who=teo&vendor=kiln")

    assert len(seen) <= 3


# The chain ----------------------------------------------------------------------------------


def test_an_unbroken_chain_is_said_to_be(lead: FlaskClient) -> None:
    did("name_changed")
    did("name_changed")

    page = lead.post("/console/audit/verify").text

    assert "2 rows, nothing was changed" in page
    assert 'data-tone="good" role="status"' in page


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        ("UPDATE audit SET actor = 'Somebody' WHERE position = 2", "Row 2 was changed"),
        ("DELETE FROM audit WHERE position = 2", "Row 2 is missing"),
        ("DELETE FROM audit WHERE position = 3", "The chain should end with row 3"),
    ],
)
def test_a_broken_chain_names_its_row_in_red(
    lead: FlaskClient, sql: Sql, tampering: str, told: str
) -> None:
    for _ in range(3):
        did("name_changed")
    sql("SET session_replication_role = replica")
    sql(tampering)

    page = lead.post("/console/audit/verify").text

    assert told in page
    assert "The trail was tampered with" in page
    assert 'data-tone="crit" role="alert"' in page


def test_a_chain_is_held_against_an_end_that_was_kept(lead: FlaskClient, sql: Sql) -> None:
    did("name_changed")
    ((position, seal),) = sql("SELECT position, hash FROM audit_head")
    did("name_changed")

    same = lead.post("/console/audit/verify", data={"anchor": f"{position}:{seal}"}).text
    other = lead.post("/console/audit/verify", data={"anchor": f"1:{'0' * 64}"}).text

    assert "2 rows, nothing was changed" in same
    assert "The trail was tampered with" in other


@pytest.mark.parametrize("kept", ["abc", "1:", ":abc", "1"])
def test_an_end_that_cannot_be_read_is_refused_at_its_field(lead: FlaskClient, kept: str) -> None:
    answer = lead.post("/console/audit/verify", data={"anchor": kept})

    assert answer.status_code == 422
    assert 'id="anchor-err"' in answer.text
    assert f'value="{kept}"' in answer.text


# Who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("ops_agent", 403),
        ("ops_lead", 200),
        ("senior_management", 200),
        ("administrator", 200),
        ("vendor_owner", 403),
    ],
)
def test_the_trail_is_read_by_those_who_answer_for_it(app: Flask, role: str, status: int) -> None:
    vendor = make_vendor_with_stock("kiln") if role == "vendor_owner" else None
    browser = browser_of(app, make_person(role, vendor=vendor))

    assert browser.get("/console/audit").status_code == status
    assert browser.post("/console/audit/verify").status_code == status


def test_every_act_that_is_recorded_has_its_words() -> None:
    named = re.compile(r'\brecord\(\s*"([a-z_]+)"|"(person_[a-z_]+)" if ')
    sources = [p.read_text() for p in (ROOT / "app").rglob("*.py")]
    acts = {name for source in sources for pair in named.findall(source) for name in pair if name}

    assert acts <= set(ACTS)
    assert len(acts) > 20
