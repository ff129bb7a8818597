"""A vendor's webhooks: where its programs hear of its work, and what became of each delivery."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import Row
from werkzeug.utils import redirect
from wtforms import SelectMultipleField, StringField
from wtforms.validators import DataRequired

from app.accounts.sessions import actor_of
from app.portal import page
from app.portal.page import blueprint, vendor_id
from app.shared import clock, ids
from app.shared.errors import Conflict
from app.shared.language import _, _n, later
from app.shared.work import transaction
from app.web import paging
from app.web.forms import page_of, refusals
from app.web.paging import Key, link
from app.web.toasts import toast
from app.webhooks import queries, service
from app.webhooks.contract import EVENTS, KEPT_DAYS, TEST
from app.webhooks.rules import LONGEST_URL, MOST_ATTEMPTS

VIEWS = {"all": later("All"), "failed": later("Failed")}
# How a delivery stands: icon, tone and word.
FATES = {
    "queued": ("hourglass-split", "info", later("On its way")),
    "sent": ("check-circle", "good", later("Delivered")),
    "failed": ("x-octagon-fill", "crit", later("Failed")),
    "dropped": ("slash-circle", "mute", later("Not sent")),
}
# A failure that is waited after.
AGAIN = ("arrow-repeat", "warn", later("Tried again"))
# Why there was no answer. What was answered besides its status is shown to nobody.
FAILURES = {
    "timeout": later("No answer in time"),
    "network": later("Nobody could be reached there"),
    "redirect": later("It points elsewhere, and nobody is followed"),
    "too_large": later("The answer was too large"),
    "forbidden": later("The name leads to an address that is not public"),
}
STOPPED = {
    "by_hand": later("Somebody of yours stopped it."),
    "gone": later("It answered 410: nobody there wants to hear anything any more."),
    "failing": later("Nothing arrived there for days."),
}


def _stripped(words: str | None) -> str:
    return (words or "").strip()


class Endpoint(FlaskForm):  # type: ignore[misc]
    """Where a program listens, and what it hears of."""

    url = StringField(
        later("Address"),
        [DataRequired(later("Enter where your program listens."))],
        filters=[_stripped],
        description=later("Begins with https:// and answers with a status from 200 to 299."),
    )
    kinds = SelectMultipleField(
        later("What it hears of"), [DataRequired(later("Choose at least one."))]
    )

    def __init__(self, **given: Any) -> None:
        """Offer the events, all of them at first."""
        super().__init__(**({"kinds": list(EVENTS)} | given))
        self.kinds.choices = [(name, name) for name in EVENTS]


def sentences() -> dict[str, str]:
    """Return what each event says, in the reader's language."""
    return {name: _(words) for name, words in EVENTS.items()}


@blueprint.get("/webhooks")
def webhooks() -> str:
    """Show where programs listen, and how the last delivery to each went."""
    with transaction(page.scope()) as now:
        frame = page.shell(now)
        found = queries.endpoints()
    return render_template(
        "portal/webhooks.html", **frame, endpoints=[_listed(row) for row in found]
    )


def _listed(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "url": row.url,
        "host": urlsplit(row.url).hostname,
        "kinds": row.kinds,
        "is_active": row.is_active,
        "stopped": _(STOPPED[row.stopped_because]) if row.stopped_because else None,
        "failed": row.failed,
        "last_at": row.last_at,
        "last": _fate(row) if row.status else None,
        "made_at": row.made_at,
        "made_by": row.made_by,
        "old_until": _still(row.old_until),
    }


def _still(moment: Any) -> Any:
    return moment if moment and moment > clock.machine_now() else None


def _fate(row: Row[Any]) -> tuple[str, str, str]:
    is_again = row.status == "queued" and (row.answered is not None or row.last_error)
    icon, tone, word = AGAIN if is_again else FATES[row.status]
    return icon, tone, _(word)


@blueprint.route("/webhooks/new", methods=["GET", "POST"])
def new_webhook() -> ResponseReturnValue:
    """Ask where a program listens, and show the secret it verifies with this once."""
    form = Endpoint()
    if form.validate_on_submit():
        with refusals(form):
            with transaction(page.scope()):
                key, secret = service.add(
                    vendor_id(), form.url.data, form.kinds.data, actor_of(current_user)
                )
            return _made(key, secret, is_new=True)
    return page_of(
        form,
        "portal/new_webhook.html",
        **page.frame(),
        sentences=sentences(),
        longest=LONGEST_URL,
    )


def _made(key: UUID, secret: str, *, is_new: bool) -> str:
    """Show a secret in the answer itself: it is sealed from now on, so no reload shows it again."""
    with transaction(page.scope()) as now:
        frame, row = page.shell(now), queries.endpoint(key)
    return render_template(
        "portal/webhook_made.html", **frame, endpoint=_listed(row), secret=secret, is_new=is_new
    )


@blueprint.get("/webhooks/<uuid:endpoint_id>")
def webhook(endpoint_id: UUID) -> ResponseReturnValue:
    """Show one webhook and what was delivered to it, newest first."""
    return _page(endpoint_id, None)


