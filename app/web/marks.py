"""The smallest marks of every page, drawn here: a list has hundreds, and a macro costs more.

Templates know them by marks.html, beside the larger ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache, lru_cache

from markupsafe import Markup, escape

from app.shared.language import _
from app.web import looks, words
from app.web.assets import asset
from app.web.deadlines import Deadline
from app.web.looks import Looks

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
# Where a delay is a thing of the past.
ARRIVED = {"delivered", "returned", "lost", "expired"}
SEVERITY = Markup('<span class="sev sev-{}">{}{}</span>')
KIND = Markup('<span class="kind" data-tone="{}">{}</span>')


def rich(text: str, **facts: object) -> Markup:
    """Return a text in the reader's language whose facts may be marks of their own."""
    return Markup("{}").format(_(text)).format(**facts)


def bdi(fact: object) -> Markup:
    """Return a fact that is no text of ours, as a mark in a text."""
    return Markup("<bdi>{}</bdi>").format(fact)


def code(fact: object) -> Markup:
    """Return a code, as a mark in a text."""
    return Markup('<span class="code">{}</span>').format(fact)


def strong(fact: object) -> Markup:
    """Return somebody's words, strong."""
    return Markup("<strong>{}</strong>").format(bdi(fact))


def tote(number: int) -> Markup:
    """Return the number of a tote, as it stands on it."""
    return Markup('<b class="tote">{}</b>').format(number)


def filled(said: str, **facts: object) -> Markup:
    """Return words that are said already, with facts in them that may be marks."""
    return Markup("{}").format(said).format(**facts)


def in_turn(said: Iterable[str]) -> Markup:
    """Return sentences one after the other; what is not a mark already is escaped."""
    return Markup(" ").join(said)


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


def from_table(table: Looks, word: str, boxed: bool = False) -> Markup:  # noqa: FBT001, FBT002 - the same
    """Return a status by its code: (sign, tone, words where the plain word will not do)."""
    sign, tone, *said = table.get(word, UNKNOWN)
    return status(sign, tone, _(said[0]) if said else plain(word), boxed)


def of_table(table: Looks) -> Callable[..., Markup]:
    """Return the mark of all statuses of a table."""

    def mark(word: str, boxed: bool = False) -> Markup:  # noqa: FBT001, FBT002 - the same
        return from_table(table, word, boxed)

    return mark


fo_status = of_table(looks.FO_STATUSES)
order_status = of_table(looks.ORDER_STATUSES)
offer_status = of_table(looks.OFFER_STATUSES)
message_status = of_table(looks.MESSAGE_STATUSES)


def plain(word: object) -> str:
    """Return a code in plain words: "late_dispatch" is "Late dispatch"."""
    return words.plain(str(word))


def shipment_status(word: str, delay: str | None = None) -> Markup:
    """Return where a parcel is; a delay stands beside it, and colors it while it is under way."""
    if not delay or word in ARRIVED:
        return from_table(looks.SHIPMENT_STATUSES, word)
    known = looks.SHIPMENT_STATUSES.get(word)
    sign, tone, *said = looks.DELAYS.get(delay, ("exclamation-triangle-fill", "warn"))
    held = _(said[0]) if said else words.small(delay)
    return status(sign, tone, f"{_(known[2]) if known else plain(word)}, {held}")


def severity(word: str) -> Markup:
    """Return how bad a case is."""
    known = looks.SEVERITIES.get(word)
    if known is None:
        return _severity("info", "info-circle", plain(word))
    return _severity(word, known[0], _(known[1]))


@lru_cache(maxsize=100)
def _severity(look: str, sign: str, said: str) -> Markup:
    return SEVERITY.format(look, icon(sign), said)


def kind_word(word: str) -> str:
    """Return what a kind of exception is called."""
    known = looks.EXCEPTION_KINDS.get(word)
    return _(known[2]) if known else plain(word)


def exception_kind(word: str, severity: str | None = None, boxed: bool = False) -> Markup:  # noqa: FBT001, FBT002 - a template's word
    """Return a kind of exception; its tone follows the case's severity where it is given."""
    sign, tone = _kind(word, severity)
    return status(sign, tone, kind_word(word), boxed)


@lru_cache(maxsize=200)
def kind_icon(word: str, severity: str | None = None) -> Markup:
    """Return the sign of a kind of exception, where its word stands beside it."""
    sign, tone = _kind(word, severity)
    return KIND.format(tone, icon(sign))


def _kind(word: str, severity: str | None) -> tuple[str, str]:
    known = looks.EXCEPTION_KINDS.get(word, ("exclamation-triangle", "warn"))
    return known[0], looks.SEVERITY_TONES.get(severity or "", known[1])


def when(moment: datetime) -> Markup:
    """Return a moment in the reader's zone; its title says which zone that is."""
    said, precise = words.both(moment)
    return _time(moment, said, precise)


def hour(moment: datetime) -> Markup:
    """Return only the clock of a moment, for places that stand under their day."""
    said, precise = words.both(moment)
    return _time(moment, said.rsplit(", ", 1)[-1], precise)


def _time(moment: datetime, said: str, precise: str) -> Markup:
    at, precise, said = moment.isoformat(), escape(precise), escape(said)
    return Markup(f'<time datetime="{at}" title="{precise}">{said}</time>')  # noqa: S704 - escaped


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


def due(deadline: Deadline | None, without: str | None = None) -> Markup:
    """Return a deadline: the clock first, then what is due, then the share of the time left.

    No share is known, no fuse is drawn.
    """
    if deadline is None:
        said = _("no deadline") if without is None else without
        return Markup('<span class="faint">{}</span>').format(said)
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
        return FUSE.format(100, escape(_("No time left")))
    if deadline.left is None or deadline.state in {"met", "missed"}:
        return ""
    return FUSE.format(deadline.left, escape(_("Share of the time left")))
