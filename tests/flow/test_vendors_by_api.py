"""Vendors by the API: as they are said to be, and what is left out as it was."""

from __future__ import annotations

import pytest

from app.shared import ids
from app.shared.work import OPS, transaction
from app.vendors import queries
from tests.factories import make_vendor_with_stock, one, rows


def standing(code: str = "kiln") -> str:
    with transaction(OPS):
        return str(queries.vendor(code).status)


def acts() -> list[str]:
    return [row.action for row in rows("SELECT action FROM audit ORDER BY position")]


PLACE = {"name": "Main", "zone": "Europe/Berlin", "country": "DE"}
CALENDAR = {
    "working_days": [1, 2, 3, 4],
    "holidays": "DE-BY",
    "daily_capacity": 40,
    "ships_to": ["DE", "AT"],
    "is_active": False,
}
WHERE = {"region": "BY", "city": "Rosenheim", "postal_code": "83022"}
TIMES = {"zone": "Europe/Berlin", "cut_off": "11:30:00", "handling_days": 5}


def test_a_vendor_comes_in_with_its_kind_and_its_calendar_and_is_read_again(api):
    api("PUT", "/vendors/kiln", {"name": "Kiln", "kind": "drop_shipper", "email": "k@kiln.example"})
    api("PUT", "/vendors/kiln/locations/main", PLACE | CALENDAR)
    days = {"first_day": "2026-12-24", "last_day": "2026-12-31", "reason": "Christmas"}
    assert api("PUT", "/vendors/kiln/locations/main/closures", days).status_code == 200

    found = api("GET", "/vendors/kiln").json

    assert (found["kind"], found["status"], found["status_until"]) == (
        "drop_shipper",
        "active",
        None,
    )
    (place,) = found["locations"]
    assert {name: place[name] for name in CALENDAR} == CALENDAR | {"ships_to": ["AT", "DE"]}
    assert place["closures"] == [days]
    assert place["cut_off"] == "16:00:00"


@pytest.mark.parametrize("code", ["new", "a/b", ".."])
def test_a_vendor_that_no_page_could_show_is_refused(api, code):
    vendor = {"code": code, "name": "Other", "location": PLACE}

    answer = api("PUT", "/vendors", {"vendors": [vendor]})

    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "code")
    assert f"Vendor '{code}' was not taken in" in answer.json["detail"]
    assert rows("SELECT FROM vendors") == []


def test_a_vendor_that_no_page_could_show_and_is_here_is_changed_as_others_are(api, sql):
    sql("INSERT INTO vendors (id, code, name, status) VALUES (%s, 'new', 'N', 'active')", ids.new())

    assert api("PUT", "/vendors/new", {"name": "Newer"}).status_code == 200
    assert one("SELECT name FROM vendors").name == "Newer"


def test_what_a_call_leaves_out_of_a_location_is_as_it_was_and_the_answer_says_what_that_is(api):
    api("PUT", "/vendors/kiln", {"name": "Kiln"})
    known = {"name": "Main", "country": "DE"} | WHERE | TIMES | CALENDAR
    known["ships_to"] = ["AT", "DE"]
    first = api("PUT", "/vendors/kiln/locations/main", known).json

    again = api("PUT", "/vendors/kiln/locations/main", {"name": "South", "country": "DE"}).json
    cleared = dict.fromkeys([*WHERE, "holidays", "daily_capacity", "ships_to"])
    taken = api(
        "PUT", "/vendors/kiln/locations/main", {"name": "South", "country": "DE"} | cleared
    ).json

    kept = {"code": "main"} | known
    assert first == kept
    assert again == kept | {"name": "South"}
    assert taken == kept | {"name": "South"} | cleared
    (place,) = api("GET", "/vendors/kiln").json["locations"]
    assert place == taken | {"closures": []}


def test_what_is_left_out_of_a_new_location_is_as_usual(api):
    api("PUT", "/vendors/kiln", {"name": "Kiln"})

    assert api("PUT", "/vendors/kiln/locations/main", {"name": "Main", "country": "DE"}).json == {
        "code": "main",
        "name": "Main",
        "country": "DE",
        **dict.fromkeys([*WHERE, "holidays", "daily_capacity", "ships_to"]),
        "zone": "UTC",
        "cut_off": "16:00:00",
        "handling_days": 2,
        "working_days": [1, 2, 3, 4, 5],
        "is_active": True,
    }


