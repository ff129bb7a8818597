"""What a note may be, and whom its @names mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.shared.errors import InvalidInput
from app.threads.contract import Known

# A page of text; what is longer is a document.
LONGEST = 4000
MOST_PHOTOS = 4
# An address (ada@example.org) names nobody: before a name stands no letter.
AT = re.compile(r"(?<![\w@.])@(?=\w)")
WORD = re.compile(r"\w+(?:['\N{RIGHT SINGLE QUOTATION MARK}-]\w+)*")


@dataclass(frozen=True, slots=True)
class Mentions:
    """Whom a text names, and the words after an @ that fit nobody, or more than one."""

    people: tuple[Known, ...] = ()
    unknown: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a note's text; somebody's name, or not."""

    words: str
    is_name: bool = False


def clean(body: str) -> str:
    """Return a note's text as it is kept: line breaks as they are, nothing that cannot be seen."""
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = ["".join(c for c in line if c.isprintable() or c == "\t").rstrip() for line in lines]
    return "\n".join(kept).strip("\n")


def require_note(body: str, photos: int) -> None:
    """Refuse a note that says nothing, or too much."""
    if not body.strip() and not photos:
        raise InvalidInput("Nothing was written.", body="Write something, or add a photo.")
    if len(body) > LONGEST:
        told = f"Use at most {LONGEST:,} characters; these are {len(body):,}."
        raise InvalidInput("Nothing was written.", body=told)


def require_few_photos(photos: int) -> None:
    """Refuse more photos than a note holds."""
    if photos > MOST_PHOTOS:
        told = f"Add at most {MOST_PHOTOS} photos to a note; these are {photos}."
        raise InvalidInput("Nothing was written.", photos=told)


def mentions(body: str, people: Sequence[Known]) -> Mentions:
    """Return whom a text names: by the full name, or by a first name that only one person has."""
    found: dict[UUID, Known] = {}
    unknown, ambiguous = dict[str, None](), dict[str, None]()
    for at in AT.finditer(body):
        word, meant = _meant(body[at.end() :], people)
        if len(meant) == 1:
            found[meant[0].id] = meant[0]
        else:
            (ambiguous if meant else unknown)[f"@{word}"] = None
    return Mentions(tuple(found.values()), tuple(unknown), tuple(ambiguous))


def _meant(after: str, people: Sequence[Known]) -> tuple[str, list[Known]]:
    """Return the words after an @ that were looked at, and all whom they fit."""
    begins = [person for person in people if _begins_with(after, person.name)]
    if begins:
        longest = max(len(person.name) for person in begins)
        return after[:longest], [p for p in begins if len(p.name) == longest]
    first = WORD.match(after)
    word = first[0] if first else after[:1]
    return word, [p for p in people if p.name.split()[0].casefold() == word.casefold()]


def _begins_with(text: str, name: str) -> bool:
    """Return whether a text begins with a name that ends there."""
    after = text[len(name) : len(name) + 1]
    return text[: len(name)].casefold() == name.casefold() and not (after.isalnum() or after == "_")


def pieces(body: str, names: Iterable[str]) -> list[Piece]:
    """Return a text in pieces, those who are told by it apart."""
    called = {name for full in names for name in (full, full.split()[0])}
    if not called:
        return [Piece(body)]
    options = "|".join(re.escape(name) for name in sorted(called, key=len, reverse=True))
    split = re.split(rf"((?<![\w@.])@(?:{options})(?!\w))", body, flags=re.IGNORECASE)
    return [Piece(words, i % 2 == 1) for i, words in enumerate(split) if words]
