"""Vendors for ops: the list, one vendor, how it stands, its locations and their days."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.shared.work import OPS, transaction
from app.vendors.queries import location_of
from app.vendors.service import close_days
from tests.conftest import NOW
from tests.factories import (
    at,
    line,
    make_order,
    make_vendor_with_stock,
    one,
    references,
    routed_order,
    rows,
    run_jobs,
)
from tests.people import make_person, sign_in_as

FACTS = {"name": "Kiln & Co.", "code": "kiln", "email": "work@kiln.example", "kind": "merchant"}
PLACE = {
    "place_name": "Workshop",
    "country": "SE",
    "city": "Malmö",
    "postal_code": "",
    "region": "",
    "zone": "Europe/Stockholm",
    "cut_off": "15:00",
    "handling_days": "1",
    "working_days": ["1", "2", "3", "4", "5"],
    "holidays": "se",
    "daily_capacity": "",
    "ships_to": "se no, DK",
}
NEW = FACTS | PLACE | {"starts_as": "active"}


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def lead(app: Flask) -> FlaskClient:
    return sign_in_as(app, "ops_lead")


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def errors(page: str) -> dict[str, str]:
    """Return what is said beside each field."""
    found = re.findall(r'id="([\w]+)-err">.*?<span>(.*?)</span>', page, re.DOTALL)
    return {name: html.unescape(said) for name, said in found}


def hidden(page: str, name: str) -> str:
    (found,) = re.findall(rf'name="{name}"[^>]*value="([^"]*)"', page)
    return html.unescape(found)


# The list ------------------------------------------------------------------------------------


def test_the_most_overdue_comes_first_and_every_view_shows_its_own(lead: FlaskClient) -> None:
    make_vendor_with_stock("idle", {})
    make_vendor_with_stock("fjord", {"LAMP": 9}, handling_days=5)
    make_vendor_with_stock("kiln")
    make_vendor_with_stock("tallow", {}, status="suspended")
    make_vendor_with_stock("gone", {}, status="closed")
    for sku in ("LAMP", "MUG"):
        routed_order(lines=[line(sku)])
    at(NOW + timedelta(days=3))

    def shown(query: str = "") -> list[str]:
        page = lead.get(f"/console/vendors{query}").text
        return re.findall(r'data-key="([^"]+)"', page)

    assert shown()[:2] == ["kiln", "fjord"]
    assert set(shown()) == {"kiln", "fjord", "idle", "tallow"}
    assert shown("?view=overdue") == ["kiln"]
    assert shown("?view=stopped") == ["tallow"]
    assert shown("?view=closed") == ["gone"]
    assert shown("?status=suspended") == ["tallow"]
    assert shown("?kind=drop_shipper") == []
    assert shown("?q=JOR") == ["fjord"]
    assert "2 shown" not in words(lead.get("/console/vendors?q=JOR").text)


def test_a_page_of_vendors_leads_to_the_next_and_back(app: Flask) -> None:
    lead = sign_in_as(app, "ops_lead")
    for n in range(27):
        make_vendor_with_stock(f"v-{n:02}", {})
    lead.post("/console/lists/vendors/display", data={"column": "status", "size": "25"})

    first = lead.get("/console/vendors").text
    (href,) = re.findall(r'href="([^"]+)" rel="next"', first)
    second = lead.get(html.unescape(href)).text
    (back,) = re.findall(r'href="([^"]+)" rel="prev"', second)

    keys = [re.findall(r'data-key="([^"]+)"', page) for page in (first, second)]
    assert [len(part) for part in keys] == [25, 2]
    assert set(keys[0]) & set(keys[1]) == set()
    assert re.findall(r'data-key="([^"]+)"', lead.get(html.unescape(back)).text) == keys[0]


def test_vendors_are_taken_along_as_a_file(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln", status="suspended")

    lines = lead.get("/console/lists/vendors/export.csv", buffered=True).text.splitlines()

    assert lines[0].endswith("First due,Vendor,Code,State,Kind,Overdue,To do")
    assert lines[1] == ",Kiln,kiln,Suspended,Merchant,0,0"


# Who may what --------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["ops_agent", "senior_management"])
def test_whoever_only_reads_is_offered_nothing_to_change(app: Flask, role: str) -> None:
    make_vendor_with_stock("kiln")
    browser = sign_in_as(app, role)

    pages = [browser.get(p).text for p in ("/console/vendors", "/console/vendors/kiln")]
    refused = [
        browser.get("/console/vendors/new"),
        browser.post("/console/vendors/new", data=NEW | {"code": "new-one"}),
        browser.get("/console/vendors/kiln/moves/pause"),
        browser.post("/console/vendors/kiln/moves/pause", data={"reason": "x", "seen": "active"}),
        browser.get("/console/vendors/kiln/facts"),
        browser.get("/console/vendors/kiln/locations"),
        browser.get("/console/vendors/kiln/locations/main"),
        browser.post("/console/vendors/kiln/locations/main/closures"),
    ]

    assert not [page for page in pages if "/moves/" in page or "/facts" in page]
    assert "Take a vendor in" not in pages[0]
    assert {answer.status_code for answer in refused} == {403}
    assert [row.status for row in rows("SELECT status FROM vendors")] == ["active"]


# Taking in -----------------------------------------------------------------------------------


def test_the_place_of_a_vendor_that_was_taken_in_is_given_work(app: Flask) -> None:
    admin = sign_in_as(app, "administrator")
    drawn = set(re.findall(r'name="([^"]+)"', admin.get("/console/vendors/new").text))

    # As a browser: what the page does not draw is not sent.
    admin.post("/console/vendors/new", data={k: v for k, v in NEW.items() if k in drawn})

    assert [row.is_active for row in rows("SELECT is_active FROM locations")] == [True]


def test_a_vendor_is_taken_in_with_its_place_and_its_owner_is_invited_next(app: Flask) -> None:
    admin = sign_in_as(app, "administrator")

    answer = admin.post("/console/vendors/new", data=NEW)

    assert answer.location == "/console/vendors/kiln"
    vendor = one("SELECT * FROM vendors")
    assert (vendor.name, vendor.email, vendor.kind, vendor.status) == (
        "Kiln & Co.",
        "work@kiln.example",
        "merchant",
        "active",
    )
    place = one("SELECT * FROM locations")
    assert (place.code, place.name, place.holidays, place.ships_to, place.working_days) == (
        "main",
        "Workshop",
        "SE",
        ["DK", "NO", "SE"],
        [1, 2, 3, 4, 5],
    )
    page = admin.get("/console/vendors/kiln").text
    assert "Nobody can sign in for it yet. Invite its owner" in words(page)
    (invite,) = re.findall(r'href="([^"]*invite[^"]*)"', page)
    form = admin.get(html.unescape(invite)).text
    assert re.search(rf'<option selected value="{vendor.id}">Kiln &amp; Co.</option>', form)
    assert re.search(r'value="vendor_owner" checked', form)
    acts = rows("SELECT action, subject FROM audit WHERE action = 'vendor_onboarded'")
    assert [tuple(act) for act in acts] == [("vendor_onboarded", "kiln")]


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"name": " "}, "name", "Enter what the vendor is called."),
        ({"code": ""}, "code", "Enter a short code."),
        ({"code": "a/b"}, "code", "Use letters, digits, dots, dashes and underscores."),
        ({"code": "new"}, "code", "Another page has this name. Use another code."),
        ({"code": "x" * 65}, "code", "Use at most 64 characters."),
        ({"email": "no address"}, "email", "Enter one address, like ada@example.org."),
        ({"kind": "shop"}, "kind", "Not a valid choice."),
        ({"country": "ZZ"}, "country", "Not a valid choice."),
        ({"country": ""}, "country", "Choose a country."),
        ({"zone": "Mars/Base"}, "zone", "Not a valid choice."),
        ({"cut_off": "25:00"}, "cut_off", "Not a valid time value."),
        ({"handling_days": "61"}, "handling_days", "Between 0 and 60 days."),
        ({"handling_days": "two"}, "handling_days", "Enter a whole number."),
        ({"working_days": []}, "working_days", "Choose at least one day."),
        ({"holidays": "DE-XX"}, "holidays", "Public holidays of DE-XX are not known."),
        ({"daily_capacity": "0"}, "daily_capacity", "Between 1 and 1,000,000."),
        ({"ships_to": "SE, XX"}, "ships_to", "No country: XX."),
        ({"city": "a\x07b"}, "city", "It holds a character that cannot be shown."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nobody_is_taken_in(
    lead: FlaskClient, change: dict[str, object], field: str, told: str
) -> None:
    answer = lead.post("/console/vendors/new", data=NEW | change)

    assert answer.status_code == 422
    assert told in errors(answer.text)[field]
    assert rows("SELECT 1 FROM vendors") == []


def test_a_code_is_nobodys_twice(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln")

    answer = lead.post("/console/vendors/new", data=NEW)

    assert (answer.status_code, errors(answer.text)["code"]) == (
        409,
        "Another vendor has this code.",
    )
    assert one("SELECT name FROM vendors").name == "Kiln"


# One vendor ----------------------------------------------------------------------------------


def test_one_vendor_shows_its_work_its_days_and_its_shelf(lead: FlaskClient) -> None:
    kiln = make_vendor_with_stock("kiln", {"MUG": 10, "BOWL": 0}, zone="Europe/Stockholm")
    make_person("vendor_owner", "Elin Berg", vendor=kiln)
    routed_order("A-1", [line("MUG", 4)])
    with transaction(OPS):
        place = location_of("kiln", "main")
        close_days(place, *[NOW.date() + timedelta(days=n) for n in (2, 3)], "Fair", by="Elin")

    page = lead.get("/console/vendors/kiln")
    said = words(page.text)

    assert "Kiln Active kiln · Merchant · kiln@vendors.example" in said
    assert "To confirm 1 wait for its word" in said
    assert "15:00 ahead, it is 10:00 in Europe/Stockholm" in said
    assert "Works on Mon, Tue, Wed, Thu, Fri" in said
    assert "Closed Wed, Nov 25 to Thu, Nov 26: Fair Elin" in said
    assert "MUG Mug €6.00 6 available 4 10" in said
    assert "1 person can sign in for it." in said
    assert re.findall(r'class="d off"[^>]*title="([^"]+)"', page.text)[:2] == [
        "Wed, Nov 25: closed",
        "Thu, Nov 26: closed",
    ]
    assert "/console/orders?vendor=kiln&amp;status=open" in page.text


def test_a_limit_that_is_reached_is_shown(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln", handling_days=0)
    lead.post(
        "/console/vendors/kiln/locations/main",
        data=PLACE
        | {"zone": "UTC", "daily_capacity": "1", "handling_days": "0", "is_active": "y"}
        | {"seen": hidden(lead.get("/console/vendors/kiln/locations/main").text, "seen")},
    )
    for n in range(2):
        make_order(f"A-{n}")
    run_jobs("route_orders")

    said = words(lead.get("/console/vendors/kiln").text)

    assert "Leaves today 1 of 1 Tomorrow 1 of 1" in said


def test_its_shelf_is_searched_and_paged_by_sku(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln", {f"MUG-{n:02}": n for n in range(27)} | {"A/B": 1})

    def skus(path: str) -> list[str]:
        page = lead.get(path).text
        return [html.unescape(s) for s in re.findall(r'class="row-link code"[^>]*>([^<]+)<', page)]

    first = lead.get("/console/vendors/kiln").text
    (href,) = re.findall(r'href="([^"]+)" rel="next"', first)
    rest = skus(html.unescape(href))

    assert [*skus("/console/vendors/kiln"), *rest] == ["A/B", *(f"MUG-{n:02}" for n in range(27))]
    (back,) = re.findall(r'href="([^"]+)" rel="prev"', lead.get(html.unescape(href)).text)
    assert skus(html.unescape(back)) == skus("/console/vendors/kiln")
    assert skus("/console/vendors/kiln?q=mug-1") == [f"MUG-{n}" for n in range(10, 20)]
    assert skus("/console/vendors/kiln?q=a/") == ["A/B"]
    assert skus("/console/vendors/kiln?after=broken") == skus("/console/vendors/kiln")
    assert "Nothing found for 100%" in words(lead.get("/console/vendors/kiln?q=100%25").text)


@pytest.mark.parametrize(
    "path",
    [
        "/console/vendors/nobody",
        "/console/vendors/nobody/facts",
        "/console/vendors/nobody/moves/pause",
        "/console/vendors/nobody/locations",
        "/console/vendors/kiln/locations/nowhere",
        "/console/vendors/kiln/moves/explode",
    ],
)
def test_what_is_not_there_is_404(lead: FlaskClient, path: str) -> None:
    make_vendor_with_stock("kiln")

    assert lead.get(path).status_code == 404


# How it stands -------------------------------------------------------------------------------


def move(browser: FlaskClient, name: str, **data: str):
    page = browser.get(f"/console/vendors/kiln/moves/{name}").text
    form = {"seen": hidden(page, "seen"), "reason": "late again"} | data
    return browser.post(f"/console/vendors/kiln/moves/{name}", data=form)


def test_a_vendor_is_paused_until_a_day_and_its_page_says_so(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln")

    assert move(lead, "pause", until="2026-12-01").location == "/console/vendors/kiln"

    said = words(lead.get("/console/vendors/kiln").text)
    assert "Kiln Paused" in said
    assert "It is given no new work late again Ops_Lead Person , Mon, Nov 23, 09:00" in said
    assert "Active again by itself: Tue, Dec 1, 00:00 ." in said
    assert "Paused a vendor late again" in said
    at("2026-12-01T00:00:00+00:00")
    said = words(lead.get("/console/vendors/kiln").text)
    assert "Kiln Active" in said
    assert "It is active again by itself" in said


def test_whoever_suspends_says_what_becomes_of_open_work(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln")
    key = routed_order()
    page = lead.get("/console/vendors/kiln/moves/suspend").text
    assert "1 fulfillment order of it has not left." in words(page)

    unsaid = move(lead, "suspend")
    assert (unsaid.status_code, errors(unsaid.text)) == (
        422,
        {"work": "Choose what becomes of its work."},
    )
    said = move(lead, "suspend", work="take_back")
    run_jobs("take_back_stopped")

    assert said.location == "/console/vendors/kiln"
    assert [r.status for r in rows("SELECT status FROM fulfillment_orders")] == ["rejected"]
    assert len(references(key)) == 1


def test_whoever_closes_is_told_that_others_get_open_work_and_not_asked(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln")
    routed_order()

    page = lead.get("/console/vendors/kiln/moves/close").text
    said = move(lead, "close", work="finish")
    run_jobs("take_back_stopped")

    assert 'name="work"' not in page
    assert "1 fulfillment order of it has not left." in words(page)
    assert "Others get what it has not sent" in words(page)
    assert said.location == "/console/vendors/kiln"
    assert "kiln is closed; others get" in words(lead.get(said.location).text).lower()
    assert [r.status for r in rows("SELECT status FROM fulfillment_orders")] == ["rejected"]


@pytest.mark.parametrize(
    ("name", "data", "field", "told"),
    [
        ("pause", {"reason": " "}, "reason", "Say why: the vendor is told."),
        ("pause", {"reason": "x" * 501}, "reason", "Use at most 500 characters."),
        ("pause", {"until": "2026-11-23"}, "until", "Name a day after today"),
        ("pause", {"until": "2030-01-01"}, "until", "Name a day after today"),
        ("pause", {"until": "soon"}, "until", "Not a valid date value."),
        ("suspend", {"work": "burn"}, "work", "Not a valid choice."),
    ],
)
def test_a_move_that_makes_no_sense_is_refused_beside_its_field(
    lead: FlaskClient, name: str, data: dict[str, str], field: str, told: str
) -> None:
    make_vendor_with_stock("kiln")

    answer = move(lead, name, **data)

    assert answer.status_code == 422
    assert told in errors(answer.text)[field]
    assert one("SELECT status FROM vendors").status == "active"


def test_of_two_who_decide_at_once_the_second_is_told(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln")
    page = lead.get("/console/vendors/kiln/moves/pause").text
    seen = hidden(page, "seen")
    move(lead, "review")

    late = lead.post(
        "/console/vendors/kiln/moves/pause", data={"seen": seen, "reason": "on vacation"}
    )

    assert late.status_code == 409
    assert "Somebody else has changed how it stands." in words(late.text)
    assert one("SELECT status FROM vendors").status == "review"


def test_what_leads_nowhere_from_here_is_not_asked(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln", status="closed")

    page = words(lead.get("/console/vendors/kiln").text)
    answer = lead.get("/console/vendors/kiln/moves/reopen")

    assert "How it stands" not in page
    assert "Nobody can sign in for a closed vendor." in page
    assert answer.status_code == 409


# Who it is, its places -----------------------------------------------------------------------


def test_who_a_vendor_is_can_be_changed(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln")
    seen = hidden(lead.get("/console/vendors/kiln/facts").text, "seen")
    body = {"name": "Kiln AB", "email": "", "kind": "fulfillment_house", "seen": seen}

    assert lead.post("/console/vendors/kiln/facts", data=body).location == "/console/vendors/kiln"
    again = lead.post("/console/vendors/kiln/facts", data=body | {"name": "Other"})

    assert one("SELECT name, email, kind FROM vendors") == ("Kiln AB", None, "fulfillment_house")
    assert again.status_code == 409
    said = words(again.text)
    assert "Name: Kiln Kiln AB" in said
    assert "E-mail: kiln@vendors.example none" in said
    # Sent once more it takes the place of theirs.
    body |= {"name": "Other", "seen": hidden(again.text, "seen")}
    assert lead.post("/console/vendors/kiln/facts", data=body).status_code == 302
    assert one("SELECT name FROM vendors").name == "Other"


def test_a_location_is_added_and_its_calendar_changed(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln")
    path = "/console/vendors/kiln/locations"

    taken = lead.post(path, data=PLACE | {"code": "main"})
    added = lead.post(path, data=PLACE | {"code": "south", "is_active": "y"})
    changed = lead.post(
        f"{path}/south",
        data=PLACE
        | {"working_days": ["6", "7"], "seen": hidden(lead.get(f"{path}/south").text, "seen")},
    )

    assert (taken.status_code, added.status_code, changed.status_code) == (409, 302, 302)
    assert errors(taken.text) == {"code": "This vendor has a location with this code."}
    south = one("SELECT * FROM locations WHERE code = 'south'")
    assert (south.working_days, south.is_active, south.cut_off.hour) == ([6, 7], False, 15)
    acts = rows("SELECT action, subject FROM audit ORDER BY position")
    assert [tuple(act) for act in acts] == [("location_saved", "kiln, south")] * 2


def test_a_calendar_that_somebody_else_changed_is_not_overwritten_unseen(
    lead: FlaskClient,
) -> None:
    make_vendor_with_stock("kiln")
    path = "/console/vendors/kiln/locations/main"
    seen = hidden(lead.get(path).text, "seen")
    lead.post(path, data=PLACE | {"seen": seen})

    late = lead.post(path, data=PLACE | {"seen": seen, "cut_off": "11:00"})

    assert late.status_code == 409
    said = words(late.text)
    assert "Somebody was quicker" in said
    assert "Name of the place: Main Workshop" in said
    assert "Ships to: none DK, NO, SE" in said
    assert one("SELECT cut_off FROM locations").cut_off.hour == 15


def test_days_are_closed_and_opened_again(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln")
    path = "/console/vendors/kiln/locations/main"
    days = {"first_day": "2026-12-24", "last_day": "2026-12-31", "reason": "Christmas"}

    closed = lead.post(f"{path}/closures", data=days)
    said = words(lead.get(path).text)
    opened = lead.post(
        f"{path}/closures/remove", data={"first": "2026-12-24", "last": "2026-12-31"}
    )
    gone = lead.post(f"{path}/closures/remove", data={"first": "2026-12-24", "last": "2026-12-31"})

    assert closed.location == opened.location == f"{path}#closures-h"
    assert "Thu, Dec 24 \u2013 Thu, Dec 31 Christmas Ops_Lead Person , Mon, Nov 23, 09:00" in said
    assert gone.status_code == 404
    assert rows("SELECT 1 FROM closures") == []


@pytest.mark.parametrize(
    ("days", "field", "told"),
    [
        ({"last_day": "2026-12-23"}, "last_day", "before the first day"),
        ({"first_day": "2026-11-01", "last_day": "2026-11-02"}, "last_day", "is over"),
        ({"first_day": ""}, "first_day", "Choose the first day."),
        ({"reason": ""}, "reason", "Enter why"),
    ],
)
def test_days_that_make_no_sense_are_refused_beside_their_field(
    lead: FlaskClient, days: dict[str, str], field: str, told: str
) -> None:
    make_vendor_with_stock("kiln")
    usual = {"first_day": "2026-12-24", "last_day": "2026-12-31", "reason": "Christmas"}

    answer = lead.post("/console/vendors/kiln/locations/main/closures", data=usual | days)

    assert answer.status_code == 422
    assert told in errors(answer.text)[field]
    # The calendar beside it is as it was.
    assert 'value="Main"' in answer.text
    assert rows("SELECT 1 FROM closures") == []


def test_a_form_that_names_no_days_opens_none(lead: FlaskClient) -> None:
    make_vendor_with_stock("kiln")

    answer = lead.post("/console/vendors/kiln/locations/main/closures/remove", data={"first": "x"})

    assert answer.status_code == 422