def test_many_vendors_that_come_in_again_keep_what_is_not_said_of_them(api):
    vendor = {"code": "kiln", "name": "Kiln", "email": "k@kiln.example"}
    place = {"name": "Main", "country": "DE"}
    api("PUT", "/vendors", {"vendors": [vendor | {"location": place | TIMES | CALENDAR}]})
    before = rows("SELECT * FROM locations")

    api("PUT", "/vendors", {"vendors": [{"code": "kiln", "name": "K", "location": place}]})

    assert rows("SELECT * FROM locations") == before
    assert one("SELECT name, email FROM vendors") == ("K", "k@kiln.example")


def test_an_address_that_is_left_out_stays_and_null_takes_it_away(api):
    kiln = {"name": "Kiln", "email": "k@kiln.example", "kind": "drop_shipper"}
    api("PUT", "/vendors/kiln", kiln)

    kept = api("PUT", "/vendors/kiln", {"name": "Kiln & Co."}).json
    gone = api("PUT", "/vendors/kiln", {"name": "Kiln & Co.", "email": None}).json

    stands = {"status": "active", "status_reason": None, "status_until": None}
    assert kept == {"code": "kiln"} | kiln | {"name": "Kiln & Co."} | stands
    assert gone == kept | {"email": None}


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"holidays": "DE-XX"}, "holidays", "no part of DE"),
        ({"holidays": "Germany"}, "holidays", "write it like DE"),
        ({"working_days": []}, "working_days", "at least 1"),
        ({"working_days": [0]}, "working_days.0", "greater than or equal to 1"),
        ({"working_days": [8]}, "working_days.0", "less than or equal to 7"),
        ({"daily_capacity": 0}, "daily_capacity", "greater than or equal to 1"),
        ({"ships_to": []}, "ships_to", "at least 1"),
        ({"ships_to": ["Sweden"]}, "ships_to.0", "is no country"),
        ({"is_active": "perhaps"}, "is_active", "boolean"),
        ({"cutoff": "12:00"}, "cutoff", "not permitted"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused_whole(api, change, field, told):
    api("PUT", "/vendors/kiln", {"name": "Kiln"})
    api("PUT", "/vendors/kiln/locations/main", PLACE)
    before = rows("SELECT * FROM locations")

    answer = api("PUT", "/vendors/kiln/locations/main", PLACE | CALENDAR | change)

    assert answer.status_code == 422
    (wrong,) = answer.json["errors"]
    assert wrong["field"] == field
    assert told in wrong["detail"]
    assert rows("SELECT * FROM locations") == before


def test_a_status_that_a_program_names_is_a_move_like_any_other(api):
    make_vendor_with_stock()
    body = {"name": "Kiln", "email": "k@kiln.example", "status": "paused"}

    said = api("PUT", "/vendors/kiln", body | {"status_until": "2026-12-01"})
    again = api("PUT", "/vendors/kiln", {"name": "Kiln", "email": None})

    assert (said.status_code, again.status_code) == (200, 200)
    assert standing() == "paused"
    vendor = one("SELECT status_reason, status_by FROM vendors")
    assert vendor == ("said by tests", "tests")
    assert acts() == ["vendors_saved", "vendor_paused", "vendors_saved"]


def test_a_status_that_cannot_be_reached_is_refused_and_nothing_is_saved(api):
    make_vendor_with_stock()
    api("PUT", "/vendors/kiln", {"name": "Kiln", "status": "suspended"})

    answer = api("PUT", "/vendors/kiln", {"name": "Other", "status": "paused"})

    assert (answer.status_code, standing()) == (409, "suspended")
    assert "kiln is suspended and cannot become paused. Reopen it" in answer.json["detail"]
    assert one("SELECT name FROM vendors").name == "Kiln"


@pytest.mark.parametrize(
    ("said", "reason", "did"),
    [
        ({"status": "active", "status_reason": "new"}, None, []),
        ({"status": "review", "status_reason": "new"}, "new", ["vendor_put_under_review"]),
        ({"status": "review"}, "said by tests", ["vendor_put_under_review"]),
        ({"status": "paused", "status_until": "2026-12-01"}, "said by tests", ["vendor_paused"]),
        ({"status": "suspended", "status_reason": "no papers"}, "no papers", ["vendor_suspended"]),
    ],
)
def test_a_new_vendor_stands_as_it_is_said_to(api, said, reason, did):
    first = api("PUT", "/vendors/xa", {"name": "Xa"} | said)
    again = api("PUT", "/vendors/xa", {"name": "Xa"} | said)

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json == again.json
    answered = {name: first.json[name] for name in ("status", "status_reason", "status_until")}
    until = said.get("status_until")
    assert answered == {"status": said["status"], "status_reason": reason, "status_until": until}
    assert standing("xa") == said["status"]
    assert [act for act in acts() if act != "vendors_saved"] == did


@pytest.mark.parametrize(
    ("more", "reason", "until", "moves_made"),
    [
        ({}, "relining", "2026-12-01", 1),
        ({"status_reason": "relining", "status_until": "2026-12-01"}, "relining", "2026-12-01", 1),
        ({"status_reason": "still relining"}, "still relining", "2026-12-01", 2),
        ({"status_until": "2026-12-05"}, "relining", "2026-12-05", 2),
        ({"status_until": None}, "relining", None, 2),
    ],
)
def test_the_status_that_a_vendor_has_is_no_news_but_another_reason_or_day_is(
    api, more, reason, until, moves_made
):
    make_vendor_with_stock()
    paused = {"status": "paused", "status_reason": "relining", "status_until": "2026-12-01"}
    api("PUT", "/vendors/kiln", {"name": "Kiln"} | paused)

    answer = api("PUT", "/vendors/kiln", {"name": "Kiln", "status": "paused"} | more)

    assert answer.status_code == 200
    assert (answer.json["status"], answer.json["status_reason"]) == ("paused", reason)
    assert answer.json["status_until"] == until
    assert len([act for act in acts() if act == "vendor_paused"]) == moves_made


@pytest.mark.parametrize("status", ["active", "review", "paused", "suspended"])
def test_a_closed_vendor_is_said_no_other_status_and_is_changed_all_the_same(api, status):
    make_vendor_with_stock(status="closed")

    answer = api("PUT", "/vendors/kiln", {"name": "Other", "status": status})

    assert (answer.status_code, standing()) == (409, "closed")
    assert answer.json["detail"] == (
        f"kiln is closed and cannot become {status}."
        " That is for good; a vendor that comes back is taken in anew."
    )
    assert one("SELECT name FROM vendors").name == "Kiln"
    changed = api("PUT", "/vendors/kiln", {"name": "Other"})
    assert (changed.status_code, changed.json["status"]) == (200, "closed")


@pytest.mark.parametrize(
    ("said", "field", "told"),
    [
        ({"status_until": "2026-12-01"}, "status_until", "goes with a status"),
        ({"status_reason": "relining"}, "status_reason", "goes with a status"),
        ({"status": None, "status_reason": "relining"}, "status_reason", "goes with a status"),
        (
            {"status": "active", "status_until": "2026-12-01"},
            "status_until",
            "ends a pause or a suspension",
        ),
        (
            {"status": "review", "status_until": "2026-12-01"},
            "status_until",
            "ends a pause or a suspension",
        ),
        ({"status": "paused", "status_until": "2026-11-23"}, "status_until", "a day after today"),
        ({"status": "paused", "status_reason": "x" * 501}, "status_reason", "at most 500"),
        ({"status": "closed", "status_until": "2026-12-01"}, "status", "'active', 'review'"),
    ],
)
def test_how_a_vendor_stands_makes_sense_or_is_refused_whole(api, said, field, told):
    make_vendor_with_stock()

    answer = api("PUT", "/vendors/kiln", {"name": "Other"} | said)

    assert answer.status_code == 422
    (wrong,) = answer.json["errors"]
    assert (wrong["field"], told in wrong["detail"]) == (field, True)
    assert one("SELECT name, status FROM vendors") == ("Kiln", "active")


def test_many_vendors_come_in_at_once_with_their_calendars(api):
    vendors = [{"code": f"v{n}", "name": f"V {n}", "location": PLACE | CALENDAR} for n in range(3)]

    assert api("PUT", "/vendors", {"vendors": vendors}).json == {"saved": 3}
    assert rows("SELECT DISTINCT working_days, ships_to FROM locations") == [
        ([1, 2, 3, 4], ["AT", "DE"])
    ]


@pytest.mark.parametrize("path", ["/vendors/nobody", "/vendors/nobody/locations/main/closures"])
def test_a_vendor_that_is_not_there_is_404(api, path):
    method = "GET" if path.count("/") == 2 else "PUT"
    body = {"first_day": "2026-12-24", "last_day": "2026-12-24", "reason": "x"}

    assert api(method, path, None if method == "GET" else body).status_code == 404
