"""What was refused of a file, as a file of the same kind: mended, it can be sent again."""

from __future__ import annotations

from flask import Response, stream_with_context
from flask_login import current_user

from app.accounts.sessions import actor_of
from app.console.page import blueprint
from app.intake import refused


@blueprint.get("/imports/<reference>/refused")
def import_refusals(reference: str) -> Response:
    """Send the records that were refused, each with what is wrong with it."""
    row, pieces = refused.pieces(reference, actor_of(current_user))
    kind = "text/csv" if row.format == "csv" else "application/jsonl"
    answer = Response(stream_with_context(pieces), mimetype=kind)
    name = f"{row.reference}-refused.{row.format}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
