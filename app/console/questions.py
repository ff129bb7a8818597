"""What vendors ask, with an order or without one, ops' answers, and whom ops should ask."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row
from werkzeug.utils import redirect

from app.console import page
from app.console.page import blueprint
from app.doors.guard import may
from app.notices.words import told
from app.reports import peaks
from app.reports.peaks import Peak
from app.reports.rules import SILENCE, facts
from app.shared.errors import InvalidInput
from app.shared.language import _
from app.shared.work import OPS, transaction
from app.shipments.claims import open_claims
from app.threads import forms, queries, service
from app.threads import page as threads
from app.threads.contract import Draft, Known, Thread, Visibility
from app.threads.forms import Sent
from app.threads.page import Choice, Face
from app.vendors.queries import vendor

ANCHOR = "notes"
# So many talks are listed; of each so much of its last words.
MOST, LONGEST = 100, 200
HOUR = timedelta(hours=1)


@blueprint.get("/inbox")
def vendor_inbox() -> str:
    """Show what vendors asked: first what waits for an answer, the longest waiting first."""
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        talks = [_talk(row) for row in queries.inbox(now, MOST)]
        claimed = len(open_claims(now))
        unasked = peaks.unasked(now)
    return render_template(
        "console/inbox.html",
        **frame,
        waiting=[talk for talk in talks if talk["is_waiting"]],
        answered=[talk for talk in talks if not talk["is_waiting"]],
        days=queries.LATELY.days,
        claimed=claimed,
        peaks=[_peak(one) for one in unasked[: peaks.MOST]],
        more_peaks=max(0, len(unasked) - peaks.MOST),
        silence=SILENCE // HOUR,
    )


def _peak(one: Peak) -> dict[str, Any]:
    return {
        "code": one.code,
        "name": one.name,
        "why": _why(one),
        "asked_at": one.asked_at,
        "answered_at": one.answered_at,
        "is_unanswered": one.asked_at is not None
        and (one.answered_at is None or one.answered_at < one.asked_at),
    }


def _why(one: Peak) -> str:
    return told("check_in", one.code, facts(one.load)).sentence


def _talk(row: Row[Any]) -> dict[str, Any]:
    words = " ".join(row.body.split())
    href = url_for("console.vendor_questions", code=row.code)
    if row.reference:
        href = url_for("console.order", reference=row.reference, _anchor=ANCHOR)
    return {
        "vendor": row.vendor,
        "about": row.number,
        "href": href,
        "words": f"{words[:LONGEST]}…" if len(words) > LONGEST else words or _("A photo"),
        "author": row.author,
        "at": row.at,
        "is_waiting": row.is_waiting,
    }


@blueprint.get("/vendors/<code>/questions")
def vendor_questions(code: str) -> str:
    """Show what one vendor asked without an order, and the form for an answer.

    With `ask` the form proposes to ask a vendor at peak how it goes.
    """
    return _page(code, None, None)


def _proposed(code: str, now: datetime) -> Sent:
    """Return the form with the words for a vendor at peak; without its numbers if it is over."""
    why = next((_why(one) for one in peaks.unasked(now, code)), "")
    body = _("How does it go? Will everything leave in time? Is there anything we can help with?")
    if why:
        body = f"{_('By our numbers: {why}', why=why)} {body}"
    return Sent(body, str(Visibility.VENDOR))


def _page(code: str, sent: Sent | None, refusal: InvalidInput | None) -> str:
    limit = queries.MOST if request.args.get("notes") == "all" else queries.FEW
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        row = vendor(code)
        if sent is None and request.args.get("ask"):
            sent = _proposed(code, now)
        shown = threads.shown(queries.questions_of(row.id, limit), _face(row), sent, refusal)
        thread = threads.by_sides(shown, row.name)
    return render_template("console/questions.html", **frame, vendor=row, thread=thread)


def _face(row: Row[Any]) -> Face:
    hint = _("{vendor} reads it under Help.", vendor=row.name)
    here = url_for("console.vendor_questions", code=row.code, notes="all", _anchor=ANCHOR)
    return Face(
        action=url_for("console.answer_vendor", code=row.code),
        photo="console.photo",
        choices=[Choice("vendor", Visibility.VENDOR, hint, row.id, None, None)],
        people=queries.people([row.id]),
        may_write=may("console.answer_vendor"),
        all_url=here,
    )


@blueprint.post("/vendors/<code>/questions")
def answer_vendor(code: str) -> ResponseReturnValue:
    """Answer a vendor; what is refused is shown again, to be put right."""
    sent = forms.read(request)
    try:
        # Before a transaction: pictures take their time.
        photos = forms.read_photos(request)
        with transaction(OPS) as now:
            row = vendor(code)
            draft = Draft(
                body=sent.body,
                once=sent.once,
                visibility=Visibility.VENDOR,
                vendor_id=row.id,
                photos=photos,
            )
            me = Known(current_user.id, current_user.name, current_user.role)
            about = Thread(None, None, row.code, row.name)
            written = service.write(draft, about, me, queries.people([row.id]), now)
    except InvalidInput as refusal:
        return _page(code, sent, refusal), refusal.status
    threads.say(written)
    return redirect(url_for("console.vendor_questions", code=code, _anchor=ANCHOR), 303)
