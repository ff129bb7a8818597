"""Every component in every state, made with the marks that the pages are made with."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import RadioField, SelectField, StringField

from app.console import page
from app.console.order_list import SPEC
from app.console.page import blueprint
from app.console.strips import strip
from app.desk.find import Group, Item
from app.lists import page as lists
from app.lists import saved
from app.lists.asked import asked
from app.shared.language import _, _p, later
from app.shared.work import OPS, transaction
from app.web.deadlines import Deadline, deadline
from app.web.marks import bdi
from app.web.toasts import toast
from app.web.words import day, small, span, when

# What the style sheet paints with: a heading, and the tokens under it.
COLORS = {
    later("Surfaces"): ("bg", "surface", "sunken", "raised", "hover", "mute-soft"),
    later("Lines"): ("line", "line-2", "control"),
    later("Ink"): ("ink", "ink-2", "ink-3"),
    later("Accent"): ("accent", "accent-2", "on-accent", "accent-soft", "accent-line"),
    **{
        title: (name, f"{name}-soft", f"{name}-line", f"{name}-solid", f"on-{name}")
        for title, name in {
            later("Critical"): "crit",
            later("Warning"): "warn",
            later("Good"): "good",
            later("Info"): "info",
        }.items()
    },
}
SIZES = {
    "t-5xl": "52",
    "t-4xl": "36",
    "t-3xl": "28",
    "t-2xl": "22",
    "t-xl": "18",
    "t-lg": "16",
    "t-md": "14",
    "t-sm": "13",
    "t-xs": "12",
}
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# An order as the samples know it: number, status, how long until it is due, total.
SAMPLES = (
    ("HP-27718", "shipped", 3 * HOUR, 35_500),
    ("HP-27722", "open", 11 * HOUR, 11_200),
    ("HP-27690", "canceled", None, -6_400),
)


class Sample(FlaskForm):  # type: ignore[misc]
    """A form as it comes back with something to put right."""

    tracking = StringField(
        later("Tracking number"), description=later("As it stands on the label.")
    )
    weight = StringField(later("Weight"), description=later("In kilograms, for example 2.4"))
    service = SelectField(later("Service"))
    why = RadioField(later("Why not?"))


@blueprint.get("/components")
def components() -> str:
    """Show what pages are made of."""
    with transaction(OPS) as now:
        numbers = page.numbers(SPEC.name)
        frame = page.shell(numbers, now)
        views = saved.of(numbers.views, current_user)
        shown = lists.frame(asked(SPEC, MultiDict({"status": "open"})), views, current_user)
    return render_template(
        "console/components.html",
        **frame,
        now=now,
        list=shown,
        colors=[(_(title), tokens) for title, tokens in COLORS.items()],
        sizes=SIZES,
        deadlines=list(_deadlines(now).values()),
        rows=[_row(now, *sample) for sample in SAMPLES],
        strips=_strips(now),
        happened=_happened(now),
        found=_found(),
        form=_form(),
        moves=_moves(),
        was=(day(now - 2 * DAY), day(now + DAY)),
    )


@blueprint.post("/components")
def try_component() -> ResponseReturnValue:
    """Answer a sample's button: with a toast, and a way back."""
    if request.form.get("undo"):
        toast(_("Taken back. It was a sample all the same."), "info")
    else:
        url = url_for("console.try_component")
        said = _("This was a sample. Nothing was changed.")
        toast(said, undo=(_("Undo"), url, {"undo": "1"}))
    return redirect(url_for("console.components"))


def _deadlines(now: datetime) -> dict[str, Deadline]:
    """Return a deadline in each of its states."""
    since = now - 2 * DAY
    ship_by = _("ship by {moment}", moment=when(now + 26 * HOUR))
    soon = _("by {moment}", moment=when(now + 11 * HOUR))
    at_once = _("by {moment}", moment=when(now + HOUR / 2))
    was = _("was {moment}", moment=when(now - 3 * HOUR))
    paused = _("paused, address asked")
    met = _("shipped {moment}", moment=when(now - HOUR))
    missed = _("shipped {moment}", moment=when(now))
    left, word = span(2 * HOUR + 12 * MINUTE), _p("of time", "left")
    return {
        "plenty": deadline(now + 26 * HOUR, now, ship_by, since=since),
        "soon": deadline(now + 11 * HOUR, now, soon, since=since),
        "now": deadline(now + HOUR / 2, now, at_once, since=since),
        "late": deadline(now - 3 * HOUR, now, was, since=since),
        "paused": Deadline("paused", left, word, paused, 44),
        "met": deadline(now, now, met, done_at=now - HOUR),
        "missed": deadline(now - DAY, now, missed, done_at=now),
    }


def _row(
    now: datetime, number: str, status: str, left: timedelta | None, minor: int
) -> dict[str, Any]:
    due = None
    if left is not None:
        done_at = now if status == "shipped" else None
        at = bdi(when(now + left))
        due = deadline(now + left, now, at, since=now - DAY, done_at=done_at)
    return {"number": number, "status": status, "due": due, "total": (minor, "USD")}


def _strips(now: datetime) -> list[dict[str, Any] | None]:
    """Return a promise that moves, one that was missed, and one that was kept."""
    today = now.date()
    return [
        strip(today, today + DAY, today + 3 * DAY),
        strip(today, today - 2 * DAY, None),
        strip(today, today + DAY, None, today),
    ]


def _happened(now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "at": now,
            "title": _("Waiting for an owner"),
            "sentence": _("Ops are told first; the ops lead after an hour."),
            "actor": None,
            "icon": "bell",
            "tone": "warn",
            "now": True,
        },
        {
            "at": now - HOUR,
            "title": _("Late dispatch found"),
            "sentence": _("Promised for yesterday, not handed over."),
            "actor": _("the watch"),
            "icon": "exclamation-triangle-fill",
            "tone": "warn",
        },
        {
            "at": now - 2 * DAY,
            "title": _("Vendor confirmed"),
            "sentence": None,
            "actor": "Kiln & Co.",
            "icon": "check-circle",
            "tone": "good",
        },
    ]


def _form() -> Sample:
    sample = Sample(formdata=None, tracking="1Z999AA10123456785", why="stock")
    sample.service.choices = [("ground", _("Ground")), ("air", _("Air"))]
    sample.why.choices = [("stock", _("Out of stock")), ("damaged", _("Damaged"))]
    sample.tracking.errors = [later("The last digit should be 4. Please scan it again.")]
    sample.weight.errors = [later("Enter the weight of the box.")]
    return sample


def _moves() -> list[dict[str, Any]]:
    url = url_for("console.try_component")
    return [
        {"label": _("Acknowledge"), "url": url, "key": "a"},
        {"label": _("Resolve"), "url": url},
    ]


def _found() -> list[Group]:
    about = f"HP-27718, {small('in_transit')}"
    return [
        Group(
            _("Parcels"),
            [Item("1Z999AA10123456784", "truck", "#palette-h", about, is_code=True)],
        ),
        Group(_("Go to"), [Item(_("Escalations"), "bell", "#palette-h")]),
        Group(_("Do"), [Item(_("Use the dark theme"), "moon-stars", "#palette-h")]),
    ]
