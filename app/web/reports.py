"""What browsers report: something on a page of ours that its policy did not let happen."""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, request

blueprint = Blueprint("reports", __name__)
logger = logging.getLogger(__name__)
# A report is a few hundred bytes; a browser may send several at once.
LARGEST_BODY = 8 * 1024
MOST_REPORTS = 5
# Longer than the name of any directive.
LONGEST_WORD = 40


@blueprint.post("/csp-reports")
def csp() -> tuple[str, int]:
    """Note what was blocked and from where; never which page, whose address may open something."""
    request.max_content_length = LARGEST_BODY
    try:
        sent = json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError):
        return "", 400
    for report in _reports(sent)[:MOST_REPORTS]:
        logger.warning("content blocked", extra=_facts(report))
    return "", 204


def _reports(sent: object) -> list[dict[str, Any]]:
    """Return the reports in a body of either kind: report-uri sends one, report-to a list."""
    if isinstance(sent, dict):
        return [body for body in [sent.get("csp-report")] if isinstance(body, dict)]
    rows = [row for row in sent if isinstance(row, dict)] if isinstance(sent, list) else []
    bodies = [row.get("body") for row in rows if row.get("type") == "csp-violation"]
    return [body for body in bodies if isinstance(body, dict)]


def _facts(report: dict[str, Any]) -> dict[str, str]:
    directive = report.get("effectiveDirective") or report.get("effective-directive")
    directive = directive or report.get("violated-directive")
    blocked = report.get("blockedURL") or report.get("blocked-uri")
    return {
        "directive": str(directive or "")[:LONGEST_WORD],
        "blocked": _origin(str(blocked or "")),
    }


def _origin(url: str) -> str:
    """Return scheme and host of an address, or the word ("inline") that stands for one."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.hostname:
        return f"{parts.scheme}://{parts.hostname}"[: 2 * LONGEST_WORD]
    return (parts.scheme or parts.path.partition("/")[0])[:LONGEST_WORD]
