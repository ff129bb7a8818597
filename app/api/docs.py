"""The API's documentation: the document for programs, and a page of it for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template

from app.api.examples import Json, resolved
from app.api.openapi import ABOUT, ERRORS, PROBLEM, TYPE, document
from app.web.fields import PLAIN, PLAIN_NOTE

blueprint = Blueprint("docs", __name__, url_prefix="/api")
# What a kind of text is called, by its format or pattern.
FORMATS = {"date-time": "a moment with its zone", "date": "a day", "time": "a time of day"}
KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
}
NO_BODY: Json = {"content": {TYPE: {"schema": {}}}}
# More words than this are not read one by one.
MOST_WORDS = 12


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a body: where it stands, what it is, and whether it must be there."""

    name: str
    kind: str
    is_needed: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """An operation as the page shows it; `like` is another one that answers the same."""

    id: str
    method: str
    path: str
    summary: str
    about: str
    parameters: list[Json]
    request: str
    fields: list[Field]
    status: str
    answers: str
    answer: str
    like: str | None
    errors: list[str]


@blueprint.get("/openapi.json")
def openapi() -> Json:
    """Return the document."""
    return document()


@blueprint.get("/docs")
def show() -> str:
    """Show it to people, with an example of each request and answer."""
    refused = document()["components"]["responses"]["422"]["content"][PROBLEM]["example"]
    return render_template(
        "api/docs.html", groups=_groups(), about=ABOUT, errors=ERRORS, problem=_written(refused)
    )


@cache
def _groups() -> dict[str, list[Shown]]:
    groups: dict[str, list[Shown]] = {tag["name"]: [] for tag in document()["tags"]}
    first: dict[str, str] = {}
    for path, methods in document()["paths"].items():
        for method, told in methods.items():
            groups[told["tags"][0]].append(_shown(path, method.upper(), told, first))
    return groups


def _schemas() -> Json:
    found: Json = document()["components"]["schemas"]
    return found


def _shown(path: str, method: str, told: Json, first: dict[str, str]) -> Shown:
    """Return an operation; `first` is who was first to answer a schema, and is added to."""
    status, good = next(iter(told["responses"].items()))
    answer = good["content"][TYPE]
    known = first.setdefault(answer["schema"]["$ref"], told["operationId"])
    body = told.get("requestBody", NO_BODY)["content"][TYPE]
    return Shown(
        id=told["operationId"],
        method=method,
        path=path,
        summary=told["summary"],
        about=told["description"],
        parameters=told["parameters"],
        request=_request(path, method, told["parameters"], body.get("example")),
        fields=list(_fields(body["schema"])),
        status=status,
        answers=good["description"],
        answer=_written(answer["example"]),
        like=known if known != told["operationId"] else None,
        errors=[status for status in told["responses"] if status in map(str, ERRORS)],
    )


def _request(path: str, method: str, parameters: list[Json], body: Json | None) -> str:
    """Return what is sent, word by word."""
    given: dict[str, dict[str, str]] = {where: {} for where in ("path", "query", "header")}
    for one in parameters:
        if "example" in one:
            given[one["in"]][one["name"]] = one["example"]
    asked = f"?{urlencode(given['query'])}" if given["query"] else ""
    lines = [f"{method} {path.format(**given['path'])}{asked}", "Authorization: Bearer …"]
    lines += [f"{name}: {value}" for name, value in given["header"].items()]
    if body:
        lines += [f"Content-Type: {TYPE}", "", _written(body)]
    return "\n".join(lines)


def _written(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _fields(schema: Json, before: str = "") -> Iterator[Field]:
    """Return the fields of a body and of what is in it; of several forms those of each."""
    ways = [resolved(way, _schemas()) for way in schema.get("anyOf", [schema])]
    forms = [way for way in ways if "properties" in way]
    for form in forms:
        under = before if len(forms) == 1 else f"{form['title'].lower()}: "
        for name, field in form["properties"].items():
            yield Field(under + name, _kind(field), name in form.get("required", []))
            inside = resolved(field.get("anyOf", [field])[0], _schemas())
            yield from _fields(inside.get("items", {}), f"{under}{name}[].")
            yield from _fields(inside, f"{under}{name}.")


def _kind(schema: Json) -> str:
    ways = schema.get("anyOf", [schema])
    way = resolved(ways[0], _schemas())
    words = way.get("enum", [])
    kind = FORMATS.get(way.get("format", ""), KINDS[way["type"]])
    if words and len(words) <= MOST_WORDS:
        kind = f"one of {', '.join(words)}"
    parts = [kind, *_limits(way), *(["or null"] if len(ways) > 1 else [])]
    return ", ".join(parts)


def _limits(way: Json) -> Iterator[str]:
    if "maxLength" in way:
        yield f"at most {way['maxLength']:,} characters"
    if "maximum" in way:
        yield f"{way.get('minimum', 0):,} to {way['maximum']:,}"
    if "maxItems" in way:
        yield f"{way.get('minItems', 0)} to {way['maxItems']:,} of them"
    if way.get("pattern") not in {None, PLAIN, PLAIN_NOTE}:
        yield f"like {way['pattern']}"
