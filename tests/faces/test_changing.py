"""Changing and releasing orders on the screen: forms without scripts, roles, two people at once."""

from __future__ import annotations

import re
from html import unescape

import pytest

from app.integrity import broken_invariants
from app.shared.work import OPS, transaction
from tests.factories import (
    ADDRESS,
    line,
    make_order,
    make_vendor_with_stock,
    one,
    routed_order,
    rows,
    run,
    shipped_order,
)
from tests.people import browser_of, make_person, sign_in_as

pytestmark = pytest.mark.usefixtures("jobs_run_here")
ADDRESS_FORM = ADDRESS | {"company": "", "line2": "", "region": ""}
POSTS = ("address", "units", "wishes", "hold", "release", "cancel")


@pytest.fixture
def imani(app):
    return browser_of(app, make_person("ops_agent", "Imani Brooks"))


@pytest.fixture
def jonas(app):
    return browser_of(app, make_person("ops_lead", "Jonas Weber"))


def path_of(key, what: str = "") -> str:
    reference = one("SELECT reference FROM orders WHERE id = :id", id=key).reference
    return f"/console/orders/{reference}{f'/{what}' if what else ''}"


def order_of(key):
    return one("SELECT * FROM orders WHERE id = :id", id=key)


def words_of(page) -> str:
    """Return what a page says, without its marks."""
    said = unescape(re.sub(r"<[^>]+>", " ", page.text))
    return " ".join(said.split())


def version_in(page) -> str:
    found = set(re.findall(r'name="version" value="(\d+)"', page.text))
    (version,) = found
    return version


# Why it is held ------------------------------------------------------------------------------


def test_an_order_says_why_it_is_held_and_how_it_is_released(imani):
    key = make_order(lines=[line(quantity=250)], ship_to=ADDRESS | {"postal_code": "2"})

    page = imani.get(path_of(key))

    said = words_of(page)
    assert "Postal code does not look like one of Sweden." in said
    assert "250 units of MUG: more than 100 are looked at first." in said
    assert "waits for review" in said
    assert f'action="{path_of(key, "release")}"' in page.text


def test_an_order_without_doubts_has_nothing_to_release(imani):
    key = make_order()

    assert "Needs review" not in imani.get(path_of(key)).text


def test_the_list_of_orders_has_a_view_of_what_needs_review(imani):
    make_order("GOOD")
    make_order("BAD", ship_to=ADDRESS | {"country": "ZZ"})

    page = imani.get("/console/orders?view=review")

    assert ("BAD" in page.text, "GOOD" in page.text) == (True, False)
    assert words_of(imani.get("/console/orders")).count("webshop Needs review: the address") == 1


def test_an_order_shows_its_customers_own_words(imani):
    wishes = {"gift_wrap": True, "gift_message": "Grattis!", "delivery_instructions": "Ring twice"}
    key = make_order(preferences=wishes | {"deliver_by": "2026-12-12"})

    said = words_of(imani.get(path_of(key)))

    assert "Gift message Grattis! Delivery instructions Ring twice Need-by Sat, Dec 12" in said


# Releasing -----------------------------------------------------------------------------------


def test_a_person_releases_with_what_they_found(imani):
    make_vendor_with_stock()
    key = make_order(ship_to=ADDRESS | {"postal_code": "2"})
    version = version_in(imani.get(path_of(key)))

    data = {"version": version, "release-reason": "I called them"}
    answer = imani.post(path_of(key, "release"), data=data)
    run("route_orders")

    assert (answer.status_code, answer.location) == (302, path_of(key))
    held = one("SELECT released_by, release_note FROM order_holds")
    assert (held.released_by, held.release_note) == ("Imani Brooks", "I called them")
    assert order_of(key).status == "open"
    assert "I called them" in words_of(imani.get(path_of(key)))


def test_whoever_releases_second_is_told_who_was_quicker(imani, jonas):
    key = make_order(ship_to=ADDRESS | {"postal_code": "2"})
    data = {"version": version_in(imani.get(path_of(key))), "release-reason": "I called them"}

    jonas.post(path_of(key, "release"), data=data | {"release-reason": "they live there"})
    again = jonas.post(path_of(key, "release"), data=data)
    second = imani.post(path_of(key, "release"), data=data)

    assert (again.status_code, second.status_code) == (302, 409)
    assert "Jonas Weber" in words_of(second)
    assert one("SELECT release_note FROM order_holds").release_note == "they live there"


