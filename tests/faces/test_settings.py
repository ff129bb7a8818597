"""What a marketplace decides for itself: its name, its colors, its zone, currency, languages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as some

from app.notifications.texts import compose
from app.policies import marketplace
from app.policies.documents import Marketplace
from app.policies.rules import LEAST, OURS, THEMES, accents, complaint, contrast
from app.shared.work import OPS, transaction
from simulator.mailbox import Mailbox
from supervisor.temporary import Urls
from tests.conftest import NOWHERE, ROOT, Api, Sql, make_app
from tests.faces.test_audit_page import statements
from tests.factories import make_vendor_with_stock, one, order_body, policy, rows, run_jobs
from tests.people import browser_of, make_person

CSS = (ROOT / "app" / "static" / "css" / "base.css").read_text()
FORM = {
    "name": "Hearth & Pine",
    "accent_light": "#8A1C4A",
    "accent_dark": "",
    "zone": "Europe/Stockholm",
    "currency": "SEK",
    "languages": "sv, en",
}
COLORS = some.integers(0, 0xFFFFFF).map("#{:06x}".format)


@pytest.fixture
def admin(app: Flask) -> FlaskClient:
    return browser_of(app, make_person("administrator", "Teo Marin"))


def decided() -> list[tuple[int, dict[str, Any], str]]:
    found = rows("SELECT version, document, made_by FROM policies WHERE kind = 'marketplace'")
    return [tuple(row) for row in found]


# Colors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#767676", "#ffffff", 4.54),
        ("#777777", "#ffffff", 4.48),
        ("#0b6070", "#ffffff", 7.19),
        ("#63c7d4", "#161c20", 8.72),
    ],
)
def test_contrast_is_as_the_standard_has_it(one: str, other: str, found: float) -> None:
    assert contrast(one, other) == pytest.approx(found, abs=0.005)
    assert contrast(other, one) == contrast(one, other)


@pytest.mark.parametrize(
    ("color", "theme", "told"),
    [
        ("#0b6070", "light", None),
        ("#c2185b", "light", None),
        ("#f48fb1", "dark", None),
        # Good enough on white, not on what is chosen.
        ("#6d6d6d", "light", "on a chosen row: its contrast is 4.4:1"),
        ("#b8860b", "light", "on a chosen row: its contrast is 2.8:1"),
        ("#ffd400", "light", "on the page: its contrast is 1.3:1"),
        ("#7a1fa2", "dark", "on a chosen row: its contrast is 1.9:1"),
    ],
)
def test_a_color_that_is_hard_to_read_is_refused_with_its_numbers(
    color: str, theme: str, told: str | None
) -> None:
    why = complaint(color, theme)

    assert why is None if told is None else told in (why or "")


@pytest.mark.parametrize("theme", THEMES)
@given(color=COLORS)
def test_the_color_that_is_offered_instead_can_be_read(theme: str, color: str) -> None:
    why = complaint(color, theme)
    accepted = re.findall(r"#[0-9a-f]{6}", why or color)[0]

    assert complaint(accepted, theme) is None


@pytest.mark.parametrize("theme", THEMES)
@given(color=COLORS)
def test_words_in_an_accepted_color_are_read_on_every_ground(theme: str, color: str) -> None:
    if complaint(color, theme):
        return
    tokens = accents(color, theme)

    for accent in ("--accent", "--accent-2"):
        for ground in (THEMES[theme].bg, THEMES[theme].surface, tokens["--accent-soft"]):
            assert contrast(tokens[accent], ground) >= LEAST
        assert contrast(tokens["--on-accent"], tokens[accent]) >= LEAST


def test_the_grounds_and_our_own_colors_are_those_of_the_style_sheet() -> None:
    blocks = {
        "light": CSS[CSS.index(":root {") :],
        "dark": CSS[CSS.index("[data-bs-theme=dark] {") :],
    }
    for theme, block in blocks.items():
        tokens = dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6});", block.partition("}")[0]))
        assert tokens["--bg"] == THEMES[theme].bg
        assert tokens["--surface"] == THEMES[theme].surface
        assert tokens["--accent"] == OURS[theme]
        assert complaint(OURS[theme], theme) is None


# The form -----------------------------------------------------------------------------------


def test_settings_are_saved_with_who_when_and_what(admin: FlaskClient) -> None:
    answer = admin.post("/console/settings", data=FORM)

    document = {
        "name": "Hearth & Pine",
        "accent_light": "#8a1c4a",
        "accent_dark": None,
        "zone": "Europe/Stockholm",
        "currency": "SEK",
        "languages": ["sv", "en"],
    }
    assert decided() == [(1, document, "Teo Marin")]
    page = admin.get(answer.location).text
    assert "Saved: name, color on light, time zone, currency, languages." in page
    assert "<title>Settings · Hearth &amp; Pine</title>" in page
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "Teo Marin version 1 Name Onward Hearth &amp; Pine" in told
    act = one("SELECT action, actor, facts FROM audit WHERE action = 'settings_changed'")
    assert (act.actor, act.facts["version"]) == ("Teo Marin", 1)


def test_the_same_settings_again_are_no_news(admin: FlaskClient) -> None:
    admin.post("/console/settings", data=FORM)

    answer = admin.post("/console/settings", data=FORM)

    assert "Nothing was different." in admin.get(answer.location).text
    assert len(decided()) == 1
    assert len(rows("SELECT 1 FROM audit WHERE action = 'settings_changed'")) == 1


def test_history_tells_what_each_version_changed(admin: FlaskClient) -> None:
    admin.post("/console/settings", data=FORM)
    admin.post("/console/settings", data=FORM | {"zone": "", "accent_light": ""})

    page = admin.get("/console/settings").text
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))

    assert (
        "version 2 Color on light #8a1c4a Onward's petrol"
        " Time zone Europe/Stockholm the installation's" in told.replace("&#39;", "'")
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": " "}, "Enter what the marketplace is called."),
        ({"name": "x" * 41}, "cannot be longer than 40"),
        ({"accent_light": "red"}, "Write a color as # and six of"),
        ({"accent_light": "#ffd400"}, "its contrast is 1.3:1 and has to be 4.5:1"),
        ({"accent_dark": "#0b6070"}, "Choose a lighter one"),
        ({"zone": "Mars/Olympus"}, "Not a valid choice."),
        ({"currency": "XXX"}, "Not a valid choice."),
        ({"languages": "en, Deutsch"}, "&#39;Deutsch&#39; is no language."),
        ({"languages": " , "}, "should have at least 1 item"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_the_rest_stays(
    admin: FlaskClient, change: dict[str, str], told: str
) -> None:
    (field,) = change

    answer = admin.post("/console/settings", data=FORM | change)

    error = re.search(rf'id="{field}-err">.*?</p>', answer.text, re.DOTALL)
    assert answer.status_code == 422
    assert error is not None
    assert told in error[0]
    assert ('value="Hearth &amp; Pine"' in answer.text) == (field != "name")
    assert decided() == []


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"zone": "Europe/Atlantis"}, "zone"),
        ({"currency": "EURO"}, "currency"),
        ({"accent_dark": "#000000"}, "accent_dark"),
        ({"name": "A\nB"}, "name"),
    ],
)
def test_the_api_takes_no_other_settings(api: Api, document: dict[str, str], field: str) -> None:
    answer = api("PUT", "/policies/marketplace", document)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert decided() == []


# What comes of them -------------------------------------------------------------------------


def test_a_brand_is_five_tokens_in_a_style_sheet_that_may_be_kept(admin: FlaskClient) -> None:
    assert "brand.css" not in admin.get("/console/settings").text
    admin.post("/console/settings", data=FORM)

    assert 'href="/brand.css?v=1"' in admin.get("/console/settings").text
    answer = admin.get("/brand.css?v=1")

    assert answer.content_type == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["Cache-Control"]
    assert set(re.findall(r"(--[\w-]+):", answer.text)) == set(accents("#8a1c4a", "light"))
    assert "--accent: #8a1c4a;" in answer.text
    assert "dark" not in answer.text


@pytest.mark.parametrize("version", ["", "?v=2", "?v=0"])
def test_a_style_sheet_under_another_version_is_not_kept(admin: FlaskClient, version: str) -> None:
    admin.post("/console/settings", data=FORM)

    answer = admin.get(f"/brand.css{version}")

    assert answer.headers["Cache-Control"] == "no-store"


def test_the_brand_is_open_to_strangers_and_error_pages(client: FlaskClient, app: Flask) -> None:
    policy("marketplace", name="Hearth & Pine", accent_dark="#f48fb1")

    page = client.get("/no-such-page")

    assert page.status_code == 404
    assert "Hearth &amp; Pine" in page.text
    assert client.get("/brand.css?v=1").status_code == 200


def test_moments_are_shown_in_the_marketplaces_zone(admin: FlaskClient) -> None:
    policy("marketplace", zone="Asia/Tokyo")

    page = admin.get("/console/").text

    assert "Mon, Nov 23, 18:00" in page


def test_a_promised_day_ends_in_the_marketplaces_zone(api: Api) -> None:
    make_vendor_with_stock("kiln")
    policy("marketplace", zone="Asia/Tokyo")

    api("POST", "/orders", order_body("A-1"), **{"Idempotency-Key": "A-1"})

    assert one("SELECT promise_zone FROM orders").promise_zone == "Asia/Tokyo"


def test_a_listing_without_a_currency_has_the_marketplaces(api: Api) -> None:
    make_vendor_with_stock("kiln")
    policy("marketplace", currency="JPY")
    listing = {"vendor": "kiln", "location": "main", "sku": "POT", "title": "Pot", "cost": "600"}

    api("PUT", "/listings", {"listings": [listing]})

    found = one("SELECT cost_minor, currency FROM listings WHERE sku = 'POT'")
    assert tuple(found) == (600, "JPY")


def test_a_mail_is_signed_by_the_marketplace() -> None:
    facts = {"number": "A-1", "name": "Ada Lind"}

    assert compose("order_received", facts, "Hearth & Pine").body.endswith("\n\nHearth & Pine")


def test_what_leaves_is_signed_by_the_marketplace(
    api: Api, jobs_run_here: None, post: Mailbox
) -> None:
    policy("marketplace", name="Hearth & Pine")
    api("POST", "/orders", order_body("A-1"), **{"Idempotency-Key": "A-1"})

    run_jobs("send_notifications")

    (mail,) = post.newest()
    assert mail.text.rstrip().endswith("Hearth & Pine")


def test_settings_cost_a_page_no_statement(admin: FlaskClient) -> None:
    policy("marketplace", name="Hearth & Pine")
    admin.get("/console/")

    with statements() as seen:
        admin.get("/console/")

    assert not [sql for sql in seen if "policies" in sql]


def test_settings_that_cannot_be_read_stay_as_they_are(app: Flask, sql: Sql) -> None:
    policy("marketplace", name="Hearth & Pine")
    marketplace.look(at_once=True)
    policy("marketplace", name="Hearth & Fir")

    sql("REVOKE SELECT ON policies FROM onward_worker")
    try:
        marketplace.look(at_once=True)
    finally:
        sql("GRANT SELECT ON policies TO onward_worker")

    assert marketplace.current().document.name == "Hearth & Pine"
    marketplace.look(at_once=True)
    assert marketplace.current().document.name == "Hearth & Fir"


def test_a_page_without_a_database_has_what_the_product_ships_with(valkey_url: str) -> None:
    url = f"postgresql://nobody@{NOWHERE}/onward"
    nowhere = Urls(superuser=url, owner=url, application=url)
    app = make_app(nowhere, "onward", valkey_url)

    page = app.test_client().get("/no-such-page")

    assert page.status_code == 404
    assert "<bdi>Onward</bdi>" in page.text


def test_settings_that_todays_rules_refuse_keep_nothing_from_working(
    admin: FlaskClient, sql: Sql
) -> None:
    policy("marketplace", name="Hearth & Pine")
    sql("UPDATE policies SET document = jsonb_set(document, '{accent_light}', '\"#ffffff\"')")

    with transaction(OPS) as now:
        found = marketplace.read(now)

    assert found.document == Marketplace()
    assert admin.get("/console/settings").status_code == 200


def test_settings_that_somebody_saved_meanwhile_are_shown_before_they_are_replaced(
    app: Flask, admin: FlaskClient
) -> None:
    other = browser_of(app, make_person("administrator", "Rosa Delgado"))
    assert other.post("/console/settings", data=FORM | {"seen": "0"}).status_code == 302

    mine = FORM | {"name": "Mine", "seen": "0"}
    late = admin.post("/console/settings", data=mine)

    assert late.status_code == 409
    assert "Rosa Delgado saved version 1" in late.text
    assert "Hearth &amp; Pine" in late.text
    assert len(rows("SELECT FROM policies WHERE kind = 'marketplace'")) == 1
    # Sent once more, having seen it, it is a decision.
    assert re.search(r'name="seen"[^>]*value="1"', late.text)
    assert admin.post("/console/settings", data=mine | {"seen": "1"}).status_code == 302
