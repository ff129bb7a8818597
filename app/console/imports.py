"""Files: chosen, their columns named, tried out, taken in, and what became of their records."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import RadioField
from wtforms.validators import DataRequired

from app.console import import_page, page
from app.console.page import blueprint
from app.intake import imports as service
from app.intake import opening, queries
from app.intake.registry import kind_of
from app.shared import clock
from app.shared.errors import InvalidInput
from app.shared.language import _, later
from app.shared.work import OPS, transaction
from app.web import paging
from app.web.forms import page_of, refusals
from app.web.paging import Key
from app.web.toasts import toast

# So many refusals stand on the page; all of them are in the file that can be mended.
SHOWN = 50
COLUMN = "column:"


class NewImport(FlaskForm):  # type: ignore[misc]
    """Which file, and what is in it."""

    kind = RadioField(later("What is in it"), [DataRequired(later("Choose what is in the file."))])
    file = FileField(
        later("File"),
        [FileRequired(later("Choose a file."))],
        description=later("CSV with a line of headings, or JSON lines; UTF-8, up to 50 MB."),
    )


@blueprint.get("/imports")
def imports() -> str:
    """Show the files that were taken in, newest first."""
    cut = paging.cut(request.args)
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        found = queries.every(cut)
    rows, pager = paging.turn(found, cut, lambda row: Key(row.made_at, row.id))
    shown = [import_page.listed(row) for row in rows]
    return render_template("console/imports.html", **frame, imports=shown, page=pager)


@blueprint.route("/imports/new", methods=["GET", "POST"])
def new_import() -> ResponseReturnValue:
    """Ask for a file, and keep it until it is said what its columns are."""
    choices = import_page.choices(current_user.role)
    form = NewImport(kind=request.args.get("kind", choices[0][0]))
    form.kind.choices = [(code, word) for code, word, _sentence in choices]
    if form.validate_on_submit():
        file = form.file.data
        with refusals(form):
            with transaction(OPS):
                name = file.filename or ""
                reference = service.draft(form.kind.data, name, file.stream, current_user)
            return redirect(url_for("console.one_import", reference=reference))
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
    about = {code: sentence for code, _word, sentence in choices}
    return page_of(form, "console/new_import.html", **frame, about=about)


@blueprint.get("/imports/<reference>")
def one_import(reference: str) -> ResponseReturnValue:
    """Show a file: its columns, how far it is, or what became of it."""
    return _show(reference)


def _show(reference: str, refusal: InvalidInput | None = None) -> Response:
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        row = queries.one(reference)
        shown = import_page.shown(row, clock.machine_now())
        shown["may"] = import_page.may_take(current_user.role, row.kind)
        wrong = refusal.fields if refusal else {}
        if row.status == "draft":
            shown["chosen"] = _asked(row) if refusal else row.fixed
            shown["fixed"] = kind_of(row.kind).fixed
            shown["wrong"] = {name: _(words) for name, words in wrong.items()}
        if row.status == "draft" and row.format == "csv":
            mapping = _mapping() if refusal else row.mapping
            samples = opening.samples(row)
            shown |= import_page.fields(row, mapping, samples, wrong)
        elif row.due_at is None and row.refused:
            shown["refusals"] = [
                import_page.refusal(one) for one in queries.refusals(row.id, SHOWN)
            ]
        if import_page.stand(row) == "tried":
            shown["reading"] = import_page.reading(row, opening.first(row))
    page_ = render_template(
        "console/import.html", **frame, file=shown, decimals=import_page.DECIMALS
    )
    return make_response(page_, InvalidInput.status if refusal else 200)


def _mapping() -> dict[str, str]:
    """Return which column each field is, as the form says."""
    found = request.form.items()
    return {k.removeprefix(COLUMN): v for k, v in found if k.startswith(COLUMN) and v}


def _asked(row: Any) -> dict[str, Any]:
    """Return what the form says of all records."""
    names = (*kind_of(row.kind).fixed, "decimal")
    return {name: value for name in names if (value := request.form.get(name, "").strip())}


@blueprint.post("/imports/<reference>/try")
def try_import(reference: str) -> ResponseReturnValue:
    """Take what was chosen, and have the file tried out."""
    try:
        with transaction(OPS):
            row = queries.one(reference)
            service.arrange(reference, _mapping(), _asked(row), current_user)
            service.try_out(reference, current_user)
    except InvalidInput as refusal:
        return _show(reference, refusal)
    return _to(reference)


@blueprint.post("/imports/<reference>/change")
def change_import(reference: str) -> ResponseReturnValue:
    """Choose the columns anew."""
    with transaction(OPS):
        service.go_back(reference, current_user)
    return _to(reference)


@blueprint.post("/imports/<reference>/start")
def start_import(reference: str) -> ResponseReturnValue:
    """Take the records in."""
    with transaction(OPS):
        service.start(reference, current_user)
    return _to(reference)


@blueprint.post("/imports/<reference>/cancel")
def cancel_import(reference: str) -> ResponseReturnValue:
    """Drop a file, or stop what is under way."""
    with transaction(OPS):
        is_kept = service.cancel(reference, current_user)
    if is_kept:
        return _to(reference)
    toast(_("Dropped. Nothing was changed."))
    return redirect(url_for("console.imports"))


def _to(reference: str) -> ResponseReturnValue:
    return redirect(url_for("console.one_import", reference=reference))
