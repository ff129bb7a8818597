"""Taking back what one has just done to a case or a dead letter, and being told of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.checks import service as checks
from app.console.page import blueprint
from app.escalations import service as escalations
from app.shared.errors import Conflict, IllegalMove
from app.shared.language import _
from app.shared.who import Who
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
    return _("Undo"), url_for(endpoint, **names), fields  # type: ignore[arg-type]


@blueprint.post("/cases/<reference>/unacknowledge")
def unacknowledge(reference: str) -> ResponseReturnValue:
    """Give a case back: the climb goes on."""
    said = _("You have given it back. The climb goes on.")
    return _of_case(escalations.unacknowledge, reference, said)


@blueprint.post("/cases/<reference>/reopen")
def reopen_case(reference: str) -> ResponseReturnValue:
    """Take back that a case is resolved."""
    return _of_case(escalations.reopen, reference, _("The case is open again."))


@blueprint.post("/dead-letters/<int:letter_id>/reopen")
def reopen_dead_letter(letter_id: int) -> ResponseReturnValue:
    """Take back that a dead letter has been dealt with."""
    act = partial(checks.reopen_dead_letter, letter_id)
    return _take_back(act, _("It is open again."), url_for("console.system"))


def _of_case(act: Callable[..., None], reference: str, said: str) -> ResponseReturnValue:
    here = url_for("console.case", reference=reference)
    return _take_back(lambda who, now: act(reference, actor=who, now=now), said, here)


def _take_back(act: Callable[[Who, datetime], None], said: str, here: str) -> ResponseReturnValue:
    with conflicts_told():
        with transaction(OPS) as now:
            act(current_user.who, now)
        toast(said)
    return redirect(own_path(request.form.get("next"), here))
