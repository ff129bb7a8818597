"""Where somebody is signed in, and ending that."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts import sessions as kept
from app.accounts.sessions import actor_of
from app.audit.service import record
from app.doors.guard import let_out
from app.shared.language import _
from app.shared.work import ACCOUNTS, transaction
from app.signin.devices import device
from app.signin.page import blueprint, me


@blueprint.get("/account/sessions")
def sessions() -> str:
    """Show every browser somebody is signed in with, this one first."""
    who = me()
    with transaction(ACCOUNTS):
        rows = kept.sessions_of(who.id)
    shown = [
        {
            "id": row.id,
            "device": device(row.user_agent),
            "address": row.address,
            "first": row.created_at,
            "last": row.seen_at,
            "is_mine": row.id == who.session_id,
        }
        for row in rows
    ]
    return render_template("signin/sessions.html", sessions=sorted(shown, key=_others_later))


def _others_later(row: dict[str, object]) -> bool:
    return not row["is_mine"]


@blueprint.post("/account/sessions/<uuid:session_id>/end")
def end_session(session_id: UUID) -> ResponseReturnValue:
    """End one of somebody's sessions; their own means signing out."""
    who = me()
    with transaction(ACCOUNTS):
        kept.end(who, session_id)
    if session_id == who.session_id:
        let_out()
        return redirect(url_for("signin.signin"))
    flash(_("That browser is signed out."), "good")
    return redirect(url_for("signin.sessions"))


@blueprint.post("/account/sessions/end")
def end_sessions() -> ResponseReturnValue:
    """End all of somebody's sessions, or all but this one."""
    who, is_all = me(), request.form.get("scope") == "all"
    with transaction(ACCOUNTS):
        kept.end_all(who.id, besides=None if is_all else who.session_id)
        record("sessions_ended", actor_of(who))
    if is_all:
        let_out()
        flash(_("You are signed out everywhere."), "good")
        return redirect(url_for("signin.signin"))
    flash(_("You are signed out everywhere else."), "good")
    return redirect(url_for("signin.sessions"))
