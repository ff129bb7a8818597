"""A file that is taken in, in words: its columns, how far it is, and what became of its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy import Row

from app.doors.guard import may
from app.intake.cells import Judged
from app.intake.contract import Field
from app.intake.registry import kind_of, kinds
from app.shared.language import _, _n, inside, later, number
from app.web.words import span

# How an import stands, in a list: icon, tone, word.
STANDS = {
    "draft": ("circle", "mute", later("Not tried out")),
    "waiting": ("hourglass-split", "accent", later("Begins in a moment")),
    "running": ("arrow-repeat", "accent", later("Under way")),
    "done": ("check-circle-fill", "good", later("Done")),
    "tried": ("question-circle", "mute", later("Tried out")),
    "canceled": ("slash-circle", "mute", later("Stopped")),
    "failed": ("x-octagon-fill", "crit", later("Cannot be read on")),
}
# What became of records: what the page says of a real run and of a try, its icon and tone.
VERDICTS = {
    "taken": (later("Taken in"), later("Would be taken in"), "check-circle-fill", "good"),
    "held": (later("Held"), later("Would be held"), "pause-circle", "warn"),
    "known": (later("Known already"), later("Known already"), "check-circle", "mute"),
    "refused": (later("Refused"), later("Would be refused"), "slash-circle", "crit"),
}
# What is said of a kind where one is chosen.
ABOUT = {
    "orders": later("One row a line of an order; the rows of one order stand together."),
    "listings": later("Which location of a vendor sells what, at which cost."),
    "stock": later("What a location of a vendor has of each SKU, counted."),
}
DECIMALS = {".": later("A point: 1,234.50"), ",": later("A comma: 1.234,50")}
READ_WITH = {
    ".": later("Decimals stand after a point, as in 1,234.50."),
    ",": later("Decimals stand after a comma, as in 1.234,50."),
}
# A sample beside a column is a few words, not a letter.
LONGEST_SAMPLE = 40


def things(kind: str, n: int) -> str:
    """Return how many of what: "12 orders"."""
    many = {
        "orders": lambda: _n("{n} order", "{n} orders", n),
        "listings": lambda: _n("{n} listing", "{n} listings", n),
        "stock": lambda: _n("{n} count", "{n} counts", n),
    }
    return many[kind]()


def choices(role: str) -> list[tuple[str, str, str]]:
    """Return the kinds of files that somebody of a role may take in: code, word and sentence."""
    return [
        (code, _(kinds()[code].label), _(sentence))
        for code, sentence in ABOUT.items()
        if role in kinds()[code].roles
    ]


def stand(row: Row[Any]) -> str:
    """Return how an import stands, as the list and its page tell it."""
    return "tried" if row.is_dry_run and row.status == "done" else str(row.status)


def shown(row: Row[Any], machine_now: datetime) -> dict[str, Any]:
    """Return what every page of an import shows."""
    kind = kind_of(row.kind)
    return {
        "reference": row.reference,
        "kind": row.kind,
        "label": _(kind.label),
        "noun": _(kind.nouns[0]),
        "title": _title(row),
        "stand": stand(row),
        "is_dry_run": row.is_dry_run,
        "filename": row.filename,
        "is_csv": row.format == "csv",
        "made_by": row.made_by,
        "made_at": row.made_at,
        "ended_by": row.ended_by,
        "problem": row.problem,
        "seen": row.seen,
        "refused": row.refused,
        "verdicts": _verdicts(row),
        "takes": things(row.kind, row.taken + row.held),
        "has_work": bool(row.taken + row.held),
        "is_told": bool(row.fixed.get("tells")),
        "channel": row.fixed.get("channel"),
        "file": url_for("console.import_refusals", reference=row.reference)
        if row.refused
        else None,
        "next": _next(row),
        **_progress(row, machine_now),
    }


def _next(row: Row[Any]) -> tuple[str, str] | None:
    """Return where somebody looks at what was taken in: an address and what its button says."""
    if row.is_dry_run or row.due_at or not row.taken + row.held:
        return None
    if row.kind == "orders":
        return url_for("console.orders", channel=row.fixed["channel"]), _("Look at the orders")
    return url_for("console.catalog"), _("Look at the catalog")


def _title(row: Row[Any]) -> str:
    told = {
        "draft": later("Take in {file}"),
        "waiting": later("Taking in {file}"),
        "running": later("Taking in {file}"),
        "done": later("{file} is taken in"),
        "tried": later("What {file} would do"),
        "canceled": later("{file} was stopped"),
        "failed": later("{file} cannot be read on"),
    }
    words = told[stand(row)]
    if row.is_dry_run and row.status in {"waiting", "running"}:
        words = later("Trying out {file}")
    return _(words, file=row.filename)


def _verdicts(row: Row[Any]) -> list[dict[str, Any]]:
    return [
        {
            "word": _(would if row.is_dry_run else was),
            "icon": icon,
            "tone": tone if getattr(row, name) else None,
            "number": getattr(row, name),
        }
        for name, (was, would, icon, tone) in VERDICTS.items()
        if name != "held" or row.kind == "orders"
    ]


def _progress(row: Row[Any], machine_now: datetime) -> dict[str, Any]:
    """Return how far a file has been read, how fast, and how long the rest takes."""
    ended = row.ended_at or machine_now
    seconds = (ended - row.started_at).total_seconds() if row.started_at else 0.0
    found = {"read": row.read_to, "size": max(row.size, 1), "rate": None, "left": None}
    # Of the first second nobody can say how fast it will be.
    if seconds >= 1 and row.seen:
        found["rate"] = _("{n} a second", n=number(round(row.seen / seconds)))
        left = (ended - row.started_at) * ((row.size - row.read_to) / max(row.read_to, 1))
        found["left"] = span(left) if row.due_at and left.total_seconds() >= 1 else None
    return found


def fields(
    row: Row[Any],
    mapping: Mapping[str, str],
    samples: Sequence[Sequence[str]],
    wrong: Mapping[str, str],
) -> dict[str, Any]:
    """Return which column each field is, with what stands in it, and what no field is."""
    shown = {
        column: next((cells[n].strip() for cells in samples if cells[n].strip()), "")
        for n, column in enumerate(row.header)
    }
    rows = [_field(field, mapping, shown, wrong) for field in kind_of(row.kind).fields]
    used = set(mapping.values())
    return {
        "columns": [
            (column, f"{column} ({text[:LONGEST_SAMPLE]})" if text else column)
            for column, text in shown.items()
        ],
        "main": [one for one in rows if one["is_needed"] or one["column"]],
        "others": [one for one in rows if not one["is_needed"] and not one["column"]],
        "unused": [column for column in row.header if column not in used],
    }


def _field(
    field: Field, mapping: Mapping[str, str], shown: Mapping[str, str], wrong: Mapping[str, str]
) -> dict[str, Any]:
    column = mapping.get(field.name, "")
    return {
        "name": field.name,
        "label": _(field.label),
        "is_needed": field.is_needed,
        "column": column,
        "sample": shown.get(column, "")[:LONGEST_SAMPLE],
        "wrong": _(wrong[field.name]) if field.name in wrong else None,
    }


def reading(row: Row[Any], found: Sequence[Judged]) -> dict[str, Any]:
    """Return how the numbers of a file are read, and how much its first records are so."""
    sign = row.fixed.get("decimal")
    measure = kind_of(row.kind).measure
    records = [(one, measure(one.form)) for one in found]
    return {
        "told": _(READ_WITH[sign]) if sign else None,
        "has_worth": any(how.worth is not None for _one, how in records),
        "records": [
            {
                "name": one.name,
                "line": one.record.line,
                "units": how.units,
                "worth": how.worth,
                "currency": how.currency,
            }
            for one, how in records
        ],
    }


def refusal(row: Row[Any]) -> dict[str, Any]:
    """Return a record that was refused, with all that is wrong with it."""
    return {
        "line": row.line,
        "name": row.name,
        "wrong": [
            {
                "line": one["line"] if one["line"] != row.line else None,
                "column": one["column"],
                "problem": one["problem"],
            }
            for one in row.errors
        ],
    }


def listed(row: Row[Any]) -> dict[str, Any]:
    """Return an import as a row of their list."""
    icon, tone, word = STANDS[stand(row)]
    return {
        "reference": row.reference,
        "href": url_for("console.one_import", reference=row.reference),
        "label": _(kind_of(row.kind).label),
        "filename": row.filename,
        "by": row.made_by,
        "at": row.made_at,
        "stands": (icon, tone, _(word)),
        "sentence": _told(row),
    }


def _told(row: Row[Any]) -> str:
    if row.problem:
        return str(row.problem)
    parts = [
        _("{n} {word}", n=number(one["number"]), word=inside(one["word"]))
        for one in _verdicts(row)
        if one["number"]
    ]
    return ", ".join(parts)


def may_take(role: str, kind: str) -> bool:
    """Return whether somebody may go on with a file of a kind."""
    return may("console.start_import") and role in kind_of(kind).roles
