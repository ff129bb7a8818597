"""Attacks on lists, views, bulk changes, notes and files: what was a hole stays closed."""

from __future__ import annotations

import io
import re
import threading

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from app.lists import counts
from app.shared.errors import InvalidInput
from app.threads import photos
from app.web.sheets import safe
from tests.factories import make_vendor_with_stock, one, routed_order
from tests.people import browser_of, make_person, sign_in_as
from tests.pictures import packed

ORDERS = "/console/orders"
VIEWS = "/console/lists/orders/views"


@pytest.fixture
def agent(app: Flask) -> FlaskClient:
    return browser_of(app, make_person("ops_agent", "Imani Brooks"))


@pytest.fixture
def order(app: Flask, jobs_run_here: None) -> str:
    """Return the reference of an order that a vendor has."""
    make_vendor_with_stock(stock={"MUG": 9})
    key = routed_order("N-1")
    return str(one("SELECT reference FROM orders WHERE id = :key", key=key).reference)


# Saved views ---------------------------------------------------------------------------------


def test_an_agent_does_not_lead_other_agents_to_a_view(app: Flask, agent: FlaskClient):
    other = browser_of(app, make_person("ops_agent", "Ola Nord"))
    trap = {"name": "Trap", "query": "country=DK", "default_for": "ops_agent"}

    assert agent.post(VIEWS, data=trap | {"is_shared": "1"}).status_code == 403
    assert agent.post(VIEWS, data=trap).status_code == 302
    view = one("SELECT id FROM saved_views")
    shared = trap | {"is_shared": "1", "version": "1"}
    assert agent.post(f"/console/views/{view.id}", data=shared).status_code == 403

    assert other.get(ORDERS).status_code == 200
    assert agent.get(ORDERS).status_code == 302


def test_shared_views_push_nobodys_own_out(app: Flask, agent: FlaskClient):
    other = browser_of(app, make_person("ops_agent", "Ola Nord"))
    for n in range(30):
        data = {"name": f"!{n}", "query": "country=DK", "is_shared": "1"}
        assert other.post(VIEWS, data=data).status_code == 302

    agent.post(VIEWS, data={"name": "Zebra", "query": "country=NO"})
    agent.get(ORDERS)

    assert "<bdi>Zebra</bdi>" in agent.get(ORDERS).text


def test_a_view_is_no_longer_than_an_address(agent: FlaskClient):
    query = "&".join(f"vendor={'x' * 100}{n}" for n in range(60))

    assert agent.post(VIEWS, data={"name": "Long", "query": query}).status_code == 422


def test_a_version_that_is_no_number_of_ours_is_refused(agent: FlaskClient):
    agent.post(VIEWS, data={"name": "Mine", "query": "country=NO"})
    view = one("SELECT id FROM saved_views")

    for version in ("9" * 5000, "-1", "\u0661"):
        data = {"version": version, "name": "Mine", "query": ""}
        assert agent.post(f"/console/views/{view.id}", data=data).status_code == 422


def test_the_views_of_a_list_are_not_counted_for_ever(
    monkeypatch: pytest.MonkeyPatch, agent: FlaskClient
):
    monkeypatch.setattr(counts, "LONGEST_ALL_MS", 0)

    answer = agent.get("/console/lists/orders/counts")

    assert answer.status_code == 200
    assert 'class="n"' not in answer.text


# Bulk changes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("messages", "dead_letters.close"),
        ("orders", "dead_letters.close"),
        ("queue", "orders.hold"),
        ("nothing", "orders.hold"),
        ("queue", "cases.reopen"),
    ],
)
def test_all_rows_of_a_list_are_changed_only_by_what_it_offers(
    app: Flask, order: str, name: str, act: str
):
    lead = sign_in_as(app, "ops_lead")

    answer = lead.post("/console/batches", data={"act": act, "list": name, "all": "1"})

    assert answer.status_code == 404
    assert one("SELECT count(*) AS n FROM batches").n == 0


def test_the_palette_offers_nobody_what_their_role_may_not(
    app: Flask, order: str, agent: FlaskClient
):
    asked = {"query_string": {"q": "N-1"}, "headers": {"HX-Request": "true"}}

    assert 'value="orders.hold"' in agent.get("/console/find", **asked).text
    assert 'value="orders.cancel"' not in agent.get("/console/find", **asked).text
    assert 'value="orders.cancel"' in sign_in_as(app, "ops_lead").get("/console/find", **asked).text


# Notes and photos ----------------------------------------------------------------------------


def test_names_that_reach_nobody_do_not_fill_the_cookie(order: str, agent: FlaskClient):
    body = " ".join(f"@{n}{'x' * 100}" for n in range(35))

    answer = agent.post(f"{ORDERS}/{order}/notes", data={"body": body, "sees": "internal"})

    assert answer.status_code == 302
    assert max(len(cookie) for cookie in answer.headers.getlist("Set-Cookie")) < 2000
    assert len(re.findall("x{40,}", agent.get(ORDERS).text)) == 5


def test_a_picture_of_a_thousand_passes_is_not_even_begun():
    sent = packed(Image.new("RGB", (64, 64), "#808080"), progressive=True)
    last = sent.rindex(photos.PASS)
    bomb = sent[:-2] + sent[last:-2] * 1000 + sent[-2:]
    assert Image.open(io.BytesIO(bomb)).size == (64, 64)

    with pytest.raises(InvalidInput) as refusal:
        photos.draw("mug.jpg", bomb)

    assert "too many passes" in refusal.value.fields["photos"]
    assert photos.draw("mug.jpg", sent).width == 64


def test_pictures_are_drawn_one_at_a_time():
    sent = packed(Image.new("RGB", (9, 9)))
    drawn: list[int] = []
    other = threading.Thread(target=lambda: drawn.append(photos.draw("mug.jpg", sent).width))

    with photos.ONE_AT_A_TIME:
        other.start()
        other.join(0.2)
        waited = not drawn
    other.join(10)

    assert waited
    assert drawn == [9]


# Files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        # Where a sheet parts cells by semicolons.
        ("Oak; =1+1", "Oak; '=1+1"),
        ("Oak\n=1+1", "Oak\n'=1+1"),
        ("\N{NO-BREAK SPACE}=1+1", "'\N{NO-BREAK SPACE}=1+1"),
        ("Oak; Iron - B", "Oak; Iron - B"),
        (-5, "-5"),
    ],
)
def test_no_part_of_a_cell_becomes_a_formula(cell: object, said: str):
    assert safe(cell) == said
