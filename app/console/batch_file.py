"""What became of each row of a bulk change, as a file that a sheet opens, in English as all are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from flask import Response, request, stream_with_context
from flask_login import current_user

from app.accounts.sessions import actor_of
from app.audit.service import record
from app.batches import queries
from app.batches.registry import act_of
from app.console import batch_page
from app.console.page import blueprint
from app.lists.export import BATCH
from app.shared.language import ENGLISH, spoken
from app.shared.work import OPS, transaction
from app.web.paging import Cut, Key
from app.web.sheets import BOM, line


@blueprint.get("/batches/<reference>/results.csv")
def batch_results(reference: str) -> Response:
    """Send what became of the rows, those of one outcome or all."""
    outcome = batch_page.outcome_of(request.args.get("outcome", ""))
    with transaction(OPS):
        row = queries.batch(reference, current_user.id)
        record("bulk_change_exported", actor_of(current_user), subject=reference)
    pieces = _pieces(reference, outcome, current_user.id)
    answer = Response(stream_with_context(pieces), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{row.reference}.csv"'
    return answer


def _pieces(reference: str, outcome: str | None, me: UUID) -> Iterator[str]:
    """Return the file piece by piece, each read in a transaction of its own."""
    yield BOM + line(("Name", "Reference", "Outcome", "Because"))
    here = Cut(size=BATCH)
    while True:
        with transaction(OPS) as now, spoken(ENGLISH):
            row = queries.batch(reference, me)
            act = act_of(row.act)
            found = queries.rows(row.id, outcome, here)
            results = [batch_page.result(act, one, now) for one in found[:BATCH]]
        yield "".join(
            line((r["name"], r["subject"], batch_page.OUTCOMES[r["status"]], r["sentence"]))
            for r in results
        )
        if len(found) <= BATCH:
            return
        here = replace(here, key=Key(row.made_at, found[BATCH - 1].position))
