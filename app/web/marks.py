"""The smallest marks of every page, drawn here: a list has hundreds, and a macro costs more.

Templates know them by marks.html, beside the larger ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, lru_cache

from markupsafe import Markup, escape

from app.shared.language import _
from app.web import words
from app.web.assets import asset
from app.web.deadlines import Deadline

# A word of tomorrow is shown all the same: in plain words, with a plain circle.
UNKNOWN = ("circle", "mute")
SIGNS = {
    "plenty": "clock",
    "soon": "hourglass-split",
    "now": "alarm-fill",
    "late": "exclamation-octagon-fill",
    "paused": "pause-circle",
    "met": "check-circle-fill",
    "missed": "dash-circle",
}
FUSE = '<progress class="fuse" max="100" value="{}" aria-label="{}"></progress>'
PICK = Markup(
    '\n  <label class="opt"><input type="checkbox" name="{}" value="{}"{}>'
    "<span><bdi>{}</bdi></span></label>"
)
CHECKED = Markup(" checked")
Looks = Mapping[str, tuple[str, ...]]


def rich(text: str, **facts: object) -> Markup:
    """Return a text in the reader's language whose facts may be marks of their own."""
    return Markup("{}").format(_(text)).format(**facts)


@cache
def icon(name: str) -> Markup:
    """Return a sign; whoever cannot see it is told by the word beside it."""
    url = asset("icons.svg")
    return Markup('<svg class="i" aria-hidden="true"><use href="{}#i-{}"></use></svg>').format(
        url, name
    )


@lru_cache(maxsize=1000)
def status(sign: str, tone: str, word: str, boxed: bool = False) -> Markup:  # noqa: FBT001, FBT002 - a template's word
    """Return a status: sign and word, then color."""
    box = " st-box" if boxed else ""
    return Markup('<span class="st{}" data-tone="{}">{}<span>{}</span></span>').format(
        box, tone, icon(sign), word
    )


def from_table(looks: Looks, word: str, boxed: bool = False) -> Markup:  # noqa: FBT001, FBT002 - the same
    """Return a status by its code: (sign, tone, words where the plain word will not do)."""
    sign, tone, *said = looks.get(word, UNKNOWN)
    return status(sign, tone, said[0] if said else words.plain(str(word)), boxed)


def of_table(looks: Looks) -> Callable[..., Markup]:
    """Return the mark of all statuses of a table."""

    def mark(word: str, boxed: bool = False) -> Markup:  # noqa: FBT001, FBT002 - the same
        return from_table(looks, word, boxed)

    return mark


def when(moment: datetime) -> Markup:
    """Return a moment in the reader's zone; its title says which zone that is."""
    said, precise = words.both(moment)
    return _time(moment, said, precise)


def hour(moment: datetime) -> Markup:
    """Return only the clock of a moment, for places that stand under their day."""
    said, precise = words.both(moment)
    return _time(moment, said.rsplit(", ", 1)[-1], precise)


def _time(moment: datetime, said: str, precise: str) -> Markup:
    # All of it is our own: digits, names of days and of zones.
    return Markup(f'<time datetime="{moment.isoformat()}" title="{precise}">{said}</time>')  # noqa: S704


def money(minor: int, currency: str) -> Markup:
    """Return an amount in full."""
    return Markup(f'<span class="money">{escape(words.money((minor, currency)))}</span>')  # noqa: S704 - escaped


def worth(minor: int, currency: str) -> Markup:
    """Return an amount in whole units, where the eye runs down a list."""
    return Markup(f'<span class="money">{escape(words.whole((minor, currency)))}</span>')  # noqa: S704 - escaped


@lru_cache(maxsize=500)
def picks(name: str, options: tuple[tuple[str, str], ...], chosen: tuple[str, ...]) -> Markup:
    """Return the boxes of a filter; every visit of a list shows the same hundred."""
    return Markup("").join(
        PICK.format(name, value, CHECKED if value in chosen else "", label)
        for value, label in options
    )


def due(deadline: Deadline | None, without: str = "no deadline") -> Markup:
    """Return a deadline: the clock first, then what is due, then the share of the time left.

    No share is known, no fuse is drawn.
    """
    if deadline is None:
        return Markup('<span class="faint">{}</span>').format(without)
    at = f' data-due="{deadline.at.isoformat()}"' if deadline.at else ""
    below = f"<small>{escape(deadline.due)}</small>" if deadline.due else ""
    return Markup(  # noqa: S704 - every word is escaped above or our own
        f'<span class="due" data-state="{escape(deadline.state)}"{at}>'
        f"{icon(SIGNS.get(deadline.state, 'clock'))}"
        f"<b>{escape(deadline.number)} <span>{escape(deadline.word)}</span></b>"
        f"{below}{_fuse(deadline)}</span>"
    )


def _fuse(deadline: Deadline) -> str:
    if deadline.state == "late":
        return FUSE.format(100, "No time left")
    if deadline.left is None or deadline.state in {"met", "missed"}:
        return ""
    return FUSE.format(deadline.left, "Share of the time left")
