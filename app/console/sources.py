"""Order sources: the shops that push their orders, and what came of what they sent."""

from __future__ import annotations

from typing import Any

from flask import current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import Row
from wtforms import PasswordField, RadioField, StringField
from wtforms.validators import DataRequired

from app.console import page
from app.console.page import blueprint
from app.intake import shops
from app.intake.registry import source_of, sources
from app.shared.language import _, later
from app.shared.work import OPS, transaction
from app.web import paging
from app.web.forms import page_of, refusals
from app.web.paging import Key, link
from app.web.toasts import toast

ABOUT = {
    "onward": later("Any program that can sign what it sends."),
    "shopify": later("Webhooks of a Shopify shop. Their key is Shopify's: enter it here."),
    "woocommerce": later("Webhooks of a WooCommerce shop. Their secret is made here."),
}
# What came of a delivery: icon, tone, word.
OUTCOMES = {
    "taken": ("check-circle-fill", "good", later("Taken in")),
    "held": ("pause-circle", "warn", later("Held")),
    "changed": ("arrow-repeat", "accent", later("Changed")),
    "known": ("check-circle", "mute", later("Known already")),
    "ignored": ("dash-circle", "mute", later("Ignored")),
    "refused": ("slash-circle", "crit", later("Refused")),
}
VIEWS = {"all": later("All"), "refused": later("Refused")}


class Secret(FlaskForm):  # type: ignore[misc]
    """A secret that is the shop's to make."""

    secret = PasswordField(
        later("Secret"),
        description=later("The key that the shop signs with; it is never shown again."),
    )


class NewSource(Secret):
    """A shop, and on which channel its orders are."""

    kind = RadioField(later("What sends the orders"), [DataRequired(later("Choose one."))])
    code = StringField(
        later("Short name"),
        [DataRequired(later("Give it a short name."))],
        description=later("Part of its address: small letters, figures and -."),
    )
    channel = StringField(
        later("Channel"),
        [DataRequired(later("Say on which channel its orders are."))],
        description=later("What the shop is called here. Give each shop a channel of its own."),
    )


@blueprint.get("/sources", endpoint="sources")
def every() -> str:
    """Show the shops that push their orders."""
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        found = [_listed(row) for row in shops.shops()]
    return render_template("console/sources.html", **frame, sources=found)


def _listed(row: Row[Any]) -> dict[str, Any]:
    return {
        "code": row.code,
        "kind": _(source_of(row.kind).label),
        "channel": row.channel,
        "is_active": row.is_active,
        "last_at": row.last_at,
        "last": _outcome(row.last_outcome) if row.last_outcome else None,
        "refused": row.refused,
    }


def _outcome(code: str) -> tuple[str, str, str]:
    icon, tone, word = OUTCOMES[code]
    return icon, tone, _(word)


@blueprint.route("/sources/new", methods=["GET", "POST"])
def new_source() -> ResponseReturnValue:
    """Ask what sends the orders, and show how it is set up."""
    form = NewSource(kind="shopify")
    form.kind.choices = [(code, _(kind.label)) for code, kind in sources().items()]
    if form.validate_on_submit():
        given = (form.code.data, form.kind.data, form.channel.data, form.secret.data or "")
        with refusals(form):
            with transaction(OPS):
                secret = shops.make(*given, current_user)
            return _made(form.code.data, secret)
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
    about = {code: _(words) for code, words in ABOUT.items()}
    return page_of(form, "console/new_source.html", **frame, about=about)


def _made(code: str, secret: str) -> str:
    """Show how a shop is set up, and in the answer itself the secret that was made for it.

    It is sealed from now on, so no reload shows it again.
    """
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        row = shops.shop(code)
    shown = _listed(row) | _set_up(row)
    if not source_of(row.kind).makes_secret:
        toast(_("The secret is kept. It is good from now on."))
        return render_template("console/source_made.html", **frame, source=shown, secret=None)
    return render_template("console/source_made.html", **frame, source=shown, secret=secret)


def _set_up(row: Row[Any]) -> dict[str, Any]:
    address = url_for("hooks.receive", source=row.code)
    return {"steps": source_of(row.kind).steps, "url": current_app.config["PUBLIC_URL"] + address}


@blueprint.get("/sources/<code>")
def source(code: str) -> ResponseReturnValue:
    """Show one shop and what it sent, newest first."""
    return _show(code, Secret())


def _show(code: str, form: Secret) -> ResponseReturnValue:
    cut = paging.cut(request.args, int)
    view = request.args.get("view", "")
    view = view if view in VIEWS else "all"
    path = url_for("console.source", code=code)
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        row = shops.shop(code)
        found = shops.deliveries_of(row.id, cut, is_refused=view == "refused")
    rows, pager = paging.turn(found, cut, lambda one: Key(one.received_at, one.id), path=path)
    shown = _listed(row) | _set_up(row) | {"makes_secret": source_of(row.kind).makes_secret}
    shown |= {"old_until": row.old_until, "deliveries": [_delivery(one) for one in rows]}
    tabs = [
        {
            "label": _(label),
            "href": link(path, {}, view=None if name == "all" else name),
            "current": name == view,
            "count": row.refused if name == "refused" else None,
            "tone": "crit" if name == "refused" and row.refused else None,
        }
        for name, label in VIEWS.items()
    ]
    return page_of(
        form, "console/source.html", **frame, source=shown, tabs=tabs, page=pager, view=view
    )


def _delivery(row: Row[Any]) -> dict[str, Any]:
    href = url_for("console.order", reference=row.reference) if row.reference else None
    return {
        "name": row.delivery,
        "at": row.received_at,
        "topic": row.topic,
        "number": row.number,
        "href": href,
        "outcome": _outcome(row.outcome),
        "problem": row.problem,
        "errors": row.errors or {},
        "can_try": row.body is not None,
    }


@blueprint.post("/sources/<code>/secret")
def change_secret(code: str) -> ResponseReturnValue:
    """Give a shop another secret; the one before is good for another day."""
    form = Secret()
    if form.validate_on_submit():
        with refusals(form):
            with transaction(OPS):
                secret = shops.rotate(code, form.secret.data or "", current_user)
            return _made(code, secret)
    return _show(code, form)


@blueprint.post("/sources/<code>/pause")
def pause_source(code: str) -> ResponseReturnValue:
    """Let a shop's deliveries wait, or go on with them."""
    is_active = request.form.get("active") == "yes"
    with transaction(OPS):
        shops.set_active(code, current_user, is_active=is_active)
    if is_active:
        toast(_("{source} goes on. Try again what it sent meanwhile.", source=code))
    return redirect(url_for("console.source", code=code, view="refused" if is_active else None))


@blueprint.post("/sources/<code>/again")
def try_delivery(code: str) -> ResponseReturnValue:
    """Try a refused delivery again."""
    with transaction(OPS):
        result = shops.try_again(code, request.form.get("delivery", ""), current_user)
    if result.outcome == "refused":
        toast(result.problem or "", "warn")
    else:
        toast(_(OUTCOMES[result.outcome][2]))
    return redirect(url_for("console.source", code=code, view="refused"))
