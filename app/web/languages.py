"""In which language a page is said: its reader's, else their browser's, else the marketplace's."""

from __future__ import annotations

from flask import Flask, request

from app.shared import language
from app.shared.language import _, _n, _p


def register(app: Flask) -> None:
    """Start every request in English, and tell templates how texts are said."""
    app.before_request(_begin)
    app.add_template_filter(_, "said")
    app.jinja_env.globals |= {
        "_": _,
        "_n": _n,
        "_p": _p,
        "number": language.number,
        "language": language,
    }


def _begin() -> None:
    """Forget what the request before on this thread spoke."""
    language.use(language.ENGLISH)


def fall_back_to(offered: tuple[str, ...]) -> None:
    """Say which languages a marketplace offers whoever chose none, its own first.

    Programs are answered in English, whatever they accept: they read codes.
    """
    if request.blueprint == "api":
        return
    known = [code for code in map(language.nearest, offered) if code] or [language.ENGLISH]
    found = request.accept_languages.best_match(known)
    language.use(found or known[0])


def prefer(chosen: str | None) -> None:
    """Speak the language somebody chose; None leaves it to their browser."""
    if chosen is not None:
        language.use(chosen)


def choices(chosen: str | None, *, with_pseudo: bool) -> list[tuple[str, str]]:
    """Return what a field offers; the languages of testers only where no business is done."""
    codes = [*language.available(), *(language.PSEUDO if with_pseudo else ())]
    if chosen is not None and chosen not in codes:
        codes.append(chosen)
    return [(code, language.name(code)) for code in codes]
