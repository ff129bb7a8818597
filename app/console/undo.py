"""Taking back what one has just done to a case or a dead letter, and being told of others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.checks import service as checks
from app.console.page import blueprint
from app.escalations import service as escalations
from app.shared.errors import Conflict, IllegalMove
from app.shared.work import OPS, transaction
from app.web.paging import own_path
from app.web.toasts import Undo, toast


@contextmanager
def conflicts_told() -> Iterator[None]:
    """Say on the next page who was quicker: it shows how things stand now."""
    try:
        yield
    except IllegalMove:
        raise
    except Conflict as refusal:
        toast(refusal.detail, "warn")


def way(endpoint: str, **names: str | int) -> Undo:
    """Return the button that takes an act back, and leads to where one is."""
    onward = own_path(request.form.get("next"), "")
    fields = {"next": onward} if onward else {}
    return "Undo", url_for(endpoint, **names), fields  # type: ignore[arg-type]


@blueprint.post("/cases/<reference>/unacknowledge")
def unacknowledge(reference: str) -> ResponseReturnValue:
    """Give a case back: the climb goes on."""
    with conflicts_told():
        with transaction(OPS) as now:
            escalations.unacknowledge(reference, actor=current_user.name, now=now)
        toast("You have given it back. The climb goes on.")
    return _back(url_for("console.case", reference=reference))


@blueprint.post("/cases/<reference>/reopen")
def reopen_case(reference: str) -> ResponseReturnValue:
    """Take back that a case is resolved."""
    with conflicts_told():
        with transaction(OPS) as now:
            escalations.reopen(reference, actor=current_user.name, now=now)
        toast("The case is open again.")
    return _back(url_for("console.case", reference=reference))


@blueprint.post("/dead-letters/<int:letter_id>/reopen")
def reopen_dead_letter(letter_id: int) -> ResponseReturnValue:
    """Take back that a dead letter has been dealt with."""
    with conflicts_told():
        with transaction(OPS) as now:
            checks.reopen_dead_letter(letter_id, current_user.name, now)
        toast("It is open again.")
    return _back(url_for("console.system"))


def _back(here: str) -> ResponseReturnValue:
    return redirect(own_path(request.form.get("next"), here))
