"""Finding: one word, everything it names, and nothing that is not for whoever asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

import app as application
from app.console import find as console_find
from app.extensions import db
from app.portal import find as portal_find
from simulator.numbers import fedex_number
from tests.factories import (
    at,
    line,
    make_order,
    make_vendor_with_stock,
    one,
    routed_order,
    rows,
    run_jobs,
    shipped_order,
)
from tests.people import browser_of, make_person, sign_in_as, vendor_id

PALETTE = {"HX-Request": "true", "HX-Current-URL": "http://localhost/console/orders?view=late"}
TEMPLATES = Path(application.__file__).parent / "templates"
Found = list[tuple[str, str, str]]


def ask(browser: FlaskClient, q: str, face: str = "console") -> str:
    answer = browser.get(f"/{face}/find", query_string={"q": q}, headers=PALETTE)
    assert answer.status_code == 200
    return str(answer.text)


def found(html: str) -> Found:
    """Return what is shown: its group, its words, where it leads ('' for what is done)."""
    items, group = [], ""
    pattern = (
        r'<p class="label"[^>]*>(?P<group>[^<]*)</p>'
        r'|<(?:a|button) role="option"(?P<attributes>[^>]*)>(?P<inside>.*?)</(?:a|button)>'
    )
    for match in re.finditer(pattern, html, re.DOTALL):
        if match["group"]:
            group = match["group"]
            continue
        words = re.sub(r"<[^>]+>", " ", match["inside"])
        href = re.search(r'href="([^"]*)"', match["attributes"])
        items.append((group, " ".join(words.split()), href[1] if href else ""))
    return items


def of(group: str, html: str) -> list[str]:
    return [words for name, words, _ in found(html) if name == group]


@pytest.fixture
def world(app: Flask, jobs_run_here: None) -> dict[str, str]:
    """Two vendors with an order each; the first order's parcel is on its way."""
    make_vendor_with_stock("kiln", {"MUG": 50})
    make_vendor_with_stock("ridge", {"THROW": 50})
    sent = shipped_order(1, lines=[line("MUG")], number="W-1001")
    routed_order("W-1002", [line("THROW")])
    make_order("W-10020", [line("LAMP")])
    named = {row.number: row.reference for row in rows("SELECT number, reference FROM orders")}
    return named | {"fo": sent.reference, "parcel": fedex_number(1)}


@contextmanager
def statements() -> Iterator[list[str]]:
    """Note the statements that read rows."""
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if "hits" in statement or "FROM fulfillment_orders" in statement:
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


# The console ----------------------------------------------------------------------------------


def test_a_tracking_number_leads_to_its_order_first(
    world: dict[str, str], ops_client: FlaskClient
) -> None:
    number = world["parcel"]
    spaced = f" {number[:4]} {number[4:]} "

    items = found(ask(ops_client, spaced))

    assert items[0] == (
        "Parcels",
        f"{number} W-1001, pending",
        f"/console/orders/{world['W-1001']}",
    )
    assert [group for group, _, _ in items].count("Orders") == 0


@pytest.mark.parametrize("q", ["W-1002", "w-1002"])
def test_the_order_that_is_named_comes_before_those_that_begin_like_it(
    app: Flask, world: dict[str, str], q: str
) -> None:
    html = ask(sign_in_as(app, "ops_lead"), q)

    assert found(html)[0] == (
        "Orders",
        "W-1002 Ada Lind, open",
        f"/console/orders/{world['W-1002']}",
    )
    assert of("Orders", html)[1:] == ["W-10020 Ada Lind, received"]
    assert of("Do", html) == [
        "Put W-1002 on hold you see first what it does",
        "Cancel W-1002 you see first what it does",
    ]


