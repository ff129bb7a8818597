"""Catalogs: which texts there are to say, gathered from the code, and which of them are said.

A catalog is written as translators' tools read it, in one order and without line numbers: a change
of it is a change of words.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

from app.shared.language import FOLDER, MAILS, PAGES

APP = FOLDER.parent
# What a text is marked with, and which of its words are texts; "c" is the context of another.
KEYWORDS: dict[str, Any] = {
    "_": None,
    "_n": (1, 2),
    "_p": ((1, "c"), 2),
    "later": None,
    "rich": None,
}
# The only file whose texts customers and account holders are mailed.
OF_MAILS = "notifications/texts.py"
HEADER = """\
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""
ITS_LANGUAGE = """\
"Language: {code}\\n"
"Plural-Forms: {plurals}\\n"
"""
Found = tuple[int, str, tuple[str | None, ...], list[str]]


@dataclass(frozen=True, slots=True)
class Gathered:
    """A catalog that was written: how many texts it has, and how many of them it does not say."""

    code: str
    domain: str
    texts: int
    missing: int


def gather() -> Iterator[Gathered]:
    """Write the templates and every catalog there is anew; what is said in them stays."""
    for domain, template in templates().items():
        _write(FOLDER / f"{domain}.pot", template, HEADER)
        for path in paths(domain):
            code = path.parts[-3]
            catalog = _renewed(template, read(path))
            plurals = catalog.plural_forms
            _write(path, catalog, HEADER + ITS_LANGUAGE.format(code=code, plurals=plurals))
            yield Gathered(code, domain, len(catalog), len(missing(catalog)))


def paths(domain: str) -> list[Path]:
    """Return the catalogs of a domain."""
    return sorted(FOLDER.glob(f"*/LC_MESSAGES/{domain}.po"))


def read(path: Path) -> Catalog:
    """Return a catalog as it is kept."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3].replace("-", "_"))


def templates() -> dict[str, Catalog]:
    """Return every text there is by its domain."""
    found = {PAGES: Catalog(), MAILS: Catalog()}
    methods: list[tuple[str, Any]] = [("**.py", _of_python), ("templates/**.html", _of_template)]
    for name, _, text, _, context in extract_from_dir(APP, methods, keywords=KEYWORDS):
        domain = MAILS if name == OF_MAILS else PAGES
        found[domain].add(text, context=context)
    return found


def missing(catalog: Catalog) -> list[str]:
    """Return the texts that a catalog does not say, or only guesses at."""
    return [first(m) for m in catalog if m.id and (m.fuzzy or not all(strings(m)))]


def first(message: Message) -> str:
    """Return a text, of one where there is one of many."""
    return str(message.id[0] if isinstance(message.id, list | tuple) else message.id)


def strings(message: Message) -> tuple[str, ...]:
    """Return what is said of a text, in all its forms."""
    said = message.string
    return tuple(said) if isinstance(said, list | tuple) else (str(said or ""),)


def _renewed(template: Catalog, before: Catalog) -> Catalog:
    """Return a template's texts with what was said of them."""
    kept = {(first(m), m.context): m for m in before if m.id}
    found = Catalog(locale=before.locale)
    for message in filter(attrgetter("id"), template):
        old = kept.get((first(message), message.context))
        if old is None or isinstance(old.id, str) != isinstance(message.id, str):
            found.add(message.id, context=message.context)
        else:
            guessed = old.flags & {"fuzzy"}
            found.add(message.id, old.string, flags=guessed, context=message.context)
    return found


def _write(path: Path, catalog: Catalog, header: str) -> None:
    with path.open("wb") as file:
        file.write(header.encode() + b"\n")
        write_po(file, catalog, width=100, no_location=True, omit_header=True, sort_output=True)


def _of_python(
    file: IO[bytes], keywords: Collection[str], _comments: object, **_: object
) -> Iterator[Found]:
    """Find the texts of a module, whatever they stand in: Babel's own eye misses nested ones."""
    for call in ast.walk(ast.parse(file.read())):
        if isinstance(call, ast.Call):
            name = getattr(call.func, "id", None) or getattr(call.func, "attr", None)
            said = [a.value if isinstance(a, ast.Constant) else None for a in call.args]
            if name in keywords and said:
                yield call.lineno, str(name), _texts(said), []


def _of_template(
    file: IO[bytes], keywords: Collection[str], _comments: object, **_: object
) -> Iterator[Found]:
    """Find the texts of a template; Jinja's own eye misses what is called by `draw.rich`."""
    for call in Environment().parse(file.read().decode()).find_all(nodes.Call):  # noqa: S701 - it is only read
        name = getattr(call.node, "attr", None) or getattr(call.node, "name", None)
        said = [a.value if isinstance(a, nodes.Const) else None for a in call.args]
        if name in keywords and said:
            yield call.lineno, str(name), _texts(said), []


def _texts(said: list[Any]) -> tuple[str | None, ...]:
    return tuple(text if isinstance(text, str) else None for text in said)
