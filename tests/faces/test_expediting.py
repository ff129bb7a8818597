"""Services are compared on a page, one is chosen by whoever may, and everybody reads which."""

from __future__ import annotations

import re

import pytest

from tests.conftest import NOW
from tests.factories import (
    at,
    confirmed,
    make_vendor_with_stock,
    one,
    parcel,
    policy,
    references,
    routed_order,
    rows,
    run_jobs,
    send,
)
from tests.handing import labeled, packed, told
from tests.people import sign_in_as, vendor_id

LANES = [
    {"service": "express", "days": 1, "parcel": 1240},
    {"service": "slow", "days": 9, "parcel": 100},
    {"days": 4, "parcel": 490},
]


@pytest.fixture(autouse=True)
def kiln(app, jobs_run_here):
    policy("lanes", lanes=LANES)
    return make_vendor_with_stock("kiln")


@pytest.fixture
def work(kiln):
    (reference,) = references(routed_order("A-1"))
    return reference


def address(reference):
    return f"/console/fulfillment-orders/{reference}/service"


def seen(page):
    return re.search(r'name="seen" value="([0-9a-f]+)"', page.text)[1]


def form(browser, reference, service="express", reason="promised by phone"):
    return {
        "service": service,
        "reason": reason,
        "seen": seen(browser.get(address(reference))),
    }


def booked():
    return one("SELECT service FROM fulfillment_orders").service


def offered(page):
    return re.findall(r'name="service" value="([^"]+)"', page.text)


def test_the_page_compares_every_service_of_the_way(work, ops_client):
    page = ops_client.get(address(work))

    text = told(page.text)
    assert "'standard', as it goes now, is in time. Nothing faster is needed." in text
    for words in ("slow There no earlier", "standard Recommended In force As ordered", "rate card"):
        assert words in text
    assert re.search(r"express Wed, Nov 25 kept €12.40 €7.50", text)
    assert re.search(r"Fri, Dec 4|Mon, Dec 7", text)
    assert offered(page) == ["express"]
    assert "checked" not in page.text.partition("<table")[2].partition("</table>")[0]


def test_what_saves_the_promise_is_recommended_and_chosen_already(work, ops_client):
    at("2026-11-26T09:00Z")

    page = ops_client.get(address(work))

    assert "'express' is the cheapest that keeps Mon, Nov 30." in told(page.text)
    assert re.search(r'value="express" checked', page.text)


def test_a_way_without_a_faster_service_says_what_else_would_help(work, ops_client):
    policy("lanes", lanes=LANES[1:])

    page = ops_client.get(address(work))

    assert "No faster service for this way" in page.text
    assert offered(page) == []
    assert f"/console/fulfillment-orders/{work}/move" in page.text


def test_a_faster_service_is_booked_and_stands_where_people_look(work, ops_client):
    answer = ops_client.post(address(work), data=form(ops_client, work))
    page = ops_client.get(answer.headers["Location"])

    assert answer.status_code == 303
    assert booked() == "express"
    text = told(page.text)
    assert f"{work} goes by 'express' now. Its vendor and the customer are told." in text
    assert "express the marketplace pays €7.50 more than for standard" in text
    assert "Faster service, paid by the marketplace €7.50" in text
    assert "Why this service" in text
    assert "chose 'express' instead of 'standard', and the marketplace pays" in text
    assert "Sent by a faster service" in text
    assert "€7.50 more, paid by the marketplace" in text


def test_only_the_newest_choice_stands_on_the_order_the_others_are_earlier(work, ops_client):
    for service in ("express", "standard"):
        answer = ops_client.post(address(work), data=form(ops_client, work, service))
    page = ops_client.get(answer.headers["Location"]).text

    now, _, before = page.partition("1 earlier decision")
    assert "chose 'standard' instead of 'express'" in told(now)
    assert "chose 'express' instead of 'standard'" in told(before)
    assert "chose 'express' instead of 'standard'" not in told(now)


def test_a_second_click_is_no_second_change(work, ops_client):
    sent = form(ops_client, work)
    ops_client.post(address(work), data=sent)

    answer = ops_client.post(address(work), data=sent, follow_redirects=True)

    assert "already. Nothing was changed." in answer.text
    assert len(rows("SELECT 1 FROM decisions WHERE kind = 'service'")) == 1


def test_who_was_slower_sees_what_is_so_now_and_keeps_what_they_typed(app, work, ops_client):
    stale = form(ops_client, work, reason="the customer asked for it")
    other = sign_in_as(app, "ops_lead")
    other.post(address(work), data=form(other, work))
    other.post(address(work), data=form(other, work, "standard"))
    policy("lanes", lanes=[LANES[0] | {"parcel": 1_300}, *LANES[1:]])

    answer = ops_client.post(address(work), data=stale)

    assert answer.status_code == 409
    assert "have changed since you looked" in answer.text
    assert "the customer asked for it" in answer.text
    assert seen(answer) != stale["seen"]
    assert booked() is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"service": ""}, "Choose a service."),
        ({"reason": " "}, "Say why, in a few words."),
        ({"service": "slow"}, "is there no earlier than"),
        ({"service": "teleport"}, "has no service"),
    ],
)
def test_what_cannot_be_is_shown_again_and_changes_nothing(work, ops_client, change, words):
    answer = ops_client.post(address(work), data=form(ops_client, work) | change)

    assert answer.status_code == 422
    assert words in told(answer.text)
    assert booked() is None
    assert rows("SELECT 1 FROM decisions WHERE kind = 'service'") == []


