"""Security headers on every answer, errors included."""

from __future__ import annotations

import uuid

from flask import Flask, Response, g, request

from app.shared import logs

# OWASP ASVS 5.0 3.4: nothing loads from elsewhere, nothing runs inline, nobody frames us.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def register(app: Flask) -> None:
    """Give every request a name, and every answer its headers."""
    app.before_request(_name_request)
    app.after_request(_add)


def _name_request() -> None:
    g.request_id = uuid.uuid4().hex[:12]
    logs.current_id.set(g.request_id)


def _add(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = g.get("request_id", "")
    if request.endpoint not in {"static", "bootstrap.static"}:
        response.headers["Cache-Control"] = "no-store"
    return response
