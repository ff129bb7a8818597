"""Lists: what an address asks for is what is shown, counted, kept, taken along."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as some
from werkzeug.datastructures import MultiDict

from app.accounts.preferences import NOBODYS, change
from app.console.order_list import SPEC
from app.extensions import db
from app.lists.asked import asked, asked_by
from app.lists.export import BATCH
from app.lists.spec import LISTS
from app.orders.contract import Action
from app.orders.service import act
from app.shared.language import ACCENTED
from app.shared.work import ACCOUNTS, OPS, transaction
from app.web import languages
from app.web.sheets import BOM, safe
from tests.factories import ADDRESS, make_order, make_vendor_with_stock, routed_order, rows
from tests.people import browser_of, make_person, sign_in_as

PATH = "/console/orders"


@pytest.fixture
def shop(app: Flask, jobs_run_here: None) -> None:
    """Orders to three countries, on two channels, on three days."""
    make_vendor_with_stock("kiln", {"MUG": 50})
    make_vendor_with_stock("tallow", {"SOAP": 50})
    town = {"name": "Ada Lind", "line1": "Storgatan 1", "city": "Malmö", "postal_code": "211 34"}
    line = {"external_id": "1", "title": "Soap", "unit_price": "3.00", "quantity": 1}
    routed_order("A-1", ship_to=town | {"country": "SE"}, placed_at="2026-11-20T08:00:00+00:00")
    routed_order(
        "A-2",
        ship_to=town | {"country": "DK", "postal_code": "1050"},
        placed_at="2026-11-21T08:00:00+00:00",
    )
    routed_order(
        "B-3",
        [line | {"sku": "SOAP"}],
        channel="fair",
        ship_to=town | {"country": "SE"},
        placed_at="2026-11-22T08:00:00+00:00",
    )
    make_order(
        "B-4",
        [line | {"sku": "NONE"}],
        ship_to=town | {"country": "NO", "postal_code": "0150"},
        placed_at="2026-11-22T09:00:00+00:00",
    )


def shown(page: str) -> list[str]:
    """Return the numbers of the orders on a page, in their order."""
    return re.findall(r'class="row-link code"[^>]*>([^<]+)<', page)


# What is asked for ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", ["B-4", "B-3", "A-2", "A-1"]),
        ("sort=oldest", ["A-1", "A-2", "B-3", "B-4"]),
        ("country=SE", ["B-3", "A-1"]),
        ("country=SE&country=DK", ["B-3", "A-2", "A-1"]),
        ("country=SE&channel=fair", ["B-3"]),
        ("vendor=tallow", ["B-3"]),
        ("vendor=tallow&vendor=kiln", ["B-3", "A-2", "A-1"]),
        ("status=received", ["B-4"]),
        ("view=unrouted", ["B-4"]),
        ("view=late", []),
        ("view=held", []),
        ("placed_from=2026-11-21&placed_to=2026-11-21", ["A-2"]),
        ("placed_to=2026-11-20", ["A-1"]),
        ("placed_from=2026-11-22&country=NO", ["B-4"]),
        ("q=B-&country=SE", ["B-3"]),
        ("country=XX", []),
        ("vendor=nobody", []),
        ("status=nonsense", []),
        ("placed_from=yesterday", ["B-4", "B-3", "A-2", "A-1"]),
        ("placed_from=0001-01-01&placed_to=9999-12-31", ["B-4", "B-3", "A-2", "A-1"]),
        ("sort=nonsense&view=nonsense", ["B-4", "B-3", "A-2", "A-1"]),
        ("country=%00", ["B-4", "B-3", "A-2", "A-1"]),
    ],
)
def test_an_address_shows_its_rows(shop, ops_client: FlaskClient, query, numbers):
    page = ops_client.get(f"{PATH}?{query}&saved=")

    assert (page.status_code, shown(page.text)) == (200, numbers)


def test_what_a_part_of_is_on_hold_is_shown_in_every_order(shop, ops_client: FlaskClient):
    held = rows("SELECT reference FROM fulfillment_orders WHERE order_number IN ('A-1', 'B-3')")
    with transaction(OPS) as now:
        act([r.reference for r in held], Action.HOLD, actor="Kiln", now=now, reason="no box")

    orders = {
        sort: shown(ops_client.get(f"{PATH}?view=held&sort={sort}").text)
        for sort in ("newest", "oldest", "due", "due_last")
    }

    older, newer = ["A-1", "B-3"], ["B-3", "A-1"]
    assert orders == {"newest": newer, "oldest": older, "due": older, "due_last": newer}


def test_orders_without_a_promise_come_last_by_their_day(shop, ops_client: FlaskClient):
    soonest = shown(ops_client.get(f"{PATH}?sort=due").text)
    latest = shown(ops_client.get(f"{PATH}?sort=due_last").text)

    assert soonest[-1] == latest[0] == "B-4"
    assert soonest == latest[::-1]


def test_a_filter_is_a_chip_that_takes_itself_off(shop, ops_client: FlaskClient):
    page = ops_client.get(f"{PATH}?country=SE&status=open&after=0~x~y&sort=oldest").text

    found = re.findall(r'class="chip" aria-current="true" href="([^"]+)"><bdi>([^<]+)<', page)
    chips = {unescape(label): unescape(href) for href, label in found}
    assert chips == {
        "Status: Open": f"{PATH}?country=SE&sort=oldest",
        "Country: SE": f"{PATH}?status=open&sort=oldest",
    }


@given(
    some.dictionaries(
        some.sampled_from(["status", "country", "vendor", "placed_from", "sort", "view", "q", "x"]),
        some.lists(some.text(max_size=8), max_size=3),
        max_size=5,
    )
)
def test_a_query_written_down_and_read_again_is_the_same(given_args):
    once = asked(SPEC, MultiDict(given_args))

    again = asked_by(SPEC, once.query())

    assert (again.query(), again.chosen, again.sort) == (once.query(), once.chosen, once.sort)


# Numbers -------------------------------------------------------------------------------------


def tab_numbers(page: str) -> dict[str, str]:
    """Return the numbers of the tabs by their words."""
    tabs = re.findall(r"<bdi>([^<]+)</bdi>(?: <span class=\"n\"[^>]*>([^<]*)<)?", page)
    return {label: number for label, number in tabs if number}


def test_tabs_are_counted_after_the_page_and_then_known(shop, ops_client: FlaskClient):
    before = ops_client.get(f"{PATH}?view=all").text
    (url,) = re.findall(r'hx-get="(/console/lists/orders/counts[^"]*)"', before)

    answer = ops_client.get(unescape(url))
    after = ops_client.get(f"{PATH}?view=all").text

    assert tab_numbers(answer.text)["All"] == "4"
    assert tab_numbers(answer.text)["Not with a vendor"] == "1"
    assert "All" not in tab_numbers(before)
    assert tab_numbers(after)["All"] == "4"


def test_without_valkey_a_list_is_shown_and_counted(shop, app, ops_client: FlaskClient, no_valkey):
    assert shown(ops_client.get(f"{PATH}?view=all").text) == ["B-4", "B-3", "A-2", "A-1"]
    assert tab_numbers(ops_client.get("/console/lists/orders/counts").text)["All"] == "4"


@pytest.fixture
def no_valkey(app: Flask):
    """An address where no Valkey listens."""
    from app.extensions import valkey  # noqa: PLC0415 - the one thing this is about

    before = app.config["REDIS_URL"]
    app.config["REDIS_URL"] = "redis://127.0.0.1:9/0"
    valkey.init_app(app)
    yield
    app.config["REDIS_URL"] = before
    valkey.init_app(app)


# Saved views ---------------------------------------------------------------------------------


def save(browser: FlaskClient, name: str, query: str, **more: Any) -> str:
    """Save a view; return its id."""
    data = {"name": name, "query": query} | more
    answer = browser.post("/console/lists/orders/views", data=data)
    assert answer.status_code == 302, answer.text
    return answer.location.partition("saved=")[2]


def test_a_saved_view_is_a_tab_with_its_rows(shop, ops_client: FlaskClient):
    view = save(ops_client, "Nordic", "country=SE&country=NO&after=0~x~y&nonsense=1")

    page = ops_client.get(f"{PATH}?view=all").text
    (href,) = re.findall(rf'href="({PATH}\?[^"]*saved={view})"', page)
    opened = ops_client.get(unescape(href)).text

    assert unescape(href) == f"{PATH}?country=NO&country=SE&saved={view}"
    assert shown(opened) == ["B-4", "B-3", "A-1"]
    assert "View is changed" not in opened
    assert "View is changed" in ops_client.get(f"{PATH}?country=SE&saved={view}").text


def test_a_view_is_ones_own_until_it_is_shared(shop, app, ops_client: FlaskClient):
    mine = save(ops_client, "Mine", "country=SE")
    ours = save(ops_client, "Ours", "country=DK", is_shared="1")

    other = sign_in_as(app, "ops_lead")
    page = other.get(f"{PATH}?view=all").text

    assert "Ours" in page
    assert "Mine" not in page
    version = {"version": "1", "name": "Taken", "query": ""}
    assert other.post(f"/console/views/{mine}", data=version).status_code == 404
    assert other.post(f"/console/views/{mine}/delete").status_code == 404
    # A lead may change what everybody sees, another agent may not.
    agent = browser_of(app, make_person("ops_agent", "Bo Ek"))
    assert agent.post(f"/console/views/{ours}", data=version).status_code == 403
    assert agent.post(f"/console/views/{ours}/delete").status_code == 403
    assert (
        other.post(f"/console/views/{ours}", data=version | {"is_shared": "1"}).status_code == 302
    )
    assert "Taken" in ops_client.get(f"{PATH}?view=all").text


def test_a_list_opens_with_the_view_of_ones_role(shop, app, ops_client: FlaskClient):
    lead = sign_in_as(app, "ops_lead")
    theirs = save(lead, "For agents", "country=DK", default_for="ops_agent")

    answer = ops_client.get(PATH)

    assert answer.location == f"{PATH}?country=DK&saved={theirs}"
    # Whoever asks for something gets that; other roles are not led there.
    assert ops_client.get(f"{PATH}?view=all").status_code == 200
    assert lead.get(PATH).status_code == 200
    own = save(ops_client, "My own", "country=NO", default_for="ops_agent")
    assert ops_client.get(PATH).location.endswith(own)


def test_only_a_lead_decides_what_others_open_with(shop, ops_client: FlaskClient):
    data = {"name": "For leads", "query": "country=DK", "default_for": "ops_lead"}

    assert ops_client.post("/console/lists/orders/views", data=data).status_code == 403
    assert rows("SELECT id FROM saved_views") == []


def test_a_view_that_somebody_changed_meanwhile_is_not_overwritten(
    shop, app, ops_client: FlaskClient
):
    view = save(ops_client, "Nordic", "country=SE", is_shared="1")
    lead = browser_of(app, make_person("ops_lead", "Jonas Weber"))
    new = {"version": "1", "name": "North", "query": "country=NO", "is_shared": "1"}
    assert lead.post(f"/console/views/{view}", data=new).status_code == 302

    late = ops_client.post(
        f"/console/views/{view}",
        data={"version": "1", "name": "Nordic", "query": "country=SE", "is_shared": "1"},
    )

    assert late.status_code == 409
    assert "Jonas Weber changed \u201cNorth\u201d" in unescape(late.text)
    assert "Its name and filters differ" in late.text
    (kept,) = rows("SELECT name, query, version FROM saved_views")
    assert tuple(kept) == ("North", "country=NO", 2)


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\u202eb", "tab\there"])
def test_a_view_needs_a_usable_name(shop, ops_client: FlaskClient, name):
    data = {"name": name, "query": "country=DK"}

    assert ops_client.post("/console/lists/orders/views", data=data).status_code == 422


def test_two_views_of_one_person_have_two_names(shop, ops_client: FlaskClient):
    save(ops_client, "Nordic", "country=SE")
    data = {"name": "nordic", "query": "country=DK"}

    answer = ops_client.post("/console/lists/orders/views", data=data)

    assert answer.status_code == 422
    assert len(rows("SELECT id FROM saved_views")) == 1


def test_a_deleted_view_can_be_put_back(shop, app):
    lead = sign_in_as(app, "ops_lead")
    view = save(lead, "Nordic", "country=SE", is_shared="1", default_for="ops_agent")

    lead.post(f"/console/views/{view}/delete")
    page = lead.get(f"{PATH}?view=all").text
    undo = re.search(
        r'<form[^>]*action="(/console/lists/orders/views)"[^>]*>(.*?)</form>', page, re.DOTALL
    )
    assert rows("SELECT id FROM saved_views") == []
    assert undo
    fields = re.findall(r'name="(\w+)" value="([^"]*)"', undo[2])
    lead.post(undo[1], data=MultiDict((k, unescape(v)) for k, v in fields))

    (back,) = rows("SELECT name, query, is_shared, default_for FROM saved_views")
    assert tuple(back) == ("Nordic", "country=SE", True, ["ops_agent"])


# Columns and rows ----------------------------------------------------------------------------


def headings(page: str) -> list[str]:
    """Return the headings of the table."""
    head = re.search(r"<thead.*?</thead>", page, re.DOTALL)
    return re.findall(r'<th[^>]*scope="col"[^>]*>([^<]+)</th>', head[0]) if head else []


def test_columns_and_rows_a_page_are_remembered(shop, app, ops_client: FlaskClient):
    data = {"column": ["placed", "nonsense"], "size": "25", "next": f"{PATH}?country=SE"}

    answer = ops_client.post("/console/lists/orders/display", data=data)
    page = ops_client.get(answer.location).text

    assert answer.location == f"{PATH}?country=SE"
    # What a row is known by stays.
    assert headings(page) == ["Order", "Placed"]
    assert re.search(r'value="25" checked', page)
    assert headings(sign_in_as(app, "ops_lead").get(f"{PATH}?view=all").text) == [
        "Deliver by",
        "Order",
        "Status",
        "Vendors",
        "Placed",
        "Total",
    ]


@pytest.mark.parametrize("size", ["", "0", "26", "100000", "-25", "\u0662\u0665"])
def test_a_page_has_only_the_sizes_that_are_offered(shop, ops_client: FlaskClient, size):
    answer = ops_client.post("/console/lists/orders/display", data={"size": size})

    assert answer.status_code == 422
    assert rows_kept() == []


def rows_kept() -> list[Any]:
    """Return the preferences that are stored."""
    with transaction(OPS):
        db.session.connection()
    with transaction(ACCOUNTS):
        return list(db.session.execute(db.text("SELECT document FROM preferences")))


# Files ---------------------------------------------------------------------------------------


def table(answer: Any) -> list[dict[str, str]]:
    """Return a CSV file's rows."""
    words = answer.get_data().decode()
    assert words.startswith(BOM)
    return list(csv.DictReader(io.StringIO(words.removeprefix(BOM))))