def test_what_has_left_is_refused_with_a_sentence(work, ops_client):
    sent = form(ops_client, work)
    confirmed(one("SELECT order_id FROM fulfillment_orders").order_id)
    send(work, parcel(1, NOW))

    for answer in (ops_client.get(address(work)), ops_client.post(address(work), data=sent)):
        assert answer.status_code == 409
        assert "has left; it cannot go by another service any more." in answer.text
    reference = one("SELECT reference FROM orders").reference
    assert "Ship faster" not in ops_client.get(f"/console/orders/{reference}").text


@pytest.mark.parametrize("role", ["senior_management", "vendor_owner"])
def test_whoever_may_not_is_refused_and_shown_no_button(app, work, kiln, role):
    browser = sign_in_as(app, role, vendor=kiln if role == "vendor_owner" else None)

    assert browser.get(address(work)).status_code in {403, 404}
    sent = {"service": "express", "reason": "because"}
    assert browser.post(address(work), data=sent).status_code in {403, 404}

    assert booked() is None
    reference = one("SELECT reference FROM orders").reference
    assert "Ship faster" not in browser.get(f"/console/orders/{reference}").text


def test_nobody_elses_work_is_there(ops_client):
    assert ops_client.get(address("FO-NOBODY")).status_code == 404


# The next step of a case ---------------------------------------------------------------------


def case(browser):
    run_jobs()
    found = one("SELECT reference FROM exception_cases WHERE kind = 'late_dispatch'")
    return told(browser.get(f"/console/cases/{found.reference}").text)


def test_a_late_hand_over_names_the_service_that_still_saves_it(work, ops_client):
    at("2026-11-26T09:00Z")

    assert "'express' for €7.50 more still keeps Mon, Nov 30." in case(ops_client)


@pytest.mark.parametrize(
    ("promised", "moment"),
    [("2026-12-24", "2026-11-26T09:00Z"), ("2026-11-30", "2026-12-03T09:00Z")],
)
def test_a_case_that_needs_no_rescue_or_has_none_names_nothing(ops_client, promised, moment):
    routed_order("A-2", promise={"deliver_by": promised})
    at(moment)

    assert "still keeps" not in case(ops_client)


def test_a_case_that_a_faster_service_saves_already_names_nothing(work, ops_client):
    at("2026-11-26T09:00Z")
    ops_client.post(address(work), data=form(ops_client, work))

    assert "still keeps" not in case(ops_client)


def test_a_case_whose_work_is_not_there_any_more_opens_all_the_same(work, ops_client, sql):
    at("2026-11-26T09:00Z")
    run_jobs()
    sql("UPDATE fulfillment_orders SET status = 'rejected'")

    assert "still keeps" not in case(ops_client)


# What vendors read ---------------------------------------------------------------------------


@pytest.fixture
def owner(app, kiln):
    return sign_in_as(app, "vendor_owner", vendor=vendor_id("kiln"))


def test_a_vendor_reads_the_service_and_who_pays_on_each_page(work, owner, ops_client):
    confirmed(one("SELECT order_id FROM fulfillment_orders").order_id)
    pages = [f"/portal/orders/{work}", f"/portal/orders/{work}/ship"]
    before = [told(owner.get(page).text) for page in pages]
    ops_client.post(address(work), data=form(ops_client, work))
    after = [told(owner.get(page).text) for page in pages]

    assert "Ship with standard" in before[0]
    assert "ship with standard" in before[1]
    assert "Ship with express the marketplace pays €7.50 more than for standard" in after[0]
    assert "Ship with express The marketplace pays €7.50 more than for standard" in after[1]
    assert "promised by phone" not in " ".join(after)
    assert "express" in told(owner.get("/portal/").text)


def test_a_label_of_before_is_marked_and_made_anew(owner, ops_client):
    reference, package = labeled(owner)
    ops_client.post(address(reference), data=form(ops_client, reference))
    ship = f"/portal/orders/{reference}/ship"

    marked = owner.get(ship)
    refused = owner.get(f"/portal/packages/{package}/label.pdf")
    owner.post(f"/portal/orders/{reference}/labels")
    mended = owner.get(ship)

    assert "1 label is for another service" in told(marked.text)
    assert f"/portal/packages/{package}/print" not in marked.text
    assert refused.status_code in {404, 409}
    assert "for another service" not in mended.text


def test_a_page_warns_of_labels_that_are_made_already(owner, ops_client):
    reference, _package = labeled(owner)

    page = ops_client.get(address(reference))

    assert "1 parcel is labeled already." in page.text


def test_packed_work_is_shown_with_its_service(ops_client, owner):
    reference = packed()
    ops_client.post(address(reference), data=form(ops_client, reference))

    assert re.search(
        r"lightning-charge.*?express", owner.get(f"/portal/orders/{reference}").text, re.DOTALL
    )
