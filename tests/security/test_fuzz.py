"""The API is sent what its documentation allows, and what it does not: no answer surprises."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some
from schemathesis import Case, GenerationMode, checks

from app.accounts.keys import ensure_key
from app.accounts.sessions import actor_of
from app.api.openapi import KNOWN
from app.doors.table import DOORS
from app.integrity import broken_invariants
from app.shared import ids
from app.shared.work import ACCOUNTS, OPS, transaction, vendor_scope
from app.webhooks import service as webhooks
from app.webhooks.contract import EVENTS
from tests.conftest import TOKEN
from tests.factories import make_vendor_with_stock, references, routed_order, vendor_key
from tests.people import make_person, person_of

AS_DOCUMENTED = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
# Few, and the same each time: what they find is found by everybody.
FEW = settings(
    max_examples=10,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def names(app: Flask, jobs_run_here: None) -> dict[str, str]:
    """What an address may name: a vendor with stock and an order it works on."""
    vendor = make_vendor_with_stock("kiln", {"MUG": 50})
    (reference,) = references(routed_order("A-1001"))
    with transaction(ACCOUNTS):
        ensure_key("tests", TOKEN)
    owner = actor_of(person_of(make_person("vendor_owner", vendor=vendor)))
    with transaction(vendor_scope(vendor)):
        endpoint, _ = webhooks.add(vendor, "https://example.com/onward", list(EVENTS), owner)
        delivery = webhooks.test(endpoint, ids.new(), owner)
    return {
        "endpoint_id": str(endpoint),
        "delivery_id": str(delivery),
        "number": "A-1001",
        "reference": reference,
        "code": "kiln",
        "location": "main",
        "vendor": vendor_key("kiln", "onw_kiln"),
    }


def documented(app: Flask, endpoint: str) -> Any:
    """Return an operation as schemathesis reads it in our own documentation."""

    def wsgi(environ: Any, start: Callable[..., Any]) -> Iterable[bytes]:
        # As from outside: nothing of the test's own context is there.
        return contextvars.Context().run(app.wsgi_app, environ, start)

    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", wsgi)
    name = endpoint.removeprefix("api.")
    found = [result.ok() for result in schema.get_all_operations()]
    (operation,) = [one for one in found if one.definition.raw["operationId"] == name]
    return operation


def cases(operation: Any, names: dict[str, str]) -> some.SearchStrategy[Case]:
    """Return what fits the documentation and what does not, to what is there and what is not."""
    arguments = {one.name for one in operation.path_parameters}
    there = {name: value for name, value in names.items() if name in arguments}
    known = {"path_parameters": there} if there.keys() == arguments and there else {}
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    return some.one_of(
        *(operation.as_strategy(mode) for mode in modes),
        *(operation.as_strategy(mode, **known) for mode in modes),
    )


@pytest.mark.parametrize("endpoint", sorted(KNOWN))
def test_s48_s68_whatever_is_sent_is_answered_as_documented(
    app: Flask, names: dict[str, str], endpoint: str
) -> None:
    operation, statuses = documented(app, endpoint), set()
    (door,) = [door for (name, _), door in DOORS.items() if name == endpoint]
    keys = [TOKEN] if door.is_marketplace else [TOKEN, names["vendor"]]
    keys = [names["vendor"]] if door.is_vendors else keys

    @given(case=cases(operation, names))
    @FEW
    def send(case: Case) -> None:
        for key in keys:
            answer = case.call(headers={"Authorization": f"Bearer {key}"})
            statuses.add(answer.status_code)
            case.validate_response(answer, checks=AS_DOCUMENTED)

    send()
    # Most of it got past the door: of what does not fit, schemathesis sends some without the key.
    assert statuses - {401}
    assert not statuses & {403, 429}
    with transaction(OPS):
        assert broken_invariants() == []