def _page(endpoint_id: UUID, form: Endpoint | None) -> ResponseReturnValue:
    cut = paging.cut(request.args)
    asked = request.args.get("view", "")
    view = asked if asked in VIEWS else "all"
    path = url_for("portal.webhook", endpoint_id=endpoint_id)
    with transaction(page.scope()) as now:
        frame, row = page.shell(now), queries.endpoint(endpoint_id)
        found = queries.deliveries(endpoint_id, cut, view)
    rows, pager = paging.turn(found, cut, lambda one: Key(one.made_at, one.id), path=path)
    return page_of(
        form or Endpoint(formdata=None, url=row.url, kinds=row.kinds),
        "portal/webhook.html",
        **frame,
        endpoint=_listed(row),
        deliveries=[_delivery(one) for one in rows],
        page=pager,
        tabs=_tabs(row, view, path),
        view=view,
        sentences=sentences(),
        longest=LONGEST_URL,
        once=ids.new(),
        kept=KEPT_DAYS,
        most=MOST_ATTEMPTS,
    )


def _tabs(row: Row[Any], view: str, path: str) -> list[dict[str, Any]]:
    return [
        {
            "label": _(label),
            "href": link(path, {}, view=None if name == "all" else name),
            "current": name == view,
            "count": row.failed if name == "failed" else None,
            "tone": "crit" if name == "failed" and row.failed else None,
        }
        for name, label in VIEWS.items()
    ]


def _delivery(row: Row[Any]) -> dict[str, Any]:
    is_test = row.kind == TEST
    return {
        "id": row.id,
        "kind": row.kind,
        "subject": None if is_test else row.subject,
        "href": None if is_test else url_for("portal.fulfillment_order", reference=row.subject),
        "at": row.made_at,
        "fate": _fate(row),
        "answered": row.answered,
        "failure": _(FAILURES[row.last_error]) if row.last_error in FAILURES else None,
        "took": _("{n} ms", n=row.took_ms) if row.took_ms is not None else None,
        "attempts": row.attempts,
        "next_at": row.due_at if row.status == "queued" and row.attempts else None,
        "can_replay": row.status in {"sent", "failed"},
    }


@blueprint.post("/webhooks/<uuid:endpoint_id>")
def change_webhook(endpoint_id: UUID) -> ResponseReturnValue:
    """Have a webhook go elsewhere, or tell of something else."""
    form = Endpoint()
    if form.validate_on_submit():
        with refusals(form):
            with transaction(page.scope()):
                service.change(endpoint_id, form.url.data, form.kinds.data, actor_of(current_user))
            toast(_("Saved."))
            return _back(endpoint_id)
    return _page(endpoint_id, form)


@blueprint.post("/webhooks/<uuid:endpoint_id>/secret")
def rotate_webhook(endpoint_id: UUID) -> ResponseReturnValue:
    """Give a webhook another secret; the one before signs along for another day."""
    with transaction(page.scope()):
        secret = service.rotate(endpoint_id, actor_of(current_user))
    return _made(endpoint_id, secret, is_new=False)


@blueprint.post("/webhooks/<uuid:endpoint_id>/active")
def stop_webhook(endpoint_id: UUID) -> ResponseReturnValue:
    """Stop a webhook, or let it go on."""
    is_active = request.form.get("active") == "yes"
    with transaction(page.scope()):
        service.set_active(endpoint_id, actor_of(current_user), is_active=is_active)
    if is_active:
        toast(_("It goes on with what happens from now on. What failed can be sent again."))
    else:
        toast(_("It is stopped. Nothing is kept for it meanwhile."))
    return _back(endpoint_id)


@blueprint.post("/webhooks/<uuid:endpoint_id>/delete")
def delete_webhook(endpoint_id: UUID) -> ResponseReturnValue:
    """Delete a webhook."""
    with transaction(page.scope()):
        service.delete(endpoint_id, actor_of(current_user))
    toast(_("The webhook is deleted. Its program is sent nothing any more."))
    return redirect(url_for("portal.webhooks"), 303)


@blueprint.post("/webhooks/<uuid:endpoint_id>/test")
def test_webhook(endpoint_id: UUID) -> ResponseReturnValue:
    """Send a webhook an event that means nothing."""
    try:
        once = UUID(request.form.get("once", ""))
    except ValueError:
        once = ids.new()
    return _try(
        endpoint_id,
        lambda: service.test(endpoint_id, once, actor_of(current_user)),
        _("A test is on its way. What became of it stands below in a moment."),
    )


@blueprint.post("/webhooks/<uuid:endpoint_id>/deliveries/<uuid:delivery_id>/again")
def replay_delivery(endpoint_id: UUID, delivery_id: UUID) -> ResponseReturnValue:
    """Send one delivery again."""
    return _try(
        endpoint_id,
        lambda: service.replay(endpoint_id, delivery_id, actor_of(current_user)),
        _("It is sent again, under the same webhook-id."),
    )


@blueprint.post("/webhooks/<uuid:endpoint_id>/again")
def replay_failed(endpoint_id: UUID) -> ResponseReturnValue:
    """Send everything again that failed."""
    try:
        with transaction(page.scope()):
            count = service.replay_failed(endpoint_id, actor_of(current_user))
    except Conflict as refusal:
        toast(refusal.detail, "warn")
    else:
        toast(_n("{n} delivery is sent again.", "{n} deliveries are sent again.", count))
    return _back(endpoint_id)


def _try(endpoint_id: UUID, act: Any, done: str) -> ResponseReturnValue:
    try:
        with transaction(page.scope()):
            act()
    except Conflict as refusal:
        toast(refusal.detail, "warn")
    else:
        toast(done)
    return _back(endpoint_id)


def _back(endpoint_id: UUID) -> ResponseReturnValue:
    return redirect(url_for("portal.webhook", endpoint_id=endpoint_id), 303)