def test_a_release_without_a_word_is_refused(imani):
    key = make_order(ship_to=ADDRESS | {"postal_code": "2"})

    page = imani.post(path_of(key, "release"), data={"release-reason": " "})

    assert page.status_code == 422
    assert "Say why, in a few words." in words_of(page)
    assert order_of(key).held_since is not None


def test_a_doubt_that_came_since_keeps_the_order(imani, jonas):
    key = make_order(ship_to=ADDRESS | {"postal_code": "2"})
    version = version_in(imani.get(path_of(key)))
    jonas.post(path_of(key, "wishes"), data={"gift_wrap": "y"})

    page = imani.post(
        path_of(key, "release"), data={"version": version, "release-reason": "fine by me"}
    )

    assert page.status_code == 409
    assert "Somebody was quicker" in page.text
    assert "Wishes changed" in words_of(page)
    assert 'value="fine by me"' in page.text
    assert order_of(key).held_since is not None


def test_the_right_address_releases_what_waited_for_it(imani):
    make_vendor_with_stock()
    key = make_order(ship_to=ADDRESS | {"postal_code": "2"})

    imani.post(path_of(key, "address"), data=ADDRESS_FORM)
    run("route_orders")

    assert (order_of(key).held_since, order_of(key).status) == (None, "open")


# Holding -------------------------------------------------------------------------------------


def test_a_person_holds_an_order_that_is_at_work(imani):
    make_vendor_with_stock()
    key = routed_order()

    imani.post(path_of(key, "hold"), data={"hold-reason": "Is this a real name?"})

    assert one("SELECT status FROM fulfillment_orders").status == "on_hold"
    assert "Held by hand: Is this a real name?" in words_of(imani.get(path_of(key)))


# Changing ------------------------------------------------------------------------------------


def test_the_page_of_changes_shows_how_it_is_now(imani):
    key = make_order(lines=[line(quantity=3)], preferences={"gift_message": "Grattis!"})

    page = imani.get(path_of(key, "change")).text

    assert 'value="Storgatan 1"' in page
    assert '<option selected value="SE">Sweden</option>' in page
    assert re.search(r'name="units-line0"[^>]+value="3"', page)
    assert "Grattis!</textarea>" in page


def test_an_address_is_changed_by_its_form(imani):
    key = make_order()
    there = ADDRESS_FORM | {"line1": "Södra Vägen 2", "postal_code": "411 03", "city": "Göteborg"}

    answer = imani.post(path_of(key, "address"), data=there)

    assert answer.location == path_of(key)
    assert order_of(key).ship_to["city"] == "Göteborg"
    said = words_of(imani.get(path_of(key)))
    assert "The address is changed." in said
    assert "Postal code was 211 34 now 411 03" in said


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"postal_code": "41"}, "Postal code does not look like one of Sweden."),
        ({"postal_code": ""}, "Postal code is missing; addresses in Sweden have one."),
        ({"line1": ""}, "Enter a street and a number."),
        ({"country": "ZZ"}, "No country has the code ZZ."),
        ({"city": "x" * 301}, "Use at most 300 characters."),
    ],
)
def test_an_address_that_no_parcel_reaches_is_shown_again(imani, wrong, sentence):
    key = make_order()

    page = imani.post(path_of(key, "address"), data=ADDRESS_FORM | {"name": "Bo"} | wrong)

    assert page.status_code == 422
    assert sentence in words_of(page)
    assert 'value="Bo"' in page.text
    assert order_of(key).ship_to["name"] == "Ada Lind"


def test_units_are_changed_by_their_form(imani):
    make_vendor_with_stock(stock={"MUG": 10, "RUG": 10})
    key = routed_order(lines=[line("MUG", 2, "1"), line("RUG", 2, "2")])
    wanted = {"units-line0": "3", "units-line1": "1", "units-reason": "as they asked"}

    imani.post(path_of(key, "units"), data=wanted)

    lines = rows("SELECT quantity - canceled AS n FROM order_lines ORDER BY external_id")
    assert [row.n for row in lines] == [3, 1]
    assert "MUG: 2 → 3. As they asked." in words_of(imani.get(path_of(key)))


