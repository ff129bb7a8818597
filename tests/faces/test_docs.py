"""The API's documentation: open to anybody, loading nothing, and true."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.api.openapi import KNOWN, document
from tests.conftest import Api, caller
from tests.factories import at, one, rows, run_jobs, vendor_key


def test_anybody_reads_it(client: FlaskClient) -> None:
    page, spec = client.get("/api/docs"), client.get("/api/openapi.json")

    assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
    assert (spec.status_code, spec.content_type) == (200, "application/json")
    assert spec.json is not None
    assert spec.json["openapi"] == "3.1.0"
    assert len(spec.json["paths"]) > 20


def test_its_page_loads_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/api/docs")

    loaded = re.findall(r'(?:src|href|action)="([^"]*)"', page.text)
    assert [address for address in loaded if not address.startswith(("/", "#"))] == []
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page.text)


def test_every_operation_has_its_place_and_every_link_leads_to_one(client: FlaskClient) -> None:
    page = client.get("/api/docs").text
    places = set(re.findall(r'\bid="([\w-]+)"', page))

    assert {name.removeprefix("api.") for name in KNOWN} <= places
    assert set(re.findall(r'href="#([\w-]+)"', page)) <= places
    assert "{&#34;" not in page
    assert "POST /api/v1/orders\nAuthorization: Bearer …\nIdempotency-Key: A-1001" in page
    assert "at most 64 characters" in page
    assert "PATCH" not in page


# Each builds on those before; the fulfillment order and the moment are the world's own.
STEPS = (
    "save_vendor",
    "save_location",
    "save_vendors",
    "show_vendor",
    "close_days",
    "open_days",
    "save_products",
    "save_listings",
    "listings",
    "stock",
    "publish",
    "place",
    "place_many",
    "show",
    "readdress",
    "change",
    "pay",
    "pay_many",
    "show_clock",
    "step",
    "index",
    "add_webhook",
    "webhooks",
    "show_webhook",
    "change_webhook",
    "rotate_webhook",
    "test_webhook",
    "webhook_deliveries",
    "replay_webhook",
    "delete_webhook",
    "show_one",
    "confirm_one",
    "confirm_many",
    "pick_one",
    "pack_one",
    "label_one",
    "show_label",
    "act",
    "choose_service",
    "ship_one",
    "ship_many",
    "cancel",
)
VENDORS_OWN = {"index", "show_one", "confirm_one", "confirm_many", "pick_one", "pack_one", "act"}
VENDORS_OWN |= {"label_one", "show_label", "ship_one", "ship_many"}
VENDORS_OWN |= {name for name in STEPS if "webhook" in name}


@pytest.fixture
def told(app: Flask) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """What the documentation has of each operation: its method, its path and the rest."""
    return {
        one["operationId"]: (method.upper(), path, one)
        for path, methods in document()["paths"].items()
        for method, one in methods.items()
    }


def asked(told: tuple[str, str, dict[str, Any]], fo: str | None) -> tuple[Any, ...]:
    """Return the example of a request: its method, path, body and headers."""
    method, path, one = told
    given: dict[str, dict[str, str]] = {"path": {}, "query": {}, "header": {}}
    for parameter in one["parameters"]:
        if "example" in parameter:
            given[parameter["in"]][parameter["name"]] = parameter["example"]
    body = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    if fo:
        name_what_is_there(fo, given["path"], body or {})
    where = path.format(**given["path"]).removeprefix("/api/v1")
    query = f"?{urlencode(given['query'])}" if given["query"] else ""
    return method, where + query, body, given["header"]


def name_what_is_there(fo: str, path: dict[str, str], body: dict[str, Any]) -> None:
    """Put the names of what there is into an example's path and body."""
    path["reference"] = fo
    for named in body.get("fulfillment_orders", []):
        named["id"] = fo
    for listening in rows("SELECT id FROM webhook_endpoints"):
        path["endpoint_id"] = listening.id
    for sent in rows("UPDATE webhook_deliveries SET status = 'failed' RETURNING id"):
        path["delivery_id"] = sent.id
    for packed in rows("SELECT reference FROM packages"):
        path["package"] = packed.reference
        for named in body.get("parcels", []):
            named.update({"package": packed.reference} if "package" in named else {})


def test_what_it_shows_works_and_is_answered_as_it_says(
    app: Flask, api: Api, jobs_run_here: None, told: dict[str, tuple[str, str, dict[str, Any]]]
) -> None:
    at("2026-11-23T09:00:00+00:00")
    assert {f"api.{name}" for name in STEPS} == set(KNOWN)
    fo, kiln = None, None
    for name in STEPS:
        if name == "index":
            kiln = caller(app, vendor_key("kiln", "onw_kiln"))
            run_jobs("route_orders")
            fo = one("SELECT reference FROM fulfillment_orders").reference
        call = kiln if kiln and name in VENDORS_OWN else api
        method, path, body, headers = asked(told[name], fo)
        if name == "cancel":
            body = {"lines": {"1": 0}}
        if name == "step":
            body["now"] = "2026-11-23T09:00:00+00:00"

        answer = call(method, path, body, **headers)

        _, operation = KNOWN[f"api.{name}"]
        assert answer.status_code == operation.status, (name, answer.json)
        operation.answer.model_validate(answer.json)
        if name == "act":
            call(method, path.replace("/hold", "/release"), {}, **headers)
