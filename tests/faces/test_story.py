"""What happened to an order: who stands behind it, filtered by the address, opened to its facts."""

from __future__ import annotations

import html
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.shared.work import OPS, transaction
from app.timeline.queries import PAGE
from app.timeline.service import Happened, record
from tests.conftest import NOW, caller
from tests.factories import (
    at,
    confirmed,
    line,
    make_vendor_with_stock,
    one,
    order_body,
    references,
    routed_order,
    rows,
    run_jobs,
    shipped_order,
    vendor_key,
)


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 50})


def words(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def story(page: str) -> str:
    return page[page.index('id="story"') :].partition("</section>")[0]


def titles(page: str) -> list[str]:
    return [html.unescape(t) for t in re.findall(r'<span class="t">([^<]+)', story(page))]


def add(order_id: UUID, event: str, actor: str = "onward", **facts: Any) -> None:
    row = one("SELECT cohort FROM orders WHERE id = :id", id=order_id)
    subject = facts.pop("subject", None)
    with transaction(OPS) as now:
        record([Happened(order_id, row.cohort, event, actor, subject, facts)], now)


def path_of(order_id: UUID) -> str:
    row = one("SELECT reference FROM orders WHERE id = :id", id=order_id)
    return f"/console/orders/{row.reference}"


def sources(order_id: UUID) -> dict[str, str]:
    found = rows("SELECT event, source FROM timeline WHERE order_id = :id", id=order_id)
    return {row.event: row.source for row in found}


def test_every_entry_says_who_stands_behind_it(
    app: Flask, api: Any, ops_client: FlaskClient, kiln: UUID
) -> None:
    api("POST", "/orders", order_body("A-1"), **{"Idempotency-Key": "k"})
    run_jobs("route_orders")
    key = one("SELECT id FROM orders").id
    (work,) = references(key)
    as_kiln = caller(app, vendor_key("kiln", "onw_kiln"))
    as_kiln("POST", f"/fulfillment-orders/{work}/confirm", {})
    ops_client.post(
        f"{path_of(key)}/notes", data={"body": "x", "sees": "internal", "once": str(uuid4())}
    )

    assert sources(key) == {
        "order_placed": "key",
        "order_routed": "onward",
        "fulfillment_order_confirmed": "vendor_key",
        "note_added": "person",
    }
    told = words(story(ops_client.get(path_of(key)).text))
    assert "Order placed 1 line. tests , API key" in told
    assert "Onward , by rule" in told
    assert "vendor-kiln , vendor's program" in told
    assert "Imani Brooks , ops" in told


@pytest.fixture
def mixed(kiln: UUID) -> UUID:
    """An order in whose story everybody has a part."""
    key = shipped_order(1).order_id
    add(key, "parcel_scanned", "fedex", status="in_transit", at=NOW.isoformat())
    add(key, "case_raised", case="CA-1", kind="late_delivery", severity="warning")
    add(key, "case_worsened", case="CA-1", kind="late_delivery", severity="critical")
    add(key, "escalation_acknowledged", "Imani Brooks", case="CA-1", kind="late_delivery")
    add(key, "payment_captured", "shop", minor=2990)
    return key


def test_chips_in_the_address_show_a_part_of_the_story(
    ops_client: FlaskClient, mixed: UUID
) -> None:
    path = path_of(mixed)

    assert titles(ops_client.get(f"{path}?about=trouble").text) == [
        "Acknowledged, the climb has stopped",
        "Late delivery became critical",
        "Late delivery found",
    ]
    assert titles(ops_client.get(f"{path}?about=trouble&story=people").text) == [
        "Acknowledged, the climb has stopped"
    ]
    assert titles(ops_client.get(f"{path}?about=money").text) == ["Payment captured"]
    assert "Given to vendors" in titles(ops_client.get(f"{path}?story=rules").text)
    everything = titles(ops_client.get(path).text)
    assert titles(ops_client.get(f"{path}?story=nonsense&about=&before=x").text) == everything
    assert len(everything) == one("SELECT count(*) AS n FROM timeline").n


def test_a_chip_says_how_much_it_would_show_and_takes_itself_away(
    ops_client: FlaskClient, mixed: UUID
) -> None:
    path = path_of(mixed)

    page = story(ops_client.get(f"{path}?about=trouble").text)

    assert re.search(r'about=trouble&amp;story=people#story">People\s*<span[^>]*>1<', page)
    assert f'href="{path}#story" aria-current="true">Exceptions' in page


def test_nothing_that_fits_both_chips_says_how_to_see_all(
    ops_client: FlaskClient, mixed: UUID
) -> None:
    page = ops_client.get(f"{path_of(mixed)}?about=money&story=carriers").text

    assert titles(page) == []
    assert "Nothing in this story fits both." in words(page)


def test_an_entry_opens_to_its_facts_and_what_they_were_before(
    ops_client: FlaskClient, mixed: UUID
) -> None:
    told = words(story(ops_client.get(path_of(mixed)).text))

    assert "Severity was warning now critical" in told.replace("  ", " ")
    assert "Amount €29.90" in told
    assert "Event case_worsened" in told
    assert "Status was" not in told.partition("Parcel in transit")[0]


def test_entries_of_before_there_were_sources_still_have_one(
    ops_client: FlaskClient, mixed: UUID, sql: Any
) -> None:
    sql("UPDATE timeline SET source = NULL")
    path = path_of(mixed)

    assert titles(ops_client.get(f"{path}?story=carriers").text) == ["Parcel in transit"]
    assert titles(ops_client.get(f"{path}?story=people").text) == [
        "Acknowledged, the climb has stopped"
    ]


def test_a_long_story_is_read_page_by_page(ops_client: FlaskClient, kiln: UUID) -> None:
    key = shipped_order(1).order_id
    for n in range(PAGE):
        add(key, f"thing_{n}")
    path = path_of(key)

    first = ops_client.get(path).text
    (earlier,) = re.findall(r'href="([^"]+)">Earlier', first)
    second = ops_client.get(html.unescape(earlier)).text

    assert len(titles(first)) == PAGE
    assert titles(first)[0] == f"Thing {PAGE - 1}"
    assert titles(second)[-1] == "Order placed"
    assert not set(titles(first)) & set(titles(second))
    assert "Earlier" not in story(second)
    assert "Back to the newest" in second


@pytest.mark.parametrize("before", ["-1", "0", "9" * 40, "1e3", "%00", "\u0661"])
def test_a_place_in_the_story_that_cannot_be_read_breaks_nothing(
    ops_client: FlaskClient, mixed: UUID, before: str
) -> None:
    assert ops_client.get(f"{path_of(mixed)}?before={before}").status_code in {200, 404}


def test_a_case_shows_the_part_of_the_story_that_is_about_it(
    ops_client: FlaskClient, kiln: UUID
) -> None:
    key = routed_order("A-1")
    confirmed(key)
    at("2026-11-26T09:00:00+00:00")
    run_jobs("watch")
    (late,) = rows("SELECT reference FROM exception_cases WHERE kind = 'late_dispatch'")
    add(key, "payment_captured", "shop", minor=2990)

    page = ops_client.get(f"/console/cases/{late.reference}").text

    told = re.findall(r'<span class="t">([^<]+)', page)
    assert told[-1] == "Vendor confirmed"
    assert told[0].startswith("Late dispatch ")
    assert len(told) == 2
    assert f'href="{path_of(key)}#story"' in page


def test_the_story_of_another_order_is_not_mixed_in(ops_client: FlaskClient, kiln: UUID) -> None:
    one_key = shipped_order(1).order_id
    other = shipped_order(2, lines=[line("MUG", 1)]).order_id
    add(other, "payment_failed", "shop", minor=100)

    assert "Payment failed" not in titles(ops_client.get(path_of(one_key)).text)
