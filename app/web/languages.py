"""In which language a page is said: its reader's, else their browser's, else the marketplace's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache

from flask import Flask, g, request

from app.shared import language
from app.shared.language import _, _n, _p, later

# What programs read: codes and English, whatever they accept.
FOR_PROGRAMS = {"api", "health", "hooks", "metrics", "reports"}
PATHS_OF_PROGRAMS = ("/api/", "/webhooks/")
# What scripts say by themselves; js/words.js knows them by their English.
SCRIPTS = (
    # display.js: moments and deadlines, as app/web/words.py says them
    later("just now"),
    later("{span} ago"),
    later("in {span}"),
    later("{n} d"),
    later("{n} h"),
    later("{n} m"),
    later("{n} s"),
    later("late"),
    # scan.js
    later("Go on scanning; they are checked in their order."),
    later("Sign in again in another window; they are kept here."),
    later("Not counted"),
    later("Open the page again."),
    later("No camera"),
    later("The browser does not let us use it. Allow it in its settings, or type the code."),
    # live.js
    later("Live, just now"),
    later("Live, {span} ago"),
    later("Not live, {span} old"),
    later("Signed out. Sign in again"),
    later("No longer in this list."),
    # lists.js
    later("Every order that matches"),
    later("Every offer that matches"),
    later("Every message that matches"),
    later("Every case that matches"),
    later("Every escalation that matches"),
    later("Every dead letter that matches"),
    later("Tick orders to change them together."),
    later("Tick offers to change them together."),
    later("Tick messages to change them together."),
    later("Tick cases to change them together."),
    later("Tick escalations to change them together."),
    later("Tick dead letters to change them together."),
    # notes.js, toasts.js
    later("People to tell"),
    later("Dismiss"),
    # passkeys.js
    later("The device was not asked, or nobody answered. Try again."),
    later("This device has a passkey for your account already."),
    later("This address cannot have passkeys."),
    later("That did not work. Try again."),
)
# The same of what is counted, by the English of many; the nouns are those of data-nouns.
COUNTED: Mapping[str, Callable[[int], str]] = {
    "{n} scans wait for the network.": lambda n: _n(
        "{n} scan waits for the network.", "{n} scans wait for the network.", n
    ),
    "{n} new rows": lambda n: _n("{n} new row", "{n} new rows", n),
    "{n} new orders": lambda n: _n("{n} new order", "{n} new orders", n),
    "{n} new offers": lambda n: _n("{n} new offer", "{n} new offers", n),
    "{n} new messages": lambda n: _n("{n} new message", "{n} new messages", n),
    "{n} new cases": lambda n: _n("{n} new case", "{n} new cases", n),
    "{n} new escalations": lambda n: _n("{n} new escalation", "{n} new escalations", n),
    "{n} new dead letters": lambda n: _n("{n} new dead letter", "{n} new dead letters", n),
    "{n} new vendors": lambda n: _n("{n} new vendor", "{n} new vendors", n),
    "{n} new notices": lambda n: _n("{n} new notice", "{n} new notices", n),
    "{n} orders chosen": lambda n: _n("{n} order chosen", "{n} orders chosen", n),
    "{n} offers chosen": lambda n: _n("{n} offer chosen", "{n} offers chosen", n),
    "{n} messages chosen": lambda n: _n("{n} message chosen", "{n} messages chosen", n),
    "{n} cases chosen": lambda n: _n("{n} case chosen", "{n} cases chosen", n),
    "{n} escalations chosen": lambda n: _n("{n} escalation chosen", "{n} escalations chosen", n),
    "{n} dead letters chosen": lambda n: _n("{n} dead letter chosen", "{n} dead letters chosen", n),
}
# A browser sends two or three; a list without end is nobody's wish.
MOST_WISHES = 10
# Below this, every language has said a number in each of the ways it knows.
EVERY_WAY = 101


def register(app: Flask) -> None:
    """Start every request in English, and tell templates how texts are said."""
    app.before_request(_begin)
    app.add_template_filter(_, "said")
    app.add_template_filter(language.inside)
    app.add_template_filter(language.opening)
    app.jinja_env.globals |= {
        "_": _,
        "_n": _n,
        "_p": _p,
        "number": language.number,
        "language": language,
        "script_words": script_words,
    }


def _begin() -> None:
    """Forget what the request before on this thread spoke."""
    language.use(language.ENGLISH)


def fall_back_to(offered: tuple[str, ...]) -> None:
    """Say which languages a marketplace offers whoever chose none, its own first."""
    g.languages_offered = offered
    _speak()


def prefer(chosen: str | None) -> None:
    """Speak the language somebody chose; None leaves it to their browser."""
    g.language_chosen = chosen
    _speak()


def _speak() -> None:
    """Speak, from here on, what is known to be wanted: a choice counts whenever it is learned."""
    if request.blueprint in FOR_PROGRAMS or request.path.startswith(PATHS_OF_PROGRAMS):
        return
    language.use(g.get("language_chosen") or _accepted(g.get("languages_offered", ())))


def _accepted(offered: tuple[str, ...]) -> str:
    """Return what the browser likes best of what is offered."""
    known = [language.nearest(code) for code in offered] or [language.ENGLISH]
    for wanted, quality in request.accept_languages[:MOST_WISHES]:
        found = known[0] if wanted == "*" else language.nearest(wanted, otherwise="")
        if found in known and quality > 0:
            return found
    return known[0]


def choices(chosen: str | None, *, with_pseudo: bool) -> list[tuple[str, str]]:
    """Return what a field offers; the languages of testers only where no business is done."""
    codes = [*language.available(), *(language.PSEUDO if with_pseudo else ())]
    if chosen is not None and chosen not in codes:
        codes.append(chosen)
    return [(code, language.name(code)) for code in codes]


def script_words() -> str | None:
    """Return what a page's scripts say, as JSON; in English they know it themselves."""
    spoken = language.current()
    return None if spoken == language.ENGLISH else _script_words(spoken)


@cache
def _script_words(_spoken: str) -> str:
    """Return the texts of scripts in the language that is spoken, by their English."""
    words: dict[str, str | dict[str, str]] = {text: _(text) for text in SCRIPTS}
    counted = {text: _forms(say) for text, say in COUNTED.items()}
    return json.dumps(words | counted, ensure_ascii=False)


def _forms(say: Callable[[int], str]) -> dict[str, str]:
    """Return how something is said of each kind of number; {n} is where the number stands."""
    kind = language.locale().plural_form
    least = {kind(n): n for n in reversed(range(EVERY_WAY))}
    return {name: say(n).replace(language.number(n), "{n}") for name, n in least.items()}
