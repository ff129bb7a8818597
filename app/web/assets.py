"""Files that browsers keep: an address holds a stamp of its content, so a new one is a new file."""

from __future__ import annotations

import hashlib
import posixpath
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, url_for

FOLDER = Path(__file__).parents[1] / "static"
# Later ones may say again what earlier ones said; print comes last.
STYLES = (
    "base",
    "shell",
    "marks",
    "lists",
    "panel",
    "forms",
    "pages",
    "people",
    "vendors",
    "notes",
    "toasts",
    "display",
    "system",
    "batches",
    "imports",
    "notices",
    "palette",
    "scan",
    "confirm",
    "webhooks",
    "shipping",
    "stock",
    "components",
    "print",
)
# Each stands alone but for its words: they talk by events of the document.
SCRIPTS = (
    "vendor/htmx.min.js",
    "js/words.js",
    "js/display.js",
    "js/forms.js",
    "js/toasts.js",
    "js/lists.js",
    "js/live.js",
    "js/notices.js",
    "js/notes.js",
    "js/scan.js",
    "js/numbers.js",
    "js/palette.js",
    "js/confirm.js",
    "js/keys.js",
)
STAMP_LETTERS = 10
FOREVER = "public, max-age=31536000, immutable"


def register(app: Flask) -> None:
    """Tell templates the addresses, and browsers how long an address is good."""
    app.jinja_env.globals["asset"] = asset
    app.jinja_env.globals["url_for"] = _address
    app.jinja_env.globals["styles"] = styles
    app.jinja_env.globals["scripts"] = scripts
    app.after_request(_keep)


@cache
def _stamp(name: str) -> str:
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:STAMP_LETTERS]


@cache
def asset(name: str) -> str:
    """Return the address of a file of ours; read once a process, as its content is."""
    return url_for("static", filename=name, v=_stamp(name))


@cache
def _page(endpoint: str) -> str:
    return url_for(endpoint)


def _address(endpoint: str, **values: Any) -> str:
    """Return an address for a template; a shell names thirty pages that are always the same."""
    is_same = not values and not endpoint.startswith(".")
    return _page(endpoint) if is_same else url_for(endpoint, **values)


def styles() -> list[str]:
    """Return the addresses of the style sheets, in their order."""
    return [asset(f"css/{name}.css") for name in STYLES]


def scripts() -> list[str]:
    """Return the addresses of the scripts."""
    return [asset(name) for name in SCRIPTS]


def _keep(response: Response) -> Response:
    """Let a browser keep what it asked for by its stamp; what it asked for by name, shortly."""
    is_named = request.endpoint == "static" and response.status_code == 200  # noqa: PLR2004 - OK
    name = (request.view_args or {}).get("filename", "")
    # A name that is spelled in a roundabout way is nobody's stamp, and is kept in no memory.
    is_plain = "v" in request.args and posixpath.normpath(name) == name
    if is_named and is_plain and request.args["v"] == _stamp(name):
        response.headers["Cache-Control"] = FOREVER
    return response
