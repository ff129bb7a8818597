"""Sending faster by hand: the services of a way compared, one chosen, with a reason."""

from __future__ import annotations

from collections.abc import Mapping

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.console import page, service_words
from app.console.page import blueprint
from app.orders.queries import fulfillment_order, order
from app.routing.expedite import Wanted, expedite, services
from app.shared.errors import Conflict, DomainError, IllegalMove, InvalidInput
from app.shared.language import _
from app.shared.work import OPS, transaction
from app.web.toasts import toast
from app.web.words import day

LONGEST_REASON = 200


@blueprint.get("/fulfillment-orders/<reference>/service")
def compare_services(reference: str) -> str:
    """Show by which services a fulfillment order could go, and when each would be there."""
    return _show(reference, {})


@blueprint.post("/fulfillment-orders/<reference>/service")
def choose_service(reference: str) -> ResponseReturnValue:
    """Send it by another service, for a reason; what cannot be is shown again."""
    sent = {name: value.strip() for name, value in request.form.items()}
    try:
        wanted = _wanted(reference, sent)
        with transaction(OPS) as now:
            is_new = expedite(wanted, actor=current_user.name, now=now)
            back = order(fulfillment_order(reference).order_id).reference
    except IllegalMove:
        raise
    except (InvalidInput, Conflict) as refusal:
        return _show(reference, sent, refusal), refusal.status
    facts = {"name": reference, "service": wanted.service}
    if is_new:
        said = _("{name} goes by '{service}' now. Its vendor and the customer are told.", **facts)
        toast(said)
    else:
        toast(_("{name} goes by '{service}' already. Nothing was changed.", **facts), "info")
    return redirect(url_for("console.order", reference=back), 303)


def _wanted(reference: str, sent: Mapping[str, str]) -> Wanted:
    service = sent.get("service", "")
    if not service:
        raise InvalidInput(_("Nothing was changed."), service=_("Choose a service."))
    reason = sent.get("reason", "")[:LONGEST_REASON]
    return Wanted(reference, service, reason, sent.get("seen") or None)


def _show(reference: str, sent: Mapping[str, str], refusal: DomainError | None = None) -> str:
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        found = services(reference, now)
        of, sending = found.order, found.sending
        rates = service_words.rates(found)
        wanted = sent.get("service") or (found.best.service if found.best.may_be_chosen else None)
        fields = refusal.fields if refusal else {}
        shown = {
            "fo": {"reference": reference, "sent_by": sending.booked, "ordered": sending.ordered},
            "order": {"number": of.number, "reference": of.reference},
            "rates": [rate | {"is_wanted": rate["service"] == wanted} for rate in rates],
            "sentence": service_words.recommended(found),
            "hand_over": sending.hand_over,
            "facts": service_words.facts(found),
            "promised": day(of.deliver_on) if of.deliver_on else None,
            "has_need_by": sending.need_by is not None,
            "labels": found.labels,
            "version": service_words.rate_card(found),
            "seen": found.seen,
        }
    return render_template(
        "console/service.html",
        **frame,
        **shown,
        reason=sent.get("reason", ""),
        wrong=fields,
        problem=refusal.detail if refusal and not fields else None,
    )
