"""How notices read: words from their codes and facts, on a page, in a toast and in a mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.notices.contract import KINDS
from app.shared.language import _, _n, later, number
from app.web import words
from app.web.words import when


@dataclass(frozen=True, slots=True)
class Told:
    """A notice in words, with its sign."""

    title: str
    sentence: str
    icon: str
    tone: str

    @property
    def line(self) -> str:
        """Return it on one line."""
        return f"{self.title}. {self.sentence}".strip()


LEVELS = {
    "ops": later("somebody of ops"),
    "ops_lead": later("the ops lead"),
    "senior_management": later("the management"),
}
STANDINGS = {
    "active": later("active again"),
    "review": later("under review"),
    "paused": later("paused"),
    "suspended": later("suspended"),
    "closed": later("closed"),
}
CHANGED = {
    "address": later("it goes to another address"),
    "units": later("fewer units are wanted"),
    "wishes": later("the customer wishes it otherwise"),
    "unshipped": later("it was not handed over in time, so what had not left is canceled"),
    "service": later("it goes by another shipping service"),
}
ASKS = {
    "confirm": later("Waits for your word"),
    "ship": later("Soon to be handed over"),
    "cancel": later("Will be canceled unless it leaves"),
}
# Beyond what the words of a page know; a fact that nobody knows is shown as it is.
FACTS: Mapping[str, Callable[[Any], str]] = {
    "asks": lambda code: _(ASKS.get(code, code)),
    "due_at": lambda s: when(datetime.fromisoformat(s)),
    "ship_by": lambda s: when(datetime.fromisoformat(s)),
    "done": lambda n: _n("{n} row", "{n} rows", n),
    "refused": lambda n: _n("{n} row", "{n} rows", n),
    "taken": lambda n: _n("{n} record", "{n} records", n),
    "due": number,
    "usual": number,
    "most": number,
    "late": number,
    "kind": words.plain,
    "level": lambda code: _(LEVELS.get(code, code)),
    "changed": lambda code: _(CHANGED.get(code, code)),
    "standing": lambda code: _(STANDINGS.get(code, code)),
    "until": lambda s: when(datetime.fromisoformat(s)),
}


def told(kind: str, subject: str, facts: Mapping[str, Any]) -> Told:
    """Return a notice in words; a part of its sentence that lacks a fact is left out."""
    known = {k: FACTS.get(k, str)(v) for k, v in facts.items() if v not in (None, "", 0, [])}
    known["subject"] = subject
    look = KINDS[kind]
    parts = [part for template in look.sentence if (part := _fill(_(template), known))]
    sentence = ", ".join(parts)
    return Told(
        _fill(_(look.title), known) or _(look.about),
        f"{sentence[:1].upper()}{sentence[1:]}." if sentence else "",
        look.icon,
        look.tone,
    )


def _fill(template: str, known: Mapping[str, str]) -> str | None:
    try:
        return template.format_map(known)
    except KeyError:
        return None
