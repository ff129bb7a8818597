"""The route census as tests walk it: every door with an address that could be real."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import AnyConverter, Rule
from werkzeug.test import TestResponse

from app.doors.table import Door, door_of

NOT_COUNTED = {"HEAD", "OPTIONS"}
# What stands in an address where a test has nothing better.
STAND_INS: dict[str, Any] = {
    "UUIDConverter": UUID(int=1),
    "IntegerConverter": 1,
    "PathConverter": "css/base.css",
    "UnicodeConverter": "nobody",
    "NumberConverter": "nobody",
}


@dataclass(frozen=True, slots=True)
class Way:
    """One way into the application: a method and an address."""

    endpoint: str
    method: str
    path: str
    door: Door


def ways(app: Flask, **known: Any) -> Iterator[Way]:
    """Return every way there is; `known` fills in what addresses name, by its argument's name."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - NOT_COUNTED):
            door = door_of(rule.endpoint, method)
            assert door is not None, f"{method} {rule.endpoint} is in no table"
            yield Way(rule.endpoint, method, _address(app, rule, known), door)


def knock(browser: FlaskClient, way: Way, **sent: Any) -> TestResponse:
    """Return the whole answer at a way, with its file closed again."""
    answer = browser.open(way.path, method=way.method, **sent)
    # A stream of events has no end to wait for.
    if answer.mimetype != "text/event-stream":
        answer.get_data()
    answer.close()
    return answer


def _stand_in(kind: Any) -> Any:
    """Return what an address may say; of a choice the first."""
    return min(kind.items) if isinstance(kind, AnyConverter) else STAND_INS[type(kind).__name__]


def _address(app: Flask, rule: Rule, known: dict[str, Any]) -> str:
    converters = rule._converters  # noqa: SLF001 - werkzeug shows them nowhere else
    values = {name: _stand_in(kind) for name, kind in converters.items()}
    values |= {name: known[name] for name in values if name in known}
    with app.test_request_context():
        built = app.url_map.bind("localhost").build(rule.endpoint, values)
    return str(built)
