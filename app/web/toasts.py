"""Toasts: what was done, said once on the next page, with the way to take it back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Flask, flash, get_flashed_messages, request

TONES = {"good", "info", "warn", "crit"}
Undo = tuple[str, str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Way:
    """The way back: what its button says, where it is sent, and with what."""

    label: str
    url: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Toast:
    """What a page says; `tone` is good, info, warn or crit."""

    words: str
    tone: str
    undo: Way | None = None


def register(app: Flask) -> None:
    """Give the templates what is to be said."""
    app.jinja_env.globals["toasts"] = told


def toast(words: str, tone: str = "good", undo: Undo | None = None) -> None:
    """Say something on the next page; `undo` is the button's label, its address and its fields."""
    # What is flashed need not be text: the session keeps whatever JSON can hold.
    said: Any = [words, list(undo)] if undo else words
    flash(said, tone)


def told() -> list[Toast]:
    """Return what was said since the last page, by us or by a plain flash; nothing is said twice.

    A page that looks at itself again takes nothing away from the page that somebody opens.
    """
    if "X-Live" in request.headers:
        return []
    flashed: Any = get_flashed_messages(with_categories=True)
    return [_toast(tone, kept) for tone, kept in flashed]


def _toast(category: str, kept: Any) -> Toast:
    tone = category if category in TONES else "info"
    if isinstance(kept, str):
        return Toast(kept, tone)
    words, undo = kept
    return Toast(words, tone, Way(*undo))