@pytest.mark.parametrize(
    ("q", "group", "label"),
    [
        ("ada@example.org", "Orders", "W-1001"),
        ("THROW", "Orders", "W-1002"),
        ("ridg", "Vendors", "Ridge"),
        ("KILN", "Vendors", "Kiln"),
        ("escal", "Go to", "Escalations"),
        ("trail au", "Go to", "Audit trail"),
        ("dark", "Do", "Use the dark theme"),
        ("log out", "Do", "Sign out"),
    ],
)
def test_a_word_finds(app: Flask, world: dict[str, str], q: str, group: str, label: str) -> None:
    lead = sign_in_as(app, "administrator")

    shown = of(group, ask(lead, q))

    assert any(words.startswith(label) for words in shown)


def test_a_fulfillment_order_and_a_case_are_found_by_their_names(
    world: dict[str, str], ops_client: FlaskClient
) -> None:
    run_jobs()
    at("2026-12-20T09:00:00+00:00")
    run_jobs("watch")
    case = one("SELECT reference FROM exception_cases WHERE closed_at IS NULL LIMIT 1").reference

    assert of("Fulfillment orders", ask(ops_client, world["fo"].lower())) == [
        f"{world['fo']} Kiln, W-1001, shipped"
    ]
    (group, words, href), *rest = found(ask(ops_client, case))
    assert (group, href) == ("Cases", f"/console/cases/{case}")
    assert case in words
    assert not [words for group, words, _ in rest if group == "Orders" or case in words]
    number = words.split(":")[1].split()[-3].strip(",")
    assert words in of("Cases", ask(ops_client, number))


def test_a_word_costs_one_statement(world: dict[str, str], ops_client: FlaskClient) -> None:
    with statements() as seen:
        ask(ops_client, "W-1001")

    assert len(seen) == 1


def test_without_a_word_no_row_is_read(world: dict[str, str], ops_client: FlaskClient) -> None:
    with statements() as seen:
        html = ask(ops_client, "  ")

    assert seen == []
    assert of("Go to", html)[:2] == ["Queue", "Orders"]


def test_nothing_found_says_what_to_try(ops_client: FlaskClient) -> None:
    html = ask(ops_client, "<b>zz</b>")

    assert found(html) == []
    assert "Nothing is known by “&lt;b&gt;zz&lt;/b&gt;”." in html


@pytest.mark.parametrize("q", ["%", "_", "' OR 1=1 --", "\0\x1b", "a" * 5000, "FO-", "SH-x", "@"])
def test_whatever_is_typed_is_answered(
    world: dict[str, str], ops_client: FlaskClient, q: str
) -> None:
    assert of("Orders", ask(ops_client, q)) == []


def test_only_what_somebody_may_open_is_offered(app: Flask, world: dict[str, str]) -> None:
    agent, manager, admin = (
        sign_in_as(app, role) for role in ("ops_agent", "senior_management", "administrator")
    )

    assert of("Go to", ask(agent, "settings")) == []
    assert of("Go to", ask(admin, "settings")) == ["Settings"]
    assert of("Do", ask(manager, "kiln")) == []
    assert of("Do", ask(agent, "kiln")) == ["See what Kiln sees"]
    assert of("Do", ask(manager, "W-1002")) == []


def test_every_page_that_is_offered_opens(app: Flask) -> None:
    admin = sign_in_as(app, "administrator")

    for _, words, href in found(ask(admin, "")):
        if href:
            assert admin.get(href).status_code == 200, words


@pytest.mark.parametrize(("face", "known"), [("console", console_find), ("portal", portal_find)])
def test_every_page_of_the_rail_can_be_found(face: str, known: Any) -> None:
    bar = (TEMPLATES / face / "bar.html").read_text()

    in_rail = set(re.findall(rf"'({face}\.\w+)', '[\w-]+', ", bar))

    assert in_rail
    assert in_rail <= {page.endpoint for page in known.PAGES}


def test_a_theme_goes_back_to_where_the_palette_was_opened(ops_client: FlaskClient) -> None:
    html = ask(ops_client, "dark")

    assert 'name="next" value="/console/orders?view=late"' in html
    elsewhere = PALETTE | {"HX-Current-URL": "https://evil.example//evil.example/x"}
    html = ops_client.get("/console/find?q=dark", headers=elsewhere).text
    assert 'name="next" value="/console/"' in html


