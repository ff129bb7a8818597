"""The documentation of the API says what the API does."""

from __future__ import annotations

import ast
import inspect
import re
from types import FunctionType

import pytest
import schemathesis

from app.api.openapi import ERRORS, KNOWN, document
from app.doors.table import DOORS
from app.policies.documents import KINDS
from app.web.rates import RATES

ENDPOINTS = sorted(KNOWN)
ARGUMENT = re.compile(r'request\.(args|headers)\.get\("([\w-]+)"')


def told(app, endpoint):
    """Return an operation as the document has it."""
    with app.app_context():
        found = document()["paths"]
    name = endpoint.removeprefix("api.")
    (one,) = [o for of in found.values() for o in of.values() if o["operationId"] == name]
    return one


def sources(view):
    """Return what a view does, with what it calls in the API's own modules."""
    found, waiting = [], [view]
    while waiting:
        function = waiting.pop()
        if function not in found:
            found.append(function)
            names = {n.id for n in ast.walk(_parsed(function)) if isinstance(n, ast.Name)}
            called = [function.__globals__.get(name) for name in names]
            waiting += [
                one
                for one in called
                if isinstance(one, FunctionType) and one.__module__.startswith("app.api.")
            ]
    return "".join(map(inspect.getsource, found))


def _parsed(function):
    return ast.parse(inspect.getsource(function))


def test_every_route_is_documented_and_nothing_else_is(app):
    routes = {r.endpoint for r in app.url_map.iter_rules() if r.endpoint.startswith("api.")}

    assert routes == set(KNOWN)
    with app.app_context():
        ways = {(f"api.{o['operationId']}", m) for of in paths().values() for m, o in of.items()}
    assert ways == {(e, m.lower()) for e, m in DOORS if e.startswith("api.")}


def paths():
    return document()["paths"]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_the_form_that_is_documented_is_the_one_that_is_read(app, endpoint):
    view, (_, operation) = app.view_functions[endpoint], KNOWN[endpoint]
    source = inspect.getsource(view)

    # What reads an order judges it by the world's clock, too.
    source = source.replace("_said(body())", "read(OrderForm)")
    read = tuple(view.__globals__[name] for name in re.findall(r"\bread\((\w+)\)", source))
    if endpoint == "api.publish":
        assert operation.forms == tuple(KINDS.values())
    else:
        assert operation.forms == read
    asked = [
        f for n in re.findall(r"\bcheck\((\w+),", source) for f in view.__globals__[n].model_fields
    ]
    named = {(where, name) for where, name in ARGUMENT.findall(sources(view))}
    named |= {("args", name) for name in asked}
    is_post = (endpoint, "POST") in DOORS
    once = {("headers", "Idempotency-Key")} if is_post else set()
    assert named == {("args", name) for name in operation.asks} | once
    needed = [p["required"] for p in told(app, endpoint)["parameters"] if p["in"] == "header"]
    assert needed == ([operation.is_once] if is_post else [])


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_operation_names_its_right_its_pace_and_what_it_does(app, endpoint):
    (door,) = [door for (name, _), door in DOORS.items() if name == endpoint]
    one, pace = told(app, endpoint), RATES[door.rate]

    assert one["security"] == [{"key": [door.right]}]
    assert f"`{door.right}`" in one["description"]
    assert f"{pace.amount:,} requests a minute" in one["description"]
    assert pace.GRANULARITY.name == "minute"
    assert ("vendor" in one["description"].partition("with the right")[0]) is (
        not door.is_marketplace
    )
    assert one["summary"].endswith(".")
    assert {"401", "403", "422", "429"} <= set(one["responses"])


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_example_is_what_its_form_takes_and_its_answer_says(app, endpoint):
    one, (_, operation) = told(app, endpoint), KNOWN[endpoint]
    good = one["responses"][str(operation.status)]["content"]["application/json"]["example"]

    operation.answer.model_validate(good)
    if operation.forms:
        sent = one["requestBody"]["content"]["application/json"]["example"]
        operation.forms[0].model_validate(sent)
        assert "…" not in str(sent)
    assert "…" not in str(good)


def test_the_document_is_openapi_3_1_and_every_name_in_it_is_known(app):
    with app.app_context():
        found = document()

    schemathesis.openapi.from_dict(found).validate()
    components = found["components"]
    names = set(re.findall(r"'#/components/(\w+)/([\w]+)'", str(found)))
    assert {name for kind, name in names if kind == "schemas"} <= set(components["schemas"])
    assert {name for kind, name in names if kind == "responses"} == set(map(str, ERRORS))
