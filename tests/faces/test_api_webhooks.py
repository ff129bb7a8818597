"""A vendor's webhooks by its own key: the same life and the same refusals as on the portal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from standardwebhooks import Webhook

from app.accounts.keys import ensure_key
from app.shared.work import ACCOUNTS, transaction
from app.webhooks.contract import EVENTS, MOST_ENDPOINTS
from tests.conftest import Api, Sql, caller
from tests.faces.test_audit_page import statements
from tests.faces.test_portal_webhooks import Listening, deliver
from tests.factories import make_vendor_with_stock, one, routed_order, rows, vendor_key

URL = "https://example.com/onward"
# What each call would do to a webhook: (method, path under it, body).
CALLS = (
    ("GET", "", None),
    ("PUT", "", {"url": "https://evil.example/"}),
    ("POST", "/secret", None),
    ("POST", "/test", None),
    ("GET", "/deliveries", None),
    ("POST", "/deliveries/{delivery}/replay", None),
    ("DELETE", "", None),
)


@pytest.fixture
def app(app: Flask, jobs_run_here: None) -> Flask:
    return app


@pytest.fixture
def kiln(app: Flask) -> UUID:
    return make_vendor_with_stock("kiln", {"MUG": 100})


@pytest.fixture
def robot(app: Flask, kiln: UUID) -> Api:
    return caller(app, vendor_key("kiln", "onw_kiln"))


@pytest.fixture
def program() -> Iterator[Listening]:
    listening = Listening()
    yield listening
    listening.served.close()


def added(robot: Api, url: str = URL) -> str:
    """Add a webhook; return its path."""
    return f"/webhooks/{robot('POST', '/webhooks', {'url': url}).json['id']}"


def state() -> Any:
    return rows(
        "SELECT url, kinds, is_active, secret, old_secret, deleted_at FROM webhook_endpoints"
    )


def test_a_webhook_is_added_hears_of_work_and_tells_its_secret_once(
    robot: Api, program: Listening
) -> None:
    made = robot("POST", "/webhooks", {"url": program.url})
    routed_order("A-1")
    deliver()
    (listed,) = robot("GET", "/webhooks").json["webhooks"]
    shown = robot("GET", f"/webhooks/{made.json['id']}")

    assert made.status_code == 201
    assert made.json["events"] == list(EVENTS)
    assert made.json["made_by"] == "vendor-kiln"
    verifies = Webhook(made.json["secret"])
    assert verifies.verify(program.heard[0].body, dict(program.heard[0].headers))
    assert listed == shown.json
    assert "secret" not in listed
    assert (listed["failed"], listed["last_delivery"]["status"]) == (0, "sent")
    assert one("SELECT actor, actor_kind FROM audit WHERE action = 'webhook_added'") == (
        "vendor-kiln",
        "key",
    )


def test_it_is_changed_stopped_and_goes_on_and_what_is_left_out_stays(robot: Api) -> None:
    path = added(robot)

    moved = robot("PUT", path, {"url": "https://example.org/b"}).json
    fewer = robot("PUT", path, {"events": ["fulfillment_order.held"]}).json
    stopped = robot("PUT", path, {"is_active": False}).json
    untested = robot("POST", f"{path}/test")
    again = robot("PUT", path, {"is_active": True}).json

    assert (moved["url"], moved["events"]) == ("https://example.org/b", list(EVENTS))
    assert (fewer["url"], fewer["events"]) == (moved["url"], ["fulfillment_order.held"])
    assert (stopped["is_active"], stopped["stopped_because"]) == (False, "by_hand")
    assert (untested.status_code, untested.json["detail"]) == (
        409,
        "This webhook is stopped. Let it go on first.",
    )
    assert (again["is_active"], again["stopped_because"]) == (True, None)


def test_another_secret_signs_and_the_one_before_for_a_day(robot: Api, program: Listening) -> None:
    path, old = "", ""
    made = robot("POST", "/webhooks", {"url": program.url}).json
    path, old = f"/webhooks/{made['id']}", made["secret"]

    rotated = robot("POST", f"{path}/secret").json
    tested = robot("POST", f"{path}/test")
    deliver()

    assert rotated["secret"] != old
    assert rotated["old_secret_until"] is not None
    heard = program.heard[0]
    for secret in (old, rotated["secret"]):
        assert Webhook(secret).verify(heard.body, dict(heard.headers))
    assert (tested.json["event"], tested.json["status"]) == ("endpoint.test", "queued")


def test_what_failed_is_listed_and_one_of_it_is_sent_again(
    robot: Api, program: Listening, sql: Sql
) -> None:
    path = added(robot, program.url)
    tests = [robot("POST", f"{path}/test").json["id"] for _ in range(2)]
    waiting = robot("POST", f"{path}/deliveries/{tests[0]}/replay")
    sql(f"UPDATE webhook_deliveries SET status = 'failed', attempts = 10 WHERE id = '{tests[0]}'")
    deliver()

    (failed,) = robot("GET", f"{path}/deliveries?only=failed").json["deliveries"]
    again = robot("POST", f"{path}/deliveries/{failed['id']}/replay").json
    deliver()

    assert waiting.status_code == 409
    assert failed["id"] == tests[0]
    assert (again["status"], again["attempts"], again["next_try_at"]) == ("queued", 0, None)
    listed = robot("GET", f"{path}/deliveries").json
    assert [(d["id"], d["status"]) for d in listed["deliveries"]] == [
        (tests[1], "sent"),
        (tests[0], "sent"),
    ]
    names = {
        {name.lower(): value for name, value in heard.headers.items()}["webhook-id"]
        for heard in program.heard
    }
    assert names == set(tests)
    assert robot("POST", f"{path}/deliveries/{uuid4()}/replay").status_code == 404


def test_deliveries_are_read_page_by_page(robot: Api, sql: Sql) -> None:
    path = added(robot)
    robot("POST", f"{path}/test")
    sql(
        "INSERT INTO webhook_deliveries (id, vendor_id, endpoint_id, kind, once, subject, body,"
        " status, made_at, due_at) SELECT gen_random_uuid(), vendor_id, endpoint_id, kind,"
        " n::text, subject, body, 'sent', made_at, due_at"
        " FROM webhook_deliveries, generate_series(1, 249) n"
    )

    pages, after = [], ""
    while after is not None:
        query = f"?after={after}" if after else ""
        with statements() as seen:
            page = robot("GET", f"{path}/deliveries{query}").json
        pages.append([one["id"] for one in page["deliveries"]])
        after = page["after"]

    assert [len(page) for page in pages] == [100, 100, 50]
    assert len({name for page in pages for name in page}) == 250
    assert len(seen) <= 5
    for wrong in ("nonsense", str(uuid4())):
        assert robot("GET", f"{path}/deliveries?after={wrong}").status_code == 422
    assert robot("GET", f"{path}/deliveries?only=late").status_code == 422


def test_a_webhook_is_deleted_and_is_not_there_any_more(robot: Api) -> None:
    path = added(robot)

    deleted = robot("DELETE", path)

    assert deleted.json == {"deleted": path.removeprefix("/webhooks/")}
    assert robot("GET", "/webhooks").json == {"webhooks": []}
    for method, under, body in CALLS:
        answer = robot(method, path + under.format(delivery=uuid4()), body)
        assert answer.status_code == 404, (method, under)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "ftp://example.com/"}, "url"),
        ({"url": "http://example.com/"}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "https://[::1]/"}, "url"),
        ({"url": "https://127.1/"}, "url"),
        ({"url": "https://example.com:8443/"}, "url"),
        ({"url": "https://u:p@example.com/"}, "url"),
        ({"url": f"https://example.com/{'x' * 500}"}, "url"),
        ({"url": URL, "events": []}, "events"),
        ({"url": URL, "events": ["order.placed"]}, "events.0"),
        ({"url": URL, "kinds": ["fulfillment_order.held"]}, "kinds"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_saved(
    robot: Api, body: dict[str, Any], field: str
) -> None:
    path = added(robot, "https://example.com/first")
    before = state()

    refused = [robot("POST", "/webhooks", body)]
    if body and "kinds" not in body:
        refused.append(robot("PUT", path, body))

    for answer in refused:
        assert answer.status_code == 422
        assert field in [problem["field"] for problem in answer.json["errors"]]
    assert state() == before


def test_no_webhook_goes_where_another_goes_already(robot: Api) -> None:
    added(robot)
    other = added(robot, f"{URL}/2")
    before = state()

    answer = robot("PUT", other, {"url": URL})

    assert answer.status_code == 409
    assert state() == before


def test_an_address_has_one_webhook_and_a_vendor_no_more_than_some(robot: Api) -> None:
    added(robot)
    same = robot("POST", "/webhooks", {"url": URL})
    for n in range(1, MOST_ENDPOINTS):
        added(robot, f"{URL}/{n}")

    more = robot("POST", "/webhooks", {"url": f"{URL}/more"})

    assert (same.status_code, more.status_code) == (409, 409)
    assert len(state()) == MOST_ENDPOINTS


def test_only_a_vendors_own_key_with_the_right_reaches_them(
    app: Flask, api: Api, robot: Api, kiln: UUID
) -> None:
    path = added(robot)
    delivery = robot("POST", f"{path}/test").json["id"]
    make_vendor_with_stock("fjord", {"LAMP": 1})
    other = caller(app, vendor_key("fjord", "onw_fjord"))
    with transaction(ACCOUNTS):
        ensure_key("reader", "onw_reader", kiln, ["webhooks:read"])
        ensure_key("picker", "onw_picker", kiln, ["fulfillment:write", "stock:write"])
    reader, picker = caller(app, "onw_reader"), caller(app, "onw_picker")
    before = state()

    for method, under, body in CALLS:
        where = path + under.format(delivery=delivery)
        assert other(method, where, body).status_code == 404
        assert picker(method, where, body).status_code == 403
        assert reader(method, where, body).status_code == (200 if method == "GET" else 403)
        told = api(method, where, body)
        assert (told.status_code, told.json["detail"]) == (
            403,
            "This key is the marketplace's; only a vendor's own keys may do this.",
        )
    assert reader("POST", "/webhooks", {"url": f"{URL}/2"}).status_code == 403
    assert other("GET", "/webhooks").json == {"webhooks": []}
    assert state() == before
