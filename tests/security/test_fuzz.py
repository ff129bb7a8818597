"""The API is asked whatever its documentation allows, and what it does not: no answer surprises."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, settings

from app.accounts.keys import ensure_key
from app.shared.work import ACCOUNTS, transaction
from tests.conftest import TOKEN
from tests.factories import make_vendor_with_stock, routed_order, vendor_key


@pytest.fixture
def documented(app: Flask, jobs_run_here: None) -> schemathesis.BaseSchema:
    """The documentation of an API that has a vendor, stock and an order."""
    make_vendor_with_stock("kiln", {"MUG-RED": 50})
    routed_order("A-1001")
    with transaction(ACCOUNTS):
        ensure_key("tests", TOKEN)
    vendor_key("kiln", "onw_kiln")

    def wsgi(environ: Any, start: Callable[..., Any]) -> Iterable[bytes]:
        # As from outside: nothing of the test's own context is there.
        return contextvars.Context().run(app.wsgi_app, environ, start)

    return schemathesis.openapi.from_wsgi("/api/openapi.json", wsgi)


schema = schemathesis.pytest.from_fixture("documented")
FEW = settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@schema.parametrize()
@FEW
def test_nothing_that_is_sent_breaks_anything(case: schemathesis.Case) -> None:
    for token in (TOKEN, "onw_kiln"):
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"})
