from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask, g

from app.carriers.contract import DelayReason, TrackingStatus
from app.console.cases import SENTENCES
from app.orders.contract import FoStatus, OrderStatus
from app.shared.language import ACCENTED, spoken
from app.vendors.contract import Status
from app.web import looks, words, zones

# The true minus; it stands as "~" below.
MINUS = "\N{MINUS SIGN}"
NEW_YORK, STOCKHOLM = "America/New_York", "Europe/Stockholm"


@pytest.fixture(autouse=True)
def page():
    """A page read on a November noon, by nobody known, where the installation's zone is UTC."""
    app = Flask(__name__)
    app.config["TZ_DEFAULT"] = "UTC"
    with app.test_request_context():
        g.now = datetime(2026, 11, 19, 12, tzinfo=UTC)
        yield


def at(words: str) -> datetime:
    return datetime.fromisoformat(words)


# Moments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "zone", "shown"),
    [
        # The last minute before clocks change, and the first one after.
        ("2026-03-08T06:59Z", NEW_YORK, "Sun, Mar 8, 01:59, New York time (UTC~5)"),
        ("2026-03-08T07:00Z", NEW_YORK, "Sun, Mar 8, 03:00, New York time (UTC~4)"),
        ("2026-03-29T00:59Z", STOCKHOLM, "Sun, Mar 29, 01:59, Stockholm time (UTC+1)"),
        ("2026-03-29T01:00Z", STOCKHOLM, "Sun, Mar 29, 03:00, Stockholm time (UTC+2)"),
        # The hour that comes twice in autumn has one name each time.
        ("2026-11-01T05:30Z", NEW_YORK, "Sun, Nov 1, 01:30, New York time (UTC~4)"),
        ("2026-11-01T06:30Z", NEW_YORK, "Sun, Nov 1, 01:30, New York time (UTC~5)"),
        ("2026-11-19T07:22Z", "UTC", "Thu, Nov 19, 07:22 UTC"),
        ("2026-11-19T07:22Z", "Asia/Kolkata", "Thu, Nov 19, 12:52, Kolkata time (UTC+5:30)"),
        ("2026-11-19T07:22Z", "Africa/Accra", "Thu, Nov 19, 07:22, Accra time (UTC)"),
        ("2026-11-19T07:22Z", "America/St_Johns", "Thu, Nov 19, 03:52, St Johns time (UTC~3:30)"),
    ],
)
def test_a_precise_moment_cannot_be_mistaken(moment, zone, shown):
    zones.prefer(zone)

    assert words.precise(at(moment)) == shown.replace("~", MINUS)


def test_a_day_is_that_of_the_zone_it_is_shown_in():
    moment = at("2026-12-31T23:30Z")

    assert words.day(moment) == "Thu, Dec 31"
    zones.prefer("Pacific/Auckland")
    assert words.day(moment) == "Fri, Jan 1, 2027"
    assert words.day(date(2026, 12, 31)) == "Thu, Dec 31"


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(seconds=4), "just now"),
        (timedelta(seconds=-4), "just now"),
        (timedelta(seconds=40), "40 s ago"),
        (timedelta(minutes=8, seconds=59), "8 m ago"),
        (timedelta(minutes=-5), "in 5 m"),
        (timedelta(hours=2, minutes=5), "2 h ago"),
        (timedelta(hours=47), "1 d ago"),
        (timedelta(days=7), "7 d ago"),
        (timedelta(days=7, seconds=1), "Thu, Nov 12"),
        (timedelta(days=-8), "Fri, Nov 27"),
        (timedelta(days=400), "Wed, Oct 15, 2025"),
    ],
)
def test_how_long_ago_is_one_unit_and_beyond_a_week_the_day(length, shown):
    assert words.ago(g.now - length) == shown


def test_what_people_do_is_told_by_their_own_clock_not_by_the_worlds():
    moment = datetime.now(UTC) - timedelta(minutes=3, seconds=30)

    assert words.ago(moment, real=True) == "3 m ago"


# Whose zone ---------------------------------------------------------------------------------


def cookie(zone: str):
    app = Flask(__name__)
    app.config["TZ_DEFAULT"] = "UTC"
    return app.test_request_context(headers={"Cookie": f"zone={zone}"})


def test_a_choice_goes_before_the_place_the_place_before_the_browser_the_browser_before_the_rest():
    seen = []
    with cookie("Asia/Tokyo"):
        zones.fall_back_to("Europe/Malta")
        seen.append((words.zone_name(), zones.is_readers_own()))
        zones.show_in(STOCKHOLM)
        seen.append((words.zone_name(), zones.is_readers_own()))
        zones.prefer(NEW_YORK)
        seen.append((words.zone_name(), zones.is_readers_own()))
        zones.prefer(None)
        seen.append((words.zone_name(), zones.is_readers_own()))

    assert seen == [
        ("Asia/Tokyo", True),
        (STOCKHOLM, False),
        (NEW_YORK, False),
        (STOCKHOLM, False),
    ]


