"""A vendor's webhooks on its pages: added, shown once, tried, sent again, and nobody else's."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from standardwebhooks import Webhook

from app.webhooks.contract import EVENTS
from simulator.http import Reply, Request, Router, Served
from tests.conftest import Sql
from tests.faces.test_audit_page import statements
from tests.factories import line, make_vendor_with_stock, one, routed_order, rows, run_jobs
from tests.people import browser_of, make_person

ALL = list(EVENTS)


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 100})


@pytest.fixture
def owner(app: Flask, kiln: UUID) -> FlaskClient:
    return browser_of(app, make_person("vendor_owner", "Ada Owner", vendor=kiln))


class Listening:
    """A program on loopback that answers as it is told to."""

    def __init__(self) -> None:
        self.heard: list[Request] = []
        self.status = 204
        router = Router()
        router.add("POST", "/onward", self.answer)
        self.served = Served(router, 0)
        self.url = f"{self.served.url}/onward"

    def answer(self, request: Request) -> Reply:
        self.heard.append(request)
        return Reply(self.status, b"what a program says is nobody's")


@pytest.fixture
def program() -> Iterator[Listening]:
    listening = Listening()
    yield listening
    listening.served.close()


def words(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def added(owner: FlaskClient, url: str) -> tuple[str, str]:
    """Add a webhook; return its address in the portal and its secret."""
    page = owner.post("/portal/webhooks/new", data={"url": url, "kinds": ALL}).text
    (secret,) = re.findall(r"<code>(whsec_[^<]+)</code>", page)
    key = one("SELECT id FROM webhook_endpoints ORDER BY made_at DESC LIMIT 1").id
    return f"/portal/webhooks/{key}", html.unescape(secret)


def deliver() -> None:
    run_jobs("feed_webhooks", "send_webhooks")


def test_a_webhook_is_added_and_its_secret_is_shown_this_once(
    owner: FlaskClient, program: Listening
) -> None:
    empty = words(owner.get("/portal/webhooks").text)
    path, secret = added(owner, program.url)
    routed_order("A-1")
    deliver()

    listed, shown = owner.get("/portal/webhooks").text, owner.get(path).text

    assert "No program listens yet" in empty
    assert Webhook(secret).verify(program.heard[0].body, dict(program.heard[0].headers))
    assert "Delivered" in words(listed)
    assert "127.0.0.1 Active" in words(shown)
    assert secret not in listed + shown
    assert "what a program says" not in shown


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"url": "", "kinds": ALL}, "Enter where your program listens."),
        ({"url": "ftp://example.com/", "kinds": ALL}, "begins with https://"),
        ({"url": "https://10.0.0.1/", "kinds": ALL}, "by its name on the internet"),
        ({"url": "https://example.com/"}, "Choose at least one."),
        ({"url": "https://example.com/", "kinds": ["order.placed"]}, "order.placed"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_added(
    owner: FlaskClient, data: dict[str, object], told: str
) -> None:
    answer = owner.post("/portal/webhooks/new", data={"kinds": [], **data})

    assert answer.status_code == 422
    assert told in words(answer.text)
    assert rows("SELECT 1 FROM webhook_endpoints") == []


def test_the_same_form_sent_twice_adds_one(owner: FlaskClient) -> None:
    data = {"url": "https://example.com/onward", "kinds": ALL}

    first, second = (owner.post("/portal/webhooks/new", data=data) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 409)
    assert "You have a webhook to this address." in words(second.text)
    assert len(rows("SELECT 1 FROM webhook_endpoints")) == 1


def test_a_test_is_sent_and_its_outcome_is_listed(owner: FlaskClient, program: Listening) -> None:
    path, secret = added(owner, program.url)
    (once,) = re.findall(r'name="once" value="([^"]+)"', owner.get(path).text)
    program.status = 500

    answers = [owner.post(f"{path}/test", data={"once": once}) for _ in range(2)]
    deliver()

    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(program.heard) == 1
    assert Webhook(secret).verify(program.heard[0].body, dict(program.heard[0].headers))
    page = words(owner.get(path).text)
    assert "endpoint.test Tried again 500" in page
    assert "A test is on its way." in page


def test_what_failed_is_listed_by_itself_and_sent_again(
    owner: FlaskClient, program: Listening, sql: Sql
) -> None:
    path, _ = added(owner, program.url)
    program.status = 503
    for n in (1, 2):
        routed_order(f"A-{n}", [line("MUG", 1)])
    run_jobs("feed_webhooks")
    sql("UPDATE webhook_deliveries SET attempts = 9")
    deliver()
    stopped = words(owner.get(path).text)
    owner.post(f"{path}/active", data={"active": "yes"})
    program.status = 204
    failed = owner.get(f"{path}?view=failed").text
    (one_of,) = re.findall(rf'action="({path}/deliveries/[^"]+)"', failed)[:1]

    owner.post(one_of)
    deliver()
    half = {r.status for r in rows("SELECT status FROM webhook_deliveries")}
    again = owner.post(f"{path}/again")
    deliver()

    assert "Nothing arrived there for days." in stopped
    assert "Failed 2" in words(failed)
    assert half == {"sent", "failed"}
    assert again.status_code == 303
    assert {r.status for r in rows("SELECT status FROM webhook_deliveries")} == {"sent"}
    assert "Nothing has failed" in words(owner.get(f"{path}?view=failed").text)


def test_a_webhook_is_changed_stopped_rotated_and_deleted(owner: FlaskClient) -> None:
    path, secret = added(owner, "https://example.com/onward")

    changed = owner.post(path, data={"url": "https://example.org/b", "kinds": ALL[:1]})
    wrong = owner.post(path, data={"url": "https://example.org:8443/", "kinds": ALL[:1]})
    stopped = owner.post(f"{path}/active", data={"active": ""})
    untested = owner.post(f"{path}/test")
    page = words(owner.get(path).text)
    (other,) = re.findall(r"<code>(whsec_[^<]+)</code>", owner.post(f"{path}/secret").text)
    row = one("SELECT url, kinds, is_active, stopped_because, old_secret FROM webhook_endpoints")
    deleted = owner.post(f"{path}/delete")

    assert [a.status_code for a in (changed, stopped, untested, deleted)] == [303] * 4
    assert wrong.status_code == 422
    assert tuple(row[:4]) == ("https://example.org/b", ALL[:1], False, "by_hand")
    assert row.old_secret is not None
    assert html.unescape(other) != secret
    assert "This webhook is stopped. Let it go on first." in page
    assert owner.get(path).status_code == 404
    assert "No program listens yet" in words(owner.get("/portal/webhooks").text)


def test_staff_and_others_do_not_come_in(app: Flask, owner: FlaskClient, kiln: UUID) -> None:
    path, _ = added(owner, "https://example.com/onward")
    fjord = make_vendor_with_stock("fjord", {"LAMP": 10})
    staff = browser_of(app, make_person("vendor_staff", "Noor", vendor=kiln))
    other = browser_of(app, make_person("vendor_owner", "Olaf", vendor=fjord))
    agent = browser_of(app, make_person("ops_agent"))

    for browser, status in ((staff, 403), (other, 404), (agent, 403)):
        assert browser.get(path).status_code == status
        for act in ("", "/active", "/test", "/again", "/delete", "/secret"):
            data = {"url": "https://evil.example/", "kinds": ALL}
            assert browser.post(f"{path}{act}", data=data).status_code == status

    assert one("SELECT url, is_active, old_secret, deleted_at FROM webhook_endpoints") == (
        "https://example.com/onward",
        True,
        None,
        None,
    )


def test_the_pages_cost_few_statements_however_much_was_delivered(
    owner: FlaskClient, program: Listening
) -> None:
    path, _ = added(owner, program.url)
    for n in range(12):
        routed_order(f"A-{n}", [line("MUG", 1)])
    deliver()

    counts = []
    for address in ("/portal/webhooks", path):
        owner.get(address)
        with statements() as seen:
            assert owner.get(address).status_code == 200
        counts.append(len(seen))

    assert max(counts) <= 5