def test_a_file_holds_exactly_what_is_shown(shop, ops_client: FlaskClient):
    ops_client.post("/console/lists/orders/display", data={"column": ["total"], "size": "50"})

    answer = ops_client.get(
        "/console/lists/orders/export.csv?country=SE&sort=oldest", buffered=True
    )

    found = table(answer)
    assert [row["Order"] for row in found] == ["A-1", "B-3"]
    assert (found[0]["Total"], found[0]["Currency"]) == ("29.90", "EUR")
    assert "Placed" not in found[0]
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert 'filename="orders-20261123-0900.csv"' in answer.headers["Content-Disposition"]
    (entry,) = rows("SELECT subject, facts FROM audit WHERE action = 'list_exported'")
    assert (entry.subject, entry.facts) == ("orders", {"query": "country=SE&sort=oldest"})


def test_a_file_has_the_day_and_the_mark_that_the_page_has(app, ops_client: FlaskClient):
    make_order("H-1", ship_to=ADDRESS | {"postal_code": "2"}, promise={"deliver_by": "2026-12-09"})

    (row,) = table(ops_client.get("/console/lists/orders/export.csv", buffered=True))

    assert (row["Deliver by"], row["Needs review"]) == ("2026-12-09", "the address")


def test_a_formula_is_words_in_a_file(app, ops_client: FlaskClient):
    make_order("=1+1", channel="@SUM(A1)", customer={"external_id": "C", "name": "-2+3"})

    (row,) = table(ops_client.get("/console/lists/orders/export.csv", buffered=True))

    assert (row["Order"], row["Channel"], row["Customer"]) == ("'=1+1", "'@SUM(A1)", "'-2+3")