@pytest.mark.parametrize(
    "said", ["Mars/Olympus", "../../etc/passwd", "/etc/localtime", "localtime", "Factory", "", "é"]
)
def test_what_is_no_zone_was_never_said(said):
    with cookie(said):
        zones.fall_back_to("Europe/Malta")

        assert (zones.browsers(), words.zone_name()) == (None, "Europe/Malta")


def test_every_zone_on_offer_is_known_and_the_one_in_use_is_never_missing():
    offered = zones.choices([("", "As the browser says")], "US/Eastern")
    names = [name for group in offered.values() for name, _ in group]

    assert names[:2] == ["", "UTC"]
    assert set(names) - {""} <= zones.known()
    assert ("US/Eastern" in names, "US/Central" in names) == (True, False)
    assert offered["America"][0] == ("America/Adak", "America/Adak")


# Money --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "shown", "rounded"),
    [
        ((1250, "USD"), "$12.50", "$13"),
        ((1150, "USD"), "$11.50", "$12"),
        ((-1200, "USD"), "~$12.00", "~$12"),
        ((123_456_789, "EUR"), "€1,234,567.89", "€1,234,568"),
        ((1250, "JPY"), "¥1,250", "¥1,250"),
        ((-1250, "JPY"), "~¥1,250", "~¥1,250"),
        ((1250, "BHD"), "BHD\N{NO-BREAK SPACE}1.250", "BHD\N{NO-BREAK SPACE}1"),
        ((-7, "BHD"), "~BHD\N{NO-BREAK SPACE}0.007", "BHD\N{NO-BREAK SPACE}0"),
        ((-49, "GBP"), "~£0.49", "£0"),
        ((0, "EUR"), "€0.00", "€0"),
    ],
)
def test_money_has_its_currencys_digits_and_a_true_minus(amount, shown, rounded):
    exact, whole = words.money(amount), words.whole(amount)

    assert (exact, whole) == (shown.replace("~", MINUS), rounded.replace("~", MINUS))


# Other languages ----------------------------------------------------------------------------


def test_words_are_said_in_the_language_of_whoever_reads():
    facts = {"kind": "late_dispatch", "case": "CA-1", "since": "2026-11-19T07:22:00+00:00"}
    with spoken(ACCENTED):
        assert words.span(timedelta(hours=2, minutes=5)) == "⟦2 h⟧ ⟦05 m⟧"
        assert words.ago(g.now - timedelta(minutes=8)) == "⟦⟦8 m⟧ ágö⟧"
        assert (words.plain("on_hold"), words.small("on_hold")) == ("⟦Öñ höld⟧", "⟦öñ höld⟧")
        assert words.rule("late_1") == "⟦láté bý 1 dáý ör möré⟧"
        told = words.happened("case_raised", facts)
        assert told["title"] == "⟦⟦Láté díšpátçh⟧ föûñd⟧"
        assert told["sentence"] == "⟦CA-1, šíñçé Thu, Nov 19, 07:22⟧."


def test_days_and_decimals_are_written_as_their_language_does():
    moment = at("2026-11-19T07:22Z")
    with spoken("de"):
        assert (words.weekday(date(2026, 11, 19)), words.day(moment)) == ("Do", "Do., 19. Nov.")
        assert words.decimal(1234.5, "#,##0.0") == "1.234,5"
    assert words.weekday(date(2026, 11, 19)) == "Thu"
    assert words.decimal(1800.0, "#,##0.###") == "1,800"


@pytest.mark.parametrize(
    ("codes", "table"),
    [
        (OrderStatus, looks.ORDER_STATUSES),
        (FoStatus, looks.FO_STATUSES),
        (TrackingStatus, looks.SHIPMENT_STATUSES),
        (DelayReason, looks.DELAYS),
        (Status, looks.VENDOR_STATUSES),
        (SENTENCES, looks.EXCEPTION_KINDS),
    ],
)
def test_every_code_has_its_look_and_its_words_are_there_to_be_translated(codes, table):
    source = "".join(Path(module.__file__).read_text() for module in (looks, words))
    marked = set(re.findall(r'later\(\s*"([^"]+)"', source))

    assert {str(code) for code in codes} <= set(table)
    assert {look[2] for look in table.values()} <= marked
    small = {str(code) for code in codes} - set(words.DELAYS)
    assert {code.replace("_", " ") for code in small} <= marked
