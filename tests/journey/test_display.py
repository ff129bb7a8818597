"""What scripts add to a page: toasts, the theme where one stands, true times, forms sent once."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, g

from app.shared import language
from app.web import languages, words
from tests.journey.conftest import CHROMIUM, TODAY, Visit

pytest.importorskip("playwright", reason="no browser: playwright is missing")

from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.skipif(
    not Path(CHROMIUM).exists(),
    reason=f"no browser: {CHROMIUM} does not exist; name one in CHROMIUM",
)
SAY = "detail => document.dispatchEvent(new CustomEvent('toast', {detail}))"
AT = "2026-12-04T16:00:00+00:00"


def say(page: Page, words: str, **detail: str) -> None:
    page.evaluate(SAY, {"words": words, **detail})


def changed(change: Callable[[str], str]) -> Callable[[Route], None]:
    """Return a server in between, that serves a page with something changed in it."""

    def serve(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=change(answer.text()))

    return serve


@pytest.fixture
def page(visit: Visit, signed_in: Any) -> Page:
    return visit(storage_state=signed_in)


def test_toasts_wait_under_a_hand_and_at_a_focus_and_what_went_wrong_stays(page: Page) -> None:
    page.clock.install()
    page.goto("/console/orders")
    region = page.locator(".toasts")
    say(page, "<img src=x onerror=alert(1)>", tone="good", href="/console/system")
    say(page, "Elsewhere", href="//evil.test/")
    say(page, "It is not sent.", tone="crit")

    expect(region.get_by_role("link")).to_have_text(["<img src=x onerror=alert(1)>"])
    expect(region.get_by_role("alert")).to_contain_text("It is not sent.")
    page.get_by_text("Elsewhere").hover()
    page.clock.run_for(60_000)
    expect(region.locator(".toast-o")).to_have_count(3)
    page.mouse.move(0, 0)
    region.get_by_role("button", name="Dismiss").first.focus()
    page.clock.run_for(60_000)
    expect(region.locator(".toast-o")).to_have_count(3)
    page.keyboard.press("Escape")
    expect(page.locator("#main")).to_be_focused()
    page.clock.run_for(12_000)
    expect(region.locator(".toast-o")).to_have_text(["It is not sent."])


def test_the_theme_changes_where_one_stands_and_the_next_page_has_it_from_the_server(
    visit: Visit, signed_in: Any
) -> None:
    page = visit(storage_state=signed_in, timezone_id="Asia/Tokyo")
    page.goto("/console/orders")
    page.evaluate("window.sameAsBefore = true")

    page.get_by_role("button", name="Dark theme").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.get_by_role("button", name="Light theme")).to_be_focused()
    assert page.evaluate("window.sameAsBefore")
    page.goto("/console/system")
    expect(page.locator("main time").first).to_have_attribute("title", re.compile("Tokyo time"))

    bare = visit(storage_state=signed_in, java_script_enabled=False)
    bare.goto("/console/orders")
    expect(bare.locator("html")).to_have_attribute("data-bs-theme", "dark")
    bare.get_by_role("button", name="Light theme").click()
    expect(bare).to_have_url(re.compile("/console/orders$"))
    expect(bare.locator("html")).to_have_attribute("data-bs-theme", "light")


def test_times_go_on_in_the_worlds_time_and_a_deadline_ends_in_late(page: Page) -> None:
    """A second of the page is ten minutes of this world; the words are those of the server."""
    ago = f'<time datetime="{AT}" data-ago="world" data-day="Fri, Dec 4">just now</time>'
    due = (
        '<span class="due" data-state="now" data-due="2026-12-04T16:25:00+00:00"><svg class="i">'
        '<use href="#i-alarm-fill"></use></svg><b>25 m <span>left</span></b></span>'
    )
    page.clock.install()
    served = changed(
        lambda text: text.replace('data-rate="0.0"', 'data-rate="600"').replace(
            "<h1>", f"<p id=a>{ago}</p><p id=d>{due}</p><h1>", 1
        )
    )
    page.route("**/console/orders", served)
    page.goto("/console/orders")
    time, deadline = page.locator("#a time"), page.locator("#d .due")

    seen = []
    for seconds in (1, 2, 12, 600, 1000):
        page.clock.fast_forward(seconds * 1000)
        seen.append((time.inner_text(), deadline.inner_text()))
        if seconds == 1:
            expect(deadline).to_have_attribute("data-state", "now")

    words = [re.sub(r"\d+ (?=[smhd])", "N ", told) for told, _ in seen]
    assert words == ["N m ago", "N m ago", "N h ago", "N d ago", "Fri, Dec 4"]
    assert [re.sub(r"\d+", "N", told) for _, told in seen[:1]] == ["N m left"]
    assert seen[1][1].endswith("late")
    expect(deadline).to_have_attribute("data-state", "late")
    expect(deadline.locator("use")).to_have_attribute("href", "#i-exclamation-octagon-fill")


@pytest.mark.parametrize("code", ["en", "en-XA"])
def test_scripts_say_moments_and_numbers_as_the_server_does(page: Page, code: str) -> None:
    passed = [(0, 3), (0, 40), (0, 500), (0, 7500), (1, 11_000), (8, 0), (0, -1500), (-6, 0)]
    server = Flask(__name__)
    server.config["TZ_DEFAULT"] = "UTC"
    with server.test_request_context(), language.spoken(code):
        g.now = TODAY
        moments = [TODAY - timedelta(*length) for length in passed]
        said = [words.ago(moment) for moment in moments]
        days = [words.day(moment) for moment in moments]
        told = f' data-words="{html.escape(languages.script_words() or "{}")}"'
        counted = [languages.COUNTED["{n} new cases"](n) for n in (1, 3)]
    times = "".join(
        f'<time datetime="{moment.isoformat()}" data-ago="world" data-day="{day}">?</time> '
        for moment, day in zip(moments, days, strict=True)
    )
    page.route(
        "**/console/orders",
        changed(
            lambda text: (
                text.replace("<h1>", f"<p id=t>{times}</p><h1>", 1)
                .replace('<html lang="en"', f'<html lang="{code}"', 1)
                .replace("<body", f"<body{told}", 1)
            )
        ),
    )
    page.goto("/console/orders")

    expect(page.locator("#t time")).to_have_text(said)
    count = "n => window._n('{n} new case', '{n} new cases', n)"
    assert [page.evaluate(count, n) for n in (1, 3)] == counted


def test_a_form_is_sent_once_with_the_button_that_was_pressed(page: Page) -> None:
    sent = []
    form = (
        '<form action="/twice" method="post"><button name="how" value="fast">Go</button>'
        '<button name="how" value="slow">Wait</button></form><h1>'
    )
    page.route("**/console/orders", changed(lambda text: text.replace("<h1>", form, 1)))

    def take(route: Route) -> None:
        sent.append(route.request.post_data)
        # No page in answer: this one stands, with its form at work.
        route.fulfill(status=204)

    page.route("**/twice", take)
    page.goto("/console/orders")
    go, wait = page.get_by_role("button", name="Go"), page.get_by_role("button", name="Wait")

    go.evaluate("button => { button.click(); button.click(); button.form.requestSubmit(); }")

    expect(go).to_be_disabled()
    expect(go).to_have_attribute("aria-busy", "true")
    expect(wait).to_be_disabled()
    assert sent == ["how=fast"]


def test_help_stays_on_the_smallest_screen_and_closes_by_key(visit: Visit, signed_in: Any) -> None:
    page = visit(360, 740, storage_state=signed_in)
    help_ = (
        '<details class="help"><summary>?</summary><div class="help-words">'
        f"<p>{'How it is counted. ' * 12}</p></div></details>"
    )
    page.route(
        "**/console/orders",
        changed(lambda text: text.replace("<h1>", f'<p class="text-end">{help_}</p><h1>', 1)),
    )
    page.goto("/console/orders")

    page.locator(".help summary").click()
    box = page.locator(".help-words").bounding_box()

    assert box
    assert (box["x"] >= 0, box["x"] + box["width"] <= 360) == (True, True)
    page.keyboard.press("Escape")
    expect(page.locator(".help-words")).to_be_hidden()
    expect(page.locator(".help summary")).to_be_focused()
