"""What vendors offer for what they cannot send, and what the customers answer: ops ask and note."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.accounts.sessions import actor_of
from app.audit.service import record
from app.choices import queries, service
from app.choices.contract import Fate, Kind
from app.console import order, page
from app.console.choice_words import Sent, shown
from app.console.page import blueprint
from app.shared.errors import Conflict, InvalidInput
from app.shared.language import _, later
from app.shared.work import OPS, transaction
from app.web.toasts import toast

# The oldest of many come first; who has answered those sees the others.
MOST, MOST_ANSWERED = 200, 30
LONGEST_NOTE = 500
ANSWERED = {
    Kind.WAIT: later("Noted: the customer waits. The vendor is given it again."),
    Kind.SUBSTITUTE: later("Noted: something else is sent. Routing gives it to the vendor."),
    Kind.REFUND: later("Noted: the units are called off."),
}


@blueprint.get("/choices")
def choices() -> str:
    """Show the customers who are to be asked, the first one first, and what was answered last."""
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        waiting = [shown(row) for row in queries.waiting(MOST)]
        answered = [shown(row) for row in queries.answered(MOST_ANSWERED)]
    return render_template("console/choices.html", **frame, waiting=waiting, answered=answered)


@blueprint.post("/choices/<reference>/answer")
def answer_choice(reference: str) -> ResponseReturnValue:
    """Do what the customer said; what is refused is shown again on the order's page."""
    kind, note = request.form.get("kind", ""), request.form.get("note", "").strip()
    with transaction(OPS):
        place = queries.order_of(reference)
    try:
        with transaction(OPS) as now:
            fate = service.answer(
                reference,
                _kind(kind),
                note=note[:LONGEST_NOTE],
                actor=current_user.name,
                actor_id=current_user.id,
                now=now,
            )
            if fate is Fate.DONE:
                who = actor_of(current_user)
                record("choice_answered", who, subject=place, answer=kind, choice=reference)
    except (InvalidInput, Conflict) as refusal:
        problem = " ".join(map(_, refusal.fields.values())) or refusal.detail
        return order.show(place, answer=Sent(reference, kind, note, problem)), refusal.status
    if fate is Fate.MOOT:
        toast(_("Nothing was changed: its units have found another way."), "info")
    else:
        toast(_(ANSWERED[Kind(kind)]))
    return redirect(url_for("console.order", reference=place, _anchor="choices"), 303)


def _kind(word: str) -> Kind:
    if word not in set(Kind):
        raise InvalidInput("Nothing was chosen.", kind=_("Choose what the customer said."))
    return Kind(word)
