"""One shape of error for people, one for programs, made in one place."""

from __future__ import annotations

import logging
from http import HTTPStatus

from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    RequestEntityTooLarge,
    SecurityError,
)

from app.shared.errors import DomainError, TooMany
from app.shared.language import _, later
from app.web.languages import PATHS_OF_PROGRAMS

logger = logging.getLogger(__name__)
MIB = 1024 * 1024
# The PostgreSQL error classes after which the same request may simply be sent again.
RETRY_LATER = ("08", "40", "53", "55", "57")
CURES = {
    400: later("Check what was sent and send it again."),
    401: later("Sign in, or send a valid key as 'Authorization: Bearer …'."),
    403: later("Ask an administrator if you should be able to do this."),
    404: later("Check the address, or start from the start page."),
    405: later("Use one of the methods in the Allow header."),
    413: later("Send less at once."),
    429: later("Wait a little and try again."),
    500: later("It has been noted. Try again, and name the request's id if it happens again."),
    503: later("Try again in a moment; nothing has been changed."),
}
# What errors are called where they are raised (app/shared/errors.py, Werkzeug); pages say it.
TITLES = (
    later("Not possible"),
    later("Not found"),
    later("Not allowed"),
    later("Conflict"),
    later("Not possible in this state"),
    later("Invalid input"),
    later("Too many tries"),
    later("Bad Request"),
    later("Unauthorized"),
    later("Forbidden"),
    later("Not Found"),
    later("Method Not Allowed"),
    later("Request Entity Too Large"),
    later("Unsupported Media Type"),
    later("Too Many Requests"),
    later("Not available"),
    later("Unexpected error"),
)

UNKNOWN_HOST = later("This is not an address of ours; open the one you were given.")


def register(app: Flask) -> None:
    """Answer every error in the shape its reader understands."""
    app.register_error_handler(DomainError, refusal)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(PoolTimeoutError, _database)
    app.register_error_handler(Exception, _bug)


def wants_json() -> bool:
    """Return whether a program asked."""
    if request.path.startswith(PATHS_OF_PROGRAMS):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def problem(status: int, title: str, detail: str, fields: dict[str, str] | None = None) -> Response:
    """Return an error as RFC 9457 problem+json."""
    body: dict[str, object] = {"title": title, "status": status, "detail": detail}
    body["instance"] = g.get("request_id", "")
    if fields:
        body["errors"] = [{"field": k, "detail": v} for k, v in fields.items()]
    response = jsonify(body)
    response.status_code = status
    response.content_type = "application/problem+json"
    return response


def _answer(
    status: int,
    title: str,
    detail: str,
    fields: dict[str, str] | None = None,
    step: tuple[str, str] | None = None,
) -> Response:
    # Programs hear English whatever they accept; a page's own scripts, what its reader speaks.
    title, detail = _(title), _(detail)
    if wants_json():
        said = {name: _(words) for name, words in (fields or {}).items()}
        return problem(status, title, detail, said)
    cure = CURES.get(status)
    facts = {"which": detail, "cure": _(cure) if cure else None, "step": step}
    return _page(status, title, **facts)


def _page(status: int, title: str, **facts: object) -> Response:
    request_id = g.get("request_id", "")
    try:
        page = render_template(
            "error.html", code=status, what=title, request_id=request_id, **facts
        )
    except Exception:
        # What makes pages may be what broke; the number must be told all the same.
        logger.exception("error page not made")
        return Response(f"{title}. Request {request_id}\n", status, mimetype="text/plain")
    return make_response(page, status)


def refusal(error: DomainError) -> Response:
    """Return a refusal as its reader understands it."""
    answer = _answer(error.status, error.title, error.detail, error.fields, error.step)
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.seconds)
    return answer


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None or status < HTTPStatus.BAD_REQUEST:
        return error.get_response()  # type: ignore[return-value]
    if isinstance(error, SecurityError) and not wants_json():
        # Asked under a name that is not ours, no page of ours knows its own address.
        return Response(f"{_(UNKNOWN_HOST)}\n", status, mimetype="text/plain")
    if isinstance(error, MethodNotAllowed) and not wants_json():
        answer = _page(status, "", step=_page_above())
    else:
        answer = _answer(status, error.name, _sentence(error, status))
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After", "WWW-Authenticate"}:
            answer.headers[name] = value
    return answer


def _page_above() -> tuple[str, str] | None:
    """Return where a form's address is gone on from that somebody opens like a page."""
    pages, path = current_app.url_map.bind(""), request.path
    while path := path.rpartition("/")[0]:
        if pages.test(path, "GET"):
            return path, _("Open the page above it")
    return None


def _sentence(error: HTTPException, status: int) -> str:
    """Return what is told of a refusal: what was written where it was made, if programs read it."""
    if isinstance(error, RequestEntityTooLarge) and (most := _most_bytes()):
        return _("It is larger than {n} MB, the most that is taken here.", n=most // MIB)
    # Werkzeug's own word on a host that is not ours would repeat it.
    is_ours = "description" in vars(error) and not isinstance(error, SecurityError)
    is_told = is_ours and request.path.startswith(PATHS_OF_PROGRAMS)
    words = error.description if is_told else CURES.get(status, error.description)
    return words or ""


def _most_bytes() -> int:
    """Return how large this request may be; 0 where it is not its size that was too much."""
    most = request.max_content_length or 0
    if most < MIB or (request.content_length or most + 1) <= most:
        return 0
    # Doors for files take a form's other fields on top.
    has_file = most != current_app.config["MAX_CONTENT_LENGTH"]
    return most - MIB if has_file and request.mimetype == "multipart/form-data" else most


def _database(error: DBAPIError | PoolTimeoutError) -> Response:
    code = getattr(getattr(error, "orig", None), "sqlstate", None) or ""
    is_passing = isinstance(error, OperationalError | PoolTimeoutError) or code[:2] in RETRY_LATER
    if not is_passing:
        return _bug(error)
    logger.warning("database not available", extra={"sqlstate": code})
    return _answer(503, "Not available", CURES[503])


def _bug(error: Exception) -> Response:
    logger.error("unexpected error", exc_info=error)
    return _answer(500, "Unexpected error", CURES[500])
