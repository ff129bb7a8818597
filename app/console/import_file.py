"""What was refused of a file, as a file of the same kind: mended, it can be sent again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import Response, stream_with_context
from flask_login import current_user
from sqlalchemy import Row

from app.accounts.sessions import actor_of
from app.audit.service import record
from app.console.page import blueprint
from app.intake import queries
from app.intake.reading import parsed
from app.lists.export import BATCH
from app.shared.errors import InvalidInput
from app.shared.work import OPS, transaction
from app.web.sheets import BOM, line

ERROR = "error"


@blueprint.get("/imports/<reference>/refused")
def import_refusals(reference: str) -> Response:
    """Send the records that were refused, each with what is wrong with it."""
    with transaction(OPS):
        row = queries.one(reference)
        record("import_refusals_exported", actor_of(current_user), subject=reference)
    is_csv = row.format == "csv"
    pieces = _pieces(row, _csv if is_csv else _json, _head(row) if is_csv else "")
    answer = Response(
        stream_with_context(pieces), mimetype="text/csv" if is_csv else "application/jsonl"
    )
    name = f"{row.reference}-refused.{row.format}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _head(row: Row[Any]) -> str:
    return BOM + line([name for name in row.header if name != ERROR] + [ERROR], row.delimiter)


def _pieces(row: Row[Any], write: Any, head: str) -> Iterator[str]:
    """Return the file piece by piece, each read in a transaction of its own."""
    if head:
        yield head
    after = 0
    while True:
        with transaction(OPS):
            found = queries.refusals(row.id, BATCH, after)
        yield "".join(write(row, one) for one in found)
        if len(found) < BATCH:
            return
        after = found[-1].position


def _csv(row: Row[Any], refused: Row[Any]) -> str:
    """Return the rows of a record as they stood; the first says what is wrong with all of them."""
    told = [" ".join(map(_told, refused.errors)), *[""] * (len(refused.raw) - 1)]
    return "".join(
        line(_with(row.header, cells, error), row.delimiter)
        for cells, error in zip(refused.raw, told, strict=True)
    )


def _with(header: Sequence[str], cells: Sequence[str], error: str) -> list[str]:
    """Return a row's cells with what is wrong in the last column; what is beyond it stays so."""
    kept = [cell for name, cell in zip(header, cells, strict=False) if name != ERROR]
    return [*kept, error, *cells[len(header) :]]


def _json(_row: Row[Any], refused: Row[Any]) -> str:
    error = " ".join(map(_told, refused.errors))
    try:
        data = parsed(refused.raw[0])
    except InvalidInput:
        data = refused.raw[0]
    told = data | {ERROR: error} if isinstance(data, dict) else {ERROR: error, "line": data}
    return json.dumps(told, default=str, ensure_ascii=False) + "\n"


def _told(wrong: Mapping[str, Any]) -> str:
    """Return one thing that is wrong as one sentence."""
    words = f"{wrong['column']}: {wrong['problem']}" if wrong["column"] else wrong["problem"]
    return f"{words.rstrip('.')}."
