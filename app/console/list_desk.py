"""What every list of the console can do: count its views, be arranged, saved, and taken along."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, flash, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row

from app.accounts import preferences
from app.accounts.models import SavedView
from app.accounts.sessions import actor_of
from app.audit.service import record
from app.console import page
from app.console.page import blueprint
from app.lists import counts, saved
from app.lists import export as files
from app.lists import page as lists
from app.lists.asked import asked, asked_by, conditions
from app.lists.saved import Wish
from app.lists.spec import LISTS, ListSpec
from app.shared.errors import InvalidInput, NotFound
from app.shared.language import _
from app.shared.work import ACCOUNTS, OPS, transaction
from app.web import words
from app.web.paging import Cut, own_path
from app.web.toasts import toast


def _spec(name: str) -> ListSpec:
    if name not in LISTS:
        raise NotFound(_("There is no list named {name}.", name=name))
    return LISTS[name]


def _zone() -> ZoneInfo:
    return ZoneInfo(words.zone_name())


@blueprint.get("/lists/<name>/counts")
def list_counts(name: str) -> str:
    """Show the tabs of a list with their numbers, for a page that is there already."""
    spec = _spec(name)
    of = asked(spec, request.args)
    with transaction(OPS) as now:
        views = saved.of(page.numbers(name).views, current_user)
        wanted = dict(lists.asked_tabs(spec, views))
        found = counts.counted(list(wanted.values()), current_user, now, _zone())
    known = dict(zip(wanted, found, strict=True))
    tabs = lists.tabs(of, views, current_user, known)
    return render_template("lists/tabs.html", tabs=tabs, name=name)


@blueprint.post("/lists/<name>/display")
def arrange_list(name: str) -> ResponseReturnValue:
    """Keep which columns somebody wants to see, and how many rows."""
    spec, mine = _spec(name), current_user.preferences
    known = [column.name for column in spec.columns]
    wanted = [column for column in request.form.getlist("column") if column in known]
    size = request.form.get("size", "")
    if size not in map(str, preferences.PAGE_SIZES):
        raise InvalidInput(_("Choose how many rows a page shows."), size=_("25, 50 or 100"))
    with transaction(ACCOUNTS):
        preferences.change(
            current_user.id,
            mine,
            columns={**mine.columns, name: wanted},
            sizes={**mine.sizes, name: int(size)},
        )
    return redirect(own_path(request.form.get("next"), url_for(spec.endpoint)))


# Saved views ---------------------------------------------------------------------------------


def _wish() -> Wish:
    form = request.form
    return Wish(
        form.get("name", ""),
        form.get("query", ""),
        "is_shared" in form,
        tuple(",".join(form.getlist("default_for")).split(",")),
    )


def _to_view(list_name: str, query: str, view_id: object) -> ResponseReturnValue:
    path = url_for(_spec(list_name).endpoint)
    return redirect(f"{path}?{asked_by(_spec(list_name), query).query()}&saved={view_id}")


@blueprint.post("/lists/<name>/views")
def save_view(name: str) -> ResponseReturnValue:
    """Keep a list as it is filtered and ordered now."""
    spec, wish = _spec(name), _wish()
    with transaction(OPS):
        view_id = saved.save(spec.name, wish, current_user)
    flash(_("Saved as {name}.", name=wish.name.strip()), "good")
    return _to_view(name, wish.query, view_id)


@blueprint.post("/views/<uuid:view_id>")
def change_view(view_id: UUID) -> ResponseReturnValue:
    """Change a saved view, if nobody has changed it since it was seen."""
    version = request.form.get("version", "")
    if not re.fullmatch(r"[0-9]{1,9}", version):
        raise InvalidInput(_("Open the view again: the form does not say which version it saw."))
    wish = _wish()
    with transaction(OPS):
        view = saved.change(view_id, int(version), wish, current_user)
    flash(_("{name} is saved.", name=wish.name.strip()), "good")
    return _to_view(view.list_name, wish.query, view_id)


@blueprint.post("/views/<uuid:view_id>/delete")
def delete_view(view_id: UUID) -> ResponseReturnValue:
    """Take a saved view away; it can be put back."""
    with transaction(OPS):
        view = saved.delete(view_id, current_user)
    _offer_back(view)
    return redirect(url_for(_spec(view.list_name).endpoint))


def _offer_back(view: SavedView) -> None:
    fields = {"name": view.name, "query": view.query, "default_for": ",".join(view.default_for)}
    fields |= {"is_shared": "1"} if view.is_shared else {}
    undo = (_("Undo"), url_for("console.save_view", name=view.list_name), fields)
    toast(_("{name} is deleted.", name=view.name), undo=undo)


# Files ---------------------------------------------------------------------------------------


@blueprint.get("/lists/<name>/export.csv")
def export(name: str) -> ResponseReturnValue:
    """Send exactly the rows and columns that are shown, as a file."""
    spec = _spec(name)
    of, who, zone = asked(spec, request.args), current_user, _zone()
    columns = lists.columns(spec, who.preferences)
    with transaction(OPS) as now:
        # A searched word may be somebody's address; the trail keeps it for ever.
        record("list_exported", actor_of(who), subject=spec.name, query=of.without("q"))

    def fetch(here: Cut) -> tuple[Sequence[Row[Any]], datetime]:
        with transaction(OPS) as moment:
            return spec.fetch(conditions(of, who, moment, zone), here, of.order), moment

    lines = files.lines(spec, columns, of.order, fetch)
    answer = Response(stream_with_context(lines), mimetype="text/csv")
    name = files.file_name(spec, now)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