@given(some.text(max_size=20))
def test_no_cell_begins_like_a_formula(words):
    assert not safe(words).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))


def test_numbers_and_moments_stay_what_they_are():
    assert safe(-12) == "-12"
    assert safe(datetime(2026, 11, 23, 9, tzinfo=UTC)) == "2026-11-23T09:00:00+00:00"
    assert safe(None) == ""


def test_a_long_file_has_every_row_once(app, sql, ops_client: FlaskClient):
    make_order("N-0")
    sql(
        "INSERT INTO orders (id, reference, channel, number, cohort, placed_at, received_at,"
        " customer_id, currency, items_minor, freight_minor, ship_to, shipping, preferences,"
        " status, promise_zone, request_sha256)"
        " SELECT gen_random_uuid(), 'OR-T' || n, channel, 'N-' || n, cohort, placed_at,"
        # many of one moment: the id alone tells them apart
        " received_at, customer_id, currency, items_minor, freight_minor, ship_to, shipping,"
        " preferences, status, promise_zone, 'x' || n FROM orders, generate_series(1, %s) n",
        2 * BATCH,
    )

    found = table(ops_client.get("/console/lists/orders/export.csv", buffered=True))

    assert sorted(row["Order"] for row in found) == sorted(f"N-{n}" for n in range(2 * BATCH + 1))


