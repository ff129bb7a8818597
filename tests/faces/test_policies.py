"""Policies: what is in force, what a change would do, and who may put it in force."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from app.console.policy_words import FIELDS
from app.policies.documents import KINDS
from tests.conftest import browser_of
from tests.factories import line, make_vendor_with_stock, one, policy, routed_order, rows
from tests.people import make_person


@pytest.fixture
def lead(app, jobs_run_here):
    return browser_of(app, make_person("ops_lead", email="lead@example.org"))


def routing(**changes):
    shipped = KINDS["routing"]().model_dump(mode="json")
    sent = {name: "" if v is None else str(v) for name, v in shipped.items()}
    return sent | {"split": "2.00", "late_day": "3.00", "standing": "10", "review": "5"} | changes


def test_every_field_of_every_policy_has_words():
    asked = {kind: set(document.model_fields) for kind, document in KINDS.items()}
    # It has a page of its own: the settings.
    del asked["marketplace"]

    assert {kind: set(fields) for kind, fields in FIELDS.items()} == asked


@pytest.mark.parametrize("kind", FIELDS)
def test_every_policy_can_be_looked_at_and_sent_as_it_stands(lead, kind):
    page = lead.get(f"/console/policies/{kind}")
    assert page.status_code == 200

    sent = {f["name"]: f["value"] for f in fields_of(page.text)}
    answer = lead.post(f"/console/policies/{kind}", data=sent | {"seen": "0", "publish": "1"})

    assert answer.status_code == 302
    stored = rows("SELECT document FROM policies WHERE kind = :kind", kind=kind)
    assert [r.document for r in stored] in ([], [KINDS[kind]().model_dump(mode="json")])


def fields_of(html):
    """Return what a browser would send of the page's form."""
    found = []
    for name, value in re.findall(
        r'<input class="form-control units"[^>]*name="(\w+)" value="([^"]*)"', html
    ):
        found.append({"name": name, "value": unescape(value)})
    for name, value in re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>([^<]*)</textarea>', html):
        found.append({"name": name, "value": unescape(value)})
    for name, inside in re.findall(
        r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', html, re.DOTALL
    ):
        chosen = re.search(r'value="(\w+)" selected', inside)
        found.append({"name": name, "value": chosen[1] if chosen else ""})
    return found


def test_a_change_is_tried_on_the_last_orders_before_it_is_in_force(lead):
    make_vendor_with_stock("cheap", {"MUG": 50}, cost_minor=100, handling_days=9)
    key = routed_order("A-1", lines=[line()])
    make_vendor_with_stock("quick", {"MUG": 50}, cost_minor=900)
    assert key

    looked = lead.post(
        "/console/policies/routing", data=routing(strategy="cheapest") | {"seen": "0"}
    )

    assert looked.status_code == 200
    assert "Tried on the last order that was routed." in looked.text
    assert "1 would go another way:" in looked.text
    assert "quick · 1 parcel · €23.00 · by Sun, Nov 29" in looked.text
    assert rows("SELECT * FROM policies") == []

    done = lead.post(
        "/console/policies/routing",
        data=routing(strategy="cheapest") | {"seen": "0", "publish": "1"},
        follow_redirects=True,
    )

    assert "Routing: version 1 is in force." in done.text
    assert one("SELECT document FROM policies").document["strategy"] == "cheapest"


def test_a_change_of_nothing_says_so(lead):
    answer = lead.post("/console/policies/routing", data=routing() | {"seen": "0"})

    assert "Nothing is different from what is in force." in answer.text


@pytest.mark.parametrize(
    ("kind", "sent", "words"),
    [
        ("routing", routing(late_day="-1"), "greater than or equal to 0"),
        ("routing", routing(late_day="many"), "This cannot be read."),
        ("routing", routing(need_by="maybe"), "prefer"),
        (
            "lanes",
            {"lanes": json.dumps([{"origin": "Sweden", "days": 1}]), "parcel": "1", "kilo": "0"},
            "0 origin",
        ),
        ("lanes", {"lanes": "[", "parcel": "1", "kilo": "0"}, "This cannot be read."),
    ],
)
def test_what_cannot_be_stands_beside_its_field_and_changes_nothing(lead, kind, sent, words):
    answer = lead.post(f"/console/policies/{kind}", data=sent | {"seen": "0", "publish": "1"})

    assert answer.status_code == 422
    assert words in answer.text
    assert rows("SELECT * FROM policies") == []


def test_who_decides_on_an_old_page_is_told_of_the_newer_version(lead):
    policy("routing", strategy="cheapest")

    answer = lead.post(
        "/console/policies/routing",
        data=routing(strategy="fastest") | {"seen": "0", "publish": "1"},
    )

    assert answer.status_code == 409
    assert "Somebody was quicker" in answer.text
    assert one("SELECT document FROM policies").document["strategy"] == "cheapest"


def test_an_agent_reads_policies_and_changes_none(app, ops_client):
    assert (
        "Leads and administrators change policies."
        in ops_client.get("/console/policies/routing").text
    )
    answer = ops_client.post("/console/policies/routing", data=routing() | {"publish": "1"})

    assert answer.status_code == 403


def test_a_policy_that_is_none_is_not_found(lead):
    assert lead.get("/console/policies/tariffs").status_code == 404
