"""One order's page: its promise, its vendors, its notes and its story."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from app.console import case_queries, choice_words, notes, order_page, order_queries, page, story
from app.console.change_forms import Reason
from app.console.page import blueprint
from app.orders.changes import version
from app.orders.holds import open_holds
from app.shared.errors import InvalidInput
from app.shared.work import OPS, transaction
from app.threads.forms import Sent
from app.timeline.queries import decisions_of


@blueprint.get("/orders/<reference>")
def order(reference: str) -> str:
    """Show one order with everything that hangs on it."""
    return show(reference)


def show(
    reference: str,
    sent: Sent | None = None,
    refusal: InvalidInput | None = None,
    answer: choice_words.Sent | None = None,
) -> str:
    """Return the page of an order, with a note or an answer that was not taken, if there is one."""
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        row = order_queries.order(reference)
        decisions = decisions_of(row.id, "routing", "service", "unshipped")
        loaded = order_page.Loaded(
            row=row,
            lines=order_queries.lines(row.id),
            fulfillment_orders=order_queries.fulfillment_orders(row.id),
            fo_lines=order_queries.fo_lines(row.id),
            parcels=order_queries.parcels(row.id),
            cases=case_queries.cases_of(row.id),
            offer=order_queries.offer(row.id),
            messages=order_queries.messages(row),
            decisions=decisions,
            vendors=order_queries.vendor_names(order_page.vendors_in(decisions)),
            holds=open_holds(row.id) if row.held_since else (),
        )
        shown = order_page.shown(loaded, now)
        thread = notes.thread(row, sent, refusal)
        told = story.load(story.Of(row.cohort, row.id, row.currency))
        offered = choice_words.offered(row.id)
        seen = version(row.cohort, row.id) if row.held_since else None
    return render_template(
        "console/order.html",
        **frame,
        order=shown,
        thread=thread,
        story=told,
        version=seen,
        choices=offered,
        answer=answer,
        release=Reason("release") if shown["holds"] else None,
    )


@blueprint.post("/orders/<reference>/notes")
def write_note(reference: str) -> ResponseReturnValue:
    """Write a note on an order; one that is refused is shown again, to be put right."""
    sent, outcome = notes.write(reference)
    if isinstance(outcome, InvalidInput):
        return show(reference, sent, outcome), outcome.status
    return outcome
