"""How notices read: words from their codes and facts, on a page, in a toast and in a mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.notices.contract import KINDS
from app.web import words
from app.web.words import count, when


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
    "ops": "somebody of ops",
    "ops_lead": "the ops lead",
    "senior_management": "the management",
}
# Beyond what the words of a page know; a fact that nobody knows is shown as it is.
FACTS: Mapping[str, Callable[[Any], str]] = {
    "ship_by": lambda s: when(datetime.fromisoformat(s)),
    "done": lambda n: count(n, "row"),
    "refused": lambda n: count(n, "row"),
    "kind": words.plain,
    "level": lambda code: LEVELS.get(code, code),
}


def told(kind: str, subject: str, facts: Mapping[str, Any]) -> Told:
    """Return a notice in words; a part of its sentence that lacks a fact is left out."""
    known = {k: FACTS.get(k, str)(v) for k, v in facts.items() if v not in (None, "", 0, [])}
    known["subject"] = subject
    look = KINDS[kind]
    parts = [part for template in look.sentence if (part := _fill(template, known))]
    sentence = ", ".join(parts)
    return Told(
        _fill(look.title, known) or look.about,
        f"{sentence[:1].upper()}{sentence[1:]}." if sentence else "",
        look.icon,
        look.tone,
    )


def _fill(template: str, known: Mapping[str, str]) -> str | None:
    try:
        return template.format_map(known)
    except KeyError:
        return None
