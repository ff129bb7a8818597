"""What was refused of a file, as a file of the same kind: mended, it can be sent again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from app.audit.contract import Actor
from app.audit.service import record
from app.intake import queries
from app.intake.reading import parsed
from app.shared.errors import InvalidInput
from app.shared.work import OPS, transaction
from app.web.sheets import BOM, line

ERROR = "error"
# Records read at once: each time a transaction of its own, so that a slow reader holds none open.
BATCH = 1_000
Write = Callable[[Row[Any], Row[Any]], str]


def pieces(reference: str, actor: Actor) -> tuple[Row[Any], Iterator[str]]:
    """Return an import, and the file of what was refused of it piece by piece.

    That somebody takes it along is written into the audit trail.
    """
    with transaction(OPS):
        row = queries.one(reference)
        record("import_refusals_exported", actor, subject=reference)
    return row, _csv_file(row) if row.format == "csv" else _pieces(row, _json)


def _csv_file(row: Row[Any]) -> Iterator[str]:
    yield BOM + line([name for name in row.header if name != ERROR] + [ERROR], row.delimiter)
    yield from _pieces(row, _csv)


def _pieces(row: Row[Any], write: Write) -> Iterator[str]:
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
    said = [" ".join(map(told, refused.errors)), *[""] * (len(refused.raw) - 1)]
    return "".join(
        line(_with(row.header, cells, error), row.delimiter)
        for cells, error in zip(refused.raw, said, strict=True)
    )


def _with(header: Sequence[str], cells: Sequence[str], error: str) -> list[str]:
    """Return a row's cells with what is wrong in the last column; what is beyond it stays so."""
    kept = [cell for name, cell in zip(header, cells, strict=False) if name != ERROR]
    return [*kept, error, *cells[len(header) :]]


def _json(_row: Row[Any], refused: Row[Any]) -> str:
    error = " ".join(map(told, refused.errors))
    try:
        data = parsed(refused.raw[0])
    except InvalidInput:
        data = refused.raw[0]
    said = data | {ERROR: error} if isinstance(data, dict) else {ERROR: error, "line": data}
    return json.dumps(said, default=str, ensure_ascii=False) + "\n"


def told(wrong: Mapping[str, Any]) -> str:
    """Return one thing that is wrong as one sentence."""
    words = f"{wrong['column']}: {wrong['problem']}" if wrong["column"] else wrong["problem"]
    return f"{words.rstrip('.')}."
