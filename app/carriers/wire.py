"""Reading what carriers send: strict where it is JSON, forgiving where a field is missing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from app.carriers.contract import Answer, ErrorClass, unanswered
from app.shared.outbound import Failure, OutboundError

# A carrier that asks for more is parked by its own next answer; a typo must not park it for a year.
LONGEST_WAIT = timedelta(minutes=15)
# Longer than any text a carrier documents; the rest would only fill our pages.
LONGEST_TEXT = 500

STATUS_ERRORS = {
    401: ErrorClass.AUTH,
    403: ErrorClass.FORBIDDEN,
    404: ErrorClass.NOT_FOUND,
    408: ErrorClass.SERVER_ERROR,
    429: ErrorClass.THROTTLED,
}
# By hundreds, for what the table above does not name.
FAMILY_ERRORS = {
    3: ErrorClass.SERVER_ERROR,
    4: ErrorClass.BAD_REQUEST,
    5: ErrorClass.SERVER_ERROR,
}
FAILURES = {
    Failure.TIMEOUT: ErrorClass.NETWORK,
    Failure.NETWORK: ErrorClass.NETWORK,
    Failure.TOO_LARGE: ErrorClass.PARSE_ERROR,
    Failure.REDIRECT: ErrorClass.SERVER_ERROR,
}


@dataclass(frozen=True, slots=True)
class Opened:
    """An answer's document, and the error its status or its body stands for."""

    document: object
    error: ErrorClass | None


def opened(status: int, body: bytes) -> Opened:
    """Return the document of a body; what cannot be read is an error, never half a document."""
    error = STATUS_ERRORS.get(status) or FAMILY_ERRORS.get(status // 100)
    try:
        return Opened(document(body), error)
    except ValueError:
        return Opened(None, error or _unreadable(body))


def document(body: bytes) -> object:
    """Return strict JSON: UTF-8, no NaN, no infinity, no name twice; ValueError for the rest."""
    try:
        value: object = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_no_name_twice,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except RecursionError as error:
        raise ValueError("The body is nested too deeply.") from error
    return value


def dig(value: object, *path: str) -> object:
    """Return what lies at a path of names, None where it ends early."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def text(value: object, *path: str) -> str:
    """Return the text at a path, without what no table can hold; empty where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, str):
        return ""
    clean = value[:LONGEST_TEXT].strip()
    # Half a surrogate pair and a zero byte pass as JSON and fail in every database.
    return clean if clean.isprintable() else _storable(clean)


def _storable(given: str) -> str:
    return given.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def rows(value: object, *path: str) -> list[object]:
    """Return the list at a path, empty where there is none."""
    found = dig(value, *path)
    return found if isinstance(found, list) else []


def instant(given: str) -> datetime | None:
    """Return UTC, only where the carrier gave an offset."""
    try:
        moment = datetime.fromisoformat(given)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return the wait a carrier asks for, in seconds or until a date, within our cap."""
    names = {name.lower(): value.strip() for name, value in headers.items()}
    asked = names.get("retry-after", "")
    wait = timedelta(seconds=float(asked[:9])) if asked.isdecimal() else _until(asked, names)
    return min(max(wait, timedelta(0)), LONGEST_WAIT) if wait is not None else None


def no_answer(failure: OutboundError) -> Answer:
    """Return the answer that stands for none."""
    return unanswered(FAILURES[failure.kind], str(failure))


def _until(asked: str, names: Mapping[str, str]) -> timedelta | None:
    # Counted on the carrier's own clock: ours may differ, and a pure reader has none.
    try:
        return parsedate_to_datetime(asked) - parsedate_to_datetime(names.get("date", ""))
    except (ValueError, TypeError):
        return None


def _unreadable(body: bytes) -> ErrorClass:
    # A page instead of an answer comes from a gateway in front of a carrier that is down.
    page = body[:200].lstrip().startswith(b"<")
    return ErrorClass.SERVER_ERROR if page else ErrorClass.PARSE_ERROR


def _no_name_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("A name stands twice in one object.")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON.")


def _finite(digits: str) -> float:
    if math.isinf(value := float(digits)):
        raise ValueError(f"{digits[:20]} is out of range.")
    return value
