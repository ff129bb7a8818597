"""Languages: in which one a text is said.

A text is written in English where it is used, and is its own key in the catalogs of
`app/translations/<code>/LC_MESSAGES/`; what a catalog lacks is said in English. `messages` holds
what pages say, `mails` what customers are sent. Names in braces are facts: the same in every
language, in whatever order it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

FOLDER = Path(__file__).parents[1] / "translations"
ENGLISH = "en"
# CLDR's pseudo-locales: a text that reads as plain English in them was never asked for.
ACCENTED, MIRRORED = "en-XA", "ar-XB"
PSEUDO = {ACCENTED: "Ȧȧƈƈḗḗƞŧḗḗḓ", MIRRORED: "Mirrored"}
PAGES, MAILS = "messages", "mails"

_language: ContextVar[str] = ContextVar("language", default=ENGLISH)
_catalog: ContextVar[NullTranslations | None] = ContextVar("catalog", default=None)


def _(text: str, /, **facts: Any) -> str:
    """Return a text in the language that is spoken, its facts filled in."""
    catalog = _catalog.get()
    # The empty text is a catalog's own header.
    said = text if catalog is None or not text else catalog.gettext(text)
    return said.format(**facts) if facts else said


def _n(one: str, many: str, n: int, /, **facts: Any) -> str:
    """Return a text of one or of many; its `{n}` is the number as the language writes it."""
    catalog = _catalog.get()
    english = one if n == 1 else many
    said = english if catalog is None else catalog.ngettext(one, many, n)
    return said.format(n=number(n), **facts)


def _p(context: str, text: str, /, **facts: Any) -> str:
    """Return a text whose English means several things; `context` says which one is meant."""
    catalog = _catalog.get()
    said = text if catalog is None else catalog.pgettext(context, text)
    return said.format(**facts) if facts else said


def later(text: str) -> str:
    """Mark a text of a table for the catalogs; whoever shows it says it with `_`."""
    return text


def inside(said: str) -> str:
    """Return a text as it stands inside a sentence: English writes it small, German keeps nouns."""
    return said.lower() if _catalog.get() is None else said


def opening(said: str) -> str:
    """Return a text as it stands at the beginning of a sentence."""
    return said[:1].upper() + said[1:]


def number(n: int) -> str:
    """Return a whole number with its thousands marked."""
    said = f"{n:,}"
    if _catalog.get() is None:
        return said
    return said.replace(",", locale().number_symbols["latn"]["group"])


def current() -> str:
    """Return the code of the language that is spoken."""
    return _language.get()


def locale() -> Locale:
    """Return how the spoken language writes days, numbers and amounts."""
    return _locale(_language.get())


@cache
def _locale(code: str) -> Locale:
    return Locale.parse(ENGLISH if code in PSEUDO else code, sep="-")


def direction(code: str) -> str:
    """Return where a language's lines begin, "ltr" or "rtl"."""
    return "rtl" if code == MIRRORED else _locale(code).text_direction


def name(code: str) -> str:
    """Return what a language calls itself, "Deutsch"."""
    return PSEUDO.get(code) or (_locale(code).get_display_name() or code).capitalize()


@cache
def available(domain: str = PAGES) -> tuple[str, ...]:
    """Return the codes of the languages there is a catalog of; English needs none."""
    found = {path.parts[-3] for path in FOLDER.glob(f"*/LC_MESSAGES/{domain}.po")}
    return tuple(sorted(found | {ENGLISH}))


def nearest(wanted: str | None, domain: str = PAGES, otherwise: str = ENGLISH) -> str:
    """Return the language nearest to a wanted code (BCP 47, "pt-BR"); where none is, another."""
    try:
        code = Locale.parse((wanted or "").replace("_", "-"), sep="-").language
    except (ValueError, UnknownLocaleError):
        return otherwise
    return code if code in available(domain) else otherwise


def use(code: str, domain: str = PAGES) -> None:
    """Speak a language from here on: for the rest of a request."""
    found = None if code == ENGLISH else _read(code, domain)
    _language.set(code)
    _catalog.set(found)


@contextmanager
def spoken(code: str, domain: str = PAGES) -> Iterator[None]:
    """Speak a language inside."""
    before = _language.get(), _catalog.get()
    use(code, domain)
    try:
        yield
    finally:
        _language.set(before[0])
        _catalog.set(before[1])


@cache
def _read(code: str, domain: str) -> NullTranslations:
    if code in PSEUDO:
        return _Pseudo()
    path = FOLDER / code / "LC_MESSAGES" / f"{domain}.po"
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=code))
    compiled.seek(0)
    return Translations(compiled)


class _Pseudo(NullTranslations):
    """Says every text with accents and in brackets; facts stay what they are."""

    ACCENTS = str.maketrans("aceinosuyACEINOSUY", "áçéíñöšûýÁÇÉÍÑÖŠÛÝ")

    def gettext(self, message: str) -> str:
        """Return a text as nobody writes it; one that was said already stays as it is."""
        if message.startswith("⟦"):
            return message
        parts = [part.partition("}") for part in f"}}{message}".split("{")]
        said = "{".join(f"{fact}{end}{text.translate(self.ACCENTS)}" for fact, end, text in parts)
        return f"⟦{said[1:]}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return a text of one or of many."""
        return self.gettext(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:  # noqa: ARG002 - gettext's own shape
        """Return a text, whatever it means."""
        return self.gettext(message)