@pytest.mark.parametrize("units", ["-1", "x", "100001"])
def test_units_that_are_no_number_of_units_are_shown_again(imani, units):
    key = make_order()

    page = imani.post(path_of(key, "units"), data={"units-line0": units})

    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.text
    assert one("SELECT quantity FROM order_lines").quantity == 2


def test_wishes_are_changed_by_their_form(imani):
    key = make_order()
    wishes = {"gift_wrap": "y", "gift_message": "Grattis!", "deliver_by": "2026-12-12"}

    imani.post(path_of(key, "wishes"), data=wishes)

    found = order_of(key).preferences
    assert found.items() >= {"gift_wrap": True, "gift_message": "Grattis!"}.items()
    assert (found["deliver_by"], found["delivery_instructions"]) == ("2026-12-12", None)


def test_an_order_is_canceled_with_a_reason(imani):
    make_vendor_with_stock()
    key = routed_order()

    imani.post(path_of(key, "cancel"), data={"cancel-reason": "Ordered twice"})

    assert order_of(key).status == "canceled"
    assert "Nothing is left to change" in imani.get(path_of(key, "change")).text


def test_an_order_that_has_left_offers_nothing_and_refuses_all(imani):
    make_vendor_with_stock()
    key = shipped_order().order_id

    page = imani.get(path_of(key, "change"))
    refused = imani.post(path_of(key, "address"), data=ADDRESS_FORM | {"line1": "Elsewhere 1"})

    assert "<form" not in page.text.partition("<main")[2].partition("</main>")[0]
    assert refused.status_code == 409
    assert "cannot be changed any more" in words_of(refused)
    assert order_of(key).ship_to["line1"] == "Storgatan 1"


def test_of_two_people_the_second_sees_who_changed_what_and_goes_on_from_there(imani, jonas):
    key = make_order()
    version = version_in(jonas.get(path_of(key, "change")))
    imani.post(path_of(key, "address"), data=ADDRESS_FORM | {"line1": "Storgatan 9"})

    page = jonas.post(path_of(key, "units"), data={"units-line0": "5", "version": version})
    again = {"units-line0": "5", "version": version_in(page)}
    done = jonas.post(path_of(key, "units"), data=again)

    assert page.status_code == 409
    said = words_of(page)
    assert "Sent to another address" in said
    assert "Imani Brooks" in said
    assert re.search(r'name="units-line0"[^>]+value="5"', page.text)
    assert (done.status_code, one("SELECT quantity FROM order_lines").quantity) == (302, 5)


def test_the_same_form_sent_twice_is_one_change(imani):
    key = make_order()
    version = version_in(imani.get(path_of(key, "change")))

    for _time in range(2):
        answer = imani.post(path_of(key, "units"), data={"units-line0": "5", "version": version})
        assert answer.status_code == 302

    assert len(rows("SELECT 1 FROM timeline WHERE event = 'order_units_changed'")) == 1


# Who may -------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", POSTS)
@pytest.mark.parametrize("role", ["senior_management", "vendor_owner", "vendor_staff"])
def test_whoever_only_reads_changes_nothing(app, role, what):
    vendor = make_vendor_with_stock()
    key = make_order(ship_to=ADDRESS | {"postal_code": "2"})
    reader = sign_in_as(app, role, vendor=vendor if role.startswith("vendor") else None)

    data = ADDRESS_FORM | {f"{what}-reason": "because", "units-line0": "9"}
    refused = reader.post(path_of(key, what), data=data)

    assert refused.status_code in {403, 404}
    assert len(rows("SELECT 1 FROM timeline WHERE order_id = :id", id=key)) == 2
    with transaction(OPS):
        assert broken_invariants() == []


def test_whoever_only_reads_is_offered_no_form(app):
    key = make_order(ship_to=ADDRESS | {"postal_code": "2"})
    reader = sign_in_as(app, "senior_management")

    page = reader.get(path_of(key))

    assert "Postal code does not look like one of Sweden." in words_of(page)
    assert "Release the order" not in page.text
    assert reader.get(path_of(key, "change")).status_code == 403