def test_what_is_to_be_done_about_an_order_is_shown_first(
    world: dict[str, str], ops_client: FlaskClient
) -> None:
    form = re.search(
        r'<form id="found-f\d+" action="([^"]+)".*?</form>', ask(ops_client, "W-1002"), re.DOTALL
    )
    assert form
    sent = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))

    answer = ops_client.post(form[1], data=sent)

    assert answer.status_code == 302
    shown = ops_client.get(answer.location).text
    assert "W-1002" in shown
    assert one("SELECT status FROM batches").status == "draft"
    assert (
        one(
            "SELECT f.status FROM fulfillment_orders f JOIN orders o ON o.id = f.order_id"
            " WHERE o.number = 'W-1002'"
        ).status
        == "assigned"
    )


def test_without_script_it_is_a_page_with_the_same_results(
    world: dict[str, str], ops_client: FlaskClient
) -> None:
    page = ops_client.get("/console/find?q=W-1002").text

    assert page.startswith("<!doctype html>")
    assert f'<a class="found" href="/console/orders/{world["W-1002"]}">' in page
    assert 'role="option"' not in page
    assert "Put W-1002 on hold" in page
    assert "<title>W-1002 · Find" in page


# The portal -----------------------------------------------------------------------------------


def vendors_browser(app: Flask, code: str, role: str = "vendor_owner") -> FlaskClient:
    return browser_of(app, make_person(role, "Ann Owner", vendor=vendor_id(code)))


@pytest.mark.parametrize("known_by", ["reference", "number", "beginning", "parcel"])
def test_a_vendor_finds_its_own_work(app: Flask, world: dict[str, str], known_by: str) -> None:
    q = {
        "reference": world["fo"].lower(),
        "number": "w-1001",
        "beginning": "W-10",
        "parcel": world["parcel"][:8],
    }[known_by]

    html = ask(vendors_browser(app, "kiln"), q, "portal")

    assert [href for group, _, href in found(html) if group == "Fulfillment orders"] == [
        f"/portal/orders/{world['fo']}"
    ]


def test_a_vendor_finds_nothing_of_another(app: Flask, world: dict[str, str]) -> None:
    ridge = vendors_browser(app, "ridge")

    for q in (
        world["fo"],
        "W-1001",
        world["parcel"],
        world["parcel"][:8],
        "kiln",
        "ada@example.org",
    ):
        html = ask(ridge, q, "portal")
        assert found(html) == [], q
        assert "W-1001" not in html.replace("“W-1001”", "").replace('data-q="W-1001"', "")


def test_a_vendors_word_costs_one_statement(app: Flask, world: dict[str, str]) -> None:
    kiln = vendors_browser(app, "kiln")

    with statements() as seen:
        ask(kiln, "W-1001", "portal")

    assert len(seen) == 1


def test_staff_is_not_offered_the_owners_pages(app: Flask, world: dict[str, str]) -> None:
    staff, owner = (vendors_browser(app, "kiln", role) for role in ("vendor_staff", "vendor_owner"))

    offered = set(of("Go to", ask(staff, "", "portal")))
    assert {"Work", "Help", "Calendar", "Notices", "Your account"} <= offered
    assert not offered & {"Team", "Invite somebody", "Keys", "Make a key", "Webhooks"}
    assert of("Go to", ask(owner, "key", "portal"))[:2] == ["Keys", "Make a key"]


def test_whoever_looks_over_a_shoulder_finds_that_vendors_work_and_the_way_back(
    app: Flask, world: dict[str, str], ops_client: FlaskClient
) -> None:
    ops_client.post("/console/vendors/kiln/view")

    html = ask(ops_client, "W-10", "portal")

    assert of("Fulfillment orders", html) == [f"{world['fo']} order W-1001, Malmö, shipped"]
    assert of("Do", ask(ops_client, "leave", "portal")) == ["Leave Kiln", "Sign out"]
