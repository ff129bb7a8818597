"""A bulk change in words: its state, what was foreseen, and what became of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from flask import url_for
from sqlalchemy import Row

from app.batches.contract import Act
from app.batches.registry import act_of
from app.batches.words import asked, doing, reason, what, why
from app.doors.guard import may
from app.shared.language import _, _n, later, number, opening
from app.web.paging import link

# What became of a row: what its tab says.
OUTCOMES = {
    "done": later("Changed"),
    "unchanged": later("Was so already"),
    "refused": later("Refused"),
    "waiting": later("Not begun"),
}
LEFT_TONES = {"unchanged": ("check-circle", "mute"), "refused": ("slash-circle", "warn")}
# Where a thing has a page of its own.
PAGES = {"order": "console.order", "case": "console.case"}


def href(act: Act, subject: str) -> str | None:
    """Return the page of what a row changes."""
    endpoint = PAGES.get(act.thing.nouns[0])
    return url_for(endpoint, reference=subject) if endpoint else None


def outcome_of(word: str) -> str | None:
    """Return which outcome an address asks for; None for all of them."""
    return word if word in OUTCOMES else None


def shown(row: Row[Any], act: Act, machine_now: datetime) -> dict[str, Any]:
    """Return how a bulk change stands."""
    worked = row.done + row.unchanged + row.refused
    return {
        "reference": row.reference,
        "title": _title(row, act),
        "status": row.status,
        "label": _(act.label),
        "did": _(act.did),
        "nouns": tuple(map(_, act.thing.nouns)),
        "made_by": row.made_by,
        "made_at": row.made_at,
        "ended_by": row.ended_by,
        "ended_at": row.ended_at,
        "reason": row.arguments.get("reason"),
        "origin": row.query,
        "warning": _(act.warning) if act.warning else "",
        "is_reversible": act.is_reversible,
        "total": row.total,
        "worked": worked,
        "done": row.done,
        "unchanged": row.unchanged,
        "refused": row.refused,
        "begins_in": _seconds(row, machine_now),
        "undo": _undo(row, act),
        "undoes": row.undoes,
        "undone_by": row.undone_by,
    }


def _seconds(row: Row[Any], machine_now: datetime) -> int:
    if row.status != "waiting":
        return 0
    left: timedelta = row.due_at - machine_now
    return max(0, ceil(left.total_seconds()))


def _title(row: Row[Any], act: Act) -> str:
    if row.status == "draft":
        return asked(act, row.total)
    if row.status in {"waiting", "running"}:
        return doing(act, row.total)
    if row.done == row.total:
        return _("{what} {did}", what=what(act, row.total), did=_(act.did))
    facts = {"n": number(row.done), "what": what(act, row.total), "did": _(act.did)}
    return _("{n} of {what} {did}", **facts)


def _undo(row: Row[Any], act: Act) -> str | None:
    """Return what the button says that takes it back; nothing where it cannot be."""
    is_over = row.status in {"done", "canceled"} and row.done
    if not is_over or act.undo is None or row.undone_by or not may("console.undo_batch"):
        return None
    return _(act.undo_label)


def groups(
    act: Act, foreseen: Mapping[str | None, int], examples: Sequence[Row[Any]]
) -> list[dict[str, Any]]:
    """Return what would become of the rows, those that are changed first, by reason."""
    order: dict[str | None, int] = {code: n for n, code in enumerate((None, *act.whys))}
    return [
        {
            **_group(act, code),
            "number": foreseen[code],
            "rows": [
                {"name": row.name, "subject": row.subject, "href": href(act, row.subject)}
                for row in examples
                if row.foreseen == code
            ],
        }
        for code in sorted(foreseen, key=lambda code: order.get(code, len(order)))
    ]


def _group(act: Act, code: str | None) -> dict[str, Any]:
    if code is None:
        return {"status": "done", "icon": "check-lg", "tone": "good", "sentence": ""}
    status = act.whys[code].status
    icon, tone = LEFT_TONES[status]
    return {"status": status, "icon": icon, "tone": tone, "sentence": why(act, code)}


def result(act: Act, row: Row[Any], now: datetime) -> dict[str, Any]:
    """Return what became of a row."""
    parts = len(row.reason["touched"]) if row.reason and "touched" in row.reason else 0
    return {
        "name": row.name,
        "subject": row.subject,
        "href": href(act, row.subject),
        "status": row.status,
        "did": opening(_(act.did)),
        "sentence": reason(act, row.reason, now)
        or (_n("{n} fulfillment order.", "{n} fulfillment orders.", parts) if parts > 1 else None),
    }


def tabs(row: Row[Any], outcome: str | None, path: str) -> list[dict[str, Any]]:
    """Return the tabs over the rows: all, and each outcome that there is."""
    left = row.total - row.done - row.unchanged - row.refused
    counts = {"done": row.done, "unchanged": row.unchanged, "refused": row.refused, "waiting": left}
    found: list[tuple[str, str | None, int]] = [(_("All"), None, row.total)]
    found += [(_(label), name, counts[name]) for name, label in OUTCOMES.items() if counts[name]]
    return [
        {
            "label": label,
            "href": link(path, {}, outcome=name),
            "current": name == outcome,
            "count": many,
        }
        for label, name, many in found
    ]


# How a bulk change stands, in a list: icon, tone, word.
STANDS = {
    "draft": ("circle", "mute", later("Not started")),
    "waiting": ("hourglass-split", "accent", later("Begins in a moment")),
    "running": ("arrow-repeat", "accent", later("Running")),
    "done": ("check-circle-fill", "good", later("Done")),
    "canceled": ("slash-circle", "mute", later("Canceled")),
}


def listed(row: Row[Any]) -> dict[str, Any]:
    """Return a bulk change as a row of their list."""
    act = act_of(row.act)
    icon, tone, word = STANDS[row.status]
    return {
        "reference": row.reference,
        "href": url_for("console.batch", reference=row.reference),
        "label": _(act.label),
        "what": what(act, row.total),
        "by": row.made_by,
        "at": row.made_at,
        "stands": (icon, tone, _(word)),
        "sentence": _told(row, act),
    }


def _told(row: Row[Any], act: Act) -> str:
    parts = [
        _("{n} {did}", n=number(row.done), did=_(act.did)) if row.done else "",
        _("{n} so already", n=number(row.unchanged)) if row.unchanged else "",
        _("{n} refused", n=number(row.refused)) if row.refused else "",
    ]
    told = ", ".join(part for part in parts if part)
    back = _("Takes back {reference}.", reference=row.undoes) if row.undoes else ""
    return " ".join(part for part in (f"{told}." if told else "", back) if part)
