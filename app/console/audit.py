"""The audit trail on the screen, and the look over its chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.audit import queries
from app.audit.contract import Verdict
from app.audit.queries import Wanted
from app.audit.service import head, verify_chain
from app.console import page
from app.console.audit_words import ACTS, title, told
from app.console.page import blueprint
from app.policies import marketplace
from app.shared.errors import InvalidInput
from app.shared.language import _, later
from app.shared.work import OPS, transaction
from app.web import paging
from app.web.paging import Key, link
from app.web.words import day

OUTCOMES = {"done": later("Done"), "refused": later("Refused")}
LONGEST_WORD = 120
# What a filter is called on its chip.
CHIPS = {
    "who": later("Who: {value}"),
    "action": "{value}",
    "outcome": "{value}",
    "vendor": later("Vendor: {value}"),
    "since": later("From {value}"),
    "until": later("To {value}"),
}


@blueprint.get("/audit")
def audit() -> str:
    """Show what was done and refused, the latest first."""
    return _page()


@blueprint.post("/audit/verify")
def verify_audit() -> ResponseReturnValue:
    """Look over the whole chain and say what was found."""
    kept = request.form.get("anchor", "").strip()
    try:
        verdict = verify_chain(kept or None)
    except InvalidInput:
        problem = _("This is no end of the chain. Write its row and its seal, like 4212:9f86d0…")
        return _page(kept=kept, problem=problem), 422
    return _page(verdict=verdict, kept=kept)


def _page(*, verdict: Verdict | None = None, kept: str = "", problem: str | None = None) -> str:
    # A look over the chain is no filter: its page begins anew.
    args = request.args if request.method == "GET" else {}
    asked = {name: value for name, value in _asked(args).items() if value}
    cut = paging.cut(args, int)
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        end = head()
        rows, pager = paging.turn(
            queries.acts(_wanted(asked), cut),
            cut,
            lambda row: Key(row.at, row.position),
            path="/console/audit",
        )
    return render_template(
        "console/audit.html",
        **frame,
        acts=[told(row) for row in rows],
        head={"position": end.position, "seal": end.hash[:16]},
        verdict=verdict,
        kept=kept,
        problem=problem,
        asked=asked,
        actions=sorted(((name, title(name)) for name in ACTS), key=lambda pair: pair[1]),
        outcomes={code: _(word) for code, word in OUTCOMES.items()},
        chips=_chips(asked),
        page=pager,
    )


def _asked(args: Mapping[str, str]) -> dict[str, str]:
    """Return what the address filters by, as it may be asked; what cannot be read is left out."""
    words = {name: args.get(name, "").strip()[:LONGEST_WORD] for name in CHIPS}
    plain = {name: "".join(c for c in word if c.isprintable()) for name, word in words.items()}
    return plain | {
        "action": plain["action"] if plain["action"] in ACTS else "",
        "outcome": plain["outcome"] if plain["outcome"] in OUTCOMES else "",
        "since": plain["since"] if _day(plain["since"]) else "",
        "until": plain["until"] if _day(plain["until"]) else "",
    }


def _day(word: str) -> date | None:
    try:
        found = date.fromisoformat(word)
    except ValueError:
        return None
    # The last day of the calendar has no day after it.
    return found if date.min < found < date.max else None


def _wanted(asked: Mapping[str, str]) -> Wanted:
    since, until = _day(asked.get("since", "")), _day(asked.get("until", ""))
    return Wanted(
        who=asked.get("who", ""),
        action=asked.get("action", ""),
        outcome=asked.get("outcome", ""),
        vendor=asked.get("vendor", ""),
        since=_midnight(since) if since else None,
        until=_midnight(until + timedelta(days=1)) if until else None,
    )


def _midnight(on: date) -> datetime:
    return datetime.combine(on, time(), ZoneInfo(marketplace.zone()))


def _chips(asked: Mapping[str, str]) -> list[dict[str, Any]]:
    told_as: dict[str, Callable[[str], str]] = {
        "action": title,
        "outcome": _outcome,
        "since": _told,
        "until": _told,
    }
    return [
        {
            "label": _(CHIPS[name], value=told_as.get(name, str)(value)),
            "href": link("/console/audit", asked, **{name: None}),
            "current": True,
            "removable": True,
        }
        for name, value in asked.items()
    ]


def _outcome(word: str) -> str:
    return _(OUTCOMES[word])


def _told(word: str) -> str:
    found = _day(word)
    return day(found) if found else word
