"""Policies: what is in force, what a change would do, and who may put it in force."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from app.console.policy_words import FIELDS
from app.policies.documents import KINDS
from tests.conftest import browser_of
from tests.factories import (
    describe,
    line,
    make_order,
    make_vendor_with_stock,
    one,
    policy,
    routed_order,
    rows,
)
from tests.people import make_person


@pytest.fixture
def lead(app, jobs_run_here):
    return browser_of(app, make_person("ops_lead", email="lead@example.org"))


def routing(**changes):
    shipped = KINDS["routing"]().model_dump(mode="json")
    sent = {name: "" if v is None else str(v) for name, v in shipped.items()}
    sent |= {"split": "2.00", "late_day": "3.00", "standing": "10", "review": "5"}
    return sent | {"usual_on_time_bp": "95.00"} | changes


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
    answer = lead.post(f"/console/policies/{kind}", data=sent)

    assert "Nothing is different from what is in force." in answer.text


def seen_in(answer):
    """Return what the form that publishes says was looked at."""
    return {"seen": re.search(r'name="seen" value="([^"]*)"', answer.text)[1], "publish": "1"}


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
    assert "Quick · 1 parcel · €23.00 · by Sun, Nov 29" in looked.text
    assert rows("SELECT * FROM policies") == []

    done = lead.post(
        "/console/policies/routing",
        data=routing(strategy="cheapest") | seen_in(looked),
        follow_redirects=True,
    )

    assert "Routing: version 1 is in force." in done.text
    assert one("SELECT document FROM policies").document["strategy"] == "cheapest"


@pytest.mark.parametrize("seen", ["looked", "0", "", None])
def test_only_what_was_looked_at_is_put_in_force(lead, seen):
    here = "/console/policies/routing"
    looked = seen_in(lead.post(here, data=routing(most_parcels="50")))
    sent = looked if seen == "looked" else {"publish": "1"} | ({"seen": seen} if seen else {})

    other = lead.post(here, data=routing(most_parcels="9") | sent)

    assert "This is not what you looked at, so it is not in force yet" in other.text
    assert "<bdi>9</bdi>" in other.text
    assert rows("SELECT * FROM policies") == []
    # Now it was.
    lead.post(here, data=routing(most_parcels="9") | seen_in(other))
    assert one("SELECT document FROM policies").document["most_parcels"] == 9


def test_enter_looks_and_does_not_publish(lead):
    page = lead.post("/console/policies/routing", data=routing(most_parcels="50")).text

    form = page[page.index('name="seen"') :]
    assert re.findall(r'type="submit" name="(\w+)"', form) == ["look", "publish", "look"]


def test_of_a_list_only_what_differs_is_shown_by_row(lead):
    ways = [{"origin": code, "days": 3} for code in ("SE", "DE", "FR")]
    policy("lanes", lanes=ways)
    now = [{"origin": "NO", "days": 1}, *ways[:2], {"origin": "FR", "days": 4}]

    answer = lead.post(
        "/console/policies/lanes",
        data={"lanes": json.dumps(now), "parcel": "5.00", "kilo": "0.00"},
    )

    diff = answer.text.partition('<dl class="changes">')[2].partition("</dl>")[0]
    shown = re.findall(r"<dt>(.*?)</dt>.*?<bdi>(.*?)</bdi></span> <bdi>(.*?)</bdi>", diff)
    assert [one[:2] for one in shown] == [("Ways, row 1", "nothing"), ("Ways, row 4, days", "3")]
    assert "NO" in shown[0][2]
    assert shown[1][2] == "4"


def test_a_share_is_said_in_percent(lead):
    answer = lead.post("/console/policies/routing", data=routing(usual_on_time_bp="97.5"))
    lead.post("/console/policies/routing", data=routing(usual_on_time_bp="97.5") | seen_in(answer))

    assert "95.00" in answer.text
    assert "97.50" in answer.text
    assert one("SELECT document FROM policies").document["usual_on_time_bp"] == 9_750


def test_fewer_parcels_have_a_true_minus(lead):
    make_vendor_with_stock("both", {"MUG": 50, "VASE": 50}, cost_minor=2000)
    make_vendor_with_stock("mugs", {"MUG": 50}, cost_minor=100)
    policy("routing", split=0)
    routed_order("A-1", lines=[line(), line("VASE", name="2")])

    looked = lead.post("/console/policies/routing", data=routing(split="9000.00"))

    assert "\N{MINUS SIGN}1 parcels" in looked.text


def doubts(**changes):
    shipped = {"most_units": "100", "most_value_minor": "", "review_every_order": "false"}
    return shipped | {"review_channels": ""} | changes


def test_doubts_are_tried_on_the_last_orders_that_came_in(lead):
    describe("MUG")
    describe("VASE", most_units=50)
    make_order("A-1", lines=[line(quantity=20)])
    make_order("A-2", lines=[line("VASE", quantity=40)])
    make_order("A-3", lines=[line(quantity=5)], channel="fair")

    strict = lead.post("/console/policies/doubts", data=doubts(most_units="10"))
    fair = lead.post("/console/policies/doubts", data=doubts(review_channels="fair"))
    policy("doubts", review_channels=("fair",), most_units=10)
    lax = lead.post("/console/policies/doubts", data=doubts(most_units="20"))
    same = lead.post(
        "/console/policies/doubts", data=doubts(most_units="9", review_channels="fair")
    )

    assert "Tried on the last 3 orders that came in." in strict.text
    assert "1 that went on by itself would wait for a person." in strict.text
    assert "20 units of MUG: more than 10 are looked at first." in strict.text
    assert "A-2" not in strict.text
    assert "Every order of fair is looked at first." in fair.text
    assert "2 that waited for a person would go on by themselves." in lax.text
    assert "It would make no difference to any of them." in same.text
    assert rows("SELECT FROM order_holds") == []


def test_doubts_of_a_marketplace_without_orders_say_so(lead):
    looked = lead.post("/console/policies/doubts", data=doubts(most_units="10"))

    assert "No order has come in yet to try it on." in looked.text


def test_a_change_of_nothing_says_so(lead):
    answer = lead.post("/console/policies/routing", data=routing() | {"seen": "0"})

    assert "Nothing is different from what is in force." in answer.text


@pytest.mark.parametrize(
    ("kind", "sent", "words"),
    [
        ("routing", routing(late_day="-1"), "greater than or equal to 0"),
        ("routing", routing(late_day="many"), "This cannot be read."),
        ("routing", routing(usual_on_time_bp="100.01"), "This cannot be read."),
        ("routing", routing(usual_on_time_bp="-1"), "This cannot be read."),
        ("routing", routing(need_by="maybe"), "prefer"),
        (
            "lanes",
            {"lanes": json.dumps([{"origin": "Sweden", "days": 1}]), "parcel": "1", "kilo": "0"},
            "0 origin",
        ),
        ("lanes", {"lanes": "[" * 19_000, "parcel": "1", "kilo": "0"}, "This cannot be read."),
        (
            "lanes",
            {"lanes": '[{"days": NaN}]', "parcel": "1", "kilo": "0"},
            "This cannot be read.",
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
    looked = lead.post("/console/policies/routing", data=routing(strategy="fastest"))
    policy("routing", strategy="cheapest")

    answer = lead.post(
        "/console/policies/routing", data=routing(strategy="fastest") | seen_in(looked)
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
