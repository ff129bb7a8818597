"""Writing a note: once, with its photos, and telling whom it concerns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from app.extensions import db
from app.notices.contract import Notice
from app.notices.service import tell
from app.shared import bulk, ids, live
from app.shared.work import PLATFORM, acting_as
from app.threads import rules
from app.threads.contract import Draft, Known, Thread, Visibility, Written
from app.threads.models import Note, Photo
from app.timeline.service import Happened, record


def write(
    draft: Draft, thread: Thread, author: Known, people: Sequence[Known], now: datetime
) -> Written:
    """Write a note in the author's own scope; the same form again changes nothing.

    `people` are those who can be named at all; a note names nobody who may not see it.
    """
    body = rules.clean(draft.body)
    rules.require_note(body, len(draft.photos))
    rules.require_few_photos(len(draft.photos))
    found = rules.mentions(body, [p for p in people if _may_see(p, draft)])
    told = [person for person in found.people if person.id != author.id]
    mentions = [person.id for person in told]
    key = _insert(_row(draft, thread, author) | {"body": body, "mentions": mentions, "at": now})
    if key is not None:
        _insert_photos(key, draft)
        _note_in_timeline(draft, thread, author, now)
        tell([*_mentioned(key, draft, thread, author, told), *_heard(key, draft, thread, author)])
        _say_changed(draft)
    return Written(tuple(person.name for person in told), found.unknown, found.ambiguous)


def _may_see(person: Known, draft: Draft) -> bool:
    """Return whether a note is shown to somebody: to ops always, to a vendor's people their own."""
    return person.vendor_id is None or person.vendor_id == draft.vendor_id


def _row(draft: Draft, thread: Thread, author: Known) -> dict[str, Any]:
    return {
        "id": ids.new(),
        "order_id": thread.order_id,
        "visibility": draft.visibility,
        "vendor_id": draft.vendor_id,
        "author_id": author.id,
        "author": author.name,
        "author_role": author.role,
        "once": draft.once,
    }


def _insert(row: dict[str, Any]) -> UUID | None:
    """Return the key of the new note; nothing where its form has written one already."""
    once = insert(Note).values(row).on_conflict_do_nothing(index_elements=["once"])
    key: UUID | None = db.session.scalar(once.returning(Note.id))
    return key


def _insert_photos(key: UUID, draft: Draft) -> None:
    bulk.insert(
        Photo,
        [
            {
                "id": ids.new(),
                "note_id": key,
                "vendor_id": draft.vendor_id,
                "name": photo.name,
                "media_type": photo.media_type,
                "width": photo.width,
                "height": photo.height,
                "content": photo.content,
            }
            for photo in draft.photos
        ],
    )


def _note_in_timeline(draft: Draft, thread: Thread, author: Known, now: datetime) -> None:
    if thread.order_id is None or thread.cohort is None:
        return
    facts = {"visibility": draft.visibility, "photos": len(draft.photos)}
    entry = Happened(thread.order_id, thread.cohort, "note_added", author.name, None, facts)
    # A vendor may write a note, and neither read nor write the order's story.
    with acting_as(PLATFORM):
        record([entry], now)


def _mentioned(
    key: UUID, draft: Draft, thread: Thread, author: Known, told: Sequence[Known]
) -> Iterator[Notice]:
    for person in told:
        yield Notice(
            audience=f"person:{person.id}",
            kind=_kind("mention", thread, person.vendor_id),
            subject=_subject(draft, thread, person.vendor_id),
            once=f"mention {key} {person.id}",
            facts=_facts(thread, author),
            vendor_id=person.vendor_id,
        )


def _heard(key: UUID, draft: Draft, thread: Thread, author: Known) -> Iterator[Notice]:
    """Tell the other side of a note between ops and a vendor."""
    if draft.visibility is not Visibility.VENDOR:
        return
    to_vendor = None if author.vendor_id else draft.vendor_id
    yield Notice(
        audience=f"vendor:{to_vendor}" if to_vendor else "ops",
        kind=_kind("note", thread, to_vendor),
        subject=_subject(draft, thread, to_vendor),
        once=f"note {key}",
        facts=_facts(thread, author),
        vendor_id=to_vendor,
    )


def _kind(kind: str, thread: Thread, vendor_id: UUID | None) -> str:
    """Return what a notice is: without an order, a vendor's question, or its answer."""
    if thread.order_id is not None:
        return kind
    return "answer" if vendor_id else "question"


def _facts(thread: Thread, author: Known) -> dict[str, Any]:
    about = "number" if thread.order_id else "vendor"
    return {"by": author.name, about: thread.number}


def _subject(draft: Draft, thread: Thread, vendor_id: UUID | None) -> str:
    """Return the order by the name that ops, or the vendor, knows it by."""
    return draft.work or thread.reference if vendor_id else thread.reference


def _say_changed(draft: Draft) -> None:
    live.changed("notes")
    if draft.vendor_id:
        live.changed("notes", draft.vendor_id)
