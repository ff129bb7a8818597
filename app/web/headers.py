"""Security headers on every answer, errors included."""

from __future__ import annotations

import uuid

from flask import Flask, Response, current_app, g, request

from app.shared import logs

REPORTS = "/csp-reports"
# OWASP ASVS 5.0 3.4: nothing loads from elsewhere, nothing runs inline, nobody frames us.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none';"
    # Older browsers know report-uri only, newer ones prefer report-to.
    f" object-src 'none'; report-uri {REPORTS}; report-to csp"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Reporting-Endpoints": f'csp="{REPORTS}"',
    "X-Content-Type-Options": "nosniff",
    # Our addresses go to nobody else. "no-referrer" would also make browsers hide from ourselves
    # which page a form was sent from (Origin: null), and that is asked of every form.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
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
    if seconds := current_app.config["HSTS_SECONDS"]:
        value = f"max-age={seconds}; includeSubDomains"
        response.headers["Strict-Transport-Security"] = value
    if request.endpoint not in {"static", "bootstrap.static", "brand.css"}:
        response.headers["Cache-Control"] = "no-store"
    return response
