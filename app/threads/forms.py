"""The form of a note, as both faces read it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import Request, Response, send_file
from sqlalchemy import Row
from werkzeug.datastructures import FileStorage

from app.shared import ids
from app.threads import photos, rules
from app.threads.contract import Drawn

# Each photo, and what a form says besides: a door lets no more through than this.
MOST_BYTES = (rules.MOST_PHOTOS * photos.MOST_BYTES) + photos.MIB


@dataclass(frozen=True, slots=True)
class Sent:
    """A note's form as it was sent; `sees` is the choice of who sees it."""

    body: str = ""
    sees: str = ""
    once: UUID = field(default_factory=ids.new)


def read(request: Request) -> Sent:
    """Return what a form says besides its photos."""
    return Sent(
        request.form.get("body", ""), request.form.get("sees", ""), _once(request.form.get("once"))
    )


def _once(value: str | None) -> UUID:
    """Return which form this is; one that does not say is a form of its own."""
    try:
        return UUID(value or "")
    except ValueError:
        return ids.new()


def read_photos(request: Request, name: str = "photos") -> list[Drawn]:
    """Return a form's photos, drawn anew; one that cannot be is refused by its name."""
    files = [file for file in request.files.getlist(name) if file.filename]
    rules.require_few_photos(len(files))
    return [photos.draw(file.filename or "", _content(file)) for file in files]


def _content(file: FileStorage) -> bytes:
    # One byte more than is taken tells that there is too much.
    return file.stream.read(photos.MOST_BYTES + 1)


def answer(photo: Row[Any]) -> Response:
    """Return a photo as a file that can do nothing but be looked at, and is kept by nobody."""
    response = send_file(
        io.BytesIO(photo.content), mimetype=photo.media_type, download_name=photo.name, etag=False
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