@pytest.mark.parametrize(
    "name", ["queue", "escalations", "offers", "messages", "orders", "dead_letters"]
)
def test_every_list_can_be_filtered_counted_and_taken_along_when_empty(
    app, ops_client: FlaskClient, name
):
    file = ops_client.get(f"/console/lists/{name}/export.csv", buffered=True)
    (headings,) = csv.reader(io.StringIO(file.get_data().decode().removeprefix(BOM)))
    assert len(headings) > 1
    assert ops_client.get(f"/console/lists/{name}/counts").status_code == 200


def test_a_file_is_in_english_whoever_takes_it_along(shop, app):
    lead = make_person("ops_lead", "Jonas Weber")
    with transaction(ACCOUNTS):
        change(lead, NOBODYS, language=ACCENTED)
    browser = browser_of(app, lead)

    found = table(browser.get("/console/lists/orders/export.csv?view=unrouted", buffered=True))

    assert "⟦" in browser.get(PATH).text
    assert [(row["Order"], row["Status"]) for row in found] == [("B-4", "Received")]


def test_what_scripts_say_of_a_list_is_known_of_its_nouns(app):
    for spec in LISTS.values():
        one, many = spec.nouns
        assert f"{{n}} new {many}" in languages.COUNTED
        if spec.acts:
            assert f"{{n}} {many} chosen" in languages.COUNTED
            told = {f"Every {one} that matches", f"Tick {many} to change them together."}
            assert told <= set(languages.SCRIPTS)


@pytest.mark.parametrize("path", ["counts", "export.csv"])
def test_a_list_that_is_not_there_is_not_found(app, ops_client: FlaskClient, path):
    assert ops_client.get(f"/console/lists/nothing/{path}").status_code == 404


def test_days_are_days_of_whoever_looks(app, ops_client: FlaskClient):
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    make_order("A-1", placed_at=late.isoformat())
    make_order("A-2", placed_at=(late + timedelta(hours=1)).isoformat())

    page = ops_client.get(f"{PATH}?placed_from=2026-11-21&placed_to=2026-11-21")

    assert shown(page.text) == ["A-2"]
