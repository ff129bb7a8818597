"""A thread of notes with its form, as both faces show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any
from uuid import UUID

from flask import flash, url_for
from sqlalchemy import Row

from app.accounts.contract import VENDOR_ROLES
from app.accounts.words import role as role_word
from app.shared.errors import InvalidInput
from app.shared.language import _, _n, later
from app.threads import rules
from app.threads.contract import Known, Visibility, Written
from app.threads.forms import Sent
from app.threads.queries import Notes

# So many names that reach nobody are told, and so much of each.
MOST_TOLD, LONGEST_TOLD = 5, 60
# Who sees a note, always in full words: icon, words and tone.
SEEN_BY = {
    Visibility.INTERNAL: ("lock", later("Internal"), "mute"),
    Visibility.VENDOR: ("shop", later("The vendor sees this"), "info"),
    Visibility.CUSTOMER: ("person", later("The customer sees this"), "accent"),
}
NOBODY = later("Nobody who sees this note is called {names}. It stands as text.")


@dataclass(frozen=True, slots=True)
class Choice:
    """Who sees a note that is about to be written; `vendor_id` also says who can be named."""

    value: str
    visibility: Visibility
    hint: str
    vendor_id: UUID | None = None
    # by which the vendor knows the order
    work: str | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Face:
    """What differs between the faces: where a form goes, where photos are, and the choices."""

    action: str
    photo: str
    choices: Sequence[Choice]
    people: Sequence[Known]
    may_write: bool
    all_url: str


def chosen(choices: Sequence[Choice], sees: str) -> Choice:
    """Return the choice that was sent; one that the form did not offer is refused."""
    for choice in choices:
        if choice.value == sees:
            return choice
    raise InvalidInput(_("Nothing was written."), sees=_("Choose who sees this note."))


def say(written: Written, nobody: str = NOBODY) -> None:
    """Tell whoever wrote a note whom it reaches by name, and which names reach nobody."""
    told, number = written.told, len(written.told)
    if told:
        names = _all(told)
        flash(
            _n("Written. {names} is told.", "Written. {names} are told.", number, names=names),
            "good",
        )
    else:
        flash(_("Written."), "good")
    if written.unknown:
        flash(_(nobody, names=_or(written.unknown)))
    if written.ambiguous:
        names = _or(written.ambiguous)
        flash(_("{names} fits several people. With the full name, one is told.", names=names))


def _all(names: Sequence[str]) -> str:
    more = len(names) - MOST_TOLD
    told = [*names[:MOST_TOLD], *([_("{n} more", n=more)] if more > 0 else [])]
    return reduce(lambda some, last: _("{some} and {last}", some=some, last=last), told)


def _or(names: Sequence[str]) -> str:
    # A cookie carries it to the next page, and browsers drop one that is too long.
    short = [name[:LONGEST_TOLD] for name in names[:MOST_TOLD]]
    return reduce(lambda some, last: _("{some} or {last}", some=some, last=last), short)


def shown(
    notes: Notes, face: Face, sent: Sent | None = None, refusal: InvalidInput | None = None
) -> dict[str, Any]:
    """Return a thread; `sent` and `refusal` are those of a form that was not taken."""
    form = sent or Sent(sees=face.choices[0].value)
    names = {person.id: person.name for person in face.people}
    return {
        "notes": [_note(row, notes.photos[row.id], names, face) for row in notes.rows],
        "more": notes.more,
        "all_url": face.all_url,
        "action": face.action if face.may_write else None,
        "once": form.once,
        "body": form.body,
        "longest": rules.LONGEST,
        "most_photos": rules.MOST_PHOTOS,
        "choices": [_choice(choice, form.sees) for choice in face.choices],
        "people": list(_suggested(face)),
        "errors": refusal.fields if refusal else {},
        "problem": refusal.detail if refusal and not refusal.fields else None,
    }


def by_sides(thread: dict[str, Any], vendor: str) -> dict[str, Any]:
    """Return a thread without an order: each note is its side's, that of ops or of the vendor."""
    ops = {"icon": "headset", "words": _("Ops"), "tone": "accent", "vendor": None}
    theirs = {"icon": "shop", "words": vendor, "tone": "mute", "vendor": None}
    notes = [note | (ops if note["is_ops"] else theirs) for note in thread["notes"]]
    return thread | {"notes": notes}


def _note(
    row: Row[Any], photos: Sequence[Row[Any]], names: Mapping[UUID, str], face: Face
) -> dict[str, Any]:
    icon, words, tone = SEEN_BY[Visibility(row.visibility)]
    told = [names[key] for key in row.mentions if key in names]
    return {
        "id": row.id,
        "icon": icon,
        "words": _portal_words(face) or _(words),
        "tone": tone,
        "vendor": row.vendor if not _portal_words(face) else None,
        "pieces": rules.pieces(row.body, told),
        "is_ops": row.author_role not in VENDOR_ROLES,
        "author": row.author,
        "role": _("ops") if row.author_role not in VENDOR_ROLES else row.vendor,
        "at": row.at,
        "photos": [_photo(photo, row.author, face) for photo in photos],
    }


def _portal_words(face: Face) -> str | None:
    """Return how a face that knows one kind of note calls it."""
    return face.choices[0].words if len(face.choices) == 1 else None


def photos_shown(
    photos: Sequence[Mapping[str, Any]], endpoint: str = "portal.photo"
) -> list[dict[str, Any]]:
    """Return the photos of a packed parcel as a page shows them."""
    return [
        {
            "href": url_for(endpoint, photo_id=photo["id"]),
            "alt": _("Photo {n} of {package}", n=n, package=photo["package"]),
            "width": photo["width"],
            "height": photo["height"],
        }
        for n, photo in enumerate(photos, 1)
    ]


def _photo(photo: Row[Any], author: str, face: Face) -> dict[str, Any]:
    return {
        "href": url_for(face.photo, photo_id=photo.id),
        "alt": _("{name}, photo with the note of {author}", name=photo.name, author=author),
        "width": photo.width,
        "height": photo.height,
    }


def _choice(choice: Choice, sees: str) -> dict[str, Any]:
    icon, words, tone = SEEN_BY[choice.visibility]
    return {
        "value": choice.value,
        "icon": icon,
        "words": choice.words or _(words),
        "tone": tone,
        "hint": choice.hint,
        "vendor": str(choice.vendor_id or ""),
        "checked": choice.value == sees,
    }


def _suggested(face: Face) -> Iterator[dict[str, str]]:
    for person in face.people:
        yield {
            "name": person.name,
            "role": role_word(person.role),
            "vendor": str(person.vendor_id or ""),
        }
