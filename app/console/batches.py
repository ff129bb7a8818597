"""Bulk changes: what was chosen, what would become of it, how far it is, what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import StringField

from app.batches import queries, service
from app.batches.contract import Act, Selection
from app.batches.registry import act_of, offered
from app.batches.words import asked
from app.console import batch_page, page
from app.console.page import blueprint
from app.lists.selection import selection_of
from app.lists.spec import LISTS
from app.shared import clock
from app.shared.errors import NotFound
from app.shared.language import _, later
from app.shared.work import OPS, transaction
from app.web import paging
from app.web.forms import page_of, refusals
from app.web.paging import Key, link, own_path
from app.web.toasts import toast
from app.web.words import zone_name

VIEWS = {"mine": later("Mine"), "all": later("Everybody's")}


class Start(FlaskForm):  # type: ignore[misc]
    """What is asked before a bulk change begins."""

    reason = StringField(later("Why?"))
    confirmation = StringField(later("Type the number to go on"))

    def asks(self, act: Act, doable: int) -> None:
        """Ask for what this act needs, and for nothing else."""
        self.reason.label.text = act.reason_label
        self.reason.description = _("In the timeline of each {thing}.", thing=_(act.thing.nouns[0]))
        self.confirmation.label.text = _("Type {number} to go on", number=doable)
        if not act.asks_reason:
            del self.reason
        if act.is_reversible:
            del self.confirmation


@blueprint.app_template_global("batch_acts")
def batch_acts(list_name: str) -> Sequence[Act]:
    """Return what whoever looks at a list may do to many of its rows."""
    return offered(list_name, current_user.role)


@blueprint.get("/batches")
def batches() -> str:
    """Show bulk changes, newest first."""
    view = request.args.get("view", "")
    view = view if view in VIEWS else "mine"
    cut = paging.cut(request.args)
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        found = queries.batches(cut, current_user.id, is_mine=view == "mine")
    rows, pager = paging.turn(found, cut, lambda row: Key(row.made_at, row.id))
    return render_template(
        "console/batches.html",
        **frame,
        batches=[batch_page.listed(row) for row in rows],
        tabs=[
            {"label": _(label), "href": link(request.path, {}, view=name), "current": name == view}
            for name, label in VIEWS.items()
        ],
        page=pager,
        view=view,
    )


@blueprint.post("/batches")
def draft_batch() -> ResponseReturnValue:
    """Write down what was chosen in a list, and go where it is looked at before it begins."""
    form = request.form
    with transaction(OPS) as now:
        chosen: list[str] | Selection = form.getlist("row")
        if form.get("all"):
            zone = ZoneInfo(zone_name())
            name, query = form.get("list", ""), form.get("query", "")
            _require_offered(form.get("act", ""), name)
            chosen = selection_of(name, query, current_user, now, zone)
        reference = service.draft(
            form.get("act", ""), chosen, _origin(), current_user, clock.machine_now()
        )
    return redirect(url_for("console.batch", reference=reference))


def _require_offered(act: str, list_name: str) -> None:
    """Refuse what a list does not offer: its rows may be other things than the act changes."""
    if list_name not in LISTS or act not in LISTS[list_name].acts:
        raise NotFound(_("This list does not offer that for all of its rows."))


def _origin() -> str:
    """Return the list the rows were chosen in, as it was filtered, to go back to."""
    spec, query = LISTS.get(request.form.get("list", "")), request.form.get("query", "")
    listed = url_for(spec.endpoint) + (f"?{query}" if query else "") if spec else ""
    return own_path(request.form.get("next") or listed, "")


@blueprint.get("/batches/<reference>")
def batch(reference: str) -> ResponseReturnValue:
    """Show one bulk change as it stands."""
    return _show(reference, Start())


def _show(reference: str, form: Start) -> ResponseReturnValue:
    outcome = batch_page.outcome_of(request.args.get("outcome", ""))
    cut = paging.cut(request.args, int)
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        row = queries.batch(reference, current_user.id)
        act = act_of(row.act)
        shown = batch_page.shown(row, act, clock.machine_now())
        if row.status == "draft":
            foreseen = queries.foreseen(row.id)
            shown["groups"] = batch_page.groups(act, foreseen, queries.examples(row.id))
            shown["doable"] = foreseen.get(None, 0)
            shown["start"] = asked(act, shown["doable"]).rstrip("?")
            form.asks(act, shown["doable"])
        elif row.status in {"done", "canceled"}:
            found = queries.rows(row.id, outcome, cut)
            place = lambda one: Key(row.made_at, one.position)  # noqa: E731 - one use
            rows, pager = paging.turn(found, cut, place, path=_path(reference))
            shown["rows"] = [batch_page.result(act, one, now) for one in rows]
            shown |= {"page": pager, "tabs": batch_page.tabs(row, outcome, _path(reference))}
            shown["file"] = link(_file(reference), {}, outcome=outcome)
    return page_of(form, "console/batch.html", **frame, batch=shown)


def _file(reference: str) -> str:
    return url_for("console.batch_results", reference=reference)


def _path(reference: str) -> str:
    return url_for("console.batch", reference=reference)


@blueprint.post("/batches/<reference>")
def start_batch(reference: str) -> ResponseReturnValue:
    """Begin, after a moment in which it can be taken back; what is refused is shown where it is."""
    form = Start()
    arguments = {name: request.form.get(name, "") for name in ("reason", "confirmation")}
    with refusals(form):
        with transaction(OPS):
            service.start(reference, arguments, current_user)
        return redirect(_path(reference))
    return _show(reference, form)


@blueprint.post("/batches/<reference>/cancel")
def cancel_batch(reference: str) -> ResponseReturnValue:
    """Drop a draft, take back what waits, or stop what runs."""
    with transaction(OPS):
        before = queries.batch(reference, current_user.id)
        service.cancel(reference, current_user)
    if before.status == "draft":
        toast(_("Dropped. Nothing was changed."))
        return redirect(own_path(before.query or None, url_for("console.batches")))
    return redirect(_path(reference))


@blueprint.post("/batches/<reference>/undo")
def undo_batch(reference: str) -> ResponseReturnValue:
    """Take back what has been done."""
    with transaction(OPS):
        back = service.undo(reference, current_user)
    return redirect(_path(back))
